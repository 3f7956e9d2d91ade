// Package cose is the strict subset of COSE (RFC 9052, RFC 9053, RFC 9360) that
// mdoc, status list tokens and VICALs use: COSE_Sign1 and COSE_Mac0 with one
// signer, algorithm numbers bound to key type and curve, x5chain and x5t, and
// COSE_Key public keys. Critical headers are refused, because none is understood.
//
// Parse checks form only. Verify works over the protected header bytes as they
// were received.
package cose

import (
	"crypto"
	"errors"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

// CBOR tags of the structures.
const (
	TagMac0  = 17
	TagSign1 = 18
)

// MaxX5Chain bounds the certificates of an x5chain; paths have a tighter limit.
const MaxX5Chain = 8

// Errors of Parse and Verify, for errors.Is. None quotes the input.
var (
	ErrMalformed = errors.New("malformed COSE structure")
	ErrTag       = errors.New("COSE structure with the wrong tag")
	ErrCritical  = errors.New("COSE header marks something unknown as critical")
	ErrAlg       = errors.New("COSE algorithm not allowed")
	ErrSignature = errors.New("COSE signature does not verify")
	ErrMAC       = errors.New("COSE MAC does not verify")
)

// TagRule says whether the outer CBOR tag must be there.
type TagRule int

// The tag rules: mdoc has untagged structures, status tokens tagged ones.
const (
	TagAny TagRule = iota
	TagRequired
	TagForbidden
)

// Sign1 is a parsed, not yet verified COSE_Sign1 (RFC 9052 section 4.2).
type Sign1 struct {
	Protected   Header
	Unprotected Header
	Payload     []byte // nil when detached
	Detached    bool
	Signature   []byte

	rawProtected []byte
}

// ParseSign1 reads a COSE_Sign1. The error is ErrMalformed, ErrTag or ErrCritical.
func ParseSign1(b []byte, rule TagRule) (*Sign1, error) {
	m, err := parseMessage(b, TagSign1, rule)
	if err != nil {
		return nil, err
	}
	return &Sign1{
		Protected: m.protected, Unprotected: m.unprotected, Payload: m.payload,
		Detached: m.detached, Signature: m.proof, rawProtected: m.rawProtected,
	}, nil
}

// Verify checks the signature with key over the payload, or over detached when
// the structure carries none. External data is empty in all our profiles except
// tests of the standard. The error is ErrAlg or ErrSignature.
func (s *Sign1) Verify(key crypto.PublicKey, allowed sigalg.Set, detached, external []byte) error {
	alg, ok := AlgName(s.Protected.Alg)
	if !ok || !allowed.Has(alg) || sigalg.Check(alg, key) != nil {
		return ErrAlg
	}
	payload := s.Payload
	if s.Detached {
		payload = detached
	}
	if sigalg.Verify(alg, key, structure("Signature1", s.rawProtected, external, payload), s.Signature) != nil {
		return ErrSignature
	}
	return nil
}

// AlgName maps a COSE algorithm number (IANA COSE Algorithms) to its JOSE name.
func AlgName(n int64) (sigalg.Alg, bool) {
	switch n {
	case -7, -9: // ES256, and ES256 fully specified with P-256
		return sigalg.ES256, true
	case -35, -51:
		return sigalg.ES384, true
	case -36, -52:
		return sigalg.ES512, true
	case -8, -19: // EdDSA, and Ed25519 fully specified
		return sigalg.EdDSA, true
	case -37:
		return sigalg.PS256, true
	case -38:
		return sigalg.PS384, true
	case -39:
		return sigalg.PS512, true
	default:
		return "", false
	}
}
