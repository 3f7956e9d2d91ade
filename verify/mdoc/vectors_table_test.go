package mdoc

import (
	"crypto/x509"
	"testing"
)

// What a vector comes to, beside the reason codes.
const (
	bySignature = "good, with device signature"
	byMAC       = "good, with device MAC"
	issuerPart  = "good as far as the issuer goes" // nobody knows the transcript
)

// sample is what is verified, and with what.
type sample struct {
	response   []byte
	issued     []byte // an IssuerSigned alone
	docType    string
	leaf       []byte            // DER; nil takes the first of x5chain
	cert       *x509.Certificate // where the leaf's DER cannot be parsed
	transcript []byte
	emacKey    []byte
}

// vector is one row: a file, the instant, and what each of its documents comes to.
type vector struct {
	file string
	at   string // "": the file's own "now"
	load func(t testing.TB, file string) sample
	// want is what each document comes to with AllowValidUntilAfterCert.
	want []string
	// strict is what each comes to without, as by default; nil: the same.
	strict []string
	// why says why it is not what the README expects.
	why string
}

const (
	whyAfterCert = "the MSO outlives its document signer's certificate, which is refused unless the policy allows it (2.5 step 6); the README's check left times out"
	whySigned    = "the MSO says it was signed outside the validity of its document signer's certificate (2.5 step 6); the README's check left times out"
	whyAttached  = "the payload of deviceSignature is attached; it must be detached (2.2). The next row takes it out: then it is good"
)

var afterCert = []string{"mdoc_valid_until_after_cert"}

var vectors = []vector{
	{file: "annex-d/device_response.hex", at: "2021-09-01T00:00:00Z", load: annexD, want: []string{byMAC}, strict: afterCert, why: whyAfterCert},
	{file: "annex-d/device_response.hex", at: "2026-11-23T00:00:00Z", load: annexD, want: []string{"credential_expired"}},
	{file: "annex-d/device_response.hex", at: "2021-09-01T00:00:01Z", load: annexDWithoutKey, want: []string{"device_mac_key_unavailable"}, strict: afterCert},
	{file: "annex-d/device_response.hex", at: "2021-09-01T00:00:02Z", load: annexDWrongKey, want: []string{"device_mac_invalid"}, strict: afterCert},
	{file: "handovers/openid4vp-1.0-spec.json"}, // TestVectorHandovers
	{file: "animo-paradym-oid4vp10/device_response.hex", at: "2026-01-12T00:00:00Z", load: animo, want: []string{bySignature}, strict: afterCert, why: whyAfterCert},
	{file: "google-cmwallet-dcapi-d24/device_response.hex", at: "2025-02-20T00:00:00Z", load: googleDraft24, want: []string{bySignature}, strict: afterCert, why: whyAfterCert},
	{file: "google-cmwallet-dcapi-d24/device_response.hex", at: "2025-02-20T00:00:01Z", load: google10, want: []string{"device_signature_invalid"}, strict: afterCert},
	{file: "bdr-mdl/issuer_signed.hex", at: "2025-06-01T00:00:00Z", load: issued(typeMDL, "bdr-mdl/issuer.pem"), want: []string{"mdoc_malformed"},
		why: "its digestIDs use all 32 bits, they must be below 2^31 (2.1)"},
	{file: "auth0-mdl/example1.json", at: "2023-10-01T00:00:00Z", load: auth0, want: []string{"mdoc_malformed"}, strict: afterCert, why: whyAttached},
	{file: "auth0-mdl/example1.json", at: "2023-10-01T00:00:01Z", load: auth0Detached, want: []string{bySignature}, strict: afterCert, why: whyAfterCert},
	{file: "auth0-mdl/example2.json", at: "2023-10-01T00:00:00Z", load: auth0, want: []string{"mdoc_malformed"}, strict: afterCert, why: whyAttached},
	{file: "auth0-mdl/example2.json", at: "2023-10-01T00:00:01Z", load: auth0Detached, want: []string{bySignature}, strict: afterCert, why: whyAfterCert},
	{file: "auth0-mdl/example3.json", at: "2023-10-01T00:00:00Z", load: auth0, want: []string{"mdoc_digest_mismatch"}},
	{file: "longfellow/00.json", load: longfellow, want: []string{bySignature}},
	{file: "longfellow/02.json", load: longfellow, want: []string{bySignature}, strict: afterCert, why: whyAfterCert},
	{file: "longfellow/03.json", load: longfellowKey, want: []string{bySignature}},
	{file: "longfellow/06.json", load: longfellow, want: []string{bySignature}},
	{file: "longfellow/07.json", load: longfellow, want: []string{bySignature}},
	{file: "longfellow/09.json", load: longfellow, want: []string{"mso_signed_outside_cert"}, why: whySigned},
	{file: "longfellow/11.json", load: longfellowKey, want: []string{"mso_signed_outside_cert"}, why: whySigned},
	{file: "longfellow/15.json", load: longfellow, want: []string{"mso_signed_outside_cert"}, why: whySigned},
	{file: "eudi-verifier/three-documents.hex", at: "2024-10-31T22:00:00Z", load: response, want: []string{issuerPart, issuerPart, "credential_expired"},
		strict: []string{afterCert[0], afterCert[0], "credential_expired"}, why: whyAfterCert},
	{file: "eudi-verifier/mdl-untrusted-chain.hex", at: "2024-10-31T22:00:00Z", load: response, want: []string{"mso_signed_outside_cert"},
		why: "the README refuses the path, which is another package's; " + whySigned},
	{file: "eudi-verifier/authlete-issuer-signed.hex", at: "2024-08-02T00:00:00Z", load: issued(typeMDL, ""), want: []string{"issuing_country_mismatch"},
		strict: afterCert, why: "issuing_country is disclosed and the document signer's certificate has no country (2.4)"},
	{file: "eudi-verifier/06-pidPlusMdl-vpToken.json", at: "2025-03-01T00:00:00Z", load: vpToken, want: []string{issuerPart, issuerPart},
		strict: []string{afterCert[0], afterCert[0]}, why: whyAfterCert},
	{file: "waltid/pid_birth_date_device_response.hex", at: "2026-02-01T00:00:00Z", load: response, want: []string{issuerPart}},
	{file: "isomdl/device_response.hex", at: "2026-02-01T00:00:00Z", load: response, want: []string{"mdoc_malformed"},
		why: "made for a parser: a random of one byte, where 16 are the least, and tagged COSE structures (2.1)"},
	{file: "german-pid-funke/issuer_signed.hex", at: "2024-07-01T00:00:00Z", load: issued(typePID, ""), want: []string{"mso_malformed"},
		why: "a prototype of 2024: the times of validityInfo are text without tag 0 (2.1)"},
}

// inputs are files that hold no credential, and where they are used.
var inputs = map[string]string{
	"annex-d/session_transcript_bytes.hex":  "input of annex-d/device_response.hex",
	"annex-d/keys.json":                     "input of annex-d/device_response.hex",
	"annex-d/ds_cert.hex":                   "input of annex-d/device_response.hex",
	"annex-d/device_engagement.hex":         "input of a proximity session: the reader's, in the transcript",
	"annex-d/device_request.hex":            "input of a proximity session: what was asked for",
	"annex-d/items_request.hex":             "input of annex-d/device_request.hex",
	"annex-d/reader_auth.hex":               "input of annex-d/device_request.hex",
	"annex-d/reader_cert.hex":               "input of annex-d/device_request.hex",
	"annex-d/reader_root.pem":               "input of annex-d/device_request.hex",
	"annex-d/session_establishment.hex":     "input of a proximity session: encrypted request",
	"annex-d/session_data.hex":              "input of a proximity session: annex-d/device_response.hex encrypted",
	"annex-d/iaca_utopia.pem":               "input of path building, which is another package's: the anchor of annex-d/ds_cert.hex",
	"animo-paradym-oid4vp10/request.json":   "input of animo-paradym-oid4vp10/device_response.hex",
	"animo-paradym-oid4vp10/certs.pem":      "input of animo-paradym-oid4vp10/device_response.hex",
	"google-cmwallet-dcapi-d24/certs.pem":   "input of google-cmwallet-dcapi-d24/device_response.hex",
	"bdr-mdl/issuer.pem":                    "input of bdr-mdl/issuer_signed.hex",
	"auth0-mdl/issuer.pem":                  "input of auth0-mdl/example1.json and the others",
	"eudi-verifier/06-pidPlusMdl-dcql.json": "input of the query match, which is another package's",
}
