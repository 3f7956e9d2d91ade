package cose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
)

// ec2 encodes a COSE_Key: kty 2, crv, x, and y as encoded.
func ec2(crv byte, x, y []byte) []byte {
	out := append([]byte{0xa4, 0x01, 0x02, 0x20, crv, 0x21}, bstr(x)...)
	return append(append(out, 0x22), y...)
}

func TestParseKeyEC2(t *testing.T) {
	for crv, c := range map[byte]elliptic.Curve{1: elliptic.P256(), 2: elliptic.P384(), 3: elliptic.P521()} {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		n := len(point) / 2
		x, y := point[1:1+n], point[1+n:]
		sign, wrong := byte(cborFalse), byte(cborTrue)
		if y[n-1]&1 == 1 {
			sign, wrong = wrong, sign
		}
		for name, y := range map[string][]byte{"y": bstr(y), "sign bit": {sign}} {
			got, err := ParseKey(ec2(crv, x, y))
			if err != nil || !key.PublicKey.Equal(got) {
				t.Errorf("curve %d, %s: %v", crv, name, err)
			}
		}
		if got, err := ParseKey(ec2(crv, x, []byte{wrong})); err != nil || key.PublicKey.Equal(got) {
			t.Errorf("curve %d: the other sign bit gives %v", crv, err)
		}
		off := bytes.Clone(y)
		off[n-1] ^= 1
		field := c.Params().P.FillBytes(make([]byte, n))
		for name, in := range map[string][]byte{
			"not on the curve": ec2(crv, x, bstr(off)),
			"zero":             ec2(crv, make([]byte, n), bstr(make([]byte, n))),
			"x short":          ec2(crv, x[1:], bstr(y)),
			"y short":          ec2(crv, x, bstr(y[1:])),
			"x long":           ec2(crv, append([]byte{0}, x...), bstr(y)),
			"y long":           ec2(crv, x, bstr(append([]byte{0}, y...))),
			"x empty":          ec2(crv, nil, bstr(y)),
			"y empty":          ec2(crv, x, bstr(nil)),
			"whole point in x": ec2(crv, point, bstr(y)),
			"x is the field":   ec2(crv, field, bstr(y)),
			"x beyond, sign":   ec2(crv, field, []byte{cborTrue}),
			"x short, sign":    ec2(crv, x[1:], []byte{sign}),
			"y is null":        ec2(crv, x, []byte{0xf6}),
			"y is zero":        ec2(crv, x, []byte{0}),
			"y is text":        ec2(crv, x, append([]byte{0x78, byte(n)}, y...)),
			"other curve":      ec2(crv%3+1, x, bstr(y)),
			"trailing":         append(ec2(crv, x, bstr(y)), 0),
		} {
			if _, err := ParseKey(in); err != ErrKeyMalformed {
				t.Errorf("curve %d, %s: %v", crv, name, err)
			}
		}
	}
	// Some x of every curve has no point.
	for range 20 {
		x := make([]byte, 32)
		_, _ = rand.Read(x)
		if _, err := ParseKey(ec2(1, x, []byte{cborTrue})); err == ErrKeyMalformed {
			return
		}
	}
	t.Error("20 random x all have a point")
}

func TestParseKeyOKP(t *testing.T) {
	pub, _, _ := ed25519.GenerateKey(rand.Reader)
	okp := func(crv byte, x []byte) []byte {
		return append([]byte{0xa3, 0x01, 0x01, 0x20, crv, 0x21}, bstr(x)...)
	}
	if got, err := ParseKey(okp(6, pub)); err != nil || !pub.Equal(got) {
		t.Error(err)
	}
	for name, tt := range map[string]struct {
		in   []byte
		want error
	}{
		"short":  {okp(6, pub[1:]), ErrKeyMalformed},
		"long":   {okp(6, append(bytes.Clone(pub), 0)), ErrKeyMalformed},
		"X25519": {okp(4, pub), ErrKeyUnsupported},
		"Ed448":  {okp(7, make([]byte, 57)), ErrKeyUnsupported},
		"P-256":  {okp(1, pub), ErrKeyUnsupported},
	} {
		if _, err := ParseKey(tt.in); err != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	xy := "2158" + "20" + strings.Repeat("11", 32) + "225820" + strings.Repeat("22", 32)
	for name, tt := range map[string]struct {
		in   string
		want error
	}{
		"nothing":              {"", ErrKeyMalformed},
		"null":                 {"f6", ErrKeyMalformed},
		"empty map":            {"a0", ErrKeyMalformed},
		"array":                {"80", ErrKeyMalformed},
		"tagged":               {"c1a40102 2001" + xy, ErrKeyMalformed},
		"indefinite":           {"bf0102 2001" + xy + "ff", ErrKeyMalformed},
		"no key type":          {"a3 2001" + xy, ErrKeyMalformed},
		"no curve":             {"a3 0102" + xy, ErrKeyMalformed},
		"key type is text":     {"a4 016145 2001" + xy, ErrKeyMalformed},
		"curve is text":        {"a4 0102 206145" + xy, ErrKeyMalformed},
		"key type is tagged":   {"a4 01c102 2001" + xy, ErrKeyMalformed},
		"key type is a bignum": {"a4 01c24102 2001" + xy, ErrKeyMalformed},
		"duplicate":            {"a5 0102 0102 2001" + xy, ErrKeyMalformed},
		"not on the curve":     {"a4 0102 2001" + xy, ErrKeyMalformed},
		"no x":                 {"a2 0102 2001", ErrKeyMalformed},
		"symmetric":            {"a2 0104 2041ff", ErrKeyUnsupported},
		"RSA":                  {"a1 0103", ErrKeyUnsupported},
		"key type 0":           {"a1 0100", ErrKeyUnsupported},
		"secp256k1":            {"a4 0102 2008" + xy, ErrKeyUnsupported},
		"brainpoolP256r1":      {"a4 0102 20190100" + xy, ErrKeyUnsupported},
		"curve 0":              {"a4 0102 2000" + xy, ErrKeyUnsupported},
		"private":              {"a5 0102 2001 2341 00" + xy, ErrKeyPrivate},
		"private, null":        {"a5 0102 2001 23f6" + xy, ErrKeyPrivate},
	} {
		if key, err := ParseKey(unhex(tt.in)); err != tt.want {
			t.Errorf("%s: %v, %v", name, key, err)
		}
	}
}

// Keys of small order are legal in RFC 8032; what they are worth is the affair of
// who signed them into a credential.
func TestParseKeySmallOrder(t *testing.T) {
	x, _ := hex.DecodeString("0100000000000000000000000000000000000000000000000000000000000000")
	if _, err := ParseKey(append([]byte{0xa3, 0x01, 0x01, 0x20, 0x06, 0x21}, bstr(x)...)); err != nil {
		t.Error(err)
	}
}
