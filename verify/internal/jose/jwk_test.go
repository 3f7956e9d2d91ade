package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"maps"
	"math/big"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

// jwkOf is the JWK of one of ours.
func jwkOf(alg sigalg.Alg) map[string]any {
	switch k := keys[alg].pub.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		n := len(point) / 2
		return map[string]any{"kty": "EC", "crv": k.Params().Name, "x": b64.EncodeURL(point[1 : 1+n]), "y": b64.EncodeURL(point[1+n:])}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64.EncodeURL(k)}
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": b64.EncodeURL(k.N.Bytes()), "e": "AQAB"}
	}
	panic("no such key")
}

func TestKey(t *testing.T) {
	for alg, k := range keys {
		jwk := jwkOf(alg)
		for _, extra := range []map[string]any{
			nil, {"use": "sig"}, {"key_ops": []any{"verify"}}, {"key_ops": []any{"sign", "verify"}}, {"alg": string(alg), "kid": "k", "x5c": []any{}, "other": nil},
		} {
			maps.Copy(jwk, extra)
			got, err := Key(jwk)
			if err != nil || !got.(interface{ Equal(crypto.PublicKey) bool }).Equal(k.pub) {
				t.Errorf("%s, %v: %v", alg, extra, err)
			}
		}
	}
}

func TestKeyRefuses(t *testing.T) {
	number := func(n *big.Int) string { return b64.EncodeURL(n.Bytes()) }
	modulus := keys[sigalg.PS256].pub.(*rsa.PublicKey).N
	bits := func(n uint) string { return number(new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), n-1), 0, 1)) }
	p256, err := keys[sigalg.ES256].pub.(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y := p256[1:33], p256[33:]
	field := keys[sigalg.ES256].pub.(*ecdsa.PublicKey).Params().P.Bytes()
	off := bytes.Clone(y)
	off[31] ^= 1
	enc := b64.EncodeURL

	type change map[string]any
	for name, tt := range map[string]struct {
		alg  sigalg.Alg
		with change
		want error
	}{
		"no type":            {sigalg.ES256, change{"kty": nil}, ErrKeyUnsupported},
		"type in lower case": {sigalg.ES256, change{"kty": "ec"}, ErrKeyUnsupported},
		"type is a number":   {sigalg.ES256, change{"kty": int64(2)}, ErrKeyUnsupported},
		"type is an array":   {sigalg.ES256, change{"kty": []any{"EC"}}, ErrKeyUnsupported},
		"type is an object":  {sigalg.ES256, change{"kty": map[string]any{}}, ErrKeyUnsupported},
		"symmetric":          {sigalg.ES256, change{"kty": "oct"}, ErrKeyUnsupported},
		"symmetric, k":       {sigalg.ES256, change{"kty": "oct", "k": "AA"}, ErrKeyPrivate},
		"private":            {sigalg.ES256, change{"d": "AA"}, ErrKeyPrivate},
		"private, null":      {sigalg.ES256, change{"d": nil}, ErrKeyPrivate},
		"private prime":      {sigalg.PS256, change{"p": "AA"}, ErrKeyPrivate},
		"more primes":        {sigalg.PS256, change{"oth": []any{}}, ErrKeyPrivate},
		"private Ed25519":    {sigalg.EdDSA, change{"d": "AA"}, ErrKeyPrivate},
		"for encryption":     {sigalg.ES256, change{"use": "enc"}, ErrKeyUse},
		"use is null":        {sigalg.ES256, change{"use": nil}, ErrKeyUse},
		"use is an array":    {sigalg.ES256, change{"use": []any{"sig"}}, ErrKeyUse},
		"for signing only":   {sigalg.ES256, change{"key_ops": []any{"sign"}}, ErrKeyUse},
		"for nothing":        {sigalg.ES256, change{"key_ops": []any{}}, ErrKeyUse},
		"operations as text": {sigalg.ES256, change{"key_ops": "verify"}, ErrKeyUse},
		"operations are odd": {sigalg.ES256, change{"key_ops": []any{[]any{}, map[string]any{}}}, ErrKeyUse},
		"no curve":           {sigalg.ES256, change{"crv": nil}, ErrKeyUnsupported},
		"curve is an object": {sigalg.ES256, change{"crv": map[string]any{}}, ErrKeyUnsupported},
		"secp256k1":          {sigalg.ES256, change{"crv": "secp256k1"}, ErrKeyUnsupported},
		"brainpool":          {sigalg.ES256, change{"crv": "BP-256"}, ErrKeyUnsupported},
		"wrong curve":        {sigalg.ES256, change{"crv": "P-384"}, ErrKeyMalformed},
		"curve of another":   {sigalg.ES256, change{"crv": "Ed25519"}, ErrKeyUnsupported},
		"not on the curve":   {sigalg.ES256, change{"y": enc(off)}, ErrKeyMalformed},
		"zero":               {sigalg.ES256, change{"x": enc(make([]byte, 32)), "y": enc(make([]byte, 32))}, ErrKeyMalformed},
		"x is the field":     {sigalg.ES256, change{"x": enc(field)}, ErrKeyMalformed},
		"x short":            {sigalg.ES256, change{"x": enc(x[1:])}, ErrKeyMalformed},
		"x long":             {sigalg.ES256, change{"x": enc(append([]byte{0}, x...))}, ErrKeyMalformed},
		"y short":            {sigalg.ES256, change{"y": enc(y[1:])}, ErrKeyMalformed},
		"y long":             {sigalg.ES256, change{"y": enc(append(bytes.Clone(y), 0))}, ErrKeyMalformed},
		"compressed":         {sigalg.ES256, change{"x": enc(append([]byte{2}, x...)), "y": ""}, ErrKeyMalformed},
		"point in x":         {sigalg.ES256, change{"x": enc(p256)}, ErrKeyMalformed},
		"no y":               {sigalg.ES256, change{"y": nil}, ErrKeyMalformed},
		"y is a boolean":     {sigalg.ES256, change{"y": true}, ErrKeyMalformed},
		"x padded":           {sigalg.ES256, change{"x": enc(x) + "="}, ErrKeyMalformed},
		"x with newline":     {sigalg.ES256, change{"x": enc(x) + "\n"}, ErrKeyMalformed},
		"x is a number":      {sigalg.ES256, change{"x": int64(1)}, ErrKeyMalformed},
		"Ed25519 short":      {sigalg.EdDSA, change{"x": enc(make([]byte, 31))}, ErrKeyMalformed},
		"Ed25519 long":       {sigalg.EdDSA, change{"x": enc(make([]byte, 33))}, ErrKeyMalformed},
		"X25519":             {sigalg.EdDSA, change{"crv": "X25519"}, ErrKeyUnsupported},
		"Ed448":              {sigalg.EdDSA, change{"crv": "Ed448"}, ErrKeyUnsupported},
		"OKP with P-256":     {sigalg.EdDSA, change{"crv": "P-256"}, ErrKeyUnsupported},
		"no modulus":         {sigalg.PS256, change{"n": nil}, ErrKeyMalformed},
		"empty modulus":      {sigalg.PS256, change{"n": ""}, ErrKeyMalformed},
		"modulus of zeros":   {sigalg.PS256, change{"n": "AAAA"}, ErrKeyMalformed},
		"leading zero":       {sigalg.PS256, change{"n": enc(append([]byte{0}, modulus.Bytes()...))}, ErrKeyMalformed},
		"2047 bits":          {sigalg.PS256, change{"n": bits(2047)}, ErrKeyUnsupported},
		"8193 bits":          {sigalg.PS256, change{"n": bits(8193)}, ErrKeyUnsupported},
		"a million bits":     {sigalg.PS256, change{"n": bits(1 << 20)}, ErrKeyUnsupported},
		"even modulus":       {sigalg.PS256, change{"n": number(new(big.Int).Add(modulus, big.NewInt(1)))}, ErrKeyUnsupported},
		"no exponent":        {sigalg.PS256, change{"e": nil}, ErrKeyMalformed},
		"empty exponent":     {sigalg.PS256, change{"e": ""}, ErrKeyMalformed},
		"exponent as number": {sigalg.PS256, change{"e": int64(65537)}, ErrKeyMalformed},
		"exponent 0":         {sigalg.PS256, change{"e": "AA"}, ErrKeyMalformed},
		"exponent 1":         {sigalg.PS256, change{"e": "AQ"}, ErrKeyUnsupported},
		"exponent 2":         {sigalg.PS256, change{"e": "Ag"}, ErrKeyUnsupported},
		"even exponent":      {sigalg.PS256, change{"e": number(big.NewInt(65536))}, ErrKeyUnsupported},
		"exponent, zero led": {sigalg.PS256, change{"e": "AAEAAQ"}, ErrKeyMalformed},
		"exponent 2^31+1":    {sigalg.PS256, change{"e": number(big.NewInt(1<<31 + 1))}, ErrKeyUnsupported},
		"exponent 2^32-1":    {sigalg.PS256, change{"e": number(big.NewInt(1<<32 - 1))}, ErrKeyUnsupported},
		"exponent 2^32+1":    {sigalg.PS256, change{"e": number(big.NewInt(1<<32 + 1))}, ErrKeyUnsupported},
		"exponent 2^64+3":    {sigalg.PS256, change{"e": number(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 64), big.NewInt(3)))}, ErrKeyUnsupported},
	} {
		jwk := jwkOf(tt.alg)
		for k, v := range tt.with {
			if jwk[k] = v; v == nil && k != "d" && k != "use" {
				delete(jwk, k)
			}
		}
		if key, err := Key(jwk); err != tt.want || key != nil {
			t.Errorf("%s: %v, %v instead of %v", name, key, err, tt.want)
		}
	}
	for name, e := range map[string]int64{"3": 3, "2^31-1": 1<<31 - 1} {
		jwk := jwkOf(sigalg.PS256)
		jwk["e"] = number(big.NewInt(e))
		if key, err := Key(jwk); err != nil || key.(*rsa.PublicKey).E != int(e) {
			t.Errorf("exponent %s: %v", name, err)
		}
	}
	for _, n := range []uint{2048, 8192} {
		jwk := jwkOf(sigalg.PS256)
		jwk["n"] = bits(n)
		if _, err := Key(jwk); err != nil {
			t.Errorf("%d bits: %v", n, err)
		}
	}
	if _, err := Key(nil); err != ErrKeyUnsupported {
		t.Error(err)
	}
}
