package etsitl

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"slices"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// service is ServiceInformation as it stands.
type service struct {
	typ, status, since string
	certificates       []string
	critical           bool // an extension is critical and not understood
}

// service reads one TSPService as it is now. Its history is passed over.
func (t *taker) service(r *xmldsig.Reader, p *provider) error {
	var s *service
	err := members(r, "a service", func(local string) (err error) {
		if local == "ServiceInformation" {
			s, err = readService(r)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case s == nil:
		return malformed("a service has no ServiceInformation")
	}
	if t.out.Services++; t.out.Services > MaxServices {
		return reason.Refuse(reason.TrustListTooLarge, "more than %d services", MaxServices)
	}
	return t.anchors(p, s)
}

func readService(r *xmldsig.Reader) (*service, error) {
	s := &service{}
	return s, members(r, "ServiceInformation", func(local string) (err error) {
		switch local {
		case "ServiceTypeIdentifier":
			s.typ, err = value(r)
		case "ServiceStatus":
			s.status, err = value(r)
		case "StatusStartingTime":
			s.since, err = value(r)
		case "ServiceDigitalIdentity":
			s.certificates, err = readIdentity(r)
		case "ServiceInformationExtensions":
			s.critical, err = readExtensions(r, knownExtensions)
		}
		return err
	})
}

// usable says whether a service is in good standing now. Qualified services are
// granted, others recognised; what lists said before July 2016 is no status that a
// service can still have (trust lists 2.2).
func (s *service) usable(kind trustlist.Kind) bool {
	return Same(s.status, statusGranted) || kind != trustlist.KindQEAA && Same(s.status, statusRecognised)
}

// anchors parses the certificates of every service, so that what cannot be used is
// known, and makes anchors of those of the types that are wanted.
func (t *taker) anchors(p *provider, s *service) error {
	kind, wanted := t.kinds[normal(s.typ)]
	scope := trustlist.Anchor{
		Kind: kind, Purpose: trustlist.Issuance, Territory: trustlist.Territory(t.out.Territory),
		Entity: p.key, EntityName: p.name,
		Usable: s.usable(kind), Status: s.status, Service: s.typ,
	}
	if wanted {
		since, ok := parseTime(s.since)
		if !ok {
			return malformed("a StatusStartingTime is not a UTC time")
		}
		if scope.StatusSince = since; kind == trustlist.KindEAA {
			scope.Types = t.o.Types
		}
		if len(s.certificates) == 0 {
			t.warn("a service is not identified by certificates and yields no anchor")
		}
	}
	for _, text := range s.certificates {
		cert, id, err := t.certificate(p.key, text)
		switch {
		case err != nil:
			return err
		case cert == nil: // recorded
		case s.critical || p.critical:
			t.skip(p.key, id, "a critical extension that is not understood")
		case wanted && t.signs(cert):
			// The pools of list signers and of anchors never mix (trust lists, rule 1).
			t.skip(p.key, id, "the list's signer")
		case wanted:
			t.add(cert, scope)
		}
	}
	return nil
}

// signs says whether a certificate may sign this list.
func (t *taker) signs(cert *x509.Certificate) bool {
	same := func(signer *x509.Certificate) bool { return signer != nil && bytes.Equal(signer.Raw, cert.Raw) }
	return slices.ContainsFunc(t.o.Pointer.Signers, same)
}

// scopeKey is what tells two anchors of one list apart.
type scopeKey struct {
	id                             [sha256.Size]byte
	kind                           trustlist.Kind
	entity, service, status, since string
}

// add gives a certificate its scope. The same certificate twice with the same scope
// is one anchor.
func (t *taker) add(cert *x509.Certificate, scope trustlist.Anchor) {
	a := trustlist.NewAnchor(cert)
	scope.ID, scope.Cert, scope.Mode = a.ID, a.Cert, a.Mode
	key := scopeKey{scope.ID, scope.Kind, scope.Entity, scope.Service, scope.Status, scope.StatusSince.String()}
	if t.seen[key] {
		return
	}
	t.seen[key] = true
	t.out.Anchors = append(t.out.Anchors, &scope)
}
