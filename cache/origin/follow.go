package origin

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Jitter is the share by which a wait is made shorter or longer, so that a fleet
// that started together does not ask together.
const Jitter = 0.2

// Back-off of a target that failed: it starts small, because a node that starts
// beside a slow origin should not be blind for an hour.
const (
	firstRetry = time.Second
	maxRetry   = 5 * time.Minute
)

// Followed is a target with the artefact it yields and when to look again.
type Followed struct {
	ID     artefact.ID
	Door   artefact.Door
	Target Target
	// Next is how long to wait after a look, given what came of it; the zero
	// Outcome if it failed.
	Next func(cache.Outcome) time.Duration
}

// ErrUnknown says that a URL is not followed.
var ErrUnknown = errors.New("this node does not follow that URL")

// FetchError is a failure of the origin, as opposed to a refusal of its bytes.
type FetchError struct{ Err error }

func (e *FetchError) Error() string { return "failed to fetch: " + e.Err.Error() }
func (e *FetchError) Unwrap() error { return e.Err }

// Follower looks at every target on its schedule and hands what it finds to the
// Store.
type Follower struct {
	Store   *cache.Store
	Fetcher *Fetcher
	Targets []Followed
	Logger  *slog.Logger
	// Observe is told of every look: "ok", "not_modified", "refused" or "failed".
	// Nil: nobody is.
	Observe func(id artefact.ID, outcome string)

	once  sync.Once
	state []*targetState
}

type targetState struct {
	busy       chan struct{} // holds one value during a look: one at a time
	validators Validators
	failed     bool // the look before Run's schedule began
}

func (f *Follower) init() {
	f.once.Do(func() {
		f.state = make([]*targetState, len(f.Targets))
		for i := range f.state {
			f.state[i] = &targetState{busy: make(chan struct{}, 1)}
		}
	})
}

// Run looks at all targets until ctx ends. Trust lists come first: a status list
// cannot be verified before the anchors of its signer are known.
func (f *Follower) Run(ctx context.Context) {
	f.init()
	f.first(ctx)
	var wg sync.WaitGroup
	for i := range f.Targets {
		wg.Go(func() { f.follow(ctx, i) })
	}
	wg.Wait()
}

// first looks at every trust list once, together, before any status list.
func (f *Follower) first(ctx context.Context) {
	var wg sync.WaitGroup
	for i, t := range f.Targets {
		if t.ID.Kind != artefact.Status {
			wg.Go(func() {
				_, err := f.lookAndLog(ctx, i)
				f.state[i].failed = err != nil
			})
		}
	}
	wg.Wait()
}

func (f *Follower) follow(ctx context.Context, i int) {
	t := f.Targets[i]
	failures := 0
	wait := t.Next(cache.Outcome{})
	switch {
	case t.ID.Kind == artefact.Status:
		wait = 0
	case f.state[i].failed:
		failures = 1
		wait = min(wait, firstRetry)
	}
	timer := time.NewTimer(jittered(wait))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		out, err := f.lookAndLog(ctx, i)
		if err != nil {
			failures++
			timer.Reset(jittered(min(firstRetry<<min(failures-1, 10), maxRetry, max(t.Next(cache.Outcome{}), firstRetry))))
			continue
		}
		failures = 0
		timer.Reset(jittered(t.Next(out)))
	}
}

func (f *Follower) lookAndLog(ctx context.Context, i int) (cache.Outcome, error) {
	out, err := f.look(ctx, i)
	if err != nil && ctx.Err() == nil {
		var fe *FetchError
		if errors.As(err, &fe) { // a refusal was logged where it was made
			f.Logger.Warn("list not fetched", "list", f.name(i), "err", f.loggable(i, fe.Err))
		}
	}
	return out, err
}

// name is what may be logged of a target: a status list goes by its kind.
func (f *Follower) name(i int) string {
	if id := f.Targets[i].ID; id.Kind != artefact.Status {
		return id.Name
	}
	return "status"
}

// loggable is what may be logged of a failure. The errors of net/http begin with
// the URL; that of a status list stays out of the log.
func (f *Follower) loggable(i int, err error) error {
	var ue *url.Error
	if f.Targets[i].ID.Kind == artefact.Status && errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// look fetches a target and admits what it brought.
func (f *Follower) look(ctx context.Context, i int) (cache.Outcome, error) {
	t, st := f.Targets[i], f.state[i]
	select {
	case st.busy <- struct{}{}:
		defer func() { <-st.busy }()
	case <-ctx.Done():
		return cache.Outcome{}, &FetchError{ctx.Err()}
	}
	a, err := f.Fetcher.Fetch(ctx, t.Target, st.validators)
	now := time.Now()
	if err != nil {
		f.observe(t.ID, "failed")
		return cache.Outcome{}, &FetchError{err}
	}
	if a.NotModified {
		f.observe(t.ID, "not_modified")
		return f.Store.Looked(t.ID, now), nil
	}
	out, err := f.Store.Admit(artefact.Raw{ID: t.ID, Door: t.Door, Bytes: a.Bytes, At: now})
	if err != nil {
		st.validators = Validators{}
		f.observe(t.ID, "refused")
		return out, err
	}
	st.validators = a.Validators
	f.observe(t.ID, "ok")
	return out, nil
}

func (f *Follower) observe(id artefact.ID, outcome string) {
	if f.Observe != nil {
		f.Observe(id, outcome)
	}
}

// Refresh looks at the target with this URL now. The error is ErrUnknown, a
// *FetchError, or the refusal of what was fetched.
func (f *Follower) Refresh(ctx context.Context, url string) (cache.Outcome, error) {
	f.init()
	for i, t := range f.Targets {
		if t.Target.URL == url {
			return f.look(ctx, i)
		}
	}
	return cache.Outcome{}, ErrUnknown
}

func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 - Jitter + 2*Jitter*rand.Float64()))
}
