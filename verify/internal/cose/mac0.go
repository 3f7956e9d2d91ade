package cose

import (
	"crypto/hmac"
	"crypto/sha256"
)

// AlgHMAC256 is HMAC 256/256 (RFC 9053 section 3.1), the one MAC mdoc uses.
const AlgHMAC256 = 5

// Mac0 is a parsed, not yet verified COSE_Mac0 (RFC 9052 section 6.2).
type Mac0 struct {
	Protected   Header
	Unprotected Header
	Payload     []byte // nil when detached
	Detached    bool
	Tag         []byte

	rawProtected []byte
}

// ParseMac0 reads a COSE_Mac0. The error is ErrMalformed, ErrTag or ErrCritical.
func ParseMac0(b []byte, rule TagRule) (*Mac0, error) {
	m, err := parseMessage(b, TagMac0, rule)
	if err != nil {
		return nil, err
	}
	return &Mac0{
		Protected: m.protected, Unprotected: m.unprotected, Payload: m.payload,
		Detached: m.detached, Tag: m.proof, rawProtected: m.rawProtected,
	}, nil
}

// Verify checks an HMAC 256/256 tag in constant time. The error is ErrAlg or
// ErrMAC.
func (m *Mac0) Verify(key, detached, external []byte) error {
	if m.Protected.Alg != AlgHMAC256 {
		return ErrAlg
	}
	payload := m.Payload
	if m.Detached {
		payload = detached
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(structure("MAC0", m.rawProtected, external, payload))
	if !hmac.Equal(mac.Sum(nil), m.Tag) {
		return ErrMAC
	}
	return nil
}
