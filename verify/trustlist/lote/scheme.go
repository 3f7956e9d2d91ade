package lote

import "github.com/edgetrust/edgetrust/verify/reason"

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
