package etsitl

import (
	"crypto/rsa"
	"testing"
)

// The signers of the German list have keys for RSASSA-PSS alone, which crypto/x509
// leaves nil. Without them the largest country has no list.
func TestGermanSigners(t *testing.T) {
	l := lotl(t, lotl2026)
	signers := pointerTo(t, l, "DE").Signers
	if len(signers) != 2 || len(l.Skipped) != 0 {
		t.Fatalf("%d signers, skipped %+v", len(signers), l.Skipped)
	}
	for _, s := range signers {
		if key, ok := s.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() != 4096 {
			t.Errorf("%s: key %T", s.Subject, s.PublicKey)
		}
	}
}
