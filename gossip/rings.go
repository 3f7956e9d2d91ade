package gossip

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
)

// ringCount is how many ways there are through the members.
const ringCount = 16

// rings are orders of the members, each of them a circle. Who pushes along k of them
// reaches k others, and, which random choices do not give, every member is reached by
// k. Half of the rings go through one zone after the other, so that most of their steps
// stay within it.
type rings struct {
	alive []Member
	dead  []Member
	names map[string]bool   // of alive
	next  [ringCount]string // who comes after this member; "": nobody
	// before are those who come before it, none twice: news comes from them, bodies are
	// asked for there, and so are connections open.
	before []string
}

func (r *rings) anyDead() bool { return len(r.dead) > 0 }

// meet takes note of who is there.
func (c *Core) meet(m Members) {
	r := &c.members
	r.alive, r.dead, r.names = m.Alive, m.Dead, make(map[string]bool, len(m.Alive))
	for _, m := range m.Alive {
		r.names[m.Name] = true
	}
	var before [ringCount]string
	r.next, before = neighbours(Member{c.o.Self, c.o.Zone}, r.alive)
	r.before = nil
	for _, name := range before {
		if name != "" && !slices.Contains(r.before, name) {
			r.before = append(r.before, name)
		}
	}
	known := make(map[string]bool, len(m.Alive)+len(m.Dead))
	for _, m := range slices.Concat(m.Alive, m.Dead) {
		known[m.Name] = true
	}
	maps.DeleteFunc(c.peers, func(name string, _ *peer) bool { return !known[name] })
	maps.DeleteFunc(c.looks, func(name string, _ *stamps) bool { return !known[name] })
	maps.DeleteFunc(c.beacons, func(name string, _ int64) bool { return !known[name] })
	c.hot() // whoever is new may know more, or less
}

// neighbours are who comes after a member on each ring, and before it: the smallest
// place above its own, else the smallest of all, and the other way round.
func neighbours(self Member, others []Member) (next, before [ringCount]string) {
	own := placesOf(self)
	var nextAt, beforeAt [ringCount]place
	for _, m := range others {
		for i, at := range placesOf(m) {
			if next[i] == "" || at.sooner(nextAt[i], own[i]) {
				next[i], nextAt[i] = m.Name, at
			}
			if before[i] == "" || beforeAt[i].sooner(at, own[i]) {
				before[i], beforeAt[i] = m.Name, at
			}
		}
	}
	return next, before
}

// place is where on a ring a member stands.
type place struct{ zone, name uint64 }

func (p place) before(o place) bool {
	return p.zone < o.zone || p.zone == o.zone && p.name < o.name
}

// sooner says whether, from a place on, this one comes before another.
func (p place) sooner(o, from place) bool {
	if after, other := from.before(p), from.before(o); after != other {
		return after
	}
	return p.before(o)
}

// placesOf are a member's places on the rings, as good as random, and the same for
// everybody who works them out.
func placesOf(m Member) (places [ringCount]place) {
	name, zone := sha256.Sum256([]byte(m.Name)), sha256.Sum256([]byte(m.Zone))
	for i := range places {
		places[i].name = mixed(binary.BigEndian.Uint64(name[:]), i)
		if i%2 == 1 {
			places[i].zone = mixed(binary.BigEndian.Uint64(zone[:]), i)
		}
	}
	return places
}

// mixed is another number for each ring (the finalizer of SplitMix64).
func mixed(x uint64, ring int) uint64 {
	x += uint64(ring+1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fanout is to how many news is pushed at once: 4 in a small cluster, and more as its
// logarithm grows, so that the number of hops does not.
func fanout(members int) int {
	return max(4, bits.Len(uint(members)))
}

// lazyFanout is to how many a holder says so.
const lazyFanout = 3

// successors are members that come next on the rings, from one on that depends on what
// is sent: so many after the first few, none twice.
func (r *rings) successors(from byte, after, n int) []string {
	var names []string
	for i := range ringCount {
		name := r.next[(int(from)+i)%ringCount]
		if name == "" || slices.Contains(names, name) {
			continue
		}
		if names = append(names, name); len(names) == after+n {
			break
		}
	}
	return names[min(after, len(names)):]
}
