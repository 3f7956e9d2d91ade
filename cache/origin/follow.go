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
	// MaxAtOnce looks at trust lists, and as many at status lists, happen at a time:
	// neither kind can keep the other from its turn.
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
	// Pivots are the earlier releases that lead to the list's signer and are not
	// held yet, oldest first. They are asked for when the list was refused for the
	// want of them. Nil: there are none.
	Pivots func() []Followed
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
// Store. Each target has its own goroutine, so that one that hangs or fails holds
// up no other.
type Follower struct {
	Store   Store
	Fetcher *Fetcher
	// Targets are what is to be followed now, each with an ID of its own. It is
	// asked at the start, at each Sync and at each Refresh.
	Targets func() []Followed
	Logger  *slog.Logger
	// Observe is told of every look: "ok", "not_modified", "refused" or "failed".
	// Nil: nobody is.
	Observe func(id artefact.ID, outcome string)

	once     sync.Once
	wake     chan struct{} // holds one value: a Sync is due
	lists    chan struct{} // holds one value for each look at a trust list
	statuses chan struct{} // and at a status list

	mu       sync.Mutex // guards what follows, and the fields of followings that say so
	followed map[artefact.ID]*following
	stage    stage     // the latest that is open
	opened   time.Time // when it was
}

func (f *Follower) init() {
	f.once.Do(func() {
		f.wake = make(chan struct{}, 1)
		f.lists, f.statuses = make(chan struct{}, MaxAtOnce), make(chan struct{}, MaxAtOnce)
		f.followed = make(map[artefact.ID]*following)
		f.opened = time.Now()
	})
}

// Sync has Run compare what it follows with Targets: what is new is looked at,
// what is gone is left alone, and what has another URL or Revision is looked at at
// once. It never waits, and may be called from anywhere, the Store included.
func (f *Follower) Sync() {
	f.init()
	select {
	case f.wake <- struct{}{}:
	default: // one is due already, and will see what this one would
	}
}

// Hasten has a target looked at at once, out of its turn, as after an operator's word
// that what was refused of it is right. A target that is not followed is passed over.
// It never waits.
func (f *Follower) Hasten(id artefact.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g, ok := f.followed[id]; ok {
		g.hasten()
	}
}

// Run looks at all targets until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	f.init()
	var looking sync.WaitGroup
	defer looking.Wait()
	for {
		for _, g := range f.sync(ctx) {
			looking.Go(func() { f.follow(g) })
		}
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-f.impatience():
		}
	}
}

// Refresh looks at the target with this URL now. The error is ErrUnknown, a
// *FetchError, or the refusal of what was fetched.
func (f *Follower) Refresh(ctx context.Context, url string) (cache.Outcome, error) {
	f.init()
	for _, t := range f.Targets() {
		if t.Target.URL == url {
			f.mu.Lock()
			g := f.take(t)
			f.mu.Unlock()
			return f.look(ctx, g)
		}
	}
	return cache.Outcome{}, ErrUnknown
}
