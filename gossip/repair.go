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

// compared answers a summary that differs with what is held of the parts that do.
func (c *Core) compared(e Compared) {
	var parts uint64
	for b := range e.Summary {
		if e.Summary[b] != c.sum[b] {
			parts |= 1 << b
		}
	}
	if parts == 0 {
		return
	}
	var items []*item
	for id, l := range c.lists {
		if parts>>bucketOf(id)&1 != 0 {
			items = append(items, l.held...)
		}
	}
	c.tell(e.From, parts, items)
}

func (c *Core) tell(to string, parts uint64, items []*item) {
	slices.SortFunc(items, func(a, b *item) int { return compareHeads(a.head, b.head) })
	if len(items) > MaxTold {
		from := c.rnd.IntN(len(items) - MaxTold + 1) // another part the next time
		items, parts = items[from:from+MaxTold], 0
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
	if !c.telling.allowed(now, e.From, MaxTelling, float64(1+len(e.Heads))) {
		c.Stats.RateLimited++
		return
	}
	named := make(map[ListID]bool, len(e.Heads))
	behind := make(map[ListID]bool) // it, of these
	var newer []*item
	for i, h := range e.Heads[:min(len(e.Heads), MaxTold)] {
		named[h.List] = true
		it, older := c.find(h)
		switch {
		case older:
			behind[h.List] = true
			continue
		case it == nil && !c.o.Plausible(h, now):
			c.Stats.Implausible++
			continue
		case it == nil:
			if it = c.learn(h, false, e.From); it == nil {
				continue
			}
			if len(e.Stamps) == len(e.Heads) {
				it.stamp = e.Stamps[i]
			}
			c.Stats.Heard++
		}
		if it.holder(e.From) {
			c.want(now, it)
		}
	}
	for id, l := range c.lists {
		if behind[id] || !named[id] && e.Parts>>bucketOf(id)&1 != 0 {
			newer = append(newer, l.held...)
		}
	}
	if len(newer) > 0 {
		c.tell(e.From, 0, newer)
	}
}
