package verifytest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

func world(t testing.TB, now time.Time) *verifytest.World {
	t.Helper()
	w, err := verifytest.NewAt(now, verifytest.Options{CRLBase: "https://crl.example"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// request is what a relying party sends with a sample.
func request(m *verifytest.Made) *verify.Request {
	r := &verify.Request{
		VPToken: m.VPToken, Flow: verify.Flow(m.Context.Flow), Nonce: m.Context.Nonce, ClientID: m.Context.ClientID,
		ResponseURI: m.Context.ResponseURI, Origin: m.Context.Origin, JWKThumbprint: m.Context.JWKThumbprint,
		MdocGeneratedNonce: m.Context.MdocGeneratedNonce, EncryptionInfo: m.Context.EncryptionInfo,
		SessionTranscript: m.SessionTranscript, EMacKey: m.EMacKey, TransactionData: m.Context.TransactionData,
		Expect: make(map[string]verify.Expect), Policy: verify.DefaultPolicy(), IncludeClaims: true,
	}
	for id, e := range m.Expect {
		e := e.(map[string]any)
		r.Expect[id] = verify.Expect{Kind: trustlist.Kind(e["kind"].(string)), Types: e["types"].([]string)}
	}
	return r
}

// contexts are the ways in which a sample can reach the relying party.
func contexts(format string) map[string]verifytest.Context {
	reader, err := verifytest.NewReader()
	if err != nil {
		panic(err)
	}
	thumbprint := verifytest.Thumbprint(&reader.Private.PublicKey)
	all := map[string]verifytest.Context{
		"redirect":           {},
		"redirect encrypted": {Flow: verifytest.FlowRedirect, JWKThumbprint: thumbprint},
		"dc_api":             {Flow: verifytest.FlowDCAPI},
		"dc_api encrypted":   {Flow: verifytest.FlowDCAPI, JWKThumbprint: thumbprint},
	}
	if format == verifytest.FormatMdoc {
		for _, flow := range []string{verifytest.FlowProximity, verifytest.FlowISO7B, verifytest.FlowISO7C} {
			all[flow] = verifytest.Context{Flow: flow}
		}
	}
	return all
}

// TestSamples holds every sample against the verifier: the outcomes that the
// World promises are those of the product, in every flow.
func TestSamples(t *testing.T) {
	w := world(t, now)
	v := viewOf(t, w, now)
	verifier, err := verify.New(verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range verifytest.Samples() {
		for name, c := range contexts(s.Format) {
			t.Run(s.Name+" "+name, func(t *testing.T) {
				m, err := w.Make(s.Name, c, now)
				if err != nil {
					t.Fatal(err)
				}
				res := verifier.Verify(v, request(m), now)
				checkOutcome(t, s, res)
			})
		}
	}
}

func checkOutcome(t *testing.T, s verifytest.Sample, res *verify.Result) {
	t.Helper()
	if res.Verdict != s.Verdict {
		t.Errorf("verdict %s, want %s", res.Verdict, s.Verdict)
	}
	codes := []reason.Code{}
	for _, c := range res.Credentials {
		for _, r := range append(c.Reasons, c.Warnings...) {
			codes = append(codes, r.Code)
			t.Log(r.Code, r.Detail)
		}
		if c.Format != s.Format {
			t.Errorf("format %s, want %s", c.Format, s.Format)
		}
	}
	for _, r := range res.Reasons {
		codes = append(codes, r.Code)
	}
	if !slices.Equal(codes, s.Codes) {
		t.Errorf("codes %q, want %q", codes, s.Codes)
	}
}
