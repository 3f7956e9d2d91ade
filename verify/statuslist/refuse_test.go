package statuslist

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// A good token of either form, field by field.
func TestTokenFields(t *testing.T) {
	check := func(t *testing.T, tok *Token, err error, form Format) {
		t.Helper()
		wantCode(t, err, "")
		if tok.URI != testURI || tok.Format != form || tok.Bits != 1 || tok.Len() != 16 || tok.TTL != 5*time.Minute ||
			!tok.IssuedAt.Equal(time.Unix(1700000000, 0)) || !tok.Expires.Equal(time.Unix(1700086400, 0)) ||
			tok.AggregationURI != "https://status.example/all" {
			t.Errorf("unexpected token: %+v", tok)
		}
		if !tok.ExpiresAt().Equal(tok.Expires) {
			t.Error("ExpiresAt is not exp")
		}
		if tok.IssuedAt.Location() != time.UTC {
			t.Error("dates depend on the machine's zone")
		}
	}
	k := newToken(t)
	k.list["aggregation_uri"] = "https://status.example/all"
	tok, err := verifyJWT(k.jwt(t), &testKey.PublicKey)
	check(t, tok, err, JWT)
	again, err := verifyJWT(k.jwt(t), &testKey.PublicKey)
	wantCode(t, err, "")
	if again.Payload != tok.Payload {
		t.Error("two signatures over one payload have different payload digests")
	}
	tok, err = verifyCWT(k.cwtBytes(t), &testKey.PublicKey)
	check(t, tok, err, CWT)
	if again.Payload == tok.Payload {
		t.Error("different payloads have one digest")
	}
}

func TestOptionalClaims(t *testing.T) {
	k := newToken(t)
	for _, name := range []string{"exp", "ttl"} {
		delete(k.claims, name)
	}
	delete(k.cwt, 4)
	delete(k.cwt, 65534)
	for form, verify := range map[string]func() (*Token, error){
		"jwt": func() (*Token, error) { return verifyJWT(k.jwt(t), &testKey.PublicKey) },
		"cwt": func() (*Token, error) { return verifyCWT(k.cwtBytes(t), &testKey.PublicKey) },
	} {
		tok, err := verify()
		wantCode(t, err, "")
		if !tok.Expires.IsZero() || tok.TTL != 0 || tok.AggregationURI != "" {
			t.Errorf("%s: optional claims out of nowhere: %+v", form, tok)
		}
		if want := time.Unix(1700000000, 0).Add(24 * time.Hour); !tok.ExpiresAt().Equal(want) {
			t.Errorf("%s: ExpiresAt %v, want %v", form, tok.ExpiresAt(), want)
		}
	}
}

// Numbers of seconds, as both forms may write them.
func TestSeconds(t *testing.T) {
	k := newToken(t)
	k.claims["iat"], k.claims["exp"], k.claims["ttl"] = 1700000000.75, json.RawMessage("1.7000864e9"), 0.25
	tok, err := verifyJWT(k.jwt(t), &testKey.PublicKey)
	wantCode(t, err, "")
	if tok.IssuedAt.Unix() != 1700000000 || tok.Expires.Unix() != 1700086400 || tok.TTL != time.Second {
		t.Errorf("%v %v %v", tok.IssuedAt, tok.Expires, tok.TTL)
	}
	k.cwt[6], k.cwt[4], k.cwt[65534] = 1700000000.75, 1700086400.5, uint64(maxNumericDate)
	tok, err = verifyCWT(k.cwtBytes(t), &testKey.PublicKey)
	wantCode(t, err, "")
	if tok.IssuedAt.Unix() != 1700000000 || tok.Expires.Unix() != 1700086400 || tok.TTL <= 200*365*24*time.Hour {
		t.Errorf("%v %v %v", tok.IssuedAt, tok.Expires, tok.TTL)
	}
}

// absent removes a member.
type absent struct{}

// Every way in which a claim can be unusable, in both forms.
func TestClaimsRefused(t *testing.T) {
	const (
		miss = reason.StatusTokenClaimMissing
		bits = reason.StatusBitsInvalid
		lst  = reason.StatusListDecompressFailed
	)
	long := strings.Repeat("u", MaxURI+1)
	null := cbor.RawMessage{0xf6}
	tests := []struct {
		name     string
		claim    string // of a JWT; "bits", "lst" and "aggregation_uri" are inside status_list
		label    int    // of a CWT; 0: inside the list, by the name
		jwt, cwt any    // nil: not a case of that form
		code     reason.Code
	}{
		{"sub absent", "sub", 2, absent{}, absent{}, miss},
		{"sub empty", "sub", 2, "", "", miss},
		{"sub too long", "sub", 2, long, long, miss},
		{"sub number", "sub", 2, 7, 7, miss},
		{"sub null", "sub", 2, json.RawMessage("null"), null, miss},
		{"sub bytes", "sub", 2, nil, []byte(testURI), miss},
		{"sub tagged", "sub", 2, nil, cbor.Tag{Number: 32, Content: testURI}, miss},
		{"iat absent", "iat", 6, absent{}, absent{}, miss},
		{"iat string", "iat", 6, "1700000000", "1700000000", miss},
		{"iat null", "iat", 6, json.RawMessage("null"), null, miss},
		{"iat true", "iat", 6, true, true, miss},
		{"iat negative", "iat", 6, -1, -1, miss},
		{"iat after the year 9999", "iat", 6, int64(maxNumericDate + 1), int64(maxNumericDate + 1), miss},
		{"iat beyond int64", "iat", 6, json.RawMessage("1e300"), uint64(math.MaxUint64), miss},
		{"iat NaN", "iat", 6, nil, math.NaN(), miss},
		{"iat infinite", "iat", 6, nil, math.Inf(1), miss},
		{"iat tagged", "iat", 6, nil, cbor.Tag{Number: 1, Content: 1700000000}, miss},
		{"exp string", "exp", 4, "1700086400", "1700086400", miss},
		{"exp null", "exp", 4, json.RawMessage("null"), null, miss},
		{"exp negative", "exp", 4, -1, -1, miss},
		{"exp object", "exp", 4, map[string]any{}, map[string]any{}, miss},
		{"ttl zero", "ttl", 65534, 0, 0, miss},
		{"ttl negative", "ttl", 65534, -300, -300, miss},
		{"ttl string", "ttl", 65534, "300", "300", miss},
		{"ttl null", "ttl", 65534, json.RawMessage("null"), null, miss},
		{"ttl NaN", "ttl", 65534, nil, math.NaN(), miss},
		{"ttl absurd", "ttl", 65534, json.RawMessage("1e300"), math.Inf(1), miss},
		{"list absent", "status_list", 65533, absent{}, absent{}, miss},
		{"list an array", "status_list", 65533, []any{}, []any{}, miss},
		{"list null", "status_list", 65533, json.RawMessage("null"), null, miss},
		{"list with number keys", "status_list", 65533, nil, map[int]any{1: 1}, miss},
		{"bits absent", "bits", 0, absent{}, absent{}, bits},
		{"bits 0", "bits", 0, 0, 0, bits},
		{"bits 3", "bits", 0, 3, 3, bits},
		{"bits 16", "bits", 0, 16, 16, bits},
		{"bits -1", "bits", 0, -1, -1, bits},
		{"bits 1.0", "bits", 0, json.RawMessage("1.0"), 1.0, bits},
		{"bits string", "bits", 0, "1", "1", bits},
		{"bits null", "bits", 0, json.RawMessage("null"), null, bits},
		{"bits huge", "bits", 0, json.RawMessage("18446744073709551617"), uint64(math.MaxUint64), bits},
		{"lst absent", "lst", 0, absent{}, absent{}, miss},
		{"lst number", "lst", 0, 1, 1, miss},
		{"lst null", "lst", 0, json.RawMessage("null"), null, miss},
		{"lst text in CBOR", "lst", 0, nil, "eNrbuRgAAhcBXQ", miss},
		{"lst empty", "lst", 0, "", []byte{}, lst},
		{"lst not base64url", "lst", 0, "eNrbuRgA+hcBXQ", nil, lst},
		{"lst padded", "lst", 0, "eNrbuRgAAhcBXQ==", nil, lst},
		{"lst with a line break", "lst", 0, "eNrbuRgA\nAhcBXQ", nil, lst},
		{"lst with loose trailing bits", "lst", 0, "eNrbuRgAAhcBXR", nil, lst},
		{"lst of raw DEFLATE", "lst", 0, deflate(t, smallList)[2:], deflate(t, smallList)[2:], lst},
		{"aggregation_uri number", "aggregation_uri", 0, 1, 1, miss},
		{"aggregation_uri empty", "aggregation_uri", 0, "", "", miss},
		{"aggregation_uri too long", "aggregation_uri", 0, long, long, miss},
	}
	put := func(k *token, name string, label int, v any, form Format) {
		_, gone := v.(absent)
		switch {
		case label == 0 && gone:
			delete(k.list, name)
		case label == 0:
			k.list[name] = v
		case form == JWT && gone:
			delete(k.claims, name)
		case form == JWT:
			k.claims[name] = v
		case gone:
			delete(k.cwt, label)
		default:
			k.cwt[label] = v
		}
		if label == 65533 {
			k.list = nil
		}
	}
	for _, tt := range tests {
		if tt.jwt != nil {
			t.Run(tt.name+"/jwt", func(t *testing.T) {
				k := newToken(t)
				put(k, tt.claim, tt.label, tt.jwt, JWT)
				_, err := verifyJWT(k.jwt(t), &testKey.PublicKey)
				wantCode(t, err, tt.code)
			})
		}
		if tt.cwt != nil {
			t.Run(tt.name+"/cwt", func(t *testing.T) {
				k := newToken(t)
				put(k, tt.claim, tt.label, tt.cwt, CWT)
				_, err := verifyCWT(k.cwtBytes(t), &testKey.PublicKey)
				wantCode(t, err, tt.code)
			})
		}
	}
}

func TestJWTRefused(t *testing.T) {
	const (
		malformed = reason.StatusTokenMalformed
		typ       = reason.StatusTokenTypeInvalid
		signature = reason.StatusTokenSignatureInvalid
	)
	tests := []struct {
		name   string
		change func(k *token)
		code   reason.Code
	}{
		{"good", func(*token) {}, ""},
		{"typ absent", func(k *token) { delete(k.header, "typ") }, typ},
		{"typ JWT", func(k *token) { k.header["typ"] = "JWT" }, typ},
		{"typ as media type", func(k *token) { k.header["typ"] = MediaTypeJWT }, typ},
		{"typ in capitals", func(k *token) { k.header["typ"] = "StatusList+JWT" }, typ},
		{"crit", func(k *token) { k.header["crit"] = []string{"x"} }, malformed},
		{"alg none", func(k *token) { k.header["alg"] = "none" }, signature},
		{"alg HS256", func(k *token) { k.header["alg"] = "HS256" }, signature},
		{"alg of another curve", func(k *token) { k.header["alg"] = "ES384" }, signature},
		{"alg for trust lists only", func(k *token) { k.header["alg"] = "RS256" }, signature},
		{"another key", func(k *token) { k.key = newKey() }, signature},
		{"signature in ASN.1", func(k *token) { k.der = true }, signature},
		{"claims an array", func(k *token) { k.payload = []byte(`[]`) }, malformed},
		{"claims not JSON", func(k *token) { k.payload = []byte(`{"sub":`) }, malformed},
		{"repeated claim", func(k *token) { k.payload = []byte(`{"sub":"a","sub":"a"}`) }, malformed},
		{"data after the claims", func(k *token) { k.payload = append(k.jwtPayload(t), "{}"...) }, malformed},
		{"bad claims and another key", func(k *token) { k.payload = []byte(`[]`); k.key = newKey() }, signature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newToken(t)
			tt.change(k)
			_, err := verifyJWT(k.jwt(t), &testKey.PublicKey)
			wantCode(t, err, tt.code)
		})
	}
	good := newToken(t).jwt(t)
	for name, s := range map[string]string{"empty": "", "two parts": good[:strings.LastIndex(good, ".")], "space": good + " ", "no signature": good[:strings.LastIndex(good, ".")+1]} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseJWT(s)
			wantCode(t, err, malformed)
		})
	}
	pub, _, _ := ed25519.GenerateKey(rand.Reader)
	_, err := verifyJWT(good, pub)
	wantCode(t, err, signature)
	_, err = verifyJWT(good, nil)
	wantCode(t, err, signature)
}

func TestCWTRefused(t *testing.T) {
	const (
		malformed = reason.StatusTokenMalformed
		typ       = reason.StatusTokenTypeInvalid
		signature = reason.StatusTokenSignatureInvalid
	)
	tests := []struct {
		name   string
		change func(k *token)
		code   reason.Code
	}{
		{"good", func(*token) {}, ""},
		{"untagged", func(k *token) { k.tags = nil }, typ},
		{"tag 61 outside", func(k *token) { k.tags = []uint64{61, 18} }, typ},
		{"tag 61 inside", func(k *token) { k.tags = []uint64{18, 61} }, typ},
		{"tag 61 alone", func(k *token) { k.tags = []uint64{61} }, typ},
		{"tag 18 twice", func(k *token) { k.tags = []uint64{18, 18} }, typ},
		{"tag 17", func(k *token) { k.tags = []uint64{17} }, typ},
		{"self-described", func(k *token) { k.tags = []uint64{55799, 18} }, typ},
		{"type absent", func(k *token) { delete(k.protected, 16) }, typ},
		{"type unprotected", func(k *token) { k.unprotected[16] = k.protected[16]; delete(k.protected, 16) }, typ},
		{"type a CoAP number", func(k *token) { k.protected[16] = 600 }, typ},
		{"type of an identifier list", func(k *token) { k.protected[16] = "application/identifierlist+cwt" }, typ},
		{"type of the JWT", func(k *token) { k.protected[16] = TypeJWT }, typ},
		{"crit", func(k *token) { k.protected[2] = []int{16} }, malformed},
		{"alg unprotected", func(k *token) { k.unprotected[1] = -7; delete(k.protected, 1) }, signature},
		{"alg HMAC", func(k *token) { k.protected[1] = 5 }, signature},
		{"alg of another curve", func(k *token) { k.protected[1] = -35 }, signature},
		{"another key", func(k *token) { k.key = newKey() }, signature},
		{"signature in ASN.1", func(k *token) { k.der = true }, signature},
		{"claims an array", func(k *token) { k.payload = []byte{0x80} }, malformed},
		{"claims empty", func(k *token) { k.payload = []byte{} }, malformed},
		{"claims tagged", func(k *token) { k.payload = append([]byte{0xd8, 61}, k.cwtPayload(t)...) }, malformed},
		{"repeated claim", func(k *token) { k.payload = []byte{0xa2, 0x06, 0x00, 0x06, 0x00} }, malformed},
		{"repeated claim, longer label", func(k *token) { k.payload = []byte{0xa2, 0x06, 0x00, 0x18, 0x06, 0x00} }, malformed},
		{"data after the claims", func(k *token) { k.payload = append(k.cwtPayload(t), 0) }, malformed},
		{"indefinite length", func(k *token) { k.payload = []byte{0xbf, 0xff} }, malformed},
		{"bad claims and another key", func(k *token) { k.payload = []byte{0x80}; k.key = newKey() }, signature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newToken(t)
			tt.change(k)
			_, err := verifyCWT(k.cwtBytes(t), &testKey.PublicKey)
			wantCode(t, err, tt.code)
		})
	}
	good := newToken(t).cwtBytes(t)
	mac := encode(t, cbor.Tag{Number: 17, Content: []any{encode(t, map[int]any{1: 5, 16: TypeCWT}), map[int]any{}, newToken(t).cwtPayload(t), make([]byte, 32)}})
	detached := encode(t, cbor.Tag{Number: 18, Content: []any{encode(t, newToken(t).protected), map[int]any{}, nil, make([]byte, 64)}})
	for _, tt := range []struct {
		name string
		b    []byte
		code reason.Code
	}{
		{"empty", nil, typ},
		{"Mac0", mac, typ},
		{"Mac0 called a signature", append([]byte{0xd2}, mac[1:]...), signature},
		{"payload detached", detached, malformed},
		{"byte after", append(bytes.Clone(good), 0), malformed},
		{"three parts", []byte{0xd2, 0x83, 0x40, 0xa0, 0x40}, malformed},
		{"a tag alone", []byte{0xd2}, typ},
		{"tag 18 in a longer form", append([]byte{0xd8, 18}, good[1:]...), typ},
		{"a JWT", []byte(newToken(t).jwt(t)), typ},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verifyCWT(tt.b, &testKey.PublicKey)
			wantCode(t, err, tt.code)
		})
	}
	for i := range good {
		if _, err := verifyCWT(good[:i], &testKey.PublicKey); reason.CodeOf(err) == "" {
			t.Fatalf("accepted %d of %d bytes", i, len(good))
		}
	}
}

// Every bit of the signed bytes and of the signature counts.
func TestFlippedBits(t *testing.T) {
	good := newToken(t).cwtBytes(t)
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		if tok, err := verifyCWT(b, &testKey.PublicKey); err == nil {
			t.Fatalf("byte %d changed, and accepted: %+v", i, tok)
		}
	}
	compact := []byte(newToken(t).jwt(t))
	for i := range compact {
		b := bytes.Clone(compact)
		b[i] ^= 1 << (i % 7)
		if tok, err := verifyJWT(string(b), &testKey.PublicKey); err == nil {
			t.Fatalf("byte %d changed, and accepted: %+v", i, tok)
		}
	}
}

func TestTokenTooLarge(t *testing.T) {
	_, err := ParseJWT(strings.Repeat("a", MaxToken+1))
	wantCode(t, err, reason.StatusListTooLarge)
	_, err = ParseJWT(strings.Repeat("a", MaxToken))
	wantCode(t, err, reason.StatusTokenMalformed)
	_, err = ParseCWT(make([]byte, MaxToken+1))
	wantCode(t, err, reason.StatusListTooLarge)
	_, err = ParseCWT(make([]byte, MaxToken))
	wantCode(t, err, reason.StatusTokenTypeInvalid)
}

// URI is readable before, and whatever else is wrong.
func TestUnverified(t *testing.T) {
	k := newToken(t)
	k.list["bits"] = 3
	k.header["x5c"] = []string{"AQI=", "Aw=="}
	k.protected[33] = [][]byte{{1, 2}, {3}}
	j, err := ParseJWT(k.jwt(t))
	wantCode(t, err, "")
	c, err := ParseCWT(k.cwtBytes(t))
	wantCode(t, err, "")
	for want, u := range map[Format]*Unverified{JWT: j, CWT: c} {
		chain, err := u.Chain()
		if err != nil || len(chain) != 2 || !bytes.Equal(chain[0], []byte{1, 2}) || !bytes.Equal(chain[1], []byte{3}) {
			t.Errorf("%s: chain %v, %v", want, chain, err)
		}
		if u.URI() != testURI || u.Format() != want {
			t.Errorf("%s: URI %q, form %q", want, u.URI(), u.Format())
		}
	}
	// Only the protected x5chain counts.
	k = newToken(t)
	k.unprotected[33] = []byte{1, 2}
	if c, err = ParseCWT(k.cwtBytes(t)); err != nil {
		t.Fatal(err)
	}
	if chain, err := c.Chain(); chain != nil || err != nil {
		t.Errorf("unprotected chain used: %v, %v", chain, err)
	}
	if j, err = ParseJWT(k.jwt(t)); err != nil {
		t.Fatal(err)
	}
	if chain, err := j.Chain(); chain != nil || err != nil {
		t.Errorf("chain out of nowhere: %v, %v", chain, err)
	}
	k.header["x5c"] = []string{"A_I"}
	if j, err = ParseJWT(k.jwt(t)); err != nil {
		t.Fatal(err)
	}
	_, err = j.Chain()
	wantCode(t, err, reason.StatusTokenMalformed)
	k.payload = []byte(`[]`)
	if j, err = ParseJWT(k.jwt(t)); err != nil || j.URI() != "" {
		t.Errorf("URI %q, %v", j.URI(), err)
	}
}
