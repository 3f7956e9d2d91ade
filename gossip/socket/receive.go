package socket

import (
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
)

// A batch that holds garbage is followed by a wait, so that under a flood waking up does
// not cost more than the packets do. The wait is as long as it takes for the better part
// of a batch to come, and never longer than longestWait, which is short beside the 500 ms
// within which a member has to answer. A full batch is read on from at once, and after
// garbage that comes seldom there is no wait.
//
// What comes meanwhile is the kernel's to keep: less than a batch, and if the flood gets
// faster by a factor of f within one wait, f times that for once. For a packet of 1,200
// bytes the kernel counts 2.3 kB, for the smallest 0.8 kB, and it keeps twice what it was
// asked for: in 4 MiB 1,800 packets or 14 batches. Where the kernel gives no more than
// Linux's default of 208 KiB, it keeps 180 packets of that size, a batch and a half: what
// is lost then is lost within one wait, since the next is shorter.
const (
	longestWait  = 20 * time.Millisecond
	shortestWait = 200 * time.Microsecond
	seldom       = 10 * time.Millisecond
)

// receive hands memberlist the packets that a key opens.
func (t *Transport) receive() {
	from := newRates()
	wait, last := longestWait, time.Time{}
	for failures := 0; ; {
		n, err := t.udp.read()
		if err != nil {
			if !t.failed("failed to read gossip packets", err, failures) {
				return
			}
			failures++
			continue
		}
		failures = 0
		now, keys := time.Now(), t.keys.Load()
		garbage := 0
		for i := range n {
			b, addr := t.udp.packet(i)
			if !keys.opens(b) {
				garbage++
				if !t.guard.knows(addrPortOf(addr)) {
					t.strangers.Add(1)
				}
				continue
			}
			t.pass(b, addr, now, from)
		}
		if garbage == 0 {
			continue
		}
		t.foreign.Add(uint64(garbage))
		switch {
		case n > maxBatch*7/8:
			wait = max(wait/2, shortestWait)
		case n < maxBatch/2:
			wait = min(wait*2, longestWait)
		}
		if n < maxBatch && now.Sub(last) < seldom {
			t.udp.rest(wait)
		}
		last = time.Now()
	}
}

// watch has the kernel keep out strangers while they are a flood.
func (t *Transport) watch() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for flooded := false; ; {
		select {
		case <-t.ended.Done():
			return
		case <-tick.C:
		}
		program, floods := t.guard.look(time.Now(), t.strangers.Load())
		if program == nil {
			continue
		}
		if err := t.udp.filter(program); err != nil {
			t.log.Warn("a flood of packets that no gossip key opens, and the kernel takes no filter for it: every packet is looked at", "err", err)
			_ = t.udp.filter(loose())
			return
		}
		switch {
		case floods && !flooded:
			t.log.Warn("a flood of packets that no gossip key opens: of those from addresses of no member but a few are looked at", "one in", sampled)
		case !floods:
			t.log.Info("the flood of packets that no gossip key opens is over")
		}
		flooded = floods
	}
}

// pass hands memberlist a copy of a packet, and never waits for it.
func (t *Transport) pass(b []byte, addr net.Addr, now time.Time, from *rates) {
	if !from.allow(addrOf(addr), now) {
		t.limited.Add(1)
		return
	}
	t.guard.heardFrom(addrPortOf(addr))
	select {
	case t.packets <- &memberlist.Packet{Buf: append(make([]byte, 0, len(b)), b...), From: addr, Timestamp: now}:
	default:
		t.full.Add(1)
	}
}

// addrOf is the address without its port, and one form of it.
func addrOf(a net.Addr) netip.Addr { return addrPortOf(a).Addr().Unmap() }

// addrPortOf is the address with its port, in the form that the socket gave it.
func addrPortOf(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return a.AddrPort()
	case *net.TCPAddr:
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
