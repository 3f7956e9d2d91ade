package identity

import (
	"crypto/x509"
	"strings"
)

// JurisdictionPrefix begins the URI by which a certificate names a jurisdiction.
const JurisdictionPrefix = "urn:edgetrust:jurisdiction:"

// NameOf is the name of the node that a certificate is for: its first DNS name. "": none.
func NameOf(cert *x509.Certificate) string {
	if len(cert.DNSNames) == 0 {
		return ""
	}
	return cert.DNSNames[0]
}

// JurisdictionOf is the jurisdiction that a certificate names. "": none, or not one.
func JurisdictionOf(cert *x509.Certificate) string {
	found := ""
	for _, uri := range cert.URIs {
		j, ok := strings.CutPrefix(uri.String(), JurisdictionPrefix)
		switch {
		case !ok:
		case !isJurisdiction(j), found != "" && found != j: // it could be taken for either
			return ""
		default:
			found = j
		}
	}
	return found
}

func isJurisdiction(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}
