package cose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

// Errors of ParseKey.
var (
	ErrKeyMalformed   = errors.New("malformed COSE_Key")
	ErrKeyUnsupported = errors.New("COSE_Key type or curve not supported")
	ErrKeyPrivate     = errors.New("COSE_Key holds private key material")
)

// ParseKey returns the public key of a COSE_Key (RFC 9052 section 7, RFC 9053
// section 7): EC2 on P-256, P-384 or P-521, with y as bytes or as the sign bit of
// a compressed point, and OKP Ed25519. Other curves, brainpool included, are
// ErrKeyUnsupported.
func ParseKey(b []byte) (crypto.PublicKey, error) {
	var m map[any]cbor.RawMessage
	if !is(b, majorMap) || strictcbor.Unmarshal(b, &m) != nil {
		return nil, ErrKeyMalformed
	}
	if _, ok := m[int64(-4)]; ok {
		return nil, ErrKeyPrivate
	}
	kty, err := integer(m[int64(1)])
	if err != nil {
		return nil, ErrKeyMalformed
	}
	if kty != ktyOKP && kty != ktyEC2 {
		return nil, ErrKeyUnsupported
	}
	crv, err := integer(m[int64(-1)])
	if err != nil {
		return nil, ErrKeyMalformed
	}
	if kty == ktyOKP {
		return okpKey(crv, m)
	}
	return ec2Key(crv, m)
}

// Key types (IANA COSE Key Types).
const (
	ktyOKP = 1
	ktyEC2 = 2
)

func okpKey(crv int64, m map[any]cbor.RawMessage) (crypto.PublicKey, error) {
	if crv != 6 {
		return nil, ErrKeyUnsupported
	}
	x, err := byteString(m[int64(-2)])
	if err != nil || len(x) != ed25519.PublicKeySize {
		return nil, ErrKeyMalformed
	}
	return ed25519.PublicKey(x), nil
}

const (
	cborFalse = 0xf4
	cborTrue  = 0xf5
)

func ec2Key(crv int64, m map[any]cbor.RawMessage) (crypto.PublicKey, error) {
	var c elliptic.Curve
	switch crv {
	case 1:
		c = elliptic.P256()
	case 2:
		c = elliptic.P384()
	case 3:
		c = elliptic.P521()
	default:
		return nil, ErrKeyUnsupported
	}
	n := (c.Params().BitSize + 7) / 8
	x, err := byteString(m[int64(-2)])
	if err != nil || len(x) != n {
		return nil, ErrKeyMalformed
	}
	rawY := m[int64(-3)]
	if len(rawY) == 1 && (rawY[0] == cborFalse || rawY[0] == cborTrue) {
		return compressed(c, x, rawY[0] == cborTrue)
	}
	y, err := byteString(rawY)
	if err != nil || len(y) != n {
		return nil, ErrKeyMalformed
	}
	point := append(append([]byte{4}, x...), y...)
	key, err := ecdsa.ParseUncompressedPublicKey(c, point)
	if err != nil {
		return nil, ErrKeyMalformed
	}
	return key, nil
}

func compressed(c elliptic.Curve, x []byte, odd bool) (crypto.PublicKey, error) {
	sign := byte(2)
	if odd {
		sign = 3
	}
	px, py := elliptic.UnmarshalCompressed(c, append([]byte{sign}, x...))
	if px == nil {
		return nil, ErrKeyMalformed
	}
	point := make([]byte, 1+2*len(x))
	point[0] = 4
	px.FillBytes(point[1 : 1+len(x)])
	py.FillBytes(point[1+len(x):])
	key, err := ecdsa.ParseUncompressedPublicKey(c, point)
	if err != nil {
		return nil, ErrKeyMalformed
	}
	return key, nil
}
