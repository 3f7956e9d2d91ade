package gossip

import (
	"github.com/hashicorp/memberlist"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// maxOutside are members without a place that are remembered.
const maxOutside = MaxMembers

// makeRoom turns away the one that was tried in vain most often of those that nobody has
// met, and returns how it was reached, for the caller to forget that, too; false: there is
// none. The caller holds mu.
func (c *Cluster) makeRoom() (gone transfer.Peer, ok bool) {
	worst := c.unmet()
	if worst == nil {
		return gone, false
	}
	delete(c.members, worst.name)
	if worst.dead.IsZero() {
		c.turnAway(worst.node)
	}
	return worst.peer, true
}

// unmet is who would make room; nil: nobody. The caller holds mu.
func (c *Cluster) unmet() (worst *member) {
	for _, m := range c.members {
		if len(m.certs) == 0 && m.tries > 0 && (worst == nil || m.tries > worst.tries) {
			worst = m
		}
	}
	return worst
}

// turnAway remembers a member for which there is no place: memberlist, which knows it, says
// only once that it is there. Of too many some are forgotten, whichever they are. The
// caller holds mu.
func (c *Cluster) turnAway(n memberlist.Node) {
	for name := range c.outside {
		if len(c.outside) < maxOutside {
			break
		}
		delete(c.outside, name)
	}
	c.outside[n.Name] = n
}

// letIn takes in those that were turned away, as far as there are places now.
func (c *Cluster) letIn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	places := MaxMembers - len(c.members)
	for name, n := range c.outside {
		if places--; places < 0 {
			return
		}
		delete(c.outside, name)
		c.inbox.put(joined{n})
	}
}
