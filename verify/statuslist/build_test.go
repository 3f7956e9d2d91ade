package statuslist

import (
	"bytes"
	"compress/zlib"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// The builders here share nothing with the code under test but the names of the
// claims, which they spell out.

const testURI = "https://status.example/lists/1"

var testKey = newKey()

func newKey() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func deflate(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// pack fills each byte from its least significant bit.
func pack(statuses []byte, bits int) []byte {
	per := 8 / bits
	array := make([]byte, (len(statuses)+per-1)/per)
	for i, s := range statuses {
		array[i/per] |= s << (i % per * bits)
	}
	return array
}

func b64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// smallList is the 16 one-bit entries of section 4.1.
var smallList = []byte{0xb9, 0xa3}

// token is what a test may change in either form.
type token struct {
	header      map[string]any // JWT
	protected   map[any]any    // CWT
	unprotected map[any]any    // CWT
	claims      map[string]any // JWT
	cwt         map[any]any    // CWT
	list        map[string]any // both; status_list
	payload     []byte         // replaces the claims
	raw         []byte         // CWT; replaces list
	tags        []uint64       // CWT, outermost first
	der         bool           // the signature in ASN.1
	identifiers bool           // of an identifier list
	key         *ecdsa.PrivateKey
}

func newToken(t testing.TB) *token {
	return &token{
		header:      map[string]any{"typ": "statuslist+jwt", "alg": "ES256"},
		protected:   map[any]any{1: -7, 16: "application/statuslist+cwt"},
		unprotected: map[any]any{},
		claims:      map[string]any{"sub": testURI, "iat": 1700000000, "exp": 1700086400, "ttl": 300},
		cwt:         map[any]any{2: testURI, 6: 1700000000, 4: 1700086400, 65534: 300},
		list:        map[string]any{"bits": 1, "lst": deflate(t, smallList)},
		tags:        []uint64{18},
		key:         testKey,
	}
}

// newIdentifiers is a token of an identifier list, with a certificate that nobody
// looks into.
func newIdentifiers(ids ...string) *token {
	set := map[cbor.ByteString]any{}
	for _, id := range ids {
		set[cbor.ByteString(id)] = map[any]any{}
	}
	return &token{
		protected:   map[any]any{1: -7, 16: "application/identifierlist+cwt", 33: []byte{0x30}},
		unprotected: map[any]any{},
		cwt:         map[any]any{2: testURI, 6: 1700000000, 4: 1700086400, 65534: 300},
		list:        map[string]any{"identifiers": set},
		identifiers: true,
		tags:        []uint64{18},
		key:         testKey,
	}
}

func (k *token) sign(t testing.TB, signed []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(signed)
	if k.der {
		sig, err := k.key.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	r, s, err := ecdsa.Sign(rand.Reader, k.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func (k *token) jwtPayload(t testing.TB) []byte {
	t.Helper()
	if k.payload != nil {
		return k.payload
	}
	if k.list != nil {
		list := map[string]any{}
		for name, v := range k.list {
			if b, ok := v.([]byte); ok {
				v = b64url(b)
			}
			list[name] = v
		}
		k.claims["status_list"] = list
	}
	b, err := json.Marshal(k.claims)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (k *token) jwt(t testing.TB) string {
	t.Helper()
	head, err := json.Marshal(k.header)
	if err != nil {
		t.Fatal(err)
	}
	signed := b64url(head) + "." + b64url(k.jwtPayload(t))
	return signed + "." + b64url(k.sign(t, []byte(signed)))
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (k *token) cwtPayload(t testing.TB) []byte {
	t.Helper()
	if k.payload != nil {
		return k.payload
	}
	switch {
	case k.identifiers && k.raw != nil:
		k.cwt[65530] = cbor.RawMessage(k.raw)
	case k.identifiers && k.list != nil:
		k.cwt[65530] = k.list
	case k.list != nil:
		k.cwt[65533] = k.list
	}
	return encode(t, k.cwt)
}

func (k *token) cwtBytes(t testing.TB) []byte {
	t.Helper()
	payload := k.cwtPayload(t)
	protected := encode(t, k.protected)
	sig := k.sign(t, encode(t, []any{"Signature1", protected, []byte{}, payload}))
	b := encode(t, []any{protected, k.unprotected, payload, sig})
	for i := len(k.tags) - 1; i >= 0; i-- {
		b = encode(t, cbor.RawTag{Number: k.tags[i], Content: b})
	}
	return b
}

func wantCode(t testing.TB, err error, want reason.Code) {
	t.Helper()
	if got := reason.CodeOf(err); got != want || (want == "" && err != nil) {
		t.Fatalf("code %q, want %q (%v)", got, want, err)
	}
}

// verifyJWT, verifyCWT and verifyIdentifiers go the whole way.
func verifyJWT(compact string, key crypto.PublicKey) (*Token, error) {
	u, err := ParseJWT(compact)
	if err != nil {
		return nil, err
	}
	return u.Verify(key)
}

func verifyCWT(b []byte, key crypto.PublicKey) (*Token, error) {
	u, err := ParseCWT(b)
	if err != nil {
		return nil, err
	}
	return u.Verify(key)
}

func verifyIdentifiers(b []byte, key crypto.PublicKey) (*Token, error) {
	u, err := ParseIdentifierList(b)
	if err != nil {
		return nil, err
	}
	return u.Verify(key)
}
