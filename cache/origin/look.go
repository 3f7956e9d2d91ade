package origin

import (
	"context"
	"errors"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
)

// look is one look at a target, for all who wait for what comes of it.
type look struct {
	done chan struct{} // closed when it is over; what follows is set by then

	out     cache.Outcome
	err     error
	at      time.Time
	dropped bool // its caller went away, which says nothing of the origin
}

func newLook() *look { return &look{done: make(chan struct{})} }

// end says what came of the look.
func (l *look) end(out cache.Outcome, err error) {
	l.out, l.err, l.at = out, err, time.Now()
	close(l.done)
}

// follow looks at a target in its turn, and says when the next is. host is where the
// look was counted.
func (f *Follower) follow(ctx context.Context, g *following, host string) {
	learned := f.learnedSoFar()
	out, err := f.look(ctx, g)
	wait := g.schedule.wait(out, err, f.targetOf(g).Next)
	var said notice
	first := false
	f.mu.Lock()
	g.stop = nil
	if ctx.Err() == nil { // somebody wants it still
		first = !g.looked && f.stage < statusLists
		g.looked = true
		wait = f.unsigned(g, err, learned, wait)
		said = f.hear(g, err, wait)
		if !g.hastened && g.next == nil {
			g.due = time.Now().Add(wait)
		}
	} else {
		err = f.ended(g)
	}
	f.finish(g, out, err)
	if held := f.poolOf(g).hosts.leave(host); held != nil {
		f.wait(held)
	}
	f.mu.Unlock()
	said.log(f.Logger)
	if first { // which may open the next stage
		f.Sync()
	}
}

// ended is why nobody wants a look any more. The caller holds mu.
func (f *Follower) ended(g *following) error {
	if !g.started {
		return ErrUnknown
	}
	return &FetchError{context.Canceled}
}

// finish ends the look that is under way and has a place. The caller holds mu.
func (f *Follower) finish(g *following, out cache.Outcome, err error) {
	<-f.poolOf(g).places
	f.clear(g, out, err)
}

// clear ends the look that is under way. What it found stands for a while, unless
// another was asked for since. The caller holds mu.
func (f *Follower) clear(g *following, out cache.Outcome, err error) {
	l := g.current
	g.current, g.failed, g.came = nil, nil, nil
	l.end(out, err)
	switch {
	case g.hastened:
	case err == nil:
		g.came = l
	case !l.dropped:
		g.failed = l
	}
	if g.started {
		f.wait(g)
	}
	signal(f.ready)
}

// targetOf is the target as it is at the moment.
func (f *Follower) targetOf(g *following) Followed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return g.target
}

// look fetches a target and has what it brought admitted. Its caller has made it the
// one that is under way, and has a place. Validators are kept of
// bytes that were good, so that an origin that mends its list without another ETag
// is heard.
func (f *Follower) look(ctx context.Context, g *following) (cache.Outcome, error) {
	t := f.begin(g)
	a, err := f.Fetcher.Fetch(ctx, t.Target, g.validators)
	if err != nil {
		return cache.Outcome{}, f.failed(t, err)
	}
	if a.NotModified {
		f.observe(t.ID, "not_modified")
		out := f.Store.Looked(t.ID, time.Now())
		if f.Store.Note(t.ID) == g.validators.note() { // else a peer's came meanwhile, which nobody saw here
			f.looked(t, out)
		}
		return out, nil
	}
	g.validators = Validators{}
	out, err := f.admit(ctx, t, a)
	if err == nil {
		g.validators = a.Validators
		f.looked(t, out)
	}
	return out, err
}

// begin is the target of the look that begins.
func (f *Follower) begin(g *following) Followed {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case g.forget:
		g.validators = Validators{}
	case !g.begun: // what is held may be from before this process
		g.validators = fromNote(f.Store.Note(g.target.ID))
	case g.validators != Validators{}: // or have come from a peer since
		if note := f.Store.Note(g.target.ID); note != g.validators.note() {
			g.validators = fromNote(note)
		}
	}
	g.forget, g.begun = false, true
	return g.target
}

// looked tells of a look at an origin that ended well.
func (f *Follower) looked(t Followed, out cache.Outcome) {
	if f.Looked != nil && t.Target.Path == "" && out.Ref.Digest != (artefact.Digest{}) {
		f.Looked(t.ID, out.Ref)
	}
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
