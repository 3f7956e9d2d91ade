package verify_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

var crlModes = []verify.Mode{verify.Required, verify.BestEffort, verify.Skip}

// checkCRL verifies under each mode. code is what required says, "" nothing; it is
// what best_effort says, too, and a warning if it tells of what is not known. quiet:
// best_effort says nothing.
func (w *world) checkCRL(t *testing.T, name string, req *verify.Request, at time.Time, code reason.Code, quiet bool) {
	t.Helper()
	for _, mode := range crlModes {
		req.Policy.CRL = mode
		res := w.verifier.Verify(w.store.View(), req, at)
		assertSettled(t, res)
		var reasons, warns []reason.Code
		switch e, _ := reason.Lookup(code); {
		case code == "" || mode == verify.Skip:
		case mode == verify.Required || e.Verdict == verify.Invalid:
			reasons = []reason.Code{code}
		case !quiet:
			warns = []reason.Code{code}
		}
		var got []reason.Code
		for _, c := range res.Credentials[0].Warnings {
			got = append(got, c.Code)
		}
		if !equal(codes(res), reasons) || !equal(got, warns) {
			t.Errorf("%s under %s: %q and warnings %q, want %q and %q", name, mode, codes(res), got, reasons, warns)
		}
	}
}

// TestCRLPolicy: what is known of the issuer's certificate, under each mode
// (credentials 6).
func TestCRLPolicy(t *testing.T) {
	w := commonWorld(t)
	de := w.PID("DE")
	signer := func(change func(*verifytest.CertOptions)) *verifytest.Key {
		o := de.CertOptions(w.now, "Signer", de.CA)
		change(&o)
		return must(verifytest.Certify(o))(t)
	}
	const week = 7 * 24 * time.Hour
	from := w.now.Truncate(time.Second).Add(-time.Hour)
	life := func(d time.Duration) *verifytest.Key {
		return signer(func(o *verifytest.CertOptions) { o.NotBefore, o.NotAfter = from, from.Add(d) })
	}
	nowhere := signer(func(o *verifytest.CertOptions) { o.CRL = "" })
	says := func(oid ...int) *verifytest.Key {
		return signer(func(o *verifytest.CertOptions) {
			o.Edit = func(c *x509.Certificate) {
				c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oid, Value: []byte{5, 0}})
			}
		})
	}
	noRevAvail, shortTerm := says(2, 5, 29, 56), says(0, 4, 0, 194121, 2, 1)
	week1, week2 := life(week), life(week+time.Second)
	all := []*verifytest.Key{nowhere, noRevAvail, shortTerm, week1, week2}

	end := w.now.Truncate(time.Second).Add(10 * time.Second)
	list := func(revoked ...*verifytest.Key) []byte {
		l := de.CA.CRL(de.CRL().URL)
		for _, k := range revoked {
			l.Revoke(k.Cert)
		}
		return must(l.Sign(w.now, verifytest.CRLOptions{NextUpdate: end}))(t)
	}
	for _, c := range []struct {
		name   string
		signer *verifytest.Key
		list   []byte // nil: none is held
		at     time.Time
		code   reason.Code
		quiet  bool
	}{
		{"no list", de.Signer, nil, w.now, reason.CRLUnavailable, false},
		{"a list", de.Signer, list(), w.now, "", false},
		{"another is listed", de.Signer, list(nowhere), w.now, "", false},
		{"a list at its end", de.Signer, list(), end, "", false},
		{"a list a second later", de.Signer, list(), end.Add(time.Second), reason.CRLExpired, false},
		{"revoked", de.Signer, list(de.Signer), w.now, reason.ChainRevoked, false},
		{"revoked in a list that is late", de.Signer, list(de.Signer), end.Add(time.Second), reason.ChainRevoked, false},
		{"names no list, none held", nowhere, nil, w.now, reason.CRLUnavailable, true},
		{"names no list, one held", nowhere, list(), w.now, "", false},
		{"names no list, a late one held", nowhere, list(), end.Add(time.Second), reason.CRLExpired, true},
		{"names no list and is revoked", nowhere, list(all...), w.now, reason.ChainRevoked, false},
		{"a week's certificate", week1, nil, w.now, "", false},
		{"a week's certificate, a late list", week1, list(), end.Add(time.Second), "", false},
		{"a week's certificate, revoked", week1, list(all...), w.now, reason.ChainRevoked, false},
		{"a second more", week2, nil, w.now, reason.CRLUnavailable, false},
		{"noRevAvail", noRevAvail, nil, w.now, "", false},
		{"noRevAvail, revoked", noRevAvail, list(all...), w.now, reason.ChainRevoked, false},
		{"validity-assured short term", shortTerm, nil, w.now, "", false},
	} {
		w := w.emptied(t)
		if c.list != nil {
			w.admit(t, artefact.CRL, de.CRL().URL, artefact.Origin, c.list)
		}
		req := sd{issue: func(o *verifytest.SDJWTOptions) { o.Signer = c.signer }, request: func(r *verify.Request) {
			r.Policy.Status = verify.Skip
		}}.build(t, w)
		w.checkCRL(t, c.name, req, c.at, c.code, c.quiet)
	}
}

// hierarchy is an authority with an intermediate CA under an anchor of a local bundle.
type hierarchy struct {
	root, inter, leaf *verifytest.Key
	rootCRL, interCRL *verifytest.CRL
}

// hierarchical replaces the world's store by one that trusts a hierarchy's root.
func hierarchical(t *testing.T) (*world, *hierarchy) {
	t.Helper()
	w := commonWorld(t).emptied(t)
	h := new(hierarchy)
	a := w.EAA()
	certify := func(role string, issuer *verifytest.Key, pathLen int, crl string) *verifytest.Key {
		o := a.CertOptions(w.now, role, issuer)
		o.CA, o.PathLen, o.CRL = pathLen >= 0, pathLen, crl
		return must(verifytest.Certify(o))(t)
	}
	const rootURL, interURL = "https://crl.example/root", "https://crl.example/inter"
	h.root = certify("Root", nil, 1, rootURL)
	h.inter = certify("Intermediate", h.root, 0, rootURL)
	h.leaf = certify("Signer", h.inter, -1, interURL)
	h.rootCRL, h.interCRL = h.root.CRL(rootURL), h.inter.CRL(interURL)
	w.store = cache.New(cache.Options{
		UnsafeTestAnchors: true, Permit: func(artefact.ID) bool { return true },
		Sources: []cache.Source{{
			Name: "lab", Type: artefact.Anchors, Kind: trustlist.KindEAA, Types: a.Types, Territory: "DE",
			Purposes: []trustlist.Purpose{trustlist.Issuance, trustlist.Revocation},
		}},
	}, w.now)
	w.admit(t, artefact.Anchors, "lab", artefact.File, h.root.PEM())
	return w, h
}

func (h *hierarchy) credential() sd {
	return sd{by: "eaa", typ: verifytest.TypeMembership, issue: func(o *verifytest.SDJWTOptions) {
		o.Signer = h.leaf
		o.Chain = [][]byte{h.leaf.Cert.Raw, h.inter.Cert.Raw}
	}, request: func(r *verify.Request) { r.Policy.Status = verify.Skip }}
}

// TestCRLOfEachCertificate: every certificate below the anchor is looked for in its
// own issuer's list, and a revoked intermediate ends what is under it.
func TestCRLOfEachCertificate(t *testing.T) {
	w, h := hierarchical(t)
	req := h.credential().build(t, w)
	w.checkCRL(t, "no list", req, w.now, reason.CRLUnavailable, false)
	req.Policy.CRL = verify.Required
	w.follow(w.verify(req))
	publish := func(l *verifytest.CRL) {
		t.Helper()
		w.now = w.now.Add(time.Second)
		w.admit(t, artefact.CRL, l.URL, artefact.Origin, must(l.Publish(w.now))(t))
	}
	publish(h.rootCRL)
	w.checkCRL(t, "the root's alone", req, w.now, reason.CRLUnavailable, false)
	publish(h.interCRL)
	w.checkCRL(t, "both", req, w.now, "", false)
	// One list knows nothing of the other's certificates.
	h.interCRL.Revoke(h.inter.Cert)
	h.rootCRL.Revoke(h.leaf.Cert)
	publish(h.interCRL)
	publish(h.rootCRL)
	w.checkCRL(t, "listed by the wrong authority", req, w.now, "", false)
	h.rootCRL.Revoke(h.inter.Cert)
	publish(h.rootCRL)
	w.checkCRL(t, "intermediate revoked", req, w.now, reason.ChainRevoked, false)
}

// TestCRLBeforeSignature: revocation of the chain comes before the issuer's signature,
// which comes before what a credential says of its status.
func TestCRLBeforeSignature(t *testing.T) {
	w := commonWorld(t).emptied(t)
	de := w.PID("DE")
	damaged := func(signer *verifytest.Key, status *verifytest.Ref) *verify.Request {
		req := issued(func(o *verifytest.SDJWTOptions) { o.Signer, o.Status = signer, status }).build(t, w)
		jws, rest, _ := strings.Cut(req.VPToken[queryID][0], "~")
		req.VPToken[queryID][0] = verifytest.DamageSignature(jws) + "~" + rest
		return req
	}
	unknown := &verifytest.Ref{URI: "https://status.example/unheard-of", Index: 1}
	req := damaged(de.RevokedSigner, unknown)
	if got := codes(w.verify(req)); !equal(got, []reason.Code{reason.IssuerSignatureInvalid}) {
		t.Errorf("before the list came: %q", got)
	}
	w.loadCRLs(t)
	if got := codes(w.verify(req)); !equal(got, []reason.Code{reason.ChainRevoked}) {
		t.Errorf("revoked signer: %q", got)
	}
	res := w.verify(damaged(de.Signer, unknown))
	if !equal(codes(res), []reason.Code{reason.IssuerSignatureInvalid}) || res.Credentials[0].Status != nil || len(res.Lacking) > 0 {
		t.Errorf("bad signature: %q, status %+v, lacking %d", codes(res), res.Credentials[0].Status, len(res.Lacking))
	}
}
