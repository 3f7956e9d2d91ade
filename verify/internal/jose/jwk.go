package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"math/big"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

// Errors of Key.
var (
	ErrKeyMalformed   = errors.New("malformed JWK")
	ErrKeyUnsupported = errors.New("JWK type or curve not supported")
	ErrKeyPrivate     = errors.New("JWK holds private or symmetric key material")
	ErrKeyUse         = errors.New("JWK is not for verifying signatures")
)

// Key returns the public key of a decoded JWK (RFC 7517, RFC 7518 section 6, RFC
// 8037): EC on P-256, P-384 or P-521, OKP Ed25519, RSA of 2048 to 8192 bits.
// Coordinates have the full length of the field and lie on the curve. A key with
// private material is refused, and so is one whose use or key_ops says that it is
// not for verifying signatures. The alg of a key is left to the caller, who knows the
// alg it would be used with.
func Key(jwk map[string]any) (crypto.PublicKey, error) {
	for _, m := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, ok := jwk[m]; ok {
			return nil, ErrKeyPrivate
		}
	}
	if !forVerifying(jwk) {
		return nil, ErrKeyUse
	}
	switch jwk["kty"] {
	case "EC":
		return ecKey(jwk)
	case "OKP":
		return okpKey(jwk)
	case "RSA":
		return rsaKey(jwk)
	default:
		return nil, ErrKeyUnsupported
	}
}

// forVerifying reads use and key_ops (RFC 7517 sections 4.2 and 4.3).
func forVerifying(jwk map[string]any) bool {
	if use, ok := jwk["use"]; ok && use != "sig" {
		return false
	}
	ops, ok := jwk["key_ops"]
	if !ok {
		return true
	}
	list, _ := ops.([]any)
	for _, op := range list {
		if op == "verify" {
			return true
		}
	}
	return false
}

func ecKey(jwk map[string]any) (crypto.PublicKey, error) {
	var c elliptic.Curve
	switch jwk["crv"] {
	case "P-256":
		c = elliptic.P256()
	case "P-384":
		c = elliptic.P384()
	case "P-521":
		c = elliptic.P521()
	default:
		return nil, ErrKeyUnsupported
	}
	n := (c.Params().BitSize + 7) / 8
	x, errX := octets(jwk, "x", n)
	y, errY := octets(jwk, "y", n)
	if errX != nil || errY != nil {
		return nil, ErrKeyMalformed
	}
	point := make([]byte, 0, 1+2*n)
	point = append(append(append(point, 4), x...), y...)
	key, err := ecdsa.ParseUncompressedPublicKey(c, point)
	if err != nil {
		return nil, ErrKeyMalformed
	}
	return key, nil
}

func okpKey(jwk map[string]any) (crypto.PublicKey, error) {
	if jwk["crv"] != "Ed25519" {
		return nil, ErrKeyUnsupported
	}
	x, err := octets(jwk, "x", ed25519.PublicKeySize)
	if err != nil {
		return nil, ErrKeyMalformed
	}
	return ed25519.PublicKey(x), nil
}

func rsaKey(jwk map[string]any) (crypto.PublicKey, error) {
	n, errN := octets(jwk, "n", 0)
	e, errE := octets(jwk, "e", 0)
	// Both are numbers without leading zeros (RFC 7518 section 6.3.1).
	if errN != nil || errE != nil || n[0] == 0 || e[0] == 0 {
		return nil, ErrKeyMalformed
	}
	if len(n) > sigalg.MaxRSABits/8 || len(e) > 4 {
		return nil, ErrKeyUnsupported
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if sigalg.Check(sigalg.PS256, key) != nil {
		return nil, ErrKeyUnsupported
	}
	return key, nil
}

// octets decodes a base64url member; n > 0 demands that many bytes.
func octets(jwk map[string]any, name string, n int) ([]byte, error) {
	s, ok := jwk[name].(string)
	if !ok {
		return nil, ErrKeyMalformed
	}
	b, err := b64.URL(s)
	if err != nil || len(b) == 0 || (n > 0 && len(b) != n) {
		return nil, ErrKeyMalformed
	}
	return b, nil
}
