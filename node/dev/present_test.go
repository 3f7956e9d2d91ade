package dev

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// post sends a body to the origin.
func (d *demo) post(t *testing.T, path, contentType string, body []byte) (status int, media string, answer []byte) {
	t.Helper()
	resp, err := http.Post(d.origin.url+path, contentType, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), answer
}

// present asks for a presentation and has the node verify it.
func (d *demo) presentAndVerify(t *testing.T, ask map[string]any) (body map[string]any, a *client.Answer) {
	t.Helper()
	b, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	status, _, request := d.post(t, "/dev/present", "application/json", b)
	if status != http.StatusOK {
		t.Fatalf("%v: %d %s", ask, status, request)
	}
	if err := json.Unmarshal(request, &body); err != nil {
		t.Fatal(err)
	}
	if a, err = d.client[0].Verify(t.Context(), request); err != nil {
		t.Fatalf("%v: %v", ask, err)
	}
	return body, a
}

// Every sample, made for a relying party's own nonce and client_id, comes out as
// it says of itself.
func TestPresentEverySample(t *testing.T) {
	d := startDemo(t)
	for _, s := range shown() {
		t.Run(s.Name, func(t *testing.T) {
			body, a := d.presentAndVerify(t, map[string]any{"sample": s.Name, "nonce": "my-own-nonce", "client_id": "x509_san_dns:shop.example"})
			if body["nonce"] != "my-own-nonce" || body["client_id"] != "x509_san_dns:shop.example" || body["flow"] != "redirect" {
				t.Errorf("the request is for %v, %v, %v", body["nonce"], body["client_id"], body["flow"])
			}
			if a.Verdict != string(s.Verdict) || !slices.Equal(codes(a), expected(s)) {
				t.Errorf("%s %v, want %s %v", a.Verdict, codes(a), s.Verdict, s.Codes)
			}
			if !a.Test {
				t.Error("the answer does not say that it is a test's")
			}
		})
	}
}

// The nonce is bound: the same presentation for another one is refused.
func TestPresentIsBound(t *testing.T) {
	d := startDemo(t)
	body, _ := d.presentAndVerify(t, map[string]any{"sample": "sdjwt-pid-de", "nonce": "my-own-nonce"})
	body["nonce"] = "another"
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.client[0].Verify(t.Context(), b)
	if err != nil || a.Verdict != "invalid" || !slices.Equal(codes(a), []string{"kb_nonce_mismatch"}) {
		t.Errorf("%v %v %v", err, a.Verdict, codes(a))
	}
}

// Over the Digital Credentials API the audience is the origin.
func TestPresentFlows(t *testing.T) {
	d := startDemo(t)
	thumbprint := verifytest.URL64(bytes.Repeat([]byte{7}, 32))
	for name, ask := range map[string]map[string]any{
		"dc_api SD-JWT":  {"sample": "sdjwt-pid-fr", "flow": "dc_api", "nonce": "n", "origin": "https://shop.example"},
		"dc_api mdoc":    {"sample": "mdl", "flow": "dc_api", "nonce": "n", "origin": "https://shop.example"},
		"dc_api, sealed": {"sample": "mdl", "flow": "dc_api", "nonce": "n", "origin": "https://shop.example", "jwk_thumbprint": thumbprint},
		"proximity":      {"sample": "mdoc-pid-de", "flow": "proximity"},
		"Annex B":        {"sample": "mdoc-pid-de", "flow": "iso_7_b", "nonce": "n", "mdoc_generated_nonce": "m"},
		"Annex C":        {"sample": "mdoc-pid-de", "flow": "iso_7_c", "origin": "https://shop.example"},
	} {
		body, a := d.presentAndVerify(t, ask)
		if a.Verdict != "valid" {
			t.Errorf("%s: %s %v", name, a.Verdict, codes(a))
		}
		for member, want := range ask {
			if member != "sample" && body[member] != want {
				t.Errorf("%s: the request has %s %v, want %v", name, member, body[member], want)
			}
		}
		if _, has := body["client_id"]; has && ask["flow"] == "dc_api" {
			t.Errorf("%s: the request names a client_id, which this flow does not have", name)
		}
	}
}

func TestPresentRefuses(t *testing.T) {
	d := startDemo(t)
	const asJSON = "application/json"
	for name, c := range map[string]struct {
		path, media, body string
		status            int
		member            string
	}{
		"unknown member":    {"/dev/present", asJSON, `{"sample": "mdl", "nonsense": 1}`, 400, ""},
		"wrong type":        {"/dev/present", asJSON, `{"sample": 1}`, 400, ""},
		"not JSON":          {"/dev/present", asJSON, `{"sample": "mdl"`, 400, ""},
		"empty":             {"/dev/present", asJSON, ``, 400, ""},
		"something follows": {"/dev/present", asJSON, `{"sample": "mdl"} {}`, 400, ""},
		"content type":      {"/dev/present", "text/plain", `{"sample": "mdl"}`, 415, ""},
		"no content type":   {"/dev/present", "", `{"sample": "mdl"}`, 415, ""},
		"unknown sample":    {"/dev/present", asJSON, `{"sample": "nonsense"}`, 404, "/sample"},
		"no sample":         {"/dev/present", asJSON, `{}`, 404, "/sample"},
		"too large":         {"/dev/present", asJSON, `{"sample": "` + strings.Repeat("x", maxBody) + `"}`, 413, ""},
		"unknown flow":      {"/dev/present", asJSON, `{"sample": "mdl", "flow": "nonsense"}`, 400, "/flow"},
		"flow of mdoc":      {"/dev/present", asJSON, `{"sample": "sdjwt-pid-de", "flow": "proximity"}`, 400, "/flow"},
		"short thumbprint":  {"/dev/present", asJSON, `{"sample": "mdl", "jwk_thumbprint": "AA"}`, 400, "/jwk_thumbprint"},
		"padded thumbprint": {"/dev/present", asJSON, `{"sample": "mdl", "jwk_thumbprint": "AA=="}`, 400, "/jwk_thumbprint"},
		"revoke nothing":    {"/dev/revoke", asJSON, `{"sample": "no-status"}`, 404, "/sample"},
		"revoke unknown":    {"/dev/revoke", asJSON, `{"sample": "nonsense"}`, 404, "/sample"},
	} {
		status, media, b := d.post(t, c.path, c.media, []byte(c.body))
		var p client.Problem
		if err := json.Unmarshal(b, &p); err != nil || status != c.status || p.Status != c.status ||
			media != "application/problem+json" || p.Member != c.member || p.Detail == "" {
			t.Errorf("%s: %d %s %s (%v), want a problem of %d at %q", name, status, media, b, err, c.status, c.member)
		}
	}
	if resp, err := http.Get(d.origin.url + "/dev/present"); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v %v", resp, err)
	}
}

// Revoking the credential last made for a sample shows at the node at once.
func TestRevoke(t *testing.T) {
	d := startDemo(t)
	body, a := d.presentAndVerify(t, map[string]any{"sample": "sdjwt-pid-fr"})
	if a.Verdict != "valid" {
		t.Fatal(a.Verdict, codes(a))
	}
	if status, _, b := d.post(t, "/dev/revoke", "application/json", []byte(`{"sample": "sdjwt-pid-fr"}`)); status != http.StatusOK {
		t.Fatalf("%d %s", status, b)
	}
	again, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = d.client[0].Verify(t.Context(), again); err != nil || a.Verdict != "invalid" || !slices.Equal(codes(a), []string{"status_revoked"}) {
		t.Errorf("%v %s %v", err, a.Verdict, codes(a))
	}
}

func TestSamples(t *testing.T) {
	d := startDemo(t)
	resp, err := http.Get(d.origin.url + "/dev/samples")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var list struct{ Samples []verifytest.Sample }
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil || len(list.Samples) != len(shown()) {
		t.Errorf("%v, %d samples", err, len(list.Samples))
	}
}
