package socket

import (
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
)

// A batch that holds garbage is followed by a wait, so that under a flood waking up does
// not cost more than the packets do. The wait is as long as it takes for about half a
// batch to come, and never longer than longestWait; a full batch is read on from at once.
//
// What comes meanwhile is the kernel's to keep: 5 ms of a flood that brings half a batch
// in 5 ms or more, which is 6,400 packets a second, or at faster rates half a batch. If
// the flood gets faster by a factor of f within one wait, that are 32·f packets. The
// kernel counts some 2.3 kB for one of 1,200 bytes, 0.8 kB for the smallest and twice
// what is asked for as the limit, so that 4 MiB take 1,800 packets (f = 56), and where
// the kernel gives no more than Linux's default of 208 KiB 180 (f = 5).
const (
	longestWait  = 5 * time.Millisecond
	shortestWait = 200 * time.Microsecond
)

// receive hands memberlist the packets that a key opens.
func (t *Transport) receive() {
	in := newBatch(t.udp)
	from := newRates()
	wait := longestWait
	for failures := 0; ; {
		n, err := in.read()
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
			b, addr := in.packet(i)
			if !keys.opens(b) {
				garbage++
				continue
			}
			t.pass(b, addr, now, from)
		}
		if garbage == 0 {
			continue
		}
		t.foreign.Add(uint64(garbage))
		switch {
		case n > maxBatch*3/4:
			wait = max(wait/2, shortestWait)
		case n < maxBatch/4:
			wait = min(wait*2, longestWait)
		}
		if n < maxBatch {
			time.Sleep(wait)
		}
	}
}

// pass hands memberlist a copy of a packet, and never waits for it.
func (t *Transport) pass(b []byte, addr net.Addr, now time.Time, from *rates) {
	if !from.allow(addrOf(addr), now) {
		t.limited.Add(1)
		return
	}
	select {
	case t.packets <- &memberlist.Packet{Buf: append(make([]byte, 0, len(b)), b...), From: addr, Timestamp: now}:
	default:
		t.full.Add(1)
	}
}

// addrOf is the address without its port, and one form of it.
func addrOf(a net.Addr) netip.Addr {
	switch a := a.(type) {
	case *net.UDPAddr:
		return a.AddrPort().Addr().Unmap()
	case *net.TCPAddr:
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
