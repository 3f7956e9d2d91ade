package etsitl

import (
	"strings"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// pointer is OtherTSLPointer as it stands.
type pointer struct {
	location     string
	certificates []string
	operators    []name
	qualifiers   map[xmldsig.Element]string // of AdditionalInformation; of the operator only that it is there
}

var (
	qualifierType      = xmldsig.Element{Space: nsList, Local: "TSLType"}
	qualifierTerritory = xmldsig.Element{Space: nsList, Local: "SchemeTerritory"}
	qualifierMedia     = xmldsig.Element{Space: nsAdditional, Local: "MimeType"}
	qualifierOperator  = xmldsig.Element{Space: nsList, Local: "SchemeOperatorName"}
)

func readPointers(r *xmldsig.Reader) (pointers []pointer, err error) {
	err = each(r, "OtherTSLPointer", func() error {
		if len(pointers) == MaxPointers {
			return reason.Refuse(reason.TrustListTooLarge, "more than %d pointers", MaxPointers)
		}
		p := pointer{qualifiers: make(map[xmldsig.Element]string)}
		err := p.read(r)
		pointers = append(pointers, p)
		return err
	})
	return pointers, err
}

func (p *pointer) read(r *xmldsig.Reader) error {
	return members(r, "a pointer", func(local string) (err error) {
		switch local {
		case "TSLLocation":
			p.location, err = value(r)
		case "ServiceDigitalIdentities":
			err = each(r, "ServiceDigitalIdentity", func() error {
				certs, err := readIdentity(r)
				p.certificates = append(p.certificates, certs...)
				return err
			})
		case "AdditionalInformation":
			err = each(r, "OtherInformation", func() error {
				return r.Children(func(e xmldsig.Element) error { return p.qualifier(r, e) })
			})
		}
		return err
	})
}

// qualifier reads what an OtherInformation holds.
func (p *pointer) qualifier(r *xmldsig.Reader, e xmldsig.Element) (err error) {
	switch e {
	case qualifierType, qualifierTerritory, qualifierMedia, qualifierOperator:
	default:
		return nil
	}
	if _, twice := p.qualifiers[e]; twice {
		return invalid("a pointer has two types, territories, media types or operators")
	}
	if p.qualifiers[e] = ""; e == qualifierOperator {
		p.operators, err = readNames(r, "Name")
	} else {
		p.qualifiers[e], err = value(r)
	}
	return err
}

// pointers judges the pointers of a LOTL. Each that is to XML names a territory of
// its own and at least one certificate, and one is to the LOTL itself.
func (r *reader) pointers(s *scheme) (self *trustlist.Pointer, err error) {
	territories := make(map[string]bool)
	for i := range s.pointers {
		p, err := r.pointer(&s.pointers[i])
		switch {
		case err != nil:
			return nil, err
		case p == nil:
			continue
		case territories[p.Territory]:
			return nil, invalid("two pointers for one territory")
		}
		territories[p.Territory] = true
		switch {
		case Same(p.Type, typeLOTL):
			if self != nil || p.Territory != territoryEU {
				return nil, invalid("a pointer of the LOTL's type that is not to itself")
			}
			self = p
		case Same(p.Type, typeNational):
			r.out.Pointers = append(r.out.Pointers, *p)
		default:
			r.warn("a pointer is to a list of an unknown type and is ignored")
		}
	}
	if self == nil {
		return nil, invalid("there is no pointer to the list itself")
	}
	return self, nil
}

// pointer returns nil for a list in PDF, which is for people.
func (r *reader) pointer(p *pointer) (*trustlist.Pointer, error) {
	media := strings.ToLower(p.qualifiers[qualifierMedia])
	switch {
	case media == mediaPDF:
		return nil, nil
	case media != mediaXML:
		return nil, invalid("a pointer names no media type, or one that no list has")
	case len(p.certificates) == 0:
		return nil, invalid("a pointer names no certificate")
	case p.qualifiers[qualifierTerritory] == "":
		return nil, invalid("a pointer names no territory")
	case !fetchable(p.location):
		return nil, invalid("a pointer names no http or https URL")
	}
	out := &trustlist.Pointer{
		Location:  p.location,
		Type:      p.qualifiers[qualifierType],
		Territory: trustlist.Territory(p.qualifiers[qualifierTerritory]),
		MimeType:  media,
		Operators: texts(p.operators),
	}
	for _, text := range p.certificates {
		cert, _, err := r.certificate(out.Territory, text)
		if err != nil {
			return nil, err
		}
		if cert != nil {
			out.Signers = append(out.Signers, cert)
		}
	}
	if len(out.Signers) == 0 {
		r.warn("no certificate of a pointer can be used, so that nobody can sign its list")
	}
	return out, nil
}

func invalid(format string, args ...any) error {
	return reason.Refuse(reason.TrustListPointerInvalid, format, args...)
}
