// Package sigalg is the signature arithmetic under JOSE and COSE: each algorithm
// is bound to one key type and, for ECDSA, to one curve, so that a key can never
// be used under an algorithm it was not made for (RFC 7518, RFC 8032, RFC 9053).
package sigalg

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
)

// Alg is a JOSE algorithm name; COSE numbers map to the same names.
type Alg string

// The algorithms known here. RS256 is for trust lists only: a profile must name
// it.
const (
	ES256 Alg = "ES256"
	ES384 Alg = "ES384"
	ES512 Alg = "ES512"
	EdDSA Alg = "EdDSA"
	PS256 Alg = "PS256"
	PS384 Alg = "PS384"
	PS512 Alg = "PS512"
	RS256 Alg = "RS256"
	RS384 Alg = "RS384"
	RS512 Alg = "RS512"
)

// RSA keys accepted: the modulus in bits, and the largest public exponent. Both
// bound what one verification costs.
const (
	MinRSABits     = 2048
	MaxRSABits     = 8192
	MaxRSAExponent = 1<<31 - 1
)

// Set is a list of algorithms a profile allows.
type Set []Alg

// The sets of our profiles.
var (
	// Credentials: SD-JWT VC, KB-JWT, mdoc and status tokens.
	Credentials = Set{ES256, ES384, ES512, EdDSA, PS256, PS384, PS512}
	// Lists: TS 119 602 compact JWS, which also allows RSA PKCS#1 v1.5.
	Lists = Set{ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512}
)

// Has says whether the set allows a.
func (s Set) Has(a Alg) bool {
	for _, x := range s {
		if x == a {
			return true
		}
	}
	return false
}

// Errors of Check and Verify.
var (
	ErrUnsupported = errors.New("algorithm not supported")
	ErrKey         = errors.New("key does not fit the algorithm")
	ErrSignature   = errors.New("signature does not verify")
)

// Check says whether key fits alg: type, curve, RSA modulus and exponent. It does
// not look for Ed25519 keys of small order, which RFC 8032 leaves legal: their
// holder has given the private key away, as he could with any other.
func Check(alg Alg, key crypto.PublicKey) error {
	switch alg {
	case ES256, ES384, ES512:
		k, ok := key.(*ecdsa.PublicKey)
		if !ok || k == nil || k.Curve != curve(alg) {
			return fmt.Errorf("%w: %s", ErrKey, alg)
		}
	case EdDSA:
		if k, ok := key.(ed25519.PublicKey); !ok || len(k) != ed25519.PublicKeySize {
			return fmt.Errorf("%w: %s", ErrKey, alg)
		}
	case PS256, PS384, PS512, RS256, RS384, RS512:
		k, ok := key.(*rsa.PublicKey)
		if !ok || k == nil || k.N == nil {
			return fmt.Errorf("%w: %s", ErrKey, alg)
		}
		if n := k.N.BitLen(); n < MinRSABits || n > MaxRSABits {
			return fmt.Errorf("%w: RSA of %d bits", ErrKey, n)
		}
		// RFC 8017 section 3.1: both are odd, and 1 would sign nothing.
		if k.N.Bit(0) == 0 || k.E < 3 || k.E&1 == 0 || k.E > MaxRSAExponent {
			return fmt.Errorf("%w: RSA modulus or exponent", ErrKey)
		}
	default:
		return ErrUnsupported
	}
	return nil
}

// Verify checks sig over msg. ECDSA signatures are r and s of fixed length, one
// after the other (RFC 7518 section 3.4, RFC 9053 section 2.1), never ASN.1. The
// salt of PSS is as long as the hash (RFC 7518 section 3.5, RFC 8230 section 2).
func Verify(alg Alg, key crypto.PublicKey, msg, sig []byte) error {
	return verify(alg, key, msg, sig)
}

// VerifyString is Verify for a message held in a string, which it does not copy
// to hash it.
func VerifyString(alg Alg, key crypto.PublicKey, msg string, sig []byte) error {
	return verify(alg, key, msg, sig)
}

func verify[M string | []byte](alg Alg, key crypto.PublicKey, msg M, sig []byte) error {
	if err := Check(alg, key); err != nil {
		return err
	}
	var buf [sha512.Size]byte
	ok := false
	switch alg {
	case ES256, ES384, ES512:
		ok = verifyECDSA(alg, key.(*ecdsa.PublicKey), digest(buf[:0], alg, msg), sig)
	case EdDSA:
		ok = len(sig) == ed25519.SignatureSize && ed25519.Verify(key.(ed25519.PublicKey), []byte(msg), sig)
	case PS256, PS384, PS512:
		opts := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		ok = rsa.VerifyPSS(key.(*rsa.PublicKey), hashOf(alg), digest(buf[:0], alg, msg), sig, &opts) == nil
	case RS256, RS384, RS512:
		ok = rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), hashOf(alg), digest(buf[:0], alg, msg), sig) == nil
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

func curve(alg Alg) elliptic.Curve {
	switch alg {
	case ES256:
		return elliptic.P256()
	case ES384:
		return elliptic.P384()
	default:
		return elliptic.P521()
	}
}

func hashOf(alg Alg) crypto.Hash {
	switch alg {
	case ES256, PS256, RS256:
		return crypto.SHA256
	case ES384, PS384, RS384:
		return crypto.SHA384
	default:
		return crypto.SHA512
	}
}

// digest appends the hash of msg to out.
func digest[M string | []byte](out []byte, alg Alg, msg M) []byte {
	switch hashOf(alg) {
	case crypto.SHA256:
		return sum256(out, msg)
	case crypto.SHA384:
		d := sha512.Sum384([]byte(msg))
		return append(out, d[:]...)
	default:
		d := sha512.Sum512([]byte(msg))
		return append(out, d[:]...)
	}
}

// sum256 goes through msg in pieces: a string turned into bytes would be copied to
// the heap whole.
func sum256[M string | []byte](out []byte, msg M) []byte {
	var piece [512]byte
	h := sha256.New()
	for len(msg) > 0 {
		n := copy(piece[:], msg)
		h.Write(piece[:n])
		msg = msg[n:]
	}
	return h.Sum(out)
}
