package gossip

import "time"

// beaconList is the list that beacons are of: none.
var beaconList ListID

// beat sends a beacon: news that stands for nothing, whose way through the members
// takes as long as that of an update.
func (c *Core) beat(now time.Time) {
	a := Announcement{
		Head:   Head{List: beaconList, Kind: Beacon, Version: uint64(now.UnixMilli())},
		Holder: c.o.Self, Origin: c.o.Self, Stamp: now.UnixMilli(),
	}
	a.Signature = c.o.Sign(a.SignedBytes())
	c.pushBeacon(a, "")
}

// heardBeacon passes a beacon on and tells of it, once.
func (c *Core) heardBeacon(now time.Time, e Heard) {
	a := e.Announcement
	switch {
	case a.Stamp <= c.beacons[a.Origin] || a.Origin == c.o.Self:
		c.Stats.Repeated++
		return
	case !fresh(now, a.Stamp):
		c.Stats.Implausible++
		return
	case !c.believed(now, e.From, a.Origin, func() bool { return c.o.Verify(a) }):
		return
	}
	c.beacons[a.Origin] = a.Stamp
	c.do(Beaten{a.Origin, a.Stamp})
	c.pushBeacon(a, e.From)
}

func (c *Core) pushBeacon(a Announcement, except string) {
	for _, to := range c.members.successors(byte(a.Stamp), 0, fanout(len(c.members.alive))) {
		if to != except && to != a.Origin {
			c.do(Announce{to, a})
		}
	}
}

// maxSkew is how far members' clocks may differ.
const maxSkew = 5 * time.Minute

// fresh says whether a stamp is of about now, and so no replay from another day.
func fresh(now time.Time, stamp int64) bool {
	return now.Sub(time.UnixMilli(stamp)).Abs() <= maxSkew
}
