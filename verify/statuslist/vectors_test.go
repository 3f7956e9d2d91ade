package statuslist

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

const draftURI = "https://example.com/statuslists/1"

func vectorDir(t testing.TB) string {
	t.Helper()
	return vectortest.Dir(t, "statuslist")
}

func vectorFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectorDir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b)
}

func vectorHex(t testing.TB, name string) []byte {
	t.Helper()
	b, err := hex.DecodeString(string(vectorFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func vectorJSON(t testing.TB, name string, out any) {
	t.Helper()
	if err := json.Unmarshal(vectorFile(t, name), out); err != nil {
		t.Fatal(err)
	}
}

// draftKey is the key (kid 12) of the draft's examples.
func draftKey(t testing.TB) crypto.PublicKey {
	t.Helper()
	jwk, err := strictjson.Object(vectorFile(t, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := jose.Key(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Every file of the topic has a test here; a new one in the folder fails.
func TestVectors(t *testing.T) {
	tests := map[string]func(*testing.T){
		"keys.json":                         func(t *testing.T) { draftKey(t) },
		"draft20-appendix-vectors.json":     testAppendix,
		"draft20-section4-small.json":       testSmall,
		"draft20-status-list-token.cwt.hex": testDraftCWT,
		"draft20-referenced-token.cwt.hex":  testDraftReferenced,
		"draft20-status-list-token.jwt":     testDraftJWT,
		"eudi-dev-issuer-2025-09.cwt.hex":   testEUDIDev,
		"waltid-revoked.json":               func(t *testing.T) { testWaltid(t, "waltid-revoked.json", 5964, 1, "") },
		"waltid-unrevoked.json":             func(t *testing.T) { testWaltid(t, "waltid-unrevoked.json", 5964, 0, "") },
		"waltid-wrong-list-encoding.json": func(t *testing.T) {
			testWaltid(t, "waltid-wrong-list-encoding.json", 11476, 0, reason.StatusListDecompressFailed)
		},
		"vck-identifier-list.hex":      testIdentifierList,
		"vck-identifier-list-info.txt": testIdentifierListReference,
	}
	var index []struct{ File string }
	vectorJSON(t, "index.json", &index)
	for _, row := range index {
		run, ok := tests[row.File]
		if !ok {
			t.Errorf("no test for %s", row.File)
			continue
		}
		t.Run(row.File, run)
		delete(tests, row.File)
	}
	for name := range tests {
		t.Errorf("%s is not in the index", name)
	}
}

// One vector of the appendix or of section 4.
type listVector struct {
	Name     string
	Bits     int
	Lst      string
	CBOR     string
	Statuses map[string]byte
}

func testAppendix(t *testing.T) {
	var vectors []listVector
	vectorJSON(t, "draft20-appendix-vectors.json", &vectors)
	if len(vectors) != 4 {
		t.Fatalf("%d vectors, want 4", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			want := make([]byte, 1<<20)
			for index, status := range v.Statuses {
				i, err := strconv.Atoi(index)
				if err != nil {
					t.Fatal(err)
				}
				want[i] = status
			}
			list, err := hex.DecodeString(v.CBOR)
			if err != nil {
				t.Fatal(err)
			}
			for form, tok := range map[Format]*Token{JWT: v.fromJWT(t), CWT: v.fromCWT(t, list)} {
				if tok.Bits != v.Bits || tok.Len() != 1<<20 {
					t.Fatalf("%s: %d entries of %d bits", form, tok.Len(), tok.Bits)
				}
				for i, w := range want { // every listed index, and every other is 0
					if got, ok := tok.Value(uint64(i)); !ok || got != w {
						t.Fatalf("%s: entry %d is %d %v, want %d", form, i, got, ok, w)
					}
				}
				if _, ok := tok.Value(1 << 20); ok {
					t.Errorf("%s: an entry at the capacity", form)
				}
			}
		})
	}
}

// fromJWT signs the list as the vector writes it.
func (v listVector) fromJWT(t *testing.T) *Token {
	t.Helper()
	k := newToken(t)
	k.list = map[string]any{"bits": v.Bits, "lst": v.Lst}
	tok, err := verifyJWT(k.jwt(t), &testKey.PublicKey)
	wantCode(t, err, "")
	return tok
}

func (v listVector) fromCWT(t *testing.T, list []byte) *Token {
	t.Helper()
	k := newToken(t)
	k.list = nil
	k.cwt[65533] = cbor.RawMessage(list)
	tok, err := verifyCWT(k.cwtBytes(t), &testKey.PublicKey)
	wantCode(t, err, "")
	return tok
}

func testSmall(t *testing.T) {
	var small map[string]struct {
		Bits     int
		Lst      string
		Statuses []int
	}
	vectorJSON(t, "draft20-section4-small.json", &small)
	for name, v := range small {
		tok := listVector{Bits: v.Bits, Lst: v.Lst}.fromJWT(t)
		if tok.Len() != uint64(len(v.Statuses)) {
			t.Errorf("%s: %d entries, want %d", name, tok.Len(), len(v.Statuses))
		}
		for i, w := range v.Statuses {
			if got, ok := tok.Value(uint64(i)); !ok || int(got) != w {
				t.Errorf("%s: entry %d is %d %v, want %d", name, i, got, ok, w)
			}
		}
	}
}

// draftToken checks what the draft's two tokens say alike.
func draftToken(t *testing.T, tok *Token, form Format) {
	t.Helper()
	if tok.Format != form || tok.URI != draftURI || tok.Bits != 1 || tok.TTL != 12*time.Hour ||
		tok.IssuedAt.Unix() != 1686920170 || tok.Expires.Unix() != 2291720170 || !tok.ExpiresAt().Equal(tok.Expires) {
		t.Errorf("unexpected token: %+v", tok)
	}
	if !bytes.Equal(tok.array, smallList) {
		t.Errorf("array %x", tok.array)
	}
}

func testDraftCWT(t *testing.T) {
	u, err := ParseCWT(vectorHex(t, "draft20-status-list-token.cwt.hex"))
	wantCode(t, err, "")
	if u.URI() != draftURI {
		t.Errorf("URI %q", u.URI())
	}
	tok, err := u.Verify(draftKey(t))
	wantCode(t, err, "")
	draftToken(t, tok, CWT)
	_, err = u.Verify(&testKey.PublicKey)
	wantCode(t, err, reason.StatusTokenSignatureInvalid)
}

func testDraftJWT(t *testing.T) {
	compact := string(vectorFile(t, "draft20-status-list-token.jwt"))
	tok, err := verifyJWT(compact, draftKey(t))
	wantCode(t, err, "")
	draftToken(t, tok, JWT)
	_, err = verifyJWT(compact, &testKey.PublicKey)
	wantCode(t, err, reason.StatusTokenSignatureInvalid)
}

// The referenced token is a CWT whose claim 65535 points at entry 0 of the list
// above; it is not a list token itself.
func testDraftReferenced(t *testing.T) {
	b := vectorHex(t, "draft20-referenced-token.cwt.hex")
	_, err := ParseCWT(b)
	wantCode(t, err, reason.StatusTokenTypeInvalid)

	s, err := cose.ParseSign1(b, cose.TagRequired)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[any]cbor.RawMessage
	if err := strictcbor.Unmarshal(s.Payload, &claims); err != nil {
		t.Fatal(err)
	}
	refs, m, err := ReferencesCBOR(claims[int64(65535)])
	wantCode(t, err, "")
	if len(refs) != 1 || len(m.Unknown) != 0 || refs[0].URI != draftURI || refs[0].Index != 0 || refs[0].Certificate != nil {
		t.Fatalf("references %v, others %q", refs, m.Unknown)
	}
	tok, err := verifyCWT(vectorHex(t, "draft20-status-list-token.cwt.hex"), draftKey(t))
	wantCode(t, err, "")
	value, ok := tok.Value(refs[0].Index)
	if !ok || CodeOf(value) != reason.StatusRevoked {
		t.Errorf("entry 0 is %d %v", value, ok)
	}
}

// An issuer that once signed in ASN.1: all is readable, and nothing is believed.
func testEUDIDev(t *testing.T) {
	u, err := ParseCWT(vectorHex(t, "eudi-dev-issuer-2025-09.cwt.hex"))
	wantCode(t, err, "")
	if !strings.HasPrefix(u.URI(), "https://dev.issuer.eudiw.dev/token_status_list/FC/eu.europa.ec.eudi.pid.1/") {
		t.Errorf("URI %q", u.URI())
	}
	ders, err := u.Chain()
	if err != nil || len(ders) != 1 {
		t.Fatalf("%d certificates, %v", len(ders), err)
	}
	leaf, err := x509.ParseCertificate(ders[0])
	if err != nil {
		t.Fatal(err)
	}
	_, err = u.Verify(leaf.PublicKey)
	wantCode(t, err, reason.StatusTokenSignatureInvalid)
	if u.claimsErr != nil {
		t.Errorf("claims: %v", u.claimsErr)
	}
	if b, err := inflate(u.claims.list, MaxInflated); err != nil || len(b) == 0 {
		t.Errorf("list of %d bytes, %v", len(b), err)
	}
}

// testWaltid checks a token and the credential that points into it. Resolving the
// signer's did:jwk is no business of this package: the test does it.
func testWaltid(t *testing.T, name string, index uint64, want byte, code reason.Code) {
	var v struct {
		Token      string `json:"status-credential"`
		Credential struct {
			Status json.RawMessage `json:"status"`
		} `json:"holder-credential"`
	}
	vectorJSON(t, name, &v)
	tree, err := strictjson.Decode(v.Credential.Status)
	if err != nil {
		t.Fatal(err)
	}
	refs, _, err := ReferencesJSON(tree)
	wantCode(t, err, "")
	if len(refs) != 1 || refs[0].Index != index {
		t.Fatalf("references %v", refs)
	}
	tok, err := verifyJWT(v.Token, didJWK(t, v.Token))
	wantCode(t, err, code)
	if code != "" {
		return
	}
	if got, ok := tok.Value(refs[0].Index); !ok || got != want {
		t.Errorf("entry is %d %v, want %d", got, ok, want)
	}
	set := 0
	for i := range tok.Len() {
		if got, _ := tok.Value(i); got != 0 {
			set++
		}
	}
	if set != int(want) {
		t.Errorf("%d entries are not 0", set)
	}
}

// didJWK takes the key out of a kid of the form did:jwk:<base64url of a JWK>#id,
// the DID of which that library once put into quotation marks.
func didJWK(t *testing.T, compact string) crypto.PublicKey {
	t.Helper()
	j, err := jose.Parse(compact)
	if err != nil {
		t.Fatal(err)
	}
	did, _, _ := strings.Cut(j.Header.Kid, "#")
	raw, err := b64.URL(strings.TrimPrefix(strings.Trim(did, `"`), "did:jwk:"))
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := strictjson.Object(raw)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jose.Key(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The structure of a list, which its library publishes without a token: signed, its
// three identifiers are in it, whatever the maps beside them hold, and nothing takes
// it for a status list.
func testIdentifierList(t *testing.T) {
	list := vectorHex(t, "vck-identifier-list.hex")
	k := newIdentifiers()
	k.raw = list
	tok, err := verifyIdentifiers(k.cwtBytes(t), &testKey.PublicKey)
	wantCode(t, err, "")
	if tok.Len() != 3 || tok.AggregationURI != "https://example.com/identifierlists/aggregation" {
		t.Errorf("%d identifiers, aggregation %q", tok.Len(), tok.AggregationURI)
	}
	for id, want := range map[string]bool{"\xab\xcd": true, "\xaa\xaa": true, "\xcc\xcc": true, "\xab": false, "": false} {
		if tok.Has([]byte(id)) != want {
			t.Errorf("%x: %v", id, !want)
		}
	}
	_, err = ParseCWT(k.cwtBytes(t))
	wantCode(t, err, reason.StatusTokenTypeInvalid)
	for _, parse := range []func([]byte) (*Unverified, error){ParseCWT, ParseIdentifierList} {
		if _, err := parse(list); err == nil {
			t.Error("a list without a token is accepted")
		}
	}

	k = newToken(t)
	k.list = nil
	k.cwt[65530] = cbor.RawMessage(list)
	_, err = verifyCWT(k.cwtBytes(t), &testKey.PublicKey) // under the wrong type
	wantCode(t, err, reason.StatusTokenClaimMissing)
	k.cwt[65533] = cbor.RawMessage(list) // and in the wrong place
	_, err = verifyCWT(k.cwtBytes(t), &testKey.PublicKey)
	wantCode(t, err, reason.StatusBitsInvalid)
}

// The reference that the note shows in diagnostic notation.
func testIdentifierListReference(t *testing.T) {
	note := string(vectorFile(t, "vck-identifier-list-info.txt"))
	for _, part := range []string{`"identifier_list"`, `"id": h'cccc'`, `"uri": "https://example.com/identifierlists/1"`, `"certificate": h'aa'`} {
		if !strings.Contains(note, part) {
			t.Fatalf("the note has changed: no %s", part)
		}
	}
	const uri = "https://example.com/identifierlists/1"
	refs, m, err := ReferencesCBOR(encode(t, map[string]any{"identifier_list": map[string]any{
		"id": []byte{0xcc, 0xcc}, "uri": uri, "certificate": []byte{0xaa},
	}}))
	checkReferences(t, refs, m, err, []Reference{{Mechanism: IdentifierList, URI: uri, Identifier: []byte{0xcc, 0xcc}, Certificate: []byte{0xaa}}}, nil, "")
}
