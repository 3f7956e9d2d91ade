// Package cache keeps the trust lists and status lists that verification rests
// on. Store.Admit is the only way in: whatever the door, the bytes are bounded,
// parsed, verified, and held against time and against what was held before.
// Store.View is the only way out: an immutable set that a request takes once.
//
// A refusal of any kind keeps the last good list. With a disk what was admitted
// survives restarts, and is verified again when it is read back: the disk is
// trusted with nothing. Nothing here fetches; package origin does.
package cache

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
)

// Limits and tolerances. The tolerances are those of the trust-list
// specification, section 7.
const (
	MaxList       = 16 << 20 // bytes of a trust list
	MaxStatus     = 12 << 20 // bytes of a status list or identifier list token
	MaxJump       = 10_000   // sequence numbers a list may skip
	MaxPivots     = 32       // pivots kept of one list
	MaxPivotURL   = 1024     // bytes of a pivot's URL
	MinStored     = 1000     // entries of a status list that is written to disk
	ListSkew      = 5 * time.Minute
	StatusSkew    = 60 * time.Second
	ClockBehind   = 5 * time.Minute    // behind a signed issue time
	ClockJump     = 5 * time.Minute    // against the monotonic clock
	NationalGrace = 7 * 24 * time.Hour // a national list past its next update
	MaxWithdrawn  = 4096               // anchors of a list remembered as withdrawn
	LeftLong      = 10 * time.Second   // a trust list that others were to bring: the first who look, and the way of its body
	MaxHeld       = 65_536             // and those that are held: more than any list has
	MaxRefusals   = 8                  // refusals kept per list
	MaxPerStatus  = 8                  // signers of one status list URI
	MaxSameTime   = 4                  // tokens of one signer with one issue time

	MaxStatusLists  = 65_536 // that are followed
	MaxPerOwner     = 16_384 // of one issuer, that nobody configured
	MaxWaiting      = 4096   // found, and not followed yet
	MaxCRLs         = 4096   // URLs of revocation lists
	MaxPerCRL       = 8      // authorities that publish under one of them
	MaxAggregations = 1024   // lists of status lists
	MaxSigners      = 4096   // certificates of token signers that are shared

	minStaleLooks = 3 // a list is never stale before it missed three looks
)

// Options of a Store. Zero durations and shares take the defaults named.
type Options struct {
	Sources []Source
	// Status are the URIs of the status lists and identifier lists that are followed
	// from the start, Aggregations those of lists of more.
	Status, Aggregations []string
	// MaxMemory bounds what status lists, identifier lists and revocation lists may
	// take, in bytes; default 512 MiB. See RecentUse for what happens at the bound.
	MaxMemory int64
	// FlipAlarm is the share of its entries that a new version of a status list may
	// change without an alarm; default 0.01.
	FlipAlarm float64
	// Permit says whether a list that credentials, tokens or trust lists name may be
	// fetched. It may not call the Store. Nil: none may.
	Permit func(artefact.ID) bool

	StaleAfter time.Duration // no look for so long: stale; default 24 h
	MaxStale   time.Duration // no look for so long: expired; default 7 d

	// A new version that removes more than RemovalShare (default 0.2), and at
	// least RemovalMin (default 3), of a list's or a territory's anchors holds
	// them for RemovalHold (default 1 h) before they count as withdrawn.
	RemovalShare float64
	RemovalMin   int
	RemovalHold  time.Duration

	// Soak is how long a new version of a trust list serves here before it may be
	// announced to others; 0: not at all.
	Soak time.Duration

	// UnsafeTestAnchors admits anchors of a test ecosystem. Dev mode only.
	UnsafeTestAnchors bool

	Logger *slog.Logger // nil: discards
	// Notify is told of what has changed, in order and one event at a time; it may
	// call the Store. Nil: nobody is told.
	Notify func(Event)
	// Grown is told, as Notify is, when other lists are followed than before. Nil:
	// nobody is told.
	Grown func()
	// Shared is told, as Notify is, when what Share or Followed return may have
	// changed, which may be many times a second. Nil: nobody is told.
	Shared func()
}

// Store holds the lists. It may be used concurrently.
type Store struct {
	opts  Options
	log   *slog.Logger
	start time.Time

	clock *atomic.Uint64 // seconds since start, counted from one, to the nearest Tick

	mu           sync.Mutex // guards everything down to useLooked
	lists        map[string]*heldList
	status       map[artefact.ID]*heldStatus
	touched      map[artefact.ID]bool            // status lists that the newest View does not show yet
	tables       statusTables                    // of the newest View
	crls         map[string]*heldCRL             // by URL
	crlView      map[crl.IssuerID]verify.CRLSlot // of the newest View; nil: to be made again
	aggregations map[string]*aggregation         // by URI
	waiting      map[artefact.ID]waitingList
	grown        bool                            // what is followed has changed, and nobody was told
	sharing      bool                            // what Share or Followed return may be another, once this is settled
	shared       bool                            // and since, and nobody was told
	named        map[artefact.Digest]artefact.ID // what Share named last
	learned      uint64                          // see Learned
	fromPeers    FromPeers
	signers      signers
	owners       map[owner]*usage
	used         int64           // bytes that status lists and revocation lists take
	marks        map[string]mark // of national lists that no LOTL has named yet in this process
	ready        bool            // seeded once, which is never undone
	floor        time.Time       // newest signed issue time admitted
	epoch        epoch
	changes      uint64               // counts changes; see settle
	dirty        map[artefact.ID]bool // whose records are to be written
	events       []Event              // of changes that are not settled
	untold       []Event              // of changes that are
	telling      bool                 // somebody is telling of those
	disk         *disk.Store          // nil: memory alone keeps what was admitted
	loading      bool                 // what is taken in comes from the disk
	aside        []string             // what of the disk was damaged
	forgotten    []string             // keys on disk of lists that are followed no longer
	broken       error                // why the disk does not work
	trust        *trust               // of the newest View; nil: to be made again

	clockBad bool // an event told so
	refusals map[refusalKind]refusalCount

	// Since the start: lists that made room, and that found none; limits that kept one
	// out, and when that was last told of.
	evicted, memoryRefused, overflowed uint64
	overflowTold                       uint64

	useLooked uint64 // the second of the last look for lists that are hardly used

	round   sync.Mutex // one settling at a time
	settled uint64     // guarded by round: changes that are on disk and in the View

	view atomic.Pointer[View]
}

// New returns a Store that holds nothing yet. now is the start of the clock's
// watch and should carry the monotonic clock.
func New(o Options, now time.Time) *Store {
	o = o.withDefaults()
	s := &Store{
		opts: o, log: o.Logger, start: now,
		lists: make(map[string]*heldList), status: make(map[artefact.ID]*heldStatus), marks: make(map[string]mark),
		dirty: make(map[artefact.ID]bool), touched: make(map[artefact.ID]bool), tables: newStatusTables(),
		crls: make(map[string]*heldCRL), aggregations: make(map[string]*aggregation), waiting: make(map[artefact.ID]waitingList),
		signers: make(signers), owners: make(map[owner]*usage), clock: new(atomic.Uint64),
		refusals: make(map[refusalKind]refusalCount),
	}
	s.clock.Store(1)
	for _, src := range o.Sources {
		s.lists[src.Name] = &heldList{source: src}
	}
	for _, uri := range o.Status {
		s.followStatus(artefact.ID{Kind: artefact.Status, Name: uri}, Prefetched, owner{}, now)
	}
	for _, uri := range o.Aggregations {
		s.followAggregation(uri, Prefetched, owner{})
	}
	s.view.Store(s.nextView())
	return s
}

func (o Options) withDefaults() Options {
	setDefault(&o.StaleAfter, 24*time.Hour)
	setDefault(&o.MaxStale, 7*24*time.Hour)
	setDefault(&o.RemovalHold, time.Hour)
	setDefault(&o.RemovalShare, 0.2)
	setDefault(&o.RemovalMin, 3)
	setDefault(&o.MaxMemory, 512<<20)
	setDefault(&o.FlipAlarm, 0.01)
	o.Sources = slices.Clone(o.Sources)
	for i, src := range o.Sources {
		o.Sources[i] = o.sourceWithDefaults(src)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Notify == nil {
		o.Notify = func(Event) {}
	}
	if o.Grown == nil {
		o.Grown = func() {}
	}
	if o.Shared == nil {
		o.Shared = func() {}
	}
	if o.Permit == nil {
		o.Permit = func(artefact.ID) bool { return false }
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

// raiseFloor remembers the newest signed issue time. The caller holds mu.
func (s *Store) raiseFloor(issued time.Time) {
	if issued.After(s.floor) {
		s.floor = issued
		s.changed(clock)
	}
}

// seeded says whether every required list, or every list if none is required, was
// admitted once. A LOTL is worth nothing without its national lists, so each of
// those must have been looked at once, whatever came of it: one ministry's failure
// is not everybody's. That it was is never undone. The caller holds mu.
func (s *Store) seeded() bool {
	if s.ready {
		return true
	}
	anyRequired := s.anyRequired()
	for _, h := range s.lists {
		if h.source.Parent == "" && (h.source.Required || !anyRequired) && (h.list == nil || !s.childrenTried(h)) {
			return false
		}
	}
	s.ready = true
	return true
}

func (s *Store) childrenTried(lotl *heldList) bool {
	for _, child := range s.children(lotl.source.Name) {
		if !child.tried && !child.unnamed {
			return false
		}
	}
	return true
}

// Awaits says whether there is a trust list of which nothing has come yet, good or bad:
// who signs status lists and revocation lists may be known soon.
func (s *Store) Awaits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.lists {
		if !h.tried && !h.unnamed {
			return true
		}
	}
	return false
}

// Left notes that the origin of a trust list is left to others, at a time. Once it has
// been for LeftLong, and nothing came of it, it counts as looked at: a node that joins a
// large fleet while one ministry's site is down must not wait until its own turn comes
// to find that out. It says whether the list is awaited still, and waits for nothing:
// that the node is seeded by it the View shows after the next Tick.
func (s *Store) Left(id artefact.ID, at time.Time) (awaited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.listOf(id)
	if h == nil || h.tried || id.Kind == artefact.Pivot {
		return false
	}
	if h.left.IsZero() {
		h.left = at
	}
	if h.tried = at.Sub(h.left) >= LeftLong; h.tried {
		s.changed()
	}
	return !h.tried
}

func (s *Store) anyRequired() bool {
	return slices.ContainsFunc(s.opts.Sources, func(src Source) bool { return src.Required })
}
