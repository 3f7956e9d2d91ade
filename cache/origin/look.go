package origin

import (
	"context"
	"errors"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
)

// follow looks at a target on its schedule until it is stopped.
func (f *Follower) follow(g *following) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var s schedule
	var gone outage
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-timer.C:
		case <-g.changed:
			s = schedule{}
		}
		out, err := f.look(g.ctx, g)
		if g.ctx.Err() != nil {
			return
		}
		f.firstLooked(g)
		t := f.targetOf(g)
		wait := s.wait(out, err, t.Next)
		gone.tell(f.Logger, nameOf(t.ID), err, wait)
		timer.Reset(wait)
	}
}

// targetOf is the target as it is at the moment.
func (f *Follower) targetOf(g *following) Followed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return g.target
}

// nameOf is what may be logged of a target: a status list goes by its kind.
func nameOf(id artefact.ID) string {
	if id.Kind == artefact.Status {
		return "status"
	}
	return id.Name
}

// look fetches a target and has what it brought admitted. Validators are kept of
// bytes that were good, so that an origin that mends its list without another ETag
// is heard.
func (f *Follower) look(ctx context.Context, g *following) (cache.Outcome, error) {
	leave, err := f.enter(ctx, g)
	if err != nil {
		return cache.Outcome{}, &FetchError{err}
	}
	defer leave()
	t := f.begin(g)
	a, err := f.Fetcher.Fetch(ctx, t.Target, g.validators)
	if err != nil {
		return cache.Outcome{}, f.failed(t, err)
	}
	if a.NotModified {
		f.observe(t.ID, "not_modified")
		return f.Store.Looked(t.ID, time.Now()), nil
	}
	g.validators = Validators{}
	out, err := f.admit(ctx, t, a)
	if err == nil {
		g.validators = a.Validators
	}
	return out, err
}

// enter waits for the target's turn and for a place. leave gives both back.
func (f *Follower) enter(ctx context.Context, g *following) (leave func(), err error) {
	places := f.lists
	if f.targetOf(g).ID.Kind == artefact.Status {
		places = f.statuses
	}
	select {
	case g.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case places <- struct{}{}:
		return func() { <-places; <-g.busy }, nil
	case <-ctx.Done():
		<-g.busy
		return nil, ctx.Err()
	}
}

// begin is the target of the look that begins. Its caller is the one that is busy.
func (f *Follower) begin(g *following) Followed {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case g.forget:
		g.validators = Validators{}
	case !g.begun: // what is held may be from before this process
		g.validators = fromNote(f.Store.Note(g.target.ID))
	}
	g.forget, g.begun = false, true
	return g.target
}

// failed tells of a look that came to nothing, unless nobody wants it any more.
func (f *Follower) failed(t Followed, err error) error {
	if !errors.Is(err, context.Canceled) {
		f.observe(t.ID, "failed")
		f.Store.Failed(t.ID, time.Now(), err)
	}
	return &FetchError{err}
}

func (f *Follower) observe(id artefact.ID, outcome string) {
	if f.Observe != nil {
		f.Observe(id, outcome)
	}
}
