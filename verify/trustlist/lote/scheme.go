package lote

import (
	"bytes"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// kind is step 6: version, type, status determination approach, community rules
// and territory are those of one row of the profile table.
func (r *reader) kind(body *list) error {
	s := body.Scheme
	if *s.Version != 1 {
		return reason.Refuse(reason.TrustListVersionUnsupported, "LoTEVersionIdentifier is not 1")
	}
	if s.Type == nil {
		return reason.Refuse(reason.TrustListWrongType, "the list says no LoTEType")
	}
	if r.p = profileOf(*s.Type, r.o); r.p == nil {
		return reason.Refuse(reason.TrustListWrongType, "LoTEType is not that of the profile configured for this list")
	}
	if s.StatusApproach != nil && !r.p.status.accept(*s.StatusApproach, r.o) {
		return reason.Refuse(reason.TrustListWrongType, "StatusDeterminationApproach is not that of profile %s", r.p.name)
	}
	for _, rule := range s.CommunityRules {
		if !r.p.rules.accept(*rule.URI, r.o) {
			return reason.Refuse(reason.TrustListWrongType, "SchemeTypeCommunityRules are not those of profile %s", r.p.name)
		}
	}
	if s.Territory != nil && *s.Territory != r.p.territory {
		return reason.Refuse(reason.TrustListWrongTerritory, "SchemeTerritory is not %s", r.p.territory)
	}
	r.out.Type = *s.Type
	r.out.Operator = english(s.OperatorName)
	r.out.Territory = r.p.territory
	r.out.Sequence = uint64(*s.Sequence)
	return nil
}

// operator is step 7, and the profile of the signer's certificate.
func (r *reader) operator(body *list) error {
	for _, rule := range signerProfile {
		if rule.broken(r.signer) {
			r.warn(rule.warning)
		}
	}
	err := checkScheme(r.signer, body.Scheme)
	if err != nil && r.o.UnsafeSignerSchemeMismatch {
		r.warn("the signer's country or organisation is not the list's")
		return nil
	}
	return err
}

// explicit are the members that make a list "scheme-explicit", which all EU lists
// are, beside those the schema requires of every list.
var explicit = []struct {
	name  string
	there func(*scheme) bool
}{
	{"SchemeOperatorAddress", func(s *scheme) bool { return s.OperatorAddress != nil }},
	{"SchemeName", func(s *scheme) bool { return s.Name != nil }},
	{"SchemeInformationURI", func(s *scheme) bool { return s.InformationURI != nil }},
	{"StatusDeterminationApproach", func(s *scheme) bool { return s.StatusApproach != nil }},
	{"SchemeTypeCommunityRules", func(s *scheme) bool { return s.CommunityRules != nil }},
	{"SchemeTerritory", func(s *scheme) bool { return s.Territory != nil }},
	{"PolicyOrLegalNotice", func(s *scheme) bool { return s.Policy != nil }},
}

// members is the scheme's part of the presence table (step 10).
func (r *reader) members(body *list) error {
	s := body.Scheme
	for _, m := range explicit {
		if !m.there(s) {
			if err := r.lacks(m.name); err != nil {
				return err
			}
		}
	}
	if len(s.InformationURI) < r.p.informationURIs {
		if err := r.lacks("one of the URIs in SchemeInformationURI"); err != nil {
			return err
		}
	}
	for _, p := range s.Policy {
		if len(p.Other) > 0 {
			r.warn("PolicyOrLegalNotice has unknown members")
		}
	}
	if err := r.historicalPeriod(s); err != nil {
		return err
	}
	return r.extensions(s.Extensions, nil)
}

func (r *reader) historicalPeriod(s *scheme) error {
	switch r.p.historicalPeriod {
	case absent:
		if s.HistoricalPeriod != nil {
			return violation("HistoricalInformationPeriod is there, which profile %s forbids", r.p.name)
		}
	case required:
		if s.HistoricalPeriod == nil {
			return r.lacks("HistoricalInformationPeriod")
		}
		if *s.HistoricalPeriod != r.p.historicalValue {
			return violation("HistoricalInformationPeriod is not %d", r.p.historicalValue)
		}
	}
	return nil
}

// pointers reads the pointers to other lists and finds the one to this list,
// which has to name the signer (step 10).
func (r *reader) pointers(body *list) error {
	s := body.Scheme
	if r.p.selfPointer == absent && s.Pointers != nil {
		return violation("PointersToOtherLoTE is there, which profile %s forbids", r.p.name)
	}
	self, signed := false, false
	for _, p := range s.Pointers {
		for _, q := range p.Qualifiers {
			if isSelf(q, s) {
				self = true
				signed = signed || names(p, r.signer.Raw)
				if *q.MimeType != "application/jose" {
					r.warn("the pointer to the list itself has another MimeType than application/jose")
				}
			}
			r.out.Pointers = append(r.out.Pointers, r.pointer(p, q))
		}
	}
	switch {
	case self && !signed:
		return violation("the pointer to the list itself does not name the list's signer")
	case !self && r.p.selfPointer == required:
		return r.lacks("the pointer to the list itself in PointersToOtherLoTE")
	}
	return nil
}

// isSelf: a pointer is to the list that holds it when type and territory are its
// own. The location cannot tell, since lists are read from mirrors and files.
func isSelf(q qualifier, s *scheme) bool {
	return *q.Type == *s.Type &&
		(q.Territory == nil || s.Territory == nil || *q.Territory == *s.Territory)
}

func names(p pointer, der []byte) bool {
	for _, id := range p.Identities {
		for _, c := range id.Certificates {
			if b, err := b64.Std(unwrap(*c.Value)); err == nil && bytes.Equal(b, der) {
				return true
			}
		}
	}
	return false
}

func (r *reader) pointer(p pointer, q qualifier) trustlist.Pointer {
	out := trustlist.Pointer{Location: *p.Location, Type: *q.Type}
	if q.Territory != nil {
		out.Territory = trustlist.Territory(*q.Territory)
	}
	for _, id := range p.Identities {
		r.identity(&id)
		for _, c := range id.Certificates {
			der, err := b64.Std(unwrap(*c.Value))
			if err != nil {
				r.warn("a certificate in PointersToOtherLoTE could not be used")
				continue
			}
			cert, err := pki.Parse(der)
			if err != nil {
				r.warn("a certificate in PointersToOtherLoTE could not be used")
				continue
			}
			out.Signers = append(out.Signers, cert)
		}
	}
	return out
}
