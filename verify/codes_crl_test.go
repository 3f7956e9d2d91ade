package verify_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// revocationList offers a revocation list of the German PID provider's CA.
func revocationList(change func(w *world, o *verifytest.CRLOptions)) func(t *testing.T) []reason.Code {
	return offering(true, func(t *testing.T, w *world) error {
		l := w.PID("DE").CRL()
		var o verifytest.CRLOptions
		change(w, &o)
		return w.offer(artefact.CRL, l.URL, artefact.Peer, must(l.Sign(w.now, o))(t))
	})
}

func badCRLs() []provocation {
	type options = verifytest.CRLOptions
	plain := func(f func(o *options)) func(*world, *options) { return func(_ *world, o *options) { f(o) } }
	return []provocation{
		{code: reason.CRLUnavailable, run: func(t *testing.T) []reason.Code {
			w := bareWorld(t, verify.Options{})
			w.loadLists(t)
			req := sd{request: func(r *verify.Request) { r.Policy.CRL, r.Policy.Status = verify.Required, verify.Skip }}.build(t, w)
			return codes(w.verify(req))
		}},
		{code: reason.CRLUnavailable, run: func(t *testing.T) []reason.Code { // as a warning
			w := bareWorld(t, verify.Options{})
			w.loadLists(t)
			return warnings(t, w.verify(sd{request: func(r *verify.Request) { r.Policy.Status = verify.Skip }}.build(t, w)))
		}},
		{code: reason.CRLExpired, run: later(24*time.Hour+time.Second, md{request: func(r *verify.Request) {
			patient(r)
			r.Policy.CRL, r.Policy.Status = verify.Required, verify.Skip
		}}, codes)},
		{code: reason.CRLExpired, run: revocationList(func(w *world, o *options) { o.NextUpdate = w.now.Add(-time.Second) })},
		{code: reason.CRLMalformed, run: revocationList(plain(func(o *options) { o.Damage = func(b []byte) []byte { return b[:len(b)-1] } }))},
		{code: reason.CRLMalformed, run: revocationList(plain(func(o *options) { o.NoNumber = true }))},
		{code: reason.CRLMalformed, run: revocationList(plain(func(o *options) { o.NoNextUpdate = true }))},
		{code: reason.CRLTooLarge, run: revocationList(plain(func(o *options) {
			o.Damage = func([]byte) []byte { return make([]byte, crl.MaxCRL+1) }
		}))},
		{code: reason.CRLSignatureInvalid, run: revocationList(func(w *world, o *options) { o.Signer = w.PID("FR").CA })},
		{code: reason.CRLSignatureInvalid, run: revocationList(plain(func(o *options) {
			o.Damage = func(b []byte) []byte { return verifytest.FlipBit(b, -1) }
		}))},
		{code: reason.CRLIssuerMismatch, run: revocationList(func(w *world, o *options) { o.Issuer, o.Signer = w.PID("FR").CA, w.PID("FR").CA })},
		{code: reason.CRLRollback, run: offering(true, func(t *testing.T, w *world) error {
			l := w.PID("DE").CRL()
			w.admit(t, artefact.CRL, l.URL, artefact.Origin, must(l.Sign(w.now, options{Number: big.NewInt(8)}))(t))
			return w.offer(artefact.CRL, l.URL, artefact.Peer, must(l.Sign(w.now, options{Number: big.NewInt(7)}))(t))
		})},
		{code: reason.CRLCriticalExtensionUnknown, run: revocationList(plain(func(o *options) { o.BaseNumber = big.NewInt(1) }))},
		{code: reason.CRLCriticalExtensionUnknown, run: revocationList(plain(func(o *options) { o.Scope = &verifytest.CRLScope{OnlyCA: true} }))},
		{code: reason.CRLCriticalExtensionUnknown, run: revocationList(plain(func(o *options) {
			o.Extensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}))},
	}
}
