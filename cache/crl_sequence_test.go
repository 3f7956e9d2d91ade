package cache_test

import (
	"bytes"
	"fmt"
	"math/big"
	"testing"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Two lists with one number each count, however often and in whatever order they
// come again; a higher number ends it.
func TestCRLSameNumber(t *testing.T) {
	w := loaded(t, nil)
	de := w.PID("DE")
	number := func(n int64) verifytest.CRLOptions { return verifytest.CRLOptions{Number: big.NewInt(n)} }
	empty := w.crl(de.CRL(), number(7))
	de.CRL().Revoke(de.Signer.Cert)
	full := w.crl(de.CRL(), number(7))
	w.events = nil
	w.must(w.admit(artefact.CRL, de.CRL().URL, artefact.Origin, empty, w.Now))
	w.must(w.admit(artefact.CRL, de.CRL().URL, artefact.Origin, full, w.Now))
	if n := count(w.events, cache.Equivocation); n != 1 {
		t.Errorf("%d equivocations told", n)
	}
	for i, again := range [][]byte{full, empty, empty, full, full, empty} {
		out := w.must(w.admit(artefact.CRL, de.CRL().URL, artefact.Peer, again, w.Now))
		if held := w.store.View().CRLs(crl.IssuerOf(de.CA.Cert)).Lists; !out.Unchanged || len(held) != 2 || !w.crlSays(de.CA, de.Signer) {
			t.Fatalf("look %d: unchanged %v, %d lists held", i, out.Unchanged, len(held))
		}
	}
	v, codes := w.noStatus("sdjwt-pid-de", w.Now)
	wantVerdict(t, "revoked in one", v, codes, verify.Invalid, reason.ChainRevoked)
	w.refuse(artefact.CRL, de.CRL().URL, artefact.Peer, w.crl(de.CRL(), number(6)), w.Now, reason.CRLRollback)
	w.must(w.admit(artefact.CRL, de.CRL().URL, artefact.Origin, w.crl(de.CRL(), number(8)), w.Now))
	if held := w.store.View().CRLs(crl.IssuerOf(de.CA.Cert)).Lists; len(held) != 1 {
		t.Errorf("%d lists after a higher number", len(held))
	}
}

// There is an end to the lists of one number.
func TestCRLSameNumberBounded(t *testing.T) {
	w := loaded(t, nil)
	de := w.PID("DE")
	for i := range cache.MaxSameTime + 1 {
		k, err := verifytest.Certify(de.CertOptions(w.Now, fmt.Sprint("Signer ", i), de.CA))
		if err != nil {
			t.Fatal(err)
		}
		de.CRL().Revoke(k.Cert)
		b := w.crl(de.CRL(), verifytest.CRLOptions{Number: big.NewInt(9)})
		if i < cache.MaxSameTime {
			w.must(w.admit(artefact.CRL, de.CRL().URL, artefact.Origin, b, w.Now))
		} else {
			w.refuse(artefact.CRL, de.CRL().URL, artefact.Origin, b, w.Now, reason.CRLRollback)
		}
	}
}

// Of two signatures over one list the lower digest is kept, whatever the order.
func TestCRLResigned(t *testing.T) {
	w := loaded(t, nil)
	de := w.PID("DE")
	a := w.crl(de.CRL(), verifytest.CRLOptions{Number: big.NewInt(7)})
	b := w.crl(de.CRL(), verifytest.CRLOptions{Number: big.NewInt(7)})
	x, y := artefact.Sum(a), artefact.Sum(b)
	lower := x
	if bytes.Compare(y[:], x[:]) < 0 {
		lower = y
	}
	for _, order := range [][][]byte{{a, b}, {b, a}, {a, b, a}} {
		w := *w
		w.store = cache.New(w.crlOptions(), w.Now)
		w.admitList("pid", verifytest.ListOptions{}, w.Now)
		w.followCRL(de)
		for i, der := range order {
			if out := w.must(w.admit(artefact.CRL, de.CRL().URL, artefact.Origin, der, w.Now)); out.Unchanged != (i > 0) {
				t.Errorf("list %d: unchanged %v", i, out.Unchanged)
			}
		}
		if k, _ := w.keptInfo(crlID(de.CRL().URL)); k.CRL == nil || k.CRL.SHA256 != lower {
			t.Error("not the lower digest")
		}
	}
}

func (w *world) crlOptions() cache.Options {
	o := w.options()
	o.Permit = func(artefact.ID) bool { return true }
	return o
}

// followCRL has the revocation list of an authority's CA followed.
func (w *world) followCRL(a *verifytest.Authority) {
	w.t.Helper()
	w.store.Discover([]verify.Lacking{{URI: a.CRL().URL, Anchor: w.under(a), Issuer: a.CA.Cert}})
	w.store.FollowFound(w.Now)
}

// Several authorities may publish under one URL, as many as there is room for; each
// has a list of its own there, and none counts as another's contradiction.
func TestCRLSeveralIssuers(t *testing.T) {
	w := loaded(t, nil)
	const url = "https://crl.example/shared.crl"
	crowd := w.crowd("SE", cache.MaxPerCRL)
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: append(w.Authorities(), crowd...)}, w.Now)
	for i, a := range crowd {
		w.store.Discover([]verify.Lacking{{URI: url, Anchor: w.under(a), Issuer: a.CA.Cert}})
		w.store.FollowFound(w.Now)
		b := w.crl(w.PID("DE").CRL(), verifytest.CRLOptions{Number: big.NewInt(int64(i) + 1), Issuer: a.CA, Signer: a.CA})
		w.must(w.admit(artefact.CRL, url, artefact.Origin, b, w.Now))
	}
	for _, a := range crowd {
		if n := len(w.store.View().CRLs(crl.IssuerOf(a.CA.Cert)).Lists); n != 1 {
			t.Errorf("%s: %d lists", a.ID, n)
		}
	}
	w.store.Discover([]verify.Lacking{{URI: url, Anchor: w.under(w.PID("DE")), Issuer: w.PID("DE").CA.Cert}})
	w.store.FollowFound(w.Now)
	w.refuse(artefact.CRL, url, artefact.Origin, w.crl(w.PID("DE").CRL(), verifytest.CRLOptions{Number: big.NewInt(99)}), w.Now, reason.CRLIssuerMismatch)
}
