package xmldsig

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// vector returns a file of the real trusted lists, uncompressed.
func vector(t testing.TB, name string) []byte {
	t.Helper()
	return vectortest.Read(t, "trustlists-ts119612", name)
}

// pemCerts returns the certificates of a PEM file of the vectors.
func pemCerts(t testing.TB, name string) []*x509.Certificate {
	t.Helper()
	return vectortest.Certificates(t, "trustlists-ts119612", name)
}

// pointers reads the signer certificates per territory out of a verified LOTL.
func pointers(t testing.TB, content []byte) map[string][]*x509.Certificate {
	t.Helper()
	var list struct {
		Pointers []struct {
			Certs     []string `xml:"ServiceDigitalIdentities>ServiceDigitalIdentity>DigitalId>X509Certificate"`
			Territory []string `xml:"AdditionalInformation>OtherInformation>SchemeTerritory"`
			Mime      []string `xml:"AdditionalInformation>OtherInformation>MimeType"`
		} `xml:"SchemeInformation>PointersToOtherTSL>OtherTSLPointer"`
	}
	if err := xml.Unmarshal(content, &list); err != nil {
		t.Fatal(err)
	}
	out := map[string][]*x509.Certificate{}
	for _, p := range list.Pointers {
		if len(p.Territory) != 1 || len(p.Mime) != 1 || p.Mime[0] != "application/vnd.etsi.tsl+xml" {
			continue
		}
		for _, s := range p.Certs {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
			if err != nil {
				t.Fatal(err)
			}
			if cert, err := x509.ParseCertificate(der); err == nil {
				out[p.Territory[0]] = append(out[p.Territory[0]], cert)
			}
		}
	}
	return out
}

// keyInfo returns the certificates that a list carries about itself, which only a
// test may ask for.
func keyInfo(t testing.TB, d *Document) (certs []*x509.Certificate) {
	t.Helper()
	for _, e := range d.root.FindElements("//X509Data/X509Certificate") {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.Text()), ""))
		if err != nil {
			t.Fatal(err)
		}
		if cert, err := x509.ParseCertificate(der); err == nil {
			certs = append(certs, cert)
		}
	}
	return certs
}

func mustParse(t testing.TB, b []byte) *Document {
	t.Helper()
	d, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// verifyList verifies a real list and checks that a foreign pin does not.
func verifyList(t *testing.T, name string, pinned []*x509.Certificate) *Signed {
	t.Helper()
	d := mustParse(t, vector(t, name))
	signed, err := d.Verify(pinned)
	if err != nil {
		t.Fatalf("%s, %d pinned: %v", name, len(pinned), err)
	}
	if !strings.HasPrefix(string(signed.Content), "<") || bytes.Contains(signed.Content, []byte("SignatureValue>")) {
		t.Errorf("%s: content still holds the signature", name)
	}
	if _, err := d.Verify(foreign(t)); !errors.Is(err, ErrSigner) {
		t.Errorf("%s, foreign pin: %v", name, err)
	}
	return signed
}

func foreign(t *testing.T) []*x509.Certificate {
	return []*x509.Certificate{nil, newSigner(t, "foreign", "P-256").cert}
}

func TestRealListsOf2026(t *testing.T) {
	lotl := verifyList(t, "2026-08/eu-lotl-390.xml.gz", pemCerts(t, "2026-08/oj-C-2026-1944-signers.pem"))
	if !lotl.SigningCertificateV2 {
		t.Error("LOTL 390 does not name its signer by SigningCertificateV2")
	}
	named := pointers(t, lotl.Content)
	for _, cc := range strings.Fields("AT BE BG CY CZ DK EE EL ES FI FR IE IS LT LU MT NL PT RO SE UK") {
		verifyList(t, "2026-08/TL-"+cc+".xml.gz", named[cc])
	}
	// The copy of HR is so old that the LOTL names its signer no more.
	d := mustParse(t, vector(t, "2026-08/TL-HR.xml.gz"))
	if _, err := d.Verify(named["HR"]); !errors.Is(err, ErrSigner) {
		t.Errorf("HR by its pointer: %v", err)
	}
	if _, err := d.Verify(keyInfo(t, d)); err != nil {
		t.Errorf("HR by its own certificate: %v", err)
	}
}

func TestRealListsOf2019(t *testing.T) {
	lotl := verifyList(t, "2019-09/eu-lotl-248.xml.gz", pemCerts(t, "2019-09/oj-C-2019-276-signers.pem"))
	if lotl.SigningCertificateV2 {
		t.Error("LOTL 248 names its signer by SigningCertificateV2")
	}
	named := pointers(t, lotl.Content)
	for _, cc := range strings.Fields("AT BE CZ DK EL FI LI LU UK") {
		verifyList(t, "2019-09/TL-"+cc+".xml.gz", named[cc])
	}
}

func TestRealPivots(t *testing.T) {
	d := mustParse(t, vector(t, "pivots-real/eu-lotl-pivot-172.xml.gz"))
	if _, err := d.Verify(keyInfo(t, d)); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("pivot 172, RSA of 1024 bits: %v", err)
	}
	pivot, err := d.UnsafeVerifyHistoric(keyInfo(t, d))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"pivots-real/eu-lotl-pivot-191.xml.gz", "pivots-real/eu-lotl-pivot-226.xml.gz",
		"pivots-real/eu-lotl-pivot-247.xml.gz", "2019-09/eu-lotl-248.xml.gz",
	} {
		pivot = verifyList(t, name, pointers(t, pivot.Content)["EU"])
	}
	pins := pemCerts(t, "2019-09/oj-C-2019-276-signers.pem")
	for _, number := range []string{"282", "300", "335", "341"} {
		pivot = verifyList(t, "pivots-real/eu-lotl-pivot-"+number+".xml.gz", pins)
		pins = pointers(t, pivot.Content)["EU"]
	}
	verifyList(t, "2026-08/eu-lotl-390.xml.gz", pins)
}

// TestBrokenLists gives every file the certificates that it carries itself, so that
// nothing but its fault can refuse it.
func TestBrokenLists(t *testing.T) {
	for name, want := range map[string]error{
		"broken/eu-lotl_broken-sig.xml.gz":                            ErrSignature,
		"broken/eu-lotl_non-compliant.xml.gz":                         ErrSignature,
		"broken/eu-lotl_not-parsable.xml.gz":                          ErrMalformed,
		"broken/eu-lotl_xml-directive-removed.xml.gz":                 nil,
		"broken/tl_pivot_247_mp_broken-sig.xml.gz":                    ErrSignature,
		"broken/tl_pivot_247_mp_missing-pivot.xml.gz":                 ErrSignature,
		"broken/tl_pivot_247_mp_no-sig.xml.gz":                        ErrUnsigned,
		"broken/tl_pivot_247_mp_with-bom.xml.gz":                      nil,
		"broken/CZ_broken-sig.xml.gz":                                 ErrSignature,
		"broken/CZ_not-compliant.xml.gz":                              ErrSignature,
		"broken/CZ_two-sigs.xml.gz":                                   ErrWrapping,
		"broken/CZ_empty.xml.gz":                                      ErrMalformed,
		"broken/tsl-sk-minimal-dss-1911.xml.gz":                       ErrSignature,
		"broken/fi-v5.xml.gz":                                         nil,
		"broken/fi-v5-invalid.xml.gz":                                 nil, // its structure is for the reader of lists
		"broken/fi-v6.xml.gz":                                         nil,
		"broken/fi-v6-sig-cert.xml.gz":                                nil, // Signed says which version of the property
		"broken/fi-v6-no-service-information.xml.gz":                  ErrSignature,
		"broken/tl-ecdsa-brainpool.xml.gz":                            ErrSigner, // crypto/x509 cannot hold the certificate
		"broken/xsw-TSL-CY-sign.xml":                                  nil,
		"broken/xsw-original.xml.gz":                                  nil,
		"broken/xsw-enveloped-fake-content.xml.gz":                    ErrWrapping,
		"broken/xsw-enveloped-fake-content-two-same-id.xml.gz":        ErrWrapping,
		"broken/xmldsig-invalid-signature-changed-content.xml":        ErrMalformed,
		"broken/xmldsig-invalid-signature-non-existing-reference.xml": ErrMalformed,
		"g119612/SE-TL.xml":                                           nil,
		"g119612/SE-TL-bad-sig.xml":                                   ErrSignature,
		"g119612/EWC-TL.xml":                                          ErrUnsigned,
		"g119612/test-trust-list-no-sig.xml":                          ErrUnsigned,
		"g119612/test-trust-list-with-sig.xml":                        ErrMalformed, // no XAdES
		"g119612/TSL-with-pdf-pointer.xml":                            ErrMalformed,
		"other/ee-test-lotl-TSL.xml":                                  ErrAlgorithm, // inclusive canonicalisation
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Parse(vector(t, name))
			var signed *Signed
			if err == nil {
				signed, err = d.Verify(keyInfo(t, d))
			}
			if !errors.Is(err, want) || want == nil && err != nil {
				t.Fatalf("got %v, want %v", err, want)
			}
			if strings.Contains(name, "fi-v6") && signed != nil && signed.SigningCertificateV2 == strings.Contains(name, "sig-cert") {
				t.Error("the version of SigningCertificate is wrong")
			}
		})
	}
}
