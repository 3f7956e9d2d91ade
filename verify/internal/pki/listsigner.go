package pki

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// oidRSASSAPSS is id-RSASSA-PSS (RFC 4055 section 3.1).
var oidRSASSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// ParseListSigner is Parse for the certificate of a trust list's signer, which is
// compared to the octet and never a part of a path. It also takes keys that are
// marked for RSASSA-PSS alone, as the signers of the German trusted list have:
// crypto/x509 leaves such a key nil, so it is read here. The parameters that may
// narrow the key to one hash are not held against a signature; whoever has the key
// chose them.
func ParseListSigner(der []byte) (*x509.Certificate, error) {
	cert, err := Parse(der)
	if err == nil || len(der) > MaxCertificate {
		return cert, err
	}
	pss, parseErr := x509.ParseCertificate(der)
	if parseErr != nil || pss.PublicKey != nil {
		return nil, err
	}
	key, ok := pssKey(pss.RawSubjectPublicKeyInfo)
	if !ok || !supportedKey(key) {
		return nil, err
	}
	pss.PublicKey, pss.PublicKeyAlgorithm = key, x509.RSA
	return pss, nil
}

// pssKey reads a SubjectPublicKeyInfo whose algorithm is RSASSA-PSS.
func pssKey(spki []byte) (*rsa.PublicKey, bool) {
	input := cryptobyte.String(spki)
	var info, alg cryptobyte.String
	var oid asn1.ObjectIdentifier
	var bits asn1.BitString
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !input.Empty() ||
		!info.ReadASN1(&alg, cbasn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidRSASSAPSS) ||
		!info.ReadASN1BitString(&bits) || !info.Empty() {
		return nil, false
	}
	key, err := x509.ParsePKCS1PublicKey(bits.RightAlign())
	return key, err == nil
}
