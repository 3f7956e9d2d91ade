package origin

import (
	"context"
	"fmt"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// admit hands a list to the Store. If it is refused for the want of pivots, they
// are fetched, and the same bytes are handed over again.
func (f *Follower) admit(ctx context.Context, t Followed, a Answer) (cache.Outcome, error) {
	raw := artefact.Raw{ID: t.ID, Door: t.Door, Bytes: a.Bytes, At: time.Now(), Note: a.Validators.note()}
	out, err := f.Store.Admit(raw)
	if reason.CodeOf(err) == reason.TrustListPivotBroken && t.Pivots != nil {
		if pivots := t.Pivots(); len(pivots) > 0 {
			if err := f.admitPivots(ctx, t, pivots); err != nil {
				return cache.Outcome{}, err
			}
			out, err = f.Store.Admit(raw)
		}
	}
	if err != nil {
		f.observe(t.ID, "refused")
		return out, err
	}
	f.observe(t.ID, "ok")
	return out, nil
}

// admitPivots fetches and admits pivots, oldest first. Each introduces the signer
// of the next, so that the first failure is the end. What is past MaxPivots is left
// for the next look, which will be told of those alone that are not held yet.
func (f *Follower) admitPivots(ctx context.Context, t Followed, pivots []Followed) error {
	for _, p := range pivots[:min(len(pivots), MaxPivots)] {
		a, err := f.Fetcher.Fetch(ctx, p.Target, Validators{})
		if err != nil {
			return f.failed(t, fmt.Errorf("pivot: %w", err))
		}
		if _, err := f.Store.Admit(artefact.Raw{ID: p.ID, Door: p.Door, Bytes: a.Bytes, At: time.Now()}); err != nil {
			f.observe(p.ID, "refused")
			f.observe(t.ID, "refused")
			return err
		}
		f.observe(p.ID, "ok")
	}
	return nil
}
