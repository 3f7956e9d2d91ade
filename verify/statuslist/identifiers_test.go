package statuslist

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// A good token, field by field.
func TestIdentifierListFields(t *testing.T) {
	k := newIdentifiers("a", "bb", "")
	k.list["aggregation_uri"] = "https://status.example/all"
	u, err := ParseIdentifierList(k.cwtBytes(t))
	wantCode(t, err, "")
	chain, err := u.Chain()
	if u.Mechanism() != IdentifierList || u.Format() != CWT || u.URI() != testURI || err != nil || len(chain) != 1 || !bytes.Equal(chain[0], []byte{0x30}) {
		t.Errorf("%s, %s, URI %q, chain %x, %v", u.Mechanism(), u.Format(), u.URI(), chain, err)
	}
	tok, err := u.Verify(&testKey.PublicKey)
	wantCode(t, err, "")
	if tok.Mechanism != IdentifierList || tok.Format != CWT || tok.URI != testURI || tok.Bits != 0 || tok.TTL != 5*time.Minute ||
		!tok.IssuedAt.Equal(time.Unix(1700000000, 0)) || !tok.Expires.Equal(time.Unix(1700086400, 0)) || !tok.ExpiresAt().Equal(tok.Expires) ||
		tok.AggregationURI != "https://status.example/all" || tok.Len() != 3 || tok.Size() != 48 {
		t.Errorf("unexpected token: %+v", tok)
	}
	for id, want := range map[string]bool{"a": true, "bb": true, "": true, "b": false, "a\x00": false} {
		if tok.Has([]byte(id)) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
	if v, ok := tok.Value(0); ok || v != 0 {
		t.Errorf("an entry in an identifier list: %d %v", v, ok)
	}
	if allocs := testing.AllocsPerRun(100, func() { tok.Has([]byte("a")) }); allocs != 0 {
		t.Errorf("Has allocates %v times", allocs)
	}
	delete(k.cwt, 65534)
	again, err := verifyIdentifiers(k.cwtBytes(t), &testKey.PublicKey)
	wantCode(t, err, "")
	if again.TTL != 0 || again.Payload == tok.Payload {
		t.Errorf("unexpected token: %+v", again)
	}
	empty, err := verifyIdentifiers(newIdentifiers().cwtBytes(t), &testKey.PublicKey)
	wantCode(t, err, "")
	if empty.Len() != 0 || empty.Size() != 0 || empty.Has(nil) || empty.Has([]byte("a")) {
		t.Errorf("unexpected token: %+v", empty)
	}
}

// What a status list says of itself, and that it names no identifiers.
func TestStatusListHasNoIdentifiers(t *testing.T) {
	for _, parse := range []func() (*Unverified, error){
		func() (*Unverified, error) { return ParseCWT(newToken(t).cwtBytes(t)) },
		func() (*Unverified, error) { return ParseJWT(newToken(t).jwt(t)) },
	} {
		u, err := parse()
		wantCode(t, err, "")
		tok, err := u.Verify(&testKey.PublicKey)
		wantCode(t, err, "")
		if u.Mechanism() != StatusList || tok.Mechanism != StatusList || tok.Has(nil) || tok.Has([]byte("a")) || tok.Size() != 2 || tok.Len() != 16 {
			t.Errorf("unexpected token: %+v", tok)
		}
	}
}

func TestIdentifierListRefused(t *testing.T) {
	const (
		malformed = reason.IDListTokenMalformed
		typ       = reason.IDListTypeInvalid
		x5chain   = reason.IDListX5ChainMissing
		expiry    = reason.IDListExpMissing
		claim     = reason.StatusTokenClaimMissing
		signature = reason.StatusTokenSignatureInvalid
	)
	raw := func(b ...byte) cbor.RawMessage { return b }
	list := func(name string, v any) func(*token) {
		return func(k *token) { k.list[name] = v }
	}
	set := func(label int, v any) func(*token) {
		return func(k *token) { k.cwt[label] = v }
	}
	tests := []struct {
		name   string
		change func(k *token)
		code   reason.Code
	}{
		{"good", func(*token) {}, ""},
		{"another member in the list", list("more", []any{1}), ""},
		{"another claim", set(1, "https://issuer.example"), ""},
		{"another claim by name", func(k *token) { k.cwt["iss"] = 1 }, ""},
		{"members in the map beside an identifier", list("identifiers", map[cbor.ByteString]any{"a": map[any]any{7: map[any]any{}, "note": nil}}), ""},
		{"members at the limit", func(k *token) { crowd(k.list, maxMembers) }, ""},
		{"claims at the limit", func(k *token) { k.cwt[65530] = k.list; crowd(k.cwt, maxMembers) }, ""},

		{"untagged", func(k *token) { k.tags = nil }, typ},
		{"tag 61 outside", func(k *token) { k.tags = []uint64{61, 18} }, typ},
		{"tag 61 inside", func(k *token) { k.tags = []uint64{18, 61} }, typ},
		{"tag 17", func(k *token) { k.tags = []uint64{17} }, typ},
		{"type absent", func(k *token) { delete(k.protected, 16) }, typ},
		{"type unprotected", func(k *token) { k.unprotected[16] = k.protected[16]; delete(k.protected, 16) }, typ},
		{"type among the claims", func(k *token) { k.cwt[16] = k.protected[16]; delete(k.protected, 16) }, typ},
		{"type a CoAP number", func(k *token) { k.protected[16] = 600 }, typ},
		{"type of a status list", func(k *token) { k.protected[16] = TypeCWT }, typ},
		{"type without application", func(k *token) { k.protected[16] = "identifierlist+cwt" }, typ},
		{"type as the draft's example prints it", func(k *token) { k.protected[16] = "identiferlist+cwt" }, typ},
		{"type in capitals", func(k *token) { k.protected[16] = "application/IdentifierList+cwt" }, typ},
		{"x5chain absent", func(k *token) { delete(k.protected, 33) }, x5chain},
		{"x5chain unprotected", func(k *token) { k.unprotected[33] = k.protected[33]; delete(k.protected, 33) }, x5chain},
		{"x5chain null", func(k *token) { k.protected[33] = nil }, malformed},
		{"x5chain empty", func(k *token) { k.protected[33] = []any{} }, malformed},
		{"crit", func(k *token) { k.protected[2] = []int{16} }, malformed},

		{"alg unprotected", func(k *token) { k.unprotected[1] = -7; delete(k.protected, 1) }, signature},
		{"alg HMAC", func(k *token) { k.protected[1] = 5 }, signature},
		{"alg of another curve", func(k *token) { k.protected[1] = -35 }, signature},
		{"another key", func(k *token) { k.key = newKey() }, signature},
		{"signature in ASN.1", func(k *token) { k.der = true }, signature},
		{"bad claims and another key", func(k *token) { k.payload = []byte{0x80}; k.key = newKey() }, signature},

		{"claims an array", func(k *token) { k.payload = []byte{0x80} }, malformed},
		{"claims empty", func(k *token) { k.payload = []byte{} }, malformed},
		{"claims tagged", func(k *token) { k.payload = append([]byte{0xd8, 61}, k.cwtPayload(t)...) }, malformed},
		{"claims with other keys", func(k *token) { k.payload = []byte{0xa1, 0x41, 1, 0} }, malformed},
		{"claims beyond the limit", func(k *token) { k.cwt[65530] = k.list; crowd(k.cwt, maxMembers+1) }, malformed},
		{"repeated claim", func(k *token) { k.payload = []byte{0xa2, 0x06, 0x00, 0x06, 0x00} }, malformed},
		{"repeated claim, longer label", func(k *token) { k.payload = []byte{0xa2, 0x06, 0x00, 0x18, 0x06, 0x00} }, malformed},
		{"repeated key inside another claim", set(1, raw(0xa2, 1, 0, 1, 0)), malformed},
		{"data after the claims", func(k *token) { k.payload = append(k.cwtPayload(t), 0) }, malformed},
		{"indefinite length", func(k *token) { k.payload = []byte{0xbf, 0xff} }, malformed},

		{"sub absent", func(k *token) { delete(k.cwt, 2) }, claim},
		{"sub empty", set(2, ""), claim},
		{"iat absent", func(k *token) { delete(k.cwt, 6) }, claim},
		{"iat text", set(6, "1700000000"), claim},
		{"ttl zero", set(65534, 0), claim},
		{"ttl null", set(65534, nil), claim},
		{"exp absent", func(k *token) { delete(k.cwt, 4) }, expiry},
		{"exp null", set(4, nil), expiry},
		{"exp text", set(4, "1700086400"), expiry},
		{"exp negative", set(4, -1), expiry},
		{"exp NaN", set(4, math.NaN()), expiry},
		{"exp tagged", set(4, cbor.Tag{Number: 1, Content: 1700086400}), expiry},
		{"exp and sub absent", func(k *token) { delete(k.cwt, 4); delete(k.cwt, 2) }, claim},
		{"a status list, too", set(65533, map[string]any{"bits": 1, "lst": deflate(t, smallList)}), reason.IDListHasStatusList},
		{"a status list of null", set(65533, nil), reason.IDListHasStatusList},
		{"list absent", func(k *token) { k.list = nil }, claim},

		{"list null", func(k *token) { k.raw = []byte{0xf6} }, malformed},
		{"list an array", func(k *token) { k.raw = []byte{0x80} }, malformed},
		{"list tagged", func(k *token) { k.raw = append([]byte{0xd8, 61}, encode(t, k.list)...) }, malformed},
		{"list with a repeated name", func(k *token) {
			k.raw = append([]byte{0xa2}, bytes.Repeat(append([]byte{0x6b}, "identifiers\xa0"...), 2)...)
		}, malformed},
		{"repeated key inside another member", list("more", raw(0xa2, 1, 0, 1, 0)), malformed},
		{"members beyond the limit", func(k *token) { crowd(k.list, maxMembers+1) }, malformed},
		{"aggregation_uri number", list("aggregation_uri", 1), malformed},
		{"aggregation_uri empty", list("aggregation_uri", ""), malformed},
		{"aggregation_uri null", list("aggregation_uri", nil), malformed},
		{"identifiers absent", func(k *token) { delete(k.list, "identifiers") }, malformed},
		{"identifiers null", list("identifiers", nil), malformed},
		{"identifiers an array", list("identifiers", []any{[]byte("a")}), malformed},
		{"identifiers tagged", list("identifiers", raw(0xd8, 61, 0xa0)), malformed},
		{"identifiers of indefinite length", list("identifiers", raw(0xbf, 0x41, 1, 0xa0, 0xff)), malformed},
		{"identifiers cut off", func(k *token) {
			k.payload = k.cwtPayload(t)
			k.payload = k.payload[:len(k.payload)-1]
		}, malformed},
		{"an identifier of text", list("identifiers", map[any]any{"a": map[any]any{}}), malformed},
		{"an identifier of a number", list("identifiers", map[any]any{1: map[any]any{}}), malformed},
		{"an identifier tagged", list("identifiers", raw(0xa1, 0xc2, 0x41, 1, 0xa0)), malformed},
		{"an identifier of indefinite length", list("identifiers", raw(0xa1, 0x5f, 0x41, 1, 0xff, 0xa0)), malformed},
		{"beside an identifier null", list("identifiers", map[cbor.ByteString]any{"a": nil}), malformed},
		{"beside an identifier an array", list("identifiers", map[cbor.ByteString]any{"a": []any{}}), malformed},
		{"beside an identifier a tagged map", list("identifiers", raw(0xa1, 0x41, 1, 0xd8, 61, 0xa0)), malformed},
		{"beside an identifier a repeated key", list("identifiers", raw(0xa1, 0x41, 1, 0xa2, 1, 0, 1, 0)), malformed},
		{"beside an identifier a simple value that is none", func(k *token) {
			k.list["identifiers"] = raw(0xa1, 0x41, 1, 0xa1, 1, 0xf8, 0x20)
			k.payload = bytes.Replace(k.cwtPayload(t), []byte{0xf8, 0x20}, []byte{0xf8, 0x18}, 1)
		}, malformed},
		{"an identifier twice", list("identifiers", raw(0xa2, 0x41, 1, 0xa0, 0x41, 1, 0xa0)), malformed},
		{"an identifier twice, longer length", list("identifiers", raw(0xa2, 0x41, 1, 0xa0, 0x58, 1, 1, 0xa0)), malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newIdentifiers("a", "b")
			tt.change(k)
			tok, err := verifyIdentifiers(k.cwtBytes(t), &testKey.PublicKey)
			wantCode(t, err, tt.code)
			if (tok == nil) != (tt.code != "") {
				t.Errorf("token %v", tok)
			}
		})
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// crowd fills a map up to n members.
func crowd[K comparable](m map[K]any, n int) {
	for _, name := range manyNames(n - len(m)) {
		m[any(name).(K)] = 0
	}
}

func TestIdentifierListBytes(t *testing.T) {
	good := newIdentifiers("a", "b").cwtBytes(t)
	mac := encode(t, cbor.Tag{Number: 17, Content: []any{encode(t, map[int]any{1: 5, 16: TypeIdentifierList}), map[int]any{}, newIdentifiers().cwtPayload(t), make([]byte, 32)}})
	detached := encode(t, cbor.Tag{Number: 18, Content: []any{encode(t, newIdentifiers().protected), map[int]any{}, nil, make([]byte, 64)}})
	for _, tt := range []struct {
		name string
		b    []byte
		code reason.Code
	}{
		{"empty", nil, reason.IDListTypeInvalid},
		{"Mac0", mac, reason.IDListTypeInvalid},
		{"payload detached", detached, reason.IDListTokenMalformed},
		{"byte after", append(bytes.Clone(good), 0), reason.IDListTokenMalformed},
		{"at the size limit", make([]byte, MaxToken), reason.IDListTypeInvalid},
		{"beyond the size limit", make([]byte, MaxToken+1), reason.StatusListTooLarge},
		{"a status list", newToken(t).cwtBytes(t), reason.IDListTypeInvalid},
		{"a JWT", []byte(newToken(t).jwt(t)), reason.IDListTypeInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verifyIdentifiers(tt.b, &testKey.PublicKey)
			wantCode(t, err, tt.code)
		})
	}
	for i := range good {
		if _, err := verifyIdentifiers(good[:i], &testKey.PublicKey); reason.CodeOf(err) == "" {
			t.Fatalf("accepted %d of %d bytes", i, len(good))
		}
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		if tok, err := verifyIdentifiers(b, &testKey.PublicKey); err == nil {
			t.Fatalf("byte %d changed, and accepted: %+v", i, tok)
		}
	}
}

// RSA may sign a status list and not an identifier list.
func TestIdentifierListRSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	k := newIdentifiers("a")
	k.protected[1] = -37
	_, err = verifyIdentifiers(k.cwtBytes(t), &key.PublicKey)
	wantCode(t, err, reason.StatusTokenSignatureInvalid)
}

// URI is readable before, and whatever else is wrong.
func TestIdentifierListUnverified(t *testing.T) {
	k := newIdentifiers()
	delete(k.cwt, 4)
	u, err := ParseIdentifierList(k.cwtBytes(t))
	wantCode(t, err, "")
	if u.URI() != testURI {
		t.Errorf("URI %q", u.URI())
	}
	k.payload = []byte{0x80}
	if u, err = ParseIdentifierList(k.cwtBytes(t)); err != nil || u.URI() != "" {
		t.Errorf("URI %q, %v", u.URI(), err)
	}
}

// manyIdentifiers is a map of n identifiers of four bytes.
func manyIdentifiers(n int) []byte {
	out := binary.BigEndian.AppendUint32([]byte{0xba}, uint32(n))
	for i := range n {
		out = append(binary.BigEndian.AppendUint32(append(out, 0x44), uint32(i)), 0xa0)
	}
	return out
}

func manyToken(t testing.TB, n int) []byte {
	k := newIdentifiers()
	k.raw = join([]byte{0xa1, 0x6b}, []byte("identifiers"), manyIdentifiers(n))
	k.payload = join([]byte{0xa4, 0x02}, encode(t, testURI), []byte{0x06}, encode(t, 1700000000), []byte{0x04}, encode(t, 1700086400), []byte{0x19, 0xff, 0xfa}, k.raw)
	return k.cwtBytes(t)
}

// As many as there may be, which is more than any other map may hold, and one more.
func TestManyIdentifiers(t *testing.T) {
	tok, err := verifyIdentifiers(manyToken(t, MaxIdentifiers), &testKey.PublicKey)
	wantCode(t, err, "")
	if tok.Len() != MaxIdentifiers || tok.Size() != 16*MaxIdentifiers {
		t.Errorf("%d identifiers in %d bytes", tok.Len(), tok.Size())
	}
	for id, want := range map[string]bool{"\x00\x00\x00\x00": true, "\x00\x0f\xff\xff": true, "\x00\x10\x00\x00": false} {
		if tok.Has([]byte(id)) != want {
			t.Errorf("%x: %v", id, !want)
		}
	}
	_, err = verifyIdentifiers(manyToken(t, MaxIdentifiers+1), &testKey.PublicKey)
	wantCode(t, err, reason.StatusListTooLarge)
}

// Whatever is listed is found, and nothing else.
func TestIdentifiersRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 60, func(b []byte) string { return string(b) }).Draw(r, "ids")
		k := newIdentifiers()
		set := k.list["identifiers"].(map[cbor.ByteString]any)
		for _, id := range ids {
			set[cbor.ByteString(id)] = map[any]any{}
		}
		tok, err := verifyIdentifiers(k.cwtBytes(t), &testKey.PublicKey)
		if err != nil || tok.Len() != uint64(len(ids)) {
			r.Fatalf("%v", err)
		}
		for _, id := range ids {
			if !tok.Has(id) {
				r.Fatalf("%x is not found", id)
			}
		}
		other := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(r, "other")
		if _, listed := set[cbor.ByteString(other)]; tok.Has(other) != listed {
			r.Fatalf("%x is found", other)
		}
	})
}

func BenchmarkVerifyIdentifiers(b *testing.B) {
	cwt := manyToken(b, 10_000)
	b.SetBytes(int64(len(cwt)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verifyIdentifiers(cwt, &testKey.PublicKey); err != nil {
			b.Fatal(err)
		}
	}
}
