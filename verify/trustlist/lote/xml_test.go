package lote

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// TestXMLBinding: the XML lists of the vectors are refused for what they are,
// although the signatures of two of them are good. The third has a signature
// without XAdES properties.
func TestXMLBinding(t *testing.T) {
	pinned := []*x509.Certificate{certificate(t, "wp4trust-signer.pem")}
	for _, c := range []struct {
		file string
		err  error
	}{
		{"wp4trust-pid_providers.xml", nil},
		{"wp4trust-wrpac_providers.xml", nil},
		{"webuild-list_of_trusted_lists.xml", xmldsig.ErrMalformed},
	} {
		t.Run(c.file, func(t *testing.T) {
			b := read(t, c.file)
			doc, err := xmldsig.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := doc.Verify(pinned); !errors.Is(err, c.err) {
				t.Errorf("signature: got %v, want %v", err, c.err)
			}
			if _, err := doc.Verify([]*x509.Certificate{operator(t, nil).cert}); err == nil {
				t.Error("signature: a stranger's is good")
			}
			for _, b := range []string{string(b), "\ufeff" + string(b), "\r\n" + string(b)} {
				_, err := Parse([]byte(b))
				want(t, err, reason.TrustListMalformed)
				if !strings.Contains(err.Error(), "XML binding is not read") {
					t.Errorf("the refusal does not say why: %v", err)
				}
			}
		})
	}
}
