package etsitl

import (
	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
)

// scheme is SchemeInformation as it stands; nothing in it is judged.
type scheme struct {
	values          map[string]string // members that hold one text; others are there with ""
	operators       []name
	informationURIs []string
	pointers        []pointer
	critical        bool // an extension is critical
}

// has says whether a member is there, be it empty.
func (s *scheme) has(member string) bool {
	_, ok := s.values[member]
	return ok
}

// readScheme reads SchemeInformation, the pointers only where they are wanted: a
// national list has one back to the LOTL, which is no news.
func readScheme(r *xmldsig.Reader, pointers bool) (*scheme, error) {
	s := &scheme{values: make(map[string]string)}
	return s, children(r, func(member string) (err error) {
		if s.has(member) {
			return malformed("a member of SchemeInformation stands twice")
		}
		s.values[member] = ""
		switch member {
		case "TSLVersionIdentifier", "TSLSequenceNumber", "TSLType", "StatusDeterminationApproach",
			"SchemeTerritory", "ListIssueDateTime":
			s.values[member], err = value(r)
		case "NextUpdate":
			s.values[member], err = readNextUpdate(r)
		case "SchemeOperatorName":
			s.operators, err = readNames(r, "Name")
		case "SchemeInformationURI":
			var uris []name
			uris, err = readNames(r, "URI")
			s.informationURIs = texts(uris)
		case "PointersToOtherTSL":
			if pointers {
				s.pointers, err = readPointers(r)
			}
		case "SchemeExtensions":
			s.critical, err = readExtensions(r, nil)
		}
		return err
	})
}

// readNextUpdate returns the time inside, "" for a closed list.
func readNextUpdate(r *xmldsig.Reader) (text string, err error) {
	times := 0
	err = children(r, func(local string) (err error) {
		if local != "dateTime" {
			return nil
		}
		if times++; times > 1 {
			return malformed("NextUpdate holds two times")
		}
		text, err = value(r)
		return err
	})
	return text, err
}

// required are the members that the schema requires of every list.
var required = []string{
	"TSLVersionIdentifier", "TSLSequenceNumber", "TSLType", "SchemeOperatorName", "SchemeOperatorAddress", "SchemeName",
	"SchemeInformationURI", "StatusDeterminationApproach", "HistoricalInformationPeriod", "ListIssueDateTime", "NextUpdate",
}

// complete refuses a scheme that lacks a member.
func (s *scheme) complete() error {
	for _, member := range required {
		if !s.has(member) {
			return malformed("%s is missing", member)
		}
	}
	if len(s.operators) == 0 {
		return malformed("SchemeOperatorName is empty")
	}
	return nil
}
