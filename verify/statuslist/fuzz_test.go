package statuslist

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

const fuzzInflated = 1 << 16

// seedFiles returns vectors by the end of their name, none where there are none.
func seedFiles(f *testing.F, pattern string) (seeds []string) {
	f.Helper()
	dir, err := vectortest.Find()
	if err != nil {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "statuslist", pattern))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, strings.TrimSpace(string(b)))
	}
	return seeds
}

// refusal fails on an error without a code.
func refusal(t *testing.T, err error) {
	t.Helper()
	if err != nil && reason.CodeOf(err) == "" {
		t.Fatalf("an error without a code: %v", err)
	}
}

// checkToken takes a parsed token through what a signature would let it reach.
func checkToken(t *testing.T, u *Unverified) {
	t.Helper()
	if u.URI() != "" && !validURI(u.URI()) {
		t.Fatalf("URI of %d bytes", len(u.URI()))
	}
	_, err := u.Chain()
	refusal(t, err)
	if tok, err := u.Verify(&testKey.PublicKey); err == nil {
		checkArray(t, tok)
	} else {
		refusal(t, err)
	}
	checkClaims(t, u.claims, u.claimsErr)
}

// checkClaims goes on where a good signature would have let it.
func checkClaims(t *testing.T, c *claims, err error) {
	t.Helper()
	if err != nil {
		refusal(t, err)
		return
	}
	if !validURI(c.uri) || c.issuedAt.Unix() < 0 || c.issuedAt.Unix() > maxNumericDate || c.ttl < 0 {
		t.Fatalf("claims %+v", c)
	}
	array, err := inflate(c.list, fuzzInflated)
	if err != nil {
		refusal(t, err)
		return
	}
	checkArray(t, &Token{Bits: c.bits, array: array})
}

func checkArray(t *testing.T, tok *Token) {
	t.Helper()
	n := tok.Len()
	if n != uint64(len(tok.array))*8/uint64(tok.Bits) {
		t.Fatalf("%d entries of %d bits in %d bytes", n, tok.Bits, len(tok.array))
	}
	if n > 0 {
		if v, ok := tok.Value(n - 1); !ok || v > 1<<tok.Bits-1 {
			t.Fatalf("last entry %d %v", v, ok)
		}
	}
	for _, i := range []uint64{n, math.MaxInt64, math.MaxUint64} {
		if _, ok := tok.Value(i); ok {
			t.Fatalf("entry %d of %d", i, n)
		}
	}
}

func FuzzParseJWT(f *testing.F) {
	f.Add(newToken(f).jwt(f))
	for _, s := range seedFiles(f, "*.jwt") {
		f.Add(s)
	}
	for _, s := range seedFiles(f, "waltid-*.json") {
		var v struct {
			Token string `json:"status-credential"`
		}
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			f.Fatal(err)
		}
		f.Add(v.Token)
	}
	f.Fuzz(func(t *testing.T, compact string) {
		u, err := ParseJWT(compact)
		if err != nil {
			refusal(t, err)
			return
		}
		checkToken(t, u)
	})
}

func FuzzParseCWT(f *testing.F) {
	f.Add(newToken(f).cwtBytes(f))
	for _, s := range seedFiles(f, "*.hex") {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := ParseCWT(b)
		if err != nil {
			refusal(t, err)
			return
		}
		checkToken(t, u)
	})
}

// FuzzClaims is the stage behind the signature, which mutated tokens never reach.
func FuzzClaims(f *testing.F) {
	f.Add(newToken(f).jwtPayload(f), false)
	f.Add(newToken(f).cwtPayload(f), true)
	f.Fuzz(func(t *testing.T, payload []byte, cwt bool) {
		if cwt {
			c, err := cwtClaims(payload)
			checkClaims(t, c, err)
		} else {
			c, err := jwtClaims(payload)
			checkClaims(t, c, err)
		}
	})
}

// FuzzIdentifierList takes bytes for a token and, signed, for the claims of one: what
// the decoder reads in a list is in the set, and nothing else.
func FuzzIdentifierList(f *testing.F) {
	f.Add(newIdentifiers("a", "b").cwtBytes(f))
	f.Add(newIdentifiers("a", "b").cwtPayload(f))
	f.Add([]byte{0xa1, 0x19, 0xff, 0xfa, 0xa1, 0x6b, 'i', 'd', 'e', 'n', 't', 'i', 'f', 'i', 'e', 'r', 's', 0xa2, 0x41, 1, 0xa0, 0x58, 1, 1, 0xa0})
	for _, s := range seedFiles(f, "vck-*.hex") {
		k := newIdentifiers()
		var err error
		if k.raw, err = hex.DecodeString(s); err != nil {
			f.Fatal(err)
		}
		f.Add(k.cwtBytes(f))
		f.Add(k.cwtPayload(f))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if u, err := ParseIdentifierList(b); err == nil {
			if u.URI() != "" && !validURI(u.URI()) {
				t.Fatalf("URI of %d bytes", len(u.URI()))
			}
			_, err := u.Verify(&testKey.PublicKey)
			refusal(t, err)
		} else {
			refusal(t, err)
		}
		checkIdentifiers(t, b)
	})
}

// checkIdentifiers goes on where a good signature would have let it.
func checkIdentifiers(t *testing.T, payload []byte) {
	t.Helper()
	c, err := identifierClaims(payload)
	if err != nil {
		refusal(t, err)
		return
	}
	if !validURI(c.uri) || c.expires.IsZero() || len(c.list) > 0 {
		t.Fatalf("claims %+v", c)
	}
	set, err := identifierSet(c.identifiers)
	var want struct {
		List struct {
			Identifiers map[cbor.ByteString]cbor.RawMessage `cbor:"identifiers"`
		} `cbor:"65530,keyasint"`
	}
	decodes := strictcbor.Unmarshal(payload, &want)
	if err != nil {
		if refusal(t, err); decodes == nil {
			t.Fatalf("the decoder finds no duplicate: %v", err)
		}
		return
	}
	if decodes != nil || set.Len() != len(want.List.Identifiers) {
		t.Fatalf("%d identifiers, the decoder has %d, %v", set.Len(), len(want.List.Identifiers), decodes)
	}
	for id := range want.List.Identifiers {
		if !set.Has([]byte(id)) {
			t.Fatalf("%x is not in the set", string(id))
		}
	}
}

func checkReference(t *testing.T, refs []Reference, m Mechanisms, err error) {
	t.Helper()
	if err != nil {
		refusal(t, err)
		if refs != nil || m.Unknown != nil {
			t.Fatal("references together with a refusal")
		}
		return
	}
	if len(refs) > 2 || len(m.Unknown) > MaxMechanisms || len(refs) == 2 && (refs[0].Mechanism != StatusList || refs[1].Mechanism != IdentifierList) {
		t.Fatalf("%d references, %d others", len(refs), len(m.Unknown))
	}
	for _, r := range refs {
		if !validURI(r.URI) || r.Index > math.MaxInt64 || len(r.Certificate) > maxCertificate {
			t.Fatalf("reference %+v", r)
		}
		if known := r.Mechanism == StatusList || r.Mechanism == IdentifierList; !known || (len(r.Identifier) > 0) != (r.Mechanism == IdentifierList) || len(r.Identifier) > MaxIdentifier {
			t.Fatalf("reference %+v", r)
		}
	}
}

func FuzzReferencesJSON(f *testing.F) {
	for _, s := range []string{
		`{"status_list":{"idx":7,"uri":"https://status.example/lists/1"}}`,
		`{"type":"TokenStatusList","purpose":"revocation","index":7,"uri":"https://status.example/lists/1"}`,
		`{"status_list":{"idx":0,"uri":"u"},"type":"TokenStatusList","index":0,"uri":"u","identifier_list":{}}`,
		`{"status_list":{"idx":9223372036854775808,"uri":""}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		status, err := strictjson.Decode(b)
		if err != nil {
			return
		}
		refs, m, err := ReferencesJSON(status)
		checkReference(t, refs, m, err)
		for _, r := range refs {
			if r.Mechanism != StatusList {
				t.Fatalf("an %s in JSON", r.Mechanism)
			}
		}
	})
}

func FuzzReferencesCBOR(f *testing.F) {
	f.Add(encode(f, map[string]any{"status_list": map[string]any{"idx": 7, "uri": testURI, "certificate": []byte{0x30}}}))
	f.Add(encode(f, map[string]any{"identifier_list": map[string]any{"id": []byte{1}, "uri": testURI}}))
	f.Add(encode(f, map[string]any{"status_list": map[string]any{"idx": 7, "uri": testURI}, "identifier_list": map[string]any{"id": []byte{0xcc, 0xcc}, "uri": testURI, "certificate": []byte{0xaa}}}))
	for _, s := range seedFiles(f, "vck-*.hex") {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		refs, m, err := ReferencesCBOR(b)
		checkReference(t, refs, m, err)
	})
}

// FuzzInflate holds the decompressor against the standard library's.
func FuzzInflate(f *testing.F) {
	f.Add(deflate(f, smallList), 100)
	f.Add(deflate(f, make([]byte, 5000)), 5000)
	f.Add(deflate(f, revokedArray()[:2000]), 1999)
	f.Add([]byte{0x78, 0xbb, 0, 0, 0, 1, 3, 0, 0, 0, 0, 1}, 1) // preset dictionary
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		limit = 1 + (limit&math.MaxInt)%fuzzInflated
		got, err := inflate(b, limit)
		if len(got) > limit {
			t.Fatalf("%d bytes past a cap of %d", len(got), limit)
		}
		refusal(t, err)
		want, ok := standardInflate(b, limit)
		if ok != (err == nil) || (ok && !bytes.Equal(got, want)) {
			t.Fatalf("got %d bytes, %v; the standard library %d, %v", len(got), err, len(want), ok)
		}
	})
}

func standardInflate(b []byte, limit int) ([]byte, bool) {
	src := bytes.NewReader(b)
	z, err := zlib.NewReader(src)
	if err != nil {
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
	return out, err == nil && len(out) <= limit && src.Len() == 0
}
