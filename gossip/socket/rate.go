package socket

import (
	"net/netip"
	"time"
)

// rates counts the packets of each address within a second. It is for one goroutine.
type rates struct {
	since time.Time
	count map[netip.Addr]int
}

func newRates() *rates { return &rates{count: make(map[netip.Addr]int)} }

// allow says whether one more packet of an address may pass. Those for which there is no
// room share one count.
func (r *rates) allow(addr netip.Addr, now time.Time) bool {
	if now.Sub(r.since) >= time.Second {
		clear(r.count)
		r.since = now
	}
	n, known := r.count[addr]
	if !known && len(r.count) >= maxSources {
		addr = netip.Addr{}
		n = r.count[addr]
	}
	if n >= maxFrom {
		return false
	}
	r.count[addr] = n + 1
	return true
}
