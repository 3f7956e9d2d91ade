// Package cache keeps the trust lists and status lists that verification rests
// on. Store.Admit is the only way in: whatever the door, the bytes are bounded,
// parsed, verified, and held against time and against what was held before.
// Store.View is the only way out: an immutable set that a request takes once.
//
// A refusal of any kind keeps the last good list. Nothing here fetches; package
// origin does.
package cache

import (
	"crypto/x509"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Limits and tolerances. The tolerances are those of the trust-list
// specification, section 7.
const (
	MaxList       = 16 << 20 // bytes of a trust list
	MaxStatus     = 12 << 20 // bytes of a status list token
	MaxJump       = 10_000   // sequence numbers a list may skip
	ListSkew      = 5 * time.Minute
	StatusSkew    = 60 * time.Second
	ClockBehind   = 5 * time.Minute // behind a signed issue time
	ClockJump     = 5 * time.Minute // against the monotonic clock
	MaxWithdrawn  = 4096            // anchors of a list remembered as removed
	MaxRefusals   = 8               // refusals kept per list
	MaxPerStatus  = 8               // signers of one status list URI
	MaxSameTime   = 4               // tokens of one signer with one issue time
	minStaleLooks = 3               // a list is never stale before it missed three looks
)

// Options of a Store. Zero durations and shares take the defaults named.
type Options struct {
	Sources []Source
	// Status are the URIs of the status lists that are followed.
	Status []string

	StaleAfter time.Duration // no look for so long: stale; default 24 h
	MaxStale   time.Duration // no look for so long: expired; default 7 d

	// A new version that removes more than RemovalShare (default 0.2), and at
	// least RemovalMin (default 3), of a list's or a territory's anchors holds
	// them for RemovalHold (default 1 h) before they count as withdrawn.
	RemovalShare float64
	RemovalMin   int
	RemovalHold  time.Duration

	// UnsafeTestAnchors admits anchors of a test ecosystem. Dev mode only.
	UnsafeTestAnchors bool

	Logger *slog.Logger // nil: discards
	// Notify is called after each change, outside of locks; nil: nobody is told.
	Notify func(Event)
}

// Source is a trust list that is followed.
type Source struct {
	Name     string
	Type     artefact.Kind // LoTE or Anchors
	URL      string
	Profile  string              // LoTE: pid, wallet, wrpac, wrprc, pubeaa, registrar, mdl; "" any official EU type
	Signers  []*x509.Certificate // LoTE: pinned, compared to the octet
	Required bool
	Refresh  time.Duration // how often the origin is looked at; default 1 h

	// Anchors: the scope of the bundle.
	Kind      trustlist.Kind
	Purposes  []trustlist.Purpose
	Territory string
	Types     []string
}

// Store holds the lists. It may be used concurrently; Admit calls are serialised.
type Store struct {
	opts  Options
	log   *slog.Logger
	start time.Time

	mu     sync.Mutex // guards lists, status, and the making of views
	lists  map[string]*heldList
	status map[string]*heldStatus
	floor  time.Time // newest signed issue time admitted
	epoch  epoch

	view atomic.Pointer[View]
}

// New returns a Store that holds nothing yet. now is the start of the clock's
// watch and should carry the monotonic clock.
func New(o Options, now time.Time) *Store {
	o = o.withDefaults()
	s := &Store{
		opts: o, log: o.Logger, start: now,
		lists: make(map[string]*heldList), status: make(map[string]*heldStatus),
	}
	for _, src := range o.Sources {
		s.lists[src.Name] = &heldList{source: src}
	}
	for _, uri := range o.Status {
		s.status[uri] = &heldStatus{}
	}
	s.publish()
	return s
}

func (o Options) withDefaults() Options {
	setDefault(&o.StaleAfter, 24*time.Hour)
	setDefault(&o.MaxStale, 7*24*time.Hour)
	setDefault(&o.RemovalHold, time.Hour)
	setDefault(&o.RemovalShare, 0.2)
	setDefault(&o.RemovalMin, 3)
	o.Sources = slices.Clone(o.Sources)
	for i := range o.Sources {
		setDefault(&o.Sources[i].Refresh, time.Hour)
		o.Sources[i].Territory = trustlist.Territory(o.Sources[i].Territory)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Notify == nil {
		o.Notify = func(Event) {}
	}
	return o
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// View returns the lists as they are now. It never waits.
func (s *Store) View() *View { return s.view.Load() }

// publish makes the next View. The caller holds mu, or is New.
func (s *Store) publish() {
	v := newView(s.start, s.floor)
	for _, name := range slices.Sorted(maps.Keys(s.lists)) {
		v.addList(s.lists[name], s.opts)
	}
	for uri, st := range s.status {
		v.status[uri] = st.slot()
	}
	v.seeded = s.seeded()
	v.epoch = s.epoch.of(v)
	s.view.Store(v)
}

// seeded says whether every required list, or every list if none is required, was
// admitted once.
func (s *Store) seeded() bool {
	anyRequired := false
	for _, h := range s.lists {
		anyRequired = anyRequired || h.source.Required
	}
	for _, h := range s.lists {
		if h.list == nil && (h.source.Required || !anyRequired) {
			return false
		}
	}
	return true
}

// Event tells what changed.
type Event struct {
	Type   string // list_changed, list_refused, anchor_added, anchor_removed, status_changed, equivocation
	List   string // a source's name; "status" for status lists
	Code   string // list_refused: why
	Detail string
}
