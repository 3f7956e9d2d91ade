package verify_test

import (
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// signedBy issues with another certificate of the German PID provider's.
func signedBy(t *testing.T, w *world, change func(*verifytest.CertOptions)) sd {
	a := w.PID("DE")
	o := a.CertOptions(w.now, "Other Signer", a.CA)
	change(&o)
	key := must(verifytest.Certify(o))(t)
	return issued(func(s *verifytest.SDJWTOptions) { s.Signer = key })
}

func certified(change func(*verifytest.CertOptions)) func(t *testing.T) []reason.Code {
	return func(t *testing.T) []reason.Code {
		return inWorld(func(w *world) builder { return signedBy(t, w, change) })(t)
	}
}

// chained presents a chain made of the usual one.
func chained(change func(w *world, chain [][]byte) [][]byte) func(t *testing.T) []reason.Code {
	return inWorld(func(w *world) builder {
		return issued(func(o *verifytest.SDJWTOptions) { o.Chain = change(w, w.PID("DE").Signer.Chain()) })
	})
}

func badChains() []provocation {
	return []provocation{
		{code: reason.ChainInvalid, run: chained(func(_ *world, c [][]byte) [][]byte { return [][]byte{verifytest.DamageCertificate(c[0])} })},
		{code: reason.ChainInvalid, run: chained(func(_ *world, c [][]byte) [][]byte { return [][]byte{c[0][:len(c[0])-1]} })},
		{code: reason.ChainInvalid, run: func(t *testing.T) []reason.Code {
			return inWorld(func(w *world) builder {
				i := must(w.PID("DE").Impostor(w.now))(t)
				return issued(func(o *verifytest.SDJWTOptions) { o.Signer = i.Signer })
			})(t)
		}},
		{code: reason.ChainExpired, run: certified(func(o *verifytest.CertOptions) { o.NotAfter = o.NotBefore.Add(24 * time.Hour) })},
		{code: reason.ChainExpired, run: certified(func(o *verifytest.CertOptions) { o.NotBefore = o.NotAfter.Add(-time.Hour) })},
		{code: reason.ChainTooLong, run: chained(func(w *world, c [][]byte) [][]byte {
			other := w.Stranger().CA.Cert.Raw
			return append(c, other, other, other, other, other)
		})},
		{code: reason.ChainSelfSigned, run: certified(func(o *verifytest.CertOptions) { o.Issuer = nil })},
		{code: reason.ChainProfileViolation, run: certified(func(o *verifytest.CertOptions) {
			o.Edit = func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }
		})},
		{code: reason.ChainProfileViolation, run: certified(func(o *verifytest.CertOptions) { o.CA = true })},
		{code: reason.ChainProfileViolation, run: inWorld(func(w *world) builder {
			key, _ := verifytest.Certify(func() verifytest.CertOptions {
				o := w.MDL().CertOptions(w.now, "Signer", w.MDL().CA)
				o.EKU = nil
				return o
			}())
			return md{by: "ut", typ: verifytest.TypeMDL, issue: func(o *verifytest.MdocOptions) { o.Signer = key }}
		})},
		{code: reason.ChainContainsAnchor, run: warnedIn(func(w *world) builder {
			a := w.PID("DE")
			return issued(func(o *verifytest.SDJWTOptions) { o.Chain = [][]byte{a.Signer.Cert.Raw, a.CA.Cert.Raw} })
		})},
		{code: reason.AlgUnsupported, run: chained(func(_ *world, _ [][]byte) [][]byte {
			der, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(brainpoolCert), ""))
			return [][]byte{der}
		})},
		{code: reason.AnchorListStale, run: later(7*24*time.Hour, sd{request: func(r *verify.Request) {
			patient(r)
			r.Policy.Status = verify.Skip
		}}, codes)},
		{code: reason.TrustListStale, run: func(t *testing.T) []reason.Code {
			of := func(res *verify.Result) []reason.Code { return warnings(t, res) }
			return later(24*time.Hour, sd{request: func(r *verify.Request) {
				patient(r)
				r.Policy.Status, r.Policy.CRL = verify.Skip, verify.Skip
			}}, of)(t)
		}},
		{code: reason.AnchorChangeHeld, run: func(t *testing.T) []reason.Code {
			w := newWorld(t, verify.Options{})
			req := sd{request: func(r *verify.Request) { r.Policy.Status = verify.Skip }}.build(t, w)
			w.admit(t, artefact.LoTE, "pid", artefact.Origin, w.list(t, verifytest.ListOptions{Sequence: 2, Without: []string{"DE", "FR"}}))
			return codes(w.verify(req))
		}},
		{code: reason.AnchorWithdrawn, run: func(t *testing.T) []reason.Code {
			w := newWorld(t, verify.Options{})
			req := sd{}.build(t, w)
			w.admit(t, artefact.LoTE, "pid", artefact.Origin, w.list(t, verifytest.ListOptions{Sequence: 2, Without: []string{"DE"}}))
			return codes(w.verify(req))
		}},
	}
}

func (w *world) list(t testing.TB, o verifytest.ListOptions) []byte {
	t.Helper()
	return must(w.LoTE("pid", o))(t)
}

func badNodes() []provocation {
	return []provocation{
		{code: reason.NodeNotSeeded, besides: []reason.Code{reason.AnchorListUnavailable}, run: func(t *testing.T) []reason.Code {
			w := bareWorld(t, verify.Options{})
			return codes(w.verify(sd{}.build(t, w)))
		}},
		{code: reason.AnchorListUnavailable, run: presented(sd{by: "stranger", noStatus: true, request: func(r *verify.Request) {
			r.Expect[queryID] = verify.Expect{Kind: "qeaa"} // the world has no list for it
		}})},
		{code: reason.ClockUntrusted, run: later(-5*time.Minute-2*time.Second, sd{}, codes)},
		{code: reason.InternalError, run: func(t *testing.T) []reason.Code {
			w := newWorld(t, verify.Options{})
			res := verify.OnlyForTestFault(w.verifier, w.store.View(), &verify.Request{Policy: verify.DefaultPolicy()}, w.now)
			assertSettled(t, res)
			return codes(res)
		}},
	}
}

// brainpoolCert has a key on brainpoolP256r1, which crypto/x509 does not parse. Made
// with OpenSSL; the key is gone.
const brainpoolCert = `
MIIBozCCAUqgAwIBAgIUTBOtYwaM9w147WfdrvTmObzgWyswCgYIKoZIzj0EAwIwJzELMAkGA1UE
BhMCREUxGDAWBgNVBAMMD2JyYWlucG9vbFAyNTZyMTAeFw0yNjExMjUwMzEwMTdaFw0zNjExMjIw
MzEwMTdaMCcxCzAJBgNVBAYTAkRFMRgwFgYDVQQDDA9icmFpbnBvb2xQMjU2cjEwWjAUBgcqhkjO
PQIBBgkrJAMDAggBAQcDQgAELGunSmxRf59tLNiTNvJx1OJR2q+M6Fn9aGgyZLbKz0A13AX+Sk0N
Wa+H8EV/sL4Xt0YUNewSff0KRtjFy5KZiKNTMFEwHQYDVR0OBBYEFOBDTyNL8AHa5HcKcBX9xgql
ossUMB8GA1UdIwQYMBaAFOBDTyNL8AHa5HcKcBX9xgqlossUMA8GA1UdEwEB/wQFMAMBAf8wCgYI
KoZIzj0EAwIDRwAwRAIgRMutg6QsYvAvIbsCVIzXXpp8zKguXyqCH0pEsOwykzQCIFL5ILGvfNNs
1wpxt7a7/SJQUoLzvstrYpHhiqEyBAtR`

func withDNS(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = []string{name} }
}
