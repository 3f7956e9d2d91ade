package lote

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// presence is what a profile says of a member.
type presence int

const (
	optional presence = iota
	absent
	required
)

// place is the member in which a profile keeps the role URI of an entity.
type place int

const (
	nowhere place = iota
	inInformationURI
	inElectronicAddress
)

// uris are the accepted values of a member: the official ones, then those of
// pilots, which an option has to allow.
type uris struct {
	official []string
	pilot    []string
}

func (u uris) accept(uri string, o Options) bool {
	return slices.Contains(u.official, uri) || o.AllowPilotIdentifiers && slices.Contains(u.pilot, uri)
}

// serviceType is one row of the service types of a profile.
type serviceType struct {
	uri     string
	purpose trustlist.Purpose
	pilot   bool // an option has to allow it
}

// profile is one row of the table in trust lists 1.3, together with its column of
// the presence table below it.
type profile struct {
	name      string
	kind      trustlist.Kind
	territory string
	anchors   []string // docTypes or vcts the anchors are limited to; nil: any of the kind

	types    uris
	status   uris
	rules    uris
	services []serviceType

	historicalPeriod presence
	historicalValue  int64 // the only value, where required
	selfPointer      presence
	informationURIs  int // at least so many
	serviceHistory   presence

	serviceStatus presence // absent: honoured all the same, with a warning
	certificates  presence
	onlyCA        bool // a certificate that is no CA's yields no anchor
	oneIdentity   bool // several certificates of a service share key and subject
	uniqueID      presence
	tradeName     bool // TETradeName is checked
	supplyPoints  presence

	role   string // role URI without its <CC>
	roleIn place
}

// Profiles returns the names Options.Profile can have.
func Profiles() []string {
	names := make([]string, 0, len(profiles))
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

// KindOf returns the kind of attestation that the anchors of a profile's lists
// answer for, "" for no profile.
func KindOf(profile string) trustlist.Kind {
	for _, p := range profiles {
		if p.name == profile {
			return p.kind
		}
	}
	return ""
}

// profileOf chooses the row by the list's type, among those the options allow.
func profileOf(loteType string, o Options) *profile {
	for i := range profiles {
		p := &profiles[i]
		if (o.Profile == "" || o.Profile == p.name) && p.types.accept(loteType, o) {
			return p
		}
	}
	return nil
}

// purposeOf finds the purpose of a service type in the row.
func (p *profile) purposeOf(uri string, o Options) (trustlist.Purpose, bool) {
	for _, s := range p.services {
		if s.uri == uri && (!s.pilot || o.AllowPilotIdentifiers) {
			return s.purpose, true
		}
	}
	return "", false
}

// IsOfficial says whether a URI is an official one of any profile, of a list type, a
// status approach, scheme rules, a service type or a status: an alias cannot rename it.
func IsOfficial(uri string) bool {
	for i := range profiles {
		p, o := &profiles[i], Options{}
		_, service := p.purposeOf(uri, o)
		if service || p.types.accept(uri, o) || p.status.accept(uri, o) || p.rules.accept(uri, o) {
			return true
		}
	}
	return slices.Contains(goodStatus, uri)
}
