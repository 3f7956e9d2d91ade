package lote

import (
	"crypto/x509"
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// pointers reads the pointers to other lists and finds the one to this list
// (step 10), whose certificates may sign the next version.
func (r *reader) pointers(body *list) error {
	s := body.Scheme
	if r.p.selfPointer == absent && s.Pointers != nil {
		return violation("PointersToOtherLoTE is there, which profile %s forbids", r.p.name)
	}
	for _, p := range s.Pointers {
		if len(r.out.Pointers)+len(p.Qualifiers) > MaxPointers {
			return reason.Refuse(reason.TrustListTooLarge, "more than %d pointers to other lists", MaxPointers)
		}
		signers, self := r.pointerSigners(p), false
		for _, q := range p.Qualifiers {
			r.out.Pointers = append(r.out.Pointers, pointerTo(*p.Location, q, signers))
			if !isSelf(q, s) {
				continue
			}
			if self = true; *q.MimeType != "application/jose" {
				r.warn("the pointer to the list itself has another MimeType than application/jose")
			}
		}
		if !self {
			continue
		}
		r.self = true
		if err := r.selfSigners(signers); err != nil {
			return err
		}
	}
	if !r.self && r.p.selfPointer == required {
		return r.lacks("the pointer to the list itself in PointersToOtherLoTE")
	}
	return nil
}

func (r *reader) selfSigners(signers []*x509.Certificate) error {
	for _, c := range signers {
		if slices.ContainsFunc(r.out.SelfSigners, c.Equal) {
			continue
		}
		if len(r.out.SelfSigners) == maxSelfSigners {
			return violation("the pointer to the list itself names more than %d certificates", maxSelfSigners)
		}
		r.out.SelfSigners = append(r.out.SelfSigners, c)
	}
	return nil
}

// selfNamesSigner: a list that points to itself names its own signer (step 10).
func (r *reader) selfNamesSigner(*list) error {
	if r.self && !slices.ContainsFunc(r.out.SelfSigners, r.signer.Equal) {
		return violation("the pointer to the list itself does not name the list's signer")
	}
	return nil
}

// isSelf: a pointer is to the list that holds it when type and territory are its
// own. The location cannot tell, since lists are read from mirrors and files.
func isSelf(q qualifier, s *scheme) bool {
	return *q.Type == *s.Type &&
		(q.Territory == nil || s.Territory == nil || *q.Territory == *s.Territory)
}

// pointerTo is what one qualifier of a pointer says. All of them share the signers.
func pointerTo(location string, q qualifier, signers []*x509.Certificate) trustlist.Pointer {
	out := trustlist.Pointer{Location: location, Type: *q.Type, MimeType: *q.MimeType, Signers: signers}
	for _, name := range q.OperatorName {
		out.Operators = append(out.Operators, *name.Value)
	}
	if q.Territory != nil {
		out.Territory = trustlist.Territory(*q.Territory)
	}
	return out
}

// pointerSigners parses the certificates of a pointer, once for all its qualifiers:
// a list with many of both would cost their product.
func (r *reader) pointerSigners(p pointer) (signers []*x509.Certificate) {
	for _, id := range p.Identities {
		r.identity(&id)
		for _, c := range id.Certificates {
			cert, err := parseCertificate(c)
			if err != nil {
				r.warn("a certificate in PointersToOtherLoTE could not be used")
				continue
			}
			signers = append(signers, cert)
		}
	}
	return signers
}

func parseCertificate(c pkiObject) (*x509.Certificate, error) {
	der, err := b64.Std(unwrap(*c.Value))
	if err != nil {
		return nil, err
	}
	return pki.ParseListSigner(der)
}
