package pki

import (
	"crypto/rsa"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// A key for RSASSA-PSS alone is good for whoever signs lists, and for nobody else.
func TestParseListSigner(t *testing.T) {
	pss := der(t, pemRsapss)
	if _, err := Parse(pss); reason.CodeOf(err) != reason.AlgUnsupported {
		t.Errorf("in a chain: %v", err)
	}
	cert, err := ParseListSigner(pss)
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() < 2048 {
		t.Errorf("key %T", cert.PublicKey)
	}
	for name, c := range map[string]struct {
		der  []byte
		code reason.Code
	}{
		"brainpool": {der(t, pemBrainpoolP256r1), reason.AlgUnsupported}, "Ed448": {der(t, pemEd448), reason.AlgUnsupported},
		"negative serial": {der(t, pemNegative), reason.ChainInvalid}, "cut off": {pss[:len(pss)-1], reason.ChainInvalid},
		"nothing": {nil, reason.ChainInvalid}, "too large": {make([]byte, MaxCertificate+1), reason.ChainTooLong},
	} {
		if cert, err := ParseListSigner(c.der); reason.CodeOf(err) != c.code || cert != nil {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}
