package verify_test

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// offering makes a world, with its lists or without, and offers bytes to it.
func offering(loaded bool, f func(t *testing.T, w *world) error) func(t *testing.T) []reason.Code {
	return func(t *testing.T) []reason.Code {
		w := bareWorld(t, verify.Options{})
		if loaded {
			w.loadLists(t)
		}
		err := f(t, w)
		if err == nil {
			t.Fatal("admitted")
		}
		return []reason.Code{reason.CodeOf(err)}
	}
}

// pidList offers the PID list, changed.
func pidList(change func(w *world, o *verifytest.ListOptions)) func(t *testing.T) []reason.Code {
	return offering(false, func(t *testing.T, w *world) error {
		var o verifytest.ListOptions
		change(w, &o)
		return w.offer(artefact.LoTE, "pid", artefact.Peer, w.list(t, o))
	})
}

// nextList offers another list after the one with sequence 1.
func nextList(first uint64, change func(w *world, o *verifytest.ListOptions)) func(t *testing.T) []reason.Code {
	return offering(false, func(t *testing.T, w *world) error {
		w.admit(t, artefact.LoTE, "pid", artefact.Origin, w.list(t, verifytest.ListOptions{Sequence: first}))
		o := verifytest.ListOptions{Sequence: first}
		change(w, &o)
		return w.offer(artefact.LoTE, "pid", artefact.Peer, w.list(t, o))
	})
}

// scheme changes ListAndSchemeInformation of a list.
func scheme(f func(obj)) func(w *world, o *verifytest.ListOptions) {
	return func(_ *world, o *verifytest.ListOptions) {
		o.Mutate = func(doc map[string]any) { f(doc["LoTE"].(obj)["ListAndSchemeInformation"].(obj)) }
	}
}

func badLists() []provocation {
	type options = verifytest.ListOptions
	plain := func(f func(o *options)) func(*world, *options) { return func(_ *world, o *options) { f(o) } }
	return []provocation{
		{code: reason.TrustListTooLarge, run: pidList(plain(func(o *options) {
			o.Damage = func([]byte) []byte { return make([]byte, cache.MaxList+1) }
		}))},
		{code: reason.TrustListMalformed, run: pidList(plain(func(o *options) { o.Damage = func([]byte) []byte { return []byte("x") } }))},
		{code: reason.TrustListSignatureMissing, run: pidList(plain(func(o *options) {
			o.Damage = func(b []byte) []byte { return b[:bytes.LastIndexByte(b, '.')+1] }
		}))},
		{code: reason.TrustListAlgForbidden, run: pidList(plain(func(o *options) { o.Alg = "HS256" }))},
		{code: reason.TrustListSignerUnknown, run: pidList(func(w *world, o *options) { o.Signer = w.Stranger().Signer })},
		{code: reason.TrustListSignerExpired, run: pidList(plain(func(o *options) { o.Header = func(h obj) { h["iat"] = 1 } }))},
		{code: reason.TrustListSignatureInvalid, run: pidList(plain(func(o *options) {
			o.Damage = func(b []byte) []byte { return []byte(verifytest.DamageSignature(string(b))) }
		}))},
		{code: reason.TrustListSignerSchemeMismatch, run: pidList(scheme(func(s obj) {
			s["SchemeOperatorName"] = arr{obj{"lang": "en", "value": "Somebody Else"}}
		}))},
		{code: reason.TrustListWrongType, run: offering(false, func(t *testing.T, w *world) error {
			return w.offer(artefact.LoTE, "pid", artefact.Origin, must(w.LoTE("wallet", options{}))(t))
		})},
		{code: reason.TrustListWrongTerritory, run: pidList(scheme(func(s obj) { s["SchemeTerritory"] = "DE" }))},
		{code: reason.TrustListVersionUnsupported, run: pidList(scheme(func(s obj) { s["LoTEVersionIdentifier"] = 2 }))},
		{code: reason.TrustListNotYetValid, run: pidList(func(w *world, o *options) { o.Issued = w.now.Add(cache.ListSkew + 2*time.Second) })},
		{code: reason.TrustListExpired, run: pidList(func(w *world, o *options) {
			o.Issued, o.NextUpdate = w.now.Add(-time.Hour), w.now.Add(-time.Second)
		})},
		{code: reason.TrustListValidityTooLong, run: pidList(func(w *world, o *options) { o.NextUpdate = w.now.AddDate(0, 7, 0) })},
		{code: reason.TrustListRollback, run: nextList(7, plain(func(o *options) { o.Sequence = 6 }))},
		{code: reason.TrustListConflict, run: nextList(7, plain(func(o *options) { o.Without = []string{"DE"} }))},
		{code: reason.TrustListSequenceJump, run: nextList(7, plain(func(o *options) { o.Sequence = 7 + cache.MaxJump + 1 }))},
		{code: reason.TrustListCriticalExtensionUnknown, run: pidList(scheme(func(s obj) {
			s["SchemeExtensions"] = arr{obj{"Critical": true, "Unknown": "x"}}
		}))},
		{code: reason.TrustListProfileViolation, run: pidList(scheme(func(s obj) { delete(s, "SchemeName") }))},
		{code: reason.ListUnsigned, run: offering(false, func(_ *testing.T, w *world) error {
			return w.offer(artefact.Anchors, "eaa", artefact.Origin, w.EAA().Bundle())
		})},
		{code: reason.ArtefactUnknown, run: offering(false, func(t *testing.T, w *world) error {
			return w.offer(artefact.LoTE, "another", artefact.Peer, w.list(t, options{}))
		})},
		{code: reason.ArtefactUnknown, run: offering(true, func(_ *testing.T, w *world) error {
			return w.offer(artefact.Status, "https://another.example", artefact.Peer, nil)
		})},
		// The operator's certificate ends after two years; the list it signed
		// before stays good, with a warning.
		{code: reason.TrustListSignerExpired, run: func(t *testing.T) []reason.Code {
			w := bareWorld(t, verify.Options{})
			o := w.Operator
			short := *o.Cert
			key := must(verifytest.Certify(verifytest.CertOptions{
				Subject: short.Subject, NotBefore: short.NotBefore, NotAfter: w.now.Add(time.Minute), Private: o.Private,
			}))(t)
			opts := cache.Options{UnsafeTestAnchors: true, Sources: []cache.Source{{
				Name: "pid", Type: artefact.LoTE, Profile: "pid", URL: "https://lists.example/pid", Signers: []*x509.Certificate{key.Cert},
			}}}
			w.store = cache.New(opts, w.now)
			w.admit(t, artefact.LoTE, "pid", artefact.Origin, w.list(t, options{Signer: key}))
			req := sd{request: func(r *verify.Request) { r.Policy.Status, r.Policy.CRL = verify.Skip, verify.Skip }}.build(t, w)
			return warnings(t, w.verifier.Verify(w.store.View(), req, w.now.Add(time.Minute+time.Second)))
		}},
	}
}

// statusToken offers a token of the German PID provider's.
func statusToken(form string, change func(w *world, o *verifytest.TokenOptions)) func(t *testing.T) []reason.Code {
	return offering(true, func(t *testing.T, w *world) error {
		list := w.PID("DE").StatusList(statusURI(w, "de", form))
		var o verifytest.TokenOptions
		change(w, &o)
		return w.offer(artefact.Status, list.URI, artefact.Peer, must(list.Token(form, w.now, o))(t))
	})
}

func badTokens() []provocation {
	type options = verifytest.TokenOptions
	const jwt, cwt = verifytest.FormJWT, verifytest.FormCWT
	plain := func(f func(o *options)) func(*world, *options) { return func(_ *world, o *options) { f(o) } }
	return []provocation{
		{code: reason.StatusListTooLarge, run: statusToken(jwt, plain(func(o *options) {
			o.Damage = func([]byte) []byte { return make([]byte, cache.MaxStatus+1) }
		}))},
		{code: reason.StatusTokenMalformed, run: statusToken(jwt, plain(func(o *options) { o.Damage = func([]byte) []byte { return []byte("x") } }))},
		{code: reason.StatusTokenMalformed, run: statusToken(cwt, plain(func(o *options) { o.Damage = func(b []byte) []byte { return b[:len(b)-1] } }))},
		{code: reason.StatusTokenTypeInvalid, run: statusToken(jwt, plain(func(o *options) { o.Header = func(h obj) { h["typ"] = "jwt" } }))},
		{code: reason.StatusTokenTypeInvalid, run: statusToken(cwt, plain(func(o *options) { o.Untagged = true }))},
		{code: reason.StatusTokenClaimMissing, run: statusToken(jwt, plain(func(o *options) { o.Claims = func(c obj) { delete(c, "iat") } }))},
		{code: reason.StatusTokenClaimMissing, run: statusToken(cwt, plain(func(o *options) { o.CWTClaims = func(c map[any]any) { delete(c, 2) } }))},
		{code: reason.StatusTokenSignatureInvalid, run: statusToken(jwt, plain(func(o *options) {
			o.Damage = func(b []byte) []byte { return []byte(verifytest.DamageSignature(string(b))) }
		}))},
		{code: reason.StatusTokenSignatureInvalid, run: statusToken(cwt, plain(func(o *options) {
			o.Damage = func(b []byte) []byte { return verifytest.FlipBit(b, -1) }
		}))},
		{code: reason.StatusSignerUntrusted, run: statusToken(jwt, func(w *world, o *options) { o.Signer = w.Stranger().Revocation })},
		{code: reason.StatusSignerUntrusted, run: statusToken(cwt, plain(func(o *options) { o.NoChain = true }))},
		{code: reason.StatusSubMismatch, run: statusToken(jwt, plain(func(o *options) { o.Subject = "https://status.example/another" }))},
		{code: reason.StatusTokenExpired, run: statusToken(cwt, func(w *world, o *options) { o.Expires = w.now.Add(-time.Second) })},
		{code: reason.StatusListDecompressFailed, run: statusToken(jwt, plain(func(o *options) { o.Deflated = func(b []byte) []byte { return b[:len(b)-4] } }))},
		{code: reason.StatusBitsInvalid, run: statusToken(cwt, plain(func(o *options) { o.Bits = 3 }))},
		{code: reason.StatusTokenRollback, run: offering(true, func(t *testing.T, w *world) error {
			list := w.PID("DE").StatusList(statusURI(w, "de", jwt))
			w.admit(t, artefact.Status, list.URI, artefact.Origin, must(list.Token(jwt, w.now, options{}))(t))
			return w.offer(artefact.Status, list.URI, artefact.Peer, must(list.Token(jwt, w.now.Add(-time.Second), options{}))(t))
		})},
	}
}
