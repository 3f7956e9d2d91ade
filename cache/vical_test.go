package cache_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

func onlyVICAL(w *verifytest.World, o *cache.Options) {
	o.Sources = []cache.Source{vicalSource(w)}
	o.StaleAfter, o.MaxStale = 300*day, 301*day // so that the list's own times decide
}

// A VICAL's version is its issue number, or its date where there is none.
func TestVICALSequence(t *testing.T) {
	w := realWorld(t, onlyVICAL)
	later := func(d time.Duration) time.Time { return w.Now.Add(d) }
	w.admitVICAL(verifytest.VICALOptions{IssueID: 100}, w.Now)
	w.wantNoStatus("mdl-vical", w.Now, "valid")
	refuse := func(o verifytest.VICALOptions, want reason.Code) {
		t.Helper()
		w.refuse(artefact.VICAL, vical, artefact.Origin, w.vical(o), later(time.Hour), want)
	}
	refuse(verifytest.VICALOptions{IssueID: 99}, reason.VICALRollback)
	refuse(verifytest.VICALOptions{IssueID: 100, Without: []string{"us-jf"}}, reason.VICALConflict)
	// No issue number is too high: they count what a provider issues.
	w.admitVICAL(verifytest.VICALOptions{IssueID: 1 << 40, Date: later(time.Minute)}, later(time.Hour))
	refuse(verifytest.VICALOptions{IssueID: 1, Mutate: unnumbered}, reason.VICALRollback)
	w.must(w.admit(artefact.VICAL, vical, artefact.Origin, w.vical(verifytest.VICALOptions{Date: later(2 * time.Minute), Mutate: unnumbered}), later(time.Hour)))
	w.must(w.admit(artefact.VICAL, vical, artefact.Origin, w.vical(verifytest.VICALOptions{IssueID: 7, Date: later(3 * time.Minute)}), later(time.Hour)))
	refuse(verifytest.VICALOptions{IssueID: 8, Mutate: func(p map[string]any) { p["vicalProvider"] = "Somebody Else" }}, reason.VICALSignerUntrusted)
	if got := w.info(vical, w.Now); got.Conflict == nil || got.Conflict.Sequence != 100 {
		t.Errorf("evidence %+v", got.Conflict)
	}
}

func unnumbered(p map[string]any) { delete(p, "vicalIssueID") }

// A VICAL past its next update is late; it ends at notAfter, or 90 days after its
// date: one second before and after each.
func TestVICALAges(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		about    string
		notAfter time.Duration
		end      time.Duration
	}{
		{"without an end", 0, 90 * day},
		{"with one", 20 * day, 20 * day},
	} {
		t.Run(c.about, func(t *testing.T) {
			w := realWorld(t, onlyVICAL)
			o := verifytest.VICALOptions{NextUpdate: w.Now.Add(10 * day)}
			if c.notAfter > 0 {
				o.NotAfter = w.Now.Add(c.notAfter)
			}
			w.admitVICAL(o, w.Now)
			for at, want := range map[time.Duration]cache.State{
				10*day - s: verify.Fresh, 10 * day: verify.Stale, c.end - s: verify.Stale, c.end: verify.Expired,
			} {
				if got := w.info(vical, w.Now.Add(at)).State; got != want {
					t.Errorf("after %v: %s, want %s", at, got, want)
				}
			}
			w.wantNoStatus("mdl-vical", w.Now.Add(c.end-s), "valid")
			w.wantNoStatus("mdl-vical", w.Now.Add(c.end), "indeterminate", "anchor_list_stale")
			o.IssueID = 2
			w.refuse(artefact.VICAL, vical, artefact.Peer, w.vical(o), w.Now.Add(c.end), reason.VICALExpired)
		})
	}
}

// An authority answers only for the document types that the VICAL names for it.
func TestVICALDocTypes(t *testing.T) {
	w := realWorld(t, onlyVICAL)
	w.admitVICAL(verifytest.VICALOptions{DocTypes: []string{"org.iso.23220.photoid.1"}}, w.Now)
	w.wantNoStatus("mdl-vical", w.Now, "invalid", "vical_doctype_not_listed")
	w.admitVICAL(verifytest.VICALOptions{IssueID: 2, Without: []string{"us-jf"}}, w.Now)
	w.wantNoStatus("mdl-vical", w.Now, "invalid", "anchor_not_found")
}

// What is refused of a VICAL leaves the one before it in force.
func TestVICALRefused(t *testing.T) {
	w := realWorld(t, onlyVICAL)
	w.admitVICAL(verifytest.VICALOptions{}, w.Now)
	good := w.vical(verifytest.VICALOptions{IssueID: 2})
	for want, b := range map[reason.Code][]byte{
		reason.VICALTooLarge:         make([]byte, cache.MaxList+1),
		reason.VICALMalformed:        good[:len(good)/2],
		reason.VICALSignatureInvalid: append(good[:len(good)-1:len(good)-1], good[len(good)-1]^1),
		reason.VICALSignerUntrusted:  w.vical(verifytest.VICALOptions{IssueID: 2, Signer: w.Operator}),
		reason.TrustListNotYetValid:  w.vical(verifytest.VICALOptions{IssueID: 2, Date: w.Now.Add(cache.ListSkew + time.Second)}),
	} {
		w.refuse(artefact.VICAL, vical, artefact.Origin, b, w.Now, want)
		w.wantNoStatus("mdl-vical", w.Now, "valid")
	}
}
