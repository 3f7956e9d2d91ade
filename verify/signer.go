package verify

import (
	"crypto/x509"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
)

// ParseListSigner parses the DER certificate of a trust list's signer, as an
// operator pins it. Beside the keys that crypto/x509 reads it takes RSASSA-PSS keys
// (RFC 4055), which national signers have. The refusals are chain_invalid,
// chain_too_long and alg_unsupported.
func ParseListSigner(der []byte) (*x509.Certificate, error) { return pki.ParseListSigner(der) }
