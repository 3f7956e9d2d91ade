package node

import (
	"context"
	"errors"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/node/admin"
	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Refresh looks at one origin now. What it finds does not soak: an operator wants it
// everywhere.
func (e engine) Refresh(ctx context.Context, url string) (admin.Refreshed, error) {
	out, err := e.refresh(ctx, url)
	if err != nil {
		return admin.Refreshed{}, err
	}
	e.store.Announce(out.Ref.ID, time.Now())
	return refreshed(out), nil
}

// refresh looks at one origin now. Its errors are those that the operator's listener
// knows, and refusals.
func (e engine) refresh(ctx context.Context, url string) (cache.Outcome, error) {
	if err := e.waitRestored(ctx); err != nil {
		return cache.Outcome{}, err
	}
	out, err := e.follower.Refresh(ctx, url)
	if reason.CodeOf(err) == reason.ArtefactUnknown { // a peer's bytes have just told of which kind the list is
		e.follower.Sync()
		out, err = e.follower.Refresh(ctx, url)
	}
	var fetch *origin.FetchError
	switch {
	case errors.Is(err, origin.ErrUnknown):
		err = admin.ErrUnknown
	case errors.As(err, &fetch):
		err = &admin.FetchError{Err: fetch.Err}
	}
	return out, err
}

// publicRefresher is Refresh for status issuers.
type publicRefresher struct{ engine }

// Refresh looks at one origin now, but for a status list that is followed because a
// credential named it and that could point at a person: that it is followed here must
// not be told. A trust list that it finds soaks as any other: that everybody gets one at
// once is for an operator to say.
func (p publicRefresher) Refresh(ctx context.Context, url string) (api.Refreshed, error) {
	for _, t := range p.store.Targets() {
		if t.ID.Name == url && t.Came == cache.Found && !p.store.Spreads(t.ID) {
			return api.Refreshed{}, api.ErrUnknown
		}
	}
	out, err := p.refresh(ctx, url)
	if err != nil {
		return api.Refreshed{}, err
	}
	return refreshed(out), nil
}

// Publish takes in bytes that an operator hands over. They name their list
// themselves, and are judged like those of any origin.
func (e engine) Publish(ctx context.Context, b []byte) (admin.Refreshed, error) {
	if err := e.waitRestored(ctx); err != nil {
		return admin.Refreshed{}, err
	}
	keep := func() {}
	if id, err := cache.FoundID(b); err == nil { // of lists that change often
		keep = e.keeper(id)
	}
	out, err := e.store.Offer(b, artefact.Publish, time.Now())
	if err != nil {
		return admin.Refreshed{}, err
	}
	keep()
	return refreshed(out), nil
}

// refreshed says what came of a list, by its name; of one that has none, by its URL, which
// is for whoever asked and for no log or metric.
func refreshed(out cache.Outcome) admin.Refreshed {
	done := admin.Refreshed{List: out.List, Outcome: admin.Admitted, Sequence: out.Ref.Version}
	if !isTrustList(out.Ref.ID.Kind) {
		done.List = out.Ref.ID.Name
	}
	if out.Unchanged {
		done.Outcome = admin.Unchanged
	}
	return done
}

// Accept takes an operator's word that a change which is held back is right.
func (e engine) Accept(ctx context.Context, name string) (admin.Operated, error) {
	if err := e.waitRestored(ctx); err != nil {
		return admin.Operated{}, err
	}
	done, err := e.store.Accept(name, time.Now())
	return operated(name, "accept", done, err)
}

// Reset forgets a list's history, and looks at its origin in the hope of a version
// that is now acceptable.
func (e engine) Reset(ctx context.Context, name string) (admin.Operated, error) {
	if err := e.waitRestored(ctx); err != nil {
		return admin.Operated{}, err
	}
	done, err := e.store.Reset(name)
	for _, src := range e.store.Sources() {
		if err == nil && src.Name == name {
			e.follower.Hasten(src.ID())
		}
	}
	return operated(name, "reset", done, err)
}

func operated(name, act, done string, err error) (admin.Operated, error) {
	switch {
	case errors.Is(err, cache.ErrUnknownList):
		return admin.Operated{}, admin.ErrUnknown
	case errors.Is(err, cache.ErrNothing):
		return admin.Operated{}, admin.ErrNothingToDo
	case err != nil:
		return admin.Operated{}, err
	}
	return admin.Operated{List: name, Done: act, Detail: done}, nil
}

// waitRestored waits until what the disk held is loaded: an act on a list must not
// be overtaken by it.
func (n *Node) waitRestored(ctx context.Context) error {
	select {
	case <-n.restored:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
