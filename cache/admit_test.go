package cache_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// What Admit refuses before it looks at content, through every door. Nothing that
// was held suffers.
func TestAdmitRefuses(t *testing.T) {
	w := loaded(t, nil)
	w.loadStatus(w.Now)
	good := w.list("pid", verifytest.ListOptions{Sequence: 2})
	big := func(n int) []byte { return bytes.Repeat([]byte("a"), n) }
	uri := w.StatusURIs("")[0]
	for _, door := range []artefact.Door{artefact.Origin, artefact.Peer, artefact.Disk, artefact.Publish} {
		for _, c := range []struct {
			about string
			kind  artefact.Kind
			name  string
			bytes []byte
			want  reason.Code
		}{
			{"unknown kind", "crl", "pid", good, reason.ArtefactUnknown},
			{"no kind", "", "pid", good, reason.ArtefactUnknown},
			{"unknown list", artefact.LoTE, "nobody", good, reason.ArtefactUnknown},
			{"a list as a bundle", artefact.Anchors, "pid", good, reason.ArtefactUnknown},
			{"a bundle as a list", artefact.LoTE, "eaa", good, reason.ArtefactUnknown},
			{"unknown status list", artefact.Status, "https://status.example/nobody", []byte("x"), reason.ArtefactUnknown},
			{"large list", artefact.LoTE, "pid", big(cache.MaxList + 1), reason.TrustListTooLarge},
			{"large unknown list", artefact.LoTE, "nobody", big(cache.MaxList + 1), reason.TrustListTooLarge},
			{"large status list", artefact.Status, uri, big(cache.MaxStatus + 1), reason.StatusListTooLarge},
			{"empty list", artefact.LoTE, "pid", nil, reason.TrustListMalformed},
			{"empty status list", artefact.Status, uri, nil, reason.StatusTokenTypeInvalid},
			{"unsigned bundle", artefact.Anchors, "eaa", w.EAA().Bundle(), reason.ListUnsigned},
			{"damaged signature", artefact.LoTE, "pid", []byte(verifytest.DamageSignature(string(good))), reason.TrustListSignatureInvalid},
			{"list of another profile", artefact.LoTE, "pid", w.list("mdl", verifytest.ListOptions{Sequence: 9}), reason.TrustListWrongType},
		} {
			t.Run(fmt.Sprintf("%s/%s", door, c.about), func(t *testing.T) {
				w.t = t
				w.refuse(c.kind, c.name, door, c.bytes, w.Now, c.want)
			})
		}
	}
	w.t = t
	v, codes := w.noStatus("eaa-membership", w.Now)
	wantVerdict(t, "after all refusals", v, codes, verify.Valid)
}

// The caps are exact: what is one byte smaller meets the parser.
func TestAdmitCaps(t *testing.T) {
	w := loaded(t, nil)
	w.refuse(artefact.LoTE, "pid", artefact.Peer, bytes.Repeat([]byte("a"), cache.MaxList), w.Now, reason.TrustListMalformed)
	w.refuse(artefact.Status, w.StatusURIs("")[0], artefact.Peer, bytes.Repeat([]byte("a"), cache.MaxStatus), w.Now, reason.StatusTokenMalformed)
}

// A signer that is not pinned for the list is refused, also if another list names
// it.
func TestAdmitSignerPinned(t *testing.T) {
	w := loaded(t, nil)
	other := w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(time.Hour))
	w.refuseList("pid", verifytest.ListOptions{Sequence: 2, Signer: other}, w.Now, reason.TrustListSignerUnknown)
}

// The times that a list states of itself, one second before and after.
func TestAdmitTimes(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		about        string
		issued, next time.Duration // from the time of admission
		want         reason.Code
	}{
		{"issued now", 0, time.Hour, ""},
		{"issued a second before the tolerance", cache.ListSkew - s, time.Hour, ""},
		{"issued at the tolerance", cache.ListSkew, time.Hour, ""},
		{"issued a second past the tolerance", cache.ListSkew + s, time.Hour, reason.TrustListNotYetValid},
		{"a second before the next update", -time.Hour, s, ""},
		{"at the next update", -time.Hour, 0, reason.TrustListExpired},
		{"a second past the next update", -time.Hour, -s, reason.TrustListExpired},
	} {
		t.Run(c.about, func(t *testing.T) {
			w := newWorld(t, nil)
			at := w.Now.Add(time.Hour)
			o := verifytest.ListOptions{Sequence: 2, Issued: at.Add(c.issued), NextUpdate: at.Add(c.next)}
			if c.want == "" {
				w.admitList("pid", o, at)
				return
			}
			w.refuseList("pid", o, at, c.want)
			if l := w.info("pid", at); l.List != nil || l.State != verify.Absent {
				t.Errorf("a refused list is held: %+v", l)
			}
		})
	}
}

// The same content is refused once it has expired: to be held is no licence.
func TestAdmitExpiredAgain(t *testing.T) {
	w := newWorld(t, nil)
	o := verifytest.ListOptions{NextUpdate: w.Now.Add(time.Hour)}
	b := w.list("pid", o)
	w.must(w.admit(artefact.LoTE, "pid", artefact.Origin, b, w.Now))
	w.refuse(artefact.LoTE, "pid", artefact.Peer, b, w.Now.Add(time.Hour), reason.TrustListExpired)
}

// The sequence rule.
func TestAdmitSequence(t *testing.T) {
	w := newWorld(t, nil)
	const first = 100
	w.admitList("pid", verifytest.ListOptions{Sequence: first}, w.Now)
	w.admitList("mdl", verifytest.ListOptions{}, w.Now)
	w.refuseList("pid", verifytest.ListOptions{Sequence: first - 1}, w.Now, reason.TrustListRollback)
	w.refuseList("pid", verifytest.ListOptions{Sequence: first, Without: []string{"FR"}}, w.Now, reason.TrustListConflict)
	w.refuseList("pid", verifytest.ListOptions{Sequence: first + cache.MaxJump + 1}, w.Now, reason.TrustListSequenceJump)
	w.refuseList("pid", verifytest.ListOptions{Sequence: 1 << 31}, w.Now, reason.TrustListSequenceJump)
	out := w.admitList("pid", verifytest.ListOptions{Sequence: first + cache.MaxJump}, w.Now)
	if out.Unchanged || out.Ref.Version != first+cache.MaxJump || out.List != "pid" {
		t.Errorf("%+v", out)
	}
	// The first version is free: there is nothing to measure a jump by.
	w2 := newWorld(t, nil)
	w2.admitList("pid", verifytest.ListOptions{Sequence: 1 << 40}, w2.Now)
}

// An equivocation keeps the first list and is told as such.
func TestAdmitEquivocation(t *testing.T) {
	w := loaded(t, nil)
	w.events = nil
	w.refuseList("pid", verifytest.ListOptions{Without: []string{"DE"}}, w.Now, reason.TrustListConflict)
	if len(w.events) != 1 || w.events[0].Type != "equivocation" || w.events[0].List != "pid" {
		t.Errorf("events %+v", w.events)
	}
	v, codes := w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "under the first list", v, codes, verify.Valid)
}

// A jump puts the newest version into quarantine. Only a list that is not refused
// ends that.
func TestQuarantine(t *testing.T) {
	w := loaded(t, nil)
	state := func(want cache.State) {
		t.Helper()
		if got := w.info("pid", w.Now).State; got != want {
			t.Errorf("state %s, want %s", got, want)
		}
	}
	w.admitList("pid", verifytest.ListOptions{Sequence: 5}, w.Now)
	state(verify.Fresh)
	w.refuseList("pid", verifytest.ListOptions{Sequence: 6 + cache.MaxJump}, w.Now, reason.TrustListSequenceJump)
	state(cache.Quarantined)
	if got := w.store.Degraded(w.Now); len(got) != 2 || got[0] != "list pid is quarantined" { // and no status list is held
		t.Errorf("degraded: %q", got)
	}
	w.refuseList("pid", verifytest.ListOptions{Sequence: 4}, w.Now, reason.TrustListRollback)
	state(cache.Quarantined)
	w.refuseList("pid", verifytest.ListOptions{Sequence: 5, Without: []string{"DE"}}, w.Now, reason.TrustListConflict)
	state(cache.Quarantined)
	v, codes := w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "in quarantine", v, codes, verify.Valid)
	w.admitList("pid", verifytest.ListOptions{Sequence: 6}, w.Now)
	state(verify.Fresh)
}

// A source that takes any official type does not take another type once it has
// one.
func TestAdmitTypeChange(t *testing.T) {
	w := newWorld(t, func(vw *verifytest.World, o *cache.Options) {
		o.Sources = []cache.Source{{Name: "eu", Type: artefact.LoTE, Signers: []*x509.Certificate{vw.Operator.Cert}}}
	})
	w.must(w.admit(artefact.LoTE, "eu", artefact.Origin, w.list("pid", verifytest.ListOptions{}), w.Now))
	w.refuse(artefact.LoTE, "eu", artefact.Origin, w.list("wrpac", verifytest.ListOptions{Sequence: 2}), w.Now, reason.TrustListWrongType)
	w.refuse(artefact.LoTE, "eu", artefact.Origin, w.list("wrpac", verifytest.ListOptions{}), w.Now, reason.TrustListWrongType)
	w.must(w.admit(artefact.LoTE, "eu", artefact.Origin, w.list("pid", verifytest.ListOptions{Sequence: 2}), w.Now))
}

// Refusals are kept newest last, bounded, and a repeated one once.
func TestRefusalsKept(t *testing.T) {
	w := newWorld(t, nil)
	w.admitList("pid", verifytest.ListOptions{Sequence: 100}, w.Now)
	for i := range 3 {
		w.refuseList("pid", verifytest.ListOptions{Sequence: 1}, w.Now.Add(time.Duration(i)*time.Minute), reason.TrustListRollback)
	}
	if got := w.info("pid", w.Now).Refused; len(got) != 1 || !got[0].At.Equal(w.Now.Add(2*time.Minute)) {
		t.Errorf("repeated refusals are kept as %+v", got)
	}
	for seq := range uint64(cache.MaxRefusals) {
		w.refuseList("pid", verifytest.ListOptions{Sequence: seq + 2}, w.Now, reason.TrustListRollback)
		w.refuseList("pid", verifytest.ListOptions{Sequence: 100, Without: []string{"DE"}}, w.Now, reason.TrustListConflict)
	}
	got := w.info("pid", w.Now).Refused
	if len(got) != cache.MaxRefusals || got[len(got)-1].Code != reason.TrustListConflict || got[len(got)-2].Code != reason.TrustListRollback {
		t.Errorf("%d refusals, the last %+v", len(got), got[len(got)-1])
	}
	// What an operator was given does not change under him.
	was := got[0]
	w.refuseList("pid", verifytest.ListOptions{Sequence: 50}, w.Now, reason.TrustListRollback)
	if got[0] != was {
		t.Error("an Info that was handed out has changed")
	}
}

// Of two signatures over one payload the one with the lower digest is kept,
// whatever the order, and a re-signature is a look.
func TestResigned(t *testing.T) {
	vw := newWorld(t, nil)
	a, b := vw.list("pid", verifytest.ListOptions{}), vw.list("pid", verifytest.ListOptions{})
	lower := artefact.Sum(a)
	if o := artefact.Sum(b); bytes.Compare(o[:], lower[:]) < 0 {
		lower = o
	}
	for _, order := range [][][]byte{{a, b}, {b, a}, {a, b, a}, {b, a, b}} {
		w := newWorld(t, func(w *verifytest.World, o *cache.Options) {
			for i := range o.Sources {
				o.Sources[i].Signers = []*x509.Certificate{vw.Operator.Cert}
			}
		})
		var epoch uint64
		for i, list := range order {
			at := vw.Now.Add(time.Duration(i) * time.Minute)
			out := w.must(w.admit(artefact.LoTE, "pid", artefact.Origin, list, at))
			if out.Unchanged != (i > 0) {
				t.Errorf("signature %d: unchanged %v", i, out.Unchanged)
			}
			if got := w.info("pid", at).LookedAt; !got.Equal(at) {
				t.Errorf("signature %d: looked at %v, want %v", i, got, at)
			}
			// A peer that repeats what is held makes it no younger.
			w.must(w.admit(artefact.LoTE, "pid", artefact.Peer, list, at.Add(time.Second)))
			if got := w.info("pid", at).LookedAt; !got.Equal(at) {
				t.Errorf("signature %d: a peer's copy counted as a look", i)
			}
			if i == 0 {
				epoch = w.store.View().Epoch()
			}
		}
		if got := w.info("pid", vw.Now).Ref.Digest; got != lower {
			t.Errorf("digest %s is kept, want %s", got, lower)
		}
		if w.store.View().Epoch() != epoch {
			t.Error("a re-signature raised the epoch")
		}
	}
}

// Outside of dev mode the anchors of a demonstration are dropped.
func TestTestAnchorsDropped(t *testing.T) {
	w := newWorld(t, func(_ *verifytest.World, o *cache.Options) { o.UnsafeTestAnchors = false })
	w.admitList("pid", verifytest.ListOptions{}, w.Now)
	w.must(w.admit(artefact.Anchors, "eaa", artefact.File, w.EAA().Bundle(), w.Now))
	for _, name := range []string{"pid", "eaa"} {
		l := w.info(name, w.Now).List
		if len(l.Anchors) != 0 || len(l.Skipped) == 0 {
			t.Fatalf("%s: %d anchors, %d skipped", name, len(l.Anchors), len(l.Skipped))
		}
		for _, s := range l.Skipped {
			if s.Why != "test anchor" || s.SHA256 == [32]byte{} {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
	if v, codes := w.noStatus("sdjwt-pid-de", w.Now); v == verify.Valid {
		t.Errorf("valid under a test anchor: %v", codes)
	}
}

// A local bundle has no versions: what is in the file now counts, also what was in
// it before.
func TestBundleReplaced(t *testing.T) {
	w := loaded(t, nil)
	other := w.crowd("DE", 1)[0]
	both := append(bytes.Clone(w.EAA().Bundle()), other.CA.PEM()...)
	for i, c := range []struct {
		bytes     []byte
		anchors   int
		unchanged bool
	}{{w.EAA().Bundle(), 2, true}, {both, 4, false}, {both, 4, true}, {w.EAA().Bundle(), 2, false}} {
		out := w.must(w.admit(artefact.Anchors, "eaa", artefact.File, c.bytes, w.Now))
		if got := len(w.info("eaa", w.Now).List.Anchors); got != c.anchors || out.Unchanged != c.unchanged {
			t.Errorf("step %d: %d anchors, unchanged %v", i, got, out.Unchanged)
		}
	}
	w.refuse(artefact.Anchors, "eaa", artefact.File, []byte("not PEM"), w.Now, reason.TrustListMalformed)
	v, codes := w.noStatus("eaa-membership", w.Now)
	wantVerdict(t, "after the bundle came back", v, codes, verify.Valid)
}

// Notify is called outside of locks: it may use the store.
func TestNotifyMayUseStore(t *testing.T) {
	var store *cache.Store
	var seen []uint64
	w := newWorld(t, func(_ *verifytest.World, o *cache.Options) {
		o.Notify = func(cache.Event) { seen = append(seen, store.View().Epoch()); store.Lists(time.Now()) }
	})
	store = w.store
	w.admitList("pid", verifytest.ListOptions{}, w.Now)
	w.refuseList("pid", verifytest.ListOptions{Without: []string{"DE"}}, w.Now, reason.TrustListConflict)
	if len(seen) != 2 || seen[0] != seen[1] {
		t.Errorf("events saw epochs %v", seen)
	}
}
