// Package identitytest issues node certificates, for tests and demonstrations. Whoever
// holds an Authority holds the key to its cluster: it is not for use in earnest.
package identitytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Authority is a cluster's certificate authority.
type Authority struct {
	Cert *x509.Certificate

	now time.Time
	key *ecdsa.PrivateKey
}

// Issue says what a certificate is to be like.
type Issue struct {
	Jurisdiction        string             // "": it names none
	NotBefore, NotAfter time.Time          // zero: an hour before, and 90 days after, the Authority was made
	DNS                 []string           // names after the node's own
	IPs                 []net.IP           // addresses
	URIs                []string           // beside that of the jurisdiction
	Usage               []x509.ExtKeyUsage // nil: both sides of TLS
	RSA                 bool               // the key is not for P-256
	Key                 crypto.Signer      // nil: a new one
}

// Issued is a certificate and its key.
type Issued struct {
	CertPEM, KeyPEM []byte
	TLS             tls.Certificate // with its Leaf
}

// New returns an Authority whose own certificate is good for ten years.
func New(now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: "edgetrust cluster"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
	}
	cert, err := create(t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &Authority{Cert: cert, now: now, key: key}, nil
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Cert.Raw})
}

// Issue makes a certificate for a node. A name of "" leaves the DNS names to o.DNS.
func (a *Authority) Issue(name string, o Issue) (Issued, error) {
	key, err := o.key()
	if err != nil {
		return Issued{}, err
	}
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: o.NotBefore, NotAfter: o.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: o.Usage, BasicConstraintsValid: true,
		DNSNames: o.DNS, IPAddresses: o.IPs,
	}
	if name != "" {
		t.DNSNames = append([]string{name}, o.DNS...)
	}
	if t.NotBefore.IsZero() {
		t.NotBefore = a.now.Add(-time.Hour)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = a.now.AddDate(0, 0, 90)
	}
	if t.ExtKeyUsage == nil {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	uris := o.URIs
	if o.Jurisdiction != "" {
		uris = append([]string{"urn:edgetrust:jurisdiction:" + o.Jurisdiction}, uris...)
	}
	for _, s := range uris {
		u, err := url.Parse(s)
		if err != nil {
			return Issued{}, err
		}
		t.URIs = append(t.URIs, u)
	}
	cert, err := create(t, a.Cert, key.Public(), a.key)
	if err != nil {
		return Issued{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Issued{}, err
	}
	return Issued{
		CertPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
		KeyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		TLS:     tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert},
	}, nil
}

func (o Issue) key() (crypto.Signer, error) {
	switch {
	case o.Key != nil:
		return o.Key, nil
	case o.RSA:
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func create(t, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial.Add(serial, big.NewInt(1))
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// Write issues a certificate and writes node.crt, node.key and ca.pem into a folder,
// readable for this user alone. Each file is replaced at once, not all of them together.
func (a *Authority) Write(dir, name string, o Issue) error {
	issued, err := a.Issue(name, o)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		b    []byte
	}{{"node.key", issued.KeyPEM}, {"node.crt", issued.CertPEM}, {"ca.pem", a.PEM()}} {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path+".new", f.b, 0o600); err != nil {
			return fmt.Errorf("failed to write %s: %w", f.name, err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			return fmt.Errorf("failed to write %s: %w", f.name, err)
		}
	}
	return nil
}
