package verify_test

import (
	"testing"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A CA that changed its key stands in the list twice under one name. A leaf that
// does not say which key signed it leads to the right one all the same.
func TestNamesakes(t *testing.T) {
	w := newWorld(t, verify.Options{})
	de := w.PID("DE")
	var bundle []byte
	var last *verifytest.Key
	for range 3 {
		o := de.CertOptions(w.now, "CA", nil)
		key, err := verifytest.Certify(o)
		if err != nil {
			t.Fatal(err)
		}
		bundle, last = append(bundle, key.PEM()...), key
	}
	w.store = cache.New(cache.Options{UnsafeTestAnchors: true, Sources: []cache.Source{{
		Name: "lab", Type: artefact.Anchors, Kind: trustlist.KindPID, Purposes: []trustlist.Purpose{trustlist.Issuance}, Territory: "DE",
	}}}, w.now)
	w.admit(t, artefact.Anchors, "lab", artefact.File, bundle)

	// Without the CA's key identifier at hand the leaf gets no authority key
	// identifier.
	anonymous := *last.Cert
	anonymous.SubjectKeyId = nil
	signer, err := verifytest.Certify(de.CertOptions(w.now, "Signer", &verifytest.Key{Cert: &anonymous, Private: last.Private}))
	if err != nil {
		t.Fatal(err)
	}
	if len(signer.Cert.AuthorityKeyId) > 0 {
		t.Fatal("the leaf says which key signed it")
	}
	o, err := w.SDJWT(de, "urn:eudi:pid:de:1", w.now)
	if err != nil {
		t.Fatal(err)
	}
	o.Signer = signer
	cred, err := de.IssueSDJWT(o)
	if err != nil {
		t.Fatal(err)
	}
	_, req := w.make(t, "short-lived", verifytest.Context{})
	req.Policy.Status = verify.Skip
	req.VPToken[soleID(req)][0], err = cred.Present(verifytest.Presentation{Nonce: req.Nonce, Audience: req.ClientID, IssuedAt: w.now})
	if err != nil {
		t.Fatal(err)
	}
	if res := w.verify(req); res.Verdict != verify.Valid {
		t.Errorf("%s %v", res.Verdict, codes(res))
	}
}
