package gossip

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// list is what is known of a list. What is only said of it never pushes out what is
// held: a version that nobody can deliver is forgotten again, and until then stands
// beside the others.
type list struct {
	held   []*item // of one version; more than one if the publisher contradicts itself
	wanted []*item // said to exist: newer, or of the same version
}

// item is one head.
type item struct {
	head    Head
	news    *Announcement // as it was heard or made first; nil: told in a comparison
	by      string        // who was first to speak of it; "": this member
	first   string        // the holder that it named, if that one has signed it
	stamp   int64         // when it was announced; 0: not known
	held    bool
	done    bool      // judged: known, and not to be asked for
	waits   bool      // for Retry
	holders []string  // who say that they hold it, the latest last
	failed  []string  // of them to whom the connection broke since it was last tried again
	pulling []string  // from whom
	late    []string  // of those that were asked: they let it wait, or had it not
	kept    bool      // its news is passed on when the body is held
	tries   int       // that failed in a row
	asked   time.Time // when somebody first was
	pushed  int       // along how many rings its news was sent
	resting bool      // it counts among those that came to nothing
	claimed bool      // it counts among what by has spoken of and nobody has delivered
	parked  *peer     // where it waits until less is being pulled from that one; nil: it does not
	due     time.Time
	at      int // among the timers; -1: not there
}

// version is that which is held; 0: none is.
func (l *list) version() uint64 {
	if len(l.held) == 0 {
		return 0
	}
	return l.held[0].head.Version
}

// find is the item of a head, nil if there is none; older says that a newer version is
// held.
func (c *Core) find(h Head) (it *item, older bool) {
	l, ok := c.lists[h.List]
	if !ok {
		return nil, false
	}
	for _, it := range slices.Concat(l.held, l.wanted) {
		if it.head == h {
			return it, false
		}
	}
	return nil, h.Version < l.version()
}

// contradicts says that a head is certainly false: that body is held, and is another's.
func (c *Core) contradicts(h Head) bool {
	l, ok := c.lists[h.List]
	return ok && slices.ContainsFunc(l.held, func(it *item) bool { return it.head.Digest == h.Digest && it.head != h })
}

// learn notes a head that was not known and is not older than what is held; nil if
// there is no room for it, which there always is for one that is held. Of those that
// one member spoke of first the oldest version makes room, and of all that are wanted
// the oldest of the member with most of them: so nobody, and no few together, fill the
// room with what does not exist. Nor does anybody with lists that do not: what there was
// no room for the next comparison tells again.
func (c *Core) learn(h Head, held bool, by string) *item {
	l, ok := c.lists[h.List]
	if !ok {
		if !held && (len(c.lists) >= MaxLists || h.Kind == Open && c.claims[by] >= MaxOpen) {
			return nil
		}
		l = c.addList(h.List)
	}
	claims := make(map[string]int)
	for _, it := range l.wanted {
		claims[it.by]++
	}
	if claims[by] >= MaxClaims && !held {
		own := slices.DeleteFunc(slices.Clone(l.wanted), func(it *item) bool { return it.by != by })
		oldest := slices.MinFunc(own, func(a, b *item) int { return cmp.Compare(a.head.Version, b.head.Version) })
		if oldest.head.Version > h.Version {
			return nil
		}
		c.lose(l, oldest)
		if c.lists[h.List] == nil { // it was all of it
			l = c.addList(h.List)
		}
	}
	full := len(l.wanted) >= MaxWanted
	if claims[by]++; full { // wanted is in the order in which they were spoken of
		c.lose(l, slices.MaxFunc(l.wanted, func(a, b *item) int { return cmp.Compare(claims[a.by], claims[b.by]) }))
	}
	// With so much that nobody delivers, and that may push one another out, nothing is
	// passed on unseen.
	it := &item{head: h, at: -1, by: by, kept: full || c.peer(by).lied}
	l.wanted = append(l.wanted, it)
	if !held && h.Kind == Open { // of others there are only so many lists
		it.claimed = true
		c.claims[by]++
	}
	return it
}

// addList makes room for a list.
func (c *Core) addList(id ListID) *list {
	l := &list{}
	c.lists[id] = l
	part := &c.parts[bucketOf(id)]
	at, _ := slices.BinarySearchFunc(*part, id, compareIDs)
	*part = slices.Insert(*part, at, id)
	return l
}

func (c *Core) dropList(id ListID) {
	delete(c.lists, id)
	part := &c.parts[bucketOf(id)]
	if at, ok := slices.BinarySearchFunc(*part, id, compareIDs); ok {
		*part = slices.Delete(*part, at, at+1)
	}
}

func compareIDs(a, b ListID) int { return bytes.Compare(a[:], b[:]) }

// settled notes that a head is wanted no longer.
func (c *Core) settled(it *item) {
	c.due.remove(it)
	c.delivered(it)
	if it.resting {
		it.resting = false
		c.resting--
	}
}

// delivered notes that who spoke of a head first has kept its word, or nobody waits for
// that any more.
func (c *Core) delivered(it *item) {
	if !it.claimed {
		return
	}
	it.claimed = false
	if c.claims[it.by]--; c.claims[it.by] == 0 {
		delete(c.claims, it.by)
	}
}

// rest remembers a head that was judged, and came to nothing for now. Of lists that
// others may make up it remembers half of all that there may be, so that there is always
// room to hear of others.
func (c *Core) rest(it *item) {
	c.due.remove(it)
	c.delivered(it)
	switch {
	case it.resting || it.head.Kind != Open:
	case c.resting >= MaxLists/2:
		c.lose(c.lists[it.head.List], it)
	default:
		it.resting = true
		c.resting++
	}
}

// lose forgets a head that is not held.
func (c *Core) lose(l *list, it *item) {
	c.settled(it)
	l.wanted = without(l.wanted, it)
	if len(l.held)+len(l.wanted) == 0 {
		c.dropList(it.head.List)
	}
}

// keep makes a head one that is held, and drops what is older, and what says otherwise of
// the same body.
func (c *Core) keep(it *item) {
	l := c.lists[it.head.List]
	l.wanted = slices.DeleteFunc(l.wanted, func(o *item) bool {
		gone := o.head.Version < it.head.Version || o.head.Digest == it.head.Digest
		if gone {
			c.settled(o)
		}
		return gone
	})
	l.held = slices.DeleteFunc(l.held, func(o *item) bool {
		gone := o.head.Version < it.head.Version
		if gone {
			o.held = false
			c.sum.toggle(o.head)
		}
		return gone
	})
	it.held, it.pulling = true, nil
	l.held = append(l.held, it)
	c.sum.toggle(it.head)
}

func (c *Core) forget(id ListID) {
	l, ok := c.lists[id]
	if !ok {
		return
	}
	for _, it := range l.held {
		it.held = false
		c.sum.toggle(it.head)
	}
	for _, it := range l.wanted {
		c.settled(it)
	}
	c.dropList(id)
}

// holder notes that a member holds a head, and says whether that is news.
func (it *item) holder(name string) bool {
	if slices.Contains(it.holders, name) {
		return false
	}
	it.failed = without(it.failed, name)
	if len(it.holders) >= MaxHolders {
		it.holders = it.holders[1:]
	}
	it.holders = append(it.holders, name)
	return true
}

// held is the event of that name.
func (c *Core) held(now time.Time, e Held) {
	it, older := c.find(e.Head)
	if older {
		return
	}
	if it == nil {
		it = c.learn(e.Head, true, "")
	}
	if it.held {
		return
	}
	c.keep(it)
	c.came(now, it)
	if !e.Minor {
		c.heat(now)
	}
	if e.Quiet {
		return
	}
	switch {
	case it.news == nil:
		along := ringCount
		if it.by != "" { // others have it already
			along = fanout(len(c.members.alive))
		}
		it.news = &Announcement{Head: e.Head, Holder: c.o.Self, Origin: c.o.Self, Stamp: now.UnixMilli()}
		it.news.Signature, it.stamp = c.o.Sign(it.news.SignedBytes()), it.news.Stamp
		c.push(it, along, "")
	case it.kept:
		c.push(it, fanout(len(c.members.alive)), "")
	}
	mine := *it.news
	mine.Holder = c.o.Self
	it.news = &mine
	c.push(it, lazyFanout, "")
}

// heard is the event of that name.
func (c *Core) heard(now time.Time, e Heard) {
	if e.Kind == Beacon {
		c.heardBeacon(now, e)
		return
	}
	it, older := c.find(e.Head)
	switch {
	case older:
		c.Stats.Repeated++
		return
	case it != nil:
		c.Stats.Repeated++
	default:
		if it = c.news(now, e); it == nil {
			return
		}
		c.Stats.Heard++
		switch {
		case it.kept:
		case e.From == e.Origin: // so that most are two steps away from who has the news
			c.push(it, ringCount, e.From)
		default:
			c.push(it, fanout(len(c.members.alive)), e.From)
		}
	}
	// Who forwards news is about to hold the body, and lets those wait who ask for it:
	// so it travels along the way of the news, and its first holder need not send it to
	// everybody. That holder is asked if the others fail.
	for _, name := range []string{e.Holder, e.From} {
		if c.members.names[name] {
			it.holder(name)
		}
	}
	c.wantNews(now, it)
}

// news takes an announcement of a head that was not known, if it is to be believed.
func (c *Core) news(now time.Time, e Heard) *item {
	a := e.Announcement
	switch {
	case c.contradicts(a.Head), !c.o.Plausible(a.Head, now):
		c.Stats.Implausible++
		return nil
	case c.avoided(a.Holder, now):
		c.Stats.Avoided++
		return nil
	case !c.believed(now, e.From, a.Origin, func() bool { return c.o.Verify(a) }):
		return nil
	}
	it := c.learn(a.Head, false, a.Origin)
	if it != nil {
		it.news, it.stamp = &a, a.Stamp
		// Who has signed that it holds the body; for how long nobody can know.
		if age := now.Sub(time.UnixMilli(a.Stamp)); a.Holder == a.Origin && age.Abs() < transfer.KeepFor {
			it.first = a.Origin
		}
	}
	return it
}

// believed says whether news is to be passed on: by whom it is, what that member and
// the one it came from may say now, and who signed it. What is forged counts for the
// one it came from alone, so that nobody can use up another's allowance.
func (c *Core) believed(now time.Time, from, origin string, signed func() bool) bool {
	switch {
	case c.avoided(origin, now):
		c.Stats.Avoided++
	case !c.members.names[origin]:
		c.Stats.Unknown++
	case !c.relayed.allow(now, from, MaxRelayed):
		c.Stats.RateLimited++
	case !signed():
		c.Stats.Forged++
	case !c.rates.allow(now, origin, MaxRate):
		c.Stats.RateLimited++
	default:
		return true
	}
	return false
}

// push sends the news of an item along so many rings more than it was sent along before.
func (c *Core) push(it *item, n int, except string) {
	to := c.members.successors(it.head.Digest[0], it.pushed, n)
	it.pushed += n
	for _, to := range to {
		if to == except || to == it.news.Origin || to == it.news.Holder {
			continue
		}
		if it.news.Origin == c.o.Self {
			c.Stats.Announced++
		} else {
			c.Stats.Forwarded++
		}
		c.do(Announce{to, *it.news})
	}
}
