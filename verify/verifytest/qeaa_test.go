package verifytest_test

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// readTL reads a national list of a World as a node would that has its LOTL.
func readTL(t *testing.T, w *verifytest.World, territory string, o verifytest.TLOptions) *trustlist.List {
	t.Helper()
	parse := func(b []byte, err error) *etsitl.Unverified {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		u, err := etsitl.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	lotl, err := parse(w.LOTL(verifytest.LOTLOptions{})).VerifyLOTL([]*x509.Certificate{w.Operator.Cert},
		etsitl.LOTLOptions{Location: w.LOTLURL(), OJ: verifytest.OfficialJournal})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(lotl.List().Pointers, func(p trustlist.Pointer) bool { return p.Territory == territory })
	if at < 0 {
		t.Fatalf("the LOTL names no list of %s", territory)
	}
	tl, err := parse(w.TL(territory, o)).VerifyNational(etsitl.NationalOptions{Pointer: lotl.List().Pointers[at]})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*trustlist.List{lotl.List(), tl.List()} {
		if len(l.Warnings) > 0 || len(l.Skipped) > 0 {
			t.Errorf("%s: warnings %q, skipped %v", l.Format, l.Warnings, l.Skipped)
		}
	}
	return tl.List()
}

// loadOne loads the status list of a credential.
func (v *view) loadOne(t *testing.T, w *verifytest.World, uri string, now time.Time) {
	t.Helper()
	b, _, ok, err := w.StatusToken(uri, now)
	if err != nil || !ok {
		t.Fatal(uri, ok, err)
	}
	u, err := statuslist.ParseJWT(string(b))
	if err != nil {
		t.Fatal(err)
	}
	ders, err := u.Chain()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := verify.StatusSigner(v, ders, now)
	if err != nil {
		t.Fatal(err)
	}
	token, err := u.Verify(signer.Leaf.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	v.status[uri] = verify.StatusSlot{Tokens: []*verify.StatusToken{{StatusSignature: signer, Token: token, SHA256: sha256.Sum256(b)}}}
}

// TestQEAA: a diploma is good at a node that holds its provider's trusted list, can
// be revoked, and is by somebody unknown where the list does not name the provider.
func TestQEAA(t *testing.T) {
	w := world(t, now)
	verifier, err := verify.New(verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for sample, territory := range map[string]string{"qeaa-diploma-de": "DE", "qeaa-diploma-nl": "NL"} {
		t.Run(sample, func(t *testing.T) {
			m, err := w.Make(sample, verifytest.Context{}, now)
			if err != nil {
				t.Fatal(err)
			}
			v := &view{lists: make(map[trustlist.Kind][]*verify.List), status: make(map[string]verify.StatusSlot), crls: make(map[crl.IssuerID]verify.CRLSlot)}
			v.add(trustlist.KindQEAA, "eu-lotl:"+territory, readTL(t, w, territory, verifytest.TLOptions{}))
			v.loadOne(t, w, m.Status.URI, now)
			v.loadCRLs(t, w, now)
			res := verifier.Verify(v, request(m), now)
			checkOutcome(t, m.Sample, res)

			if uri, ok := w.Revoke(sample); !ok || uri != m.Status.URI {
				t.Fatal(uri, ok)
			}
			later := now.Add(time.Minute)
			v.loadOne(t, w, m.Status.URI, later)
			m.Sample.Verdict, m.Sample.Codes = reason.Invalid, []reason.Code{reason.StatusRevoked}
			checkOutcome(t, m.Sample, verifier.Verify(v, request(m), later))

			v.trusted, v.lists = nil, make(map[trustlist.Kind][]*verify.List)
			v.add(trustlist.KindQEAA, "eu-lotl:"+territory, readTL(t, w, territory, verifytest.TLOptions{Without: []string{w.QEAA(territory).ID}}))
			m.Sample.Codes = []reason.Code{reason.AnchorNotFound}
			checkOutcome(t, m.Sample, verifier.Verify(v, request(m), later))
		})
	}
}

// TestTrustedAuthorities: those of trusted lists are found by their ids, are no
// authorities of other lists, and bear the mark.
func TestTrustedAuthorities(t *testing.T) {
	w := world(t, now)
	for _, id := range []string{"qeaa-de", "qeaa-nl", "tl-eaa-de"} {
		a := w.Authority(id)
		if a == nil || slices.Contains(w.Authorities(), a) || !trustlist.IsTest(a.CA.Cert) || !trustlist.IsTest(a.Signer.Cert) {
			t.Errorf("%s: %+v", id, a)
		}
	}
	if w.QEAA("FR") != nil || w.QEAA("NL") != w.Authority("qeaa-nl") {
		t.Error("QEAA of a country")
	}
	one, err := w.TLSigner("DE")
	if err != nil {
		t.Fatal(err)
	}
	if two, err := w.TLSigner("DE"); err != nil || one != two || !trustlist.IsTest(one.Cert) {
		t.Error("the signer of a list is another one each time, or not marked")
	}
}
