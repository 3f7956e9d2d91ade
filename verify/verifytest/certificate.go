package verifytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Extended key usages of the World's certificates (credentials 2.4).
var (
	OIDmdlDS  = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 2}
	OIDmdocDS = asn1.ObjectIdentifier{1, 0, 23220, 4, 1, 2}
	OIDTSL    = asn1.ObjectIdentifier{0, 4, 0, 2231, 3, 0}
)

var (
	oidExtKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidIssuerAltName = asn1.ObjectIdentifier{2, 5, 29, 18}
	oidOrgIdentifier = asn1.ObjectIdentifier{2, 5, 4, 97}
)

// Key is a private key with its certificate and whoever issued it.
type Key struct {
	Cert    *x509.Certificate
	Private *ecdsa.PrivateKey
	Issuer  *Key // nil: self-signed
}

// Chain is what x5c and x5chain hold: the certificate and those above it, the
// self-signed end left out (HAIP 1.0 section 6.1.1; ISO/IEC 18013-5 12.3).
func (k *Key) Chain() [][]byte {
	ders := [][]byte{k.Cert.Raw}
	for up := k.Issuer; up != nil && up.Issuer != nil; up = up.Issuer {
		ders = append(ders, up.Cert.Raw)
	}
	return ders
}

// PEM is the certificate as a PEM block.
func (k *Key) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Cert.Raw})
}

// CertOptions describe a certificate. The zero value of a field leaves the
// property out, except where it says otherwise.
type CertOptions struct {
	Subject             pkix.Name
	Issuer              *Key // nil: self-signed
	NotBefore, NotAfter time.Time

	CA      bool                    // keyCertSign and cRLSign, otherwise digitalSignature only
	PathLen int                     // of a CA: 0 is a path length of 0, negative is none
	EKU     []asn1.ObjectIdentifier // extended key usages
	// CriticalEKU marks them critical, as ISO/IEC 18013-5 Annex B wants it of
	// document signers.
	CriticalEKU   bool
	URI           string // subjectAltName
	IssuerAltName string // a URI
	CRL           string // CRL distribution point

	Curve    elliptic.Curve    // nil: P-256
	Private  *ecdsa.PrivateKey // nil: a new key
	Unmarked bool              // without trustlist.TestMarker
	// Edit has the last word on the template.
	Edit func(*x509.Certificate)
}

// Certify makes a certificate.
func Certify(o CertOptions) (*Key, error) {
	key := o.Private
	if key == nil {
		var err error
		if key, err = newKey(o.Curve); err != nil {
			return nil, err
		}
	}
	tmpl, err := o.template(key)
	if err != nil {
		return nil, err
	}
	parent, signer := tmpl, key
	if o.Issuer != nil {
		parent, signer = o.Issuer.Cert, o.Issuer.Private
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("failed to make the certificate of %q: %w", o.Subject.CommonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("failed to read the certificate of %q: %w", o.Subject.CommonName, err)
	}
	return &Key{Cert: cert, Private: key, Issuer: o.Issuer}, nil
}

func (o CertOptions) template(key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial := randomBytes(16)
	serial[0] = serial[0]&0x7f | 0x40 // positive, and always 16 octets long
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	ski := sha256.Sum256(point)
	t := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               o.Subject,
		NotBefore:             o.NotBefore.UTC(),
		NotAfter:              o.NotAfter.UTC(),
		SubjectKeyId:          ski[:20], // RFC 7093 method 1
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	if o.CA {
		t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
		t.MaxPathLen, t.MaxPathLenZero = o.PathLen, o.PathLen == 0
	}
	if o.URI != "" {
		u, err := url.Parse(o.URI)
		if err != nil {
			return nil, err
		}
		t.URIs = []*url.URL{u}
	}
	if o.CRL != "" {
		t.CRLDistributionPoints = []string{o.CRL}
	}
	if err := o.extensions(t); err != nil {
		return nil, err
	}
	if o.Edit != nil {
		o.Edit(t)
	}
	return t, nil
}

// extensions adds what crypto/x509 does not write by itself.
func (o CertOptions) extensions(t *x509.Certificate) error {
	add := func(id asn1.ObjectIdentifier, critical bool, v any) error {
		der, err := asn1.Marshal(v)
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: der})
		return err
	}
	if len(o.EKU) > 0 {
		if err := add(oidExtKeyUsage, o.CriticalEKU, o.EKU); err != nil {
			return err
		}
	}
	if o.IssuerAltName != "" {
		uri := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(o.IssuerAltName)}
		if err := add(oidIssuerAltName, false, []asn1.RawValue{uri}); err != nil {
			return err
		}
	}
	if !o.Unmarked {
		return add(trustlist.TestMarker, false, "test ecosystem, not for production")
	}
	return nil
}

// DamageCertificate flips a bit in the certificate's signature.
func DamageCertificate(der []byte) []byte { return FlipBit(der, -1) }

func newKey(c elliptic.Curve) (*ecdsa.PrivateKey, error) {
	if c == nil {
		c = elliptic.P256()
	}
	return ecdsa.GenerateKey(c, rand.Reader)
}

// randomBytes returns n random bytes; crypto/rand never fails.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// randomInt returns a number below n, which must be positive.
func randomInt(n int) int {
	v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0 // crypto/rand never fails
	}
	return int(v.Int64())
}
