package verifytest

import (
	"crypto/x509"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
)

// VerifyXMLSignature does what every reader of an XML list has to do, and nothing
// else: parse, canonicalise, digest, verify. Benchmarks hold readers against it.
func VerifyXMLSignature(list []byte, signers []*x509.Certificate) error {
	d, err := xmldsig.Parse(list)
	if err != nil {
		return err
	}
	_, err = d.Verify(signers)
	return err
}
