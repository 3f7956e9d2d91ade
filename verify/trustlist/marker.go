package trustlist

import (
	"crypto/x509"
	"encoding/asn1"
)

// TestMarker is a non-critical certificate extension that every certificate of a
// test ecosystem carries. A node outside dev mode refuses anchors and signers that
// have it, so that a demonstration's keys never end up in production trust. The
// identifier is made up: it means something to this product alone.
var TestMarker = asn1.ObjectIdentifier{2, 25, 1732519, 20261, 125, 1}

// IsTest says whether a certificate belongs to a test ecosystem.
func IsTest(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(TestMarker) {
			return true
		}
	}
	return false
}
