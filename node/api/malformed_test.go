package api

import (
	"context"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify"
)

// minimal is a good body with one member replaced or added.
func minimal(member, value string) string {
	members := map[string]string{"vp_token": `{"pid": ["x"]}`, "flow": `"redirect"`}
	members[member] = value
	var parts []string
	for name, v := range members {
		if v != "" {
			parts = append(parts, `"`+name+`": `+v)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func query(credential string) string {
	return `{"credentials": [` + credential + `]}`
}

// malformedBodies are bodies that are refused, with the member a problem names.
// Each goes through JSON and, where it is JSON at all, through CBOR.
var malformedBodies = []struct{ body, member string }{
	{minimal("unknown", `1`), "/unknown"},
	{minimal("Nonce", `"n"`), "/Nonce"},
	{minimal("nonce", `1`), "/nonce"},
	{minimal("nonce", `null`), "/nonce"},
	{minimal("client_id", `[]`), "/client_id"},
	{minimal("response_uri", `{}`), "/response_uri"},
	{minimal("origin", `true`), "/origin"},
	{minimal("mdoc_generated_nonce", `2`), "/mdoc_generated_nonce"},
	{minimal("encryption_info", `2`), "/encryption_info"},
	{minimal("flow", ``), "/flow"},
	{minimal("flow", `""`), "/flow"},
	{minimal("flow", `"Redirect"`), "/flow"},
	{minimal("flow", `1`), "/flow"},
	{minimal("vp_token", ``), "/vp_token"},
	{minimal("vp_token", `"x"`), "/vp_token"},
	{minimal("vp_token", `["x"]`), "/vp_token"},
	{minimal("vp_token", `null`), "/vp_token"},
	{minimal("vp_token", `{"pid": "x"}`), "/vp_token/pid"},
	{minimal("vp_token", `{"pid": [1]}`), "/vp_token/pid/0"},
	{minimal("vp_token", `{"pid": ["x", {}]}`), "/vp_token/pid/1"},
	{minimal("jwk_thumbprint", `"AAAA"`), "/jwk_thumbprint"},
	{minimal("jwk_thumbprint", `"`+thumb+`="`), "/jwk_thumbprint"},
	{minimal("jwk_thumbprint", `"`+thumb[:42]+`B"`), "/jwk_thumbprint"}, // trailing bits
	{minimal("jwk_thumbprint", `"`+thumb[:20]+`\n`+thumb[20:]+`"`), "/jwk_thumbprint"},
	{minimal("emac_key", `"AAAA"`), "/emac_key"},
	{minimal("emac_key", `"+/+/"`), "/emac_key"},
	{minimal("session_transcript", `"a b"`), "/session_transcript"},
	{minimal("session_transcript", `[1]`), "/session_transcript"},
	{minimal("transaction_data", `"t"`), "/transaction_data"},
	{minimal("transaction_data", `[1]`), "/transaction_data/0"},
	{minimal("policy", `"nobody"`), "/policy"},
	{minimal("policy", `{}`), "/policy"},
	{minimal("include", `"claims"`), "/include"},
	{minimal("include", `["everything"]`), "/include/0"},
	{minimal("expect", `[]`), "/expect"},
	{minimal("expect", `{"pid": 1}`), "/expect/pid"},
	{minimal("expect", `{"pid": {"kind": "passport"}}`), "/expect/pid/kind"},
	{minimal("expect", `{"pid": {"type": "x"}}`), "/expect/pid/type"},
	{minimal("expect", `{"pid": {"types": "x"}}`), "/expect/pid/types"},
	{minimal("expect", `{"pid": {"claims": [[]]}}`), "/expect/pid/claims/0"},
	{minimal("expect", `{"pid": {"claims": [["a", -1]]}}`), "/expect/pid/claims/0/1"},
	{minimal("expect", `{"pid": {"claims": [["a", 1.5]]}}`), "/expect/pid/claims/0/1"},
	{minimal("expect", `{"pid": {"claims": ["a"]}}`), "/expect/pid/claims/0"},
	{minimal("dcql_query", `1`), "/dcql_query"},
	{minimal("dcql_query", `{}`), "/dcql_query/credentials"},
	{minimal("dcql_query", `{"credentials": {}}`), "/dcql_query/credentials"},
	{minimal("dcql_query", query(`1`)), "/dcql_query/credentials/0"},
	{minimal("dcql_query", query(`{"format": "dc+sd-jwt"}`)), "/dcql_query/credentials/0/id"},
	{minimal("dcql_query", query(`{"id": "a b", "format": "dc+sd-jwt"}`)), "/dcql_query/credentials/0/id"},
	{minimal("dcql_query", query(`{"id": "a"}`)), "/dcql_query/credentials/0/format"},
	{minimal("dcql_query", query(`{"id": "a", "format": 1}`)), "/dcql_query/credentials/0/format"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "multiple": "yes"}`)), "/dcql_query/credentials/0/multiple"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "meta": []}`)), "/dcql_query/credentials/0/meta"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "meta": {"vct_values": "x"}}`)), "/dcql_query/credentials/0/meta/vct_values"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "meta": {"doctype_value": 1}}`)), "/dcql_query/credentials/0/meta/doctype_value"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "claims": [{}]}`)), "/dcql_query/credentials/0/claims/0/path"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "claims": [{"path": "x"}]}`)), "/dcql_query/credentials/0/claims/0/path"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "claims": [{"path": ["x", 1e3]}]}`)), "/dcql_query/credentials/0/claims/0/path/1"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "claims": [{"id": 1, "path": ["x"]}]}`)), "/dcql_query/credentials/0/claims/0/id"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "claims": [{"path": ["x"], "values": [null]}]}`)), "/dcql_query/credentials/0/claims/0/values/0"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "claims": [{"path": ["x"], "values": [1.5]}]}`)), "/dcql_query/credentials/0/claims/0/values/0"},
	{minimal("dcql_query", query(`{"id": "a", "format": "mso_mdoc", "claims": [{"path": ["x"]}]}`)), "/dcql_query/credentials/0/claims/0/path"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "claim_sets": [["a"]]}`)), "/dcql_query/credentials/0/claim_sets/0/0"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "claim_sets": []}`)), "/dcql_query/credentials/0/claim_sets"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "trusted_authorities": [1]}`)), "/dcql_query/credentials/0/trusted_authorities/0"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "trusted_authorities": [{"type": 1}]}`)), "/dcql_query/credentials/0/trusted_authorities/0/type"},
	{minimal("dcql_query", query(`{"id": "a", "format": "f", "require_cryptographic_holder_binding": null}`)), "/dcql_query/credentials/0/require_cryptographic_holder_binding"},
	{minimal("dcql_query", `{"credentials": [{"id": "a", "format": "f"}], "credential_sets": [{"options": [["b"]]}]}`), "/dcql_query/credential_sets/0/options/0/0"},
	{minimal("dcql_query", `{"credentials": [{"id": "a", "format": "f"}], "credential_sets": [{"options": [["a"]], "required": 1}]}`), "/dcql_query/credential_sets/0/required"},
	{`[]`, ""},
	{`"x"`, ""},
	{`null`, ""},
	{`1e999`, ""},
	{strings.Repeat("[", 40) + strings.Repeat("]", 40), ""},
	{`{"dcql_query": ` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat("}", 40) + `}`, ""},
	// What is no plain name is not repeated.
	{minimal("eyJhbGciOiJFUzI1NiJ9 secret", `1`), ""},
	{minimal(strings.Repeat("n", 65), `1`), ""},
	{minimal("vp_token", `{"a secret/name": 1}`), "/vp_token"},
}

func TestMalformedBodies(t *testing.T) {
	h := newHandler(t, fake{verify: func(_ context.Context, r *verify.Request) *verify.Result {
		t.Error("a malformed request reached the engine")
		return sample(r)
	}})
	for _, c := range malformedBodies {
		fromJSON := want(t, call(t, h, post("/v1/verify", []byte(c.body))), MalformedRequest, c.member)
		tree, p := decodeJSON([]byte(c.body))
		if p != nil {
			continue
		}
		body, err := encodeCBOR(tree)
		if err != nil {
			t.Fatal(err)
		}
		fromCBOR := want(t, call(t, h, post("/v1/verify", body, "Content-Type", "application/cbor", "Accept", "application/cbor")), MalformedRequest, c.member)
		if fromJSON != fromCBOR {
			t.Errorf("%s: JSON says %v, CBOR says %v", c.body, fromJSON.Detail, fromCBOR.Detail)
		}
	}
}

func TestMalformedJSON(t *testing.T) {
	h := newHandler(t, fake{})
	for body, member := range map[string]string{
		``:                                     "",
		`{`:                                    "",
		`{"vp_token": {}`:                      "/vp_token",
		`{} {}`:                                "",
		`{}x`:                                  "",
		`{"a": 01}`:                            "/a",
		"{\"nonce\": \"\xff\"}":                "/nonce",
		`{"nonce": "\ud800"}`:                  "/nonce",
		`{"nonce":"a","nonce":"b"}`:            "/nonce",
		`{"vp_token": {"pid": [], "pid": []}}`: "/vp_token/pid",
		`{'a': 1}`:                             "",
		`{"vp_token": {"a":}}`:                 "/vp_token/a",
	} {
		w := call(t, h, post("/v1/verify", []byte(body)))
		if p := want(t, w, MalformedRequest, problemIn(t, w).Member); !strings.HasPrefix(member, p.Member) {
			t.Errorf("%q: member %q, want %q or above", body, p.Member, member)
		}
	}
}

func TestMalformedCBOR(t *testing.T) {
	h := newHandler(t, fake{})
	good := asCBORBody(t, minimal("nonce", `"n"`))
	for name, body := range map[string][]byte{
		"empty":                  {},
		"cut":                    good[:len(good)-1],
		"trailing":               append(append([]byte{}, good...), 0),
		"indefinite map":         {0xbf, 0xff},
		"indefinite text":        {0xa1, 0x7f, 0x61, 'a', 0xff, 0x01},
		"tag":                    {0xc0, 0x61, 'a'},
		"integer key":            {0xa1, 0x01, 0x02},
		"byte string key":        {0xa1, 0x41, 'a', 0x02},
		"repeated name":          {0xa2, 0x61, 'a', 0x01, 0x61, 'a', 0x02},
		"bad UTF-8":              {0xa1, 0x61, 0xff, 0x01},
		"undefined":              {0xa1, 0x65, 'n', 'o', 'n', 'c', 'e', 0xf7},
		"length beyond the body": {0x9a, 0x7f, 0xff, 0xff, 0xff},
	} {
		w := call(t, h, post("/v1/verify", body, "Content-Type", "application/cbor"))
		if w.Code != 400 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	// Bytes are not text: a presentation is base64url in CBOR, too.
	body := append(append([]byte{0xa2, 0x64}, "flow"...), 0x68)
	body = append(append(body, "redirect"...), 0x68)
	body = append(append(body, "vp_token"...), 0xa1, 0x63, 'p', 'i', 'd', 0x81, 0x41, 'x')
	want(t, call(t, h, post("/v1/verify", body, "Content-Type", "application/cbor")), MalformedRequest, "/vp_token/pid/0")
}

func TestCountsAreLimited(t *testing.T) {
	h := newHandler(t, fake{})
	many := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	for member, value := range map[string]string{
		"/vp_token/pid":      `{"pid": [` + many(maxPresentations+1, `"x"`) + `]}`,
		"/vp_token":          `{"a": [` + many(maxPresentations, `"x"`) + `], "b": ["x"]}`,
		"/transaction_data":  `[` + many(maxTransaction+1, `"x"`) + `]`,
		"/expect/pid/types":  `{"pid": {"types": [` + many(maxTypes+1, `"x"`) + `]}}`,
		"/expect/pid/claims": `{"pid": {"claims": [` + many(maxPaths+1, `["x"]`) + `]}}`,
	} {
		name := strings.Split(member, "/")[1]
		want(t, call(t, h, post("/v1/verify", []byte(minimal(name, value)))), TooLarge, member)
	}
}

func TestNothingSentIsRepeated(t *testing.T) {
	h := newHandler(t, fake{})
	for _, c := range malformedBodies {
		body := strings.NewReplacer(`"x"`, `"CANARY"`, `"n"`, `"CANARY"`, `"AAAA"`, `"CANARY"`, `"nobody"`, `"CANARY"`, `"everything"`, `"CANARY"`,
			`"passport"`, `"CANARY"`, `"Redirect"`, `"CANARY"`, ` secret`, ` CANARY`).Replace(c.body)
		w := call(t, h, post("/v1/verify", []byte(body)))
		if strings.Contains(w.Body.String(), "CANARY") {
			t.Errorf("%s repeats what was sent: %s", body, w.Body)
		}
	}
}
