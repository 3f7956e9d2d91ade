package cache_test

import (
	"crypto/x509"
	"fmt"
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

const day = 24 * time.Hour

// A list grows stale when nobody looked for StaleAfter, though never before three
// looks were missed, and expires after MaxStale or at its own NextUpdate,
// whichever is first.
func TestAges(t *testing.T) {
	for _, c := range []struct {
		about               string
		stale, max, refresh time.Duration // 0: the default
		next                time.Duration // 0: far off
		wantStale, wantGone time.Duration
	}{
		{about: "defaults", wantStale: day, wantGone: 7 * day},
		{about: "StaleAfter", stale: 4 * time.Hour, wantStale: 4 * time.Hour, wantGone: 7 * day},
		{about: "three looks", stale: 4 * time.Hour, refresh: 2 * time.Hour, wantStale: 6 * time.Hour, wantGone: 7 * day},
		{about: "MaxStale", max: 2 * day, wantStale: day, wantGone: 2 * day},
		{about: "NextUpdate", next: 3 * day, wantStale: day, wantGone: 3 * day},
		{about: "NextUpdate before stale", next: time.Hour, wantStale: time.Hour, wantGone: time.Hour},
		{about: "NextUpdate after MaxStale", next: 8 * day, wantStale: day, wantGone: 7 * day},
	} {
		t.Run(c.about, func(t *testing.T) {
			w := loaded(t, func(_ *verifytest.World, o *cache.Options) {
				o.StaleAfter, o.MaxStale = c.stale, c.max
				for i := range o.Sources {
					o.Sources[i].Refresh = c.refresh
				}
			})
			o := verifytest.ListOptions{Sequence: 2}
			if c.next != 0 {
				o.NextUpdate = w.Now.Add(c.next)
			}
			w.admitList("pid", o, w.Now)
			for after, want := range map[time.Duration]cache.State{
				0:                         verify.Fresh,
				c.wantStale - time.Second: verify.Fresh,
				c.wantStale:               verify.Stale,
				c.wantGone - time.Second:  verify.Stale,
				c.wantGone:                verify.Expired,
				c.wantGone + time.Second:  verify.Expired,
			} {
				if c.wantStale == c.wantGone && want == verify.Stale {
					continue
				}
				at := w.Now.Add(after)
				if got := w.info("pid", at).State; got != want {
					t.Errorf("after %v: %s, want %s", after, got, want)
				}
				v, codes := w.noStatus("sdjwt-pid-de", at)
				warned := slices.Contains(w.warnings("sdjwt-pid-de", at), reason.TrustListStale)
				if want == verify.Expired {
					wantVerdict(t, "expired", v, codes, verify.Indeterminate, reason.AnchorListStale)
				} else {
					wantVerdict(t, string(want), v, codes, verify.Valid)
				}
				if warned != (want == verify.Stale) {
					t.Errorf("after %v: warned %v", after, warned)
				}
			}
		})
	}
}

// An issuer that no list names is indeterminate while a list that may name him has
// expired, and while one has never been loaded.
func TestUnknownIssuerAndLists(t *testing.T) {
	w := newWorld(t, nil)
	// Before the node has loaded what it must, the answer as a whole says so.
	v, codes := w.noStatus("unknown-issuer", w.Now)
	wantVerdict(t, "absent", v, codes, verify.Indeterminate, reason.NodeNotSeeded, reason.AnchorListUnavailable)
	v, codes = w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "absent", v, codes, verify.Indeterminate, reason.NodeNotSeeded, reason.AnchorListUnavailable)

	w = loaded(t, nil)
	v, codes = w.noStatus("unknown-issuer", w.Now)
	wantVerdict(t, "fresh", v, codes, verify.Invalid, reason.AnchorNotFound)
	v, codes = w.noStatus("unknown-issuer", w.Now.Add(7*day-time.Second))
	wantVerdict(t, "stale", v, codes, verify.Invalid, reason.AnchorNotFound)
	v, codes = w.noStatus("unknown-issuer", w.Now.Add(7*day))
	wantVerdict(t, "expired", v, codes, verify.Indeterminate, reason.AnchorListStale)
}

// A look that finds nothing new renews the list's age; a refusal does not.
func TestLookedRenews(t *testing.T) {
	w := loaded(t, nil)
	id := artefact.ID{Kind: artefact.LoTE, Name: "pid"}
	epoch := w.store.View().Epoch()
	day6 := w.Now.Add(6 * day)
	w.refuseList("pid", verifytest.ListOptions{Without: []string{"DE"}}, day6, reason.TrustListConflict)
	if got := w.info("pid", w.Now.Add(7*day)).State; got != verify.Expired {
		t.Errorf("a refusal counted as a look: %s", got)
	}
	out := w.store.Looked(id, day6)
	if !out.Unchanged || out.List != "pid" || out.Ref != w.info("pid", day6).Ref {
		t.Errorf("%+v", out)
	}
	for after, want := range map[time.Duration]cache.State{
		7*day - time.Second: verify.Stale, day - time.Second: verify.Fresh, day: verify.Stale, 7 * day: verify.Expired,
	} {
		if got := w.info("pid", day6.Add(after)).State; got != want {
			t.Errorf("%v after the look: %s, want %s", after, got, want)
		}
	}
	// It never outlives its own NextUpdate.
	w.store.Looked(id, w.Now.Add(90*day-time.Second))
	if got := w.info("pid", w.Now.Add(90*day)).State; got != verify.Expired {
		t.Errorf("at NextUpdate: %s", got)
	}
	if w.store.View().Epoch() != epoch {
		t.Error("looks raised the epoch")
	}
}

// A look at what is not held, or under another kind, is no news of anything.
func TestLookedUnknown(t *testing.T) {
	w := newWorld(t, nil)
	w.admitList("pid", verifytest.ListOptions{}, w.Now)
	later := w.Now.Add(time.Hour)
	for _, id := range []artefact.ID{
		{Kind: artefact.LoTE, Name: "mdl"}, {Kind: artefact.LoTE, Name: "nobody"}, {Kind: artefact.Anchors, Name: "pid"},
		{Kind: artefact.Status, Name: "pid"}, {Kind: artefact.Status, Name: w.StatusURIs("")[0]}, {},
	} {
		if out := w.store.Looked(id, later); !out.Unchanged || out.Ref != (artefact.Ref{}) || out.TTL != 0 {
			t.Errorf("%v: %+v", id, out)
		}
	}
	if i := w.info("pid", later); !i.LookedAt.Equal(w.Now) {
		t.Error("a look under another kind counted")
	}
	if i := w.info("mdl", later); i.State != verify.Absent || !i.LookedAt.IsZero() {
		t.Errorf("%+v", i)
	}
}

// A local bundle never ages.
func TestBundleDoesNotAge(t *testing.T) {
	w := loaded(t, nil)
	at := w.Now.Add(300 * day)
	if got := w.info("eaa", at).State; got != verify.Fresh {
		t.Errorf("state %s", got)
	}
	v, codes := w.noStatus("eaa-membership", at)
	wantVerdict(t, "old bundle", v, codes, verify.Valid)
}

// A signer that was good when it signed and has expired since is a warning.
func TestSignerExpiredSince(t *testing.T) {
	w := loaded(t, nil)
	end := w.Now.Add(time.Hour)
	signer := w.listSigner(w.Now.Add(-time.Hour), end)
	w.store = cache.New(cache.Options{UnsafeTestAnchors: true, Sources: []cache.Source{
		{Name: "pid", Type: artefact.LoTE, Profile: "pid", Signers: []*x509.Certificate{signer.Cert}},
	}}, w.Now)
	w.admitList("pid", verifytest.ListOptions{Signer: signer}, w.Now)
	for at, want := range map[time.Time]bool{w.Now: false, end: false, end.Add(time.Second): true} {
		if got := slices.Contains(w.warnings("sdjwt-pid-de", at), reason.TrustListSignerExpired); got != want {
			t.Errorf("%v before the signer's end: warned %v", end.Sub(at), got)
		}
	}
	v, codes := w.noStatus("sdjwt-pid-de", end.Add(time.Second))
	wantVerdict(t, "expired since", v, codes, verify.Valid)
	// A list signed after the signer's end is refused.
	w.refuseList("pid", verifytest.ListOptions{Sequence: 2, Signer: signer, Issued: end.Add(time.Second)}, end.Add(time.Second), reason.TrustListSignerExpired)
}

// Degraded names the lists that are not fresh, NotReady why a node cannot serve.
func TestDegradedAndReady(t *testing.T) {
	w := newWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Sources[0].Required = true }) // pid
	if got := w.store.NotReady(w.Now); len(got) != 1 || got[0] != "list pid has not been loaded yet" {
		t.Errorf("not ready: %q", got)
	}
	if got := w.store.Degraded(w.Now); len(got) != len(verifytest.Profiles())+2 { // the bundle, and no status list is held
		t.Errorf("degraded: %q", got)
	}
	w.admitList("pid", verifytest.ListOptions{}, w.Now)
	if got := w.store.NotReady(w.Now); len(got) != 0 {
		t.Errorf("not ready: %q", got)
	}
	if got := w.store.NotReady(w.Now.Add(7*day - time.Second)); len(got) != 0 {
		t.Errorf("not ready while stale: %q", got)
	}
	if got := w.store.NotReady(w.Now.Add(7 * day)); len(got) != 1 {
		t.Errorf("not ready when expired: %q", got)
	}
	w = loaded(t, nil)
	if got := w.store.NotReady(w.Now); len(got) != 0 {
		t.Errorf("not ready: %q", got)
	}
	withdrawn := len(w.StatusURIs("")) + len(w.IdentifierURIs("")) // less those that can be held
	w.loadStatus(w.Now)
	for _, k := range w.store.Kept() {
		if k.Token != nil {
			withdrawn--
		}
	}
	if got := w.store.Degraded(w.Now); len(got) != 1 || !strings.Contains(got[0], fmt.Sprintf("%d are not held and 0 are past", withdrawn)) {
		t.Errorf("degraded: %q", got)
	}
	if got := w.store.Degraded(w.Now.Add(day)); len(got) != len(verifytest.Profiles())+1 || !strings.Contains(got[len(got)-1], fmt.Sprintf("%d are not held and %d are past", withdrawn, len(w.StatusURIs(""))+len(w.IdentifierURIs(""))-withdrawn)) {
		t.Errorf("degraded after a day: %q", got)
	}
}
