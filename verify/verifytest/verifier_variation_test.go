package verifytest_test

import (
	"crypto/elliptic"
	"testing"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestRevoke: a credential is good, is revoked, and the next list says so.
func TestRevoke(t *testing.T) {
	w := world(t, now)
	verifier, err := verify.New(verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sdjwt-pid-fr", "mdoc-pid-de", "mdl", "pubeaa-residence", "eaa-membership"} {
		m, err := w.Make(name, verifytest.Context{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if res := verifier.Verify(viewOf(t, w, now), request(m), now); res.Verdict != verify.Valid {
			t.Fatalf("%s: %+v", name, res.Credentials)
		}
		if _, ok := w.Revoke(name); !ok {
			t.Fatalf("%s was not revoked", name)
		}
		res := verifier.Verify(viewOf(t, w, now), request(m), now)
		checkOutcome(t, verifytest.Sample{Verdict: verify.Invalid, Codes: []reason.Code{reason.StatusRevoked}, Format: m.Sample.Format}, res)
	}
}

// variation is a credential that a test makes itself.
type variation struct {
	name    string
	by      func(*verifytest.World) *verifytest.Authority
	sdjwt   func(*testing.T, *verifytest.World, *verifytest.SDJWTOptions)
	mdoc    func(*testing.T, *verifytest.World, *verifytest.MdocOptions)
	verdict verify.Verdict
	codes   []reason.Code // warnings included
}

func german(w *verifytest.World) *verifytest.Authority { return w.PID("DE") }

// signer is a new signing certificate of an authority.
func signer(t *testing.T, a *verifytest.Authority, change func(*verifytest.CertOptions)) *verifytest.Key {
	t.Helper()
	o := a.CertOptions(now, "Signer", a.CA)
	change(&o)
	k, err := verifytest.Certify(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func curve(c elliptic.Curve) func(*verifytest.CertOptions) {
	return func(o *verifytest.CertOptions) { o.Curve = c }
}

var variations = []variation{
	{name: "P-384 signer", by: german, verdict: verify.Valid,
		sdjwt: func(t *testing.T, w *verifytest.World, o *verifytest.SDJWTOptions) {
			o.Signer = signer(t, w.PID("DE"), curve(elliptic.P384()))
		},
		mdoc: func(t *testing.T, w *verifytest.World, o *verifytest.MdocOptions) {
			o.Signer, o.DigestAlg = signer(t, w.PID("DE"), curve(elliptic.P384())), "SHA-384"
		}},
	{name: "P-521 signer", by: german, verdict: verify.Valid,
		sdjwt: func(t *testing.T, w *verifytest.World, o *verifytest.SDJWTOptions) {
			o.Signer = signer(t, w.PID("DE"), curve(elliptic.P521()))
		},
		mdoc: func(t *testing.T, w *verifytest.World, o *verifytest.MdocOptions) {
			o.Signer, o.DigestAlg = signer(t, w.PID("DE"), curve(elliptic.P521())), "SHA-512"
		}},
	{name: "other forms", by: german, verdict: verify.Valid,
		sdjwt: func(_ *testing.T, _ *verifytest.World, o *verifytest.SDJWTOptions) {
			o.Status.Flat, o.NoAlg, o.Decoys = true, true, 5
		},
		mdoc: func(_ *testing.T, w *verifytest.World, o *verifytest.MdocOptions) {
			o.ProtectedX5Chain, o.X5T = true, true
			o.Status.Certificate = w.PID("DE").Revocation.Cert.Raw
		}},
	{name: "anchor in the chain", by: german, verdict: verify.Valid, codes: []reason.Code{reason.ChainContainsAnchor},
		sdjwt: func(_ *testing.T, w *verifytest.World, o *verifytest.SDJWTOptions) {
			o.Chain = [][]byte{w.PID("DE").Signer.Cert.Raw, w.PID("DE").CA.Cert.Raw}
		},
		mdoc: func(_ *testing.T, w *verifytest.World, o *verifytest.MdocOptions) {
			o.Chain = [][]byte{w.PID("DE").Signer.Cert.Raw, w.PID("DE").CA.Cert.Raw}
		}},
	{name: "impostor", verdict: verify.Invalid, codes: []reason.Code{reason.ChainInvalid},
		by: func(w *verifytest.World) *verifytest.Authority {
			a, err := w.PID("DE").Impostor(now)
			if err != nil {
				panic(err)
			}
			return a
		}},
	{name: "damaged certificate", by: german, verdict: verify.Invalid, codes: []reason.Code{reason.ChainInvalid},
		sdjwt: func(_ *testing.T, w *verifytest.World, o *verifytest.SDJWTOptions) {
			o.Chain = [][]byte{verifytest.DamageCertificate(w.PID("DE").Signer.Cert.Raw)}
		},
		mdoc: func(_ *testing.T, w *verifytest.World, o *verifytest.MdocOptions) {
			o.Chain = [][]byte{verifytest.DamageCertificate(w.PID("DE").Signer.Cert.Raw)}
		}},
}

// TestVariations holds what the options can make against the verifier.
func TestVariations(t *testing.T) {
	w := world(t, now)
	v := viewOf(t, w, now)
	verifier, err := verify.New(verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range variations {
		for _, format := range []string{verifytest.FormatSDJWT, verifytest.FormatMdoc} {
			t.Run(c.name+" "+format, func(t *testing.T) {
				ctx, err := verifytest.Context{}.WithDefaults()
				if err != nil {
					t.Fatal(err)
				}
				m := &verifytest.Made{Context: ctx}
				typ := "urn:eudi:pid:de:1"
				if format == verifytest.FormatMdoc {
					typ = verifytest.TypePIDMdoc
				}
				m.VPToken = map[string][]string{"pid": {c.present(t, w, ctx, typ)}}
				m.Expect = map[string]any{"pid": map[string]any{"kind": string(trustlist.KindPID), "types": []string{typ}}}
				checkOutcome(t, verifytest.Sample{Verdict: c.verdict, Codes: c.codes, Format: format}, verifier.Verify(v, request(m), now))
			})
		}
	}
}

func (c variation) present(t *testing.T, w *verifytest.World, ctx verifytest.Context, typ string) string {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a := c.by(w)
	if typ == verifytest.TypePIDMdoc {
		o, err := w.Mdoc(a, typ, now)
		check(err)
		ref, err := w.Status(w.PID("DE"), verifytest.FormCWT, verifytest.StatusGood)
		check(err)
		if o.Status = &ref; c.mdoc != nil {
			c.mdoc(t, w, &o)
		}
		cred, err := a.IssueMdoc(o)
		check(err)
		transcript, err := ctx.Transcript()
		check(err)
		b, err := cred.Present(verifytest.MdocPresentation{Transcript: transcript})
		check(err)
		return verifytest.URL64(b)
	}
	o, err := w.SDJWT(a, typ, now)
	check(err)
	ref, err := w.Status(w.PID("DE"), verifytest.FormJWT, verifytest.StatusGood)
	check(err)
	if o.Status = &ref; c.sdjwt != nil {
		c.sdjwt(t, w, &o)
	}
	cred, err := a.IssueSDJWT(o)
	check(err)
	s, err := cred.Present(verifytest.Presentation{Nonce: ctx.Nonce, Audience: ctx.Audience(), IssuedAt: now})
	check(err)
	return s
}
