package cache_test

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// step is one change of a story: bytes of a list, and the version they make.
type step struct {
	id      artefact.ID
	version uint64
	b       []byte
}

// story is what happens to a node in a day: several lists, more than one version.
func (w *world) story() (steps []step) {
	id := func(kind artefact.Kind, name string) artefact.ID { return artefact.ID{Kind: kind, Name: name} }
	for seq := uint64(1); seq <= 2; seq++ {
		at := w.Now.Add(time.Duration(seq) * time.Second)
		steps = append(steps,
			step{id(artefact.LoTE, "pid"), seq, w.list("pid", verifytest.ListOptions{Sequence: seq})},
			step{id(artefact.LOTL, lotl), seq, w.lotl(verifytest.LOTLOptions{Sequence: seq})},
			step{artefact.NationalID(lotl, "DE"), seq, w.tl("DE", verifytest.TLOptions{Sequence: seq})},
			step{id(artefact.VICAL, vical), seq, w.vical(verifytest.VICALOptions{IssueID: seq, Date: at})},
		)
	}
	return steps
}

// The power is cut at each operation of a story in turn, and the machine comes up
// in several of the states it may then be in. Each time the node serves every
// version whose admission it had acknowledged, or a newer one that it was offered.
func TestCrash(t *testing.T) {
	seeds, stride := 1, 1
	if testing.Short() {
		stride = 9
	}
	if os.Getenv("EDGETRUST_LONG") == "1" {
		seeds = 25
	}
	k := keptWorld(t, nil)
	steps := k.story()
	total, crashes := 0, 0
	for cut := 1; ; cut += stride {
		k.fs = disktest.New()
		k.start(k.Now)
		begun := k.fs.Operations()
		k.fs.CrashAt(begun + cut)
		acknowledged := make(map[string]uint64)
		for _, s := range steps {
			if _, err := k.store.Admit(artefact.Raw{ID: s.id, Door: artefact.Origin, Bytes: s.b, At: k.Now}); err != nil {
				t.Fatalf("cut %d: %s refused: %v", cut, s.id.Name, err) // a broken disk refuses nothing
			}
			if k.info(s.id.Name, k.Now).Durable {
				acknowledged[s.id.Name] = s.version
			}
		}
		down := k.fs
		for seed := range seeds {
			k.fs = down.Reboot(uint64(seed))
			k.start(k.Now)
			crashes++
			for name, want := range acknowledged {
				if got := k.info(name, k.Now); got.List == nil || got.Ref.Version < want || got.Ref.Version > 2 {
					t.Fatalf("cut %d, seed %d: %s has version %d, %d was acknowledged", cut, seed, name, got.Ref.Version, want)
				}
			}
		}
		if total = down.Operations() - begun; cut > total {
			break // the story went through
		}
	}
	t.Logf("%d changes, %d disk operations, %d crashes", len(steps), total, crashes)
}

// Changes that come in together are written together, and none is acknowledged
// before it is durable.
func TestGroupCommit(t *testing.T) {
	k := keptWorld(t, nil)
	syncs := 0
	var mu sync.Mutex
	k.fs.Fault(func(op disktest.Op, _ string) error {
		if op == disktest.SyncDir {
			mu.Lock()
			syncs++
			mu.Unlock()
			time.Sleep(5 * time.Millisecond) // as slow as a real one, so that changes meet
		}
		return nil
	})
	var steps []step
	for _, p := range verifytest.Profiles() {
		steps = append(steps, step{artefact.ID{Kind: artefact.LoTE, Name: p}, 1, k.list(p, verifytest.ListOptions{})})
	}
	for _, s := range k.story()[:4] {
		if s.id.Kind == artefact.LOTL || s.id.Kind == artefact.VICAL {
			steps = append(steps, s)
		}
	}
	var wg sync.WaitGroup
	for _, s := range steps {
		wg.Go(func() {
			_, err := k.store.Admit(artefact.Raw{ID: s.id, Door: artefact.Publish, Bytes: s.b, At: k.Now})
			if err != nil || !k.info(s.id.Name, k.Now).Durable {
				t.Errorf("%s: acknowledged and not durable, or %v", s.id.Name, err)
			}
		})
	}
	wg.Wait()
	mu.Lock()
	together := syncs
	mu.Unlock()
	t.Logf("%d changes, %d directory syncs", len(steps), together)
	if together >= 2*len(steps) { // one at a time, each takes two
		t.Errorf("%d directory syncs for %d changes: nothing was written together", together, len(steps))
	}
	k.fs.Fault(nil)
	k.restart(k.Now)
	for _, s := range steps {
		if got := k.info(s.id.Name, k.Now); got.List == nil {
			t.Errorf("%s is gone after a restart", s.id.Name)
		}
	}
}
