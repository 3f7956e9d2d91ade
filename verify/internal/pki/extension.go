package pki

import (
	"crypto/x509"
	"encoding/asn1"

	"github.com/edgetrust/edgetrust/verify/reason"
)

var oidKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 15}

// forbidden holds the extensions that ISO/IEC 18013-5 Annex B forbids in every
// certificate of a path (credentials 2.4). Each of them narrows what the path is
// good for, and none of them is processed here, so that a path with one is
// refused in every profile: critical or not, leaf, intermediate or anchor.
var forbidden = []struct {
	oid  asn1.ObjectIdentifier
	name string
}{
	{asn1.ObjectIdentifier{2, 5, 29, 33}, "PolicyMappings"},
	{asn1.ObjectIdentifier{2, 5, 29, 30}, "NameConstraints"},
	{asn1.ObjectIdentifier{2, 5, 29, 36}, "PolicyConstraints"},
	{asn1.ObjectIdentifier{2, 5, 29, 54}, "InhibitAnyPolicy"},
	{asn1.ObjectIdentifier{2, 5, 29, 46}, "FreshestCRL"},
}

func checkForbidden(cert *x509.Certificate, i int) error {
	for _, f := range forbidden {
		if hasExtension(cert, f.oid) {
			return reason.Refuse(reason.ChainProfileViolation, "certificate %d has the forbidden extension %s", i, f.name)
		}
	}
	return nil
}

func hasExtension(cert *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for _, e := range cert.Extensions {
		if e.Id.Equal(oid) {
			return true
		}
	}
	return false
}

// algorithms are the signature algorithms a certificate may be signed with. The
// false ones are known and broken, or too short.
var algorithms = map[x509.SignatureAlgorithm]bool{
	x509.ECDSAWithSHA256:  true,
	x509.ECDSAWithSHA384:  true,
	x509.ECDSAWithSHA512:  true,
	x509.PureEd25519:      true,
	x509.SHA256WithRSA:    true,
	x509.SHA384WithRSA:    true,
	x509.SHA512WithRSA:    true,
	x509.SHA256WithRSAPSS: true,
	x509.SHA384WithRSAPSS: true,
	x509.SHA512WithRSAPSS: true,
	x509.MD2WithRSA:       false,
	x509.MD5WithRSA:       false,
	x509.SHA1WithRSA:      false,
	x509.DSAWithSHA1:      false,
	x509.DSAWithSHA256:    false,
	x509.ECDSAWithSHA1:    false,
}

func checkAlgorithm(cert *x509.Certificate, i int) error {
	good, known := algorithms[cert.SignatureAlgorithm]
	switch {
	case !known:
		return reason.Refuse(reason.AlgUnsupported, "certificate %d is signed with an algorithm that is not supported", i)
	case !good:
		return reason.Refuse(reason.ChainInvalid, "certificate %d is signed with a broken algorithm", i)
	}
	return nil
}
