package etsitl

import (
	"crypto/sha256"
	"crypto/x509"
	"strings"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// readIdentity returns the certificates of a ServiceDigitalIdentity. Its other
// forms name a certificate without having it: subject name, key identifier.
func readIdentity(r *xmldsig.Reader) (certificates []string, err error) {
	err = each(r, "DigitalId", func() error {
		return each(r, "X509Certificate", func() error {
			text, err := r.Text(MaxText)
			certificates = append(certificates, text)
			return err
		})
	})
	return certificates, err
}

// parsed is what became of a certificate: many stand in a list several times.
type parsed struct {
	cert *x509.Certificate
	why  string // it cannot be used; "" : it can
}

// certificate reads one certificate and keeps account of it. One that cannot be
// used is nil and recorded as skipped; it costs one anchor and never the list (trust
// lists 2.5).
func (r *reader) certificate(entity, text string) (cert *x509.Certificate, id [sha256.Size]byte, err error) {
	if r.certificates++; r.certificates > MaxCertificates {
		return nil, id, reason.Refuse(reason.TrustListTooLarge, "more than %d certificates", MaxCertificates)
	}
	der, err := b64.Std(strings.Join(strings.Fields(text), ""))
	if err != nil {
		der = []byte(text)
	}
	id = sha256.Sum256(der)
	p, known := r.parsed[id]
	if !known {
		p = parse(der, err, r.historic)
		r.parsed[id] = p
	}
	if p.why != "" {
		if p.why == unparsable {
			r.unparsable++
		}
		r.skip(entity, id, p.why)
	}
	return p.cert, id, nil
}

// Reasons to skip a certificate.
const (
	unparsable  = "unparsable"
	unsupported = "unsupported key"
)

// parse takes keys for RSASSA-PSS alone, too, as the German list's signers have them.
// It takes historic keys only for pivots: those before December 2017 name RSA keys of
// 1024 bits, which xmldsig holds to its own bounds.
func parse(der []byte, encoding error, historic bool) parsed {
	if encoding != nil {
		return parsed{why: unparsable}
	}
	cert, err := pki.ParseListSigner(der)
	if err == nil {
		return parsed{cert: cert}
	}
	if reason.CodeOf(err) != reason.AlgUnsupported {
		return parsed{why: unparsable}
	}
	if old, err := x509.ParseCertificate(der); historic && err == nil {
		return parsed{cert: old}
	}
	return parsed{why: unsupported}
}

func (r *reader) skip(entity string, id [sha256.Size]byte, why string) {
	r.out.Skipped = append(r.out.Skipped, trustlist.Skipped{Entity: entity, SHA256: id, Why: why})
}

// mostParse refuses a damaged list: one of which most certificates do not parse.
// Keys that are merely unsupported do not count.
func (r *reader) mostParse() error {
	if r.unparsable*maxSkippedPart > r.certificates {
		return malformed("%d of %d certificates do not parse", r.unparsable, r.certificates)
	}
	return nil
}
