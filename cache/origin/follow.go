package origin

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Limits of a Follower.
const (
	// MaxAtOnce looks at trust lists, and as many at whatever tells of revocations,
	// happen at a time: neither can keep the other from its turn. A thousand status
	// lists that are due every 30 s and come in 200 ms take seven places; more would
	// let more bodies of cache.MaxStatus be in memory at once.
	MaxAtOnce = 16
	// MaxPivots are fetched for one look.
	MaxPivots = 32
	// patience is how long the first looks of one stage hold up the next.
	patience = Timeout
)

// Followed is a target with the artefact it yields and when to look again.
type Followed struct {
	ID     artefact.ID
	Door   artefact.Door
	Target Target
	// Revision changes when what is demanded of the list has changed, such as its
	// signers in the list that names it: it is then fetched anew at once.
	Revision string
	// Next is how long to wait after a look, given what came of it; the zero
	// Outcome if it failed.
	Next func(cache.Outcome) time.Duration
	// Spread is the time within which, at a random moment, the first look happens if
	// the target comes up while the node runs: when a batch of lists was found out
	// must not be told by when they are asked for. 0: at once. Those of the start
	// are looked at in their stage, whatever it is.
	Spread time.Duration
	// Pivots are the earlier releases that lead to the list's signer and are not
	// held yet, oldest first. They are asked for when the list was refused for the
	// want of them. Nil: there are none.
	Pivots func() []Followed
	// Turn is asked when a look is due on the schedule: 0 has it happen now, and else
	// it is asked again after that long, as somebody else looks meanwhile. It may not
	// call the Follower, but for Sync and Reconsider. Nil: it is always this node's
	// turn. What is asked for out of turn does not ask it: Refresh, Hasten, another
	// URL or Revision.
	Turn func() time.Duration
}

// Store is where goes what was found.
type Store interface {
	Admit(raw artefact.Raw) (cache.Outcome, error)
	// Looked says that the origin has nothing newer than what is held.
	Looked(id artefact.ID, at time.Time) cache.Outcome
	// Failed says that the origin was not to be had. The error may be shown.
	Failed(id artefact.ID, at time.Time, err error)
	// Note returns the Note that came with the bytes that are held; "": none are.
	Note(id artefact.ID) string
}

// ErrUnknown says that a URL is not followed.
var ErrUnknown = errors.New("this node does not follow that URL")

// FetchError is a failure of the origin, as opposed to a refusal of its bytes.
type FetchError struct{ Err error }

func (e *FetchError) Error() string { return "failed to fetch: " + e.Err.Error() }
func (e *FetchError) Unwrap() error { return e.Err }

// Follower looks at every target on its schedule and hands what it finds to the
// Store. One that hangs or fails takes a place, and holds up no other. There may be
// tens of thousands: one that waits costs its entry in a queue and no goroutine.
type Follower struct {
	Store   Store
	Fetcher *Fetcher
	// Targets are what is to be followed now, each with an ID of its own. It is
	// asked at the start, at each Sync, and when something is to be refreshed that
	// was not followed at the last of them.
	Targets func() []Followed
	Logger  *slog.Logger
	// Observe is told of every look: "ok", "not_modified", "refused" or "failed".
	// Nil: nobody is.
	Observe func(id artefact.ID, outcome string)
	// Looked is told of every look at an origin that ended well, with what is held of
	// the list after it. A local file has no origin. Nil: nobody is.
	Looked func(id artefact.ID, held artefact.Ref)

	once  sync.Once
	wake  chan struct{} // holds one value: a Sync is due
	ready chan struct{} // holds one value: a look is due, or a place is free
	turns chan struct{} // holds one value: Reconsider was called
	known chan struct{} // holds one value: Learned was called

	mu       sync.Mutex // guards what follows, and the fields of followings that say so
	followed map[artefact.ID]*following
	byURL    map[string]*following // of those with one URL, the first
	lists    pool                  // of trust lists
	statuses pool                  // of whatever tells of revocations
	crowds   map[string]*crowd
	learned  int       // calls of Learned that Run has heard of
	round    int       // of sync
	stage    stage     // the latest that is open
	opened   time.Time // when it was
	over     bool      // Run has ended
}

func (f *Follower) init() {
	f.once.Do(func() {
		f.wake, f.ready, f.turns, f.known = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)
		f.lists.places, f.statuses.places = make(chan struct{}, MaxAtOnce), make(chan struct{}, MaxAtOnce)
		f.statuses.hosts = newShare(maxPerHost)
		f.followed, f.byURL = make(map[artefact.ID]*following), make(map[string]*following)
		f.crowds = make(map[string]*crowd)
	})
}

// Sync has Run compare what it follows with Targets: what is new is looked at,
// what is gone is left alone, and what has another URL or Revision is looked at at
// once. It never waits, and may be called from anywhere, the Store included.
func (f *Follower) Sync() {
	f.init()
	signal(f.wake)
}

// signal never waits: if a value is held already, whoever takes it will see what
// this one was about.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Hasten has a target looked at at once, out of its turn, as after an operator's word
// that what was refused of it is right. A target that is not followed is passed over.
// It never waits.
func (f *Follower) Hasten(id artefact.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g, ok := f.followed[id]; ok {
		f.hasten(g)
	}
}

// Run looks at all targets until ctx ends. It is called once.
func (f *Follower) Run(ctx context.Context) {
	f.init()
	var looking sync.WaitGroup
	defer looking.Wait()
	defer f.end()
	due := time.NewTimer(0)
	defer due.Stop()
	f.sync()
	for ctx.Err() == nil {
		due.Stop()
		if wait, any := f.start(ctx, &looking); any {
			due.Reset(wait)
		}
		select {
		case <-ctx.Done():
		case <-f.wake:
			f.sync()
		case <-f.impatience():
			f.sync()
		case <-f.turns:
			f.askAgain()
		case <-f.known:
			f.lookAgain()
		case <-f.ready:
		case <-due.C:
		}
	}
}

// end leaves nobody waiting for a look that no longer comes.
func (f *Follower) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	for _, g := range f.followed {
		g.refuse(&FetchError{context.Canceled})
	}
}
