package gossip

import (
	"context"
	"errors"
	"time"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// do has an effect of the core carried out, without waiting for it.
func (c *Cluster) do(ctx context.Context, e Effect) {
	switch e := e.(type) {
	case Announce:
		if b, err := e.Announcement.Marshal(); err == nil {
			c.send(e.To, packetAnnounce, b)
		}
	case TellLooks:
		if b, err := e.LookNews.Marshal(); err == nil {
			c.send(e.To, packetLooks, b)
		}
	case Compare:
		c.exchange(ctx, e.To, message{summary: &e.Summary})
	case Tell:
		if c.o.Member != nil { // nobody can fetch from a leaf
			c.exchange(ctx, e.To, message{told: &Told{Parts: e.Parts, Heads: e.Heads, Stamps: e.Stamps}})
		}
	case Pull:
		c.coming.begin(e.Digest)
		c.wg.Go(func() {
			before := c.retries.Load()
			got := c.pull(ctx, e)
			if got.Outcome == Admitted {
				c.coming.came(e.Digest)
			}
			c.coming.end(e.Digest)
			c.inbox.put(got)
			if got.Outcome == Waits && c.retries.Load() != before { // what it waits for came meanwhile
				c.inbox.put(Retry{})
			}
		})
	case Looked:
		c.looked(e)
	case Beaten:
		c.o.Beacon(e.Origin, max(0, time.Since(time.UnixMilli(e.Stamp))))
	}
}

// send sends a packet, which may get lost.
func (c *Cluster) send(to string, kind byte, body []byte) {
	c.mu.Lock()
	m, ok := c.members[to]
	if !ok || len(m.keys) == 0 || c.list == nil {
		c.mu.Unlock()
		return
	}
	key, node := m.keys[0].key, m.node
	c.mu.Unlock()
	if err := c.list.SendBestEffort(&node, seal(key, c.o.Name, to, kind, body)); err != nil {
		c.log.Debug("packet not sent", "to", to, "err", err)
	}
}

// exchange sends a message over a connection and takes in what is answered. With too
// many under way it does not: the next comparison comes soon.
func (c *Cluster) exchange(ctx context.Context, to string, m message) {
	c.mu.Lock()
	member, ok := c.members[to]
	if !ok {
		c.mu.Unlock()
		return
	}
	room := member.open < maxAsking
	if room {
		select {
		case c.exchanges <- struct{}{}:
			member.open++
			c.counters.Exchanges++
		default:
			room = false
		}
	}
	if !room {
		c.counters.ExchangesSkipped++
	}
	peer := member.peer
	c.mu.Unlock()
	if !room {
		return
	}
	c.wg.Go(func() {
		got, err := c.ask(ctx, peer, m)
		<-c.exchanges
		c.mu.Lock()
		member.open--
		if err != nil {
			c.counters.ExchangesFailed++
		}
		c.mu.Unlock()
		if err != nil {
			c.log.Debug("exchange failed", "with", to, "err", err)
			return
		}
		c.takeIn(to, got)
		go c.back(to) // which ends by itself: who leaves does not wait for it
	})
}

// ask sends a message and returns the answer.
func (c *Cluster) ask(ctx context.Context, peer transfer.Peer, m message) (message, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout+m.wait)
	defer cancel()
	b, err := m.marshal()
	if err != nil {
		return message{}, err
	}
	answer, err := c.o.Reach.Exchange(ctx, peer, b)
	if err != nil {
		return message{}, err
	}
	if len(answer) == 0 {
		return message{}, nil
	}
	return parseMessage(answer)
}

// takeIn makes events of an answer.
func (c *Cluster) takeIn(from string, m message) {
	if m.told != nil {
		m.told.From = from
		c.inbox.put(*m.told)
	}
}

// pull fetches a body and has it judged.
func (c *Cluster) pull(ctx context.Context, p Pull) Pulled {
	done := func(o Outcome) Pulled { return Pulled{p.Head, p.From, o} }
	peer, ok := c.peerOf(p.From)
	if !ok {
		return done(Failed)
	}
	select {
	case c.fetching <- struct{}{}:
		defer func() { <-c.fetching }()
	case <-ctx.Done():
		return done(Failed)
	}
	ctx, cancel := context.WithTimeout(ctx, pullTimeout+time.Duration(p.Size)*time.Second/pullRate)
	defer cancel()
	b, err := c.o.Reach.Fetch(ctx, peer, transfer.Want{Digest: p.Digest, Size: int(p.Size), Before: c.o.Store.Before(p.Head)})
	switch {
	case errors.Is(err, transfer.ErrMissing):
		return done(Missing)
	case errors.Is(err, transfer.ErrBusy):
		return done(Busy)
	case errors.Is(err, transfer.ErrWrong):
		return done(Bad)
	case err != nil:
		c.log.Debug("body not fetched", "from", p.From, "err", err)
		return done(Failed)
	}
	var spread time.Duration
	if p.Stamp != 0 {
		spread = max(1, time.Since(time.UnixMilli(p.Stamp)))
	}
	return done(c.o.Store.Take(Arrival{p.Head, b, p.From, spread}))
}

// looked takes note of others' looks, and tells the store if enough have seen what it
// holds.
func (c *Cluster) looked(e Looked) {
	now := time.Now()
	c.mu.Lock()
	for _, s := range e.Seen {
		if c.followed[s.List] {
			c.looks.note(s, e.Origin, now)
		}
	}
	c.mu.Unlock()
	c.credit(e.Seen)
}

// needed is how many members' looks at a list count. The caller holds mu.
func (c *Cluster) needed(id ListID) int {
	others := len(c.o.Hubs)
	if c.o.Member != nil {
		others = len(c.followers(id))
	}
	if others+1 < 3 {
		return 1
	}
	return FeederCount
}

// credit tells the store of looks that enough members agree on: two, or one where there
// are no three members.
func (c *Cluster) credit(seen []Seen) {
	for _, s := range seen {
		l, ok := c.core.lists[s.List]
		if !ok {
			continue
		}
		for _, it := range l.held {
			c.mu.Lock()
			at, enough := c.looks.agree(it.head, c.needed(s.List))
			c.mu.Unlock()
			if enough {
				c.o.Store.Looked(it.head, at)
			}
		}
	}
}
