package config

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Trust is where anchors come from.
type Trust struct {
	Sources []Source
	Rewrite []Rewrite
	// Kinds says what further vct and docType values count as.
	Kinds         map[string]trustlist.Kind
	SuddenRemoval SuddenRemoval
	// Soak is how long a new version waits before other nodes hear of it; 0: not
	// at all.
	Soak time.Duration
}

// The types of a source.
const (
	TypeLOTL    = "lotl"    // list of trusted lists, TS 119 612, and the national lists it names
	TypeLoTE    = "lote"    // list of trusted entities, TS 119 602
	TypeVICAL   = "vical"   // ISO/IEC 18013-5 Annex C
	TypeAnchors = "anchors" // local bundle of certificates
)

func types() []string { return []string{TypeLOTL, TypeLoTE, TypeVICAL, TypeAnchors} }

// OfficialJournal is the notice that names the present signers of the EU's list of
// trusted lists: C/2026/1944 of 15 April 2026. The list refers to it by this URL.
const OfficialJournal = "https://eur-lex.europa.eu/eli/C/2026/1944/oj"

// Source is one trust list. A zero field of a type that has it takes the default
// named; fields of other types are empty.
type Source struct {
	Name          string
	Type          string   // TypeLOTL, TypeLoTE, TypeVICAL or TypeAnchors
	URL           string   // as it was written
	Path          string   // the file that a file: URL names; "" for other URLs
	Signers       []string // globs of PEM files; of a VICAL: roots of its provider
	Refresh       time.Duration
	Required      bool
	AllowInsecure bool // http:// may be fetched

	// No look for StaleAfter makes a list stale, none for MaxStale expires it.
	// 0: the defaults below.
	StaleAfter, MaxStale time.Duration

	// OJ is the URL of the Official Journal's notice that names the signers. With
	// it, signers may change through pivots (TS 119 615 4.1). A LOTL always has one;
	// "" for a LoTE: only the pinned signers count.
	OJ string

	// Of a LOTL. Its national lists are sources of their own, called NAME:CC.
	Territories     []string                  // ISO 3166; empty: all that it names
	Services        map[string]trustlist.Kind // service type URI to kind; nil: EAA/Q is qeaa, EAA is eaa
	NationalRefresh time.Duration
	AllowVersion5   bool // lists of version 5 may be newer than 29 April 2026

	// Of a LoTE.
	Profile string            // "" any official EU type
	Aliases map[string]string // a URI that the list uses, to the official one it stands for
	Allow   []string          // departures from the standard that are let pass

	Provider string // of a VICAL: what vicalProvider has to be; "" anything

	// The scope of a bundle of anchors. Types also limit what the eaa anchors of a
	// LOTL may issue.
	Kind      trustlist.Kind
	Purposes  []trustlist.Purpose
	Territory string
	Types     []string
}

// The defaults of a source.
const (
	DefaultRefresh         = time.Hour
	DefaultNationalRefresh = 4 * time.Hour
	DefaultStaleAfter      = 24 * time.Hour
	DefaultMaxStale        = 7 * day
)

// SuddenRemoval says when lost anchors are held back, and for how long.
type SuddenRemoval struct {
	Share float64
	Hold  time.Duration
}

func (d *decoder) trust(n *yaml.Node, at string, t *Trust) {
	d.mapping(n, at, members{
		"sources": func(n *yaml.Node, at string) {
			d.list(n, at, maxSources, func(_ int, n *yaml.Node, at string) {
				t.Sources = append(t.Sources, d.source(n, at))
			})
		},
		"rewrite": func(n *yaml.Node, at string) {
			d.list(n, at, maxRewrites, func(_ int, n *yaml.Node, at string) {
				t.Rewrite = append(t.Rewrite, d.rewrite(n, at))
			})
		},
		"kinds": d.kinds(&t.Kinds),
		"sudden_removal": func(n *yaml.Node, at string) {
			d.mapping(n, at, members{
				"share": d.fraction(&t.SuddenRemoval.Share),
				"hold":  d.duration(&t.SuddenRemoval.Hold, time.Second, 30*day),
			})
		},
		"soak": d.duration(&t.Soak, 0, day),
	})
}

// kinds reads a mapping of somebody else's names to kinds of attestation.
func (d *decoder) kinds(dst *map[string]trustlist.Kind) func(*yaml.Node, string) {
	return func(n *yaml.Node, at string) {
		*dst = make(map[string]trustlist.Kind)
		d.each(n, at, func(name string, n *yaml.Node, at string) {
			var k trustlist.Kind
			oneOf(d, &k, trustlist.Kinds()...)(n, at)
			(*dst)[name] = k
		})
	}
}
