package etsitl

import (
	"crypto/x509"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
)

// VerifySignature does what the signature of a list needs and nothing else: parse,
// canonicalise, digest, verify. It is the floor that benchmarks hold a reader
// against; what a list says is not looked at, so that this is no reason to trust it.
// The errors are of the XML signature engine and carry no code.
func VerifySignature(list []byte, signers []*x509.Certificate) error {
	d, err := xmldsig.Parse(list)
	if err != nil {
		return err
	}
	_, err = d.Verify(signers)
	return err
}
