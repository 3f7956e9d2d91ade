package gossip

import (
	"container/heap"
	"slices"
	"time"
)

// How bodies are asked for.
const (
	MaxPulls = 4       // under way from one peer
	askRate  = 4 << 20 // bytes a second that a body is given, beside the time of a small one
	// PullPatience is how long a member lets somebody wait who asks for a body that it
	// is about to have.
	PullPatience = 500 * time.Millisecond

	firstRetry = 50 * time.Millisecond // after all holders failed
	maxRetry   = 5 * time.Second
	maxTries   = 12 // until a head that nobody delivers is forgotten
	maxAgain   = 4  // of them that also ask those once more to whom the connection broke

	falseFor    = time.Minute // that what is false is remembered
	declinedFor = 10 * time.Minute

	maxFaults  = 3 // of a peer, until it is avoided
	firstAvoid = 10 * time.Second
	maxAvoid   = 10 * time.Minute
)

// hurry is how a body is asked for: of how many at once who delivered before, and of
// another when those before have let it wait so long, which is about what a body takes
// that is handed on, until so many are asked in all.
type hurry struct {
	atOnce, most int
	after        time.Duration
}

// Of small bodies two are asked: what gets lost on one way rarely does on the other, who
// only says that it holds the body keeps nobody waiting, and a second body costs less
// than that all behind wait. Where bodies have often come late all the same, which is
// where much gets lost, it takes more.
var (
	one  = hurry{1, 4, 120 * time.Millisecond}
	two  = hurry{2, 4, 120 * time.Millisecond}
	more = hurry{4, 6, 80 * time.Millisecond}
)

const (
	newsSize  = 64 << 10 // of a body that is small, at most
	lateShare = 0.2      // of small bodies, from which on it is often
	lateOf    = 4        // about so many of the last count
)

// hurryFor is how to ask for a body.
func (c *Core) hurryFor(h Head) hurry {
	switch {
	case h.Size > newsSize:
		return one
	case c.late > lateShare:
		return more
	}
	return two
}

// patience is how long a body is waited for until another holder is asked as well.
func (u hurry) patience(h Head) time.Duration {
	return u.after + time.Duration(h.Size)*time.Second/askRate
}

// peer is how a member has served this one.
type peer struct {
	pulls  int     // under way
	parked []*item // that are asked for here when it is less
	is     standing
	lied   bool // the last version that it was first to speak of never came
	faults int  // since it was last avoided
	times  int  // that it was
	until  time.Time
}

// standing is what is to be expected of a peer that is asked for a body. The lower is
// asked first.
type standing int

const (
	delivers standing = iota // as it did the last time
	untried
	slow // the last time it let a body wait that another had, or failed
)

func (c *Core) peer(name string) *peer {
	p, ok := c.peers[name]
	if !ok {
		p = &peer{is: untried}
		c.peers[name] = p
	}
	return p
}

func (c *Core) avoided(name string, now time.Time) bool {
	p, ok := c.peers[name]
	return ok && now.Before(p.until)
}

// Avoids returns the members that are avoided at the time, in order.
func (c *Core) Avoids(now time.Time) []string {
	var names []string
	for name := range c.peers {
		if c.avoided(name, now) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// want has a body pulled now, unless it is being pulled from somebody who is not slow.
func (c *Core) want(now time.Time, it *item) {
	if it.open() && c.pulling(it, untried) == 0 {
		c.pull(now, it)
	}
}

// wantNews is want, and with each that speaks of the body asks one more until as many are
// asked who deliver as there should be.
func (c *Core) wantNews(now time.Time, it *item) {
	asked, how := len(it.pulling), c.hurryFor(it.head)
	c.want(now, it)
	if how.atOnce == 1 || asked == 0 || asked < len(it.pulling) || asked >= how.most || !it.open() || c.pulling(it, delivers) >= how.atOnce {
		return
	}
	if from, _ := c.holderFor(now, it); from != "" && c.peer(from).is < slow {
		c.ask(it, from)
	}
}

// open says that a body is still to be had.
func (it *item) open() bool { return !it.held && !it.done && !it.waits }

// pulling is from how many of at least that standing a body is being pulled.
func (c *Core) pulling(it *item, least standing) (n int) {
	for _, name := range it.pulling {
		if c.peer(name).is <= least && !slices.Contains(it.late, name) {
			n++
		}
	}
	return n
}

// ask asks a member for a body.
func (c *Core) ask(it *item, from string) {
	it.pulling = append(it.pulling, from)
	c.peer(from).pulls++
	c.Stats.Pulls++
	c.do(Pull{it.head, from, it.stamp})
}

// overdue is when an item's time has come: whoever was asked has let it wait.
func (c *Core) overdue(now time.Time, it *item) {
	if it.done {
		c.lose(c.lists[it.head.List], it)
		return
	}
	for _, name := range it.pulling {
		it.isLate(name)
	}
	if len(it.pulling) < c.hurryFor(it.head).most {
		c.pull(now, it)
	}
}

// isLate notes that a member let the body wait, or had it not. That is its fault if
// another had it; what nobody has is the fault of who spoke of it first.
func (it *item) isLate(name string) {
	if !slices.Contains(it.late, name) {
		it.late = append(it.late, name)
	}
}

// came draws the conclusions when a body is held.
func (c *Core) came(now time.Time, it *item) {
	if !it.asked.IsZero() && it.head.Size <= newsSize {
		late := 0.0
		if now.Sub(it.asked) > two.patience(it.head) {
			late = 1
		}
		c.late += (late - c.late) / lateOf
	}
	for _, name := range it.late {
		c.peer(name).is = slow
	}
	if it.late = nil; it.by != "" {
		c.peer(it.by).lied = false
	}
}

// pull asks for the body who last spoke of it, unless that one is busy, avoided, slow,
// or has been asked.
func (c *Core) pull(now time.Time, it *item) {
	if !it.open() {
		return
	}
	from, full := c.holderFor(now, it)
	switch {
	case from != "":
		if it.asked.IsZero() {
			it.asked = now
		}
		c.ask(it, from)
		c.awaken(now, it)
	case len(it.pulling) > 0:
		c.awaken(now, it)
	case full != "": // nobody's fault
		c.park(now, it, full)
	default:
		c.later(now, it)
	}
}

// park has a body asked for when less is being pulled from a peer.
func (c *Core) park(now time.Time, it *item, full string) {
	if p := c.peer(full); it.parked != p && len(p.parked) < 2*MaxOpen {
		it.parked = p
		p.parked = append(p.parked, it)
	}
	c.due.set(it, now.Add(c.jittered(maxRetry))) // if that one is gone by then
}

// unpark asks for the next that is parked at a peer of which less is being pulled now.
func (c *Core) unpark(now time.Time, p *peer) {
	for len(p.parked) > 0 && p.pulls < MaxPulls {
		it := p.parked[0]
		p.parked = p.parked[1:]
		it.parked = nil
		if found, _ := c.find(it.head); found == it && len(it.pulling) == 0 {
			c.pull(now, it)
		}
	}
}

// awaken has another holder asked if the body does not come meanwhile.
func (c *Core) awaken(now time.Time, it *item) {
	if how := c.hurryFor(it.head); len(it.pulling) < how.most {
		c.due.set(it, now.Add(how.patience(it.head)))
	}
}

// holderFor is whom to ask next: of those of the best standing the last that spoke of the
// body; "": nobody. full is one who would be, and has been asked for as much as it may
// be; "": nobody, or there is a name.
func (c *Core) holderFor(now time.Time, it *item) (name, full string) {
	for _, from := range slices.Backward(it.holders) {
		p := c.peer(from)
		switch {
		case c.avoided(from, now) || !c.members.names[from] || slices.Contains(it.pulling, from):
		case p.pulls >= MaxPulls:
			full = from
		case name == "" || p.is < c.peer(name).is:
			name = from
		}
	}
	if name != "" {
		full = ""
	}
	return name, full
}

// later has it tried again, ever more seldom, until nobody is expected to deliver it.
func (c *Core) later(now time.Time, it *item) {
	l := c.lists[it.head.List]
	if it.tries++; it.tries <= maxAgain {
		it.holders = append(it.failed, it.holders...)
		it.holders = it.holders[max(0, len(it.holders)-MaxHolders):]
	}
	it.failed = nil
	if it.tries > maxTries || len(it.holders) == 0 {
		c.peer(it.by).lied = true
		c.lose(l, it)
		return
	}
	c.due.set(it, now.Add(c.jittered(min(firstRetry<<(it.tries-1), maxRetry))))
}

// pulled is the event of that name.
func (c *Core) pulled(now time.Time, e Pulled) {
	p := c.peer(e.From)
	p.pulls = max(0, p.pulls-1)
	defer c.unpark(now, p)
	it, _ := c.find(e.Head)
	// A relay says only what it was told; who said that it holds the body must.
	liar := e.Outcome == Missing && it != nil && it.first == e.From
	if e.Outcome == Bad || liar {
		c.fault(now, p)
	}
	if e.Outcome != Admitted {
		c.Stats.PullFailed++
	}
	switch {
	case e.Outcome == Admitted:
		p.is, p.faults = delivers, max(0, p.faults-1)
		if it != nil {
			it.late = without(it.late, e.From)
		}
	case e.Outcome == Failed, e.Outcome == Bad, liar:
		p.is = slow
	case e.Outcome == Missing && it != nil:
		it.isLate(e.From)
	}
	if it == nil || it.held || !slices.Contains(it.pulling, e.From) {
		return
	}
	it.pulling = without(it.pulling, e.From)
	judged := e.Outcome == Admitted || e.Outcome == Declined || e.Outcome == False
	if it.done || it.waits && !judged { // what another was asked for as well is of no interest
		return
	}
	switch e.Outcome {
	case Admitted: // its Held says the rest
		it.done = true
		c.settled(it)
	case Declined: // it is remembered for a while, so as not to be asked for again
		it.done = true
		if c.rest(it); it.resting {
			c.due.set(it, now.Add(c.jittered(declinedFor)))
		}
	case False: // likewise: it would be from everybody
		by := c.peer(it.by)
		by.lied = true
		c.fault(now, by)
		it.done = true
		if c.rest(it); it.resting || it.head.Kind != Open {
			c.due.set(it, now.Add(falseFor))
		}
	case Waits:
		it.waits, it.asked = true, time.Time{} // when it comes says nothing of those who are asked
		c.rest(it)
	case Busy:
		if len(it.pulling) == 0 {
			c.later(now, it)
		}
	case Failed, Missing, Bad:
		it.holders = without(it.holders, e.From)
		if e.Outcome == Failed {
			it.failed = append(it.failed, e.From)
		}
		switch from, _ := c.holderFor(now, it); {
		case from != "":
			c.pull(now, it)
		case len(it.pulling) == 0:
			c.later(now, it)
		}
	}
}

// without is a list without one of what is in it.
func without[T comparable](list []T, gone T) []T {
	return slices.DeleteFunc(list, func(x T) bool { return x == gone })
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
	for _, ids := range c.parts {
		for _, id := range slices.Clone(ids) { // some may be lost on the way
			for _, it := range slices.Clone(c.lists[id].wanted) {
				if it.waits {
					it.waits = false
					c.want(now, it)
				}
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
