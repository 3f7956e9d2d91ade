package node

import (
	"context"
	"sync"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/node/admin"
)

// maxAsked is how many members are asked at once what they hold.
const maxAsked = 16

// Members describes the cluster, this node first.
func (e engine) Members(ctx context.Context, lists bool) (admin.MembersReport, bool) {
	c := e.cluster
	if c == nil {
		return admin.MembersReport{}, false
	}
	conf := e.opts.Config
	r := c.gossip.Report()
	out := admin.MembersReport{Node: conf.Name, Mode: conf.Gossip.Mode, Settled: r.Settled, Counters: countersOf(r)}
	addr := c.gossip.Addr()
	out.Members = append(out.Members, admin.Member{
		Name: conf.Name, Addr: addr, Zone: conf.Zone, State: admin.MemberAlive, Trusted: true, CertificateNotAfter: c.identity.NotAfter(),
	})
	for _, m := range r.Members {
		out.Members = append(out.Members, admin.Member{
			Name: m.Name, Addr: m.Addr, Zone: m.Zone, State: string(m.State), Trusted: m.Trusted, Why: m.Why,
			CertificateNotAfter: m.NotAfter, AvoidedUntil: m.Avoided,
		})
	}
	if lists {
		c.askAll(ctx, out.Members)
	}
	return out, true
}

// countersOf are what an operator sees of the counters, under the names of the metrics.
func countersOf(r gossip.Report) map[string]uint64 {
	s := r.Stats
	return map[string]uint64{
		"announced": s.Announced, "forwarded": s.Forwarded, "heard": s.Heard, "repeated": s.Repeated, "implausible": s.Implausible,
		"rate_limited": s.RateLimited, "forged": s.Forged, "unknown": s.Unknown, "avoided": s.Avoided,
		"compared": s.Compared, "told": s.Told, "pulled": s.Pulls, "pull_failed": s.PullFailed,
		"queue_full": r.Dropped, "stranger": r.Stranger, "malformed": r.Malformed, "name_conflicts": r.Conflicts,
		"exchanges": r.Exchanges, "exchanges_failed": r.ExchangesFailed, "exchanges_skipped": r.ExchangesSkipped,
	}
}

// askAll asks every member what it holds; the first is this node itself.
func (c *cluster) askAll(ctx context.Context, members []admin.Member) {
	c.say(&members[0], c.spread.heads())
	places := make(chan struct{}, maxAsked)
	var asking sync.WaitGroup
	for i := range members[1:] {
		m := &members[1+i]
		asking.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			heads, err := c.gossip.HeadsOf(ctx, m.Name)
			if err != nil {
				m.Error = err.Error()
				return
			}
			c.say(m, heads)
		})
	}
	asking.Wait()
}

// say writes down what a member holds, as far as this node can name it.
func (c *cluster) say(m *admin.Member, heads []gossip.Head) {
	n := len(heads)
	m.Heads, m.Lists = &n, []admin.MemberList{}
	for _, h := range heads {
		id, ok := c.spread.idOf(h.List)
		if !ok {
			continue
		}
		l := admin.MemberList{Name: id.Name, Type: string(id.Kind), Sequence: h.Version, SHA256: h.Digest.String()}
		if id.Kind == artefact.Status {
			l.Type = "status_list"
		}
		m.Lists = append(m.Lists, l)
	}
}
