package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

// holder is a list that may hold the anchor.
type holder struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Note  string `json:"note"`
	Holds *bool  `json:"holds,omitempty"` // absent: cannot be told from here
}

// configured says which lists of a configuration can hold the anchor. A local
// bundle is looked into; a published list is not here to be looked into.
func configured(cfg *config.Config, e verify.Explanation) (list []holder) {
	for _, s := range cfg.Trust.Sources {
		h := holder{Name: s.Name, Type: s.Type}
		switch {
		case s.Type == config.TypeAnchors && s.Kind == e.Kind:
			list = append(list, bundle(s, e))
		case s.Type == config.TypeLoTE && s.Profile == "" && officialKind(e.Kind):
			h.Note = "any official type; " + publishedAt(s)
			list = append(list, h)
		case s.Type == config.TypeLoTE && s.Profile != "" && lote.KindOf(s.Profile) == e.Kind:
			h.Note = "profile " + s.Profile + "; " + publishedAt(s)
			list = append(list, h)
		case s.Type == config.TypeLOTL && slices.Contains(serviceKinds(s), e.Kind):
			list = append(list, national(s, e))
		case s.Type == config.TypeVICAL && e.Format == dcql.FormatMdoc && (e.Kind == trustlist.KindMDL || e.Kind == trustlist.KindEAA):
			h.Note = fmt.Sprintf("if it lists an authority for docType %s; %s", e.Type, publishedAt(s))
			list = append(list, h)
		}
	}
	return list
}

func publishedAt(s config.Source) string { return "published at " + s.URL }

// officialKind says whether a profile of TS 119 602 has anchors of the kind.
func officialKind(k trustlist.Kind) bool {
	return slices.ContainsFunc(lote.Profiles(), func(p string) bool { return lote.KindOf(p) == k })
}

// serviceKinds are the kinds that the national lists of a LOTL are read for.
func serviceKinds(s config.Source) []trustlist.Kind {
	services := s.Services
	if services == nil {
		services = etsitl.DefaultServices()
	}
	return slices.Collect(maps.Values(services))
}

// national says which national list would hold the anchor.
func national(s config.Source, e verify.Explanation) holder {
	cc := trustlist.Territory(e.Issuer.Country)
	h := holder{Name: s.Name, Type: s.Type, Note: "in the list of the issuer's country; " + publishedAt(s)}
	no := false
	switch {
	case e.Kind == trustlist.KindEAA && !slices.Contains(s.Types, e.Type):
		h.Holds, h.Note = &no, "its eaa anchors are limited to other types: name this one in types"
	case cc == "":
	case len(s.Territories) > 0 && !slices.Contains(s.Territories, cc):
		h.Holds, h.Note = &no, cc+" is not among its territories ("+strings.Join(s.Territories, ", ")+")"
	default:
		h.Note = "in its national list " + artefact.NationalID(s.Name, cc).Name + "; " + publishedAt(s)
	}
	return h
}

// bundle looks for the anchor in a local file.
func bundle(s config.Source, e verify.Explanation) holder {
	h := holder{Name: s.Name, Type: s.Type}
	certs, err := s.Bundle()
	if err != nil {
		h.Note = fmt.Sprintf("cannot be read: %v", err)
		return h
	}
	holds := slices.ContainsFunc(certs, func(c *x509.Certificate) bool {
		sum := sha256.Sum256(c.Raw)
		return isAnchor(e.Issuer, c.Subject.String(), hex.EncodeToString(c.SubjectKeyId), hex.EncodeToString(sum[:]))
	})
	h.Holds = &holds
	var but []string
	if !slices.Contains(s.Purposes, trustlist.Issuance) {
		but = append(but, "not for issuance")
	}
	if len(s.Types) > 0 && !slices.Contains(s.Types, e.Type) {
		but = append(but, "limited to other types")
	}
	if s.Territory != "" && e.Issuer.Country != "" && trustlist.Territory(s.Territory) != trustlist.Territory(e.Issuer.Country) {
		but = append(but, "for another territory ("+s.Territory+")")
	}
	h.Note = strings.Join(but, ", ")
	return h
}

// isAnchor says whether a certificate is the one that issued the top of the chain,
// by name and, where both are known, key id; or the signer itself.
func isAnchor(n verify.Needed, subject, keyID, digest string) bool {
	return digest == n.SHA256 || subject == n.AnchorName && (n.AnchorKeyID == "" || keyID == "" || keyID == n.AnchorKeyID)
}
