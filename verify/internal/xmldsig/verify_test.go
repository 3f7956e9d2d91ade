package xmldsig

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// check verifies a document by certificates and compares the refusal.
func check(t *testing.T, doc string, pinned []*x509.Certificate, want error) *Signed {
	t.Helper()
	d, err := Parse([]byte(doc))
	var signed *Signed
	if err == nil {
		signed, err = d.Verify(pinned)
	}
	if want == nil && err != nil || !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if err != nil && signed != nil {
		t.Error("a refused document has content")
	}
	return signed
}

func TestVerify(t *testing.T) {
	s, other := newSigner(t, "one", "P-256"), newSigner(t, "two", "P-256")
	doc := s.sign(t, s.unsigned(ecdsaSHA256, digest256, signTime))
	signed := check(t, doc, []*x509.Certificate{nil, other.cert, s.cert}, nil)
	want := `<l:List xmlns:l="urn:list" Id="root" l:Tag="a &quot;b&quot;  c&#xA;d">
  <l:Number a="1" b="2">7</l:Number>
  <Name xmlns="urn:plain" xml:lang="en">A &amp; B &lt;C&gt; &#xD;</Name>
  <x></x>
  
</l:List>`
	if string(signed.Content) != want {
		t.Errorf("content\n%s\nwant\n%s", signed.Content, want)
	}
	if signed.Signer != s.cert || !signed.SigningTime.Equal(signTime) || !signed.SigningCertificateV2 {
		t.Errorf("%v at %v", signed.Signer.Subject, signed.SigningTime)
	}
	if _, err := mustParse(t, signed.Content).Verify(s.pins()); !errors.Is(err, ErrUnsigned) {
		t.Errorf("content by itself: %v", err)
	}
	check(t, doc, other.pins(), ErrSigner)
	check(t, doc, nil, ErrSigner)
}

// TestAlgorithms signs by every allowed method and by those that are not.
func TestAlgorithms(t *testing.T) {
	const (
		more = "http://www.w3.org/2001/04/xmldsig-more#"
		pss  = "http://www.w3.org/2007/05/xmldsig-more#"
		enc  = "http://www.w3.org/2001/04/xmlenc#"
		dsig = "http://www.w3.org/2000/09/xmldsig#"
	)
	for _, c := range []struct {
		key, method, digest string
		want                error
	}{
		{"RSA-2048", more + "rsa-sha256", enc + "sha256", nil},
		{"RSA-2048", more + "rsa-sha384", more + "sha384", nil},
		{"RSA-2048", more + "rsa-sha512", enc + "sha512", nil},
		{"RSA-2048", pss + "sha256-rsa-MGF1", enc + "sha256", nil},
		{"RSA-2048", pss + "sha384-rsa-MGF1", enc + "sha256", nil},
		{"RSA-3072", pss + "sha512-rsa-MGF1", enc + "sha512", nil},
		{"P-256", more + "ecdsa-sha256", enc + "sha256", nil},
		{"P-256", more + "ecdsa-sha512", enc + "sha512", nil},
		{"P-384", more + "ecdsa-sha384", enc + "sha512", nil},
		{"P-521", more + "ecdsa-sha512", more + "sha384", nil},
		{"P-521", more + "ecdsa-sha256", enc + "sha256", nil},

		{"RSA-1024", more + "rsa-sha256", enc + "sha256", ErrAlgorithm},
		{"RSA-2048", dsig + "rsa-sha1", enc + "sha256", ErrAlgorithm},
		{"RSA-2048", more + "rsa-sha224", enc + "sha256", ErrAlgorithm},
		{"RSA-2048", pss + "rsa-pss", enc + "sha256", ErrAlgorithm},
		{"RSA-2048", more + "rsa-sha256", dsig + "sha1", ErrAlgorithm},
		{"RSA-2048", more + "rsa-sha256", more + "sha224", ErrAlgorithm},
		{"RSA-2048", more + "ecdsa-sha256", enc + "sha256", ErrAlgorithm}, // a key of the other kind
		{"P-256", more + "rsa-sha256", enc + "sha256", ErrAlgorithm},
		{"P-256", more + "hmac-sha256", enc + "sha256", ErrAlgorithm},
		{"P-256", more + "ecdsa-sha1", enc + "sha256", ErrAlgorithm},
		{"P-256", "", enc + "sha256", ErrAlgorithm},
	} {
		t.Run(c.key+" "+c.method[strings.LastIndex(c.method, "#")+1:], func(t *testing.T) {
			s := newSigner(t, "signer", c.key)
			check(t, s.sign(t, s.unsigned(c.method, c.digest, signTime)), s.pins(), c.want)
		})
	}
}

func TestHistoric(t *testing.T) {
	const rsa256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	s := newSigner(t, "old", "RSA-1024")
	doc := s.sign(t, s.unsigned(rsa256, digest256, signTime))
	if _, err := mustParse(t, []byte(doc)).UnsafeVerifyHistoric(s.pins()); err != nil {
		t.Error(err)
	}
	bad := strings.Replace(doc, ">7<", ">8<", 1)
	if _, err := mustParse(t, []byte(bad)).UnsafeVerifyHistoric(s.pins()); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	// The same certificate, signed by another key.
	forged := signer{newKey(t, "RSA-2048"), s.cert}
	doc = forged.sign(t, forged.unsigned(rsa256, digest256, signTime))
	if _, err := mustParse(t, []byte(doc)).UnsafeVerifyHistoric(s.pins()); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	if _, err := mustParse(t, []byte(doc)).UnsafeVerifyHistoric(nil); !errors.Is(err, ErrSigner) {
		t.Error(err)
	}
}

func TestSigningTime(t *testing.T) {
	s := newSigner(t, "signer", "P-256")
	for at, want := range map[time.Time]error{
		notBefore: nil, notBefore.Add(-time.Second): ErrSignerExpired,
		notAfter: nil, notAfter.Add(time.Second): ErrSignerExpired,
		signTime.In(time.FixedZone("", 7200)): nil,
	} {
		signed := check(t, s.sign(t, s.unsigned(ecdsaSHA256, digest256, at)), s.pins(), want)
		if signed != nil && !signed.SigningTime.Equal(at) {
			t.Errorf("signing time %v, want %v", signed.SigningTime, at)
		}
	}
	// A forged document is not called expired.
	doc := s.sign(t, s.unsigned(ecdsaSHA256, digest256, notAfter.Add(time.Hour)))
	check(t, strings.Replace(doc, ">7<", ">8<", 1), s.pins(), ErrSignature)
}

// TestSignatureValue has what ECDSA libraries have taken for signatures.
func TestSignatureValue(t *testing.T) {
	s := newSigner(t, "signer", "P-256")
	doc := s.sign(t, s.unsigned(ecdsaSHA256, digest256, signTime))
	head, tail, _ := strings.Cut(doc, "<ds:SignatureValue>")
	value, tail, _ := strings.Cut(tail, "<")
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	der, err := ecdsa.SignASN1(rand.Reader, s.key.(*ecdsa.PrivateKey), make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		value string
		want  error
	}{
		"as it is":          {value, nil},
		"broken over lines": {"\r\n " + value[:40] + "&#13;\n" + value[40:] + "\t", nil},
		"one bit":           {base64.StdEncoding.EncodeToString(append([]byte{raw[0] ^ 1}, raw[1:]...)), ErrSignature},
		"zeros":             {base64.StdEncoding.EncodeToString(make([]byte, 64)), ErrSignature},
		"ASN.1":             {base64.StdEncoding.EncodeToString(der), ErrSignature},
		"too long":          {base64.StdEncoding.EncodeToString(append(make([]byte, 2), raw...)), ErrSignature},
		"zero between":      {base64.StdEncoding.EncodeToString(slices.Concat(raw[:32], []byte{0}, raw[32:])), ErrSignature},
		"empty":             {"", ErrMalformed},
		"huge":              {strings.Repeat("AAAA", maxSignature), ErrMalformed},
		"not base64":        {"****", ErrMalformed},
		"with an element":   {value + "<b/>", ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, head+"<ds:SignatureValue>"+c.value+"<"+tail, s.pins(), c.want)
		})
	}
}
