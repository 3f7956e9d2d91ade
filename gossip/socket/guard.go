package socket

import (
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
// not kept out by that: it joins over TCP, and within a second of the first packet that it
// is sent, its own are let through. Who forges the address and port of a member is let
// through as the member is.
const (
	floodFrom = 200 // packets a second
	sampled   = 64  // a power of two
	calmAfter = time.Minute
	smooth    = 16 // seconds over which a flood is told from its sample

	// Members are those to whom packets are sent; that does not show the addresses of
	// members behind NAT, so those that were heard are known as well. They have room of
	// their own, because what a member once sent can be sent again by anybody from any
	// address. A filter is at most 4096 instructions long; in a larger cluster the rest
	// count as nobody's.
	maxSent  = 1024
	maxHeard = 256
	knownFor = time.Hour // since a packet was sent there or came from there
)

// guard knows the addresses of members, and says what the kernel is to let through.
type guard struct {
	by uint32 // numbers addresses

	mu          sync.RWMutex
	now         time.Time // of the last look
	sent, heard addresses
	changed     bool // addresses, since there was a filter of them

	strangers uint64    // packets, as far as they were counted
	floods    bool      // there is a filter of addresses
	rate      float64   // of a flood, in packets a second
	flooded   time.Time // when that was too much last
}

// addresses are known, each since it was noted last.
type addresses map[netip.AddrPort]time.Time

func newGuard() *guard {
	return &guard{by: rand.Uint32() | 1, now: time.Now(), sent: addresses{}, heard: addresses{}}
}

// sentTo and heardFrom note an address, for every packet.
func (g *guard) sentTo(a netip.AddrPort)    { g.note(g.sent, maxSent, plain(a)) }
func (g *guard) heardFrom(a netip.AddrPort) { g.note(g.heard, maxHeard, plain(a)) }

func (g *guard) note(in addresses, most int, a netip.AddrPort) {
	g.mu.RLock()
	at, known := in[a]
	late := at.Before(g.now)
	g.mu.RUnlock()
	if known && !late {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known = in[a]; !known {
		g.changed = true
		for other := range in { // any one makes room
			if len(in) < most {
				break
			}
			delete(in, other)
		}
	}
	in[a] = g.now
}

func (g *guard) knows(a netip.AddrPort) bool {
	a = plain(a)
	g.mu.RLock()
	defer g.mu.RUnlock()
	return !g.sent[a].IsZero() || !g.heard[a].IsZero()
}

// look is told about once a second how many packets of strangers came that no key opens,
// since the start. It returns whether there is a flood, and what the kernel is to filter
// by from now on; nil: nothing else than before.
func (g *guard) look(now time.Time, strangers uint64) (program []bpf.Instruction, floods bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	rate := float64(strangers-g.strangers) / max(now.Sub(g.now), time.Second).Seconds()
	g.now, g.strangers = now, strangers
	for _, in := range []addresses{g.sent, g.heard} {
		before := len(in)
		maps.DeleteFunc(in, func(_ netip.AddrPort, at time.Time) bool { return now.Sub(at) > knownFor })
		g.changed = g.changed || len(in) < before
	}
	before := g.floods
	if before {
		g.rate += (rate*sampled - g.rate) / smooth
	} else {
		g.rate = rate
	}
	if g.rate > floodFrom {
		g.floods, g.flooded = true, now
	} else {
		g.floods = before && now.Sub(g.flooded) <= calmAfter
	}
	switch {
	case g.floods && (!before || g.changed):
		g.changed = false
		known := slices.AppendSeq(slices.Collect(maps.Keys(g.sent)), maps.Keys(g.heard))
		return strict(known, g.by), true
	case before && !g.floods:
		return loose(), false
	}
	return nil, g.floods
}

// plain is the one form of an address.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
