package bench

import (
	"time"

	"github.com/edgetrust/edgetrust/gossip"
)

// Partition is a cluster of which two halves hear nothing of one another for a while,
// while lists get new versions in both.
type Partition struct {
	Network Network
	Members int
	Split   time.Duration
	Lists   int // each gets a version at either side, the second side's being the newer
	Seed    uint64
}

// PartitionResult is what came of it.
type PartitionResult struct {
	Seed    uint64  `json:"seed"`
	Equal   float64 `json:"equal_ms"` // from the end of the split until all members hold the newest versions; -1: not within lastFor
	Behind  int     `json:"behind"`   // times that a member did not hold a list's newest version at the end of the split
	Traffic Traffic `json:"bytes"`    // from the end of the split on, of all members
}

// How memberlist notices, as its profile for local networks does with some hundred
// members: a model, since it is not in the simulation.
const (
	noticeAfter = 8 * time.Second        // that who is cut off is taken for dead
	joinTrips   = 3                      // round trips of joining again
	refuteLeast = 200 * time.Millisecond // until a member has heard that another lives, at least
	refuteMost  = 1300 * time.Millisecond
)

// Run simulates.
func (p Partition) Run() PartitionResult {
	c := newCluster(p.Network, p.Members, zones, p.Seed, func(int) role { return honest })
	side := make([]int, p.Members)
	for i := range side {
		side[i] = c.rnd.IntN(2)
	}
	version := func(list int, v uint64) gossip.Head {
		return gossip.Head{List: gossip.ListID{byte(list), byte(list >> 8)}, Kind: gossip.Closed, Version: v, Digest: c.digest(), Size: 4 << 10}
	}
	at := func(of int) int {
		for {
			if i := c.rnd.IntN(p.Members); side[i] == of {
				return i
			}
		}
	}
	for list := range p.Lists {
		c.publish(c.rnd.IntN(p.Members), version(list, 1), false)
		c.run(c.now.Add(time.Second), never)
	}
	c.run(c.now.Add(settle), never)

	// Each member learns at its own time who is dead, and after the split who is not.
	c.cut = func(from, to int) bool { return side[from] != side[to] }
	began := c.now
	for i := range side {
		c.after(noticeAfter+time.Duration(c.rnd.Int64N(int64(2*time.Second))), func() {
			c.see(i, func(o int) bool { return side[o] == side[i] })
		})
	}
	c.run(c.now.Add(p.Split/3), never)
	for list := range p.Lists {
		c.publish(at(list%2), version(list, 2), false)
		c.run(c.now.Add(p.Split/3/time.Duration(2*p.Lists)), never)
		c.publish(at(1-list%2), version(list, 3), false)
		c.run(c.now.Add(p.Split/3/time.Duration(2*p.Lists)), never)
	}
	c.run(began.Add(p.Split), never)
	c.cut = nil
	healed := c.now
	c.traffic = Traffic{}
	res := PartitionResult{Seed: p.Seed, Equal: -1, Behind: c.behind()}
	c.meetAgain(side)
	c.run(c.now.Add(lastFor), func() bool { return c.behind() == 0 })
	if c.behind() == 0 {
		res.Equal = float64(c.now.Sub(healed)) / float64(time.Millisecond)
	}
	res.Traffic = c.traffic
	return res
}

// behind is how many times a member does not hold the newest version of a list.
func (c *cluster) behind() (n int) {
	for _, t := range c.tracks {
		n += c.count() - t.holds
	}
	return n
}

// meetAgain has members join one another whose comparison was answered though they
// took each other for dead, and all others hear of it some time later.
func (c *cluster) meetAgain(side []int) {
	known := make([]map[int]bool, len(c.all)) // members of the other side, by who knows them
	for i := range known {
		known[i] = make(map[int]bool)
	}
	learn := func(i int, others ...int) {
		for _, o := range others {
			known[i][o] = true
		}
		c.see(i, func(o int) bool { return side[o] == side[i] || known[i][o] })
	}
	first := true
	c.met = func(by, other int) {
		if side[by] == side[other] || known[by][other] {
			return
		}
		c.after(joinTrips*2*c.delay(by, other), func() {
			learn(by, other)
			learn(other, by)
		})
		if !first {
			return
		}
		first = false
		for i := range c.all {
			c.after(refuteLeast+time.Duration(c.rnd.Int64N(int64(refuteMost-refuteLeast))), func() {
				for o := range c.all {
					known[i][o] = true
				}
				learn(i)
			})
		}
	}
}
