package main

import (
	"strings"

	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

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
		p.field("lists", "none of this configuration holds anchors for %s; add one to trust.sources (%s)",
			or(string(e.Kind), "an unknown kind"), sourceFor(e))
	}
	for _, h := range e.Lists {
		said := "may hold it"
		if h.Holds != nil {
			said = map[bool]string{true: "holds it", false: "does not hold it"}[*h.Holds]
		}
		if h.Note != "" {
			said += ", " + h.Note
		}
		p.field("list", "%s (%s): %s", h.Name, h.Type, said)
	}
}

// sourceFor says which type of source holds anchors of the kind.
func sourceFor(e explained) string {
	switch {
	case e.Kind == trustlist.KindQEAA:
		return "type lotl"
	case e.Kind == trustlist.KindEAA:
		return "type anchors, or lotl with types"
	case e.Kind == trustlist.KindMDL:
		return "type lote with profile mdl, or type vical"
	default:
		return "type lote, profiles: " + strings.Join(lote.Profiles(), ", ")
	}
}
