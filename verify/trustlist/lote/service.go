package lote

import (
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// service checks one service against the presence table (step 10) and takes its
// anchors out (step 11).
func (r *reader) service(w who, s *entityService) error {
	r.out.Services++
	info := s.Information
	r.o.official(info.Type)
	r.o.official(info.Status)
	if s.History != nil && r.p.serviceHistory == absent {
		return violation("ServiceHistory is there, which profile %s forbids", r.p.name)
	}
	for _, h := range s.History {
		if err := r.history(h); err != nil {
			return err
		}
	}
	purpose, err := r.purpose(info)
	if err != nil {
		return err
	}
	if err := r.serviceMembers(info); err != nil {
		return err
	}
	usable, since, err := r.status(info)
	if err != nil {
		return err
	}
	scope := trustlist.Anchor{
		Kind:        r.p.kind,
		Purpose:     purpose,
		Types:       r.p.anchors,
		Entity:      w.key,
		EntityName:  w.name,
		Usable:      usable,
		StatusSince: since,
	}
	if info.Status != nil {
		scope.Status = *info.Status
	}
	if info.Type != nil {
		scope.Service = *info.Type
	}
	if purpose == trustlist.Revocation {
		scope.Aggregations = supplied(info.SupplyPoints)
	}
	return r.anchors(w, info.Identity, scope)
}

// maxSupplied bounds the supply points of a service that are looked at.
const maxSupplied = 4

// supplied is where a service says that it supplies what it is for.
func supplied(points []supplyPoint) (uris []string) {
	for _, p := range points[:min(len(points), maxSupplied)] {
		if p.URI != nil && *p.URI != "" {
			uris = append(uris, *p.URI)
		}
	}
	return uris
}

func (r *reader) purpose(info *serviceInformation) (trustlist.Purpose, error) {
	if info.Type == nil {
		if r.o.AllowMissingServiceType {
			r.warn("a service has no ServiceTypeIdentifier and counts as issuance")
			return trustlist.Issuance, nil
		}
		return "", violation("a service has no ServiceTypeIdentifier")
	}
	purpose, ok := r.p.purposeOf(*info.Type, r.o)
	if !ok {
		return "", violation("a service has a ServiceTypeIdentifier that profile %s does not have", r.p.name)
	}
	return purpose, nil
}

func (r *reader) serviceMembers(info *serviceInformation) error {
	if err := r.extensions(info.Extensions, []string{uniqueIdentifier}); err != nil {
		return err
	}
	for _, m := range []struct {
		name   string
		demand presence
		there  bool
	}{
		{"X509Certificates of a service", r.p.certificates, info.Identity.Certificates != nil},
		{"ServiceUniqueIdentifier of a service", r.p.uniqueID, hasUniqueIdentifier(info.Extensions)},
		{"ServiceSupplyPoints of a service", r.p.supplyPoints, info.SupplyPoints != nil},
	} {
		if m.demand == required && !m.there {
			if err := r.lacks(m.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// status says whether the service is in good standing, and since when the list
// calls it what it does; zero where it does not say. Where the profile has no
// status one is honoured all the same: to refuse the list would keep an older one
// in force, in which the service is still good (trust lists 1.3).
func (r *reader) status(info *serviceInformation) (usable bool, since time.Time, err error) {
	if info.StatusSince != nil {
		ok := false
		if since, _, ok = parseTime(*info.StatusSince); !ok {
			return false, since, malformed("a StatusStartingTime is not a UTC time")
		}
	}
	switch r.p.serviceStatus {
	case absent:
		if info.Status == nil {
			return true, since, nil
		}
		r.warn("a service has a ServiceStatus, which its profile does not know; it is honoured")
	case required:
		if info.Status == nil {
			return false, since, r.lacks("ServiceStatus of a service")
		}
		if info.StatusSince == nil {
			if err := r.lacks("StatusStartingTime of a service"); err != nil {
				return false, since, err
			}
		}
	}
	return info.Status != nil && slices.Contains(goodStatus, *info.Status), since, nil
}

func (r *reader) history(h serviceHistory) error {
	if _, _, ok := parseTime(*h.StatusSince); !ok {
		return malformed("a StatusStartingTime is not a UTC time")
	}
	r.identity(h.Identity)
	return r.extensions(h.Extensions, []string{uniqueIdentifier})
}

// identity warns of what an identity holds that makes no anchor. EU profiles
// identify by certificate (trust lists 1.3).
func (r *reader) identity(id *identity) {
	if len(id.Unknown) > 0 {
		r.warn("a ServiceDigitalIdentity has unknown members, which are ignored")
	}
}
