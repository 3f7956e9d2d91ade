package xmldsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
)

// signer is a key with its certificate.
type signer struct {
	key  crypto.Signer
	cert *x509.Certificate
}

var (
	notBefore = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	signTime  = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
)

// rsaKey makes RSA keys once per size: they are slow to make.
var rsaKeys sync.Map

func newKey(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	if curve := curves[kind]; curve != nil {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	if key, ok := rsaKeys.Load(kind); ok {
		return key.(crypto.Signer)
	}
	bits := map[string]int{"RSA-1024": 1024, "RSA-2048": 2048, "RSA-3072": 3072}[kind]
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	rsaKeys.Store(kind, key)
	return key
}

func newSigner(t testing.TB, name, kind string) signer {
	t.Helper()
	key := newKey(t, kind)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name, Country: []string{"EU"}},
		NotBefore: notBefore, NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, cert}
}

// pins returns what verifies a document of s.
func (s signer) pins() []*x509.Certificate { return []*x509.Certificate{s.cert} }

// sample is a small list with what makes canonicalisation work: namespaces of
// several kinds, comments, references and literal white space in an attribute.
const sample = `<?xml version="1.0" encoding="UTF-8"?>
<!-- a list -->
<l:List xmlns:l="urn:list" xmlns="urn:plain" xmlns:unused="urn:unused" Id="root" l:Tag='a "b"
	c&#10;d'>
  <l:Number b="2" a="1">7<!-- not 8 --></l:Number>
  <Name xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="en">A &amp; B<![CDATA[ <C> ]]>&#13;</Name>
  <x xmlns=""/>
%SIGNATURE%
</l:List>
`

const signatureTemplate = `  <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="sig"><ds:SignedInfo>
    <ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
    <ds:SignatureMethod Algorithm="%METHOD%"/>
    <ds:Reference Id="ref" URI=""><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="%DIGEST%"/><ds:DigestValue></ds:DigestValue></ds:Reference>
    <ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#props"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="%DIGEST%"/><ds:DigestValue></ds:DigestValue></ds:Reference>
  </ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>
  <ds:KeyInfo><ds:X509Data/></ds:KeyInfo>
  <ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#sig"><xades:SignedProperties Id="props"><xades:SignedSignatureProperties><xades:SigningTime>%TIME%</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>%CERT%</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature>`

const (
	ecdsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	digest256   = "http://www.w3.org/2001/04/xmlenc#sha256"
)

// unsigned returns the sample with an empty signature for s.
func (s signer) unsigned(method, digest string, at time.Time) string {
	sum := sha256.Sum256(s.cert.Raw)
	return strings.NewReplacer("%METHOD%", method, "%DIGEST%", digest,
		"%TIME%", at.Format(time.RFC3339), "%CERT%", base64.StdEncoding.EncodeToString(sum[:]),
	).Replace(strings.Replace(sample, "%SIGNATURE%", signatureTemplate, 1))
}

// sign fills in the digests and the signature value. It takes the parts by place,
// so that a document outside the profile can be signed as well as one within.
func (s signer) sign(t testing.TB, doc string) string {
	t.Helper()
	d := mustParse(t, []byte(doc))
	sig := d.root.FindElement("./Signature")
	if sig == nil {
		t.Fatal("nothing to sign")
	}
	write := func(e *etree.Element) ([]byte, error) { return exclusive(e, nil) }
	for _, ref := range sig.FindElements("./SignedInfo/Reference") {
		target, skip := d.root, sig
		if uri := ref.SelectAttrValue("URI", ""); uri == "#props" {
			target, skip = sig.FindElement("//SignedProperties"), nil
		}
		canon, err := exclusive(target, skip)
		if ref.FindElement("./Transforms") == nil {
			canon, err = inclusive(target)
			write = inclusive // all declarations have to stay
		}
		if err != nil {
			t.Fatal(err)
		}
		hash := hashOf(ref.FindElement("./DigestMethod").SelectAttrValue("Algorithm", ""))
		ref.FindElement("./DigestValue").SetText(base64.StdEncoding.EncodeToString(sum(hash, canon)))
	}
	info, err := exclusive(sig.FindElement("./SignedInfo"), nil)
	if err != nil {
		t.Fatal(err)
	}
	method := sig.FindElement("./SignedInfo/SignatureMethod").SelectAttrValue("Algorithm", "")
	value := s.value(t, method, info)
	sig.FindElement("./SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
	out, err := write(d.root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func hashOf(uri string) crypto.Hash {
	switch {
	case strings.Contains(uri, "sha384"):
		return crypto.SHA384
	case strings.Contains(uri, "sha512"):
		return crypto.SHA512
	case strings.Contains(uri, "sha1"):
		return crypto.SHA1
	}
	return crypto.SHA256
}

func (s signer) value(t testing.TB, method string, msg []byte) []byte {
	t.Helper()
	hash := hashOf(method)
	if key, ok := s.key.(*ecdsa.PrivateKey); ok {
		r, ss, err := ecdsa.Sign(rand.Reader, key, sum(hash, msg))
		if err != nil {
			t.Fatal(err)
		}
		n := (key.Curve.Params().BitSize + 7) / 8
		out := make([]byte, 2*n)
		r.FillBytes(out[:n])
		ss.FillBytes(out[n:])
		return out
	}
	var opts crypto.SignerOpts = hash
	if strings.HasSuffix(method, "MGF1") {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	out, err := s.key.Sign(rand.Reader, sum(hash, msg), opts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
