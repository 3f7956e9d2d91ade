package verify_test

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/mdoc"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// leavesOf are the certificates that a presentation names as its signers.
func leavesOf(t testing.TB, raw string) (ders [][]byte) {
	t.Helper()
	if strings.Contains(raw, "~") {
		return [][]byte{jwtLeaf(t, raw)}
	}
	b := must(base64.RawURLEncoding.DecodeString(raw))(t)
	r := must(mdoc.Parse(b, mdoc.Limits{Bytes: 1 << 20, Documents: 16, Elements: 512}))(t)
	for _, d := range r.Documents {
		ders = append(ders, must(d.Chain())(t)[0])
	}
	return ders
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	return must(hex.DecodeString(s))(t)
}

// mdocFile is a DeviceResponse of which nobody knows the transcript.
func mdocFile(t *testing.T, v *vectors) *verify.Request {
	return vectorRequest(v, verifytest.URL64(v.hex(t, v.file)))
}

// issuedFile is an IssuerSigned, put into a DeviceResponse that no device signed.
func issuedFile(t *testing.T, v *vectors) *verify.Request {
	doc := must(cbor.Marshal(obj{"docType": v.types[0], "issuerSigned": cbor.RawMessage(v.hex(t, v.file))}))(t)
	return vectorRequest(v, verifytest.URL64(must(verifytest.DeviceResponse(doc))(t)))
}

// session asks for the device's signature over a transcript.
func session(r *verify.Request, transcript []byte) *verify.Request {
	r.Flow, r.SessionTranscript, r.Policy.HolderBinding = verify.FlowProximity, transcript, verify.Required
	return r
}

// content is what tag 24 wraps.
func content(t testing.TB, b []byte) []byte {
	t.Helper()
	var inner []byte
	var tag cbor.RawTag
	if err := cbor.Unmarshal(b, &tag); err != nil {
		t.Fatal(err)
	}
	if err := cbor.Unmarshal(tag.Content, &inner); err != nil {
		t.Fatal(err)
	}
	return inner
}

// annexD is the session of ISO/IEC 18013-5 Annex D, bound by a MAC.
func annexD(t *testing.T, v *vectors) *verify.Request {
	wrapped := v.hex(t, "annex-d/session_transcript_bytes.hex")
	var keys map[string]struct{ X, Y, D string }
	v.json(t, "annex-d/keys.json", &keys)
	reader := must(ecdh.P256().NewPrivateKey(unhex(t, keys["ephemeral_reader_key"].D)))(t)
	device := keys["static_device_key"]
	public := must(ecdh.P256().NewPublicKey(unhex(t, "04"+device.X+device.Y)))(t)
	salt := sha256.Sum256(wrapped)
	req := session(mdocFile(t, v), content(t, wrapped))
	req.EMacKey = must(hkdf.Key(sha256.New, must(reader.ECDH(public))(t), salt[:], "EMacKey", 32))(t)
	return req
}

func animo(t *testing.T, v *vectors) *verify.Request {
	var in map[string]string
	v.json(t, "animo-paradym-oid4vp10/request.json", &in)
	req := mdocFile(t, v)
	req.ClientID, req.Nonce, req.ResponseURI = in["client_id"], in["nonce"], in["response_uri"]
	req.JWKThumbprint, req.Policy.HolderBinding = unhex(t, in["jwk_thumbprint_hex"]), verify.Required
	return req
}

const (
	googleOrigin = "https://ellis-occurrence-ac-smoking.trycloudflare.com"
	googleNonce  = "UwQek7MemM55VM2Lc7UPPsdsxa-vejebSUo75B_G7vk"
)

func google10(t *testing.T, v *vectors) *verify.Request {
	req := mdocFile(t, v)
	req.Flow, req.Origin, req.Nonce, req.Policy.HolderBinding = verify.FlowDCAPI, googleOrigin, googleNonce, verify.Required
	return req
}

// googleDraft24 gives the handover of OpenID4VP draft 24 as a transcript.
func googleDraft24(t *testing.T, v *vectors) *verify.Request {
	info := must(cbor.Marshal([]any{googleOrigin, "web-origin:" + googleOrigin, googleNonce}))(t)
	sum := sha256.Sum256(info)
	return session(mdocFile(t, v), must(cbor.Marshal([]any{nil, nil, []any{"OpenID4VPDCAPIHandover", sum[:]}}))(t))
}

func auth0(t *testing.T, v *vectors) *verify.Request {
	var in map[string]string
	v.json(t, v.file, &in)
	return session(vectorRequest(v, verifytest.URL64(unhex(t, in["device_response_hex"]))), content(t, unhex(t, in["session_transcript_bytes_hex"])))
}

func longfellow(t *testing.T, v *vectors) *verify.Request {
	var in map[string]any
	v.json(t, v.file, &in)
	text := func(name string) string { s, _ := in[name].(string); return s }
	v.at = text("now")
	return session(vectorRequest(v, verifytest.URL64(unhex(t, text("device_response_hex")))), unhex(t, text("session_transcript_hex")))
}

func pidPlusMDL(t *testing.T, v *vectors) *verify.Request {
	req := vectorRequest(v, "")
	req.VPToken = nil
	v.json(t, v.file, &req.VPToken)
	var q struct {
		Query json.RawMessage `json:"dcql_query"`
	}
	v.json(t, "eudi-verifier/06-pidPlusMdl-dcql.json", &q)
	req.Query, req.Expect = new(dcql.Query), nil
	if err := json.Unmarshal(q.Query, req.Query); err != nil {
		t.Fatal(err)
	}
	no := false
	for i := range req.Query.Credentials {
		req.Query.Credentials[i].RequireHolderBinding = &no // nobody knows the transcript
	}
	return req
}

func afterCert(r *verify.Request) { r.Policy.AllowValidUntilAfterCert = true }
func noEMacKey(r *verify.Request) { r.EMacKey = nil }

const (
	ageType = "eu.europa.ec.av.1"

	whyAfterCert  = "the MSO outlives its document signer's certificate, which is accepted by a switch only (credentials 2.5 step 6)"
	whySigned     = "the MSO says it was signed outside the validity of its document signer's certificate; the README's check leaves times out"
	whyUnparsable = "the document signer's certificate does not parse (CRL distribution points); package mdoc checks the rest with its key"
)

var (
	mdl = []string{verifytest.TypeMDL}
	pid = []string{verifytest.TypePIDMdoc}
	age = []string{ageType}
)

var mdocVectors = []vector{
	{file: "annex-d/device_response.hex", at: "2021-09-01T00:00:00Z", anchors: []string{"annex-d/iaca_utopia.pem"}, kind: "mdl", types: mdl, request: annexD, change: afterCert, readme: "valid"},
	{file: "annex-d/device_response.hex", at: "2021-09-01T00:00:00Z", anchors: []string{"annex-d/iaca_utopia.pem"}, kind: "mdl", types: mdl, request: annexD, readme: "valid", want: "mdoc_valid_until_after_cert", why: whyAfterCert},
	{file: "annex-d/device_response.hex", at: "2021-09-01T00:00:00Z", anchors: []string{"annex-d/iaca_utopia.pem"}, kind: "mdl", types: mdl, request: annexD, change: and(afterCert, noEMacKey), readme: "reject", want: "device_mac_key_unavailable"},
	{file: "annex-d/device_response.hex", at: "2026-11-23T00:00:00Z", anchors: []string{"annex-d/iaca_utopia.pem"}, kind: "mdl", types: mdl, request: annexD, readme: "reject", want: "chain_expired"},
	{file: "animo-paradym-oid4vp10/device_response.hex", at: "2026-01-12T00:00:00Z", anchors: []string{"animo-paradym-oid4vp10/certs.pem"}, kind: "pid", types: pid, request: animo, change: afterCert, readme: "valid"},
	{file: "animo-paradym-oid4vp10/device_response.hex", at: "2026-01-12T00:00:00Z", anchors: []string{"animo-paradym-oid4vp10/certs.pem"}, kind: "pid", types: pid, request: animo, readme: "valid", want: "mdoc_valid_until_after_cert", why: whyAfterCert},
	{file: "google-cmwallet-dcapi-d24/device_response.hex", at: "2025-02-20T00:00:00Z", anchors: []string{"google-cmwallet-dcapi-d24/certs.pem"}, kind: "mdl", types: mdl, request: googleDraft24, change: afterCert, readme: "valid"},
	{file: "google-cmwallet-dcapi-d24/device_response.hex", at: "2025-02-20T00:00:00Z", anchors: []string{"google-cmwallet-dcapi-d24/certs.pem"}, kind: "mdl", types: mdl, request: google10, change: afterCert, readme: "reject", want: "device_signature_invalid"},
	{file: "bdr-mdl/issuer_signed.hex", at: "2025-06-01T00:00:00Z", anchors: []string{"bdr-mdl/issuer.pem"}, kind: "mdl", types: mdl, request: issuedFile, readme: "valid", want: "mdoc_malformed", why: "its digestIDs use all 32 bits; they must be below 2^31 (credentials 2.1)"},
	{file: "auth0-mdl/example1.json", at: "2023-10-01T00:00:00Z", anchors: []string{"auth0-mdl/issuer.pem"}, kind: "mdl", types: mdl, request: auth0, change: afterCert, readme: "valid", want: "chain_profile_violation", why: "the MSO is signed with a CA certificate, which is no document signer's"},
	{file: "auth0-mdl/example2.json", at: "2023-10-01T00:00:00Z", anchors: []string{"auth0-mdl/issuer.pem"}, kind: "mdl", types: mdl, request: auth0, change: afterCert, readme: "valid", want: "chain_profile_violation", why: "the MSO is signed with a CA certificate, which is no document signer's"},
	{file: "auth0-mdl/example3.json", at: "2023-10-01T00:00:00Z", anchors: []string{"auth0-mdl/issuer.pem"}, kind: "mdl", types: mdl, request: auth0, change: afterCert, readme: "reject", want: "chain_profile_violation"},
	{file: "longfellow/00.json", anchors: []string{"x5c"}, kind: "mdl", types: mdl, request: longfellow, change: afterCert, readme: "valid"},
	{file: "longfellow/02.json", anchors: []string{"x5c"}, kind: "mdl", types: mdl, request: longfellow, change: afterCert, readme: "valid"},
	{file: "longfellow/02.json", anchors: []string{"x5c"}, kind: "mdl", types: mdl, request: longfellow, readme: "valid", want: "mdoc_valid_until_after_cert", why: whyAfterCert},
	{file: "longfellow/03.json", kind: "mdl", types: mdl, request: longfellow, readme: "valid", want: "chain_invalid", why: whyUnparsable},
	{file: "longfellow/06.json", anchors: []string{"x5c"}, kind: "mdl", types: mdl, request: longfellow, readme: "valid"},
	{file: "longfellow/07.json", anchors: []string{"x5c"}, kind: "mdl", types: mdl, request: longfellow, readme: "valid"},
	{file: "longfellow/09.json", anchors: []string{"x5c"}, kind: "eaa", types: age, request: longfellow, readme: "valid", want: "mso_signed_outside_cert", why: whySigned},
	{file: "longfellow/11.json", kind: "eaa", types: age, request: longfellow, readme: "valid", want: "chain_invalid", why: whyUnparsable},
	{file: "longfellow/15.json", anchors: []string{"x5c"}, kind: "eaa", types: age, request: longfellow, readme: "valid", want: "mso_signed_outside_cert", why: whySigned},
	{file: "eudi-verifier/three-documents.hex", at: "2024-10-31T22:00:00Z", anchors: []string{ut01}, kind: "pid", types: pid, request: mdocFile, change: afterCert, readme: "reject", want: "valid valid anchor_scope_mismatch"},
	{file: "eudi-verifier/three-documents.hex", at: "2024-10-31T22:00:00Z", anchors: []string{ut01}, kind: "pid", types: pid, request: mdocFile, readme: "reject", want: "mdoc_valid_until_after_cert mdoc_valid_until_after_cert anchor_scope_mismatch"},
	{file: "eudi-verifier/mdl-untrusted-chain.hex", at: "2024-05-01T00:00:00Z", anchors: []string{ut01, ut02}, kind: "mdl", types: mdl, request: mdocFile, readme: "reject", want: "anchor_not_found"},
	{file: "eudi-verifier/mdl-untrusted-chain.hex", at: "2024-10-31T22:00:00Z", anchors: []string{ut01, ut02}, kind: "mdl", types: mdl, request: mdocFile, readme: "reject", want: "anchor_not_found"},
	{file: "eudi-verifier/authlete-issuer-signed.hex", at: "2024-08-02T00:00:00Z", anchors: []string{"x5c"}, kind: "mdl", types: mdl, request: issuedFile, change: afterCert, readme: "valid", want: "chain_profile_violation", why: "the certificate does not keep to the profile of an mDL document signer"},
	{file: "eudi-verifier/06-pidPlusMdl-vpToken.json", at: "2025-03-01T00:00:00Z", anchors: []string{"x5c"}, kind: "pid", request: pidPlusMDL, change: afterCert, want: "valid chain_profile_violation anchor_scope_mismatch anchor_scope_mismatch", why: "both documents stand under both query ids; HAIP wants one mdoc per DeviceResponse"},
	{file: "waltid/pid_birth_date_device_response.hex", at: "2026-02-01T00:00:00Z", anchors: []string{"x5c"}, kind: "pid", types: pid, request: mdocFile},
	{file: "isomdl/device_response.hex", at: "2026-02-01T00:00:00Z", kind: "mdl", types: mdl, request: mdocFile, want: "mdoc_malformed", why: "made for a parser: a random of one byte, where 16 are the least, and tagged COSE structures (credentials 2.1)"},
	{file: "german-pid-funke/issuer_signed.hex", at: "2024-07-01T00:00:00Z", anchors: []string{"x5c"}, kind: "pid", types: pid, request: issuedFile, readme: "valid", want: "mso_malformed", why: "a prototype of 2024: the times of validityInfo are text without tag 0 (credentials 2.1)"},
}

var mdocInputs = map[string]string{
	"annex-d/session_transcript_bytes.hex":  "input of annex-d/device_response.hex",
	"annex-d/keys.json":                     "input of annex-d/device_response.hex",
	"annex-d/iaca_utopia.pem":               "the anchor of annex-d/device_response.hex",
	"annex-d/ds_cert.hex":                   "the signer in annex-d/device_response.hex",
	"annex-d/device_engagement.hex":         "input of a proximity session",
	"annex-d/device_request.hex":            "input of a proximity session: what was asked for",
	"annex-d/items_request.hex":             "part of annex-d/device_request.hex",
	"annex-d/reader_auth.hex":               "part of annex-d/device_request.hex",
	"annex-d/reader_cert.hex":               "part of annex-d/device_request.hex",
	"annex-d/reader_root.pem":               "the anchor of annex-d/reader_cert.hex, for wallets",
	"annex-d/session_establishment.hex":     "a session's encryption, which is the reader's work",
	"annex-d/session_data.hex":              "a session's encryption, which is the reader's work",
	"handovers/openid4vp-1.0-spec.json":     "transcripts without a presentation: package mdoc compares them",
	"animo-paradym-oid4vp10/request.json":   "input of animo-paradym-oid4vp10/device_response.hex",
	"animo-paradym-oid4vp10/certs.pem":      "the anchor of animo-paradym-oid4vp10/device_response.hex",
	"google-cmwallet-dcapi-d24/certs.pem":   "the anchor of google-cmwallet-dcapi-d24/device_response.hex",
	"bdr-mdl/issuer.pem":                    "the anchor of bdr-mdl/issuer_signed.hex",
	"auth0-mdl/issuer.pem":                  "the anchor of auth0-mdl/example1.json and the others",
	"eudi-verifier/06-pidPlusMdl-dcql.json": "the query of eudi-verifier/06-pidPlusMdl-vpToken.json",
}
