package cache_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// The EU's lists as they were published, in two generations.
type generation struct {
	folder, lotl string
	signers      string
	oj           string
	at           time.Time
	want         map[string]expected // by territory
}

// expected is what becomes of a national list: the version and sequence its README
// names, and a state or the code of a refusal.
type expected struct {
	version  int
	sequence uint64
	state    cache.State
	code     reason.Code
}

const lotlLocation = "https://ec.europa.eu/tools/lotl/eu-lotl.xml"

func generations() []generation {
	fresh := func(version int, sequence uint64) expected { return expected{version, sequence, verify.Fresh, ""} }
	return []generation{
		{
			folder: "2026-08", lotl: "eu-lotl-390.xml.gz", signers: "oj-C-2026-1944-signers.pem",
			oj: "https://eur-lex.europa.eu/eli/C/2026/1944/oj", at: time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC),
			want: map[string]expected{
				"AT": fresh(5, 72), "BE": fresh(6, 81), "BG": fresh(6, 64), "CY": fresh(6, 53), "CZ": fresh(6, 181), "DK": fresh(6, 45),
				"EE": fresh(6, 73), "GR": fresh(6, 85), "ES": fresh(5, 184), "FI": fresh(6, 54), "FR": fresh(5, 174), "IE": fresh(5, 39),
				"IS": fresh(6, 39), "LT": fresh(6, 90), "LU": fresh(6, 66), "MT": fresh(6, 55), "PT": fresh(6, 112), "RO": fresh(6, 83), "SE": fresh(6, 62),
				"NL": {5, 76, verify.Expired, ""},                          // eleven days past its next update
				"UK": {6, 25, verify.Expired, ""},                          // closed: a historical list
				"HR": {0, 0, verify.Absent, reason.TrustListSignerUnknown}, // an old copy, by a signer that is no longer named
			},
		},
		{
			folder: "2019-09", lotl: "eu-lotl-248.xml.gz", signers: "oj-C-2019-276-signers.pem",
			oj: "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2019.276.01.0001.01.ENG", at: time.Date(2019, 9, 10, 0, 0, 0, 0, time.UTC),
			want: map[string]expected{
				"BE": fresh(5, 43), "AT": fresh(5, 42), "DK": fresh(5, 22), "GR": fresh(5, 42), "FI": fresh(5, 32), "LU": fresh(5, 37),
				"LI": fresh(5, 30), "CZ": fresh(5, 77), "UK": fresh(5, 20),
			},
		},
	}
}

func corpus(t testing.TB, name ...string) []byte {
	t.Helper()
	return vectortest.Read(t, "trustlists-ts119612", name...)
}

// TestRealLists takes the real lists of the EU into a store that pins the Journal's
// signers: each comes out as its README says, and only the countries whose list is
// not to be had, or not good, are indeterminate.
func TestRealLists(t *testing.T) {
	for _, g := range generations() {
		t.Run(g.folder, func(t *testing.T) {
			s := cache.New(cache.Options{Sources: []cache.Source{{
				Name: lotl, Type: artefact.LOTL, URL: lotlLocation, OJ: g.oj, Signers: vectortest.Certificates(t, "trustlists-ts119612", g.folder, g.signers),
			}}}, g.at)
			admit := func(id artefact.ID, b []byte) error {
				_, err := s.Admit(artefact.Raw{ID: id, Door: artefact.Origin, Bytes: b, At: g.at})
				return err
			}
			if err := admit(artefact.ID{Kind: artefact.LOTL, Name: lotl}, corpus(t, g.folder, g.lotl)); err != nil {
				t.Fatal(err)
			}
			for cc, want := range g.want {
				file := "TL-" + cc + ".xml.gz"
				if cc == "GR" {
					file = "TL-EL.xml.gz"
				}
				if err := admit(artefact.NationalID(lotl, cc), corpus(t, g.folder, file)); reason.CodeOf(err) != want.code {
					t.Errorf("%s: %v, want %q", cc, err, want.code)
				}
			}
			named := 0
			for _, in := range s.Lists(g.at) {
				cc := in.Source.Territory
				want, shared := g.want[cc]
				switch {
				case in.Source.Type == artefact.LOTL:
					continue
				case !shared: // named by the LOTL, not in the corpus: looked for in vain
					s.Failed(in.Source.ID(), g.at, errTest)
					want = expected{state: verify.Absent}
				}
				named++
				if in.State != want.state || in.Ref.Version != want.sequence || in.List != nil && in.List.Version != want.version {
					t.Errorf("%s: %s, sequence %d, want %+v", cc, in.State, in.Ref.Version, want)
				}
			}
			if named < len(g.want) {
				t.Errorf("%d national lists are followed, %d in the corpus", named, len(g.want))
			}
			if why := s.NotReady(g.at); len(why) > 0 || !s.View().Seeded() {
				t.Errorf("not ready: %q", why)
			}
			t.Logf("clock %s\n%s", g.at.Format(time.RFC3339), table(s.Lists(g.at)))
		})
	}
}

// table is what an operator sees of the lists.
func table(lists []cache.Info) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TERRITORY\tVERSION\tSEQUENCE\tSTATE\tSERVICES\tANCHORS BY KIND\tUNSUPPORTED CERTIFICATES\tREFUSED")
	for _, in := range lists {
		version, services, kinds, unsupported, refused := 0, 0, map[trustlist.Kind]int{}, 0, ""
		if in.List != nil {
			version, services, unsupported = in.List.Version, in.List.Services, len(in.List.Skipped)
			for _, a := range in.List.Anchors {
				kinds[a.Kind]++
			}
		}
		for _, r := range in.Refused {
			refused = string(r.Code)
		}
		cc := in.Source.Territory
		if in.Source.Type == artefact.LOTL {
			cc = "EU (LOTL)"
		}
		var byKind []string
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			byKind = append(byKind, fmt.Sprintf("%s %d", k, kinds[k]))
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\t%s\t%d\t%s\n", cc, version, in.Ref.Version, in.State, services, strings.Join(byKind, ", "), unsupported, refused)
	}
	_ = w.Flush()
	return b.String()
}

// TestRealPivots follows the real chain of pivots from the Journal's set of 2019
// to a release that is itself the newest pivot, and finds it again on disk.
func TestRealPivots(t *testing.T) {
	at := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	g := generations()[1]
	url := func(n string) string { return "https://ec.europa.eu/tools/lotl/eu-lotl-pivot-" + n + ".xml" }
	bytesOf := func(n string) []byte { return corpus(t, "pivots-real", "eu-lotl-pivot-"+n+".xml.gz") }
	signers := vectortest.Certificates(t, "trustlists-ts119612", g.folder, g.signers)
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) {
		o.Sources = []cache.Source{{Name: lotl, Type: artefact.LOTL, URL: lotlLocation, OJ: g.oj, Signers: signers, AllowVersion5: true}}
	})
	k.fs = disktest.New()
	k.start(at)
	admit := func(id artefact.ID, b []byte) reason.Code {
		_, err := k.store.Admit(artefact.Raw{ID: id, Door: artefact.Origin, Bytes: b, At: at})
		return reason.CodeOf(err)
	}
	list := artefact.ID{Kind: artefact.LOTL, Name: lotl}
	chain := []string{"282", "300", "335", "341"}
	if got := admit(list, bytesOf("341")); got != reason.TrustListPivotBroken {
		t.Fatalf("without its pivots: %q", got)
	}
	if got := k.store.Wanted(lotl); !slices.Equal(got, []string{url("282"), url("300"), url("335"), url("341")}) {
		t.Fatalf("wanted %q", got)
	}
	if got := admit(artefact.PivotID(lotl, url("335")), bytesOf("335")); got != reason.TrustListPivotBroken {
		t.Errorf("a pivot before the older ones: %q", got)
	}
	for i, n := range chain {
		if got := admit(list, bytesOf("341")); got != reason.TrustListPivotBroken {
			t.Errorf("with %d of %d pivots: %q", i, len(chain), got)
		}
		if got := admit(artefact.PivotID(lotl, url(n)), bytesOf(n)); got != "" {
			t.Fatalf("pivot %s: %q", n, got)
		}
	}
	if got := admit(list, bytesOf("341")); got != "" {
		t.Fatalf("with all its pivots: %q", got)
	}
	k.fs = k.fs.Restart()
	k.start(at.Add(time.Hour))
	if got := k.info(lotl, at.Add(time.Hour)); got.List == nil || got.Ref.Version != 341 || got.Door != artefact.Disk {
		t.Errorf("after a restart: %+v", got)
	}
}
