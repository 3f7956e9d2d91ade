package verify_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestRevocationOfTypeAndKind: what is demanded of a type goes before what is demanded
// of its kind, and that before the rest; nothing is mixed.
func TestRevocationOfTypeAndKind(t *testing.T) {
	w := commonWorld(t)
	demand := func(m verify.Mode) verify.Revocation { return verify.Revocation{Status: m, CRL: verify.BestEffort} }
	const de, base = "urn:eudi:pid:de:1", verifytest.TypePID
	type types = map[string]verify.Revocation
	type kinds = map[trustlist.Kind]verify.Revocation
	required, skip := demand(verify.Required), demand(verify.Skip)
	for _, c := range []struct {
		name  string
		base  verify.Revocation
		kinds kinds
		types types
		want  verify.Mode
	}{
		{"the rest", required, nil, nil, verify.Required},
		{"another kind's", skip, kinds{trustlist.KindMDL: required}, nil, verify.Skip},
		{"its kind's", skip, kinds{trustlist.KindPID: required}, nil, verify.Required},
		{"its kind's, laxer", required, kinds{trustlist.KindPID: skip}, nil, verify.Skip},
		{"another type's", skip, nil, types{"urn:eudi:pid:fr:1": required, verifytest.TypePIDMdoc: required}, verify.Skip},
		{"its type's before its kind's", skip, kinds{trustlist.KindPID: skip}, types{de: required}, verify.Required},
		{"its type's, laxer", required, kinds{trustlist.KindPID: required}, types{de: skip}, verify.Skip},
		{"that of the type it extends", skip, kinds{trustlist.KindPID: skip}, types{base: required}, verify.Required},
		{"its own before that of the type it extends", skip, nil, types{base: skip, de: required}, verify.Required},
		{"another version of what it extends", required, nil, types{"urn:eudi:pid:2": skip}, verify.Required},
		{"nobody's", required, kinds{"": skip}, types{"": skip}, verify.Required},
	} {
		req := sd{noStatus: true, request: func(r *verify.Request) {
			r.Policy.Revocation, r.Policy.Kinds, r.Policy.Types = c.base, c.kinds, c.types
			r.Expect[queryID] = verify.Expect{Types: []string{base}}
		}}.build(t, w)
		want := []reason.Code{reason.StatusMissing}
		if c.want == verify.Skip {
			want = nil
		}
		if got := codes(w.verify(req)); !equal(got, want) {
			t.Errorf("%s: %q, want %q", c.name, got, want)
		}
	}
}

// TestRevocationOfOtherNames: a credential that is also of the type asked for
// (aka_vcts) does not escape what is demanded of that type, its chain included.
func TestRevocationOfOtherNames(t *testing.T) {
	w := commonWorld(t).emptied(t)
	lax, strict := verify.Revocation{Status: verify.Skip, CRL: verify.Skip}, verify.Revocation{Status: verify.Required, CRL: verify.Required}
	build := func(types map[string]verify.Revocation) *verify.Request {
		return sd{by: "eaa", typ: verifytest.TypeMembership, noStatus: true, issue: func(o *verifytest.SDJWTOptions) {
			o.Open = obj{"aka_vcts": arr{verifytest.TypePayment}}
		}, request: func(r *verify.Request) {
			r.Policy.Revocation, r.Policy.Types = lax, types
			r.Expect[queryID] = verify.Expect{Kind: trustlist.KindEAA, Types: []string{verifytest.TypePayment}}
		}}.build(t, w)
	}
	type types = map[string]verify.Revocation
	for _, c := range []struct {
		name  string
		types types
		want  []reason.Code
	}{
		{"of another type", types{verifytest.TypeResidence: strict}, nil},
		{"of the type asked for", types{verifytest.TypePayment: strict}, []reason.Code{reason.CRLUnavailable, reason.StatusMissing}},
		{"of vct, first", types{verifytest.TypePayment: strict, verifytest.TypeMembership: lax}, nil},
	} {
		if got := codes(w.verify(build(c.types))); !equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestShortLivedPolicy: one second around the longest validity that needs no status.
func TestShortLivedPolicy(t *testing.T) {
	w := commonWorld(t)
	from := w.now.Truncate(time.Second).Add(-time.Minute)
	for _, c := range []struct {
		policy time.Duration
		life   time.Duration
		want   []reason.Code
	}{
		{0, 2 * time.Minute, []reason.Code{reason.StatusMissing}},
		{-time.Hour, 2 * time.Minute, []reason.Code{reason.StatusMissing}},
		{time.Hour, time.Hour - time.Second, nil},
		{time.Hour, time.Hour, nil},
		{time.Hour, time.Hour + time.Second, []reason.Code{reason.StatusMissing}},
		{24 * time.Hour, 24*time.Hour - time.Second, nil},
		{24 * time.Hour, 24 * time.Hour, nil},
		{24 * time.Hour, 24*time.Hour + time.Second, []reason.Code{reason.StatusMissing}},
		{48 * time.Hour, 24 * time.Hour, nil},
		{48 * time.Hour, 24*time.Hour + time.Second, []reason.Code{reason.StatusMissing}}, // ARF VCR_01
	} {
		request := func(r *verify.Request) { r.Policy.ShortLived = c.policy }
		for _, b := range []builder{
			sd{noStatus: true, request: request, issue: func(o *verifytest.SDJWTOptions) {
				o.IssuedAt, o.NotBefore, o.NotAfter = from, from, from.Add(c.life)
			}},
			md{noStatus: true, request: request, issue: func(o *verifytest.MdocOptions) {
				o.Signed, o.ValidFrom, o.ValidUntil = from, from, from.Add(c.life)
			}},
		} {
			if got := codes(w.verify(b.build(t, w))); !equal(got, c.want) {
				t.Errorf("%T, policy %s, life %s: %q, want %q", b, c.policy, c.life, got, c.want)
			}
		}
	}
}

// TestShortLivedAndRevoked: a short life waives that the status is known, not a
// revocation that is.
func TestShortLivedAndRevoked(t *testing.T) {
	from := commonWorld(t).now.Truncate(time.Second).Add(-time.Minute)
	for _, form := range []string{onJWT, onCWT, onIDs} {
		w := commonWorld(t).emptied(t)
		w.loadCRLs(t)
		ref := must(w.Status(w.PID("DE"), form, verifytest.StatusGood))(t)
		var b builder = sd{issue: func(o *verifytest.SDJWTOptions) {
			o.Status, o.IssuedAt, o.NotBefore, o.NotAfter = &ref, from, from, from.Add(time.Hour)
		}}
		if form != onJWT {
			b = md{issue: func(o *verifytest.MdocOptions) {
				o.Status, o.Signed, o.ValidFrom, o.ValidUntil = &ref, from, from, from.Add(time.Hour)
			}}
		}
		req := b.build(t, w)
		expect := func(when, state string, want ...reason.Code) {
			t.Helper()
			res := w.verify(req)
			if c := res.Credentials[0]; !equal(codes(res), want) || c.Status.State != state || len(c.Warnings) > 0 || len(res.Lacking) > 0 {
				t.Errorf("%s, %s: %q, state %s, warnings %v, %d lacking", form, when, codes(res), c.Status.State, c.Warnings, len(res.Lacking))
			}
		}
		expect("nothing held", verify.StatusNotRequired)
		if err := w.offerToken(t, "de", form, verifytest.IdentifierOptions{}); err != nil {
			t.Fatal(err)
		}
		expect("good", verify.StatusNotRequired)
		w.now = w.now.Add(2 * time.Second)
		if err := w.offerToken(t, "de", form, verifytest.IdentifierOptions{}, ref); err != nil {
			t.Fatal(err)
		}
		expect("revoked", verify.StatusRevoked, reason.StatusRevoked)
		req.Policy.Status = verify.Skip
		expect("revoked, skipped", verify.StatusSkipped)
	}
}

// TestMaxStatusAgeOfType: the oldest status list may be another for each type.
func TestMaxStatusAgeOfType(t *testing.T) {
	w := commonWorld(t)
	issued := w.now.Truncate(time.Second)
	old := func(age time.Duration) verify.Revocation {
		r := verify.DefaultPolicy().Revocation
		r.MaxStatusAge = age
		return r
	}
	request := func(r *verify.Request) {
		patient(r)
		r.Policy.Revocation = old(time.Minute)
		r.Policy.Types = map[string]verify.Revocation{"urn:eudi:pid:de:1": old(time.Hour)}
		r.Policy.Kinds = map[trustlist.Kind]verify.Revocation{trustlist.KindPID: old(2 * time.Hour)}
	}
	for _, c := range []struct {
		b   builder
		max time.Duration
	}{
		{sd{request: request}, time.Hour},     // its type's
		{md{request: request}, 2 * time.Hour}, // its kind's
		{sd{by: "eaa", typ: verifytest.TypeMembership, request: request}, time.Minute},
	} {
		req := c.b.build(t, w)
		for d, want := range map[time.Duration][]reason.Code{c.max: nil, c.max + time.Second: {reason.StatusStale}} {
			if got := codes(w.verifier.Verify(w.store.View(), req, issued.Add(d))); !equal(got, want) {
				t.Errorf("%T after %s: %q, want %q", c.b, d, got, want)
			}
		}
	}
}
