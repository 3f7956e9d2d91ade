package bench

import (
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/gossip"
)

// Limits and times of pulls, as in package gossip/transfer.
const (
	served       = 16              // that a member sends at once
	beginTimeout = 5 * time.Second // until a body begins to come
)

// pull is one under way.
type pull struct {
	gossip.Pull
	to, by int
	began  bool // to be sent
	over   bool
}

// pull asks for a body.
func (c *cluster) pull(i int, e gossip.Pull) {
	p := &pull{Pull: e, to: i, by: c.index[e.From]}
	c.ask(p.to, p.by, &c.traffic.Bodies, 0, func() { c.serve(p) })
	c.after(beginTimeout, func() {
		if !p.began {
			c.end(p, gossip.Failed)
		}
	})
}

// end tells who asked what came of it.
func (c *cluster) end(p *pull, o gossip.Outcome) {
	if p.over {
		return
	}
	p.over = true
	if c.members[p.to].core == nil {
		return
	}
	c.step(p.to, gossip.Pulled{Head: p.Head, From: p.From, Outcome: o})
	if o == gossip.Admitted {
		c.holds(p.to, p.Head)
	}
}

// refuse answers that there is no body.
func (c *cluster) refuse(p *pull, o gossip.Outcome) {
	p.began = true
	c.answer(p.by, p.to, &c.traffic.Bodies, 0, func() { c.end(p, o) })
}

// serve answers a pull, which waits for a body that is not there yet.
func (c *cluster) serve(p *pull) {
	m := c.members[p.by]
	switch {
	case p.over || p.began:
	case m.role != honest:
		c.misserve(p)
	case m.held[p.List] != p.Digest && slices.Contains(m.waiting, p):
	case m.held[p.List] != p.Digest:
		m.waiting = append(m.waiting, p)
		c.after(gossip.PullPatience, func() {
			if at := slices.Index(m.waiting, p); at >= 0 {
				m.waiting = slices.Delete(m.waiting, at, at+1)
				c.refuse(p, gossip.Missing)
			}
		})
	case m.serving >= served:
		c.refuse(p, gossip.Busy)
	default:
		c.send(p, func() {
			c.bodies++
			c.end(p, gossip.Admitted)
		})
	}
}

// send sends a body, when those before it on the member's link are through.
func (c *cluster) send(p *pull, deliver func()) {
	m := c.members[p.by]
	p.began = true
	m.serving++
	rate := min(c.rate(p.by), c.rate(p.to))
	if m.free.Before(c.now) {
		m.free = c.now
	}
	m.free = m.free.Add(time.Duration(float64(p.Size) / rate * float64(time.Second)))
	c.after(m.free.Sub(c.now), func() {
		m.serving--
		c.answer(p.by, p.to, &c.traffic.Bodies, int(p.Size), deliver)
	})
}
