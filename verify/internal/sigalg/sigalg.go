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

// RSA key sizes accepted, in bits.
const (
	MinRSABits = 2048
	MaxRSABits = 8192
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

// Check says whether key fits alg: type, curve, RSA size.
func Check(alg Alg, key crypto.PublicKey) error {
	switch alg {
	case ES256, ES384, ES512:
		k, ok := key.(*ecdsa.PublicKey)
		if !ok || k.Curve != curve(alg) {
			return fmt.Errorf("%w: %s", ErrKey, alg)
		}
	case EdDSA:
		if k, ok := key.(ed25519.PublicKey); !ok || len(k) != ed25519.PublicKeySize {
			return fmt.Errorf("%w: %s", ErrKey, alg)
		}
	case PS256, PS384, PS512, RS256, RS384, RS512:
		k, ok := key.(*rsa.PublicKey)
		if !ok {
			return fmt.Errorf("%w: %s", ErrKey, alg)
		}
		if n := k.N.BitLen(); n < MinRSABits || n > MaxRSABits {
			return fmt.Errorf("%w: RSA of %d bits", ErrKey, n)
		}
	default:
		return ErrUnsupported
	}
	return nil
}

// Verify checks sig over msg. ECDSA signatures are r and s of fixed length, one
// after the other (RFC 7518 section 3.4, RFC 9053 section 2.1), never ASN.1.
func Verify(alg Alg, key crypto.PublicKey, msg, sig []byte) error {
	if err := Check(alg, key); err != nil {
		return err
	}
	switch alg {
	case ES256, ES384, ES512:
		return verifyECDSA(alg, key.(*ecdsa.PublicKey), digest(alg, msg), sig)
	case EdDSA:
		if len(sig) != ed25519.SignatureSize || !ed25519.Verify(key.(ed25519.PublicKey), msg, sig) {
			return ErrSignature
		}
	case PS256, PS384, PS512:
		opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		if rsa.VerifyPSS(key.(*rsa.PublicKey), hash(alg), digest(alg, msg), sig, opts) != nil {
			return ErrSignature
		}
	case RS256, RS384, RS512:
		if rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), hash(alg), digest(alg, msg), sig) != nil {
			return ErrSignature
		}
	}
	return nil
}

func verifyECDSA(alg Alg, key *ecdsa.PublicKey, digest, sig []byte) error {
	n := (curve(alg).Params().BitSize + 7) / 8
	if len(sig) != 2*n {
		return ErrSignature
	}
	var buf [144]byte // two integers of 66 bytes with their headers
	if !ecdsa.VerifyASN1(key, digest, derSignature(buf[:0], sig[:n], sig[n:])) {
		return ErrSignature
	}
	return nil
}

// derSignature appends SEQUENCE { INTEGER r, INTEGER s }.
func derSignature(out, r, s []byte) []byte {
	r, s = trim(r), trim(s)
	n := intLen(r) + intLen(s)
	out = append(out, 0x30)
	if n > 127 {
		out = append(out, 0x81)
	}
	out = append(out, byte(n))
	return appendInt(appendInt(out, r), s)
}

func trim(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

func intLen(b []byte) int {
	if b[0] >= 0x80 {
		return len(b) + 3
	}
	return len(b) + 2
}

func appendInt(out, b []byte) []byte {
	out = append(out, 0x02)
	if b[0] >= 0x80 {
		out = append(out, byte(len(b)+1), 0)
	} else {
		out = append(out, byte(len(b)))
	}
	return append(out, b...)
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

func hash(alg Alg) crypto.Hash {
	switch alg {
	case ES256, PS256, RS256:
		return crypto.SHA256
	case ES384, PS384, RS384:
		return crypto.SHA384
	default:
		return crypto.SHA512
	}
}

func digest(alg Alg, msg []byte) []byte {
	switch hash(alg) {
	case crypto.SHA256:
		d := sha256.Sum256(msg)
		return d[:]
	case crypto.SHA384:
		d := sha512.Sum384(msg)
		return d[:]
	default:
		d := sha512.Sum512(msg)
		return d[:]
	}
}
