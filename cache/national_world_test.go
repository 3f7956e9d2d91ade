package cache_test

import (
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const (
	lotl  = "eu-lotl"
	vical = "us-vical"
)

// lotlSource follows the World's LOTL, as the operator pinned it.
func lotlSource(w *verifytest.World) cache.Source {
	return cache.Source{
		Name: lotl, Type: artefact.LOTL, URL: w.LOTLURL(), Signers: []*x509.Certificate{w.Operator.Cert}, OJ: verifytest.OfficialJournal,
	}
}

func vicalSource(w *verifytest.World) cache.Source {
	return cache.Source{
		Name: vical, Type: artefact.VICAL, URL: "https://vical.example/vc", Signers: []*x509.Certificate{w.VICALRoot().Cert},
	}
}

// realWorld is a world whose store follows the LOTL and the VICAL, too.
func realWorld(t testing.TB, change func(*verifytest.World, *cache.Options)) *world {
	t.Helper()
	return newWorld(t, func(w *verifytest.World, o *cache.Options) {
		o.Sources = append(o.Sources, lotlSource(w), vicalSource(w))
		if change != nil {
			change(w, o)
		}
	})
}

// onlyLOTL leaves the store nothing but the LOTL to follow.
func onlyLOTL(w *verifytest.World, o *cache.Options) { o.Sources = []cache.Source{lotlSource(w)} }

func (w *world) lotl(o verifytest.LOTLOptions) []byte {
	w.t.Helper()
	b, err := w.LOTL(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) tl(cc string, o verifytest.TLOptions) []byte {
	w.t.Helper()
	b, err := w.TL(cc, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) vical(o verifytest.VICALOptions) []byte {
	w.t.Helper()
	b, err := w.VICAL(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) admitLOTL(o verifytest.LOTLOptions, at time.Time) cache.Outcome {
	w.t.Helper()
	return w.must(w.admit(artefact.LOTL, lotl, artefact.Origin, w.lotl(o), at))
}

// tlName is the name of a national list.
func tlName(cc string) string { return artefact.NationalID(lotl, cc).Name }

func (w *world) admitTL(cc string, o verifytest.TLOptions, at time.Time) cache.Outcome {
	w.t.Helper()
	return w.must(w.admit(artefact.TL, tlName(cc), artefact.Origin, w.tl(cc, o), at))
}

func (w *world) admitVICAL(o verifytest.VICALOptions, at time.Time) cache.Outcome {
	w.t.Helper()
	return w.must(w.admit(artefact.VICAL, vical, artefact.Origin, w.vical(o), at))
}

// loadNational admits the LOTL and the lists of both countries.
func (w *world) loadNational(at time.Time) {
	w.t.Helper()
	w.admitLOTL(verifytest.LOTLOptions{}, at)
	w.admitTL("DE", verifytest.TLOptions{}, at)
	w.admitTL("NL", verifytest.TLOptions{}, at)
}

func (w *world) wantNoStatus(sample string, at time.Time, want string, code ...string) {
	w.t.Helper()
	v, codes := w.noStatus(sample, at)
	got := make([]string, len(codes))
	for i, c := range codes {
		got[i] = string(c)
	}
	if string(v) != want || !slices.Equal(got, code) {
		w.t.Errorf("%s: %s %v, want %s %v", sample, v, got, want, code)
	}
}

var errTest = errors.New("the origin answered 503 Service Unavailable")
