package sigalg

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"
)

func TestDERRoundTrip(t *testing.T) {
	for _, n := range []int{32, 48, 66} {
		ff := bytes.Repeat([]byte{0xff}, n)
		one := append(make([]byte, n-1), 1)
		high := append(make([]byte, n-1), 0x80)
		small := append(make([]byte, n/2), ff[n/2:]...)
		for _, r := range [][]byte{ff, one, high, small, make([]byte, n)} {
			for _, s := range [][]byte{ff, one, high, small, make([]byte, n)} {
				der := derSignature(nil, r, s)
				var got struct{ R, S *big.Int }
				rest, err := asn1.Unmarshal(der, &got)
				if err != nil || len(rest) > 0 || len(der) > maxDER {
					t.Fatalf("%x: %v", der, err)
				}
				if !bytes.Equal(got.R.FillBytes(make([]byte, n)), r) || !bytes.Equal(got.S.FillBytes(make([]byte, n)), s) {
					t.Fatalf("%x became %v", der, got)
				}
				if again, err := asn1.Marshal(got); err != nil || !bytes.Equal(again, der) {
					t.Fatalf("%x is not %x: %v", der, again, err)
				}
			}
		}
	}
}

// The conversion gives back every signature the library makes, byte for byte.
func TestDERIsTheLibrarys(t *testing.T) {
	for alg, c := range map[Alg]elliptic.Curve{ES256: elliptic.P256(), ES384: elliptic.P384(), ES512: elliptic.P521()} {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		n := (c.Params().BitSize + 7) / 8
		for i := range 50 {
			msg := []byte{byte(i)}
			digest := digest(nil, alg, msg)
			der, err := ecdsa.SignASN1(rand.Reader, key, digest)
			if err != nil {
				t.Fatal(err)
			}
			var got struct{ R, S *big.Int }
			if _, err := asn1.Unmarshal(der, &got); err != nil {
				t.Fatal(err)
			}
			raw := append(got.R.FillBytes(make([]byte, n)), got.S.FillBytes(make([]byte, n))...)
			if again := derSignature(nil, raw[:n], raw[n:]); !bytes.Equal(again, der) {
				t.Fatalf("%x is not %x", again, der)
			}
			if err := Verify(alg, &key.PublicKey, msg, raw); err != nil {
				t.Errorf("%s: %v", alg, err)
			}
			if err := Verify(alg, &key.PublicKey, msg, der); !errors.Is(err, ErrSignature) {
				t.Errorf("%s in ASN.1: %v", alg, err)
			}
			if err := VerifyString(alg, &key.PublicKey, string(msg), raw); err != nil {
				t.Errorf("%s as string: %v", alg, err)
			}
		}
	}
}

func TestECDSARange(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	order := key.Params().N.FillBytes(make([]byte, 32))
	one := append(make([]byte, 31), 1)
	zero, ff := make([]byte, 32), bytes.Repeat([]byte{0xff}, 32)
	for _, r := range [][]byte{zero, one, order, ff} {
		for _, s := range [][]byte{zero, one, order, ff} {
			if err := Verify(ES256, &key.PublicKey, nil, append(bytes.Clone(r), s...)); err != ErrSignature {
				t.Errorf("r %x s %x: %v", r, s, err)
			}
		}
	}
}

// RFC 7518 section 3.5: the salt is as long as the hash, no more and no less.
func TestPSSSalt(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	msg := []byte("message")
	for alg, hash := range map[Alg]crypto.Hash{PS256: crypto.SHA256, PS384: crypto.SHA384, PS512: crypto.SHA512} {
		for _, salt := range []int{0, 1, hash.Size() - 1, hash.Size(), hash.Size() + 1, 64} {
			opts := &rsa.PSSOptions{SaltLength: salt}
			if salt == 0 {
				continue // means as long as can be
			}
			sig, err := rsa.SignPSS(rand.Reader, key, hash, digest(nil, alg, msg), opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := Verify(alg, &key.PublicKey, msg, sig); (got == nil) != (salt == hash.Size()) {
				t.Errorf("%s, salt of %d: %v", alg, salt, got)
			}
		}
		sig, err := rsa.SignPSS(rand.Reader, key, hash, digest(nil, alg, msg), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto})
		if err != nil || Verify(alg, &key.PublicKey, msg, sig) != ErrSignature {
			t.Errorf("%s: longest salt accepted, %v", alg, err)
		}
		pkcs, err := rsa.SignPKCS1v15(rand.Reader, key, hash, digest(nil, alg, msg))
		if err != nil || Verify(alg, &key.PublicKey, msg, pkcs) != ErrSignature {
			t.Errorf("%s: PKCS#1 v1.5 accepted, %v", alg, err)
		}
		rs := Alg("R" + strings.TrimPrefix(string(alg), "P"))
		if err := Verify(rs, &key.PublicKey, msg, pkcs); err != nil {
			t.Errorf("%s: %v", rs, err)
		}
	}
}

func TestCheck(t *testing.T) {
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	ed, edPriv, _ := ed25519.GenerateKey(rand.Reader)
	odd := func(bits uint) *big.Int { return new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), bits-1), 0, 1) }
	rsaKey := &rsa.PublicKey{N: odd(2048), E: 65537}
	all := append(Set{"none", "HS256", "ES256K", "Ed25519", ""}, Lists...)
	for name, tt := range map[string]struct {
		key  crypto.PublicKey
		fits Set
	}{
		"P-256":               {&p256.PublicKey, Set{ES256}},
		"P-384":               {&p384.PublicKey, Set{ES384}},
		"P-521":               {&p521.PublicKey, Set{ES512}},
		"P-224":               {&p224.PublicKey, nil},
		"Ed25519":             {ed, Set{EdDSA}},
		"RSA":                 {rsaKey, Set{PS256, PS384, PS512, RS256, RS384, RS512}},
		"RSA 2047":            {&rsa.PublicKey{N: odd(2047), E: 65537}, nil},
		"RSA 8192":            {&rsa.PublicKey{N: odd(8192), E: 65537}, Set{PS256, PS384, PS512, RS256, RS384, RS512}},
		"RSA 8193":            {&rsa.PublicKey{N: odd(8193), E: 65537}, nil},
		"RSA even modulus":    {&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}, nil},
		"RSA exponent 1":      {&rsa.PublicKey{N: odd(2048), E: 1}, nil},
		"RSA exponent 3":      {&rsa.PublicKey{N: odd(2048), E: 3}, Set{PS256, PS384, PS512, RS256, RS384, RS512}},
		"RSA even exponent":   {&rsa.PublicKey{N: odd(2048), E: 65536}, nil},
		"RSA negative":        {&rsa.PublicKey{N: odd(2048), E: -3}, nil},
		"RSA exponent 2^31-1": {&rsa.PublicKey{N: odd(2048), E: MaxRSAExponent}, Set{PS256, PS384, PS512, RS256, RS384, RS512}},
		"RSA exponent 2^31+1": {&rsa.PublicKey{N: odd(2048), E: MaxRSAExponent + 2}, nil},
		"RSA without modulus": {&rsa.PublicKey{E: 3}, nil},
		"nil RSA":             {(*rsa.PublicKey)(nil), nil},
		"nil EC":              {(*ecdsa.PublicKey)(nil), nil},
		"empty EC":            {&ecdsa.PublicKey{}, nil},
		"nil":                 {nil, nil},
		"bytes":               {[]byte("secret"), nil},
		"short Ed25519":       {ed[:31], nil},
		"long Ed25519":        {append(bytes.Clone(ed), 0), nil},
		"private EC":          {p256, nil},
		"private Ed25519":     {edPriv, nil},
		"EC by value":         {p256.PublicKey, nil},
	} {
		for _, alg := range all {
			err := Check(alg, tt.key)
			if (err == nil) != tt.fits.Has(alg) {
				t.Errorf("%s, %s: %v", name, alg, err)
			}
			if !tt.fits.Has(alg) {
				if got := Verify(alg, tt.key, nil, make([]byte, 256)); !errors.Is(got, ErrKey) && got != ErrUnsupported {
					t.Errorf("%s, %s: verify says %v", name, alg, got)
				}
			}
		}
	}
}

func TestSets(t *testing.T) {
	for _, alg := range []Alg{RS256, RS384, RS512, "none", "HS256", "ES256K", ""} {
		if Credentials.Has(alg) {
			t.Errorf("credentials allow %s", alg)
		}
	}
	for _, alg := range []Alg{"none", "HS256", "RS1", ""} {
		if Lists.Has(alg) {
			t.Errorf("lists allow %s", alg)
		}
	}
}

// A message is hashed in pieces: every length near their ends must give the digest
// of the whole.
func TestDigestInPieces(t *testing.T) {
	msg := make([]byte, 1600)
	for i := range msg {
		msg[i] = byte(i)
	}
	for _, alg := range []Alg{ES256, ES384, ES512} {
		for n := range msg {
			h := hashOf(alg).New()
			h.Write(msg[:n])
			want := h.Sum(nil)
			if !bytes.Equal(digest(nil, alg, msg[:n]), want) || !bytes.Equal(digest(nil, alg, string(msg[:n])), want) {
				t.Fatalf("%s, %d bytes", alg, n)
			}
		}
	}
}

// crypto/ed25519 takes a key of small order, under which one signature is good for
// every message. It is noted here because a reader will ask: RFC 8032 allows it,
// and only the issuer who certifies such a key is fooled.
func TestEd25519SmallOrder(t *testing.T) {
	identity, _ := hex.DecodeString("01" + strings.Repeat("00", 31))
	sig := append(bytes.Clone(identity), make([]byte, 32)...) // R the identity, S zero
	if err := Verify(EdDSA, ed25519.PublicKey(identity), []byte("any message"), sig); err != nil {
		t.Errorf("the library has become stricter: %v", err)
	}
	// S beyond the order of the group is refused (RFC 8032 section 5.1.7).
	if err := Verify(EdDSA, ed25519.PublicKey(identity), nil, append(bytes.Clone(identity), bytes.Repeat([]byte{0xff}, 32)...)); err != ErrSignature {
		t.Error(err)
	}
}

func BenchmarkVerifyES256(b *testing.B) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	msg := strings.Repeat("m", 2700)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest(nil, ES256, msg))
	if err != nil {
		b.Fatal(err)
	}
	sig := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	b.ReportAllocs()
	for b.Loop() {
		if VerifyString(ES256, &key.PublicKey, msg, sig) != nil {
			b.Fatal("refused")
		}
	}
}
