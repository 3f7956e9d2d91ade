package cache

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

// Source is a trust list that is followed: one that the operator configured, or a
// national list that a LOTL names.
type Source struct {
	Name     string
	Type     artefact.Kind // LOTL, TL, LoTE, VICAL or Anchors
	URL      string        // where it is published
	Signers  []*x509.Certificate
	Required bool
	Refresh  time.Duration // how often the origin is looked at; default 1 h

	// StaleAfter and MaxStale are this list's own; zero: the Store's.
	StaleAfter, MaxStale time.Duration

	// OJ is the URL of the Official Journal notice that Signers were published in.
	// With it the signers of a LOTL or LoTE may have changed since through pivots; a
	// LOTL needs it.
	OJ            string
	AllowVersion5 bool // LOTL and TL: version 5 of the format, also when issued since it ended

	// LOTL: which national lists are followed, and how.
	Territories     []string // ISO 3166; empty: all it names
	NationalRefresh time.Duration
	Services        map[string]trustlist.Kind // service type to kind; nil: etsitl.DefaultServices

	// TL: what its LOTL says of it.
	Parent  string
	Pointer trustlist.Pointer

	// LoTE: the expected profile ("": any official EU type) and what is let pass.
	Profile string
	LoTE    lote.Options

	Provider string // VICAL: the only vicalProvider; "": any, but always the same

	// Anchors: the scope of the bundle. Types is also what the anchors of kind eaa of
	// a TL may issue.
	Kind      trustlist.Kind
	Purposes  []trustlist.Purpose
	Territory string
	Types     []string
}

// ID is the identity of the list's artefacts.
func (src *Source) ID() artefact.ID { return artefact.ID{Kind: src.Type, Name: src.Name} }

func (o Options) sourceWithDefaults(src Source) Source {
	setDefault(&src.Refresh, time.Hour)
	setDefault(&src.NationalRefresh, 4*time.Hour)
	setDefault(&src.StaleAfter, o.StaleAfter)
	setDefault(&src.MaxStale, o.MaxStale)
	src.Territory = trustlist.Territory(src.Territory)
	src.LoTE.Profile, src.LoTE.OJ = src.Profile, src.OJ
	return src
}

// national is the source of a national list that a LOTL of this source names.
func (src *Source) national(p trustlist.Pointer) Source {
	return Source{
		Name: artefact.NationalID(src.Name, p.Territory).Name, Type: artefact.TL, URL: p.Location, Signers: p.Signers,
		Refresh: src.NationalRefresh, StaleAfter: src.StaleAfter, MaxStale: src.MaxStale,
		AllowVersion5: src.AllowVersion5, Services: src.Services, Types: src.Types,
		Parent: src.Name, Pointer: p, Territory: p.Territory,
	}
}

// wants says whether the operator asked for a territory's list.
func (src *Source) wants(territory string) bool {
	return len(src.Territories) == 0 || slices.ContainsFunc(src.Territories, func(t string) bool { return trustlist.Territory(t) == territory })
}

// kinds says for which kinds of attestation the list can hold anchors. A LOTL holds
// none, but as long as it is not loaded nobody knows the lists that do.
func (h *heldList) kinds() []trustlist.Kind {
	switch src := &h.source; {
	case src.Type == artefact.Anchors:
		return []trustlist.Kind{src.Kind}
	case src.Type == artefact.TL, src.Type == artefact.LOTL && h.list == nil:
		return src.serviceKinds()
	case src.Type == artefact.LOTL:
		return nil
	case src.Type == artefact.VICAL:
		return []trustlist.Kind{trustlist.KindMDL, trustlist.KindEAA}
	case src.Profile != "":
		return []trustlist.Kind{lote.KindOf(src.Profile)}
	case h.list == nil:
		return trustlist.Kinds() // any official type: not known before it is loaded
	}
	var kinds []trustlist.Kind
	for _, a := range h.list.Anchors {
		if !slices.Contains(kinds, a.Kind) {
			kinds = append(kinds, a.Kind)
		}
	}
	return kinds
}

func (src *Source) serviceKinds() (kinds []trustlist.Kind) {
	services := src.Services
	if services == nil {
		services = etsitl.DefaultServices()
	}
	for _, k := range services {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// State is the state of a list as an operator sees it. Beside the states of a
// verification there are two more.
type State = verify.ListState
