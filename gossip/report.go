package gossip

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/gossip/socket"
)

// Report is a Cluster as an operator sees it.
type Report struct {
	Settled bool      // it knows whom it is among
	Alone   time.Time // since when no other member, or no hub, is reached; zero: one is
	Members []MemberReport
	// Keys are the fingerprints of the gossip keys, the one that encrypts first: the
	// beginning of their SHA-256, in hex. Of a leaf there are none.
	Keys []string
	// Conflicting are the names that two nodes have, this one's among them, and of each
	// what to do.
	Conflicting map[string]string
	Counters
}

// Counters count since the start.
type Counters struct {
	Dropped   uint64 // packets, for want of room
	Stranger  uint64 // packets of nobody known
	Malformed uint64 // packets of members
	Conflicts uint64 // nodes that came with a name that another has

	Exchanges, ExchangesFailed, ExchangesSkipped uint64 // of this node's; skipped are those for which there was no room
	Stats                                        Stats
	Sockets                                      socket.Counters
}

// State of a member.
type State string

// The states.
const (
	Alive  State = "alive"
	Dead   State = "dead"   // nobody reaches it; it is tried again
	Gone   State = "left"   // it said that it went
	Unmet  State = "unmet"  // it is there, and has not shown its certificate yet
	Silent State = "silent" // of a hub: it does not answer this leaf; it is tried again
)

// MemberReport is another member as this one knows it.
type MemberReport struct {
	Name, Addr, Zone string // Addr is where packets go, of a hub where connections go; the zone is what the member says
	State            State
	Trusted          bool      // it is alive and has shown the certificate of its name
	Why              string    // why it is not, or what else ails it, as far as is known
	NotAfter         time.Time // of its certificate; zero: none was shown
	Avoided          time.Time // until when nothing is asked of it; zero: it is not avoided
	Since            time.Time // since when it is dead or silent
}

// Report says how things stand. It waits for nothing but a lock that is held shortly.
func (c *Cluster) Report() Report {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Report{
		Settled: c.settled, Alone: c.aloneSince(), Counters: c.counters, Members: make([]MemberReport, 0, len(c.members)),
		Conflicting: c.conflicting(now), Keys: c.keys,
	}
	if c.sockets != nil {
		r.Sockets = c.sockets.Counters()
	}
	for _, m := range c.members {
		one := MemberReport{Name: m.name, Addr: m.peer.Addr, Zone: m.meta.zone, State: Alive, Trusted: m.trusted(), Since: m.dead}
		if c.o.Member != nil {
			one.Addr = m.node.Address()
		}
		var why []string
		switch {
		case m.left:
			one.State = Gone
		case !m.dead.IsZero():
			one.State = Dead
			why = append(why, "no answer since "+instant(m.dead))
		case !m.silent.IsZero():
			one.State, one.Trusted, one.Since = Silent, false, m.silent
			why = append(why, fmt.Sprintf("no answer since %s: %v", instant(m.silent), m.lost))
		case !one.Trusted:
			one.State = Unmet
		}
		if m.why != nil {
			why = append(why, m.why.Error())
		}
		if two, ok := r.Conflicting[m.name]; ok {
			why = append(why, two)
		}
		one.Why = strings.Join(why, "; ")
		if len(m.certs) > 0 {
			one.NotAfter = m.certs[0].NotAfter
		}
		if until := c.avoided[m.name]; until.After(now) {
			one.Avoided = until
		}
		r.Members = append(r.Members, one)
	}
	slices.SortFunc(r.Members, func(a, b MemberReport) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// aloneSince is since when nobody is reached; zero: somebody is. The caller holds mu.
func (c *Cluster) aloneSince() (since time.Time) {
	since = c.alone
	for _, m := range c.members {
		switch {
		case c.o.Member != nil && m.trusted(), c.o.Member == nil && m.silent.IsZero():
			return time.Time{}
		case m.silent.After(since):
			since = m.silent
		}
	}
	return since
}

// fingerprints tell keys apart and say nothing of them: they are random, and of 128 bits
// at least.
func fingerprints(keys [][]byte) (list []string) {
	for _, key := range keys {
		sum := sha256.Sum256(key)
		list = append(list, hex.EncodeToString(sum[:8]))
	}
	return list
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }
