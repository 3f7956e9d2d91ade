package bench

import (
	"time"

	"github.com/edgetrust/edgetrust/gossip"
)

// Spread is a simulated cluster in which versions of one list appear.
type Spread struct {
	Network Network
	Members int
	Updates int // one after the other
	Body    int // bytes, as they travel
	Seed    uint64
	// Cold lets all connections between members close before each update. Otherwise
	// those along which news travels are open, as they are where there is any each
	// minute.
	Cold bool
	// Hurry has an update follow as soon as everybody holds the one before. Otherwise
	// all is quiet again first, so that what an update costs is all counted.
	Hurry bool
}

// SpreadResult is what came of it. Times count from when the update was held by its
// first member to the last.
type SpreadResult struct {
	Hears, Holds  []time.Duration // of the last member, by update
	Missed        int             // members that do not hold an update at the end
	Announcements float64         // packets per member and update
	Bodies        float64         // delivered per member and update
	Traffic       Traffic         // of all members and updates
}

const (
	zones    = 4
	lastFor  = 60 * time.Second // for an update to come to everybody
	settle   = 3 * time.Second  // until nothing of an update is sent any more
	warmUps  = 6                // updates that open the connections on which the others travel
	listSeed = 1
)

// theList is the list whose versions spread.
var theList = gossip.ListID{listSeed}

// Run simulates.
func (s Spread) Run() SpreadResult {
	c := newCluster(s.Network, s.Members, zones, s.Seed, func(int) role { return honest })
	for u := range warmUps {
		c.update(uint64(u)+1, s.Body, settle/6)
	}
	c.packets, c.bodies, c.traffic = 0, 0, Traffic{}
	var res SpreadResult
	rest := settle
	if s.Hurry {
		rest = 0
	}
	for u := range s.Updates {
		if s.Cold {
			clear(c.used)
		}
		t := c.update(warmUps+uint64(u)+1, s.Body, rest)
		res.Hears, res.Holds = append(res.Hears, t.heardAt.Sub(t.began)), append(res.Holds, t.allAt.Sub(t.began))
		res.Missed += c.count() - t.holds
	}
	per := float64(s.Members * s.Updates)
	res.Announcements, res.Bodies, res.Traffic = float64(c.packets)/per, float64(c.bodies)/per, c.traffic
	return res
}

// update has a member at random hold a new version, waits until everybody does, and then
// for so long.
func (c *cluster) update(version uint64, body int, rest time.Duration) *track {
	h := gossip.Head{List: theList, Kind: gossip.Closed, Version: version, Digest: c.digest(), Size: uint32(body)}
	t := c.publish(c.honestOne(), h, false)
	c.run(c.now.Add(lastFor), func() bool { return t.holds == c.count() && t.hears == c.count() })
	c.run(c.now.Add(rest), never)
	return t
}
