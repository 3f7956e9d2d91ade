package xmldsig

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tampering is what is done to each document of TestSignedByXmlsec.
var tampering = []struct {
	name, old, new string
	want           error
}{
	{"a number", `>7<`, `>8<`, ErrSignature},
	{"an attribute", ` b="2"`, ` b="3"`, ErrSignature},
	{"white space", `>7<`, `> 7<`, ErrSignature},
	{"an element more", `</l:Number>`, `</l:Number><l:Number/>`, ErrSignature},
	{"an element less", `<l:Number b="2" a="1">7<!-- not 8 --></l:Number>`, ``, ErrSignature},
	{"a namespace", `xmlns:l="urn:list"`, `xmlns:l="urn:other"`, ErrSignature},
	{"the signing time", `2026-06-15T12:00:00Z`, `2026-06-15T12:00:01Z`, ErrSignature},
	{"the digest of the document", `<ds:DigestValue>`, `<ds:DigestValue>AAAA`, ErrSignature},
	{"the signature value", `<ds:SignatureValue>`, `<ds:SignatureValue>AAAA`, ErrSignature},
	{"the method", `CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"`, `CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"`, ErrAlgorithm},
	{"the name of the signer", `<xades:CertDigest>`, `<xades:CertDigest><!-- -->`, nil}, // a comment is no change
	{"a transform", `xmldsig#enveloped-signature`, `xmldsig#base64`, ErrWrapping},
	{"the reference", `URI=""`, `URI="#props"`, ErrWrapping},
	{"a reference less", `Type="http://uri.etsi.org/01903#SignedProperties"`, `Type="urn:other"`, ErrWrapping},
	{"an identifier", `<l:Number `, `<l:Number Id="props" `, ErrWrapping},
	{"a second signature", `</l:List>`, `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></l:List>`, ErrWrapping},
	{"a document type", `<l:List `, `<!DOCTYPE l><l:List `, ErrDTD},
}

// TestSignedByXmlsec verifies documents that another implementation signed, each
// with two references, and checks that every kind of tampering is noticed.
func TestSignedByXmlsec(t *testing.T) {
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		t.Skip("xmlsec1 is not installed (Debian: xmlsec1)")
	}
	const more, enc = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
	makes := []struct{ key, method, digest string }{
		{"P-256", more + "ecdsa-sha256", enc + "sha256"},
		{"RSA-2048", more + "rsa-sha256", enc + "sha256"},
		{"P-384", more + "ecdsa-sha384", more + "sha384"},
		{"RSA-3072", more + "rsa-sha512", enc + "sha512"},
		{"P-521", more + "ecdsa-sha512", enc + "sha512"},
		{"RSA-2048", more + "rsa-sha384", more + "sha384"},
		{"P-256", more + "ecdsa-sha512", enc + "sha512"},
	}
	for i := range many(len(makes), 70) {
		m := makes[i%len(makes)]
		t.Run(fmt.Sprintf("%d %s", i, m.key), func(t *testing.T) {
			s := newSigner(t, "list signer", m.key)
			doc := s.unsigned(m.method, m.digest, signTime)
			// Something different to canonicalise each time.
			_, twin := generate(rand.New(rand.NewPCG(uint64(i), 119)), i)
			root := strings.LastIndexByte(twin[:strings.Index(twin, "root")], '<')
			doc = strings.Replace(doc, `<x xmlns=""/>`, twin[root:], 1)
			signed := xmlsec(t, s, doc)
			d := mustParse(t, signed)
			got, err := d.Verify(s.pins())
			if err != nil {
				t.Fatal(err)
			}
			if got.Signer != s.cert || !got.SigningTime.Equal(signTime) || !got.SigningCertificateV2 ||
				!bytes.HasPrefix(got.Content, []byte(`<l:List xmlns:l="urn:list" Id="root" l:Tag="a &quot;b&quot;`)) {
				t.Errorf("signed: %v, %s", got.SigningTime, got.Content)
			}
			for _, c := range tampering {
				bad := strings.Replace(string(signed), c.old, c.new, 1)
				if bad == string(signed) {
					t.Fatalf("%s: nothing changed", c.name)
				}
				check(t, bad, s.pins(), c.want)
			}
		})
	}
}

// xmlsec fills in the digests and the signature value.
func xmlsec(t *testing.T, s signer, doc string) []byte {
	t.Helper()
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	key, in, out := filepath.Join(dir, "key.pem"), filepath.Join(dir, "in.xml"), filepath.Join(dir, "out.xml")
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	// An empty X509Data would make it write one of its own.
	doc = strings.Replace(doc, "<ds:X509Data/>", "<ds:KeyName/>", 1)
	if err := os.WriteFile(in, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("xmlsec1", "--sign", "--privkey-pem", key, "--output", out,
		"--id-attr:Id", nsXAdES+":SignedProperties", in)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("xmlsec1: %v\n%s", err, msg)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
