package cose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

// unhex reads hexadecimal with spaces; <…> is a byte string of what it holds.
func unhex(s string) []byte {
	s = strings.ReplaceAll(s, " ", "")
	if before, rest, ok := strings.Cut(s, "<"); ok {
		inside, after, _ := strings.Cut(rest, ">")
		return append(append(unhex(before), bstr(unhex(inside))...), unhex(after)...)
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func bstr(b []byte) []byte { return append(strictcbor.AppendHead(nil, majorBytes, len(b)), b...) }

// testKey signs what the tests present; it never leaves them.
var testKey = func() *ecdsa.PrivateKey {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		panic(err)
	}
	return k
}()

func rawSign(key *ecdsa.PrivateKey, msg []byte) []byte {
	digest := sha256.Sum256(msg)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

// made is a COSE_Sign1 from its parts as encoded; the protected header is the
// content of its byte string, and signedAs what it is signed as.
func made(protected, signedAs, unprotected, payload, external []byte) []byte {
	sig := rawSign(testKey, structure("Signature1", signedAs, external, payload))
	out := append([]byte{0x84}, bstr(protected)...)
	out = append(append(out, unprotected...), bstr(payload)...)
	return append(out, bstr(sig)...)
}

var (
	es256   = unhex("a10126")
	none    = unhex("a0")
	content = []byte("This is the content.")
)

func TestSign1(t *testing.T) {
	b := made(es256, es256, none, content, nil)
	tagged := append([]byte{0xd2}, b...)
	for _, tt := range []struct {
		name string
		b    []byte
		rule TagRule
		want error
	}{
		{"untagged, any", b, TagAny, nil},
		{"tagged, any", tagged, TagAny, nil},
		{"tagged, required", tagged, TagRequired, nil},
		{"untagged, forbidden", b, TagForbidden, nil},
		{"untagged, required", b, TagRequired, ErrTag},
		{"tagged, forbidden", tagged, TagForbidden, ErrTag},
		{"tag of a MAC", append([]byte{0xd1}, b...), TagAny, ErrTag},
		{"tag twice", append([]byte{0xd2, 0xd2}, b...), TagAny, ErrMalformed},
		{"another tag inside", append([]byte{0xd2, 0xd8, 0x3d}, b...), TagRequired, ErrMalformed},
		{"tag of a CWT outside", append([]byte{0xd8, 0x3d, 0xd2}, b...), TagAny, ErrTag},
		{"trailing byte", append(bytes.Clone(b), 0), TagAny, ErrMalformed},
		{"cut", b[:len(b)-1], TagAny, ErrMalformed},
		{"nothing", nil, TagAny, ErrMalformed},
	} {
		s, err := ParseSign1(tt.b, tt.rule)
		if err != tt.want {
			t.Errorf("%s: %v instead of %v", tt.name, err, tt.want)
		}
		if err == nil && s.Verify(&testKey.PublicKey, sigalg.Credentials, nil, nil) != nil {
			t.Errorf("%s: does not verify", tt.name)
		}
	}
}

func TestSign1Verify(t *testing.T) {
	s, err := ParseSign1(made(es256, es256, none, content, []byte("ext")), TagAny)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	for _, tt := range []struct {
		name     string
		key      crypto.PublicKey
		allowed  sigalg.Set
		external string
		want     error
	}{
		{"good", &testKey.PublicKey, sigalg.Credentials, "ext", nil},
		{"detached given, not needed", &testKey.PublicKey, sigalg.Set{sigalg.ES256}, "ext", nil},
		{"other external data", &testKey.PublicKey, sigalg.Credentials, "", ErrSignature},
		{"other key", &other.PublicKey, sigalg.Credentials, "ext", ErrSignature},
		{"not allowed", &testKey.PublicKey, sigalg.Set{sigalg.ES384}, "ext", ErrAlg},
		{"nothing allowed", &testKey.PublicKey, nil, "ext", ErrAlg},
		{"other curve", &p384.PublicKey, sigalg.Credentials, "ext", ErrAlg},
		{"Ed25519 key", ed, sigalg.Credentials, "ext", ErrAlg},
		{"RSA key", &rsaKey.PublicKey, sigalg.Credentials, "ext", ErrAlg},
		{"private key", testKey, sigalg.Credentials, "ext", ErrAlg},
		{"key by value", testKey.PublicKey, sigalg.Credentials, "ext", ErrAlg},
		{"nil pointer", (*ecdsa.PublicKey)(nil), sigalg.Credentials, "ext", ErrAlg},
		{"no key", nil, sigalg.Credentials, "ext", ErrAlg},
	} {
		if err := s.Verify(tt.key, tt.allowed, []byte("detached"), []byte(tt.external)); err != tt.want {
			t.Errorf("%s: %v instead of %v", tt.name, err, tt.want)
		}
	}
}

func TestDetached(t *testing.T) {
	b := append([]byte{0x84}, bstr(es256)...)
	b = append(append(b, 0xa0, 0xf6), bstr(rawSign(testKey, structure("Signature1", es256, nil, content)))...)
	s, err := ParseSign1(b, TagForbidden)
	if err != nil || !s.Detached || s.Payload != nil {
		t.Fatalf("%+v, %v", s, err)
	}
	if err := s.Verify(&testKey.PublicKey, sigalg.Credentials, content, nil); err != nil {
		t.Error(err)
	}
	if err := s.Verify(&testKey.PublicKey, sigalg.Credentials, nil, nil); err != ErrSignature {
		t.Error(err)
	}
	empty, err := ParseSign1(made(es256, es256, none, nil, nil), TagAny)
	if err != nil || empty.Detached {
		t.Fatalf("an empty payload is not a detached one: %+v, %v", empty, err)
	}
	if err := empty.Verify(&testKey.PublicKey, sigalg.Credentials, content, nil); err != nil {
		t.Errorf("took the detached payload: %v", err)
	}
}

// The algorithm numbers are bound to key type and curve.
func TestSign1Algorithms(t *testing.T) {
	for alg, want := range map[string]error{
		"26":                  nil,    // -7 ES256
		"28":                  nil,    // -9 ES256 on P-256
		"1818":                ErrAlg, // 24
		"3822":                ErrAlg, // -35 ES384
		"27":                  ErrAlg, // -8 EdDSA
		"3824":                ErrAlg, // -37 PS256
		"390100":              ErrAlg, // -257 RS256
		"382e":                ErrAlg, // -47 ES256K
		"05":                  ErrAlg, // HMAC 256/256
		"00":                  ErrAlg,
		"654553 3235 36":      ErrAlg, // "ES256"
		"60":                  ErrAlg,
		"fb c01c000000000000": ErrMalformed, // -7.0
		"f6":                  ErrMalformed,
		"8126":                ErrMalformed,
		"c126":                ErrMalformed, // 1(-7)
		"c24107":              ErrMalformed, // bignum
		"c34106":              ErrMalformed, // negative bignum, -7
		"1bffffffffffffffff":  ErrMalformed,
		"3bffffffffffffffff":  ErrMalformed,
	} {
		protected := append(unhex("a101"), unhex(alg)...)
		s, err := ParseSign1(made(protected, protected, none, content, nil), TagAny)
		if err == nil {
			err = s.Verify(&testKey.PublicKey, sigalg.Credentials, nil, nil)
		}
		if err != want {
			t.Errorf("%s: %v instead of %v", alg, err, want)
		}
	}
	for n := int64(-300); n < 300; n++ {
		if name, ok := AlgName(n); ok && !sigalg.Credentials.Has(name) {
			t.Errorf("%d is %s", n, name)
		}
	}
}

// RFC 9052 section 3: the algorithm must be authenticated.
func TestAlgorithmMustBeProtected(t *testing.T) {
	for _, protected := range []string{"", "a0", "a10300"} {
		s, err := ParseSign1(made(unhex(protected), unhex(protected), es256, content, nil), TagAny)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(&testKey.PublicKey, sigalg.Credentials, nil, nil); err != ErrAlg {
			t.Errorf("%s: %v", protected, err)
		}
	}
}

// RFC 9052 sections 3 and 4.4: an empty map is signed as the empty string, however
// it was sent. No such message verifies here, having no protected algorithm; the
// bytes to be signed are what is checked.
func TestEmptyProtected(t *testing.T) {
	for _, protected := range []string{"", "a0", "b800"} {
		m, err := parseMessage(made(unhex(protected), nil, es256, content, nil), TagSign1, TagAny)
		if err != nil {
			t.Fatal(err)
		}
		signed := structure("Signature1", m.rawProtected, nil, m.payload)
		if err := sigalg.Verify(sigalg.ES256, &testKey.PublicKey, signed, m.proof); err != nil {
			t.Errorf("h'%s': %v", protected, err)
		}
	}
	// Anything that is not empty is signed as received, odd forms included.
	odd := unhex("b801180126")
	s, err := ParseSign1(made(odd, odd, none, content, nil), TagAny)
	if err != nil || s.Verify(&testKey.PublicKey, sigalg.Credentials, nil, nil) != nil {
		t.Errorf("longer form of a header: %v", err)
	}
}

func TestStructureOfSign1(t *testing.T) {
	sig := "4100"
	for name, in := range map[string]string{
		"three parts":             "83 <a10126> a0 4100",
		"five parts":              "85 <a10126> a0 4100 4100 4100",
		"map":                     "a2 43a10126 a0 4100 4100",
		"null":                    "f6",
		"byte string":             "4484404040",
		"indefinite array":        "9f <a10126> a0 4100 4100 ff",
		"protected is a map":      "84 a10126 a0 4100" + sig,
		"protected is null":       "84 f6 a0 4100" + sig,
		"protected is text":       "84 63a10126 a0 4100" + sig,
		"protected is integers":   "84 83 18a1 01 1826 a0 4100" + sig,
		"protected is tagged":     "84 d818 43a10126 a0 4100" + sig,
		"protected indefinite":    "84 5f43a10126ff a0 4100" + sig,
		"protected is no map":     "84 <820126> a0 4100" + sig,
		"protected, more follows": "84 <a1012600> a0 4100" + sig,
		"protected is cut":        "84 <a101> a0 4100" + sig,
		"protected holds null":    "84 <f6> a0 4100" + sig,
		"protected tagged map":    "84 <c1a10126> a0 4100" + sig,
		"protected map in bytes":  "84 <43a10126> a0 4100" + sig,
		"unprotected is null":     "84 <a10126> f6 4100" + sig,
		"unprotected is bytes":    "84 <a10126> 40 4100" + sig,
		"unprotected is empty":    "84 <a10126> 80 4100" + sig,
		"payload is text":         "84 <a10126> a0 6100" + sig,
		"payload is undefined":    "84 <a10126> a0 f7" + sig,
		"payload is a map":        "84 <a10126> a0 a0" + sig,
		"payload is integers":     "84 43a10126 a0 8101" + sig,
		"payload is tagged":       "84 <a10126> a0 d8184100" + sig,
		"signature is null":       "84 <a10126> a0 4100 f6",
		"signature is integers":   "84 43a10126 a0 4100 8101",
		"duplicate label":         "84 <a201260126> a0 4100" + sig,
		"duplicate, longer form":  "84 <a20126180126> a0 4100" + sig,
		"label in both":           "84 <a10126> a10126 4100" + sig,
		"other label in both":     "84 <a20126044100> a1044100 4100" + sig,
		"text label in both":      "84 <a20126616100> a1616100 4100" + sig,
		"label is bytes":          "84 <a20126410000> a0 4100" + sig,
		"label is true":           "84 <a20126f500> a0 4100" + sig,
		"label is a float":        "84 <a20126f9000000> a0 4100" + sig,
		"label is null":           "84 <a10126> a1f600 4100" + sig,
		"label is tagged":         "84 <a10126> a1d8630500 4100" + sig,
		"label is a time":         "84 <a10126> a1c10500 4100" + sig,
		"label beyond 63 bits":    "84 <a10126> a11bffffffffffffffff00 4100" + sig,
		"kid is text":             "84 <a10126> a1046100 4100" + sig,
		"kid is null":             "84 <a10126> a104f6 4100" + sig,
		"kid is integers":         "84 43a10126 a1048101 4100" + sig,
		"type is bytes":           "84 <a10126> a1104100 4100" + sig,
		"type is null":            "84 <a10126> a110f6 4100" + sig,
		"x5chain is empty":        "84 <a10126> a1182180 4100" + sig,
		"x5chain is null":         "84 <a10126> a11821f6 4100" + sig,
		"x5chain is text":         "84 <a10126> a118216100 4100" + sig,
		"x5chain of text":         "84 <a10126> a11821816100 4100" + sig,
		"x5chain of integers":     "84 43a10126 a1182182 0102 4100" + sig,
		"x5chain is tagged":       "84 <a10126> a11821c1814100 4100" + sig,
		"x5chain of nine":         "84 <a10126> a1182189" + strings.Repeat("4100", 9) + "4100" + sig,
		"x5t of one":              "84 <a10126> a11822812f 4100" + sig,
		"x5t of three":            "84 <a10126> a11822832f410000 4100" + sig,
		"x5t of text":             "84 <a10126> a11822822f6100 4100" + sig,
		"x5t by array":            "84 <a10126> a1182282804100 4100" + sig,
		"x5t is bytes":            "84 <a10126> a118224100 4100" + sig,
		"x5t is tagged":           "84 <a10126> a11822c1822f4100 4100" + sig,
		"depth":                   "84 <a10126> a100" + strings.Repeat("81", 30) + "00 4100" + sig,
	} {
		if _, err := ParseSign1(unhex(in), TagAny); err != ErrMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, in := range map[string]string{
		"crit":                "84 <a30126 028118c8 18c800> a0 4100 4100",
		"crit of the known":   "84 <a20126028101> a0 4100 4100",
		"crit empty":          "84 <a201260280> a0 4100 4100",
		"crit is no array":    "84 <a2012602f5> a0 4100 4100",
		"crit in unprotected": "84 <a10126> a1028101 4100 4100",
	} {
		if _, err := ParseSign1(unhex(in), TagAny); err != ErrCritical {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseSign1(unhex("84 <a10126> a0 4100"+sig), TagAny); err != nil {
		t.Errorf("what the others were made from: %v", err)
	}
}

func TestHeader(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	protected := unhex("a6 0126 044101 10 6a6d736f2b6362 6f720000 1822 822f 5820" + sum + " 1821 82 4130 4131 19 0100 80")
	h, err := parseHeader(protected, true)
	if err != nil {
		t.Fatal(err)
	}
	if h.Alg != -7 || string(h.Kid) != "\x01" || len(h.Type) != 10 || !bytes.Equal(h.X5T, unhex(sum)) {
		t.Errorf("%+v", h)
	}
	if len(h.X5Chain) != 2 || string(h.X5Chain[0]) != "0" || string(h.X5Chain[1]) != "1" {
		t.Errorf("chain %q", h.X5Chain)
	}
	for _, l := range []int64{1, 4, 16, 33, 34, 256} {
		if !h.Has(l) {
			t.Errorf("label %d is missing", l)
		}
	}
	if h.Has(2) || h.Has(0) || (Header{}).Has(1) {
		t.Error("a label that is not there")
	}
	for name, in := range map[string]string{"one certificate": "a118214130", "array of one": "a11821814130"} {
		if h, err := parseHeader(unhex(in), false); err != nil || len(h.X5Chain) != 1 || string(h.X5Chain[0]) != "0" {
			t.Errorf("%s: %q, %v", name, h.X5Chain, err)
		}
	}
	for name, in := range map[string]string{
		"x5t by SHA-512": "a11822 82 382b 4100", "x5t by name": "a11822 82 6161 4100", "number as type": "a1101832",
	} {
		if h, err := parseHeader(unhex(in), true); err != nil || h.X5T != nil || h.Type != "" || len(h.labels) != 1 {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

func TestMac0(t *testing.T) {
	key := bytes.Repeat([]byte{9}, 32)
	tag := func(protected []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(structure("MAC0", protected, []byte("ext"), content))
		return m.Sum(nil)
	}
	build := func(protected, tag []byte) []byte {
		out := append([]byte{0xd1, 0x84}, bstr(protected)...)
		out = append(append(out, 0xa0), bstr(content)...)
		return append(out, bstr(tag)...)
	}
	hmac256 := unhex("a10105")
	good := tag(hmac256)
	flipped := bytes.Clone(good)
	flipped[31] ^= 1
	for _, tt := range []struct {
		name      string
		protected []byte
		tag, key  []byte
		external  string
		want      error
	}{
		{"good", hmac256, good, key, "ext", nil},
		{"flipped", hmac256, flipped, key, "ext", ErrMAC},
		{"short tag", hmac256, good[:31], key, "ext", ErrMAC},
		{"tag of eight bytes", hmac256, good[:8], key, "ext", ErrMAC},
		{"no tag", hmac256, nil, key, "ext", ErrMAC},
		{"long tag", hmac256, append(bytes.Clone(good), 0), key, "ext", ErrMAC},
		{"other key", hmac256, good, key[:31], "ext", ErrMAC},
		{"other external data", hmac256, good, key, "", ErrMAC},
		{"HMAC 256/64", unhex("a10104"), tag(unhex("a10104")), key, "ext", ErrAlg},
		{"HMAC 384", unhex("a10106"), tag(unhex("a10106")), key, "ext", ErrAlg},
		{"AES-MAC", unhex("a1010f"), tag(unhex("a1010f")), key, "ext", ErrAlg},
		{"ES256", es256, tag(es256), key, "ext", ErrAlg},
		{"no algorithm", nil, tag(nil), key, "ext", ErrAlg},
	} {
		m, err := ParseMac0(build(tt.protected, tt.tag), TagRequired)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if err := m.Verify(tt.key, nil, []byte(tt.external)); err != tt.want {
			t.Errorf("%s: %v instead of %v", tt.name, err, tt.want)
		}
	}
	if _, err := ParseMac0(append([]byte{0xd2}, build(hmac256, good)[1:]...), TagAny); err != ErrTag {
		t.Errorf("tag of a signature: %v", err)
	}
}

func TestAppendHead(t *testing.T) {
	for n, want := range map[int]string{0: "40", 23: "57", 24: "5818", 255: "58ff", 256: "590100", 65535: "59ffff", 65536: "5a00010000"} {
		if got := strictcbor.AppendHead(nil, majorBytes, n); !bytes.Equal(got, unhex(want)) {
			t.Errorf("%d: %x", n, got)
		}
	}
}

func BenchmarkSign1(b *testing.B) {
	msg := made(es256, es256, append(unhex("a118215902bc"), make([]byte, 700)...), bytes.Repeat(content, 60), nil)
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseSign1(msg, TagForbidden); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse+verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, err := ParseSign1(msg, TagForbidden)
			if err != nil || s.Verify(&testKey.PublicKey, sigalg.Credentials, nil, nil) != nil {
				b.Fatal(err)
			}
		}
	})
}
