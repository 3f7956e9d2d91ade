package verify_test

import (
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestFlows: every flow can be verified, and each input it needs, when absent,
// makes the answer indeterminate and is named in the detail (design 5.3).
func TestFlows(t *testing.T) {
	w := commonWorld(t)
	reader := must(verifytest.NewReader())(t)
	proximity := must(verifytest.ProximityTranscript(&w.Stranger().Signer.Private.PublicKey, &reader.Private.PublicKey))(t)
	clear := map[string]func(*verify.Request){
		"nonce":                func(r *verify.Request) { r.Nonce = "" },
		"client_id":            func(r *verify.Request) { r.ClientID = "" },
		"response_uri":         func(r *verify.Request) { r.ResponseURI = "" },
		"origin":               func(r *verify.Request) { r.Origin = "" },
		"mdoc_generated_nonce": func(r *verify.Request) { r.MdocGeneratedNonce = "" },
		"encryption_info":      func(r *verify.Request) { r.EncryptionInfo = "" },
		"session_transcript":   func(r *verify.Request) { r.SessionTranscript = nil },
	}
	for _, c := range []struct {
		name  string
		flow  verify.Flow
		sdjwt bool
		needs []string
	}{
		{"SD-JWT", verify.FlowRedirect, true, []string{"nonce", "client_id"}},
		{"SD-JWT", verify.FlowDCAPI, true, []string{"nonce", "origin"}},
		{"mdoc", verify.FlowRedirect, false, []string{"nonce", "client_id", "response_uri"}},
		{"mdoc", verify.FlowDCAPI, false, []string{"nonce", "origin"}},
		{"mdoc", verify.FlowProximity, false, []string{"session_transcript"}},
		{"mdoc", verify.FlowISO7B, false, []string{"nonce", "client_id", "response_uri", "mdoc_generated_nonce"}},
		{"mdoc", verify.FlowISO7C, false, []string{"origin", "encryption_info"}},
	} {
		for name := range clear {
			needed := false
			for _, n := range c.needs {
				needed = needed || n == name
			}
			ctx := verifytest.Context{Flow: string(c.flow), SessionTranscript: proximity}
			var b builder = md{context: ctx, request: clear[name]}
			if c.sdjwt {
				b = sd{context: ctx, request: clear[name]}
			}
			res := w.verify(b.build(t, w))
			if !needed {
				if res.Verdict != verify.Valid {
					t.Errorf("%s over %s without %s, which it does not need: %s %q", c.name, c.flow, name, res.Verdict, codes(res))
				}
				continue
			}
			code := reason.RequestContextIncomplete
			if name == "session_transcript" {
				code = reason.SessionTranscriptMissing
			}
			if res.Verdict != verify.Indeterminate || !equal(codes(res), []reason.Code{code}) {
				t.Errorf("%s over %s without %s: %s %q", c.name, c.flow, name, res.Verdict, codes(res))
				continue
			}
			if d := res.Credentials[0].Reasons[0].Detail; !strings.Contains(d, name) {
				t.Errorf("%s over %s without %s: the detail %q does not name it", c.name, c.flow, name, d)
			}
		}
	}
}

// TestOtherContext: every input of a flow binds: with another value the device
// signature does not verify.
func TestOtherContext(t *testing.T) {
	w := commonWorld(t)
	thumb := make([]byte, 32)
	for _, c := range []struct {
		flow   string
		change func(*verify.Request)
	}{
		{"redirect", func(r *verify.Request) { r.Nonce += "x" }},
		{"redirect", func(r *verify.Request) { r.ClientID += "x" }},
		{"redirect", func(r *verify.Request) { r.ResponseURI += "/" }},
		{"redirect", func(r *verify.Request) { r.JWKThumbprint = thumb }},
		{"redirect", func(r *verify.Request) { r.Flow = verify.FlowDCAPI }},
		{"dc_api", func(r *verify.Request) { r.Nonce += "x" }},
		{"dc_api", func(r *verify.Request) { r.Origin += "/" }}, // never tolerated in the handover
		{"dc_api", func(r *verify.Request) { r.JWKThumbprint = thumb }},
		{"iso_7_b", func(r *verify.Request) { r.MdocGeneratedNonce += "x" }},
		{"iso_7_b", func(r *verify.Request) { r.ResponseURI += "x" }},
		{"iso_7_b", func(r *verify.Request) { r.Flow = verify.FlowRedirect }},
		{"iso_7_c", func(r *verify.Request) { r.EncryptionInfo += "AA" }},
		{"iso_7_c", func(r *verify.Request) { r.Origin += "x" }},
	} {
		m := md{context: verifytest.Context{Flow: c.flow}, request: func(r *verify.Request) {
			r.Policy.AllowAudienceSlash = true
			c.change(r)
		}}
		res := w.verify(m.build(t, w))
		if res.Verdict != verify.Invalid || !equal(codes(res), []reason.Code{reason.DeviceSignatureInvalid}) {
			t.Errorf("%s: %s %q", c.flow, res.Verdict, codes(res))
		}
		if d := res.Credentials[0].Reasons[0].Detail; !strings.Contains(d, "flow") || !strings.Contains(d, "encrypted") {
			t.Errorf("the detail %q does not name the likely causes", d)
		}
	}
}

// TestNothingAsked: without expect and dcql_query nothing is valid, whatever else
// is there.
func TestNothingAsked(t *testing.T) {
	w := commonWorld(t)
	for _, b := range []builder{
		sd{request: func(r *verify.Request) { r.Expect = nil }},
		md{request: func(r *verify.Request) { r.Expect = nil }},
	} {
		res := w.verify(b.build(t, w))
		if res.Verdict != verify.Indeterminate {
			t.Errorf("%s %q", res.Verdict, codes(res))
		}
		for _, c := range codes(res) {
			if c != reason.RequestContextIncomplete {
				t.Errorf("%s", c)
			}
		}
		if d := res.Reasons[0].Detail; !strings.Contains(d, "dcql_query") || !strings.Contains(d, "expect") {
			t.Errorf("the detail %q does not say what to send", d)
		}
	}
	// A type that no kind is known for: the caller has to say the kind.
	res := w.verify(sd{request: func(r *verify.Request) {
		r.Expect[queryID] = verify.Expect{Types: []string{"urn:example:unheard-of"}}
	}}.build(t, w))
	if res.Verdict != verify.Indeterminate || !equal(codes(res), []reason.Code{reason.RequestContextIncomplete}) {
		t.Errorf("%s %q", res.Verdict, codes(res))
	}
	if res := w.verify(&verify.Request{Policy: verify.DefaultPolicy()}); res.Verdict == verify.Valid {
		t.Error("an empty request is valid")
	}
}

// TestNoFlow: a flow is never guessed.
func TestNoFlow(t *testing.T) {
	w := commonWorld(t)
	for _, flow := range []verify.Flow{"", "carrier_pigeon"} {
		for _, b := range []builder{
			sd{request: func(r *verify.Request) { r.Flow = flow }},
			md{request: func(r *verify.Request) { r.Flow = flow }},
		} {
			if res := w.verify(b.build(t, w)); res.Verdict == verify.Valid {
				t.Errorf("valid over flow %q", flow)
			}
		}
	}
}

// TestAudience: over the DC API the audience is the origin with its prefix; a
// slash at the end is tolerated only by the explicit switch.
func TestAudience(t *testing.T) {
	w := commonWorld(t)
	allow := func(r *verify.Request) { r.Policy.AllowAudienceSlash = true }
	for _, c := range []struct {
		flow, aud string
		allow     func(*verify.Request)
		valid     bool
	}{
		{"dc_api", "origin:https://verifier.example", nil, true},
		{"dc_api", "https://verifier.example", nil, false},
		{"dc_api", "origin:https://verifier.example/", nil, false},
		{"dc_api", "origin:https://verifier.example/", allow, true},
		{"dc_api", "origin:https://verifier.example//", allow, false},
		{"dc_api", "x509_san_dns:verifier.example", nil, false},
		{"redirect", "x509_san_dns:verifier.example", nil, true},
		{"redirect", "verifier.example", nil, false},
		{"redirect", "x509_san_dns:verifier.example/", allow, false},
	} {
		res := w.verify(sd{
			context: verifytest.Context{Flow: c.flow, Origin: "https://verifier.example"}, request: c.allow,
			present: func(p *verifytest.Presentation) { p.Audience = c.aud },
		}.build(t, w))
		want := []reason.Code{reason.KBAudMismatch}
		if c.valid {
			want = nil
		}
		if !equal(codes(res), want) {
			t.Errorf("%s over %s: %q, want %q", c.aud, c.flow, codes(res), want)
		}
	}
}

// TestCredentialAudience: a credential that names an audience is for nobody else,
// and without one in the request that cannot be known.
func TestCredentialAudience(t *testing.T) {
	w := commonWorld(t)
	for _, c := range []struct {
		aud     any
		request func(*verify.Request)
		verdict verify.Verdict
		code    []reason.Code
	}{
		{"x509_san_dns:verifier.example", nil, verify.Valid, nil},
		{arr{"https://x.example", "x509_san_dns:verifier.example"}, nil, verify.Valid, nil},
		{"verifier.example", nil, verify.Invalid, []reason.Code{reason.CredentialAudMismatch}},
		{arr{}, nil, verify.Invalid, []reason.Code{reason.CredentialAudMismatch}},
		{"x509_san_dns:verifier.example", func(r *verify.Request) {
			r.ClientID, r.Policy.HolderBinding = "", verify.Skip
		}, verify.Indeterminate, []reason.Code{reason.RequestContextIncomplete}},
	} {
		s := payload(func(p obj) { p["aud"] = c.aud })
		s.request = c.request
		if res := w.verify(s.build(t, w)); res.Verdict != c.verdict || !equal(codes(res), c.code) {
			t.Errorf("%v: %s %q", c.aud, res.Verdict, codes(res))
		}
	}
}
