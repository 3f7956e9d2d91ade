package vical

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// mdl is the document type of driving licences (ISO/IEC 18013-5 7.1).
const mdl = "org.iso.18013.5.1.mDL"

// scope is what tells two anchors of one list apart.
type scope struct {
	id                [sha256.Size]byte
	kind              trustlist.Kind
	entity, territory string
}

// add makes the anchors of one certificate: one for driving licences, one for all
// other document types, which are attestations outside the EU's categories. A
// certificate that is listed twice is one anchor for the types of both entries.
func (r *reader) add(e entry, cert *x509.Certificate) {
	key := scope{id: sha256.Sum256(cert.Raw), entity: e.key(cert), territory: r.territory(e, cert)}
	for _, typ := range e.docTypes {
		key.kind = trustlist.KindEAA
		if typ == mdl {
			key.kind = trustlist.KindMDL
		}
		a, ok := r.anchors[key]
		if !ok {
			a = trustlist.NewAnchor(cert)
			a.Kind, a.Purpose, a.Territory = key.kind, trustlist.Issuance, key.territory
			a.Entity, a.EntityName = key.entity, e.name(cert)
			r.anchors[key] = a
			r.out.Anchors = append(r.out.Anchors, a)
		}
		switch {
		case slices.Contains(a.Types, typ):
		case len(a.Types) == MaxDocTypes:
			r.warn("a certificate is listed for so many document types that some are left out")
		default:
			a.Types = append(a.Types, typ)
		}
	}
}

// territory is the country of the entry, else the certificate's, which wins where
// the two differ: it is what a document signer below it has to repeat.
func (r *reader) territory(e entry, cert *x509.Certificate) string {
	listed, own := trustlist.Territory(e.country), pki.Country(cert)
	switch {
	case listed != "" && own != "" && listed != own:
		r.warn("the issuingCountry of a certificate is not its own country, which counts")
		return own
	case own != "":
		return own
	case !isCountry(listed):
		return ""
	}
	return listed
}

func isCountry(cc string) bool {
	return len(cc) == 2 && cc[0] >= 'A' && cc[0] <= 'Z' && cc[1] >= 'A' && cc[1] <= 'Z'
}

// name is for people.
func (e entry) name(cert *x509.Certificate) string {
	switch {
	case e.authority != "":
		return e.authority
	case cert.Subject.CommonName != "":
		return cert.Subject.CommonName
	case len(cert.Subject.Organization) > 0:
		return cert.Subject.Organization[0]
	}
	return ""
}
