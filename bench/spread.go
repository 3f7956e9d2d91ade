package bench

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
)

// Spread is a simulated cluster in which updates appear.
type Spread struct {
	Network Network
	Members int
	Updates int // one after the other, a second apart
	Body    int // bytes
	Seed    uint64
}

// SpreadResult is what came of it. Times count from when the update was held by its
// first member to the last.
type SpreadResult struct {
	Hears, Holds  []time.Duration // of the last member, by update
	Missed        int             // members that do not hold an update at the end
	Announcements float64         // packets per member and update
	Bodies        float64         // delivered per member and update
	Bytes         float64         // sent per member and update, all of it
}

// Sizes of what is sent, in bytes, as it is on the wire.
const (
	announcementSize = 300
	overheadSize     = 70 // of a packet: memberlist's encryption, UDP, IP
	summarySize      = 8 * gossip.Buckets
	headSize         = 64
	packetSize       = 1200
	served           = 16 // pulls that a member serves at once
	lastFor          = 60 * time.Second
)

// node is a simulated member.
type node struct {
	core    *gossip.Core
	holds   map[artefact.Digest]bool
	heard   map[artefact.Digest]bool
	serving int
	free    time.Time // when its uplink is
	waiting []func()  // who asked for what it does not hold yet
	wake    time.Time // the tick that is planned
}

// simulation is one run of a Spread.
type simulation struct {
	Spread
	link
	nodes []*node
	names map[string]int

	head    gossip.Head
	began   time.Time
	res     SpreadResult
	packets int
	bodies  int
	bytes   int
	hearing int
	holding int
}

// Run simulates.
func (s Spread) Run() SpreadResult {
	start := time.Unix(1_800_000_000, 0)
	sim := &simulation{Spread: s, names: make(map[string]int)}
	sim.link = link{Network: s.Network, clock: &clock{now: start}, rnd: rand.New(rand.NewPCG(s.Seed, 1)), bad: make(map[int]time.Time)}
	var all []gossip.Member
	for i := range s.Members {
		all = append(all, gossip.Member{Name: fmt.Sprintf("member-%d", i), Zone: fmt.Sprintf("zone-%d", i%4)})
		sim.names[all[i].Name] = i
	}
	for i, m := range all {
		sim.nodes = append(sim.nodes, &node{
			core: gossip.New(gossip.Options{
				Self: m.Name, Zone: m.Zone, Seed: s.Seed<<16 + uint64(i),
				Sign: func([]byte) []byte { return make([]byte, 70) }, Verify: func(gossip.Announcement) bool { return true },
				Plausible: func(gossip.Head, time.Time) bool { return true },
			}, start),
			holds: make(map[artefact.Digest]bool), heard: make(map[artefact.Digest]bool),
		})
	}
	for i := range sim.nodes {
		others := slices.Delete(slices.Clone(all), i, i+1)
		sim.step(i, gossip.Members{Alive: others})
	}
	sim.weather(s.Members)
	for u := range s.Updates {
		sim.run(sim.now.Add(time.Second), func() bool { return false })
		sim.update(u)
		sim.run(sim.now.Add(lastFor), func() bool { return sim.holding == s.Members && sim.hearing == s.Members })
		sim.res.Missed += s.Members - sim.holding
	}
	per := float64(s.Members * s.Updates)
	sim.res.Announcements, sim.res.Bodies, sim.res.Bytes = float64(sim.packets)/per, float64(sim.bodies)/per, float64(sim.bytes)/per
	return sim.res
}

// update has a member hold a new version.
func (s *simulation) update(n int) {
	var id gossip.ListID
	binary.BigEndian.PutUint64(id[:], s.Seed)
	s.head = gossip.Head{List: id, Version: uint64(n) + 1, Size: uint32(s.Body)}
	binary.BigEndian.PutUint64(s.head.Digest[:], s.rnd.Uint64())
	s.began, s.hearing, s.holding = s.now, 0, 0
	s.res.Hears, s.res.Holds = append(s.res.Hears, 0), append(s.res.Holds, 0)
	first := s.rnd.IntN(s.Members)
	s.hears(first, s.head)
	s.admits(first, s.head)
}

func (s *simulation) hears(i int, h gossip.Head) {
	n := s.nodes[i]
	if n.heard[h.Digest] {
		return
	}
	n.heard[h.Digest] = true
	if h.Digest == s.head.Digest {
		s.hearing++
		s.res.Hears[len(s.res.Hears)-1] = s.now.Sub(s.began)
	}
}

// admits is the end of a pull: the body is verified, on disk and held.
func (s *simulation) admits(i int, h gossip.Head) {
	n := s.nodes[i]
	if n.holds[h.Digest] {
		return
	}
	n.holds[h.Digest] = true
	if h.Digest == s.head.Digest {
		s.holding++
		s.res.Holds[len(s.res.Holds)-1] = s.now.Sub(s.began)
	}
	s.step(i, gossip.Held{Head: h})
	waiting := n.waiting
	n.waiting = nil
	for _, again := range waiting {
		again()
	}
}

// step hands an event to a member's core and does what it says.
func (s *simulation) step(i int, e gossip.Event) {
	n := s.nodes[i]
	for _, effect := range slices.Clone(n.core.Step(s.now, e)) {
		s.do(i, effect)
	}
	if next := n.core.Next(); !next.Equal(n.wake) {
		n.wake = next
		s.after(next.Sub(s.now), func() {
			if n.wake.Equal(next) && !s.now.Before(next) {
				n.wake = time.Time{}
				s.step(i, gossip.Tick{})
			}
		})
	}
}

func (s *simulation) do(i int, effect gossip.Effect) {
	from := fmt.Sprintf("member-%d", i)
	switch e := effect.(type) {
	case gossip.Announce:
		to := s.names[e.To]
		s.packets++
		s.bytes += announcementSize + overheadSize
		s.packet(i, to, func() {
			s.hears(to, e.Head)
			s.step(to, gossip.Heard{From: from, Announcement: e.Announcement})
		})
	case gossip.Compare:
		to := s.names[e.To]
		s.bytes += summarySize + overheadSize
		s.stream(i, to, 1, func() { s.step(to, gossip.Compared{From: from, Summary: e.Summary}) })
	case gossip.Tell:
		to := s.names[e.To]
		s.bytes += headSize*len(e.Heads) + overheadSize
		s.stream(i, to, 1+headSize*len(e.Heads)/packetSize, func() {
			for _, h := range e.Heads {
				s.hears(to, h)
			}
			s.step(to, gossip.Told{From: from, Parts: e.Parts, Heads: e.Heads})
		})
	case gossip.Pull:
		s.bytes += overheadSize
		s.stream(i, s.names[e.From], 1, func() { s.serve(i, s.names[e.From], e) })
	}
}

// serve answers a pull.
func (s *simulation) serve(to, by int, e gossip.Pull) {
	n := s.nodes[by]
	answer := func(o gossip.Outcome) {
		s.bytes += overheadSize
		s.stream(by, to, 1, func() { s.step(to, gossip.Pulled{Head: e.Head, From: e.From, Outcome: o}) })
	}
	switch {
	case !n.holds[e.Digest]:
		over := false
		n.waiting = append(n.waiting, func() {
			if !over && n.holds[e.Digest] {
				over = true
				s.serve(to, by, e)
			}
		})
		s.after(gossip.PullPatience, func() {
			if !over {
				over = true
				answer(gossip.Missing)
			}
		})
		return
	case n.serving >= served:
		answer(gossip.Busy)
		return
	}
	n.serving++
	if n.free.Before(s.now) {
		n.free = s.now
	}
	n.free = n.free.Add(time.Duration(float64(e.Size) / s.Uplink * float64(time.Second)))
	packets := int(math.Ceil(float64(e.Size) / packetSize))
	s.bytes += int(e.Size) + packets*overheadSize
	s.after(n.free.Sub(s.now), func() {
		n.serving--
		s.stream(by, to, packets, func() {
			s.bodies++
			s.step(to, gossip.Pulled{Head: e.Head, From: e.From, Outcome: gossip.Admitted})
			s.admits(to, e.Head)
		})
	})
}
