package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestHolderBindingPolicy: whether binding is demanded follows from policy and
// query, the stricter of the two; it is never reported verified when it was not.
func TestHolderBindingPolicy(t *testing.T) {
	w := commonWorld(t)
	const (
		there  = iota // a good binding
		wrong         // one for another session
		absent        // none
	)
	type row struct {
		policy verify.Mode
		query  string // "": expect; else require_cryptographic_holder_binding: default, true, false
		want   [3]reason.Code
		checks bool // a good binding is checked
	}
	const ok = reason.Code("")
	bad, none, missing := reason.KBNonceMismatch, reason.KBMissing, reason.VPHolderBindingMissing
	rows := []row{
		{verify.Required, "", [3]reason.Code{ok, bad, none}, true},
		{verify.Required, "default", [3]reason.Code{ok, bad, none}, true},
		{verify.Required, "false", [3]reason.Code{ok, bad, none}, true},
		{verify.IfPresent, "", [3]reason.Code{ok, bad, ok}, true},
		{verify.IfPresent, "default", [3]reason.Code{ok, bad, missing}, true},
		{verify.IfPresent, "true", [3]reason.Code{ok, bad, missing}, true},
		{verify.IfPresent, "false", [3]reason.Code{ok, bad, ok}, true},
		{verify.Skip, "", [3]reason.Code{ok, ok, ok}, false},
		{verify.Skip, "default", [3]reason.Code{ok, bad, missing}, true},
		{verify.Skip, "true", [3]reason.Code{ok, bad, missing}, true},
		{verify.Skip, "false", [3]reason.Code{ok, ok, ok}, false},
		{verify.Forbidden, "", [3]reason.Code{reason.KBUnexpected, reason.KBUnexpected, ok}, false},
		{verify.Forbidden, "false", [3]reason.Code{reason.KBUnexpected, reason.KBUnexpected, ok}, false},
	}
	toMdoc := map[reason.Code]reason.Code{bad: reason.DeviceSignatureInvalid, none: reason.DeviceAuthMissing}
	for _, r := range rows {
		request := func(format string) func(*verify.Request) {
			return func(req *verify.Request) {
				req.Policy.HolderBinding = r.policy
				if r.query != "" {
					asked(format, func(q *dcql.Credential) {
						if r.query != "default" {
							v := r.query == "true"
							q.RequireHolderBinding = &v
						}
					})(req)
				}
			}
		}
		for state, want := range r.want {
			sdjwt := sd{request: request(dcql.FormatSDJWT), present: func(p *verifytest.Presentation) {
				p.NoKeyBinding = state == absent
				if state == wrong {
					p.Nonce = "another"
				}
			}}
			mdoc := md{request: request(dcql.FormatMdoc), present: func(p *verifytest.MdocPresentation) {
				p.NoDeviceAuth = state == absent
				if state == wrong {
					p.HolderKey = w.Stranger().Signer.Private
				}
			}}
			wantMdoc, has := toMdoc[want]
			if !has {
				wantMdoc = want
			}
			for name, c := range map[string]struct {
				b    builder
				want reason.Code
			}{"SD-JWT": {sdjwt, want}, "mdoc": {mdoc, wantMdoc}} {
				res := w.verify(c.b.build(t, w))
				var list []reason.Code
				if c.want != "" {
					list = []reason.Code{c.want}
				}
				if !equal(codes(res), list) {
					t.Errorf("%s, policy %s, query %q, binding %d: %q, want %q", name, r.policy, r.query, state, codes(res), list)
				}
				hb := res.Credentials[0].HolderBinding
				if verified := hb != nil && hb.Verified; verified != (state == there && r.checks) {
					t.Errorf("%s, policy %s, query %q, binding %d: reported verified %v", name, r.policy, r.query, state, verified)
				}
				if c.want == "" && !(state == there && r.checks) && hb.Method != "none" {
					t.Errorf("%s, policy %s: method %s", name, r.policy, hb.Method)
				}
			}
		}
	}
}

// TestStatusPolicy: what cannot be determined is a reason, a warning, or not
// looked for; a revocation is one under best_effort too.
func TestStatusPolicy(t *testing.T) {
	w := commonWorld(t)
	for _, c := range []struct {
		sample  string
		policy  verify.Mode
		verdict verify.Verdict
		state   string
		warning reason.Code
	}{
		{"sdjwt-pid-de", verify.Required, verify.Valid, verify.StatusValid, ""},
		{"sdjwt-pid-de", verify.BestEffort, verify.Valid, verify.StatusValid, ""},
		{"sdjwt-pid-de", verify.Skip, verify.Valid, verify.StatusSkipped, ""},
		{"no-status", verify.Required, verify.Indeterminate, verify.StatusUndetermined, ""},
		{"no-status", verify.BestEffort, verify.Valid, verify.StatusUndetermined, reason.StatusMissing},
		{"no-status", verify.Skip, verify.Valid, verify.StatusSkipped, ""},
		{"unknown-status-list", verify.Required, verify.Indeterminate, verify.StatusUndetermined, ""},
		{"unknown-status-list", verify.BestEffort, verify.Valid, verify.StatusUndetermined, reason.StatusUnavailable},
		{"revoked", verify.Required, verify.Invalid, verify.StatusRevoked, ""},
		{"revoked", verify.BestEffort, verify.Invalid, verify.StatusRevoked, ""},
		{"revoked", verify.Skip, verify.Valid, verify.StatusSkipped, ""},
		{"suspended", verify.BestEffort, verify.Invalid, verify.StatusSuspended, ""},
		{"mdoc-revoked", verify.BestEffort, verify.Invalid, verify.StatusRevoked, ""},
		{"status-out-of-range", verify.BestEffort, verify.Invalid, verify.StatusUndetermined, ""},
		{"short-lived", verify.Required, verify.Valid, verify.StatusNotRequired, ""},
		{"mdoc-short-lived", verify.Required, verify.Valid, verify.StatusNotRequired, ""},
		{"mdoc-no-status", verify.BestEffort, verify.Valid, verify.StatusUndetermined, reason.StatusMissing},
	} {
		_, req := w.make(t, c.sample, verifytest.Context{})
		req.Policy.Status = c.policy
		res := w.verify(req)
		got := res.Credentials[0]
		state := ""
		if got.Status != nil {
			state = got.Status.State
		}
		if res.Verdict != c.verdict || state != c.state {
			t.Errorf("%s under %s: %s %q, state %q", c.sample, c.policy, res.Verdict, codes(res), state)
		}
		if has := len(got.Warnings) == 1 && got.Warnings[0].Code == c.warning; has != (c.warning != "") || (c.warning == "" && len(got.Warnings) > 0) {
			t.Errorf("%s under %s: warnings %+v", c.sample, c.policy, got.Warnings)
		}
	}
}

// TestMaxAges: one second before and after what the policy allows a status list
// and a trust list; under best_effort an old status list is a warning, and a
// revocation in it still counts.
func TestMaxAges(t *testing.T) {
	w := commonWorld(t)
	issued := w.now.Truncate(time.Second) // of the tokens
	at := func(b builder, now time.Time) *verify.Result {
		return w.verifier.Verify(w.store.View(), b.build(t, w), now)
	}
	statusAge := func(mode verify.Mode) func(*verify.Request) {
		return func(r *verify.Request) {
			patient(r)
			r.Policy.MaxStatusAge, r.Policy.Status = time.Hour, mode
		}
	}
	listAge := func(r *verify.Request) {
		patient(r)
		r.Policy.MaxListAge = time.Hour
	}
	stale, oldList := []reason.Code{reason.StatusStale}, []reason.Code{reason.AnchorListStale}
	for _, c := range []struct {
		name    string
		request func(*verify.Request)
		now     time.Time
		want    []reason.Code
	}{
		{"status list at its age", statusAge(verify.Required), issued.Add(time.Hour), nil},
		{"status list a second older", statusAge(verify.Required), issued.Add(time.Hour + time.Second), stale},
		{"status list a second older, best effort", statusAge(verify.BestEffort), issued.Add(time.Hour + time.Second), nil},
		{"status token a second before its end", patient, issued.Add(12*time.Hour - time.Second), nil},
		{"status token at its end", patient, issued.Add(12 * time.Hour), []reason.Code{reason.StatusTokenExpired}},
		{"trust list at its age", listAge, w.now.Add(time.Hour), nil},
		{"trust list a second older", listAge, w.now.Add(time.Hour + time.Second), oldList},
	} {
		for _, b := range []builder{sd{request: c.request}, md{request: c.request}} {
			if res := at(b, c.now); !equal(codes(res), c.want) {
				t.Errorf("%s: %q, want %q", c.name, codes(res), c.want)
			}
		}
	}
	res := at(sd{request: statusAge(verify.BestEffort)}, issued.Add(time.Hour+time.Second))
	if s := res.Credentials[0].Status; s.State != verify.StatusUndetermined || *s.AgeSeconds != 3601 || !s.AsOf.Equal(issued) {
		t.Errorf("status %+v", s)
	}
	_, revoked := w.make(t, "revoked", verifytest.Context{})
	statusAge(verify.BestEffort)(revoked)
	if res := w.verifier.Verify(w.store.View(), revoked, issued.Add(2*time.Hour)); !equal(codes(res), []reason.Code{reason.StatusRevoked}) {
		t.Errorf("revoked in an old list: %q", codes(res))
	}
}

// TestStatusSlot: the code of a refused newest token is told when no usable one is
// held, and only then; a status list signed by another issuer does not speak.
func TestStatusSlot(t *testing.T) {
	w := bareWorld(t, verify.Options{})
	w.loadLists(t)
	req := sd{}.build(t, w)
	uri := statusURI(w, "de", verifytest.FormJWT)
	list := w.PID("DE").NewStatusList(uri, 2, verifytest.DefaultEntries)
	token := func(at time.Time, o verifytest.TokenOptions) []byte {
		return must(list.Token(verifytest.FormJWT, at, o))(t)
	}
	expect := func(when string, want ...reason.Code) {
		t.Helper()
		if res := w.verify(req); !equal(codes(res), want) {
			t.Errorf("%s: %q, want %q", when, codes(res), want)
		}
	}
	expect("nothing held", reason.StatusUnavailable)
	if w.offer(artefact.Status, uri, artefact.Origin, token(w.now, verifytest.TokenOptions{Bits: 3})) == nil {
		t.Fatal("admitted")
	}
	expect("the only one was refused", reason.StatusBitsInvalid)
	// The French revocation service may sign lists, but not this one.
	w.admit(t, artefact.Status, uri, artefact.Origin, token(w.now, verifytest.TokenOptions{Signer: w.PID("FR").Revocation}))
	expect("signed by another issuer", reason.StatusSignerUntrusted)
	// Where the list names a revocation service, the issuing key is not it.
	w.admit(t, artefact.Status, uri, artefact.Origin, token(w.now, verifytest.TokenOptions{Signer: w.PID("DE").Signer}))
	expect("signed by the issuing key", reason.StatusSignerUntrusted)
	w.admit(t, artefact.Status, uri, artefact.Origin, token(w.now, verifytest.TokenOptions{}))
	expect("good")
	if w.offer(artefact.Status, uri, artefact.Peer, token(w.now.Add(2*time.Second), verifytest.TokenOptions{Bits: 3})) == nil {
		t.Fatal("admitted")
	}
	expect("a newer one was refused")
	// Two lists of one second contradict each other: the worse answer counts.
	bad := w.PID("DE").NewStatusList(uri, 2, verifytest.DefaultEntries)
	for i := range bad.Len() {
		if err := bad.Set(i, verifytest.StatusRevoked); err != nil {
			t.Fatal(err)
		}
	}
	w.admit(t, artefact.Status, uri, artefact.Origin, must(bad.Token(verifytest.FormJWT, w.now, verifytest.TokenOptions{}))(t))
	expect("contradiction", reason.StatusRevoked)
	// A CWT does not speak for an SD-JWT VC.
	other := bareWorld(t, verify.Options{})
	other.loadLists(t)
	req = sd{}.build(t, other)
	other.admit(t, artefact.Status, uri, artefact.Origin, must(other.PID("DE").NewStatusList(uri, 1, 1<<16).Token(verifytest.FormCWT, other.now, verifytest.TokenOptions{}))(t))
	if res := other.verify(req); !equal(codes(res), []reason.Code{reason.StatusTokenTypeInvalid}) {
		t.Errorf("CWT for an SD-JWT VC: %q", codes(res))
	}
}

// TestShortLived: exactly 24 hours need no status, a second more does; the claim
// alone is not enough, and it excludes a status (credentials 7.5).
func TestShortLived(t *testing.T) {
	w := commonWorld(t)
	const day = 24 * time.Hour
	from := w.now.Truncate(time.Second).Add(-time.Hour)
	life := func(d time.Duration, change func(o *verifytest.SDJWTOptions)) sd {
		return sd{noStatus: true, issue: func(o *verifytest.SDJWTOptions) {
			o.IssuedAt, o.NotBefore, o.NotAfter = from, from, from.Add(d)
			if change != nil {
				change(o)
			}
		}}
	}
	mdocLife := func(d time.Duration, shortLived any) md {
		return md{noStatus: true, issue: func(o *verifytest.MdocOptions) {
			o.Signed, o.ValidFrom, o.ValidUntil = from, from, from.Add(d)
			if shortLived != nil {
				o.NameSpaces["org.etsi.01947201.010101"] = map[string]any{"shortLived": shortLived}
			}
		}}
	}
	says := func(o *verifytest.SDJWTOptions) { o.Open = obj{"shortLived": nil} }
	withStatus := life(day, func(o *verifytest.SDJWTOptions) {
		says(o)
		o.Status = &verifytest.Ref{URI: "https://x.example", Index: 1}
	})
	missing, inconsistent := []reason.Code{reason.StatusMissing}, []reason.Code{reason.ShortLivedClaimInconsistent}
	for _, c := range []struct {
		name string
		b    builder
		want []reason.Code
	}{
		{"24 h", life(day, nil), nil},
		{"24 h 1 s", life(day+time.Second, nil), missing},
		{"24 h from iat, without nbf", life(day, func(o *verifytest.SDJWTOptions) { o.NotBefore = time.Time{} }), nil},
		{"24 h 1 s from iat, without nbf", life(day+time.Second, func(o *verifytest.SDJWTOptions) { o.NotBefore = time.Time{} }), missing},
		{"24 h 1 s from nbf, an hour from iat", life(day+time.Second, func(o *verifytest.SDJWTOptions) { o.IssuedAt = w.now }), missing},
		{"no start", life(day, func(o *verifytest.SDJWTOptions) { o.IssuedAt, o.NotBefore = time.Time{}, time.Time{} }), missing},
		{"no end", life(day, func(o *verifytest.SDJWTOptions) { o.NotAfter = time.Time{} }), missing},
		{"24 h and says so", life(day, says), nil},
		{"24 h 1 s and says otherwise", life(day+time.Second, says), inconsistent},
		{"24 h, says so, and names a status", withStatus, inconsistent},
		{"mdoc, 24 h", mdocLife(day, nil), nil},
		{"mdoc, 24 h 1 s", mdocLife(day+time.Second, nil), missing},
		{"mdoc, 24 h and says so", mdocLife(day, true), nil},
		{"mdoc, 24 h 1 s and says otherwise", mdocLife(day+time.Second, true), inconsistent},
		{"mdoc, 24 h 1 s and denies it", mdocLife(day+time.Second, false), missing},
	} {
		if res := w.verify(c.b.build(t, w)); !equal(codes(res), c.want) {
			t.Errorf("%s: %q, want %q", c.name, codes(res), c.want)
		}
	}
}

// TestTimes: a second before and after each limit of the credential and of the
// KB-JWT, with the tolerance of the policy.
func TestTimes(t *testing.T) {
	w := commonWorld(t)
	now := w.now.Truncate(time.Second)
	at := func(b builder, want ...reason.Code) {
		t.Helper()
		if res := w.verifier.Verify(w.store.View(), b.build(t, w), now); !equal(codes(res), want) {
			t.Errorf("%q, want %q", codes(res), want)
		}
	}
	const skew = time.Minute
	type options = verifytest.SDJWTOptions
	type mdocOptions = verifytest.MdocOptions
	at(issued(func(o *options) { o.NotAfter = now.Add(-skew + time.Second) }))
	at(issued(func(o *options) { o.NotAfter = now.Add(-skew) }), reason.CredentialExpired)
	at(issued(func(o *options) { o.NotBefore = now.Add(skew) }))
	at(issued(func(o *options) { o.NotBefore = now.Add(skew + time.Second) }), reason.CredentialNotYetValid)
	at(issued(func(o *options) { o.IssuedAt = now.Add(skew) }))
	at(issued(func(o *options) { o.IssuedAt = now.Add(skew + time.Second) }), reason.CredentialIATFuture)
	at(issuedMdoc(func(o *mdocOptions) { o.ValidUntil = now.Add(-skew) }))
	at(issuedMdoc(func(o *mdocOptions) { o.ValidUntil = now.Add(-skew - time.Second) }), reason.CredentialExpired)
	at(issuedMdoc(func(o *mdocOptions) { o.ValidFrom = now.Add(skew) }))
	at(issuedMdoc(func(o *mdocOptions) { o.ValidFrom = now.Add(skew + time.Second) }), reason.CredentialNotYetValid)
	bound := func(d time.Duration) sd {
		return sd{present: func(p *verifytest.Presentation) { p.IssuedAt = now.Add(d) }}
	}
	at(bound(-300 * time.Second))
	at(bound(-301*time.Second), reason.KBIATOutOfWindow)
	at(bound(skew))
	at(bound(skew+time.Second), reason.KBIATOutOfWindow)
	at(keyBinding(func(_, p obj) { p["exp"] = now.Add(-skew + time.Second).Unix() }))
	at(keyBinding(func(_, p obj) { p["exp"] = now.Add(-skew).Unix() }), reason.KBExpired)
	at(keyBinding(func(_, p obj) { p["nbf"] = now.Add(skew).Unix() }))
	at(keyBinding(func(_, p obj) { p["nbf"] = now.Add(skew + time.Second).Unix() }), reason.KBExpired)
}

// TestPolicySwitches: legacy typ, an MSO that outlives its signer, agreed
// algorithms.
func TestPolicySwitches(t *testing.T) {
	w := commonWorld(t)
	legacy := func(typ string) func(*verifytest.SDJWTOptions) {
		return func(o *verifytest.SDJWTOptions) { o.Typ = typ }
	}
	key384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t)
	holder384 := func(o *verifytest.SDJWTOptions) { o.Holder = key384 }
	device384 := func(o *verifytest.MdocOptions) { o.Holder = key384 }
	outlives := func(o *verifytest.MdocOptions) { o.ValidUntil = o.ValidUntil.AddDate(2, 0, 0) }
	allowTyp := func(r *verify.Request) { r.Policy.AllowLegacyTyp = true }
	algorithms := func(names ...string) func(*verify.Request) {
		return func(r *verify.Request) { r.Policy.Algorithms = names }
	}
	for _, c := range []struct {
		name string
		b    builder
		want []reason.Code
	}{
		{"legacy typ", sd{issue: legacy("vc+sd-jwt")}, []reason.Code{reason.VCTypInvalid}},
		{"legacy typ allowed", sd{issue: legacy("vc+sd-jwt"), request: allowTyp}, nil},
		{"current typ beside it", sd{request: allowTyp}, nil},
		{"any other typ", sd{issue: legacy("sd-jwt"), request: allowTyp}, []reason.Code{reason.VCTypInvalid}},
		{"MSO outlives its signer", md{issue: outlives}, []reason.Code{reason.MdocValidUntilAfterCert}},
		{"allowed", md{issue: outlives, request: func(r *verify.Request) { r.Policy.AllowValidUntilAfterCert = true }}, nil},
		{"agreed algorithm", sd{request: algorithms("ES384", "ES256")}, nil},
		{"none agreed", sd{request: algorithms("ES384")}, []reason.Code{reason.AlgNotAgreed}},
		{"unknown names agree to nothing", md{request: algorithms("ES256K", "")}, []reason.Code{reason.AlgNotAgreed}},
		{"holder's key not agreed", sd{issue: holder384, request: algorithms("ES256")}, []reason.Code{reason.AlgNotAgreed}},
		{"holder's key agreed", sd{issue: holder384, request: algorithms("ES256", "ES384")}, nil},
		{"device key not agreed", md{issue: device384, request: algorithms("ES256")}, []reason.Code{reason.AlgNotAgreed}},
		{"device key agreed", md{issue: device384, request: algorithms("ES256", "ES384")}, nil},
		{"any algorithm", md{issue: device384}, nil},
		{"agreed algorithm, mdoc", md{request: algorithms("ES256")}, nil},
	} {
		if res := w.verify(c.b.build(t, w)); !equal(codes(res), c.want) {
			t.Errorf("%s: %q, want %q", c.name, codes(res), c.want)
		}
	}
}
