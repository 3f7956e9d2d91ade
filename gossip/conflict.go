package gossip

import (
	"fmt"
	"time"
)

// conflictLasts is how long after it was last heard of a name is taken to belong to two
// nodes: memberlist meets both again at every exchange, twice a minute.
const conflictLasts = 2 * time.Minute

// maxConflicts is how many names are remembered that two nodes have.
const maxConflicts = 64

// conflict is two nodes that go by one name.
type conflict struct {
	addrs [2]string
	at    time.Time // when it was last heard of
}

// noteConflict remembers that two nodes have a name. The caller holds mu.
func (c *Cluster) noteConflict(name, addr, other string) {
	now := time.Now()
	for n, old := range c.conflicts {
		if now.Sub(old.at) >= conflictLasts {
			delete(c.conflicts, n)
		}
	}
	if _, known := c.conflicts[name]; !known && len(c.conflicts) >= maxConflicts {
		return
	}
	if c.conflicts == nil {
		c.conflicts = make(map[string]conflict)
	}
	c.conflicts[name] = conflict{[2]string{addr, other}, now}
}

// conflicting says which names two nodes have now, and where they are. The caller holds mu.
func (c *Cluster) conflicting(now time.Time) map[string]string {
	names := make(map[string]string)
	for name, two := range c.conflicts {
		if now.Sub(two.at) < conflictLasts {
			names[name] = fmt.Sprintf("two nodes have this name, at %s and %s: give one of them another, and a certificate for it", two.addrs[0], two.addrs[1])
		}
	}
	return names
}
