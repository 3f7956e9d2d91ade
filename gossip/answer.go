package gossip

import (
	"context"
	"maps"
	"time"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// question is what a member asks over a connection; it is answered by run.
type question struct {
	from   string
	m      message
	answer chan message // holds one value
}

// metaChanged says that this member has something else to say of itself.
type metaChanged struct{}

// Answer answers a message that came over a connection from whoever holds the
// certificate of that name. It returns when ctx ends, at the latest.
func (c *Cluster) Answer(ctx context.Context, from string, b []byte) ([]byte, error) {
	m, err := parseMessage(b)
	if err != nil {
		return nil, err
	}
	if len(m.askHeld) > 0 {
		if !c.maySay(from) {
			return nil, nil
		}
		return c.answerHeld(m.askHeld).marshal()
	}
	if m.summary != nil && m.wait > 0 {
		c.untilDiffers(ctx, m)
	}
	q := question{from, m, make(chan message, 1)}
	c.inbox.put(q)
	select {
	case a := <-q.answer:
		if a.empty() {
			return nil, nil
		}
		return a.marshal()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// answerOf is what run has to say. It hands the core what was said, and what the core
// would tell who said it is the answer.
func (c *Cluster) answerOf(ctx context.Context, q question) (a message) {
	take := func(e Event) {
		for _, effect := range c.core.Step(time.Now(), e) {
			if t, ok := effect.(Tell); ok && t.To == q.from && a.told == nil {
				a.told = &Told{Parts: t.Parts, Heads: t.Heads, Stamps: t.Stamps}
				continue
			}
			c.do(ctx, effect)
		}
		c.after(e)
	}
	if q.m.summary != nil {
		take(Compared{q.from, *q.m.summary})
	}
	if q.m.told != nil && c.speaks(q.from) {
		q.m.told.From = q.from
		take(*q.m.told)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.told != nil {
		a.state = c.sum.state()
	}
	if q.m.askInventory {
		a.inventory = c.follows
	}
	if q.m.askLooks {
		a.looks = c.agedLooks(time.Now())
	}
	return a
}

// speaks says whether what a member tells without having been asked is taken in. That of
// who only asks, as a leaf does, is not: its bodies could not be fetched.
func (c *Cluster) speaks(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.members[name]
	return ok && m.trusted()
}

// untilDiffers returns when what is held here differs from what the asker holds, and
// from what it was told of, or the wait is over.
func (c *Cluster) untilDiffers(ctx context.Context, m message) {
	late := time.NewTimer(m.wait)
	defer late.Stop()
	for {
		c.mu.Lock()
		same, differs := c.sum == *m.summary || c.sum.state() == m.state, c.differs
		c.mu.Unlock()
		if !same {
			return
		}
		select {
		case <-differs:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// agedLooks are what this member saw itself, and what it believes that others did. The
// caller holds mu.
func (c *Cluster) agedLooks(now time.Time) (list []aged) {
	newest := make(map[ListID]aged, len(c.own))
	for id, o := range c.own {
		if !o.at.IsZero() {
			newest[id] = aged{o.seen, now.Sub(o.at)}
		}
	}
	for id := range c.looks {
		seen, at, enough := c.looks.newest(id, FeederCount)
		if !enough {
			continue
		}
		a := aged{seen, now.Sub(at)}
		if have, ok := newest[id]; !ok || have.Version < a.Version || have.Version == a.Version && a.ago < have.ago {
			newest[id] = a
		}
	}
	for a := range maps.Values(newest) {
		if list = append(list, a); len(list) == maxAged {
			break
		}
	}
	return list
}

// maxAged is how many looks go into one answer.
const maxAged = transfer.MaxMessage / 2 / (seenSize + 4)
