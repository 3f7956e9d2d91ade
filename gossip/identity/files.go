package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
)

// The members of the configuration that errors name.
const (
	certMember         = "gossip.tls.cert"
	keyMember          = "gossip.tls.key"
	caMember           = "gossip.tls.ca"
	jurisdictionMember = "residency.jurisdiction"
	allowMember        = "residency.allow"
)

// files are the bytes of the certificate, the key and the authorities.
type files [3][]byte

func (f files) same(other files) bool {
	return slices.EqualFunc(f[:], other[:], bytes.Equal)
}

func (o Options) check() error {
	if j := o.Jurisdiction; j != "" && !isJurisdiction(j) {
		return fmt.Errorf("%s: %q is no jurisdiction: write two upper-case letters, a country's of ISO 3166 or EU", jurisdictionMember, j)
	}
	for _, j := range o.Allow {
		if !isJurisdiction(j) {
			return fmt.Errorf("%s: %q is no jurisdiction: write two upper-case letters, a country's of ISO 3166 or EU", allowMember, j)
		}
	}
	return nil
}

func (o Options) read() (f files, err error) {
	for i, file := range []struct{ member, path string }{{certMember, o.Cert}, {keyMember, o.Key}, {caMember, o.CA}} {
		if f[i], err = readFile(file.path); err != nil {
			return f, fmt.Errorf("%s: failed to read the file, which has to be there and readable for this user: %w", file.member, err)
		}
	}
	return f, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	return b, err
}

// judge says whether files belong together and are this node's, at a time.
func (o Options) judge(f files, now time.Time) (*material, error) {
	certs, err := parseCertificates(f[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", certMember, o.Cert, err)
	}
	key, err := parseKey(f[1])
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", keyMember, o.Key, err)
	}
	authorities, err := parseCertificates(f[2])
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", caMember, o.CA, err)
	}
	m := &material{files: f, key: key, pool: x509.NewCertPool()}
	for _, ca := range authorities {
		if !ca.IsCA {
			return nil, fmt.Errorf("%s: %q is not a certificate authority's: put the certificate there with which node certificates are signed, not a node's", caMember, ca.Subject)
		}
		m.pool.AddCert(ca)
	}
	leaf := certs[0]
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, fmt.Errorf("%s: %q is not the key of the certificate in %s, %q: put the two there that were made together", keyMember, o.Key, certMember, o.Cert)
	}
	if err := o.checkName(leaf); err != nil {
		return nil, err
	}
	if err := o.checkJurisdiction(leaf); err != nil {
		return nil, err
	}
	if m.notAfter, err = checkChain(certs, m.pool, now); err != nil {
		return nil, err
	}
	m.cert = tls.Certificate{PrivateKey: key, Leaf: leaf}
	for _, c := range certs {
		m.cert.Certificate = append(m.cert.Certificate, c.Raw)
	}
	return m, nil
}

func (o Options) checkName(leaf *x509.Certificate) error {
	if _, err := netip.ParseAddr(o.Name); err == nil || o.Name == "" {
		return fmt.Errorf("name: %q cannot be a node's name in a cluster: it has to be a DNS name, not an address", o.Name)
	}
	if name := NameOf(leaf); name != o.Name || leaf.VerifyHostname(o.Name) != nil {
		return fmt.Errorf("%s: the certificate is for %q and this node is %q: have one issued whose first DNS name (subjectAltName) is the node's name, or correct name", certMember, name, o.Name)
	}
	return nil
}

func (o Options) checkJurisdiction(leaf *x509.Certificate) error {
	j := JurisdictionOf(leaf)
	switch {
	case o.Jurisdiction != "" && j != o.Jurisdiction:
		return fmt.Errorf("%s: it is %q, and the certificate in %s names %q: have one issued with the URI %s%s, or correct the member", jurisdictionMember, o.Jurisdiction, certMember, j, JurisdictionPrefix, o.Jurisdiction)
	case len(o.Allow) > 0 && j == "":
		return fmt.Errorf("%s: the certificate in %s names no jurisdiction, so that no other node could accept this one: have one issued with a URI such as %sEU, or leave the member out", allowMember, certMember, JurisdictionPrefix)
	case len(o.Allow) > 0 && !slices.Contains(o.Allow, j):
		return fmt.Errorf("%s: this node is of %q itself, which is not in the list: add it, or have a certificate issued for a jurisdiction that is", allowMember, j)
	}
	return nil
}

// checkChain says whether a certificate is good for both sides of a connection, and until
// when.
func checkChain(certs []*x509.Certificate, pool *x509.CertPool, now time.Time) (notAfter time.Time, err error) {
	leaf := certs[0]
	switch {
	case now.Before(leaf.NotBefore):
		return notAfter, fmt.Errorf("%s: the certificate is valid from %s on, and it is %s: see that this machine's clock is right", certMember, instant(leaf.NotBefore), instant(now))
	case now.After(leaf.NotAfter):
		return notAfter, fmt.Errorf("%s: the certificate expired at %s, and it is %s: have another one issued, or see that this machine's clock is right", certMember, instant(leaf.NotAfter), instant(now))
	}
	for _, usage := range []struct {
		of   x509.ExtKeyUsage
		what string
	}{{x509.ExtKeyUsageServerAuth, "serverAuth"}, {x509.ExtKeyUsageClientAuth, "clientAuth"}} {
		chains, err := verify(certs, pool, usage.of, now)
		switch invalid := (x509.CertificateInvalidError{}); {
		case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
			return notAfter, fmt.Errorf("%s: the certificate may not be used for %s: have one issued whose extended key usage is both serverAuth and clientAuth", certMember, usage.what)
		case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
			return notAfter, fmt.Errorf("%s: a certificate that the node's rests on is not valid at %s: %v: renew that of the authority", caMember, instant(now), err)
		case err != nil:
			return notAfter, fmt.Errorf("%s: the certificate in %s is not signed by an authority in there: %v: put the cluster's authority there, and those between the two into %s after the node's own", caMember, certMember, err, certMember)
		}
		if until := longest(chains); notAfter.IsZero() || until.Before(notAfter) {
			notAfter = until
		}
	}
	return notAfter, nil
}

// longest is when the best chain ends.
func longest(chains [][]*x509.Certificate) (until time.Time) {
	for _, chain := range chains {
		end := chain[0].NotAfter
		for _, c := range chain {
			if c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		if end.After(until) {
			until = end
		}
	}
	return until
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// parseCertificates reads the certificates of a PEM file, at least one. What else is in
// it is passed over, a key excepted: it was put into the wrong file.
func parseCertificates(b []byte) (certs []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, errors.New("there is a private key in it: it belongs into a file of its own")
		case block.Type != "CERTIFICATE":
			continue
		case len(certs) == maxCertificates:
			return nil, fmt.Errorf("there are more than %d certificates in it", maxCertificates)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a certificate in it cannot be read: %v", err)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New("there is no certificate in it: it has to be PEM, which begins with -----BEGIN CERTIFICATE-----")
	}
	return certs, nil
}

// parseKey reads the first private key of a PEM file.
func parseKey(b []byte) (*ecdsa.PrivateKey, error) {
	const wanted = "make one with openssl ecparam -name prime256v1 -genkey -noout, and have a certificate issued for it"
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return nil, errors.New("there is no private key in it: it has to be PEM, which begins with -----BEGIN PRIVATE KEY-----")
		}
		if strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
			return nil, errors.New("the key in it is encrypted: a node has nobody to ask for the password, so store it without one, readable for its user alone")
		}
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		var key any
		var err error
		if block.Type == "EC PRIVATE KEY" {
			key, err = x509.ParseECPrivateKey(block.Bytes)
		} else {
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		}
		if ec, ok := key.(*ecdsa.PrivateKey); ok && err == nil && ec.Curve == elliptic.P256() {
			return ec, nil
		}
		if err != nil && block.Type != "RSA PRIVATE KEY" {
			return nil, fmt.Errorf("the key in it cannot be read: %v", err)
		}
		return nil, errors.New("the key in it is not one of ECDSA on P-256, from which the keys of packets are worked out: " + wanted)
	}
}
