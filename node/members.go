package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/node/admin"
)

// maxAsked is how many members are asked at once what they hold.
const maxAsked = 16

// Members describes the cluster, this node first.
func (e engine) Members(ctx context.Context, of admin.Holdings) (admin.MembersReport, bool) {
	c := e.cluster
	if c == nil {
		return admin.MembersReport{}, false
	}
	conf := e.opts.Config
	r := c.gossip.Report()
	out := admin.MembersReport{
		Node: conf.Name, Mode: conf.Gossip.Mode, Settled: r.Settled, Degraded: e.degradedCluster(time.Now()), GossipKeys: r.Keys, Counters: countersOf(r),
	}
	out.Members = append(out.Members, admin.Member{
		Name: conf.Name, Addr: c.gossip.Addr(), Zone: conf.Zone, State: admin.MemberAlive, Trusted: true, Why: r.Conflicting[conf.Name],
		CertificateNotAfter: c.identity.NotAfter(),
	})
	for _, m := range r.Members {
		out.Members = append(out.Members, admin.Member{
			Name: m.Name, Addr: m.Addr, Zone: m.Zone, State: string(m.State), Trusted: m.Trusted, Why: m.Why, Since: m.Since,
			CertificateNotAfter: m.NotAfter, AvoidedUntil: m.Avoided,
		})
	}
	if of.All || of.Name != "" {
		c.askAll(ctx, out.Members, of)
	}
	return out, true
}

// countersOf are what an operator sees of the counters. Most are labels of
// edgetrust_announcements_total and edgetrust_exchanges_total too, where announced is out
// and heard is in.
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
func (c *cluster) askAll(ctx context.Context, members []admin.Member, of admin.Holdings) {
	names := c.spread.all()
	if of.Name != "" {
		names = allCalled(of.Name)
	}
	lists := slices.Collect(maps.Keys(names))
	say(&members[0], c.spread.held(lists), names)
	if small := c.smallCalled(of.Name); small != nil {
		say(&members[0], small, names)
		for i := range members[1:] {
			members[1+i].Error = fmt.Sprintf("nodes say nothing to one another of lists of under %d entries: ask it itself", cache.MinStored)
		}
		return
	}
	places := make(chan struct{}, maxAsked)
	var asking sync.WaitGroup
	for i := range members[1:] {
		m := &members[1+i]
		asking.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			held, err := c.gossip.HeldBy(ctx, m.Name, lists)
			if err != nil {
				m.Error = err.Error()
				return
			}
			say(m, held, names)
		})
	}
	asking.Wait()
}

// all are the lists that are followed here.
func (s *spread) all() map[gossip.ListID]artefact.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists // which is replaced, never changed
}

// allCalled are the lists that go by a name, followed here or not: others may follow
// what this node does not.
func allCalled(name string) map[gossip.ListID]artefact.ID {
	names := make(map[gossip.ListID]artefact.ID)
	for _, kind := range []artefact.Kind{
		artefact.LOTL, artefact.TL, artefact.LoTE, artefact.VICAL, artefact.CRL, artefact.Status, artefact.IdentifierList,
	} {
		id := artefact.ID{Kind: kind, Name: name}
		names[gossip.IDOf(id)] = id
	}
	return names
}

// smallCalled is what is held here of a status list of that name which no other node is
// told of. Nil: there is none.
func (c *cluster) smallCalled(name string) (held []gossip.Holding) {
	for _, kind := range []artefact.Kind{artefact.Status, artefact.IdentifierList} {
		id := artefact.ID{Kind: kind, Name: name}
		if _, told := c.spread.idOf(gossip.IDOf(id)); told {
			continue
		}
		for _, ref := range c.n.store.HeldRefs(id) {
			held = append(held, gossip.Holding{Head: headOf(cache.Shared{Ref: ref})})
		}
	}
	return held
}

// say writes down what a member holds, by the names of the lists.
func say(m *admin.Member, held []gossip.Holding, names map[gossip.ListID]artefact.ID) {
	n := len(held)
	m.Heads, m.Lists = &n, []admin.MemberList{}
	for _, h := range held {
		id, ok := names[h.List]
		if !ok {
			continue // who is asked for some lists has no business to tell of others
		}
		l := admin.MemberList{Name: id.Name, Type: string(id.Kind), Sequence: h.Version, SHA256: h.Digest.String(), Soaking: h.Soaks}
		if id.Kind == artefact.Status {
			l.Type = "status_list"
		}
		m.Lists = append(m.Lists, l)
	}
}
