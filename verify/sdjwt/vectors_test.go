package sdjwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// vector is one presentation made by others, with what a relying party would have
// to say to get the code. Signer "x5c" takes the leaf presented, "ietf" the issuer
// of keys.json.
type vector struct {
	file       string
	signer     string
	at         string // clock
	nonce, aud string // "" where no key binding is asked for
	legacyTyp  bool
	maxAge     time.Duration // 0: 300 s
	code       reason.Code
	anyTyp     bool        // and besides: code2 when typ and the claims of a VC are not looked at
	code2      reason.Code // "" is good
	want       string      // the public claims as JSON, where the source states them
}

const (
	ietfAud = "https://verifier.example.org"
	years   = 2 * 365 * 24 * time.Hour
)

var vectors = []vector{
	{file: "rfc9901-sec5.1-issuer-jwt.txt", signer: "ietf", code: reason.SDJWTMalformed}, // the JWT alone: no ~ after it
	{file: "rfc9901-sec5.1-issuance.txt", signer: "ietf", at: "2025-05-29T16:41:05Z", code: reason.VCTypInvalid, anyTyp: true},
	{file: "rfc9901-sec5.2-presentation-kb.txt", signer: "ietf", at: "2025-05-29T16:41:05Z", nonce: "1234567890", aud: ietfAud, code: reason.VCTypInvalid, anyTyp: true,
		want: `{"address":{"country":"US","locality":"Anytown","region":"Anystate","street_address":"123 Main St"},"exp":1883000000,"family_name":"Doe","given_name":"John","iat":1683000000,"iss":"https://issuer.example.com","nationalities":["US"],"sub":"user_42"}`},
	{file: "rfc9901-a1-simple-structured-presentation.txt", signer: "ietf", at: "2025-05-29T16:41:05Z", code: reason.VCTypInvalid, anyTyp: true},
	{file: "rfc9901-a3-pid-issuance.txt", signer: "ietf", at: "2025-05-29T16:41:05Z"},
	{file: "rfc9901-a3-pid-presentation-kb.txt", signer: "ietf", at: "2025-05-29T16:41:05Z", nonce: "1234567890", aud: ietfAud,
		want: `{"age_equal_or_over":{"18":true},"exp":1883000000,"iat":1683000000,"iss":"https://pid-issuer.bund.de.example","nationalities":["DE"],"vct":"urn:eudi:pid:de:1"}`},
	{file: "rfc9901-a3-pid-presentation-kb.txt", signer: "ietf", at: "2025-05-29T16:46:06Z", nonce: "1234567890", aud: ietfAud, code: reason.KBIATOutOfWindow},
	{file: "rfc9901-a3-pid-presentation-kb.txt", signer: "ietf", at: "2025-05-29T16:41:05Z", nonce: "1234567891", aud: ietfAud, code: reason.KBNonceMismatch},
	{file: "rfc9901-a3-pid-presentation-kb.txt", signer: "ietf", at: "2025-05-29T16:41:05Z", nonce: "1234567890", aud: ietfAud + "/", code: reason.KBAudMismatch},
	{file: "sdjwtvc-draft-issuance.txt", signer: "ietf", at: "2025-05-29T16:41:05Z"},
	{file: "sdjwtvc-draft-presentation-kb.txt", signer: "ietf", at: "2026-08-21T15:24:41Z", nonce: "1234567890", aud: "https://example.com/verifier",
		want: `{"address":{"country":"US","locality":"Anytown","region":"Anystate","street_address":"123 Main St"},"exp":1883000000,"iat":1683000000,"is_over_65":true,"iss":"https://example.com/issuer","vct":"https://credentials.example.com/identity_credential"}`},
	{file: "sdjwtvc-draft-presentation-no-kb.txt", signer: "ietf", at: "2026-08-21T15:24:41Z"},
	{file: "sdjwtvc-draft-presentation-no-kb.txt", signer: "ietf", at: "2026-08-21T15:24:41Z", nonce: "x", aud: "x", code: reason.KBMissing},
	{file: "statuslist-draft-referenced-token.txt", signer: "ietf", at: "2025-05-29T16:41:05Z", code: reason.VCTypInvalid, anyTyp: true},
	{file: "nl-wallet-invalid_disclosure.txt", signer: "ietf", at: "2025-05-29T16:41:05Z", code: reason.VCTypInvalid, anyTyp: true, code2: reason.DisclosureUnreferenced},
	{file: "nl-wallet-spec-sd_jwt_vc_with_kb.txt", signer: "ietf", at: "2025-03-01T08:37:50Z", nonce: "1234567890", aud: ietfAud},
	{file: "eudi-swift-secondary_issuer_sd_jwt.txt", signer: "x5c", at: "2025-12-10T00:00:00Z"},
	{file: "eudi-swift-secondary_issuer_sd_jwt.txt", signer: "x5c", at: "2026-03-05T00:00:00Z", code: reason.CredentialExpired},
	{file: "eudi-swift-sdJwtVcPid.txt", signer: "x5c", at: "2025-12-01T00:00:00Z"},
	{file: "eudi-swift-sdJwtVcPid.txt", signer: "x5c", at: "2026-11-23T00:00:00Z", code: reason.CredentialExpired},
	// The issuer's key would have to be resolved from a did:jwk.
	{file: "eudi-verifier-07-ehicSdJwtVc-vpToken.json", signer: "x5c", at: "2025-04-09T06:41:35Z", nonce: "[B@3a4e524", aud: "Sample Verifier Actor", code: reason.IssuerKeyUnresolved},
	{file: "eudi-verifier-07-ehicSdJwtVc-vpToken.json", signer: "did:jwk", at: "2025-04-09T06:41:35Z", nonce: "[B@3a4e524", aud: "Sample Verifier Actor", code: reason.KBSignatureInvalid},
	{file: "irmago-validSdJwtVc_DcTypHeader_WithKbJwt.txt", signer: "x5c", at: "2026-08-01T00:00:00Z", nonce: "nonce", aud: "Verifier", maxAge: years},
	{file: "irmago-validSdJwtVc_DcTypHeader_WithKbJwt.txt", signer: "x5c", at: "2026-08-01T00:00:00Z", nonce: "nonce", aud: "Verifier", code: reason.KBIATOutOfWindow},
	{file: "irmago-validSdJwtVc_DcTypHeader_WithoutKbJwt.txt", signer: "x5c", at: "2026-08-01T00:00:00Z"},
	{file: "irmago-validSdJwtVc_DcTypHeader_WithoutKbJwt.txt", signer: "x5c", at: "2026-08-01T00:00:00Z", nonce: "nonce", aud: "Verifier", code: reason.KBMissing},
	{file: "irmago-wrongIssuerSignedJwtTypHeader.txt", signer: "x5c", at: "2026-08-01T00:00:00Z", nonce: "nonce", aud: "Verifier", maxAge: years, code: reason.VCTypInvalid},
	{file: "irmago-invalidSdJwtVc_MissingTrailingTilde.txt", signer: "x5c", at: "2026-08-01T00:00:00Z", code: reason.SDJWTMalformed},
	{file: "irmago-invalidSdJwtVC_WrongKbTypHeader.txt", signer: "x5c", at: "2026-08-01T00:00:00Z", nonce: "nonce", aud: "Verifier", maxAge: years, code: reason.KBTypInvalid},
	{file: "german-pid-funke-2024-06.txt", signer: "x5c", at: "2024-06-10T00:00:00Z", code: reason.VCTypInvalid},
	{file: "german-pid-funke-2024-06.txt", signer: "x5c", at: "2024-06-10T00:00:00Z", legacyTyp: true},
	{file: "german-pid-funke-2024-06.txt", signer: "x5c", at: "2026-11-23T00:00:00Z", legacyTyp: true, code: reason.CredentialExpired},
	{file: "waltid-conformance-presentation.txt", signer: "x5c", at: "2025-10-20T05:26:54Z", nonce: "3c04c5fc-9306-40fa-b544-0e00474ace09", aud: "x509_san_dns:test123", code: reason.IssuerSignatureInvalid},
	{file: "eudi-wallet-core-vp_response_2.txt", signer: "x5c", at: "2025-04-07T09:04:53Z", nonce: "e01ce3f4-3b6c-49c7-b23a-9c5e91cc7a12", aud: "x509_san_dns:verifier-backend.eudiw.dev", legacyTyp: true},
	{file: "eudi-wallet-core-vp_response_2.txt", signer: "x5c", at: "2025-04-07T09:04:53Z", nonce: "e01ce3f4-3b6c-49c7-b23a-9c5e91cc7a12", aud: "verifier-backend.eudiw.dev", legacyTyp: true, code: reason.KBAudMismatch},
	{file: "eudi-wallet-core-vp_response_2.txt", signer: "x5c", at: "2025-04-07T09:04:53Z", nonce: "e01ce3f4-3b6c-49c7-b23a-9c5e91cc7a12", aud: "x509_san_dns:verifier-backend.eudiw.dev", code: reason.VCTypInvalid},
	{file: "go-sd-jwt-sd_hash-mismatch-1.txt", signer: "ietf", at: "2023-12-11T17:33:35Z", nonce: "1234567890", aud: ietfAud, code: reason.VCTypInvalid, anyTyp: true, code2: reason.SDHashMismatch},
}

// Files of the folder that hold no presentation.
var notPresentations = map[string]string{
	"keys.json":                              "keys of the IETF examples",
	"irmago-issuer.pem":                      "an older certificate of an issuer; the newer one is in x5c",
	"eudi-verifier-07-ehicSdJwtVc-dcql.json": "a query, for package dcql",
}

func vectorFolder(t testing.TB) string {
	t.Helper()
	return vectortest.Dir(t, "sdjwt")
}

func TestVectors(t *testing.T) {
	dir := vectorFolder(t)
	for _, v := range vectors {
		t.Run(v.file, func(t *testing.T) {
			s := readVector(t, dir, v.file)
			k := v.checks(t, dir, s)
			cred, err := vectorVerify(s, v, k)
			expect(t, err, v.code)
			if v.anyTyp {
				cred, err = testOnlyAnyTyp(s, k)
				expect(t, err, v.code2)
			}
			if err != nil {
				return
			}
			if got := plain(cred.PublicClaims()); v.want != "" && got != v.want {
				t.Errorf("claims %s, want %s", got, v.want)
			}
			assertNoArtefacts(t, cred.Claims())
		})
	}
}

func vectorVerify(s string, v vector, k checks) (*Credential, error) {
	if v.signer == "x5c" {
		p, err := Parse(s, k.limits)
		if err != nil {
			return nil, err
		}
		if _, err := p.Chain(); err != nil {
			return nil, err
		}
	}
	return verify(s, k)
}

// The conformance suite's presentation does not verify with the certificate beside
// it; its holder's part is good.
func TestVectorHolder(t *testing.T) {
	dir := vectorFolder(t)
	for _, v := range vectors {
		if v.file != "waltid-conformance-presentation.txt" {
			continue
		}
		s := readVector(t, dir, v.file)
		p, err := Parse(s, Limits{})
		expect(t, err, "")
		cred, err := testOnlyIssued(p).Disclose()
		expect(t, err, "")
		expect(t, finish(cred, v.checks(t, dir, s)), "")
	}
}

// The table knows every file of the folder.
func TestVectorsComplete(t *testing.T) {
	dir := vectorFolder(t)
	var index []struct{ File string }
	b, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, v := range vectors {
		seen[v.file] = true
	}
	for _, f := range index {
		if !seen[f.File] && notPresentations[f.File] == "" {
			t.Errorf("no row for %s", f.File)
		}
	}
	if len(index) == 0 {
		t.Error("the index is empty")
	}
}

func (v vector) checks(t *testing.T, dir, s string) checks {
	t.Helper()
	k := newChecks()
	k.binding = nil
	if v.at != "" {
		at, err := time.Parse(time.RFC3339, v.at)
		if err != nil {
			t.Fatal(err)
		}
		k.now = at
	}
	k.issuer = IssuerCheck{Key: vectorKey(t, dir, s, v.signer), Allowed: sigalg.Credentials, AllowLegacyTyp: v.legacyTyp}
	if v.nonce != "" {
		age := v.maxAge
		if age == 0 {
			age = 300 * time.Second
		}
		k.aud = v.aud
		k.binding = &Binding{Nonce: v.nonce, Audience: v.aud, Now: k.now, Skew: time.Minute, MaxAge: age, Allowed: sigalg.Credentials}
	}
	return k
}

// vectorKey finds the issuer's key with nothing of this package.
func vectorKey(t *testing.T, dir, s, signer string) crypto.PublicKey {
	t.Helper()
	head, rest, _ := strings.Cut(s, ".")
	switch signer {
	case "ietf":
		var keys struct{ Issuer json.RawMessage }
		mustDecode(t, read(t, filepath.Join(dir, "keys.json")), &keys)
		return jwkKey(t, keys.Issuer)
	case "did:jwk":
		var payload struct{ Iss string }
		body, _, _ := strings.Cut(rest, ".")
		mustDecode(t, mustBase64(t, body), &payload)
		return jwkKey(t, mustBase64(t, strings.TrimPrefix(payload.Iss, "did:jwk:")))
	default:
		var header struct{ X5c [][]byte }
		mustDecode(t, mustBase64(t, head), &header)
		if len(header.X5c) == 0 {
			return nil
		}
		cert, err := x509.ParseCertificate(header.X5c[0])
		if err != nil {
			t.Fatal(err)
		}
		return cert.PublicKey
	}
}

func jwkKey(t *testing.T, b []byte) crypto.PublicKey {
	t.Helper()
	var jwk struct{ X, Y string }
	mustDecode(t, b, &jwk)
	point := append(append([]byte{4}, mustBase64(t, jwk.X)...), mustBase64(t, jwk.Y)...)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// readVector returns the presentation in a file: the text, or the first of a
// vp_token.
func readVector(t testing.TB, dir, name string) string {
	t.Helper()
	b := read(t, filepath.Join(dir, name))
	if strings.HasSuffix(name, ".json") {
		var vp map[string][]string
		if err := json.Unmarshal(b, &vp); err != nil {
			t.Fatal(err)
		}
		for _, list := range vp {
			return list[0]
		}
	}
	return strings.TrimSpace(string(b))
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustDecode(t *testing.T, b []byte, out any) {
	t.Helper()
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
}

func mustBase64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// assertNoArtefacts fails if anything of the concealment is left in a tree.
func assertNoArtefacts(t testing.TB, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for name, v := range v {
			if name == "_sd" || name == "..." || name == "_sd_alg" {
				t.Errorf("%s is left in the processed payload", name)
			}
			assertNoArtefacts(t, v)
		}
	case []any:
		for _, v := range v {
			assertNoArtefacts(t, v)
		}
	}
}
