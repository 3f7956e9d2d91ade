package gossip

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

// Buckets is into how many parts the lists are put for a comparison.
const Buckets = 64

// Summary says of all that a member holds as much as is needed to see what two members
// do not have in common.
type Summary [Buckets]uint64

func bucketOf(id ListID) int { return int(id[0]) % Buckets }

// toggle puts a head into the summary, or takes it out.
func (s *Summary) toggle(h Head) {
	sum := sha256.Sum256(h.appendTo(nil))
	s[bucketOf(h.List)] ^= binary.BigEndian.Uint64(sum[:])
}

// heat has summaries compared often for a while, ever less so: something has changed.
func (c *Core) heat(now time.Time) {
	c.hotUntil, c.period = now.Add(hotFor), hotPeriod
	if at := now.Add(c.jittered(hotPeriod)); at.Before(c.nextCompare) {
		c.nextCompare = at
	}
}

// hot has the next comparison made soon, whenever that is.
func (c *Core) hot() { c.nextCompare = time.Time{} }

// compareWhenDue sends the summary to somebody when it is time to.
func (c *Core) compareWhenDue(now time.Time) {
	if !now.Before(c.nextCompare) {
		period := idlePeriod
		if now.Before(c.hotUntil) {
			period = c.period
			c.period = c.period * 5 / 4
		}
		c.nextCompare = now.Add(c.jittered(period))
		c.compare()
	}
	if !now.Before(c.nextDead) {
		c.nextDead = now.Add(c.jittered(deadPeriod))
		c.compareWith(c.members.dead)
	}
}

// strangers is how seldom a comparison is with any member at all: once in so many.
const strangers = 16

// compare compares with those before this member on the rings, one after the other:
// the connections to them stay open, which is most of what a comparison costs, and
// each member is compared with by as many as with random choices. Some are random all
// the same, in case that all of those are cut off together.
func (c *Core) compare() {
	before := c.members.before
	if len(before) == 0 || c.rnd.IntN(strangers) == 0 {
		c.compareWith(c.members.alive)
		return
	}
	c.turn++
	c.Stats.Compared++
	c.do(Compare{before[c.turn%len(before)], c.sum})
}

func (c *Core) compareWith(members []Member) {
	if len(members) > 0 {
		c.Stats.Compared++
		c.do(Compare{members[c.rnd.IntN(len(members))].Name, c.sum})
	}
}

// compared answers a summary that differs with what is held of the parts that do. Who
// asks for much has to wait until it may ask again.
func (c *Core) compared(now time.Time, e Compared) {
	var parts uint64
	for b := range e.Summary {
		if e.Summary[b] != c.sum[b] {
			parts |= 1 << b
		}
	}
	if parts == 0 {
		return
	}
	if !c.asking.allowed(now, e.From, MaxTelling, 1+float64(min(c.count(parts), MaxTold))) {
		c.Stats.RateLimited++
		return
	}
	items := c.some(parts)
	if c.count(parts) > MaxTold || len(items) > MaxTold {
		parts = 0
	}
	c.tell(e.From, parts, items)
}

// count is how many lists there are in parts of the summary.
func (c *Core) count(parts uint64) (n int) {
	for b, ids := range c.parts {
		if parts>>b&1 != 0 {
			n += len(ids)
		}
	}
	return n
}

// some is what is held of parts of the summary: of as many lists as an answer takes, and
// of more than that others each time.
func (c *Core) some(parts uint64) (items []*item) {
	n := c.count(parts)
	skip := 0
	if n > MaxTold {
		skip = c.rnd.IntN(n)
	}
	for left := min(n, MaxTold); left > 0; { // at the end it goes on at the beginning
		for b, ids := range c.parts {
			switch {
			case parts>>b&1 == 0:
				continue
			case skip >= len(ids):
				skip -= len(ids)
				continue
			}
			ids = ids[skip:]
			for _, id := range ids[:min(left, len(ids))] {
				items = append(items, c.lists[id].held...)
			}
			left -= min(left, len(ids))
			skip = 0
		}
	}
	return items
}

// tell tells what is held; parts are those of the summary of which it is all.
func (c *Core) tell(to string, parts uint64, items []*item) {
	if len(items) > MaxTold { // others each time
		from := c.rnd.IntN(len(items))
		items = slices.Concat(items[from:], items[:from])[:MaxTold]
	}
	t := Tell{To: to, Parts: parts, Heads: make([]Head, len(items)), Stamps: make([]int64, len(items))}
	for i, it := range items {
		t.Heads[i], t.Stamps[i] = it.head, it.stamp
	}
	c.Stats.Told++
	c.do(t)
}

// told takes heads that a member holds, and tells it what it does not know.
func (c *Core) told(now time.Time, e Told) {
	if !c.telling.allowed(now, e.From, MaxTelling, 1+float64(max(len(e.Heads), min(c.count(e.Parts), MaxTold)))) {
		c.Stats.RateLimited++
		return
	}
	named := make(map[ListID]bool, len(e.Heads))
	var newer []*item
	for i, h := range e.Heads[:min(len(e.Heads), MaxTold)] {
		it, older := c.find(h)
		switch {
		case older && !named[h.List]: // it is behind
			newer = append(newer, c.lists[h.List].held...)
		case older:
		case it == nil && (!h.possible() || c.contradicts(h) || !c.o.Plausible(h, now)):
			c.Stats.Implausible++
		case it == nil:
			if it = c.learn(h, false, e.From); it == nil {
				continue
			}
			if len(e.Stamps) == len(e.Heads) {
				it.stamp = e.Stamps[i]
			}
			c.Stats.Heard++
		}
		named[h.List] = true
		if it != nil && it.holder(e.From) {
			c.want(now, it)
		}
	}
	for _, it := range c.some(e.Parts) {
		if !named[it.head.List] {
			newer = append(newer, it)
		}
	}
	if len(newer) > 0 {
		c.tell(e.From, 0, newer)
	}
}
