package verify_test

import (
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestGreece: EL of the Commission's lists and GR of certificates are one country.
func TestGreece(t *testing.T) {
	w := bareWorld(t, verify.Options{})
	a := w.PID("DE")
	certify := func(role, country string, issuer *verifytest.Key) *verifytest.Key {
		o := a.CertOptions(w.now, role, issuer)
		o.Subject = pkix.Name{Country: []string{country}, CommonName: role}
		return must(verifytest.Certify(o))(t)
	}
	for _, c := range []struct {
		list, ca, signer, vct, says string
		want                        []reason.Code
	}{
		{"EL", "EL", "GR", "urn:eudi:pid:gr:1", "EL", nil},
		{"GR", "GR", "EL", "urn:eudi:pid:el:1", "GR", nil},
		{"", "EL", "GR", "urn:eudi:pid:el:1", "GR", nil},
		{"EL", "GR", "GR", "urn:eudi:pid:de:1", "GR", []reason.Code{reason.AnchorTerritoryMismatch}},
		{"EL", "GR", "GR", "urn:eudi:pid:gr:1", "DE", []reason.Code{reason.AnchorTerritoryMismatch}},
		{"EL", "GR", "DE", "urn:eudi:pid:gr:1", "GR", []reason.Code{reason.AnchorTerritoryMismatch}},
	} {
		ca := certify("CA", c.ca, nil)
		w.store = cache.New(cache.Options{UnsafeTestAnchors: true, Sources: []cache.Source{{
			Name: "greek", Type: artefact.Anchors, URL: "file:greek.pem", Kind: trustlist.KindPID, Territory: c.list,
			Purposes: []trustlist.Purpose{trustlist.Issuance},
		}}}, w.now)
		w.admit(t, artefact.Anchors, "greek", artefact.File, ca.PEM())
		res := w.verify(sd{issue: func(o *verifytest.SDJWTOptions) {
			o.Signer, o.VCT = certify("Signer", c.signer, ca), c.vct
			o.Claims["issuing_country"] = c.says
		}, request: func(r *verify.Request) { r.Policy.Status = verify.Skip }}.build(t, w))
		if !equal(codes(res), c.want) {
			t.Errorf("list %q, CA %s, signer %s, %s, says %s: %q, want %q", c.list, c.ca, c.signer, c.vct, c.says, codes(res), c.want)
		}
		if i := res.Credentials[0].Issuer; c.want == nil && i.Territory != "GR" {
			t.Errorf("territory %s", i.Territory)
		}
	}
}

// TestCertificateTimes: a second before and after a signer's validity, with the
// path remembered and without. Certificates have no tolerance.
func TestCertificateTimes(t *testing.T) {
	w := newWorld(t, verify.Options{Chains: make(chainMap)})
	now := w.now.Truncate(time.Second)
	o := w.PID("DE").CertOptions(w.now, "Short Signer", w.PID("DE").CA)
	o.NotBefore, o.NotAfter = now.Add(-10*time.Second), now.Add(10*time.Second)
	key := must(verifytest.Certify(o))(t)
	req := issued(func(o *verifytest.SDJWTOptions) { o.Signer = key }).build(t, w)
	for _, fresh := range []bool{true, false} {
		for at, want := range map[time.Duration][]reason.Code{
			-11 * time.Second: {reason.ChainExpired}, -10 * time.Second: nil, 10 * time.Second: nil, 11 * time.Second: {reason.ChainExpired},
		} {
			v := w.verifier
			if fresh {
				v = must(verify.New(verify.Options{}))(t)
			}
			if res := v.Verify(w.store.View(), req, now.Add(at)); !equal(codes(res), want) {
				t.Errorf("at %s: %q, want %q", at, codes(res), want)
			}
		}
	}
}

// chainMap remembers every path.
type chainMap map[[32]byte]*verify.Chain

func (m chainMap) Get(key [32]byte) (*verify.Chain, bool) { c, ok := m[key]; return c, ok }
func (m chainMap) Put(key [32]byte, c *verify.Chain)      { m[key] = c }

// TestRememberedPath: a remembered path is no way round: what is asked for, the
// anchor's standing and the view still count.
func TestRememberedPath(t *testing.T) {
	chains := make(chainMap)
	w := newWorld(t, verify.Options{Chains: chains})
	good, other := sd{}.build(t, w), sd{}.build(t, w)
	if res := w.verify(good); res.Verdict != verify.Valid || len(chains) != 1 {
		t.Fatalf("%q, %d paths", codes(res), len(chains))
	}
	other.Expect = map[string]verify.Expect{queryID: {Kind: trustlist.KindPubEAA, Types: []string{"urn:eudi:pid:de:1"}}}
	if res := w.verify(other); !equal(codes(res), []reason.Code{reason.AnchorScopeMismatch}) {
		t.Errorf("another kind: %q", codes(res))
	}
	forged := issued(func(o *verifytest.SDJWTOptions) { o.Rewrite = verifytest.DamageSignature }).build(t, w)
	if res := w.verify(forged); !equal(codes(res), []reason.Code{reason.IssuerSignatureInvalid}) {
		t.Errorf("a forged credential: %q", codes(res))
	}
	w.admit(t, artefact.LoTE, "pid", artefact.Origin, w.list(t, verifytest.ListOptions{Sequence: 2, Without: []string{"DE"}}))
	if res := w.verify(good); !equal(codes(res), []reason.Code{reason.AnchorWithdrawn}) {
		t.Errorf("the issuer was removed: %q", codes(res))
	}
	w.admit(t, artefact.LoTE, "pid", artefact.Origin, w.list(t, verifytest.ListOptions{Sequence: 3}))
	if res := w.verify(good); res.Verdict != verify.Valid {
		t.Errorf("the issuer came back: %q", codes(res))
	}
}

// TestIssuerName: an iss that is a URL is one of the certificate's names, where
// it has any (trust lists 5.3 step 6).
func TestIssuerName(t *testing.T) {
	w := commonWorld(t)
	for _, c := range []struct {
		uri, dns, iss string
		good          bool
	}{
		{"https://a.example", "", "https://a.example", true},
		{"https://a.example", "", "https://a.example/", false},
		{"https://a.example", "b.example", "https://b.example/tenant", true},
		{"", "b.example", "https://b.example:8443/x", true},
		{"", "b.example", "https://c.example", false},
		{"", "b.example", "https://b.example.evil.example", false},
		{"", "", "https://c.example", true},
		{"https://a.example", "", "did:example:x", true}, // no URL
	} {
		s := signedBy(t, w, func(o *verifytest.CertOptions) {
			o.URI = c.uri
			if c.dns != "" {
				o.Edit = withDNS(c.dns)
			}
		})
		sign := s.issue
		s.issue = func(o *verifytest.SDJWTOptions) { sign(o); o.Issuer = c.iss }
		var want []reason.Code
		if !c.good {
			want = []reason.Code{reason.IssuerMismatch}
		}
		if res := w.verify(s.build(t, w)); !equal(codes(res), want) {
			t.Errorf("%+v: %q", c, codes(res))
		}
	}
}

// TestChainLength: the longest chain that is read, and one more.
func TestChainLength(t *testing.T) {
	w := commonWorld(t)
	a := w.PID("DE")
	top := a.CA
	for n := 1; n <= 6; n++ {
		o := a.CertOptions(w.now, "Signer", top)
		key := must(verifytest.Certify(o))(t)
		var want []reason.Code
		switch {
		case n > 5:
			want = []reason.Code{reason.ChainTooLong}
		case n > 1:
			want = []reason.Code{reason.ChainInvalid} // the CA allows none below it
		}
		if res := w.verify(issued(func(o *verifytest.SDJWTOptions) { o.Signer = key }).build(t, w)); !equal(codes(res), want) {
			t.Errorf("%d certificates: %q, want %q", n, codes(res), want)
		}
		o = a.CertOptions(w.now, "Intermediate", top)
		o.CA, o.PathLen = true, -1
		top = must(verifytest.Certify(o))(t)
	}
}
