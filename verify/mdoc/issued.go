package mdoc

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"errors"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

const labelX5T = 34 // RFC 9360

// Issued is a document whose issuer's signature is good.
type Issued struct {
	doc *Document
	mso *mso
}

// VerifyIssuer checks issuerAuth with the leaf's key and reads the
// MobileSecurityObject (12.3.4). That the leaf is a document signer one may trust
// is the caller's to know. Codes: mdoc_x5t_mismatch, alg_unsupported,
// issuer_signature_invalid, mso_malformed, mdoc_version_unsupported,
// mso_digest_alg_unsupported, mdoc_doctype_mismatch, status_reference_malformed.
func (d *Document) VerifyIssuer(leaf *x509.Certificate, allowed sigalg.Set) (*Issued, error) {
	if err := d.checkThumbprint(leaf); err != nil {
		return nil, err
	}
	switch err := d.issuerAuth.Verify(leaf.PublicKey, allowed, nil, nil); {
	case errors.Is(err, cose.ErrAlg):
		return nil, reason.Refuse(reason.AlgUnsupported, "issuerAuth: %v", err)
	case err != nil:
		return nil, reason.Refuse(reason.IssuerSignatureInvalid, "issuerAuth: %v", err)
	}
	m, err := parseMSO(d.issuerAuth.Payload, d.docType)
	if err != nil {
		return nil, err
	}
	return &Issued{doc: d, mso: m}, nil
}

// checkThumbprint compares x5t, where it is there, with the leaf. A thumbprint by
// another hash than SHA-256 cannot be compared and does not count as a match.
func (d *Document) checkThumbprint(leaf *x509.Certificate) error {
	for _, h := range []*cose.Header{&d.issuerAuth.Protected, &d.issuerAuth.Unprotected} {
		if !h.Has(labelX5T) {
			continue
		}
		sum := sha256.Sum256(leaf.Raw)
		if subtle.ConstantTimeCompare(h.X5T, sum[:]) != 1 {
			return reason.Refuse(reason.MdocX5tMismatch, "x5t is not the SHA-256 of the document signer's certificate")
		}
	}
	return nil
}

// CheckDigests hashes every disclosed element, tag 24 and all, as it was received,
// and compares it with what the issuer signed (12.3.4). Codes:
// mdoc_digest_missing, mdoc_digest_mismatch.
func (i *Issued) CheckDigests() error {
	for s := range i.doc.spaces {
		space := &i.doc.spaces[s]
		for n := range space.items {
			it := &space.items[n]
			want := i.mso.find(space.name, it.digestID)
			if want == nil {
				return reason.Refuse(reason.MdocDigestMissing, "the issuer signed no digest for a presented element")
			}
			if !i.mso.matches(it.raw, want) {
				return reason.Refuse(reason.MdocDigestMismatch, "a presented element differs from what the issuer signed")
			}
		}
	}
	return nil
}

func (m *mso) matches(raw, want []byte) bool {
	switch m.digestAlgorithm {
	case "SHA-256":
		s := sha256.Sum256(raw)
		return subtle.ConstantTimeCompare(s[:], want) == 1
	case "SHA-384":
		s := sha512.Sum384(raw)
		return subtle.ConstantTimeCompare(s[:], want) == 1
	case "SHA-512":
		s := sha512.Sum512(raw)
		return subtle.ConstantTimeCompare(s[:], want) == 1
	}
	return false
}

// Status returns the MSO's status map as received, nil when there is none.
func (i *Issued) Status() []byte { return i.mso.status }
