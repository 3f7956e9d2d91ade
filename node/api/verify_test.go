package api

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
)

const thumb = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" // 32 bytes

const fullBody = `{
 "vp_token": {"pid": ["a~b~c", "d"], "mdl": []},
 "flow": "redirect", "nonce": "n", "client_id": "x509_hash:abc", "response_uri": "https://rp.example/r", "origin": "https://rp.example",
 "jwk_thumbprint": "` + thumb + `", "mdoc_generated_nonce": "m", "encryption_info": "e", "session_transcript": "g_b29vY", "emac_key": "` + thumb + `",
 "transaction_data": ["t1", "t2"],
 "dcql_query": {
   "credentials": [{"id": "pid", "format": "dc+sd-jwt", "multiple": true, "x-unknown": {"a": 1.5}, "meta": {"vct_values": ["urn:eudi:pid:1"]},
     "claims": [{"id": "a", "path": ["address", 0, null], "values": ["x", 1, true]}, {"id": "b", "path": ["b"]}],
     "claim_sets": [["a"], ["b"]], "trusted_authorities": [{"type": "aki", "values": ["k"]}], "require_cryptographic_holder_binding": false},
    {"id": "mdl", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}, "claims": [{"path": ["org.iso.18013.5.1", "age_over_18"], "intent_to_retain": false}]}],
   "credential_sets": [{"options": [["pid"], ["mdl"]], "required": false, "purpose": 1}]},
 "expect": {"pid": {"kind": "pid", "types": ["urn:eudi:pid:1"], "claims": [["given_name"], ["a", 1]]}},
 "policy": "lenient", "include": ["claims"]}`

func fullRequest() *verify.Request {
	no := false
	key := make([]byte, 32)
	return &verify.Request{
		VPToken: map[string][]string{"pid": {"a~b~c", "d"}, "mdl": {}},
		Flow:    verify.FlowRedirect, Nonce: "n", ClientID: "x509_hash:abc", ResponseURI: "https://rp.example/r", Origin: "https://rp.example",
		JWKThumbprint: key, MdocGeneratedNonce: "m", EncryptionInfo: "e", SessionTranscript: []byte{0x83, 0xf6, 0xf6, 0xf6, 0xf6}, EMacKey: key,
		TransactionData: []string{"t1", "t2"},
		Query: &dcql.Query{
			Credentials: []dcql.Credential{
				{ID: "pid", Format: "dc+sd-jwt", Multiple: true, Meta: dcql.Meta{VCTValues: []string{"urn:eudi:pid:1"}},
					Claims:    []dcql.Claim{{ID: "a", Path: dcql.Path{"address", int64(0), nil}, Values: []any{"x", int64(1), true}}, {ID: "b", Path: dcql.Path{"b"}}},
					ClaimSets: [][]string{{"a"}, {"b"}}, TrustedAuthorities: []dcql.TrustedAuthority{{Type: "aki", Values: []string{"k"}}}, RequireHolderBinding: &no},
				{ID: "mdl", Format: "mso_mdoc", Meta: dcql.Meta{DocType: "org.iso.18013.5.1.mDL"}, Claims: []dcql.Claim{{Path: dcql.Path{"org.iso.18013.5.1", "age_over_18"}}}},
			},
			CredentialSets: []dcql.CredentialSet{{Options: [][]string{{"pid"}, {"mdl"}}, Required: &no}},
		},
		Expect:        map[string]verify.Expect{"pid": {Kind: "pid", Types: []string{"urn:eudi:pid:1"}, Claims: []dcql.Path{{"given_name"}, {"a", int64(1)}}}},
		Policy:        verify.Policy{Name: "lenient", Revocation: verify.Revocation{Status: verify.BestEffort}},
		IncludeClaims: true,
	}
}

// asCBORBody transcodes a JSON body.
func asCBORBody(t testing.TB, body string) []byte {
	t.Helper()
	tree, p := decodeJSON([]byte(body))
	if p != nil {
		t.Fatal(p)
	}
	b, err := encodeCBOR(tree)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func lenient(o *Options) {
	o.Policies = map[string]verify.Policy{"lenient": {Revocation: verify.Revocation{Status: verify.BestEffort}}}
}

func TestRequestReachesTheEngineWhole(t *testing.T) {
	for _, media := range []string{"application/json", "application/cbor", "application/json; charset=UTF-8"} {
		var got *verify.Request
		h := newHandler(t, fake{verify: func(_ context.Context, r *verify.Request) *verify.Result { got = r; return sample(r) }}, lenient)
		body := []byte(fullBody)
		if strings.Contains(media, "cbor") {
			body = asCBORBody(t, fullBody)
		}
		w := call(t, h, post("/v1/verify", body, "Content-Type", media))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", media, w.Code, w.Body)
		}
		if d := cmp.Diff(fullRequest(), got); d != "" {
			t.Errorf("%s: %s", media, d)
		}
	}
}

func TestDefaultPolicyAndEmptyStrings(t *testing.T) {
	var got *verify.Request
	h := newHandler(t, fake{verify: func(_ context.Context, r *verify.Request) *verify.Result { got = r; return sample(r) }})
	body := `{"vp_token": {}, "flow": "proximity", "policy": "", "emac_key": "", "jwk_thumbprint": "", "session_transcript": "", "nonce": ""}`
	if w := call(t, h, post("/v1/verify", []byte(body))); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	want := &verify.Request{VPToken: map[string][]string{}, Flow: verify.FlowProximity, Policy: verify.DefaultPolicy()}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// decodeAnswer reads an answer as a tree.
func decodeAnswer(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var v any
	var p *Problem
	if w.Header().Get("Content-Type") == "application/cbor" {
		v, p = decodeCBOR(w.Body.Bytes())
	} else {
		v, p = decodeJSON(w.Body.Bytes())
	}
	if p != nil {
		t.Fatal(p)
	}
	return v.(map[string]any)
}

func TestAnswerIsTheSameInBothEncodings(t *testing.T) {
	h := newHandler(t, fake{}, lenient)
	var answers []map[string]any
	for _, accept := range []string{"application/json", "application/cbor"} {
		w := call(t, h, post("/v1/verify", []byte(fullBody), "Accept", accept, "X-Request-ID", "same-id_1"))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != accept {
			t.Fatalf("%s: %d %s", accept, w.Code, w.Header())
		}
		answers = append(answers, decodeAnswer(t, w))
	}
	if d := cmp.Diff(answers[0], answers[1]); d != "" {
		t.Error(d)
	}
	a := answers[0]
	for member, value := range map[string]any{
		"verdict": "invalid", "evaluated_at": "2026-11-23T11:00:00Z", "request_id": "same-id_1", "node": "edge-test-1", "version": "1.2.3", "test": true,
		"reasons": []any{}, "checked": map[string]any{"flow": "redirect", "nonce": "n", "audience": "x509_hash:abc"},
	} {
		if !reflect.DeepEqual(a[member], value) {
			t.Errorf("%s is %v, want %v", member, a[member], value)
		}
	}
	c := a["credentials"].([]any)[0].(map[string]any)
	wantClaims := map[string]any{"ns": map[string]any{"age": int64(18), "height": 1.83, "whole": int64(4), "large": 1e300, "name": "Ärger <&>", "raw": "AQI", "no": nil, "yes": true, "list": []any{int64(-1), "x"}}}
	if d := cmp.Diff(wantClaims, c["claims"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]any{"not_before": "2026-11-23T11:00:00Z"}, c["validity"]); d != "" {
		t.Error(d)
	}
	if len(c["warnings"].([]any)) != 0 {
		t.Error("warnings is never null")
	}
}

func TestUnsayableValuesAreLeftOut(t *testing.T) {
	far := time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)
	h := newHandler(t, fake{verify: func(_ context.Context, r *verify.Request) *verify.Result {
		res := sample(r)
		res.Credentials[0].Validity.NotAfter = far
		res.Credentials[0].Status.Expires = far
		res.Credentials[0].Claims = map[string]any{"nan": math.NaN(), "inf": math.Inf(-1), "strange": struct{}{}}
		return res
	}})
	for _, accept := range []string{"application/json", "application/cbor"} {
		w := call(t, h, post("/v1/verify", []byte(`{"vp_token": {"pid": ["x"]}, "flow": "redirect"}`), "Accept", accept))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", accept, w.Code, w.Body)
		}
		c := decodeAnswer(t, w)["credentials"].([]any)[0].(map[string]any)
		if d := cmp.Diff(map[string]any{"nan": nil, "inf": nil, "strange": nil}, c["claims"]); d != "" {
			t.Error(d)
		}
		if _, there := c["validity"].(map[string]any)["not_after"]; there {
			t.Error("a year beyond 9999 is not RFC 3339")
		}
	}
}

func TestAccept(t *testing.T) {
	for accept, want := range map[string]*format{
		"":                 asJSON,
		"*/*":              asJSON,
		"text/html":        asJSON,
		"application/cbor": asCBOR,
		"Application/CBOR": asCBOR,
		"application/cbor;q=0.5, application/json;q=0.9":     asJSON,
		"application/cbor, application/json":                 asJSON,
		"application/cbor;q=0.9, application/json;q=0.5":     asCBOR,
		"application/cbor, */*;q=0.1":                        asCBOR,
		"application/cbor;q=0":                               asJSON,
		"application/problem+cbor":                           asCBOR,
		"application/cbor;q=nonsense, application/json;q=.1": asCBOR,
	} {
		r := get("/v1/info", "Accept", accept)
		if got := accepted(r); got != want {
			t.Errorf("%q gives %s", accept, got.media)
		}
	}
}

func TestNilResultIsOurFault(t *testing.T) {
	h := newHandler(t, fake{verify: func(context.Context, *verify.Request) *verify.Result { return nil }})
	want(t, call(t, h, post("/v1/verify", []byte(`{"vp_token": {}, "flow": "redirect"}`))), InternalError, "")
}

func TestObservationHoldsWhatMetricsNeed(t *testing.T) {
	var seen []Observation
	h := newHandler(t, fake{}, func(o *Options) { o.Observe = func(x Observation) { seen = append(seen, x) } })
	call(t, h, post("/v1/verify", []byte(`{"vp_token": {}, "flow": "redirect"}`)))
	call(t, h, post("/v1/verify", []byte(`{`)))
	call(t, h, get("/elsewhere"))
	if len(seen) != 3 {
		t.Fatalf("%d observations", len(seen))
	}
	if s := seen[0]; s.Endpoint != "verify" || s.Status != 200 || s.Problem != "" || len(s.Evaluated) != 1 ||
		s.Evaluated[0].Verdict != verify.Invalid || s.Evaluated[0].Formats[0] != "mso_mdoc" || s.Evaluated[0].Codes[0] != "status_revoked" {
		t.Errorf("%+v", s)
	}
	if s := seen[1]; s.Status != 400 || s.Problem != "malformed_request" || len(s.Evaluated) != 0 {
		t.Errorf("%+v", s)
	}
	if s := seen[2]; s.Status != 404 || s.Endpoint != "other" {
		t.Errorf("%+v", s)
	}
}

func TestListsAndInfo(t *testing.T) {
	f := fake{
		lists: []ListInfo{
			{Name: "pid", Type: "lote", URL: "https://lists.example/pid", State: "fresh", Sequence: 3, SHA256: hex64, Issued: noon, NextUpdate: noon, LookedAt: noon, AgeSeconds: 9, CameFrom: "origin", Anchors: 2,
				Refused: []RefusedInfo{{At: noon, Door: "origin", Code: "trustlist_rollback", Detail: "older"}}},
			{Name: "lab", Type: "anchors", URL: "file:lab.pem", State: "absent"},
		},
		info: Info{Started: noon, Seeded: true, Features: []string{"http/3"}},
	}
	h := newHandler(t, f, lenient)
	var both []map[string]any
	for _, accept := range []string{"application/json", "application/cbor"} {
		lists := decodeAnswer(t, call(t, h, get("/v1/lists", "Accept", accept)))
		info := decodeAnswer(t, call(t, h, get("/v1/info", "Accept", accept)))
		both = append(both, map[string]any{"lists": lists, "info": info})
	}
	if d := cmp.Diff(both[0], both[1]); d != "" {
		t.Error(d)
	}
	lists := both[0]["lists"].(map[string]any)["lists"].([]any)
	if d := cmp.Diff(map[string]any{"name": "lab", "type": "anchors", "url": "file:lab.pem", "state": "absent", "age_seconds": int64(0), "anchors": int64(0), "refused": []any{}}, lists[1]); d != "" {
		t.Error(d)
	}
	info := both[0]["info"].(map[string]any)
	if d := cmp.Diff([]any{"default", "lenient"}, info["policies"]); d != "" {
		t.Error(d)
	}
	if !strings.Contains(string(must(json.Marshal(info["features"]))), "http/3") {
		t.Error("the engine's features are missing")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestARequestKeepsNothingOfItsBody(t *testing.T) {
	// Buffers are used again: what was decoded before must not change with them.
	for _, media := range []string{"application/json", "application/cbor"} {
		var got []*verify.Request
		h := newHandler(t, fake{verify: func(_ context.Context, r *verify.Request) *verify.Result {
			got = append(got, r)
			return sample(r)
		}}, lenient)
		for range 3 {
			for _, body := range []string{fullBody, strings.NewReplacer("a~b~c", "A~B~C", "x509_hash:abc", "x509_hash:ABC", "urn:eudi", "URN:EUDI").Replace(fullBody)} {
				b := []byte(body)
				if media == "application/cbor" {
					b = asCBORBody(t, body)
				}
				if w := call(t, h, post("/v1/verify", b, "Content-Type", media)); w.Code != http.StatusOK {
					t.Fatal(w.Body)
				}
			}
		}
		for i := 0; i < len(got); i += 2 {
			if d := cmp.Diff(fullRequest(), got[i]); d != "" {
				t.Errorf("%s: %s", media, d)
			}
		}
	}
}
