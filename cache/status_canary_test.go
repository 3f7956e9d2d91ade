package cache_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

func lackingIDs(w *world, uri string) []verify.Lacking {
	return []verify.Lacking{{Mechanism: statuslist.IdentifierList, URI: uri, Anchor: w.under(w.MDL())}}
}

// Whatever happens, no URI of a status list stands on disk but inside a signed token,
// small lists are never there, and neither is what was evicted.
func TestCanary(t *testing.T) {
	const canary = "canary.example"
	prefetched := "https://" + canary + "/prefetched"
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.MaxMemory = []string{prefetched}, 8*listBytes
	})
	k.loadAll(k.Now)
	found := func(i int) string { return fmt.Sprintf("https://%s/found/%d", canary, i) }
	bodies := make(map[string]bool) // that may say it
	admit := func(kind artefact.Kind, uri string, b []byte) {
		t.Helper()
		bodies[artefact.Digest(artefact.Sum(b)).String()] = true
		_, _ = k.store.Admit(artefact.Raw{ID: artefact.ID{Kind: kind, Name: uri}, Door: artefact.Origin, Bytes: b, At: k.Now, Note: `"etag"`})
	}
	check := func(what string) {
		t.Helper()
		n := 0
		k.eachFile(func(name, content string) {
			base := name[strings.LastIndexByte(name, '/')+1:]
			said := strings.Contains(name, canary) || strings.Contains(content, canary) || strings.Contains(content, canary64(content))
			if said && !(strings.Contains(name, "/bodies/") && bodies[base]) {
				t.Errorf("%s: %s says it", what, name)
			}
			if strings.Contains(name, "/bodies/") && bodies[base] {
				n++
			}
		})
		if _, stored := k.store.OnlyForTestTokens(); n != stored {
			t.Errorf("%s: %d tokens on disk, %d known", what, n, stored)
		}
	}
	admit(artefact.Status, prefetched, k.token(k.PID("DE").NewStatusList(prefetched, 1, listEntries), verifytest.FormJWT, k.Now, verifytest.TokenOptions{}))
	tiny := "https://" + canary + "/tiny"
	k.find(k.PID("DE"), tiny)
	small := k.token(k.PID("DE").NewStatusList(tiny, 1, 992), verifytest.FormCWT, k.Now, verifytest.TokenOptions{})
	admit(artefact.Status, tiny, small)
	k.use(tiny, k.Now) // so that it stays
	ids := "https://" + canary + "/ids"
	k.store.Discover(lackingIDs(k.world, ids))
	k.store.FollowFound(k.Now)
	admit(artefact.IdentifierList, ids, k.identifiers(longList(k.MDL(), ids), k.Now, verifytest.IdentifierOptions{}))
	check("admitted")
	k.fs.Fault(disktest.ReadOnly)
	for i, a := range []*verifytest.Authority{k.PID("DE"), k.PID("FR"), k.MDL(), k.PID("DE"), k.PID("FR"), k.MDL(), k.PID("DE"), k.PID("FR"), k.MDL(), k.PID("FR")} {
		if i == 3 {
			k.fs.Fault(nil)
		}
		k.store.Tick(k.Now.Add(time.Duration(i) * time.Second))
		k.find(a, found(i))
		form := []string{verifytest.FormJWT, verifytest.FormCWT}[i%2]
		admit(artefact.Status, found(i), k.token(a.NewStatusList(found(i), 1, listEntries), form, k.Now, verifytest.TokenOptions{}))
	}
	if k.store.StatusLists(k.Now).Evicted == 0 {
		t.Error("nothing was evicted")
	}
	check("evicted")
	evicted := 0
	for i := range 10 {
		if k.followed(statusID(found(i))) == "" {
			evicted++
			if got := k.store.StatusToken(found(i)); len(got) > 0 {
				t.Error("an evicted list is served")
			}
		}
	}
	held := k.store.StatusLists(k.Now).Held
	k.restart(k.Now)
	check("restarted")
	if got := k.store.StatusLists(k.Now); got.Held != held-1 || evicted == 0 { // the small one
		t.Errorf("%d lists after a restart, %d before", got.Held, held)
	}
	k.eachFile(func(name, content string) {
		if bytes.Contains([]byte(content), small) {
			t.Errorf("the small list is in %s", name)
		}
	})
	if k.followed(statusID(tiny)) != "" {
		t.Error("the small list is remembered")
	}
	if got := k.store.Note(statusID(prefetched)); got != `"etag"` {
		t.Errorf("note %q", got)
	}
	k.opts.Status = nil
	k.restart(k.Now)
	check("no longer configured")
	if k.followed(statusID(prefetched)) != "" {
		t.Error("what the configuration named is followed")
	}
}

// canary64 is the canary as it stands in base64 at any of the three offsets, found or
// not.
func canary64(content string) string {
	for lead := range 3 {
		b := append(bytes.Repeat([]byte{0}, lead), "canary.example"...)
		s := base64.RawURLEncoding.EncodeToString(b)
		if middle := s[4 : len(s)-4]; strings.Contains(content, middle) {
			return middle
		}
	}
	return "\x00 not there \x00"
}

// A list that leaves while its version is written leaves the disk as well, and so does
// a version that is replaced meanwhile.
func TestLeavesWhileWritten(t *testing.T) {
	k := keptWorld(t, sized(2*listBytes))
	k.loadAll(k.Now)
	const a, b = "https://found.example/a", "https://found.example/b"
	writing, resume := make(chan struct{}, 1), make(chan struct{})
	var once atomic.Bool
	k.find(k.PID("DE"), a)
	k.find(k.PID("FR"), b)
	first := k.token(k.PID("DE").NewStatusList(a, 1, listEntries), verifytest.FormJWT, k.Now, verifytest.TokenOptions{})
	k.fs.Fault(func(op disktest.Op, _ string) error {
		if op == disktest.Write && once.CompareAndSwap(false, true) {
			writing <- struct{}{}
			<-resume
		}
		return nil
	})
	done := make(chan struct{})
	go func() { defer close(done); k.admitStatus(a, first, k.Now) }()
	<-writing
	other := make(chan struct{})
	go func() {
		defer close(other)
		big := k.token(k.PID("FR").NewStatusList(b, 1, listEntries), verifytest.FormJWT, k.Now, verifytest.TokenOptions{})
		_, _ = k.admit(artefact.Status, b, artefact.Origin, big, k.Now)
	}()
	for !k.holds(b) {
		time.Sleep(time.Millisecond)
	}
	k.store.OnlyForTestEvict(statusID(a)) // between the writing and its end
	close(resume)
	<-done
	<-other
	k.fs.Fault(nil)
	k.store.Tick(k.Now)
	k.eachFile(func(name, _ string) {
		if strings.HasSuffix(name, artefact.Digest(artefact.Sum(first)).String()) {
			t.Error("the list that left is on disk")
		}
	})
	k.restart(k.Now)
	if k.followed(statusID(a)) != "" {
		t.Error("the list that left is back")
	}
}
