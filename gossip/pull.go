package gossip

import (
	"bytes"
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// How bodies are asked for.
const (
	MaxPulls = 4 // under way from one peer
	// PullPatience is how long a member lets somebody wait who asks for a body that it
	// is about to have.
	PullPatience = 500 * time.Millisecond

	// A second holder is asked when the first takes longer than this, and than its body
	// at this rate: it may be one that never answers.
	hedgeAfter = 300 * time.Millisecond
	hedgeRate  = 4 << 20 // bytes a second

	firstRetry = 50 * time.Millisecond // after all holders failed
	maxRetry   = 5 * time.Second
	maxTries   = 12 // until a head that nobody delivers is forgotten

	maxFaults  = 3 // of a peer, until it is avoided
	firstAvoid = 10 * time.Second
	maxAvoid   = 10 * time.Minute

	firstBehind = time.Minute // that a peer is asked last, after a pull that failed
)

// peer is how a member has served this one.
type peer struct {
	pulls  int // under way
	faults int // since it was last avoided
	times  int // that it was
	until  time.Time

	fails  int       // pulls in a row that came to nothing, which need not be its fault
	behind time.Time // until then it is asked after others
}

func (c *Core) peer(name string) *peer {
	p, ok := c.peers[name]
	if !ok {
		p = &peer{}
		c.peers[name] = p
	}
	return p
}

func (c *Core) avoided(name string, now time.Time) bool {
	p, ok := c.peers[name]
	return ok && now.Before(p.until)
}

// isBehind says whether a member is asked only if no other can be.
func (c *Core) isBehind(name string, now time.Time) bool {
	p, ok := c.peers[name]
	return ok && now.Before(p.behind)
}

// want has a body pulled now.
func (c *Core) want(now time.Time, it *item) {
	switch {
	case it.held || it.done || it.waits:
	case it.pulling == "":
		c.due.set(it, now)
	case it.second == "" && c.isBehind(it.pulling, now): // there was no other when that one was asked
		c.due.set(it, now)
	case it.second == "" && it.at < 0:
		c.due.set(it, it.hedge)
	}
}

// pull asks for the body who last spoke of it, unless that one is busy or avoided, and of
// those on whom it waited in vain lately only if there are no others.
func (c *Core) pull(now time.Time, it *item) {
	if it.held || it.done || it.waits || it.second != "" {
		return
	}
	full := false
	order := slices.Clone(it.holders)
	slices.Reverse(order)
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(btoi(c.isBehind(a, now)), btoi(c.isBehind(b, now))) })
	for _, from := range order {
		switch {
		case c.avoided(from, now) || !c.members.names[from] || from == it.pulling:
			continue
		case c.peer(from).pulls >= MaxPulls:
			full = true
			continue
		}
		if it.pulling == "" {
			it.pulling, it.hedge = from, now.Add(hedgeAfter+time.Duration(it.head.Size)*time.Second/hedgeRate)
			if len(it.holders) > 1 {
				c.due.set(it, it.hedge)
			}
		} else {
			it.second = from
		}
		c.peer(from).pulls++
		c.Stats.Pulls++
		c.do(Pull{it.head, from, it.stamp})
		return
	}
	if it.pulling != "" { // there is no second, for now
		return
	}
	if full { // nobody's fault, and soon over
		c.due.set(it, now.Add(c.jittered(firstRetry)))
		return
	}
	c.later(now, it)
}

// later has it tried again, ever more seldom, until nobody is expected to deliver it.
func (c *Core) later(now time.Time, it *item) {
	l := c.lists[it.head.List]
	if it.tries++; it.tries > maxTries || len(it.holders) == 0 {
		c.lose(l, it)
		return
	}
	c.due.set(it, now.Add(c.jittered(min(firstRetry<<(it.tries-1), maxRetry))))
}

// pulled is the event of that name.
func (c *Core) pulled(now time.Time, e Pulled) {
	p := c.peer(e.From)
	p.pulls = max(0, p.pulls-1)
	it, _ := c.find(e.Head)
	// A relay says only what it was told; who said that it holds the body must.
	if e.Outcome == Bad || e.Outcome == Missing && it != nil && it.first == e.From {
		c.fault(now, p)
	}
	switch e.Outcome {
	case Failed:
		p.behind = now.Add(min(firstBehind<<min(p.fails, 16), maxAvoid))
		p.fails++
	case Admitted:
		p.fails, p.behind = 0, time.Time{}
	}
	if e.Outcome != Admitted {
		c.Stats.PullFailed++
	}
	switch {
	case it == nil || it.held:
		return
	case it.pulling == e.From:
		it.pulling, it.second = it.second, ""
	case it.second == e.From:
		it.second = ""
	default:
		return
	}
	switch e.Outcome {
	case Admitted: // its Held says the rest
	case Declined:
		it.done = true
	case Waits:
		it.waits = true
	case Busy:
		if it.pulling == "" {
			c.later(now, it)
		}
	case Failed, Missing, Bad:
		it.holders = slices.DeleteFunc(it.holders, func(h string) bool { return h == e.From })
		if len(it.holders) > 0 {
			c.pull(now, it)
		} else {
			c.later(now, it)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fault counts what can only be the peer's doing.
func (c *Core) fault(now time.Time, p *peer) {
	if p.faults++; p.faults < maxFaults {
		return
	}
	p.until = now.Add(min(firstAvoid<<min(p.times, 16), maxAvoid))
	p.faults, p.times = 0, p.times+1
}

// retry is the event of that name.
func (c *Core) retry(now time.Time) {
	for _, id := range slices.SortedFunc(maps.Keys(c.lists), func(a, b ListID) int { return bytes.Compare(a[:], b[:]) }) {
		for _, it := range c.lists[id].wanted {
			if it.waits {
				it.waits = false
				c.want(now, it)
			}
		}
	}
}

// timers are the items that wait, by when they are due.
type timers struct{ q timerQueue }

func (t *timers) first() (time.Time, bool) {
	if len(t.q) == 0 {
		return time.Time{}, false
	}
	return t.q[0].due, true
}

func (t *timers) set(it *item, due time.Time) {
	it.due = due
	if it.at >= 0 {
		heap.Fix(&t.q, it.at)
	} else {
		heap.Push(&t.q, it)
	}
}

func (t *timers) remove(it *item) {
	if it.at >= 0 {
		heap.Remove(&t.q, it.at)
	}
}

func (t *timers) pop(now time.Time) (*item, bool) {
	if len(t.q) == 0 || now.Before(t.q[0].due) {
		return nil, false
	}
	return heap.Pop(&t.q).(*item), true
}

type timerQueue []*item

func (q timerQueue) Len() int           { return len(q) }
func (q timerQueue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }

func (q timerQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

func (q *timerQueue) Push(x any) {
	it := x.(*item)
	it.at = len(*q)
	*q = append(*q, it)
}

func (q *timerQueue) Pop() any {
	last := len(*q) - 1
	it := (*q)[last]
	(*q)[last], it.at = nil, -1
	*q = (*q)[:last]
	return it
}
