package origin

import (
	"context"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
)

// missMemory is how long RefreshID goes by the last look that came to nothing.
const missMemory = 30 * time.Second

// Refresh looks at the target with this URL now. The error is ErrUnknown, a
// *FetchError, or the refusal of what was fetched.
func (f *Follower) Refresh(ctx context.Context, url string) (cache.Outcome, error) {
	f.init()
	g := f.withURL(url)
	if g == nil {
		return cache.Outcome{}, ErrUnknown
	}
	if err := f.enter(ctx, g); err != nil {
		return cache.Outcome{}, &FetchError{err}
	}
	out, err := f.look(ctx, g)
	f.mu.Lock()
	defer f.mu.Unlock()
	g.current.dropped = err != nil && ctx.Err() != nil
	f.finish(g, out, err)
	return out, err
}

// RefreshID looks at a target now, for any number of callers: who comes while a look
// is under way shares what comes of it, and for missMemory after one that came to
// nothing its error is the answer. A caller whose ctx ends stops waiting, and the
// look goes on. It waits for Run to begin. The errors are those of Refresh.
func (f *Follower) RefreshID(ctx context.Context, id artefact.ID) (cache.Outcome, error) {
	return f.RefreshSince(ctx, id, time.Time{})
}

// RefreshSince is RefreshID for a caller who found nothing held at a time: a look that
// has ended since is shared, too. Of a crowd that looked for a list at once, some ask
// only when what the others waited for has come.
func (f *Follower) RefreshSince(ctx context.Context, id artefact.ID, since time.Time) (cache.Outcome, error) {
	f.init()
	for {
		l, err := f.join(id, since)
		if err != nil {
			return cache.Outcome{}, err
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return cache.Outcome{}, &FetchError{ctx.Err()}
		}
		if !l.dropped {
			return l.out, l.err
		}
	}
}

// join is the look that answers RefreshSince: the last if it came to nothing just now,
// or to something since, else the one under way, else the next, which is then due.
func (f *Follower) join(id artefact.ID, since time.Time) (*look, error) {
	g := f.withID(id)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case g == nil || f.followed[id] != g:
		return nil, ErrUnknown
	case g.failed != nil && time.Since(g.failed.at) < missMemory:
		return g.failed, nil
	case g.came != nil && !since.IsZero() && !g.came.at.Before(since):
		return g.came, nil
	case g.current != nil && !g.hastened:
		return g.current, nil
	case f.over:
		return nil, &FetchError{context.Canceled}
	case g.next == nil:
		g.next, g.started = newLook(), true
		f.soon(g)
	}
	return g.next, nil
}

// withID is the target with this ID; nil: there is none.
func (f *Follower) withID(id artefact.ID) *following {
	return f.find(
		func() *following { return f.followed[id] },
		func(t *Followed) bool { return t.ID == id })
}

// withURL is a target with this URL; nil: there is none.
func (f *Follower) withURL(url string) *following {
	return f.find(
		func() *following { return f.byURL[url] },
		func(t *Followed) bool { return t.Target.URL == url })
}

// find looks for a target among those that are followed, and only then, since that
// is much work where there are thousands, among those that are to be.
func (f *Follower) find(known func() *following, wanted func(*Followed) bool) *following {
	f.mu.Lock()
	g := known()
	f.mu.Unlock()
	if g != nil {
		return g
	}
	targets := f.Targets()
	for i := range targets {
		if wanted(&targets[i]) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.take(targets[i])
		}
	}
	return nil
}

// enter waits until no other look at the target is under way, and for a place.
func (f *Follower) enter(ctx context.Context, g *following) error {
	var places chan struct{}
	for {
		f.mu.Lock()
		places = f.poolOf(g).places
		busy := g.current
		if busy == nil {
			g.current = newLook()
		}
		f.mu.Unlock()
		if busy == nil {
			break
		}
		select {
		case <-busy.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		f.mu.Lock()
		defer f.mu.Unlock()
		g.current.dropped = true
		f.clear(g, cache.Outcome{}, ctx.Err())
		return ctx.Err()
	}
}
