package cache_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// An operator who confirms a sudden removal ends the hold at once.
func TestAcceptRemoval(t *testing.T) {
	w, all, gone := crowded(t)
	if _, err := w.store.Accept("pid", w.Now); !errors.Is(err, cache.ErrNothing) {
		t.Errorf("nothing to accept: %v", err)
	}
	if _, err := w.store.Accept("nobody", w.Now); !errors.Is(err, cache.ErrUnknownList) {
		t.Errorf("an unknown list: %v", err)
	}
	w.admitList("pid", verifytest.ListOptions{Sequence: 3, Authorities: all, Without: gone}, w.Now)
	v, codes := w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "held", v, codes, verify.Indeterminate, reason.AnchorChangeHeld)
	w.events = nil
	done, err := w.store.Accept("pid", w.Now)
	if err != nil || done == "" {
		t.Fatalf("%q %v", done, err)
	}
	v, codes = w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "accepted", v, codes, verify.Invalid, reason.AnchorWithdrawn)
	if n := count(w.events, cache.ListAccepted); n != 1 {
		t.Errorf("%d events", n)
	}
	if got := w.info("pid", w.Now); got.State != verify.Fresh || !got.HeldUntil.IsZero() {
		t.Errorf("%+v", got)
	}
	if _, err := w.store.Accept("pid", w.Now); !errors.Is(err, cache.ErrNothing) {
		t.Errorf("accepted twice: %v", err)
	}
}

// A jump that an operator vouches for is taken, if the version is good in all other
// respects at that time.
func TestAcceptJump(t *testing.T) {
	w := loaded(t, nil)
	jump := verifytest.ListOptions{Sequence: 2 + cache.MaxJump, NextUpdate: w.Now.Add(day)}
	w.refuseList("pid", jump, w.Now, reason.TrustListSequenceJump)
	if got := w.info("pid", w.Now); got.State != cache.Quarantined || got.Waiting == nil || got.Waiting.Version != jump.Sequence {
		t.Errorf("%+v", got)
	}
	if _, err := w.store.Accept("pid", w.Now.Add(day)); reason.CodeOf(err) != reason.TrustListExpired {
		t.Errorf("an expired version accepted: %v", err)
	}
	if _, err := w.store.Accept("pid", w.Now); err != nil {
		t.Fatal(err)
	}
	if got := w.info("pid", w.Now); got.State != verify.Fresh || got.Ref.Version != jump.Sequence || got.Waiting != nil {
		t.Errorf("%+v", got)
	}
	w.refuseList("pid", verifytest.ListOptions{Sequence: 2}, w.Now, reason.TrustListRollback)
}

// Of several jumps the highest waits for the operator, in whatever order they come and
// whoever brings them.
func TestHighestJumpWaits(t *testing.T) {
	w := loaded(t, nil)
	const first = 2 + cache.MaxJump
	for _, c := range []struct {
		sequence, waits uint64
		door            artefact.Door
	}{{first + 1, first + 1, artefact.Origin}, {first, first + 1, artefact.Peer}, {first + 2, first + 2, artefact.Peer}, {first, first + 2, artefact.Origin}} {
		w.refuse(artefact.LoTE, "pid", c.door, w.list("pid", verifytest.ListOptions{Sequence: c.sequence}), w.Now, reason.TrustListSequenceJump)
		if got := w.info("pid", w.Now); got.Waiting == nil || got.Waiting.Version != c.waits {
			t.Errorf("after %d by %s: %+v waits", c.sequence, c.door, got.Waiting)
		}
	}
}

// A fast-forward blocks honest versions until an operator has the history
// forgotten; what is in force stays in force, also over a restart.
func TestReset(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	k.admitList("pid", verifytest.ListOptions{Sequence: 9000}, k.Now)
	k.refuseList("pid", verifytest.ListOptions{Sequence: 2}, k.Now, reason.TrustListRollback)
	if _, err := k.store.Reset("nobody"); !errors.Is(err, cache.ErrUnknownList) {
		t.Errorf("an unknown list: %v", err)
	}
	k.events = nil
	if _, err := k.store.Reset("pid"); err != nil {
		t.Fatal(err)
	}
	if n := count(k.events, cache.ListReset); n != 1 {
		t.Errorf("%d events", n)
	}
	if done, err := k.store.Reset("eaa"); err != nil || strings.Contains(done, "sequence") {
		t.Errorf("a bundle, which has no sequence number: %q %v", done, err)
	}
	k.wantNoStatus("sdjwt-pid-de", k.Now, "valid")
	k.refuse(artefact.LoTE, "pid", artefact.Origin, k.list("pid", verifytest.ListOptions{Sequence: 2, Signer: k.PID("DE").Signer}), k.Now, reason.TrustListSignerUnknown)
	k.admitList("pid", verifytest.ListOptions{Sequence: 2}, k.Now)
	k.refuseList("pid", verifytest.ListOptions{Sequence: 1}, k.Now, reason.TrustListRollback)
	k.restart(k.Now)
	if got := k.info("pid", k.Now).Ref.Version; got != 2 {
		t.Errorf("sequence %d after a restart", got)
	}
}

// Both digests of an equivocation are kept as evidence, over restarts, until an
// operator has it forgotten.
func TestConflictKept(t *testing.T) {
	k := keptWorld(t, nil)
	k.admitList("pid", verifytest.ListOptions{}, k.Now)
	kept := k.info("pid", k.Now).Ref.Digest
	other := k.list("pid", verifytest.ListOptions{Without: []string{"DE"}})
	k.refuse(artefact.LoTE, "pid", artefact.Peer, other, k.Now, reason.TrustListConflict)
	k.restart(k.Now)
	if c := k.info("pid", k.Now).Conflict; c == nil || c.Kept != kept || c.Refused != artefact.Sum(other) || c.Sequence != 1 {
		t.Errorf("evidence %+v", c)
	}
	if _, err := k.store.Reset("pid"); err != nil {
		t.Fatal(err)
	}
	if c := k.info("pid", k.Now).Conflict; c != nil {
		t.Errorf("after the reset %+v", c)
	}
}

// A new version is announced only after it has soaked here; a re-signature of the
// same content does not soak anew.
func TestSoak(t *testing.T) {
	const soak = 30 * time.Second
	w := realWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Soak = soak })
	w.loadAll(w.Now)
	announced := func(name string, at time.Time) (version uint64, ok bool) {
		refs := w.store.Share(at)
		i := slices.IndexFunc(refs, func(r cache.Shared) bool { return r.ID.Name == name })
		if i < 0 {
			return 0, false
		}
		return refs[i].Version, true
	}
	for after, want := range map[time.Duration]bool{0: false, soak - time.Nanosecond: false, soak: true} {
		for _, name := range []string{"pid", tlName("DE"), vical} {
			if _, ok := announced(name, w.Now.Add(after)); ok != want {
				t.Errorf("%s after %v: announced %v", name, after, ok)
			}
		}
	}
	if _, ok := announced("eaa", w.Now.Add(soak)); ok {
		t.Error("an unsigned bundle is announced")
	}
	at := w.Now.Add(time.Hour)
	if got := w.info("pid", at).SoaksUntil; !got.IsZero() {
		t.Errorf("soaks until %v", got)
	}
	w.admitList("pid", verifytest.ListOptions{Sequence: 2}, at)
	if _, ok := announced("pid", at.Add(soak-time.Second)); ok || w.info("pid", at).SoaksUntil.IsZero() {
		t.Error("a new version does not soak")
	}
	w.admitList("pid", verifytest.ListOptions{Sequence: 2}, at.Add(soak))
	if v, ok := announced("pid", at.Add(soak)); !ok || v != 2 {
		t.Errorf("version %d %v", v, ok)
	}
}

// That a history is forgotten outlives a restart, and the version in force, which
// is offered again, is not the next one.
func TestResetLasts(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	high := k.list("pid", verifytest.ListOptions{Sequence: 9000})
	k.must(k.admit(artefact.LoTE, "pid", artefact.Origin, high, k.Now))
	if _, err := k.store.Reset("pid"); err != nil {
		t.Fatal(err)
	}
	again := func(door artefact.Door) {
		t.Helper()
		k.events = nil
		if out := k.must(k.admit(artefact.LoTE, "pid", door, high, k.Now)); !out.Unchanged || len(k.events) > 0 {
			t.Errorf("from %s: %+v, %+v", door, out, k.events)
		}
	}
	again(artefact.Origin)
	k.restart(k.Now)
	again(artefact.Peer)
	k.restart(k.Now)
	k.wantNoStatus("sdjwt-pid-de", k.Now, "valid")
	k.admitList("pid", verifytest.ListOptions{Sequence: 2}, k.Now)
	k.restart(k.Now)
	k.refuse(artefact.LoTE, "pid", artefact.Origin, k.list("pid", verifytest.ListOptions{}), k.Now, reason.TrustListRollback)
}

// What an operator's act did is told, also if the rest of it came to nothing.
func TestAcceptHalf(t *testing.T) {
	w, all, gone := crowded(t)
	w.admitList("pid", verifytest.ListOptions{Sequence: 3, Authorities: all, Without: gone}, w.Now)
	w.refuseList("pid", verifytest.ListOptions{Sequence: 4 + cache.MaxJump, NextUpdate: w.Now.Add(time.Minute)}, w.Now, reason.TrustListSequenceJump)
	w.events = nil
	if _, err := w.store.Accept("pid", w.Now.Add(time.Minute)); reason.CodeOf(err) != reason.TrustListExpired {
		t.Errorf("an expired version: %v", err)
	}
	if n := count(w.events, cache.ListAccepted); n != 1 {
		t.Errorf("%d events of the removals that were accepted", n)
	}
	v, codes := w.noStatus("sdjwt-pid-de", w.Now.Add(time.Minute))
	wantVerdict(t, "accepted", v, codes, verify.Invalid, reason.AnchorWithdrawn)
}

// Accepting where nothing waits changes nothing, on disk neither: what a wrong clock
// kept from being loaded is still there when the clock is right.
func TestAcceptNothingWritesNothing(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	k.restart(k.Now.AddDate(-1, 0, 0))
	if _, err := k.store.Accept("pid", k.Now.AddDate(-1, 0, 0)); !errors.Is(err, cache.ErrNothing) {
		t.Errorf("%v", err)
	}
	k.restart(k.Now)
	if got := k.info("pid", k.Now); got.List == nil {
		t.Error("the list is gone")
	}
}
