package cache_test

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/statuslist"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// What is held stays held over a restart also when most of it came back, so that
// the rest alone would be no sudden removal.
func TestRestoreHeldRest(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	crowd := k.crowd("DE", 10)
	all := append(k.Authorities(), crowd...)
	k.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: all}, k.Now)
	k.admitList("pid", verifytest.ListOptions{Sequence: 3, Authorities: all, Without: append(ids(crowd), "de")}, k.Now)
	k.admitList("pid", verifytest.ListOptions{Sequence: 4, Authorities: all, Without: []string{"de"}}, k.Now)
	k.wantNoStatus("sdjwt-pid-de", k.Now, "indeterminate", "anchor_change_held")
	k.restart(k.Now.Add(time.Minute))
	k.wantNoStatus("sdjwt-pid-de", k.Now.Add(hold-time.Second), "indeterminate", "anchor_change_held")
	k.wantNoStatus("sdjwt-pid-de", k.Now.Add(hold), "invalid", "anchor_withdrawn")
}

// A hold that was begun under a clock that was ahead does not last until that
// clock would have been right.
func TestRestoreHeldAhead(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	crowd := k.crowd("DE", 10)
	all := append(k.Authorities(), crowd...)
	k.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: all}, k.Now)
	k.admitList("pid", verifytest.ListOptions{Sequence: 3, Authorities: all, Without: append(ids(crowd), "de")}, k.Now.Add(30*day))
	k.restart(k.Now)
	k.wantNoStatus("sdjwt-pid-de", k.Now.Add(hold-time.Second), "indeterminate", "anchor_change_held")
	k.wantNoStatus("sdjwt-pid-de", k.Now.Add(hold), "invalid", "anchor_withdrawn")
}

// A hold that follows one which has just passed brings back what it held alone.
func TestRestoreHeldSecond(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	de, fr := k.crowd("DE", 10), k.crowd("FR", 10)
	all := slices.Concat(k.Authorities(), de, fr)
	first := append(ids(de), "de")
	second := append(first, append(ids(fr), "fr")...)
	at := k.Now.Add(hold)
	k.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: all}, k.Now)
	k.admitList("pid", verifytest.ListOptions{Sequence: 3, Authorities: all, Without: first}, k.Now)
	k.admitList("pid", verifytest.ListOptions{Sequence: 4, Authorities: all, Without: second}, at)
	k.restart(at)
	k.wantNoStatus("sdjwt-pid-de", at, "invalid", "anchor_not_found")
	k.wantNoStatus("sdjwt-pid-fr", at, "indeterminate", "anchor_change_held")
}

// A version soaks for as long as it has to, also in a node that it brought down.
func TestRestoreSoak(t *testing.T) {
	const soak = 30 * time.Second
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Soak = soak })
	k.admitList("pid", verifytest.ListOptions{}, k.Now)
	k.restart(k.Now.Add(time.Second))
	for at, want := range map[time.Time]int{k.Now.Add(soak - time.Second): 0, k.Now.Add(soak): 1} {
		if got := len(k.store.Share(at)); got != want {
			t.Errorf("%v after the admission: %d lists may be announced, want %d", at.Sub(k.Now), got, want)
		}
	}
	// Nor for longer, if it was admitted under a clock that was ahead.
	k.admitList("pid", verifytest.ListOptions{Sequence: 2}, k.Now.Add(30*day))
	k.restart(k.Now)
	if got := len(k.store.Share(k.Now.Add(soak))); got != 1 {
		t.Errorf("%d lists may be announced", got)
	}
}

// The token of a status list whose record was lost is dropped, and says nothing of
// who may sign the list.
func TestRestoreStatusOrphan(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	e := k.germanEntry()
	e.admit(verifytest.StatusGood, k.Now, verifytest.TokenOptions{})
	k.fs = k.fs.Restart()
	k.forgetRecord(cache.OnlyForTestVersionKey(artefact.ID{Kind: artefact.Status, Name: e.uri}, digestOf(k.store, e.uri)))
	k.start(k.Now)
	if slot := k.store.View().Status(statuslist.StatusList, e.uri); len(slot.Tokens) > 0 || slot.Refused != "" {
		t.Errorf("%d tokens, refused %q", len(slot.Tokens), slot.Refused)
	}
}

func digestOf(s *cache.Store, uri string) string {
	return artefact.Digest(s.View().Status(statuslist.StatusList, uri).Tokens[0].SHA256).String()
}

// forgetRecord removes the record of a key, and leaves the body.
func (k *kept) forgetRecord(key string) {
	k.t.Helper()
	if err := k.fs.Remove("data/states/" + artefact.Sum([]byte(key)).String()); err != nil {
		k.t.Fatal(err)
	}
}
