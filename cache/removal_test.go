package cache_test

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const hold = time.Hour // the default

// An anchor that leaves its list is withdrawn at once and counts again as soon as
// it is back.
func TestWithdrawn(t *testing.T) {
	w := loaded(t, nil)
	w.events = nil
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, Without: []string{"DE"}}, w.Now)
	v, codes := w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "withdrawn", v, codes, verify.Invalid, reason.AnchorWithdrawn)
	v, codes = w.noStatus("sdjwt-pid-fr", w.Now)
	wantVerdict(t, "beside it", v, codes, verify.Valid)
	removed := 0
	for _, e := range w.events {
		if e.Type == "anchor_removed" && e.List == "pid" {
			removed++
		}
	}
	if removed != 2 { // issuance and revocation
		t.Errorf("%d anchor_removed in %+v", removed, w.events)
	}
	if got := w.info("pid", w.Now).State; got != verify.Fresh {
		t.Errorf("state %s", got)
	}
	// Still withdrawn after another version, and known as such.
	w.admitList("pid", verifytest.ListOptions{Sequence: 3, Without: []string{"DE"}}, w.Now)
	v, codes = w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "withdrawn for two versions", v, codes, verify.Invalid, reason.AnchorWithdrawn)
	w.admitList("pid", verifytest.ListOptions{Sequence: 4}, w.Now)
	v, codes = w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "back", v, codes, verify.Valid)
}

// What a list itself says of an issuer's standing acts at once.
func TestStandingInList(t *testing.T) {
	w := loaded(t, nil)
	v, codes := w.noStatus("pubeaa-residence", w.Now)
	wantVerdict(t, "notified", v, codes, verify.Valid)
	var list []*verifytest.Authority
	for _, a := range w.Authorities() {
		if a.ID == w.PubEAA().ID {
			a = new(*a)
			a.Withdrawn = true
		}
		list = append(list, a)
	}
	w.admitList("pubeaa", verifytest.ListOptions{Sequence: 2, Authorities: list}, w.Now)
	v, codes = w.noStatus("pubeaa-residence", w.Now)
	wantVerdict(t, "withdrawn by status", v, codes, verify.Invalid, reason.AnchorWithdrawn)
}

// ids of authorities, to leave out.
func ids(list []*verifytest.Authority) (out []string) {
	for _, a := range list {
		out = append(out, a.ID)
	}
	return out
}

// A removal is sudden when it takes more than the share and at least the least
// number of a list's or of a territory's anchors: at and one below each threshold.
func TestSuddenRemoval(t *testing.T) {
	for _, c := range []struct {
		about  string
		fr, se int     // anchors beside the two of Germany
		loseFR int     // of Frenchmen, beside Germany
		loseDE bool    // both of Germany's
		want   bool    // Germany's are held
		wantFR bool    // the Frenchmen's are held
		min    int     // 0: the default
		share  float64 // 0: the default
	}{
		{about: "two of two: too few", loseDE: true, want: false},
		{about: "two of six: too few", fr: 4, loseDE: true, want: false},
		{about: "three of fifteen: exactly the share", fr: 13, loseFR: 1, loseDE: true, want: false},
		{about: "three of fourteen: past the share", fr: 12, loseFR: 1, loseDE: true, want: true, wantFR: true},
		{about: "four of sixteen", fr: 14, loseFR: 2, loseDE: true, want: true, wantFR: true},
		{about: "of a territory: three of fourteen, few of all", fr: 14, se: 30, loseFR: 3, loseDE: true, want: false, wantFR: true},
		{about: "of a territory: three of fifteen, few of all", fr: 15, se: 30, loseFR: 3, loseDE: true, want: false, wantFR: false},
		{about: "of a territory: two of three", fr: 3, se: 30, loseFR: 2, loseDE: false, wantFR: false},
		{about: "least number one", loseDE: true, min: 1, want: true},
		{about: "share of one: nothing is more than all", loseDE: true, min: 1, share: 1, want: false},
	} {
		t.Run(c.about, func(t *testing.T) {
			w := newWorld(t, func(_ *verifytest.World, o *cache.Options) { o.RemovalMin, o.RemovalShare = c.min, c.share })
			fr, se := w.crowd("FR", c.fr), w.crowd("SE", c.se)
			all := slices.Concat([]*verifytest.Authority{w.PID("DE")}, fr, se)
			w.admitList("pid", verifytest.ListOptions{Authorities: all}, w.Now)
			out := ids(fr[:c.loseFR])
			if c.loseDE {
				out = append(out, "de")
			}
			at := w.Now.Add(time.Minute)
			w.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: all, Without: out}, at)
			held := func(a *verifytest.Authority) bool {
				known := w.store.View().BySubject(string(a.CA.Cert.RawSubject))
				if len(known) == 0 || !known[0].Removed {
					t.Fatalf("%s is forgotten, or still there", a.ID)
				}
				until := known[0].HeldUntil
				if !until.IsZero() && !until.Equal(at.Add(hold)) {
					t.Errorf("held until %v, want %v", until, at.Add(hold))
				}
				return !until.IsZero()
			}
			if c.loseDE {
				if got := held(w.PID("DE")); got != c.want {
					t.Errorf("Germany held: %v", got)
				}
			}
			if c.loseFR > 0 {
				if got := held(fr[0]); got != c.wantFR {
					t.Errorf("Frenchmen held: %v", got)
				}
			}
		})
	}
}

// crowded is a world whose PID list has ten further providers in Germany.
func crowded(t *testing.T) (w *world, all []*verifytest.Authority, gone []string) {
	w = loaded(t, nil)
	crowd := w.crowd("DE", 10)
	all = append(w.Authorities(), crowd...)
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: all}, w.Now)
	return w, all, append(ids(crowd), "de")
}

// While removed anchors are held, their credentials are indeterminate: neither
// valid nor falsely untrusted. After the hold they are withdrawn.
func TestHeld(t *testing.T) {
	w, all, gone := crowded(t)
	at := w.Now.Add(time.Minute)
	v, codes := w.noStatus("sdjwt-pid-de", at)
	wantVerdict(t, "before", v, codes, verify.Valid)
	w.admitList("pid", verifytest.ListOptions{Sequence: 3, Authorities: all, Without: gone}, at)
	for _, c := range []struct {
		after time.Duration
		want  verify.Verdict
		code  reason.Code
		state cache.State
	}{
		{0, verify.Indeterminate, reason.AnchorChangeHeld, cache.HeldBack},
		{hold - time.Second, verify.Indeterminate, reason.AnchorChangeHeld, cache.HeldBack},
		{hold, verify.Invalid, reason.AnchorWithdrawn, verify.Fresh},
		{hold + time.Second, verify.Invalid, reason.AnchorWithdrawn, verify.Fresh},
	} {
		now := at.Add(c.after)
		v, codes := w.noStatus("sdjwt-pid-de", now)
		wantVerdict(t, "held for "+c.after.String(), v, codes, c.want, c.code)
		if got := w.info("pid", now).State; got != c.state {
			t.Errorf("after %v: state %s, want %s", c.after, got, c.state)
		}
		v, codes = w.noStatus("sdjwt-pid-fr", now)
		wantVerdict(t, "beside it", v, codes, verify.Valid)
	}
}

// The next versions neither renew the hold nor end it, and an anchor that comes
// back counts at once.
func TestHeldAcrossVersions(t *testing.T) {
	w, all, gone := crowded(t)
	w.admitList("pid", verifytest.ListOptions{Sequence: 3, Authorities: all, Without: gone}, w.Now)
	half := w.Now.Add(hold / 2)
	w.admitList("pid", verifytest.ListOptions{Sequence: 4, Authorities: all, Without: gone}, half)
	v, codes := w.noStatus("sdjwt-pid-de", half)
	wantVerdict(t, "in another version", v, codes, verify.Indeterminate, reason.AnchorChangeHeld)
	v, codes = w.noStatus("sdjwt-pid-de", w.Now.Add(hold))
	wantVerdict(t, "a hold after the removal", v, codes, verify.Invalid, reason.AnchorWithdrawn)

	w.admitList("pid", verifytest.ListOptions{Sequence: 5, Authorities: all}, half)
	v, codes = w.noStatus("sdjwt-pid-de", half)
	wantVerdict(t, "back", v, codes, verify.Valid)
	if got := w.info("pid", half).State; got != verify.Fresh {
		t.Errorf("state %s after all came back", got)
	}
	for _, l := range w.store.View().ByID(trustID(w.PID("DE"))) {
		if l.Removed {
			t.Error("an anchor is both there and removed")
		}
	}
}

func trustID(a *verifytest.Authority) [32]byte { return artefact.Sum(a.CA.Cert.Raw) }

// A local bundle is the operator's own decision: nothing that leaves it is held.
func TestBundleNeverHeld(t *testing.T) {
	w := loaded(t, nil)
	var pem []byte
	for _, a := range append(w.crowd("DE", 10), w.EAA()) {
		pem = append(pem, a.CA.PEM()...)
	}
	w.must(w.admit(artefact.Anchors, "eaa", artefact.File, pem, w.Now))
	v, codes := w.noStatus("eaa-membership", w.Now)
	wantVerdict(t, "in the bundle", v, codes, verify.Valid)
	w.must(w.admit(artefact.Anchors, "eaa", artefact.File, w.crowd("DE", 1)[0].CA.PEM(), w.Now))
	v, codes = w.noStatus("eaa-membership", w.Now)
	wantVerdict(t, "out of the bundle", v, codes, verify.Invalid, reason.AnchorWithdrawn)
}

// A hit in the chain cache does not outlive the anchor: neither its removal, nor
// its being held, nor the end of the hold, where the epoch stays as it is.
func TestChainsRespectStanding(t *testing.T) {
	w, all, gone := crowded(t)
	ask := func(at time.Time, want verify.Verdict, code ...reason.Code) {
		t.Helper()
		for range 2 { // the second may be a hit
			v, codes := w.noStatus("sdjwt-pid-de", at)
			w.chains.Wait()
			wantVerdict(t, at.Sub(w.Now).String(), v, codes, want, code...)
		}
	}
	ask(w.Now, verify.Valid)
	w.admitList("pid", verifytest.ListOptions{Sequence: 3, Authorities: all, Without: gone}, w.Now)
	ask(w.Now, verify.Indeterminate, reason.AnchorChangeHeld)
	ask(w.Now.Add(hold-time.Second), verify.Indeterminate, reason.AnchorChangeHeld)
	ask(w.Now.Add(hold), verify.Invalid, reason.AnchorWithdrawn)
	w.admitList("pid", verifytest.ListOptions{Sequence: 4, Authorities: all}, w.Now)
	ask(w.Now, verify.Valid)
	w.admitList("pid", verifytest.ListOptions{Sequence: 5, Authorities: all, Without: []string{"de"}}, w.Now)
	ask(w.Now, verify.Invalid, reason.AnchorWithdrawn)
}
