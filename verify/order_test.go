package verify_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// watched is a view that counts how often a status was looked up.
type watched struct {
	verify.TrustView
	status int
}

func (w *watched) Status(m statuslist.Mechanism, uri string) verify.StatusSlot {
	w.status++
	return w.TrustView.Status(m, uri)
}

// TestStatusOnlyOfGoodCredentials: an invalid credential's status is not looked up
// (Token Status List section 8.3), a good one's once.
func TestStatusOnlyOfGoodCredentials(t *testing.T) {
	w := commonWorld(t)
	for _, s := range verifytest.Samples() {
		_, req := w.make(t, s.Name, verifytest.Context{})
		view := &watched{TrustView: w.store.View()}
		w.verifier.Verify(view, req, w.now)
		want := 0
		switch {
		case s.Verdict == verify.Valid && s.Name != "short-lived" && s.Name != "mdoc-short-lived",
			len(s.Codes) == 1 && (s.Codes[0] == reason.StatusRevoked || s.Codes[0] == reason.StatusSuspended ||
				s.Codes[0] == reason.StatusIndexOutOfRange || s.Codes[0] == reason.StatusUnavailable),
			s.Name == "mdoc-mac-key-missing": // only the request's fault
			want = 1
		}
		if s.Name == "mdoc-both-mechanisms-revoked" {
			want = 2
		}
		if view.status != want {
			t.Errorf("%s: the status was looked up %d times, want %d", s.Name, view.status, want)
		}
	}
	_, req := w.make(t, "revoked", verifytest.Context{})
	req.Policy.Status = verify.Skip
	view := &watched{TrustView: w.store.View()}
	if res := w.verifier.Verify(view, req, w.now); res.Verdict != verify.Valid || view.status != 0 {
		t.Errorf("skipped status: %s, looked up %d times", res.Verdict, view.status)
	}
}

// TestOrder: with two faults, that of the earlier step is told. What comes before
// the issuer's signature needs no arithmetic: an unknown issuer's is not checked.
func TestOrder(t *testing.T) {
	w := commonWorld(t)
	type options = verifytest.SDJWTOptions
	damage := func(o *options) { o.Rewrite = verifytest.DamageSignature }
	expire := func(o *options) {
		o.IssuedAt, o.NotBefore, o.NotAfter = time.Time{}, w.now.Add(-48*time.Hour), w.now.Add(-time.Hour)
	}
	stray := func(p *verifytest.Presentation) {
		p.Disclosures = func(list []string) []string {
			d, _ := verifytest.EncodeDisclosure("2GLC42sKQveCfGfryNRN9w", "x", "y")
			return append(list, d)
		}
	}
	otherNonce := func(p *verifytest.Presentation) { p.Nonce = "another" }
	askForMore := asked(dcql.FormatSDJWT, func(q *dcql.Credential) { q.Claims = []dcql.Claim{{Path: dcql.Path{"no_such_claim"}}} })
	revoke := func(o *options) {
		ref := must(w.Status(w.PID("DE"), verifytest.FormJWT, verifytest.StatusRevoked))(t)
		o.Status = &ref
	}
	for _, c := range []struct {
		name string
		sd   sd
		code reason.Code
	}{
		{"format before issuer", sd{by: "stranger", noStatus: true, request: asked(dcql.FormatSDJWT, func(q *dcql.Credential) { q.Format = dcql.FormatMdoc })}, reason.VPFormatMismatch},
		{"issuer before its signature", sd{by: "stranger", noStatus: true, issue: damage}, reason.AnchorNotFound},
		{"algorithm before the signature", sd{issue: damage, request: func(r *verify.Request) { r.Policy.Algorithms = []string{"EdDSA"} }}, reason.AlgNotAgreed},
		{"signature before disclosures", sd{issue: damage, present: stray}, reason.IssuerSignatureInvalid},
		{"disclosures before time", sd{issue: expire, present: stray}, reason.DisclosureUnreferenced},
		{"time before binding", sd{issue: expire, present: otherNonce}, reason.CredentialExpired},
		{"binding before query", sd{present: otherNonce, request: askForMore}, reason.KBNonceMismatch},
		{"query before status", sd{issue: revoke, request: askForMore}, reason.DCQLClaimMissing},
		{"revoked and nothing else", sd{issue: revoke}, reason.StatusRevoked},
	} {
		res := w.verify(c.sd.build(t, w))
		if got := codes(res); res.Verdict != verify.Invalid || !equal(got, []reason.Code{c.code}) {
			t.Errorf("%s: %s %q, want %s", c.name, res.Verdict, got, c.code)
		}
	}
}

// TestInvalidBeatsUnknown: what cannot be known now does not hide what is wrong.
func TestInvalidBeatsUnknown(t *testing.T) {
	w := commonWorld(t)
	noNonce := func(r *verify.Request) { r.Nonce = "" }
	both := sd{request: func(r *verify.Request) {
		noNonce(r)
		r.Expect[queryID] = verify.Expect{Kind: "pid", Types: []string{"urn:eudi:pid:2"}}
	}}
	res := w.verify(both.build(t, w))
	if res.Verdict != verify.Invalid || !equal(codes(res), []reason.Code{reason.RequestContextIncomplete, reason.VCTMismatch}) {
		t.Errorf("%s %q", res.Verdict, codes(res))
	}
	if hb := res.Credentials[0].HolderBinding; hb == nil || hb.Verified {
		t.Errorf("holder binding %+v", hb)
	}
	revoked := sd{request: noNonce, issue: func(o *verifytest.SDJWTOptions) {
		ref := must(w.Status(w.PID("DE"), verifytest.FormJWT, verifytest.StatusRevoked))(t)
		o.Status = &ref
	}}
	res = w.verify(revoked.build(t, w))
	if res.Verdict != verify.Invalid || !equal(codes(res), []reason.Code{reason.RequestContextIncomplete, reason.StatusRevoked}) {
		t.Errorf("%s %q", res.Verdict, codes(res))
	}
	// The worst credential decides.
	req := sd{}.build(t, w)
	req.VPToken[queryID] = append(req.VPToken[queryID], "x")
	if res = w.verify(req); res.Verdict != verify.Invalid || len(res.Credentials) != 2 || res.Credentials[0].Verdict != verify.Valid {
		t.Errorf("%s of %d credentials", res.Verdict, len(res.Credentials))
	}
}
