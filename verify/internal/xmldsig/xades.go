package xmldsig

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// signedProperties is what XAdES baseline B wants of the signed properties (EN
// 319 132-1 sections 5.2.1 and 5.2.2), read from their canonical bytes.
type signedProperties struct {
	time   time.Time
	certs  []digest // each is of the signing certificate
	second bool     // SigningCertificateV2 is among them
}

func readSignedProperties(b []byte) (*signedProperties, error) {
	d, err := Parse(b)
	if err != nil {
		return nil, err
	}
	parts, err := elements(d.root)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 || !is(parts[0], nsXAdES, "SignedSignatureProperties") {
		return nil, malformed("no signed signature properties")
	}
	if parts, err = elements(parts[0]); err != nil {
		return nil, err
	}
	p, seen := &signedProperties{}, map[string]bool{}
	for _, part := range parts {
		if part.NamespaceURI() != nsXAdES {
			continue
		}
		if seen[part.Tag] {
			return nil, malformed("a signed property twice")
		}
		seen[part.Tag] = true
		switch part.Tag {
		case "SigningTime":
			err = p.readTime(part)
		case "SigningCertificate":
			err = p.readCert(part)
		case "SigningCertificateV2":
			p.second = true
			err = p.readCert(part)
		}
		if err != nil {
			return nil, err
		}
	}
	if !seen["SigningTime"] || len(p.certs) == 0 {
		return nil, malformed("no SigningTime or SigningCertificate")
	}
	return p, nil
}

// dateTime is xs:dateTime of four-digit years with a zone, without which nobody knows
// the time within a day. Package time alone would also take a comma, hours of one
// digit, and offsets that no place has.
var dateTime = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$`)

func (p *signedProperties) readTime(e *etree.Element) error {
	s, err := text(e)
	if err != nil {
		return err
	}
	if s = strings.Trim(s, " \t\r\n"); !dateTime.MatchString(s) {
		return malformed("SigningTime")
	}
	if p.time, err = time.Parse(time.RFC3339, s); err != nil {
		return malformed("SigningTime")
	}
	return nil
}

// readCert reads the first Cert, which is the signer's; those after it may name
// the path above.
func (p *signedProperties) readCert(e *etree.Element) error {
	certs, err := elements(e)
	if err != nil {
		return err
	}
	if len(certs) == 0 || len(certs) > maxCertDigest || !is(certs[0], nsXAdES, "Cert") {
		return malformed("SigningCertificate")
	}
	parts, err := elements(certs[0])
	if err != nil {
		return err
	}
	if len(parts) == 0 || !is(parts[0], nsXAdES, "CertDigest") {
		return malformed("SigningCertificate")
	}
	if parts, err = elements(parts[0]); err != nil {
		return err
	}
	if len(parts) != 2 {
		return malformed("SigningCertificate")
	}
	d, err := readDigest(parts[0], parts[1])
	if err != nil {
		return err
	}
	// The lists before 2020 name their signer by SHA-1. That does no harm in the
	// first version of the property: the signer is a pinned certificate anyway,
	// and its key must verify the signature.
	if d.hash == crypto.SHA1 && e.Tag != "SigningCertificate" {
		return forbidden("SHA-1")
	}
	p.certs = append(p.certs, d)
	return nil
}

// signer returns the pinned certificate that all digests are of.
func (p *signedProperties) signer(pinned []*x509.Certificate) (*x509.Certificate, error) {
next:
	for _, cert := range pinned {
		for _, d := range p.certs {
			if cert == nil || !d.is(cert.Raw) {
				continue next
			}
		}
		if p.time.Before(cert.NotBefore) || p.time.After(cert.NotAfter) {
			return cert, fmt.Errorf("%w: signed before or after", ErrSignerExpired)
		}
		return cert, nil
	}
	return nil, ErrSigner
}
