package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1" // for the digest of SigningCertificate alone
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"
	"math/big"

	"github.com/beevik/etree"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
)

// historicRSABits is the smallest RSA modulus that UnsafeVerifyHistoric takes, for
// RSA-SHA256 alone.
const historicRSABits = 1024

func forbidden(what string) error { return fmt.Errorf("%w: %s", ErrAlgorithm, what) }

// method is a signature algorithm (RFC 9231 section 2.3). For RSA rsa names the
// same algorithm as JOSE does; ECDSA is bound to no curve in XML, so that P-256
// with SHA-512 is legal and in use.
type method struct {
	rsa  sigalg.Alg
	hash crypto.Hash
}

func readMethod(e *etree.Element) (method, error) {
	alg, err := algorithm(e)
	if err != nil {
		return method{}, err
	}
	switch alg {
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":
		return method{sigalg.RS256, crypto.SHA256}, nil
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":
		return method{sigalg.RS384, crypto.SHA384}, nil
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":
		return method{sigalg.RS512, crypto.SHA512}, nil
	case "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1":
		return method{sigalg.PS256, crypto.SHA256}, nil
	case "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1":
		return method{sigalg.PS384, crypto.SHA384}, nil
	case "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1":
		return method{sigalg.PS512, crypto.SHA512}, nil
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256":
		return method{"", crypto.SHA256}, nil
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384":
		return method{"", crypto.SHA384}, nil
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512":
		return method{"", crypto.SHA512}, nil
	}
	return method{}, forbidden("the signature method")
}

// verify checks a signature value over msg.
func (m method) verify(key crypto.PublicKey, msg, value []byte, historic bool) error {
	if m.rsa == "" {
		return m.verifyECDSA(key, msg, value)
	}
	if k, ok := key.(*rsa.PublicKey); ok && historic && short(k) && m.rsa == sigalg.RS256 {
		if rsa.VerifyPKCS1v15(k, m.hash, sum(m.hash, msg), value) != nil {
			return ErrSignature
		}
		return nil
	}
	switch err := sigalg.Verify(m.rsa, key, msg, value); {
	case errors.Is(err, sigalg.ErrSignature):
		return ErrSignature
	case err != nil:
		return forbidden("the key of the signer")
	}
	return nil
}

func short(k *rsa.PublicKey) bool {
	return k.N.BitLen() >= historicRSABits && k.N.BitLen() < sigalg.MinRSABits
}

// verifyECDSA takes r and s one after the other, each as long as the order of the
// curve (XML Signature 1.1 section 6.4.3).
func (m method) verifyECDSA(key crypto.PublicKey, msg, value []byte) error {
	k, ok := key.(*ecdsa.PublicKey)
	if !ok || k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
		return forbidden("the key of the signer")
	}
	n := (k.Curve.Params().BitSize + 7) / 8
	if len(value) != 2*n {
		return ErrSignature
	}
	r, s := new(big.Int).SetBytes(value[:n]), new(big.Int).SetBytes(value[n:])
	if !ecdsa.Verify(k, sum(m.hash, msg), r, s) {
		return ErrSignature
	}
	return nil
}

// digest is a DigestMethod with its DigestValue.
type digest struct {
	hash  crypto.Hash
	value []byte
}

func readDigest(method, value *etree.Element) (d digest, err error) {
	if !is(method, nsDSig, "DigestMethod") || !is(value, nsDSig, "DigestValue") {
		return d, malformed("a digest")
	}
	alg, err := algorithm(method)
	if err != nil {
		return d, err
	}
	switch alg {
	case "http://www.w3.org/2001/04/xmlenc#sha256":
		d.hash = crypto.SHA256
	case "http://www.w3.org/2001/04/xmldsig-more#sha384":
		d.hash = crypto.SHA384
	case "http://www.w3.org/2001/04/xmlenc#sha512":
		d.hash = crypto.SHA512
	case "http://www.w3.org/2000/09/xmldsig#sha1":
		d.hash = crypto.SHA1 // whoever verifies a digest of content refuses this one
	default:
		return d, forbidden("a digest")
	}
	d.value, err = base64Text(value, maxDigest)
	return d, err
}

// verify checks a digest of content.
func (d digest) verify(b []byte) error {
	if d.hash == crypto.SHA1 {
		return forbidden("SHA-1")
	}
	if !d.is(b) {
		return ErrSignature
	}
	return nil
}

func (d digest) is(b []byte) bool { return bytes.Equal(d.value, sum(d.hash, b)) }

func sum(hash crypto.Hash, b []byte) []byte {
	h := hash.New()
	h.Write(b)
	return h.Sum(nil)
}
