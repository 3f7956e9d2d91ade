package cache_test

import (
	"crypto/x509"
	"regexp"
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

// A LOTL makes the lists it names sources of their own, and a country whose list is
// not to be had is indeterminate alone.
func TestNationalListsFollowed(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.wantNoStatus("qeaa-diploma-de", w.Now, "indeterminate", "node_not_seeded", "anchor_list_unavailable")
	w.admitLOTL(verifytest.LOTLOptions{}, w.Now)
	var followed []string
	for _, src := range w.store.Sources() {
		followed = append(followed, src.Name+" "+src.URL)
	}
	want := []string{lotl + " " + w.LOTLURL(), tlName("DE") + " " + w.TLURL("DE"), tlName("NL") + " " + w.TLURL("NL")}
	if !slices.Equal(followed, want) {
		t.Errorf("followed %q, want %q", followed, want)
	}
	if w.store.View().Seeded() || len(w.store.NotReady(w.Now)) == 0 {
		t.Error("ready before its national lists were looked at")
	}
	w.admitTL("DE", verifytest.TLOptions{}, w.Now)
	w.store.Failed(artefact.NationalID(lotl, "NL"), w.Now, errTest)
	if lines := w.store.NotReady(w.Now); !w.store.View().Seeded() || len(lines) > 0 {
		t.Errorf("one country's failure keeps the node from being ready: %q", lines)
	}
	w.wantNoStatus("qeaa-diploma-de", w.Now, "valid")
	w.wantNoStatus("qeaa-diploma-nl", w.Now, "indeterminate", "anchor_list_unavailable")
	if got := w.info(tlName("NL"), w.Now); got.State != verify.Absent || got.Failure == nil || got.Source.Parent != lotl {
		t.Errorf("NL: %+v", got)
	}
	w.admitTL("NL", verifytest.TLOptions{}, w.Now)
	w.wantNoStatus("qeaa-diploma-nl", w.Now, "valid")
}

// A national list whose origin others look at, and of which nothing comes, keeps a node
// from being ready for a few seconds and no longer, and status lists from being asked for.
func TestNationalListLeftToOthers(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.admitLOTL(verifytest.LOTLOptions{}, w.Now)
	w.admitTL("DE", verifytest.TLOptions{}, w.Now)
	nl := artefact.NationalID(lotl, "NL")
	seeded := func(after time.Duration, awaited bool) {
		t.Helper()
		at := w.Now.Add(after)
		got := w.store.Left(nl, at)
		w.store.Tick(at)
		if got != awaited || w.store.Awaits() != awaited || w.store.View().Seeded() == awaited {
			t.Errorf("after %v: awaited %v and %v, seeded %v", after, got, w.store.Awaits(), w.store.View().Seeded())
		}
	}
	seeded(0, true)
	seeded(cache.LeftLong-time.Second, true)
	seeded(cache.LeftLong, false)
	seeded(cache.LeftLong+time.Second, false)
	if w.store.Left(artefact.NationalID(lotl, "DE"), w.Now) {
		t.Error("a list that is held is awaited")
	}
	w.wantNoStatus("qeaa-diploma-de", w.Now, "valid")
	w.wantNoStatus("qeaa-diploma-nl", w.Now, "indeterminate", "anchor_list_unavailable")
}

// Only the territories asked for are followed; a credential of another country
// cannot be judged.
func TestTerritories(t *testing.T) {
	w := realWorld(t, func(vw *verifytest.World, o *cache.Options) {
		src := lotlSource(vw)
		src.Territories = []string{"nl"}
		o.Sources = []cache.Source{src}
	})
	w.admitLOTL(verifytest.LOTLOptions{}, w.Now)
	w.admitTL("NL", verifytest.TLOptions{}, w.Now)
	w.refuse(artefact.TL, tlName("DE"), artefact.Peer, w.tl("DE", verifytest.TLOptions{}), w.Now, reason.ArtefactUnknown)
	w.wantNoStatus("qeaa-diploma-nl", w.Now, "valid")
	w.wantNoStatus("qeaa-diploma-de", w.Now, "indeterminate", "anchor_list_unavailable")
}

// When a newer LOTL names another signer, what the old one signed is in quarantine
// in the same View, until the new one signs or the old one is named again.
func TestSignerNoLongerNamed(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.loadNational(w.Now)
	successor := w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(1000*time.Hour))
	w.events = nil
	w.admitLOTL(verifytest.LOTLOptions{Sequence: 2, PointerSigners: map[string][]*verifytest.Key{"DE": {successor}}}, w.Now)
	w.wantNoStatus("qeaa-diploma-de", w.Now, "indeterminate", "anchor_list_unavailable")
	w.wantNoStatus("qeaa-diploma-nl", w.Now, "valid")
	if got := w.info(tlName("DE"), w.Now); got.State != cache.Quarantined || got.Refused[0].Code != reason.TrustListSignerUnknown {
		t.Errorf("DE: %s %+v", got.State, got.Refused)
	}
	if !slices.ContainsFunc(w.events, func(e cache.Event) bool { return e.Type == cache.ListRefused && e.List == tlName("DE") }) {
		t.Errorf("no event: %+v", w.events)
	}
	// The old signer is a stranger now, whatever it signs.
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("DE", verifytest.TLOptions{Sequence: 2}), w.Now, reason.TrustListSignerUnknown)
	w.admitTL("DE", verifytest.TLOptions{Sequence: 2, Signer: successor}, w.Now)
	w.wantNoStatus("qeaa-diploma-de", w.Now, "valid")

	// A country that vanishes, and comes back.
	w.admitLOTL(verifytest.LOTLOptions{Sequence: 3, Territories: []string{"NL"}}, w.Now)
	w.wantNoStatus("qeaa-diploma-de", w.Now, "indeterminate", "anchor_list_unavailable")
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("DE", verifytest.TLOptions{Sequence: 3, Signer: successor}), w.Now, reason.TrustListSignerUnknown)
	if slices.ContainsFunc(w.store.Sources(), func(s cache.Source) bool { return s.Name == tlName("DE") }) {
		t.Error("a list that nobody names is still followed")
	}
	w.admitLOTL(verifytest.LOTLOptions{Sequence: 4, PointerSigners: map[string][]*verifytest.Key{"DE": {successor}}}, w.Now)
	w.wantNoStatus("qeaa-diploma-de", w.Now, "valid")
}

// A national list may be late: stale from its next update, ended a week after, one
// second before and after each. The LOTL may not.
func TestNationalAges(t *testing.T) {
	const s = time.Second
	w := realWorld(t, func(vw *verifytest.World, o *cache.Options) {
		onlyLOTL(vw, o)
		o.StaleAfter, o.MaxStale = 300*day, 301*day // so that the list's own times decide
	})
	next := w.Now.Add(10 * day)
	w.admitLOTL(verifytest.LOTLOptions{NextUpdate: w.Now.Add(40 * day)}, w.Now)
	w.admitTL("DE", verifytest.TLOptions{NextUpdate: next}, w.Now)
	w.admitTL("NL", verifytest.TLOptions{NextUpdate: w.Now.Add(60 * day)}, w.Now)
	for _, c := range []struct {
		at    time.Time
		de    cache.State
		nl    cache.State
		lotl  cache.State
		codes []string
	}{
		{next.Add(-s), verify.Fresh, verify.Fresh, verify.Fresh, nil},
		{next, verify.Stale, verify.Fresh, verify.Fresh, nil},
		{next.Add(cache.NationalGrace - s), verify.Stale, verify.Fresh, verify.Fresh, nil},
		{next.Add(cache.NationalGrace), verify.Expired, verify.Fresh, verify.Fresh, []string{"anchor_list_stale"}},
		{w.Now.Add(40*day - s), verify.Expired, verify.Fresh, verify.Fresh, []string{"anchor_list_stale"}},
		{w.Now.Add(40 * day), verify.Expired, verify.Expired, verify.Expired, []string{"anchor_list_stale"}},
	} {
		for name, want := range map[string]cache.State{tlName("DE"): c.de, tlName("NL"): c.nl, lotl: c.lotl} {
			if got := w.info(name, c.at).State; got != want {
				t.Errorf("%s after %v: %s, want %s", name, c.at.Sub(w.Now), got, want)
			}
		}
		if c.codes == nil {
			w.wantNoStatus("qeaa-diploma-de", c.at, "valid")
		} else {
			w.wantNoStatus("qeaa-diploma-de", c.at, "indeterminate", c.codes...)
		}
	}
	w.store.Tick(next)
	w.store.Tick(next.Add(s))
	w.store.Tick(next.Add(cache.NationalGrace))
	told := 0
	for _, e := range w.events {
		if e.List == tlName("DE") && (e.Type == cache.ListStale || e.Type == cache.ListExpired) {
			told++
		}
	}
	if told != 2 {
		t.Errorf("%d events of two passages: %+v", told, w.events)
	}
}

// A national list that has ended already, or is closed, is held as what it is where
// nothing better is; it never takes the place of one that counts.
func TestEndedNationalList(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.admitLOTL(verifytest.LOTLOptions{}, w.Now)
	ended := verifytest.TLOptions{Issued: w.Now.Add(-30 * day), NextUpdate: w.Now.Add(-cache.NationalGrace)}
	w.admitTL("DE", ended, w.Now)
	w.admitTL("NL", verifytest.TLOptions{NoNextUpdate: true}, w.Now)
	for _, cc := range []string{"DE", "NL"} {
		if got := w.info(tlName(cc), w.Now); got.State != verify.Expired || got.List == nil {
			t.Errorf("%s: %s", cc, got.State)
		}
	}
	w.wantNoStatus("qeaa-diploma-de", w.Now, "indeterminate", "anchor_list_stale")
	w.wantNoStatus("qeaa-diploma-nl", w.Now, "indeterminate", "anchor_list_stale")
	// A closed list is for history, and nothing that anybody could mend.
	if got := w.store.Degraded(w.Now); len(got) == 0 || got[0] != "list "+tlName("DE")+" is expired" || slices.ContainsFunc(got[1:], func(l string) bool { return strings.HasPrefix(l, "list ") }) {
		t.Errorf("degraded: %q", got)
	}
	w.admitTL("DE", verifytest.TLOptions{Sequence: 2}, w.Now)
	w.wantNoStatus("qeaa-diploma-de", w.Now, "valid")
	ended.Sequence = 3
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("DE", ended), w.Now, reason.TrustListExpired)
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("DE", verifytest.TLOptions{Sequence: 3, NoNextUpdate: true}), w.Now, reason.TrustListExpired)
	w.wantNoStatus("qeaa-diploma-de", w.Now, "valid")
}

// A status that is announced before it starts counts from then on, and not a second
// before.
func TestStatusStartsLater(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.loadNational(w.Now)
	start := w.Now.Add(2 * time.Hour).UTC().Truncate(time.Second)
	later := regexp.MustCompile(`<StatusStartingTime>[^<]*`)
	w.admitTL("DE", verifytest.TLOptions{Sequence: 2, Mutate: func(xml string) string {
		return later.ReplaceAllString(xml, "<StatusStartingTime>"+start.Format(time.RFC3339))
	}}, w.Now)
	w.wantNoStatus("qeaa-diploma-de", start.Add(-time.Second), "invalid", "anchor_withdrawn")
	w.wantNoStatus("qeaa-diploma-de", start, "valid")
}

// A LOTL is refused when it has ended, and by every rule of its own.
func TestLOTLRefused(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.loadNational(w.Now)
	german, err := w.TLSigner("DE")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		about string
		o     verifytest.LOTLOptions
		want  reason.Code
	}{
		{"ended", verifytest.LOTLOptions{Issued: w.Now.Add(-day), NextUpdate: w.Now}, reason.TrustListExpired},
		{"from the future", verifytest.LOTLOptions{Issued: w.Now.Add(cache.ListSkew + time.Second)}, reason.TrustListNotYetValid},
		{"signed by a national signer that it names", verifytest.LOTLOptions{Signer: german}, reason.TrustListSignerUnknown},
		{"another notice", verifytest.LOTLOptions{OJ: "https://journal.example/2019/old"}, reason.TrustListOJMismatch},
		{"another place", verifytest.LOTLOptions{Location: "https://mirror.example/eu-lotl.xml"}, reason.TrustListLocationConflict},
		{"a pivot that nobody has", verifytest.LOTLOptions{Pivots: []string{w.ListBase + "/pivot-1.xml"}}, reason.TrustListPivotBroken},
		{"version 5", verifytest.LOTLOptions{Version: 5}, reason.TrustListVersionUnsupported},
		{"a jump", verifytest.LOTLOptions{Sequence: 2 + cache.MaxJump}, reason.TrustListSequenceJump},
	} {
		if c.o.Sequence == 0 {
			c.o.Sequence = 2
		}
		t.Run(c.about, func(t *testing.T) {
			w.t = t
			w.refuse(artefact.LOTL, lotl, artefact.Origin, w.lotl(c.o), w.Now, c.want)
			w.wantNoStatus("qeaa-diploma-de", w.Now, "valid")
		})
	}
	w.t = t
	if lists := w.store.Wanted(lotl); !slices.Equal(lists, []string{w.ListBase + "/pivot-1.xml"}) {
		t.Errorf("wanted %q", lists)
	}
	// Bytes of another country under a country's name.
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("NL", verifytest.TLOptions{Sequence: 2}), w.Now, reason.TrustListSignerUnknown)
	dutch, err := w.TLSigner("NL")
	if err != nil {
		t.Fatal(err)
	}
	w.admitLOTL(verifytest.LOTLOptions{Sequence: 2, PointerSigners: map[string][]*verifytest.Key{"DE": {german, dutch}}}, w.Now)
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("NL", verifytest.TLOptions{Sequence: 2}), w.Now, reason.TrustListWrongTerritory)
}

// Signers change through pivots: each is signed by a signer that the one before it
// names, and one named by no newer pivot has stopped counting.
func TestPivots(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	first, second, third := w.Operator, w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(day)), w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(day))
	url := func(n string) string { return w.ListBase + "/eu-lotl-pivot-" + n + ".xml" }
	pivot := func(seq uint64, signer *verifytest.Key, names []*verifytest.Key, chain ...string) []byte {
		return w.lotl(verifytest.LOTLOptions{Sequence: seq, Signer: signer, SelfSigners: names, Pivots: chain})
	}
	p2 := pivot(2, first, []*verifytest.Key{second}, url("2"))
	p4 := pivot(4, second, []*verifytest.Key{second, third}, url("4"), url("2"))
	chain := []string{url("4"), url("2")}
	list := w.lotl(verifytest.LOTLOptions{Sequence: 5, Signer: third, Pivots: chain})
	admit := func(n string, b []byte) error {
		_, err := w.store.Admit(artefact.Raw{ID: artefact.PivotID(lotl, url(n)), Door: artefact.Origin, Bytes: b, At: w.Now})
		return err
	}
	refuse := func(what string, err error, want reason.Code) {
		t.Helper()
		if reason.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	w.refuse(artefact.LOTL, lotl, artefact.Origin, list, w.Now, reason.TrustListPivotBroken)
	if got := w.store.Wanted(lotl); !slices.Equal(got, []string{url("2"), url("4")}) {
		t.Errorf("wanted %q, oldest first", got)
	}
	refuse("the newer before the older", admit("4", p4), reason.TrustListPivotBroken)
	refuse("under another URL", admit("3", p2), reason.TrustListPivotBroken)
	refuse("by a stranger", admit("2", pivot(2, second, []*verifytest.Key{second}, url("2"))), reason.TrustListPivotBroken)
	refuse("of a list without pivots", func() error {
		_, err := w.store.Admit(artefact.Raw{ID: artefact.PivotID(vical, url("2")), Bytes: p2, At: w.Now})
		return err
	}(), reason.ArtefactUnknown)
	refuse("the older", admit("2", p2), "")
	refuse("the newer", admit("4", p4), "")
	w.must(w.admit(artefact.LOTL, lotl, artefact.Origin, list, w.Now))
	if got := w.store.Wanted(lotl); len(got) != 0 {
		t.Errorf("still wanted: %q", got)
	}
	// The Journal's own signer was replaced, not joined.
	w.refuse(artefact.LOTL, lotl, artefact.Origin, w.lotl(verifytest.LOTLOptions{Sequence: 6, Signer: first, Pivots: chain}), w.Now, reason.TrustListSignerUnknown)
	// Nor does it come back by a list that leaves a pivot, or all of them, out.
	for _, fewer := range [][]string{nil, {url("2")}, {url("4")}} {
		w.refuse(artefact.LOTL, lotl, artefact.Origin, w.lotl(verifytest.LOTLOptions{Sequence: 6, Signer: first, Pivots: fewer}), w.Now, reason.TrustListPivotBroken)
	}
	// A release that is itself the newest pivot was signed under the one before it.
	p7 := pivot(7, second, []*verifytest.Key{third}, url("7"), url("4"), url("2"))
	refuse("the newest", admit("7", p7), "")
	w.must(w.admit(artefact.LOTL, lotl, artefact.Origin, p7, w.Now))
}

// A national list is followed as its LOTL is.
func TestSourcesWithDefaults(t *testing.T) {
	w := realWorld(t, func(vw *verifytest.World, o *cache.Options) {
		src := lotlSource(vw)
		src.NationalRefresh, src.Signers = time.Minute, []*x509.Certificate{vw.Operator.Cert}
		o.Sources = []cache.Source{src}
	})
	w.admitLOTL(verifytest.LOTLOptions{}, w.Now)
	for _, src := range w.store.Sources() {
		if src.Type == artefact.TL && (src.Refresh != time.Minute || src.MaxStale != 7*day || len(src.Signers) != 1) {
			t.Errorf("%+v", src)
		}
	}
}
