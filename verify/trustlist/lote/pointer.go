package lote

import (
	"crypto/x509"
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
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
		for _, q := range p.Qualifiers {
			out := r.pointer(p, q)
			r.out.Pointers = append(r.out.Pointers, out)
			if !isSelf(q, s) {
				continue
			}
			r.self = true
			if err := r.selfSigners(out); err != nil {
				return err
			}
			if *q.MimeType != "application/jose" {
				r.warn("the pointer to the list itself has another MimeType than application/jose")
			}
		}
	}
	if !r.self && r.p.selfPointer == required {
		return r.lacks("the pointer to the list itself in PointersToOtherLoTE")
	}
	return nil
}

func (r *reader) selfSigners(self trustlist.Pointer) error {
	for _, c := range self.Signers {
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

func (r *reader) pointer(p pointer, q qualifier) trustlist.Pointer {
	out := trustlist.Pointer{Location: *p.Location, Type: *q.Type, MimeType: *q.MimeType}
	for _, name := range q.OperatorName {
		out.Operators = append(out.Operators, *name.Value)
	}
	if q.Territory != nil {
		out.Territory = trustlist.Territory(*q.Territory)
	}
	for _, id := range p.Identities {
		r.identity(&id)
		for _, c := range id.Certificates {
			cert, err := parseCertificate(c)
			if err != nil {
				r.warn("a certificate in PointersToOtherLoTE could not be used")
				continue
			}
			out.Signers = append(out.Signers, cert)
		}
	}
	return out
}

func parseCertificate(c pkiObject) (*x509.Certificate, error) {
	der, err := b64.Std(unwrap(*c.Value))
	if err != nil {
		return nil, err
	}
	return pki.ParseListSigner(der)
}
