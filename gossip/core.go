package gossip

import (
	"math/rand/v2"
	"time"
)

// Limits and times of the protocol.
const (
	MaxLists   = 131_072 // lists whose heads are remembered
	MaxWanted  = 8       // heads of one list that are said to exist and are not held
	MaxClaims  = 2       // of them that one member is the first to speak of
	MaxHolders = 8       // of one head that are remembered
	MaxOpen    = 8192    // of all that one member was the first to speak of, as long as nobody has delivered them
	MaxTold    = 4096    // heads in one answer to a summary
	MaxRate    = 10      // announcements of one origin member a second, and as many at once
	MaxTelling = 8192    // heads that one member may tell a second, or have told, and as many at once
	MaxRelayed = 200     // packets of news from one member a second that are looked into, and as many at once

	idlePeriod = 5 * time.Second       // between comparisons while nothing changes
	hotPeriod  = 75 * time.Millisecond // after a change, and then a quarter more each time
	hotFor     = 2 * time.Second
	deadPeriod = time.Second // between attempts at members that are remembered as dead
)

// Options of a Core.
type Options struct {
	Self string
	Zone string
	Seed uint64
	// Sign signs as this member.
	Sign func(b []byte) []byte
	// Verify says whether the announcement's Origin, who is a member, signed it, and
	// VerifyLooks that of news of looks; nil: no such news is believed.
	Verify      func(Announcement) bool
	VerifyLooks func(LookNews) bool
	// Plausible says whether a head can be one of a list that this node follows, or
	// may come to follow, at the time: that its version is not absurd.
	Plausible func(Head, time.Time) bool
}

// Core is one member's part in the protocol. It is used by one goroutine at a time.
type Core struct {
	o   Options
	rnd *rand.Rand

	members rings
	lists   map[ListID]*list
	parts   [Buckets][]ListID // their names, in order
	claims  map[string]int    // by member: heads that it was the first to speak of, and that are to come
	resting int               // lists that were heard of, and came to nothing for now
	sum     Summary           // of what is held

	rates   rates // of origin members
	relayed rates // of members that pass news on
	telling rates // of members that tell heads
	asking  rates // of members that are told them
	peers   map[string]*peer
	looks   map[string]*stamps // by origin member: news of looks that was heard
	beacons map[string]int64   // by origin member: the last
	due     timers
	late    float64 // the share of the last small bodies that came late

	stamp int64 // the last of this member's own

	nextCompare, hotUntil, nextDead time.Time

	period time.Duration // until the next comparison but one, while it is hot
	turn   int           // whom that before was with, of those before on the rings

	out   []Effect
	Stats Stats
}

// Stats counts what a Core has done since it began.
type Stats struct {
	Announced, Forwarded              uint64 // packets sent for news of its own, and for that of others
	Heard, Repeated                   uint64 // announcements that were news, and that were not
	Implausible, RateLimited          uint64 // and that were dropped
	Forged, Unknown, Avoided          uint64 // likewise: by a wrong signature, by nobody known, by who is avoided
	Compared, Told, Pulls, PullFailed uint64
	LookNews                          uint64 // packets with news of looks that were sent
}

// New returns a Core that knows nobody and holds nothing.
func New(o Options, now time.Time) *Core {
	c := &Core{
		o: o, rnd: rand.New(rand.NewPCG(o.Seed, 0)), lists: make(map[ListID]*list),
		claims: make(map[string]int), rates: make(rates), relayed: make(rates), telling: make(rates), asking: make(rates), peers: make(map[string]*peer),
		looks: make(map[string]*stamps), beacons: make(map[string]int64),
	}
	c.nextCompare = now.Add(c.jittered(idlePeriod))
	c.nextDead = now.Add(c.jittered(deadPeriod))
	return c
}

// Step takes what has happened and returns what is to be done, which the caller may
// keep until the next call.
func (c *Core) Step(now time.Time, e Event) []Effect {
	c.out = c.out[:0]
	switch e := e.(type) {
	case Tick:
	case Members:
		c.meet(e)
	case Held:
		c.held(now, e)
	case Left:
		c.forget(e.List)
	case Heard:
		c.heard(now, e)
	case Compared:
		c.compared(now, e)
	case Told:
		c.told(now, e)
	case Pulled:
		c.pulled(now, e)
	case Retry:
		c.retry(now)
	case Look:
		c.look(now, e.Seen)
	case HeardLooks:
		c.heardLooks(now, e)
	case Beat:
		c.beat(now)
	}
	c.tick(now)
	return c.out
}

// Next is when Step is to be called with Tick at the latest.
func (c *Core) Next() time.Time {
	next := c.nextCompare
	if c.members.anyDead() && c.nextDead.Before(next) {
		next = c.nextDead
	}
	if at, ok := c.due.first(); ok && at.Before(next) {
		next = at
	}
	return next
}

func (c *Core) tick(now time.Time) {
	for {
		it, ok := c.due.pop(now)
		if !ok {
			break
		}
		c.overdue(now, it)
	}
	c.compareWhenDue(now)
}

func (c *Core) do(e Effect) { c.out = append(c.out, e) }

// jittered is a time of about so much.
func (c *Core) jittered(d time.Duration) time.Duration {
	return d*2/3 + time.Duration(c.rnd.Int64N(int64(d)*2/3))
}
