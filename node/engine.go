package node

import (
	"context"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
)

// engine is the node as its handlers see it.
type engine struct{ *Node }

// Verify evaluates a request against the lists as they are now, one View for the
// whole of it. What it looked for in vain is fetched later, at a time that says
// nothing of it; or, if the operator will have it so, now, and then it is evaluated
// again.
func (e engine) Verify(ctx context.Context, req *verify.Request) *verify.Result {
	if ctx.Err() != nil {
		return nil
	}
	res := e.verifier.Verify(e.store.View(), req, time.Now())
	if len(res.Lacking) == 0 {
		return res
	}
	if e.opts.Config.Status.OnMiss == config.Fetch && e.fetchNow(ctx, res.Lacking) {
		res = e.verifier.Verify(e.store.View(), req, time.Now())
	}
	e.store.Discover(res.Lacking)
	return res
}

// Lists describes the followed lists.
func (e engine) Lists() []api.ListInfo {
	now := time.Now()
	infos := e.store.Lists(now)
	out := make([]api.ListInfo, len(infos))
	for i, in := range infos {
		out[i] = e.listInfo(in, now)
	}
	return out
}

// Info describes the node.
func (e engine) Info() api.Info {
	return api.Info{Started: e.started, Seeded: e.store.View().Seeded()}
}
