package verify_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

func sdjwtFile(t *testing.T, v *vectors) *verify.Request {
	return vectorRequest(v, strings.TrimSpace(string(v.read(t, v.file))))
}

// bound asks for key binding, made for a nonce and an audience.
func boundTo(nonce, aud string) func(*verify.Request) {
	return func(r *verify.Request) { r.Nonce, r.ClientID, r.Policy.HolderBinding = nonce, aud, verify.Required }
}

func and(list ...func(*verify.Request)) func(*verify.Request) {
	return func(r *verify.Request) {
		for _, f := range list {
			f(r)
		}
	}
}

func oldBinding(r *verify.Request)     { r.Policy.KBMaxAge = 2 * 365 * 24 * time.Hour }
func legacyTyp(r *verify.Request)      { r.Policy.AllowLegacyTyp = true }
func statusRequired(r *verify.Request) { r.Policy.Status = verify.Required }

const (
	ietfAud  = "https://verifier.example.org"
	ietfPID  = "urn:eudi:pid:de:1"
	swiftPDA = "urn:eu.europa.ec.eudi:pda1:1"
	email    = "test.test.email"
	oldPID   = "urn:eu.europa.ec.eudi:pid:1"

	noX5C  = "no x5c: the issuer's key would have to be resolved, and no mechanism but x5c is permitted (HAIP 1.0)"
	noType = "typ example+sd-jwt and no vct: an SD-JWT, and no SD-JWT VC; also without x5c"

	ut01 = "../x509/eudi-pid-issuer-ca/pid-issuer-ca-ut-01.pem"
	ut02 = "../x509/eudi-pid-issuer-ca/pid-issuer-ca-02-ut.pem"
)

// noCertificate is what the examples of the IETF come to: their issuer's key is
// named nowhere in them.
func noCertificate(file, at, typ, why string, change func(*verify.Request)) vector {
	return vector{file: file, at: at, kind: "eaa", types: []string{typ}, change: change, readme: "valid", want: "issuer_key_unresolved", why: why}
}

func conformanceToken(t *testing.T, v *vectors) *verify.Request {
	var token map[string][]string
	v.json(t, v.file, &token)
	var q struct {
		Query dcql.Query `json:"dcql_query"`
	}
	v.json(t, "eudi-verifier-07-ehicSdJwtVc-dcql.json", &q)
	req := vectorRequest(v, "")
	req.VPToken, req.Expect = token, nil
	for id := range token {
		req.Expect = map[string]verify.Expect{id: {Kind: v.kind}}
	}
	if len(q.Query.Credentials) > 0 {
		req.Query = &q.Query
	}
	return req
}

const (
	walt = "3c04c5fc-9306-40fa-b544-0e00474ace09"
	core = "e01ce3f4-3b6c-49c7-b23a-9c5e91cc7a12"
)

var sdjwtVectors = []vector{
	{file: "rfc9901-sec5.1-issuer-jwt.txt", at: "2025-05-29T16:41:05Z", kind: "eaa", readme: "valid", want: "sdjwt_malformed", why: "the JWT alone: an SD-JWT ends with a tilde"},
	noCertificate("rfc9901-sec5.1-issuance.txt", "2025-05-29T16:41:05Z", "x", noType, nil),
	noCertificate("rfc9901-sec5.2-presentation-kb.txt", "2025-05-29T16:41:05Z", "x", noType, boundTo("1234567890", ietfAud)),
	noCertificate("rfc9901-a1-simple-structured-presentation.txt", "2025-05-29T16:41:05Z", "x", noType, nil),
	noCertificate("rfc9901-a3-pid-issuance.txt", "2025-05-29T16:41:05Z", ietfPID, noX5C, nil),
	noCertificate("rfc9901-a3-pid-presentation-kb.txt", "2025-05-29T16:41:05Z", ietfPID, noX5C, boundTo("1234567890", ietfAud)),
	noCertificate("sdjwtvc-draft-issuance.txt", "2025-05-29T16:41:05Z", "https://credentials.example.com/identity_credential", noX5C, nil),
	noCertificate("sdjwtvc-draft-presentation-kb.txt", "2026-08-21T15:24:41Z", "https://credentials.example.com/identity_credential", noX5C, boundTo("1234567890", "https://example.com/verifier")),
	noCertificate("sdjwtvc-draft-presentation-no-kb.txt", "2026-08-21T15:24:41Z", "https://credentials.example.com/identity_credential", noX5C, nil),
	noCertificate("statuslist-draft-referenced-token.txt", "2025-05-29T16:41:05Z", "x", noType, nil),
	noCertificate("nl-wallet-spec-sd_jwt_vc_with_kb.txt", "2025-03-01T08:37:50Z", "https://bmi.bund.example/credential/pid/1.0", noX5C, boundTo("1234567890", ietfAud)),
	{file: "nl-wallet-invalid_disclosure.txt", at: "2025-05-29T16:41:05Z", kind: "eaa", types: []string{"x"}, readme: "reject", want: "issuer_key_unresolved"},
	{file: "go-sd-jwt-sd_hash-mismatch-1.txt", at: "2023-12-11T17:33:35Z", kind: "eaa", types: []string{"x"}, change: boundTo("1234567890", ietfAud), readme: "reject", want: "issuer_key_unresolved"},

	{file: "eudi-swift-secondary_issuer_sd_jwt.txt", at: "2025-12-10T00:00:00Z", anchors: []string{ut02}, kind: "eaa", types: []string{swiftPDA}, readme: "valid", want: "anchor_territory_mismatch", why: "issuing_country is the made-up FC, and the CA, whose country the bundle takes, is of UT"},
	{file: "eudi-swift-secondary_issuer_sd_jwt.txt", at: "2025-12-10T00:00:00Z", anchors: []string{ut02}, territory: "FC", kind: "eaa", types: []string{swiftPDA}, readme: "valid"},
	{file: "eudi-swift-secondary_issuer_sd_jwt.txt", at: "2025-12-10T00:00:00Z", anchors: []string{ut02}, territory: "FC", kind: "eaa", types: []string{swiftPDA}, change: statusRequired, readme: "valid", want: "status_unavailable", why: "nobody has its status list, and the policy requires a status"},
	{file: "eudi-swift-secondary_issuer_sd_jwt.txt", at: "2025-12-10T00:00:00Z", anchors: []string{ut01}, kind: "eaa", types: []string{swiftPDA}, readme: "reject", want: "anchor_not_found"},
	{file: "eudi-swift-secondary_issuer_sd_jwt.txt", at: "2026-03-05T00:00:00Z", anchors: []string{ut02}, kind: "eaa", types: []string{swiftPDA}, readme: "reject", want: "credential_expired"},
	{file: "eudi-swift-secondary_issuer_sd_jwt.txt", at: "2025-12-10T00:00:00Z", anchors: []string{ut02}, kind: "eaa", types: []string{swiftPDA}, change: boundTo("n", "a"), readme: "reject", want: "kb_missing"},
	{file: "eudi-swift-sdJwtVcPid.txt", at: "2025-12-01T00:00:00Z", anchors: []string{ut02}, kind: "pid", types: []string{verifytest.TypePID}, readme: "valid", want: "anchor_territory_mismatch", why: "issuing_country is GR, and the certificates are of UT: a PID of one country under another's anchor (trust lists 5.3)"},
	{file: "eudi-swift-sdJwtVcPid.txt", at: "2025-12-01T00:00:00Z", anchors: []string{ut02}, territory: "EL", kind: "eaa", types: []string{verifytest.TypePID}, readme: "valid"},
	{file: "eudi-swift-sdJwtVcPid.txt", at: "2025-12-01T00:00:00Z", anchors: []string{ut02}, territory: "GR", kind: "eaa", types: []string{verifytest.TypePID}, change: statusRequired, readme: "valid", want: "status_unavailable", why: "nobody has its status list, and the policy requires a status"},
	{file: "eudi-swift-sdJwtVcPid.txt", at: "2026-11-23T00:00:00Z", anchors: []string{ut02}, kind: "pid", types: []string{verifytest.TypePID}, readme: "reject", want: "chain_expired"},

	{file: "eudi-verifier-07-ehicSdJwtVc-vpToken.json", at: "2025-04-09T06:41:35Z", kind: "eaa", request: conformanceToken, change: boundTo("[B@3a4e524", "Sample Verifier Actor"), readme: "reject", want: "issuer_key_unresolved"},

	{file: "irmago-validSdJwtVc_DcTypHeader_WithKbJwt.txt", at: "2026-08-01T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{email}, change: and(boundTo("nonce", "Verifier"), oldBinding), readme: "valid"},
	{file: "irmago-validSdJwtVc_DcTypHeader_WithKbJwt.txt", at: "2026-08-01T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{email}, change: boundTo("nonce", "Verifier"), readme: "reject", want: "kb_iat_out_of_window"},
	{file: "irmago-validSdJwtVc_DcTypHeader_WithKbJwt.txt", at: "2026-08-01T00:00:00Z", anchors: []string{"irmago-issuer.pem"}, kind: "eaa", types: []string{email}, change: and(boundTo("nonce", "Verifier"), oldBinding), readme: "valid"},
	{file: "irmago-validSdJwtVc_DcTypHeader_WithoutKbJwt.txt", at: "2026-08-01T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{email}, readme: "valid"},
	{file: "irmago-validSdJwtVc_DcTypHeader_WithoutKbJwt.txt", at: "2026-08-01T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{email}, change: boundTo("nonce", "Verifier"), readme: "reject", want: "kb_missing"},
	// Both are signed with a CA's certificate, which is told first.
	{file: "irmago-wrongIssuerSignedJwtTypHeader.txt", at: "2026-08-01T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{email}, change: and(boundTo("nonce", "Verifier"), oldBinding), readme: "reject", want: "chain_profile_violation"},
	{file: "irmago-invalidSdJwtVc_MissingTrailingTilde.txt", at: "2026-08-01T00:00:00Z", kind: "eaa", types: []string{email}, readme: "reject", want: "sdjwt_malformed"},
	{file: "irmago-invalidSdJwtVC_WrongKbTypHeader.txt", at: "2026-08-01T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{email}, change: and(boundTo("nonce", "Verifier"), oldBinding), readme: "reject", want: "chain_profile_violation"},

	{file: "german-pid-funke-2024-06.txt", at: "2024-06-10T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{oldPID}, change: legacyTyp, readme: "valid"},
	{file: "german-pid-funke-2024-06.txt", at: "2024-06-10T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{oldPID}, readme: "valid", want: "vc_typ_invalid", why: "typ vc+sd-jwt is accepted by a switch only"},
	{file: "german-pid-funke-2024-06.txt", at: "2024-06-10T00:00:00Z", anchors: []string{"x5c"}, kind: "pid", types: []string{oldPID}, change: legacyTyp, readme: "valid", want: "pid_vct_not_in_namespace", why: "a prototype of 2024: its vct is none of the PID Rulebook's"},
	{file: "german-pid-funke-2024-06.txt", at: "2026-11-23T00:00:00Z", anchors: []string{"x5c"}, kind: "eaa", types: []string{oldPID}, change: legacyTyp, readme: "reject", want: "chain_expired"},

	{file: "waltid-conformance-presentation.txt", at: "2025-10-20T05:26:54Z", anchors: []string{"x5c"}, kind: "pid", types: []string{verifytest.TypePID}, change: boundTo(walt, "x509_san_dns:test123"), readme: "reject", want: "issuer_signature_invalid"},

	{file: "eudi-wallet-core-vp_response_2.txt", at: "2025-04-07T09:04:53Z", anchors: []string{ut01, ut02}, kind: "eaa", types: []string{oldPID}, change: and(boundTo(core, "x509_san_dns:verifier-backend.eudiw.dev"), legacyTyp), readme: "valid"},
	{file: "eudi-wallet-core-vp_response_2.txt", at: "2025-04-07T09:04:53Z", anchors: []string{ut01, ut02}, kind: "eaa", types: []string{oldPID}, change: and(boundTo(core, "verifier-backend.eudiw.dev"), legacyTyp), readme: "reject", want: "kb_aud_mismatch"},
	{file: "eudi-wallet-core-vp_response_2.txt", at: "2025-04-07T09:04:53Z", anchors: []string{ut01, ut02}, kind: "eaa", types: []string{oldPID}, change: boundTo(core, "x509_san_dns:verifier-backend.eudiw.dev"), readme: "valid", want: "vc_typ_invalid", why: "typ vc+sd-jwt is accepted by a switch only"},
}

var sdjwtInputs = map[string]string{
	"keys.json":                              "keys of the IETF examples",
	"irmago-issuer.pem":                      "an anchor: the certificate that x5c of the valid ones holds, whatever its README says",
	"eudi-verifier-07-ehicSdJwtVc-dcql.json": "the query of eudi-verifier-07-ehicSdJwtVc-vpToken.json",
}

// jwtLeaf is x5c[0] of an SD-JWT.
func jwtLeaf(t testing.TB, raw string) []byte {
	t.Helper()
	head, _, _ := strings.Cut(raw, ".")
	var h struct{ X5C []string }
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(head))(t), &h); err != nil || len(h.X5C) == 0 {
		t.Fatalf("no x5c: %v", err)
	}
	return must(base64.StdEncoding.DecodeString(h.X5C[0]))(t)
}
