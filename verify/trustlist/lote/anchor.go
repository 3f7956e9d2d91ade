package lote

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// anchors makes one anchor per certificate of the identity.
func (r *reader) anchors(w who, id *identity, scope trustlist.Anchor) error {
	r.identity(id)
	if id.Certificates == nil {
		r.warn("a service is not identified by certificates and yields no anchor")
	}
	var first *x509.Certificate
	for _, c := range id.Certificates {
		r.certificates++
		der, err := b64.Std(unwrap(*c.Value))
		if err != nil {
			r.unparsable++
			r.skip(w, []byte(*c.Value), "unparsable")
			continue
		}
		cert, err := pki.Parse(der)
		if err != nil {
			r.skip(w, der, r.why(err))
			continue
		}
		if r.p.oneIdentity && first != nil && !sameIdentity(first, cert) {
			return violation("the certificates of a service differ in key or subject")
		}
		if first == nil {
			first = cert
		}
		if r.signs(cert) {
			// The pools of list signers and of anchors never mix (trust lists, rule 1).
			r.skip(w, der, "the list's signer")
			continue
		}
		a := trustlist.NewAnchor(cert)
		if r.p.onlyCA && a.Mode != trustlist.PKIX {
			r.skip(w, der, "not a CA")
			continue
		}
		if id := registered(cert); r.p.tradeName && w.trade != "" && id != nil && !slices.Contains(id, w.trade) {
			r.warn("an entity's TETradeName is not the identifier in its certificate")
		}
		r.add(w, a, scope)
	}
	return nil
}

// signs says whether a certificate may sign this list or its next version.
func (r *reader) signs(cert *x509.Certificate) bool {
	return slices.ContainsFunc(r.pinned, cert.Equal) || slices.ContainsFunc(r.out.SelfSigners, cert.Equal)
}

// seen is what tells two anchors of one list apart.
type seen struct {
	id                        [sha256.Size]byte
	purpose                   trustlist.Purpose
	entity, territory, status string
}

// add gives the certificate its scope. The same certificate twice with the same
// scope is one anchor.
func (r *reader) add(w who, a *trustlist.Anchor, scope trustlist.Anchor) {
	scope.ID, scope.Cert, scope.Mode = a.ID, a.Cert, a.Mode
	if scope.Territory = w.territory; scope.Territory == "" {
		scope.Territory = pki.Country(a.Cert)
	}
	key := seen{scope.ID, scope.Purpose, scope.Entity, scope.Territory, scope.Status}
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	r.out.Anchors = append(r.out.Anchors, &scope)
}

var oidOrganizationIdentifier = asn1.ObjectIdentifier{2, 5, 4, 97}

// registered returns the subject's organizationIdentifier and serialNumber, which
// Annexes D, E and I want equal to TETradeName. A CA's subject often has neither.
func registered(c *x509.Certificate) (ids []string) {
	for _, n := range c.Subject.Names {
		if v, ok := n.Value.(string); ok && n.Type.Equal(oidOrganizationIdentifier) {
			ids = append(ids, v)
		}
	}
	if c.Subject.SerialNumber != "" {
		ids = append(ids, c.Subject.SerialNumber)
	}
	return ids
}

func (r *reader) skip(w who, der []byte, why string) {
	r.out.Skipped = append(r.out.Skipped, trustlist.Skipped{Entity: w.key, SHA256: sha256.Sum256(der), Why: why})
}

func (r *reader) why(err error) string {
	if reason.CodeOf(err) == reason.AlgUnsupported {
		return "unsupported key"
	}
	r.unparsable++
	return "unparsable"
}

// mostParse: one bad certificate costs one anchor, but a list of which most
// certificates do not parse is damaged. Keys that are merely unsupported do not
// count.
func (r *reader) mostParse(*list) error {
	if r.unparsable*maxSkippedPart > r.certificates {
		return malformed("%d of %d certificates do not parse", r.unparsable, r.certificates)
	}
	return nil
}

func sameIdentity(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubject, b.RawSubject) && bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo)
}

// unwrap strips the line breaks and blanks that some publishers put into base64.
func unwrap(s string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(" \t\r\n", c) {
			return -1
		}
		return c
	}, s)
}
