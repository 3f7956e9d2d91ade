package gossiptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/gossip"
)

// Authority issues node certificates: P-256, with the node's name as SAN DNS.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	serial int64
	issued map[*x509.Certificate]bool // whether the signature is good, once it was looked at
}

// NewAuthority returns an Authority whose own certificate is good for ten years.
func NewAuthority() (*Authority, error) {
	a := &Authority{issued: make(map[*x509.Certificate]bool)}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cluster"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, err = sign(template, template, key, key)
	a.key, a.serial = key, 1
	return a, err
}

// Issue makes a node certificate and its key.
func (a *Authority) Issue(name string, life time.Duration) (gossip.Credentials, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return gossip.Credentials{}, err
	}
	a.mu.Lock()
	a.serial++
	serial := a.serial
	a.mu.Unlock()
	now := time.Now()
	cert, err := sign(&x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, key, a.key)
	return gossip.Credentials{Certificate: cert, Key: key}, err
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// check says what is wrong with a certificate for a name at a time, as a TLS connection
// would.
func (a *Authority) check(cert *x509.Certificate, name string, now time.Time) error {
	if cert == nil {
		return fmt.Errorf("%s shows no certificate", name)
	}
	a.mu.Lock()
	good, known := a.issued[cert]
	if !known {
		good = cert.CheckSignatureFrom(a.cert) == nil
		a.issued[cert] = good
	}
	a.mu.Unlock()
	switch {
	case !good:
		return fmt.Errorf("the certificate of %s is not of this cluster", name)
	case now.Before(cert.NotBefore) || now.After(cert.NotAfter):
		return fmt.Errorf("the certificate of %s is not valid now", name)
	}
	return cert.VerifyHostname(name)
}
