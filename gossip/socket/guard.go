package socket

import (
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/bpf"
)

// While more than this comes in a second from addresses that no member has, and no key
// opens it, the kernel lets through but one in sampled of what they send. A new member is
// not kept out by that: it joins over TCP, and whom this one has sent a packet is known.
// Who forges the address and port of a member is let through as the member is.
const (
	floodFrom = 200 // packets a second
	sampled   = 64  // a power of two
	calmAfter = time.Minute

	// maxKnown addresses are told apart from others, since a filter is at most 4096
	// instructions long. In a larger cluster the rest count as nobody's.
	maxKnown = 1024
	knownFor = 10 * time.Minute // since anything was sent to an address or came from it
)

// guard knows the addresses of members, and says what the kernel is to let through.
type guard struct {
	log *slog.Logger
	by  uint32 // numbers addresses

	mu      sync.RWMutex
	now     time.Time // to the second
	known   map[netip.AddrPort]time.Time
	changed bool // known addresses, since there was a filter of them

	strangers uint64 // packets, as far as they were counted; like what follows look's alone
	floods    bool
	flooded   time.Time // when they were too many last
}

func newGuard(log *slog.Logger) *guard {
	return &guard{log: log, by: rand.Uint32() | 1, now: time.Now(), known: make(map[netip.AddrPort]time.Time)}
}

// note takes an address for a member's. It is called for every packet.
func (g *guard) note(a netip.AddrPort) {
	a = plain(a)
	g.mu.RLock()
	last, known := g.known[a]
	late := last.Before(g.now)
	g.mu.RUnlock()
	if known && !late {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known = g.known[a]; !known {
		g.changed = true
		for other := range g.known { // any one makes room
			if len(g.known) < maxKnown {
				break
			}
			delete(g.known, other)
		}
	}
	g.known[a] = g.now
}

func (g *guard) knows(a netip.AddrPort) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, ok := g.known[plain(a)]
	return ok
}

// look is told about once a second how many packets of strangers came that no key opens,
// since the start. It returns what the kernel is to filter by from now on; nil: nothing
// else than before.
func (g *guard) look(now time.Time, strangers uint64) []bpf.Instruction {
	g.mu.Lock()
	defer g.mu.Unlock()
	passed := max(now.Sub(g.now), time.Second)
	rate := float64(strangers-g.strangers) / passed.Seconds()
	if g.floods {
		rate *= sampled
	}
	g.now, g.strangers = now, strangers
	maps.DeleteFunc(g.known, func(_ netip.AddrPort, at time.Time) bool {
		old := now.Sub(at) > knownFor
		g.changed = g.changed || old
		return old
	})
	before := g.floods
	if rate > floodFrom {
		g.flooded, g.floods = now, true
	} else if now.Sub(g.flooded) > calmAfter {
		g.floods = false
	}
	switch {
	case g.floods && !before:
		g.log.Warn("a flood of packets that no gossip key opens, from addresses of no member: but one in so many of what is not a member's is looked at",
			"a second", int(rate), "one in", sampled, "members' addresses", len(g.known))
	case before && !g.floods:
		g.log.Info("the flood of packets that no gossip key opens is over")
		return loose()
	}
	if !g.floods || before && !g.changed {
		return nil
	}
	g.changed = false
	return strict(slices.Collect(maps.Keys(g.known)), g.by)
}

// plain is the one form of an address.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
