package verifytest

// The tests of this package's encoders decode with the standard library and
// fxamacker/cbor alone. How the verifier reads what is made here is tested in
// verifier_test.go.

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

var testNow = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func testWorld(t testing.TB) *World {
	t.Helper()
	w, err := New(testNow)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	return must[[]byte](t)(base64.RawURLEncoding.DecodeString(s))
}

// openJWS checks a compact ES256 JWS and returns header and payload.
func openJWS(t testing.TB, jws string, key *ecdsa.PublicKey) (header, payload map[string]any) {
	t.Helper()
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	if !verifies(key, []byte(parts[0]+"."+parts[1]), unbase64(t, parts[2])) {
		t.Fatal("the signature does not verify")
	}
	for i, m := range []*map[string]any{&header, &payload} {
		if err := json.Unmarshal(unbase64(t, parts[i]), m); err != nil {
			t.Fatal(err)
		}
	}
	return header, payload
}

func verifies(key *ecdsa.PublicKey, message, sig []byte) bool {
	sum := sha256.Sum256(message)
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	return len(sig) == 64 && ecdsa.Verify(key, sum[:], r, s)
}

// message is a COSE_Sign1 or COSE_Mac0.
type message struct {
	_           struct{} `cbor:",toarray"`
	Protected   []byte
	Unprotected map[int]any
	Payload     []byte
	Proof       []byte
}

func openCBOR[T any](t testing.TB, b []byte) (v T) {
	t.Helper()
	if err := cbor.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// open24 returns the content of a tag 24 item.
func open24(t testing.TB, item []byte) []byte {
	t.Helper()
	tag := openCBOR[cbor.Tag](t, item)
	b, ok := tag.Content.([]byte)
	if tag.Number != 24 || !ok {
		t.Fatalf("tag %d over %T", tag.Number, tag.Content)
	}
	return b
}

// structure is what a COSE_Sign1 or COSE_Mac0 signs.
func structure(t testing.TB, context string, protected, payload []byte) []byte {
	t.Helper()
	return must[[]byte](t)(cbor.Marshal([]any{context, protected, []byte{}, payload}))
}
