package serve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"sync"
	"time"
)

// checkEvery is how often, at most, the files are looked at.
const checkEvery = time.Second

// certificates hands the certificate to each handshake and reads its files again
// when they have changed. A change that cannot be used keeps the last good pair.
type certificates struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex // guards what follows
	current *tls.Certificate
	stamp   [2]stamp
	looked  time.Time
}

// stamp is what tells a changed file.
type stamp struct {
	modified time.Time
	size     int64
}

func newCertificates(o TLSOptions, log *slog.Logger) (*certificates, error) {
	c := &certificates{certFile: o.CertFile, keyFile: o.KeyFile, log: log}
	switch {
	case o.CertFile == "" && o.KeyFile == "":
		cert, err := selfSigned(o.Names, time.Now())
		if err != nil {
			return nil, fmt.Errorf("failed to make a certificate: %w", err)
		}
		c.current = cert
		log.Warn("self-signed certificate in use: clients have to be told to trust it; set public.tls for one of your own",
			"sha256", c.fingerprint(), "not_after", cert.Leaf.NotAfter)
		return c, nil
	case o.CertFile == "" || o.KeyFile == "":
		return nil, errors.New("failed to load the certificate: its file and its key's go together")
	}
	stamp, err := c.stamps()
	if err == nil {
		err = c.load(stamp)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to load the certificate: %w", err)
	}
	c.looked = time.Now()
	return c, nil
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); c.certFile != "" && now.Sub(c.looked) >= checkEvery {
		c.looked = now
		c.refresh()
	}
	return c.current, nil
}

func (c *certificates) refresh() {
	stamp, err := c.stamps()
	if err != nil {
		c.log.Error("certificate files cannot be read; the last good certificate stays in use", "err", err)
		return
	}
	if stamp == c.stamp {
		return
	}
	if err := c.load(stamp); err != nil {
		// Perhaps one file of the two has been written: the next handshake looks
		// again, because the stamp was not kept.
		c.log.Error("changed certificate cannot be used; the last good one stays in use", "err", err)
		return
	}
	c.log.Info("certificate reloaded", "sha256", digest(c.current), "not_after", c.current.Leaf.NotAfter)
}

func (c *certificates) load(s [2]stamp) error {
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.stamp = &cert, s
	return nil
}

func (c *certificates) stamps() (s [2]stamp, err error) {
	for i, path := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(path)
		if err != nil {
			return s, err
		}
		s[i] = stamp{info.ModTime(), info.Size()}
	}
	return s, nil
}

func (c *certificates) fingerprint() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return digest(c.current)
}

func digest(cert *tls.Certificate) string {
	sum := sha256.Sum256(cert.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// selfSigned makes a certificate for this machine's names, valid for a year.
func selfSigned(names []string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial.Add(serial, big.NewInt(1)),
		Subject:               pkix.Name{CommonName: "edgetrust node, self-signed"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		names = append([]string{host}, names...)
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else if name != "localhost" {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// Certificate is the leaf in use, so that a program can pin a self-signed one.
func (s *Server) Certificate() *x509.Certificate {
	s.certs.mu.Lock()
	defer s.certs.mu.Unlock()
	return s.certs.current.Leaf
}
