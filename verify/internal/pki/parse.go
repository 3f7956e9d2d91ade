// Package pki is the certificate work under every format: parsing a presented
// chain, the RFC 5280 path from a leaf to a trust anchor, and the certificate
// profiles of ISO/IEC 18013-5 Annex B and the ETSI and OpenID profiles of EU
// wallets.
//
// Most callers use ParseChain, CutAnchor, BuildPath (or CheckDirect, for an
// anchor that is the signer itself) and Profile.Check, in this order.
//
// A path is never searched for. The chain is taken in the order it was presented,
// each certificate is signed by the next one and the last one by the anchor the
// caller chose; each link costs one signature verification. There is no
// revocation checking here but what a certificate says of it, no policy tree, and no
// name constraints: a certificate with constraints that are not processed is refused.
package pki

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Limits (trust lists section 5, validate step 3).
const (
	MaxChain       = 5        // certificates in a chain, the anchor not counted
	MaxCertificate = 16 << 10 // bytes of one certificate's DER
)

// ParseChain parses DER certificates, leaf first. It checks form and keys only:
// what came out is not trusted.
//
// The refusals are chain_too_long, alg_unsupported (a key that is not RSA of 2048
// to 8192 bits, EC on P-256, P-384 or P-521, or Ed25519; brainpool, secp256k1,
// compressed and RSASSA-PSS keys are among those) and chain_invalid (no certificate, or one that
// does not parse, as with a negative serial number).
func ParseChain(ders [][]byte) ([]*x509.Certificate, error) {
	if len(ders) == 0 {
		return nil, reason.Refuse(reason.ChainInvalid, "there is no certificate")
	}
	if len(ders) > MaxChain {
		return nil, reason.Refuse(reason.ChainTooLong, "more than %d certificates", MaxChain)
	}
	chain := make([]*x509.Certificate, 0, len(ders))
	for i, der := range ders {
		cert, err := parse(der, i)
		if err != nil {
			return nil, err
		}
		chain = append(chain, cert)
	}
	return chain, nil
}

// Parse is ParseChain for one certificate that is no part of a chain.
func Parse(der []byte) (*x509.Certificate, error) { return parse(der, 0) }

func parse(der []byte, i int) (*x509.Certificate, error) {
	if len(der) > MaxCertificate {
		return nil, reason.Refuse(reason.ChainTooLong, "certificate %d is larger than %d bytes", i, MaxCertificate)
	}
	cert, err := x509.ParseCertificate(der)
	switch {
	case err == nil && supportedKey(cert.PublicKey):
		return cert, nil
	case err == nil, unsupportedForm(der):
		return nil, reason.Refuse(reason.AlgUnsupported, "certificate %d has a key of a type, curve, form or size that is not supported", i)
	default:
		return nil, reason.Refuse(reason.ChainInvalid, "certificate %d does not parse", i)
	}
}

// supportedKey says whether a signature by this key could be verified at all.
// crypto/x509 leaves the key nil for algorithms it does not know, RSASSA-PSS keys
// (RFC 4055) and Ed448 included, and parses P-224, DSA and X25519, which no
// profile of ours uses.
func supportedKey(key any) bool {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521()
	case *rsa.PublicKey:
		n := k.N.BitLen()
		return n >= sigalg.MinRSABits && n <= sigalg.MaxRSABits
	case ed25519.PublicKey:
		return true
	default:
		return false
	}
}
