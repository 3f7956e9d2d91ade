package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
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
		switch {
		case s.Type == config.TypeAnchors && s.Kind == e.Kind:
			list = append(list, bundle(s, e))
		case s.Type == config.TypeLoTE && s.Profile == "" && e.Kind != trustlist.KindEAA:
			list = append(list, holder{Name: s.Name, Type: s.Type, Note: "any official type; " + publishedAt(s)})
		case s.Type == config.TypeLoTE && s.Profile != "" && lote.KindOf(s.Profile) == e.Kind:
			list = append(list, holder{Name: s.Name, Type: s.Type, Note: "profile " + s.Profile + "; " + publishedAt(s)})
		}
	}
	return list
}

func publishedAt(s config.Source) string { return "published at " + s.URL }

// bundle looks for the anchor in a local file.
func bundle(s config.Source, e verify.Explanation) holder {
	h := holder{Name: s.Name, Type: s.Type}
	certs, err := s.Bundle()
	if err != nil {
		h.Note = fmt.Sprintf("cannot be read: %v", err)
		return h
	}
	holds := false
	for _, c := range certs {
		if c.Subject.String() == e.Issuer.AnchorName &&
			(e.Issuer.AnchorKeyID == "" || len(c.SubjectKeyId) == 0 || hex.EncodeToString(c.SubjectKeyId) == e.Issuer.AnchorKeyID) {
			holds = true
		}
	}
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

// followed are the lists of a running node. It does not say which kinds they
// hold.
func (r *run) followed() ([]holder, error) {
	cl, err := r.public()
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	raw, err := r.get(cl, "/v1/lists")
	if err != nil {
		return nil, err
	}
	a, err := decode[listsAnswer](raw)
	if err != nil {
		return nil, err
	}
	list := make([]holder, len(a.Lists))
	for i, l := range a.Lists {
		list[i] = holder{Name: l.Name, Type: l.Type, Note: fmt.Sprintf("%s, %d anchors, from %s", l.State, l.Anchors, l.URL)}
	}
	return list, nil
}

// explained prints one presentation. offline: the lists are those of the kind.
func (p *page) explained(e explained, offline bool) {
	p.line("%s[%d] %s", e.ID, e.Index, e.Format)
	if e.Refused != nil {
		p.line("  cannot be read")
		p.reason("    ", *e.Refused)
	}
	p.field("type", "%s", e.Type)
	if e.Type != "" {
		p.field("kind", "%s", or(string(e.Kind), "not known: name the kind in expect, or the type in trust.kinds"))
	}
	if n := e.Issuer; n.Certificates > 0 {
		p.field("issuer", "%s", n.Subject)
		p.field("", "sha256 %s, good from %s to %s", n.SHA256, when(n.NotBefore), when(n.NotAfter))
		p.field("country", "%s", n.Country)
		p.field("needs", "an anchor for %s: %s", or(string(e.Kind), "its kind"), or(n.AnchorName, "without a name"))
		if n.AnchorKeyID != "" {
			p.field("", "with the key id %s", n.AnchorKeyID)
		}
		if n.SelfSigned {
			p.field("", "the certificate signed itself: a list has to name it")
		}
	}
	if e.Refused == nil && !e.Bound {
		p.field("holder", "no holder binding in it")
	}
	p.lists(e, offline)
	for _, m := range e.Missing {
		p.field("missing", "%s: %s", m.Code, m.Detail)
	}
}

func (p *page) lists(e explained, offline bool) {
	switch {
	case e.Issuer.Certificates == 0:
		return
	case offline && len(e.Lists) == 0:
		p.field("lists", "none of this configuration holds anchors for %s; add one to trust.sources (profiles: %s)",
			or(string(e.Kind), "an unknown kind"), strings.Join(lote.Profiles(), ", "))
	case !offline && len(e.Lists) > 0:
		p.field("lists", "the node follows these; --config F tells which hold anchors for %s", or(string(e.Kind), "this kind"))
	}
	for _, h := range e.Lists {
		holds := "may hold it"
		if h.Holds != nil {
			holds = map[bool]string{true: "holds it", false: "does not hold it"}[*h.Holds]
		}
		if !offline {
			holds = h.Note
		} else if h.Note != "" {
			holds += ", " + h.Note
		}
		p.field("list", "%s (%s): %s", h.Name, h.Type, holds)
	}
}
