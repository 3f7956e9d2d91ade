package node

import (
	"context"
	"errors"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/node/admin"
	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/verify"
)

// engine is the node as its handlers see it.
type engine struct{ *Node }

// Verify evaluates a request against the lists as they are now, one View for the
// whole of it.
func (e engine) Verify(ctx context.Context, req *verify.Request) *verify.Result {
	if ctx.Err() != nil {
		return nil
	}
	return e.verifier.Verify(e.store.View(), req, time.Now())
}

// Lists describes the followed lists.
func (e engine) Lists() []api.ListInfo {
	now := time.Now()
	infos := e.store.Lists(now)
	out := make([]api.ListInfo, len(infos))
	for i, in := range infos {
		l := api.ListInfo{
			Name: in.Source.Name, Type: string(in.Source.Type), URL: in.Source.URL, State: string(in.State),
			NextUpdate: in.NextUpdate, LookedAt: in.LookedAt, Refused: []api.RefusedInfo{},
		}
		if in.List != nil {
			l.Sequence, l.SHA256, l.Issued = in.List.Sequence, in.Ref.Digest.String(), in.List.Issued
			l.CameFrom, l.Anchors = string(in.Door), len(in.List.Anchors)
			l.AgeSeconds = max(0, int64(now.Sub(in.LookedAt)/time.Second))
		}
		for _, r := range in.Refused {
			l.Refused = append(l.Refused, api.RefusedInfo{At: r.At, Door: string(r.Door), Code: string(r.Code), Detail: r.Detail})
		}
		out[i] = l
	}
	return out
}

// Info describes the node.
func (e engine) Info() api.Info {
	return api.Info{Started: e.started, Seeded: e.store.View().Seeded()}
}

// Refresh looks at one origin now.
func (e engine) Refresh(ctx context.Context, url string) (admin.Refreshed, error) {
	out, err := e.follower.Refresh(ctx, url)
	var fetch *origin.FetchError
	switch {
	case errors.Is(err, origin.ErrUnknown):
		return admin.Refreshed{}, admin.ErrUnknown
	case errors.As(err, &fetch):
		return admin.Refreshed{}, &admin.FetchError{Err: fetch.Err}
	case err != nil:
		return admin.Refreshed{}, err
	}
	done := admin.Refreshed{List: out.List, Outcome: admin.Admitted, Sequence: out.Ref.Version}
	if out.Unchanged {
		done.Outcome = admin.Unchanged
	}
	return done, nil
}

// statusKind is a status list's name in metrics, where no URI may stand.
func statusKind(id artefact.ID) string {
	if id.Kind == artefact.Status {
		return "status"
	}
	return id.Name
}
