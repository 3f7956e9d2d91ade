package cache_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/statuslist"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Everything at once, on a disk that fails every now and then: what Admit has
// acknowledged is in the next View, events count upwards, and when the disk works
// again all is on it.
func TestStress(t *testing.T) {
	const versions = 25
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	e := k.germanEntry()
	lists, tokens := make(map[string][][]byte), make([][]byte, versions)
	for i := range versions {
		o := verifytest.ListOptions{Sequence: uint64(i) + 2}
		if i%3 == 0 {
			o.Without = []string{"FR"}
		}
		lists["pid"] = append(lists["pid"], k.list("pid", o))
		lists["mdl"] = append(lists["mdl"], k.list("mdl", verifytest.ListOptions{Sequence: o.Sequence}))
		tokens[i] = e.token(verifytest.StatusGood, k.Now.Add(time.Duration(i)*time.Second-time.Minute), verifytest.TokenOptions{})
	}
	k.events = nil
	var wg, watching sync.WaitGroup
	for name, stock := range lists {
		for _, door := range []artefact.Door{artefact.Origin, artefact.Peer} { // in competition
			wg.Go(func() {
				for i, b := range stock {
					if _, err := k.admit(artefact.LoTE, name, door, b, k.Now); err == nil && k.sequence(name) < uint64(i)+2 {
						t.Errorf("%s: version %d is acknowledged and %d in the View", name, i+2, k.sequence(name))
					}
				}
			})
		}
	}
	wg.Go(func() {
		for _, b := range tokens {
			k.admitStatus(e.uri, b, k.Now)
			k.store.Looked(artefact.ID{Kind: artefact.LoTE, Name: "wallet"}, k.Now)
		}
	})
	wg.Go(func() {
		for i := range versions {
			k.fs.Fault([]func(disktest.Op, string) error{nil, disktest.ReadOnly}[i%2])
			k.store.Tick(k.Now)
			_, _ = k.store.Accept("pid", k.Now)
		}
		k.fs.Fault(nil)
	})
	done := make(chan struct{})
	watching.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				for _, i := range k.store.Lists(k.Now) {
					k.store.Artefact(i.Ref.Digest)
					k.store.Anchors(i.Source.Name, k.Now)
				}
				k.store.Share(k.Now)
			}
		}
	})
	wg.Wait()
	close(done)
	watching.Wait()
	k.store.Tick(k.Now)

	told := make(map[string][]uint64)
	for _, ev := range k.events {
		if ev.Type == cache.ListChanged {
			told[ev.List] = append(told[ev.List], ev.Ref.Version)
		}
	}
	for name := range lists {
		if seqs := told[name]; !slices.IsSorted(seqs) || seqs[len(seqs)-1] != versions+1 {
			t.Errorf("%s: told of versions %v", name, seqs)
		}
	}
	if d, _ := k.store.Disk(); d.Err != nil {
		t.Errorf("the disk works, and: %v", d.Err)
	}
	before := k.infos(k.Now)
	k.restart(k.Now)
	for name, is := range k.infos(k.Now) {
		if was := before[name]; is.Ref != was.Ref || !was.Durable && was.Source.Type != artefact.Anchors {
			t.Errorf("%s: version %d after a restart, %d before, durable %v", name, is.Ref.Version, was.Ref.Version, was.Durable)
		}
	}
	if got := len(k.store.View().Status(statuslist.StatusList, e.uri).Tokens); got != 1 {
		t.Errorf("%d tokens after a restart", got)
	}
}

// sequence of a list in the View.
func (w *world) sequence(name string) uint64 {
	for _, l := range w.store.View().Lists() {
		if l.Name == name {
			return l.Sequence
		}
	}
	return 0
}
