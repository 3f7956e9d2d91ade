package gossip

import (
	"context"
	"time"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// How a leaf follows its hubs.
const (
	looksPeriod  = time.Minute // between questions of what the hubs saw
	leafBackOff  = time.Second // after a hub failed
	leafPause    = 200 * time.Millisecond
	leafPatience = MaxWait // that a hub keeps an answer back while nothing happens
	lostAfter    = 2       // attempts a hub is said to be lost: a single call may break off
)

// enterAsLeaf makes members of the hubs. They are who their addresses' certificates
// say, and nobody else is there.
func (c *Cluster) enterAsLeaf() {
	c.mu.Lock()
	for _, p := range c.o.Hubs {
		c.members[p.Name] = &member{name: p.Name, peer: p, meta: meta{version: WireVersion, inventory: c.follow}}
	}
	c.reached, c.joined = true, time.Now()
	c.mu.Unlock()
}

// keepWaiting asks a hub for what differs, which keeps its answer back until something
// does. So news comes when it happens, over a connection that this node has opened; of
// all hubs at once, so that one that is gone delays nothing.
func (c *Cluster) keepWaiting(ctx context.Context, hub transfer.Peer) {
	var told uint64 // the hub's state when it last told of something
	failed := 0     // attempts, one after the other
	for ctx.Err() == nil {
		c.mu.Lock()
		sum := c.sum
		c.mu.Unlock()
		asked := time.Now()
		got, err := c.ask(ctx, hub, message{summary: &sum, wait: leafPatience, state: told})
		if ctx.Err() != nil {
			return
		}
		since := c.answered(hub.Name, err)
		switch {
		case err == nil && failed >= lostAfter:
			c.log.Info("a hub answers again", "hub", hub.Name, "after", time.Since(since).Round(time.Second))
		case err != nil && failed+1 == lostAfter:
			c.log.Warn("a hub does not answer: see that it runs, and that this node may open connections to it", "hub", hub.Name, "addr", hub.Addr, "err", err)
		}
		if failed++; err == nil {
			failed = 0
		}
		switch {
		case err != nil:
			pause(ctx, leafBackOff)
		case got.told != nil:
			told = got.state
			c.takeIn(hub.Name, got)
			pause(ctx, leafPause) // until what was told has been fetched, or not
		case time.Since(asked) < leafBackOff: // a hub that keeps nothing back
			pause(ctx, leafBackOff)
		}
	}
}

// answered notes whether a hub does, and returns since when it did not; zero: it did.
func (c *Cluster) answered(hub string, err error) (since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.members[hub]
	since = m.silent
	switch {
	case err == nil:
		m.silent = time.Time{}
	case m.silent.IsZero():
		m.silent = time.Now()
	}
	m.lost = err
	return since
}

// keepAskingForLooks asks the hubs what was seen at origins.
func (c *Cluster) keepAskingForLooks(ctx context.Context) {
	for pause(ctx, 2*settleAtMost) {
		for _, peer := range c.o.Hubs {
			got, err := c.ask(ctx, peer, message{askLooks: true})
			if err != nil {
				continue
			}
			c.inbox.put(hubLooks{peer.Name, got.looks})
		}
		if !pause(ctx, looksPeriod-2*settleAtMost) {
			return
		}
	}
}

// hubLooks is what a hub has seen, or believes.
type hubLooks struct {
	hub   string
	looks []aged
}

// heardFromHub takes in looks: each counts as one of the hub that told of it.
func (c *Cluster) heardFromHub(h hubLooks) {
	now := time.Now()
	var seen []Seen
	c.mu.Lock()
	for _, l := range h.looks {
		if !c.followed[l.List] {
			continue
		}
		c.looks.note(l.Seen, h.hub, now.Add(-l.ago))
		seen = append(seen, l.Seen)
	}
	c.mu.Unlock()
	c.credit(seen)
}

// pause waits; false: ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
