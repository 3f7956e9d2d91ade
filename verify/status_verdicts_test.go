package verify_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// assertUnknown: what code says is not known makes the credential indeterminate under
// required and is a warning under best_effort. It is never taken for a revocation.
func (w *world) assertUnknown(t *testing.T, name string, req *verify.Request, at time.Time, code reason.Code) {
	t.Helper()
	for _, mode := range []verify.Mode{verify.Required, verify.BestEffort, verify.Skip, "", "reqiured"} {
		req.Policy.Status = mode
		res := w.verifier.Verify(w.store.View(), req, at)
		assertSettled(t, res)
		got := res.Credentials[0]
		want, state := verify.Indeterminate, verify.StatusUndetermined
		var reasons, warns, warned []reason.Code
		switch mode {
		case verify.BestEffort:
			want, warns = verify.Valid, []reason.Code{code}
		case verify.Skip:
			want, state = verify.Valid, verify.StatusSkipped
		default:
			reasons = []reason.Code{code}
		}
		for _, x := range got.Warnings {
			warned = append(warned, x.Code)
		}
		if res.Verdict != want || !equal(codes(res), reasons) || !equal(warned, warns) || got.Status.State != state {
			t.Errorf("%s under %q: %s %q, warnings %q, state %s", name, mode, res.Verdict, codes(res), warned, got.Status.State)
		}
	}
}

// TestBadTokenVerdicts: each row of credentials 4.7 and 5 that is about a token, as
// the answer of a node that was offered this token and no other.
func TestBadTokenVerdicts(t *testing.T) {
	type options = verifytest.IdentifierOptions
	const jwt, cwt, ids = verifytest.FormJWT, verifytest.FormCWT, verifytest.FormIdentifiers
	base := commonWorld(t)
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	flip := func(b []byte) []byte { return verifytest.FlipBit(b, -1) }
	big := func([]byte) []byte { return make([]byte, cache.MaxStatus+1) }
	flipJWS := func(b []byte) []byte { return []byte(verifytest.DamageSignature(string(b))) }
	for _, c := range []struct {
		name, form string
		change     func(o *options)
		want       reason.Code
	}{
		{"cut", jwt, func(o *options) { o.Damage = cut }, reason.StatusTokenMalformed},
		{"no JWT", jwt, func(o *options) { o.Damage = func([]byte) []byte { return []byte("x") } }, reason.StatusTokenMalformed},
		{"cut", cwt, func(o *options) { o.Damage = cut }, reason.StatusTokenMalformed},
		{"cut", ids, func(o *options) { o.Damage = cut }, reason.IDListTokenMalformed},
		{"an error page", cwt, func(o *options) { o.Damage = func([]byte) []byte { return []byte("<html>") } }, reason.StatusTokenMalformed},
		{"nothing", jwt, func(o *options) { o.Damage = func([]byte) []byte { return nil } }, reason.StatusTokenTypeInvalid},
		{"type", jwt, func(o *options) { o.Header = func(h map[string]any) { h["typ"] = "JWT" } }, reason.StatusTokenTypeInvalid},
		{"type", cwt, func(o *options) { o.Protected = func(h map[any]any) { h[16] = "application/cwt" } }, reason.StatusTokenTypeInvalid},
		{"untagged", cwt, func(o *options) { o.Untagged = true }, reason.StatusTokenTypeInvalid},
		{"untagged", ids, func(o *options) { o.Untagged = true }, reason.IDListTypeInvalid},
		{"type among the claims", ids, func(o *options) { o.TypeInClaims = true }, reason.IDListTypeInvalid},
		{"CWT tag", ids, func(o *options) { o.CWTTag = true }, reason.IDListTypeInvalid},
		{"no sub", jwt, func(o *options) { o.Claims = func(c map[string]any) { delete(c, "sub") } }, reason.StatusTokenClaimMissing},
		{"no iat", cwt, func(o *options) { o.CWTClaims = func(c map[any]any) { delete(c, 6) } }, reason.StatusTokenClaimMissing},
		{"no exp", cwt, func(o *options) { o.NoExpiry = true }, reason.StatusTokenClaimMissing}, // ISO/IEC 18013-5 12.3.6
		{"no exp", ids, func(o *options) { o.NoExpiry = true }, reason.IDListExpMissing},
		{"ttl of zero", jwt, func(o *options) { o.Claims = func(c map[string]any) { c["ttl"] = 0 } }, reason.StatusTokenClaimMissing},
		{"signature", jwt, func(o *options) { o.Damage = flipJWS }, reason.StatusTokenSignatureInvalid},
		{"signature", cwt, func(o *options) { o.Damage = flip }, reason.StatusTokenSignatureInvalid},
		{"signature", ids, func(o *options) { o.Damage = flip }, reason.StatusTokenSignatureInvalid},
		{"a stranger's", jwt, func(o *options) { o.Signer = base.Stranger().Revocation }, reason.StatusSignerUntrusted},
		{"a stranger's", ids, func(o *options) { o.Signer = base.Stranger().Revocation }, reason.StatusSignerUntrusted},
		{"another entity's", jwt, func(o *options) { o.Signer = base.PID("FR").Revocation }, reason.StatusSignerUntrusted},
		{"another entity's", cwt, func(o *options) { o.Signer = base.PID("FR").Revocation }, reason.StatusSignerUntrusted},
		{"another entity's", ids, func(o *options) { o.Signer = base.PID("FR").Revocation }, reason.StatusSignerUntrusted},
		{"the issuance key's", ids, func(o *options) { o.Signer = base.PID("DE").Signer }, reason.StatusSignerUntrusted},
		{"no chain", cwt, func(o *options) { o.NoChain = true }, reason.StatusSignerUntrusted},
		{"no chain", ids, func(o *options) { o.NoChain = true }, reason.IDListX5ChainMissing},
		{"unprotected chain", ids, func(o *options) { o.UnprotectedX5 = true }, reason.IDListX5ChainMissing},
		{"sub", jwt, func(o *options) { o.Subject = "https://status.example/another" }, reason.StatusSubMismatch},
		{"sub", cwt, func(o *options) { o.Subject = "https://status.example/another" }, reason.StatusSubMismatch},
		{"sub", ids, func(o *options) { o.Subject = "https://status.example/another" }, reason.StatusSubMismatch},
		{"expired", jwt, func(o *options) { o.Expires = base.now.Add(-time.Second) }, reason.StatusTokenExpired},
		{"expired", ids, func(o *options) { o.Expires = base.now.Add(-time.Second) }, reason.StatusTokenExpired},
		{"cut zlib", jwt, func(o *options) { o.Deflated = cut }, reason.StatusListDecompressFailed},
		{"no zlib", cwt, func(o *options) { o.Deflated = func([]byte) []byte { return []byte{1, 2, 3} } }, reason.StatusListDecompressFailed},
		{"too large", jwt, func(o *options) { o.Damage = big }, reason.StatusListTooLarge},
		{"too large", ids, func(o *options) { o.Damage = big }, reason.StatusListTooLarge},
		{"bits", jwt, func(o *options) { o.Bits = 3 }, reason.StatusBitsInvalid},
		{"two bits", cwt, func(o *options) { o.Bits = 2 }, reason.StatusBitsInvalid}, // ISO/IEC 18013-5 12.3.6.5
		{"a status list, too", ids, func(o *options) { o.StatusList = true }, reason.IDListHasStatusList},
		{"an identifier twice", ids, func(o *options) { o.DuplicateID = true }, reason.IDListTokenMalformed},
		{"no identifiers", ids, func(o *options) { o.NoIdentifiers = true }, reason.IDListTokenMalformed},
		{"nothing was offered", jwt, nil, reason.StatusUnavailable},
		{"nothing was offered", cwt, nil, reason.StatusUnavailable},
		{"nothing was offered", ids, nil, reason.StatusUnavailable},
	} {
		w := base.emptied(t)
		w.loadCRLs(t)
		ref := must(w.Status(w.PID("DE"), c.form, verifytest.StatusGood))(t)
		if c.change != nil {
			var o options
			c.change(&o)
			// Were it believed, it would revoke. Some are refused at the door, some at use.
			_ = w.offerToken(t, "de", c.form, o, ref)
		}
		w.assertUnknown(t, c.form+": "+c.name, w.named(t, "de", c.form, ref), w.now, c.want)
	}
}

// named is a PID in the format that has lists of the form, with a reference to one.
func (w *world) named(t testing.TB, by, form string, ref verifytest.Ref) *verify.Request {
	t.Helper()
	if form == verifytest.FormJWT {
		return sd{by: by, typ: "urn:eudi:pid:" + by + ":1", issue: func(o *verifytest.SDJWTOptions) { o.Status = &ref }}.build(t, w)
	}
	return md{by: by, issue: func(o *verifytest.MdocOptions) { o.Status = &ref }}.build(t, w)
}

// offerToken offers a list of an authority's that revokes what is named.
func (w *world) offerToken(t testing.TB, by, form string, o verifytest.IdentifierOptions, revoked ...verifytest.Ref) error {
	t.Helper()
	a, uri := w.Authority(by), statusURI(w, by, form)
	return w.offerTokenOf(t, a, uri, form, w.now, o, revoked...)
}

// offerTokenOf is offerToken for any URI and issue time.
func (w *world) offerTokenOf(t testing.TB, a *verifytest.Authority, uri, form string, at time.Time, o verifytest.IdentifierOptions, revoked ...verifytest.Ref) error {
	t.Helper()
	kind := artefact.Status
	var b []byte
	if form == verifytest.FormIdentifiers {
		kind = artefact.IdentifierList
		list := a.IdentifierList(uri)
		for _, r := range revoked {
			list.Revoke(r.Identifier)
		}
		b = must(list.Token(at, o))(t)
	} else {
		bits := map[string]int{verifytest.FormJWT: 2, verifytest.FormCWT: 1}[form]
		list := a.NewStatusList(uri, bits, verifytest.DefaultEntries)
		for _, r := range revoked {
			if err := list.Set(r.Index, verifytest.StatusRevoked); err != nil {
				t.Fatal(err)
			}
		}
		b = must(list.Token(form, at, o.TokenOptions))(t)
	}
	w.follow(&verify.Result{Lacking: []verify.Lacking{{Mechanism: mechanismOf(form), URI: uri}}})
	return w.offer(kind, uri, artefact.Origin, b)
}

func mechanismOf(form string) statuslist.Mechanism {
	if form == verifytest.FormIdentifiers {
		return statuslist.IdentifierList
	}
	return statuslist.StatusList
}

// TestBadCRLVerdicts: likewise credentials 6, for the list of the issuer's CA.
func TestBadCRLVerdicts(t *testing.T) {
	type options = verifytest.CRLOptions
	base := commonWorld(t)
	fr := base.PID("FR").CA
	for _, c := range []struct {
		name   string
		change func(o *options)
		want   reason.Code
	}{
		{"nothing was offered", nil, reason.CRLUnavailable},
		{"cut", func(o *options) { o.Damage = func(b []byte) []byte { return b[:len(b)-1] } }, reason.CRLMalformed},
		{"an error page", func(o *options) { o.Damage = func([]byte) []byte { return []byte("<html>") } }, reason.CRLMalformed},
		{"no number", func(o *options) { o.NoNumber = true }, reason.CRLMalformed},
		{"no next update", func(o *options) { o.NoNextUpdate = true }, reason.CRLMalformed},
		{"of tomorrow", func(o *options) { o.ThisUpdate = base.now.Add(24 * time.Hour) }, reason.CRLMalformed},
		{"too large", func(o *options) { o.Damage = func([]byte) []byte { return make([]byte, crl.MaxCRL+1) } }, reason.CRLTooLarge},
		{"expired", func(o *options) { o.NextUpdate = base.now.Add(-time.Second) }, reason.CRLExpired},
		{"signature", func(o *options) { o.Damage = func(b []byte) []byte { return verifytest.FlipBit(b, -1) } }, reason.CRLSignatureInvalid},
		{"another authority's key", func(o *options) { o.Signer = fr }, reason.CRLSignatureInvalid},
		{"the leaf's key", func(o *options) { o.Signer = base.PID("DE").Signer }, reason.CRLSignatureInvalid},
		{"another authority's", func(o *options) { o.Issuer, o.Signer = fr, fr }, reason.CRLIssuerMismatch},
		{"a part of the certificates", func(o *options) { o.Scope = &verifytest.CRLScope{OnlyCA: true} }, reason.CRLCriticalExtensionUnknown},
		{"indirect", func(o *options) { o.Scope = &verifytest.CRLScope{Indirect: true} }, reason.CRLCriticalExtensionUnknown},
	} {
		w := base.emptied(t)
		l := w.PID("DE").CRL()
		if c.change != nil {
			// Were it believed, it would revoke.
			of, o := w.PID("DE").CA.CRL(l.URL), options{}
			of.Revoke(w.PID("DE").Signer.Cert)
			c.change(&o)
			if w.offer(artefact.CRL, l.URL, artefact.Origin, must(of.Sign(w.now, o))(t)) == nil {
				t.Errorf("%s was admitted", c.name)
			}
		}
		req := sd{request: func(r *verify.Request) { r.Policy.Status = verify.Skip }}.build(t, w)
		w.checkCRL(t, c.name, req, w.now, c.want, false)
	}
}
