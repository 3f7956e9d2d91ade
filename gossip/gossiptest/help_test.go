package gossiptest_test

import (
	"crypto/x509"

	"github.com/edgetrust/edgetrust/gossip"
)

func shows(c gossip.Credentials) func() *x509.Certificate {
	return func() *x509.Certificate { return c.Certificate }
}

func nobody() *x509.Certificate { return nil }
