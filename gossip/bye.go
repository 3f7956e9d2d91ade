package gossip

import (
	"context"
	"encoding/binary"
	"time"
)

// byeFor is how long after a member said that it goes its end is taken for just that.
const byeFor = 30 * time.Second

// sayBye tells the others that this member goes. memberlist tells them, too, that it is
// gone, but not whether it meant to; whom this packet does not reach takes it for dead,
// and tries it for a day.
func (c *Cluster) sayBye(within time.Duration) {
	c.sayToAll(context.Background(), packetBye, binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli())), within)
}

// sayGap is the time between two packets that say the same. What gets lost often does so
// together with what was sent at the same moment.
const sayGap = 50 * time.Millisecond

// sayToAll sends a packet to every member, five times, and takes no longer than it may.
// Where one packet in ten is lost, one member in 100,000 gets none of them.
func (c *Cluster) sayToAll(ctx context.Context, kind byte, body []byte, within time.Duration) {
	c.mu.Lock()
	var names []string
	for name, m := range c.members {
		if m.trusted() {
			names = append(names, name)
		}
	}
	c.mu.Unlock()
	const times = 5
	for n := range times {
		if n > 0 && !pause(ctx, min(sayGap, within/times)) {
			return
		}
		for _, name := range names {
			c.send(name, kind, body)
		}
	}
}

// parseBye reads when a member said that it goes. More may follow one day.
func parseBye(b []byte) (at time.Time, ok bool) {
	if len(b) < 8 {
		return at, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))), true
}

// heardBye takes note that a member goes. It is no more than a word for what follows:
// one that stays is there as before, so that a packet of old does no harm.
func (c *Cluster) heardBye(name string, at time.Time) {
	now := time.Now()
	if !fresh(now, at.UnixMilli()) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, ok := c.members[name]; ok {
		m.bye = now
		if !m.dead.IsZero() && now.Sub(m.dead) < byeFor {
			m.left = true
		}
	}
}
