package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
)

// cluster is members in virtual time, each with a core of package gossip.
type cluster struct {
	*link
	all     []gossip.Member
	members []*member
	index   map[string]int
	tracks  map[gossip.ListID]*track // what spreads, the newest version of each list
	missed  int                      // versions times members that did not hold them when the next came
	met     func(by, other int)      // told when a comparison was answered; nil: nobody is

	traffic Traffic
	packets int // announcements that were sent
	bodies  int // that were delivered

	announcement, look int // sizes of packets, the latter's of no look
}

// member is one of them.
type member struct {
	core    *gossip.Core // nil: it plays a part of its own
	role    role
	held    map[gossip.ListID]artefact.Digest
	serving int
	free    time.Time                // when its link is, for what it sends
	waiting []*pull                  // who asked for what it does not hold yet
	wake    time.Time                // the tick that is planned
	said    map[artefact.Digest]bool // of a malicious member: that it holds them
}

// track follows one version through the cluster.
type track struct {
	head           gossip.Head
	minor          bool
	began          time.Time
	heard, held    []bool
	hears, holds   int       // how many
	heardAt, allAt time.Time // when the last did
}

// newCluster has so many members in so many zones; role says what part each plays.
func newCluster(n Network, members, zones int, seed uint64, part func(i int) role) *cluster {
	c := &cluster{link: newLink(n, seed, 1), index: make(map[string]int), tracks: make(map[gossip.ListID]*track)}
	for i := range members {
		m := gossip.Member{Name: fmt.Sprintf("edge-%d.example", i), Zone: fmt.Sprintf("zone-%d", i%zones)}
		c.all = append(c.all, m)
		c.index[m.Name] = i
	}
	c.measure()
	for i, m := range c.all {
		o := &member{role: part(i), held: make(map[gossip.ListID]artefact.Digest), said: make(map[artefact.Digest]bool)}
		c.members = append(c.members, o)
		if o.role != honest {
			continue
		}
		o.core = gossip.New(gossip.Options{
			Self: m.Name, Zone: m.Zone, Seed: seed<<16 + uint64(i),
			Sign:        func([]byte) []byte { return make([]byte, 71) },
			Verify:      func(a gossip.Announcement) bool { return len(a.Signature) > 0 },
			VerifyLooks: func(gossip.LookNews) bool { return true },
			Plausible:   func(h gossip.Head, _ time.Time) bool { return c.plausible(h) },
		}, c.now)
	}
	for i := range c.members {
		c.see(i, func(int) bool { return true })
	}
	return c
}

// measure makes a packet of each kind to see how large they are.
func (c *cluster) measure() {
	name := c.all[len(c.all)-1].Name
	sealed := 3 + len(name) + 16 // by the sender for the receiver
	a := gossip.Announcement{Head: gossip.Head{Version: 1_800_000_000, Size: 1 << 16}, Holder: name, Origin: name, Stamp: c.now.UnixMilli(), Signature: make([]byte, 71)}
	b, errA := a.Marshal()
	l, errL := gossip.LookNews{Origin: name, Stamp: c.now.UnixMilli(), Seen: make([]gossip.Seen, 1), Signature: make([]byte, 71)}.Marshal()
	if errA != nil || errL != nil {
		panic("a packet of constant contents cannot be made") // a bug here, not an input
	}
	c.announcement, c.look = len(b)+sealed+packetOverhead, len(l)-seenSize+sealed+packetOverhead
}

const seenSize = 32 // of one look

// plausible lets versions pass that are near what there is.
func (c *cluster) plausible(h gossip.Head) bool {
	t, known := c.tracks[h.List]
	return known && h.Version <= t.head.Version+window
}

const window = 1000 // of versions that are plausible

// see tells a member who is there: those of whom alive says so, and who else is
// remembered as dead.
func (c *cluster) see(i int, alive func(o int) bool) {
	var m gossip.Members
	for o, other := range c.all {
		switch {
		case o == i || c.members[o].role == absent:
		case alive(o):
			m.Alive = append(m.Alive, other)
		default:
			m.Dead = append(m.Dead, other)
		}
	}
	c.step(i, m)
}

// publish has a member hold a new version. It returns what follows it.
func (c *cluster) publish(i int, h gossip.Head, minor bool) *track {
	if t, ok := c.tracks[h.List]; ok {
		c.missed += c.count() - t.holds
	}
	t := &track{head: h, minor: minor, began: c.now, heard: make([]bool, len(c.all)), held: make([]bool, len(c.all))}
	c.tracks[h.List] = t
	c.hears(i, h)
	c.holds(i, h)
	return t
}

// honestOne is an honest member at random.
func (c *cluster) honestOne() int {
	for {
		if i := c.rnd.IntN(len(c.all)); c.members[i].role == honest {
			return i
		}
	}
}

// count is how many honest members there are.
func (c *cluster) count() int {
	n := 0
	for _, m := range c.members {
		if m.role == honest {
			n++
		}
	}
	return n
}

func (c *cluster) hears(i int, h gossip.Head) {
	t, ok := c.tracks[h.List]
	if !ok || t.head.Digest != h.Digest || t.heard[i] || c.members[i].role != honest {
		return
	}
	t.heard[i], t.heardAt = true, c.now
	t.hears++
}

// holds is the end of a pull: the body is verified, on disk and held.
func (c *cluster) holds(i int, h gossip.Head) {
	m := c.members[i]
	if m.held[h.List] == h.Digest {
		return
	}
	t, ok := c.tracks[h.List]
	current := ok && t.head.Digest == h.Digest
	if !current && ok && t.held[i] {
		return // older than what it holds
	}
	m.held[h.List] = h.Digest
	if current && !t.held[i] && m.role == honest {
		t.held[i], t.allAt = true, c.now
		t.holds++
	}
	c.step(i, gossip.Held{Head: h, Minor: ok && t.minor})
	waiting := m.waiting
	m.waiting = nil
	for _, p := range waiting {
		c.serve(p)
	}
}

// step hands an event to a member's core and does what it says.
func (c *cluster) step(i int, e gossip.Event) {
	m := c.members[i]
	if m.core == nil {
		c.play(i, e)
		return
	}
	for _, effect := range slices.Clone(m.core.Step(c.now, e)) {
		c.do(i, effect)
	}
	if next := m.core.Next(); !next.Equal(m.wake) {
		m.wake = next
		c.after(next.Sub(c.now), func() {
			if m.wake.Equal(next) && !c.now.Before(next) {
				m.wake = time.Time{}
				c.step(i, gossip.Tick{})
			}
		})
	}
}

// do carries an effect out.
func (c *cluster) do(i int, effect gossip.Effect) {
	from := c.all[i].Name
	switch e := effect.(type) {
	case gossip.Announce:
		to := c.index[e.To]
		if e.Kind == gossip.Beacon {
			c.pay(i, to, &c.traffic.Beacons, c.announcement)
		} else {
			c.packets++
			c.pay(i, to, &c.traffic.Announcements, c.announcement)
		}
		c.packet(i, to, func() {
			c.hears(to, e.Head)
			c.step(to, gossip.Heard{From: from, Announcement: e.Announcement})
		})
	case gossip.TellLooks:
		to := c.index[e.To]
		c.pay(i, to, &c.traffic.Looks, c.look+seenSize*len(e.Seen))
		c.packet(i, to, func() { c.step(to, gossip.HeardLooks{From: from, LookNews: e.LookNews}) })
	case gossip.Compare:
		to := c.index[e.To]
		c.ask(i, to, &c.traffic.Repair, summarySize, func() { c.compared(i, to, e.Summary) })
	case gossip.Tell: // what the other does not know, after a comparison
		to := c.index[e.To]
		c.ask(i, to, &c.traffic.Repair, headSize*len(e.Heads), func() {
			c.told(i, to, e)
			c.answer(to, i, &c.traffic.Repair, 0, func() {})
		})
	case gossip.Pull:
		c.pull(i, e)
	}
}

// compared is the other end of a comparison. What differs is the answer.
func (c *cluster) compared(by, i int, s gossip.Summary) {
	m := c.members[i]
	if m.core == nil {
		return
	}
	answer := gossip.Tell{}
	for _, effect := range slices.Clone(m.core.Step(c.now, gossip.Compared{From: c.all[by].Name, Summary: s})) {
		if t, ok := effect.(gossip.Tell); ok && c.index[t.To] == by {
			answer = t
			continue
		}
		c.do(i, effect)
	}
	c.answer(i, by, &c.traffic.Repair, headSize*len(answer.Heads), func() {
		if c.met != nil {
			c.met(by, i)
		}
		if answer.To != "" {
			c.told(i, by, answer)
		}
	})
}

func (c *cluster) told(from, to int, t gossip.Tell) {
	for _, h := range t.Heads {
		c.hears(to, h)
	}
	c.step(to, gossip.Told{From: c.all[from].Name, Parts: t.Parts, Heads: t.Heads, Stamps: t.Stamps})
}

// pay counts what is sent.
func (c *cluster) pay(from, to int, of *int, size int) {
	*of += size
	if c.all[from].Zone != c.all[to].Zone {
		c.traffic.CrossZone += size
	}
}

// ask sends a question over a connection, which is opened if there is none.
func (c *cluster) ask(from, to int, of *int, size int, deliver func()) {
	took, cost := c.connect(from, to)
	if cost > 0 {
		c.pay(from, to, &c.traffic.Connections, cost)
	}
	c.after(took, func() { c.pay(from, to, of, c.stream(from, to, askHeader+size, deliver)) })
}

func (c *cluster) answer(from, to int, of *int, size int, deliver func()) {
	c.pay(from, to, of, c.stream(from, to, answerHeader+size, deliver))
}
