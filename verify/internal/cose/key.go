package cose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"math/big"

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
	if len(b) == 0 || b[0]>>5 != 5 || strictcbor.Unmarshal(b, &m) != nil {
		return nil, ErrKeyMalformed
	}
	if _, ok := m[int64(-4)]; ok {
		return nil, ErrKeyPrivate
	}
	kty, errT := integer(m[int64(1)])
	crv, errC := integer(m[int64(-1)])
	if errT != nil || errC != nil {
		return nil, ErrKeyMalformed
	}
	switch kty {
	case 1:
		return okpKey(crv, m)
	case 2:
		return ec2Key(crv, m)
	default:
		return nil, ErrKeyUnsupported
	}
}

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
	if len(rawY) == 1 && (rawY[0] == 0xf4 || rawY[0] == 0xf5) {
		return compressed(c, x, rawY[0] == 0xf5)
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
	head := byte(2)
	if odd {
		head = 3
	}
	px, py := elliptic.UnmarshalCompressed(c, append([]byte{head}, x...))
	if px == nil {
		return nil, ErrKeyMalformed
	}
	return &ecdsa.PublicKey{Curve: c, X: px, Y: new(big.Int).Set(py)}, nil
}

func integer(v cbor.RawMessage) (int64, error) {
	var n int64
	if !isInt(v) || strictcbor.Unmarshal(v, &n) != nil {
		return 0, ErrKeyMalformed
	}
	return n, nil
}
