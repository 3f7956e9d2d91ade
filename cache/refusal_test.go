package cache_test

import (
	"testing"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// What comes under a list's name as another kind is no news of the list: no refusal
// of its own, and no look at it.
func TestRefusedUnderAnotherKind(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.admitLOTL(verifytest.LOTLOptions{}, w.Now)
	w.admitTL("DE", verifytest.TLOptions{}, w.Now)
	w.events = nil
	if _, err := w.admit(artefact.LoTE, tlName("NL"), artefact.Peer, []byte("x"), w.Now); reason.CodeOf(err) != reason.ArtefactUnknown {
		t.Errorf("%v", err)
	}
	if got := w.info(tlName("NL"), w.Now).Refused; len(got) > 0 || w.store.View().Seeded() {
		t.Errorf("%+v; seeded %v", got, w.store.View().Seeded())
	}
	if len(w.events) != 1 || w.events[0].List != "unknown" {
		t.Errorf("%+v", w.events)
	}
}

// A refusal leaves the trust of the View as it is, the very same one: bytes that
// anybody may send are not worth making it again.
func TestRefusalIsCheap(t *testing.T) {
	w := loaded(t, nil)
	before := w.store.View()
	w.refuseList("pid", verifytest.ListOptions{Sequence: 2, Signer: w.Stranger().Signer}, w.Now, reason.TrustListSignerUnknown)
	w.refuse(artefact.Status, w.germanEntry().uri, artefact.Peer, []byte("x"), w.Now, reason.StatusTokenMalformed)
	if after := w.store.View(); !cache.OnlyForTestSameTrust(before, after) {
		t.Error("made again")
	}
}

// While a version waits for an operator, the standing of the anchors in force is
// that of their list.
func TestStandingWhileWaiting(t *testing.T) {
	w := loaded(t, nil)
	w.refuseList("pid", verifytest.ListOptions{Sequence: 2 + cache.MaxJump}, w.Now, reason.TrustListSequenceJump)
	for after, want := range map[bool]cache.Standing{false: cache.InForce, true: cache.Outdated} {
		at := w.Now
		if after {
			at = at.Add(7 * day)
		}
		list, info, _ := w.store.Anchors("pid", at)
		if len(list) == 0 || list[0].Standing != want || info.State != cache.Quarantined {
			t.Errorf("expired %v: %s, %+v", after, info.State, list)
		}
	}
}
