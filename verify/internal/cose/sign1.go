// Package cose is the strict subset of COSE (RFC 9052, RFC 9053, RFC 9360) that
// mdoc, status list tokens and VICALs use: COSE_Sign1 and COSE_Mac0 with one
// signer, algorithm numbers bound to key type and curve, x5chain and x5t, and
// COSE_Key public keys. Critical headers are refused, because none is understood.
//
// Parse checks form only. Verify works over the protected header bytes as they
// were received.
package cose

import (
	"bytes"
	"crypto"
	"errors"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
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

type message struct {
	protected, unprotected Header
	rawProtected           []byte
	payload                []byte
	detached               bool
	proof                  []byte
}

func parseMessage(b []byte, tag uint64, rule TagRule) (*message, error) {
	if len(b) > 0 && b[0]>>5 == 6 {
		var t cbor.RawTag
		if strictcbor.Unmarshal(b, &t) != nil {
			return nil, ErrMalformed
		}
		if t.Number != tag || rule == TagForbidden {
			return nil, ErrTag
		}
		b = t.Content
	} else if rule == TagRequired {
		return nil, ErrTag
	}
	var parts []cbor.RawMessage
	if strictcbor.Unmarshal(b, &parts) != nil || len(parts) != 4 {
		return nil, ErrMalformed
	}
	m := &message{}
	var err error
	if m.rawProtected, err = byteString(parts[0]); err != nil {
		return nil, err
	}
	if m.protected, err = parseHeader(m.rawProtected, true); err != nil {
		return nil, err
	}
	if m.unprotected, err = parseHeader(parts[1], false); err != nil {
		return nil, err
	}
	if m.protected.shares(m.unprotected) {
		return nil, ErrMalformed
	}
	if bytes.Equal(parts[2], []byte{0xf6}) {
		m.detached = true
	} else if m.payload, err = byteString(parts[2]); err != nil {
		return nil, err
	}
	if m.proof, err = byteString(parts[3]); err != nil {
		return nil, err
	}
	return m, nil
}

// byteString returns the content of one definite-length byte string.
func byteString(item cbor.RawMessage) ([]byte, error) {
	var b []byte
	if len(item) == 0 || item[0]>>5 != 2 || strictcbor.Unmarshal(item, &b) != nil {
		return nil, ErrMalformed
	}
	return b, nil
}

// structure is Sig_structure or MAC_structure (RFC 9052 sections 4.4 and 6.3):
// [context, protected, external_aad, payload].
func structure(context string, protected, external, payload []byte) []byte {
	out := make([]byte, 0, len(context)+len(protected)+len(external)+len(payload)+32)
	out = append(out, 0x84)
	out = appendHead(out, 3, len(context))
	out = append(out, context...)
	for _, b := range [][]byte{protected, external, payload} {
		out = appendHead(out, 2, len(b))
		out = append(out, b...)
	}
	return out
}

// appendHead appends the initial bytes of an item of the major type and length.
func appendHead(out []byte, major byte, n int) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(out, major|byte(n))
	case n < 1<<8:
		return append(out, major|24, byte(n))
	case n < 1<<16:
		return append(out, major|25, byte(n>>8), byte(n))
	default:
		return append(out, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
}
