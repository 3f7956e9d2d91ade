package config

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
func (c *Config) ClientCAs() (*x509.CertPool, error) {
	if c.Public.Auth.ClientCA == "" {
		return nil, nil
	}
	certs, err := readPEM(c.Public.Auth.ClientCA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, cert := range certs {
		pool.AddCert(cert)
	}
	return pool, nil
}

// CheckFiles opens every file that the configuration names and says what is wrong
// with each, as Parse does for fields.
func (c *Config) CheckFiles() error {
	var errs []error
	check := func(field string, err error) {
		if err != nil {
			errs = append(errs, &Problem{Field: field, Text: err.Error()})
		}
	}
	if p := c.Public; p.TLS.Cert != "" {
		_, err := tls.LoadX509KeyPair(p.TLS.Cert, p.TLS.Key)
		check("public.tls", err)
	}
	if f := c.Public.Auth.TokensFile; f != "" {
		_, err := Tokens(f)
		check("public.auth.tokens_file", err)
	}
	_, err := c.ClientCAs()
	check("public.auth.client_ca", err)
	if f := c.Admin.TokenFile; f != "" {
		_, err := Tokens(f)
		check("admin.token_file", err)
	}
	for i, s := range c.Trust.Sources {
		if s.Type == TypeLoTE {
			_, err := Certificates(s.Signers)
			check(fmt.Sprintf("trust.sources[%d].signers", i), err)
		}
		if s.Type == TypeAnchors {
			_, err := s.Bundle()
			check(fmt.Sprintf("trust.sources[%d].url", i), err)
		}
	}
	return errors.Join(errs...)
}
