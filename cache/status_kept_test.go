package cache_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// The bytes of a token are in memory only until the disk has them, and only where
// there is a disk; nothing is remembered of a token that was replaced.
func TestStatusBytesLetGo(t *testing.T) {
	const versions = 5
	want := func(what string, s *cache.Store, unstored, stored int) {
		t.Helper()
		if u, d := s.OnlyForTestTokens(); u != unstored || d != stored {
			t.Errorf("%s: %d tokens in memory and %d on disk, want %d and %d", what, u, d, unstored, stored)
		}
	}
	follow := func(w *world, from int) {
		t.Helper()
		e := w.germanEntry()
		for i := range versions {
			e.admit(verifytest.StatusGood, w.Now.Add(time.Duration(from+i)*time.Second-time.Minute), verifytest.TokenOptions{})
		}
	}
	w := loaded(t, nil)
	follow(w, 0)
	want("without a disk, of which they are served", w.store, 1, 0)

	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	follow(k.world, 0)
	want("with a disk", k.store, 0, 1)
	k.fs.Fault(disktest.ReadOnly)
	follow(k.world, versions)
	want("with a disk that fails", k.store, 1, 1)
	k.fs.Fault(nil)
	k.store.Tick(k.Now)
	want("with a disk that works again", k.store, 0, 1)
	k.restart(k.Now)
	want("after a restart", k.store, 0, 1)
	follow(k.world, 2*versions)
	want("after a restart, replaced", k.store, 0, 1)
}

// What comes from the disk is not written to it again.
func TestStatusRestoredUnwritten(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	k.loadStatus(k.Now)
	k.fs = k.fs.Restart()
	k.fs.Fault(func(op disktest.Op, name string) error {
		if op == disktest.Write {
			t.Errorf("%s is written", name)
		}
		return nil
	})
	k.start(k.Now)
	k.fs.Fault(nil)
	if k.store.StatusLists(time.Now()).Held == 0 {
		t.Error("nothing was restored")
	}
}

// An identifier list that the configuration names is kept however few were revoked;
// one that a credential alone led to could point at its holder.
func TestShortIdentifierList(t *testing.T) {
	k := keptWorld(t, func(vw *verifytest.World, o *cache.Options) { o.Status = vw.IdentifierURIs("")[:1] })
	k.loadAll(k.Now)
	uris := k.IdentifierURIs("")
	k.store.Discover([]verify.Lacking{{Mechanism: statuslist.IdentifierList, URI: uris[1], Anchor: k.under(k.PID("FR"))}})
	k.store.FollowFound(k.Now)
	tokens, err := k.StatusTokens(k.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i, uri := range uris[:2] {
		kind := artefact.Status // nobody has said yet which it is
		if i == 1 {
			kind = artefact.IdentifierList
		}
		k.must(k.admit(kind, uri, artefact.Origin, tokens[uri].Token, k.Now))
		if n := k.held(statuslist.IdentifierList, uri)[0].Token.Len(); n >= cache.MinStored {
			t.Fatalf("%d identifiers are not few", n)
		}
	}
	k.restart(k.Now)
	if len(k.held(statuslist.IdentifierList, uris[0])) != 1 || len(k.held(statuslist.IdentifierList, uris[1])) != 0 {
		t.Errorf("after a restart: %v and %v", k.held(statuslist.IdentifierList, uris[0]), k.held(statuslist.IdentifierList, uris[1]))
	}
}
