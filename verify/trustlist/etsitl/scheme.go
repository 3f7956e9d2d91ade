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
	return s, members(r, "SchemeInformation", func(member string) (err error) {
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

// readNextUpdate returns the time inside. An empty NextUpdate, and no other without a
// time, closes a list for good (clause 5.3.15): it returns "".
func readNextUpdate(r *xmldsig.Reader) (text string, err error) {
	if r.Blank() {
		return "", nil
	}
	err = members(r, "NextUpdate", func(local string) (err error) {
		if local == "dateTime" {
			text, err = value(r)
		}
		return err
	})
	if err == nil && text == "" {
		return "", malformed("NextUpdate holds something else than a time")
	}
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
