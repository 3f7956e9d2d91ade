package config

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist/bundle"
)

// Limits of the files that a configuration names.
const (
	maxPEM          = 4 << 20
	maxTokens       = 1 << 20
	maxCertificates = 1024
	minToken        = 16 // characters of a token
)

func readUpTo(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return b, err
}

// ReadFile reads a file up to a size.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readUpTo(f, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// Tokens reads a file of bearer tokens, one to a line, with # comments, and
// returns their SHA-256 digests: the tokens themselves need not be kept.
func Tokens(path string) ([][sha256.Size]byte, error) {
	b, err := ReadFile(path, maxTokens)
	if err != nil {
		return nil, err
	}
	var digests [][sha256.Size]byte
	for i, line := range strings.Split(string(b), "\n") {
		token := strings.TrimSpace(line)
		if token == "" || token[0] == '#' {
			continue
		}
		if strings.ContainsAny(token, " \t") {
			return nil, fmt.Errorf("%s: line %d: a token has no spaces; one to a line", path, i+1)
		}
		if len(token) < minToken {
			return nil, fmt.Errorf("%s: line %d: a token of at least %d characters is needed (openssl rand -hex 32)", path, i+1, minToken)
		}
		digests = append(digests, sha256.Sum256([]byte(token)))
	}
	if len(digests) == 0 {
		return nil, fmt.Errorf("%s: no token in it; put one to a line (openssl rand -hex 32)", path)
	}
	return digests, nil
}

// Certificates reads the certificates of every file that the patterns match. A
// pattern that matches nothing is an error: a typing mistake must not drop a pin.
func Certificates(patterns []string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s: malformed pattern", pattern)
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("%s: no such file", pattern)
		}
		slices.Sort(paths)
		for _, path := range paths {
			found, err := readPEM(path)
			if err != nil {
				return nil, err
			}
			certs = append(certs, found...)
		}
	}
	return certs, nil
}

func readPEM(path string) (certs []*x509.Certificate, err error) {
	b, err := ReadFile(path, maxPEM)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		block, b = pem.Decode(b)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d: %v", path, len(certs)+1, err)
		}
		if c.PublicKey == nil { // a form of key that only list signers have
			if signer, err := verify.ParseListSigner(block.Bytes); err == nil {
				c = signer
			}
		}
		if certs = append(certs, c); len(certs) > maxCertificates {
			return nil, fmt.Errorf("%s: more than %d certificates", path, maxCertificates)
		}
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s: no certificate in it; PEM is needed (-----BEGIN CERTIFICATE-----)", path)
	}
	if len(bytes.TrimSpace(b)) > 0 && bytes.Contains(b, []byte("-----BEGIN")) {
		return nil, fmt.Errorf("%s: a damaged PEM block follows certificate %d", path, len(certs))
	}
	return certs, nil
}

// Bundle reads the anchors of a local bundle as the node will: certificates that
// cannot be used are passed over, as long as one can.
func (s *Source) Bundle() ([]*x509.Certificate, error) {
	b, err := ReadFile(s.Path, maxPEM)
	if err != nil {
		return nil, err
	}
	v, err := bundle.Read(b, bundle.Scope{Kind: s.Kind, Purposes: s.Purposes, Territory: s.Territory, Types: s.Types, Entity: s.Name})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Path, err)
	}
	var certs []*x509.Certificate
	for _, a := range v.List().Anchors {
		certs = append(certs, a.Cert)
	}
	return certs, nil
}

// ClientCAs reads public.auth.client_ca; nil when there is none.
func (c *Config) ClientCAs() (*x509.CertPool, error) { return pool(nil, c.Public.Auth.ClientCA) }

// pool adds the certificates of a PEM file to a pool, or to a new one; nil when
// there is no file.
func pool(p *x509.CertPool, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	certs, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	if p == nil {
		p = x509.NewCertPool()
	}
	for _, c := range certs {
		p.AddCert(c)
	}
	return p, nil
}
