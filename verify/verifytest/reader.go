package verifytest

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// Reader is the relying party's side of a session: an ephemeral key, with which a
// wallet may make a MAC. In OpenID4VP it is the key responses are encrypted to.
type Reader struct{ Private *ecdsa.PrivateKey }

// NewReader makes a reader with a new key on P-256.
func NewReader() (*Reader, error) {
	key, err := newKey(nil)
	if err != nil {
		return nil, err
	}
	return &Reader{key}, nil
}

// Public is what the wallet is told.
func (r *Reader) Public() (*ecdh.PublicKey, error) { return r.Private.PublicKey.ECDH() }

// EMacKey derives the key of a device MAC from the reader's private key, the
// wallet's public one and the session (ISO/IEC 18013-5 12.4.4).
func (r *Reader) EMacKey(device *ecdsa.PublicKey, transcript []byte) ([]byte, error) {
	private, err := r.Private.ECDH()
	if err != nil {
		return nil, err
	}
	public, err := device.ECDH()
	if err != nil {
		return nil, err
	}
	return eMacKey(private, public, transcript)
}

// eMacKey is the same from either side.
func eMacKey(private *ecdh.PrivateKey, public *ecdh.PublicKey, transcript []byte) ([]byte, error) {
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, fmt.Errorf("failed to agree on a MAC key: %w", err)
	}
	wrapped, err := encoded24(transcript)
	if err != nil {
		return nil, err
	}
	salt := sha256.Sum256(wrapped)
	return hkdf.Key(sha256.New, secret, salt[:], "EMacKey", 32)
}
