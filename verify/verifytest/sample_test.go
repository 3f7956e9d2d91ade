package verifytest

import (
	"bytes"
	"encoding/json"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// TestSampleTable: names are unique, and what a sample promises is what its codes
// make of a verdict.
func TestSampleTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range Samples() {
		if seen[s.Name] || s.About == "" || s.Codes == nil {
			t.Errorf("%s: twice, or incomplete", s.Name)
		}
		seen[s.Name] = true
		verdict := reason.Valid
		for _, c := range s.Codes {
			e, ok := reason.Lookup(c)
			if !ok {
				t.Errorf("%s: code %q is not registered", s.Name, c)
			}
			verdict = reason.Worse(verdict, e.Verdict)
		}
		if verdict != s.Verdict {
			t.Errorf("%s: %s, and its codes make it %s", s.Name, s.Verdict, verdict)
		}
	}
	for _, name := range []string{
		"sdjwt-pid-de", "sdjwt-pid-fr", "mdoc-pid-de", "mdl", "mdoc-pid-mac", "revoked", "mdoc-revoked", "suspended", "expired",
		"not-yet-valid", "tampered-disclosure", "mdoc-tampered-element", "wrong-nonce", "wrong-audience", "missing-key-binding",
		"unknown-issuer", "wrong-kind", "wrong-country", "unknown-status-list", "no-status", "short-lived",
		"device-signature-other-flow", "transaction-data", "sdjwt-batch-copy",
	} {
		if !seen[name] {
			t.Errorf("no sample %s", name)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	w := testWorld(t)
	for name, c := range map[string]Context{
		"no such sample":   {},
		"sdjwt-pid-de":     {Flow: FlowProximity},
		"mdl":              {Flow: "carrier pigeon"},
		"transaction-data": {TransactionData: []string{"not base64url of an object"}},
	} {
		if _, err := w.Make(name, c, testNow); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

// TestBody: the members that a flow needs, and nothing that JSON cannot carry.
func TestBody(t *testing.T) {
	w := testWorld(t)
	for flow, members := range map[string][]string{
		FlowRedirect:  {"client_id", "expect", "flow", "include", "nonce", "response_uri", "vp_token"},
		FlowDCAPI:     {"expect", "flow", "include", "nonce", "origin", "vp_token"},
		FlowProximity: {"expect", "flow", "include", "session_transcript", "vp_token"},
		FlowISO7B:     {"client_id", "expect", "flow", "include", "mdoc_generated_nonce", "nonce", "response_uri", "vp_token"},
		FlowISO7C:     {"encryption_info", "expect", "flow", "include", "origin", "vp_token"},
	} {
		m := must[*Made](t)(w.Make("mdl", Context{Flow: flow}, testNow))
		body := m.Body()
		if got := sortedKeys(body); !slices.Equal(got, members) {
			t.Errorf("%s: %q", flow, got)
		}
		must[[]byte](t)(json.Marshal(body))
	}
	m := must[*Made](t)(w.Make("mdoc-pid-mac", Context{}, testNow))
	if key, _ := m.Body()["emac_key"].(string); len(unbase64(t, key)) != 32 {
		t.Error("emac_key")
	}
	m = must[*Made](t)(w.Make("transaction-data", Context{}, testNow))
	if data, _ := m.Body()["transaction_data"].([]string); len(data) != 1 || m.VPToken["payment"] == nil {
		t.Error("transaction_data")
	}
}

// TestTransactionDataOfCaller: the caller's own data names the query.
func TestTransactionDataOfCaller(t *testing.T) {
	w := testWorld(t)
	b := must[[]byte](t)(json.Marshal(map[string]any{"type": "t", "credential_ids": []string{"card"}}))
	c := Context{TransactionData: []string{URL64(b)}}
	if m := must[*Made](t)(w.Make("transaction-data", c, testNow)); m.VPToken["card"] == nil || m.Context.TransactionData[0] != c.TransactionData[0] {
		t.Error("the caller's data was not used")
	}
	if m := must[*Made](t)(w.Make("mdl", c, testNow)); m.Context.TransactionData != nil {
		t.Error("a licence binds no transaction")
	}
}

func TestPortrait(t *testing.T) {
	img, err := jpeg.Decode(bytes.NewReader(testWorld(t).portrait))
	if err != nil || img.Bounds().Dx() != 120 {
		t.Error("the portrait is no picture", err)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(testNow); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMake(b *testing.B) {
	w := testWorld(b)
	for _, name := range []string{"sdjwt-pid-de", "mdl"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := w.Make(name, Context{}, testNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
