package pki

import (
	"bytes"
	"crypto/x509"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// SelfSigned says whether a certificate names itself as its issuer: same name to
// the octet, and the same key identifiers where both are there. There is no
// arithmetic, so it is a statement about what the certificate says of itself.
func SelfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && keyIDsAgree(c, c)
}

// AgreesWithAnchor says whether the anchor can be the certificate's issuer: the
// names are equal to the octet, and the key identifiers where both are there.
// Whether it is the issuer, a signature has to show.
func AgreesWithAnchor(c, anchor *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, anchor.RawSubject) && keyIDsAgree(c, anchor)
}

func keyIDsAgree(c, issuer *x509.Certificate) bool {
	return len(c.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 ||
		bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId)
}

// Country returns the subject's countryName, normalised (Greece is GR); "" when
// there is none, or several that differ.
func Country(c *x509.Certificate) string {
	return trustlist.Territory(only(c.Subject.Country))
}

// State returns the subject's stateOrProvinceName; "" when there is none, or
// several that differ.
func State(c *x509.Certificate) string { return only(c.Subject.Province) }

func only(values []string) string {
	for _, v := range values {
		if v != values[0] {
			return ""
		}
	}
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
