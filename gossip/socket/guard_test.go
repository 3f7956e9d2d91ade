package socket

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestStrict: the kernel lets a member's packets through, and of strangers' one in 64,
// whichever form addresses have.
func TestStrict(t *testing.T) {
	for _, c := range []struct{ name, listen, from string }{
		{"IPv4", "127.0.0.1", "127.0.0.1"},
		{"IPv6", "::1", "::1"},
		{"IPv4 to all", "0.0.0.0", "127.0.0.1"},
		{"IPv4 to all of both", "::", "127.0.0.1"},
		{"IPv6 to all of both", "::", "::1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			udp, err := net.ListenPacket("udp", net.JoinHostPort(c.listen, "0"))
			if err != nil {
				t.Skipf("this machine has no %s: %v", c.name, err)
			}
			w, err := newWire(udp.(*net.UDPConn))
			if err != nil {
				t.Fatal(err)
			}
			defer w.close()
			to := net.JoinHostPort(c.from, fmt.Sprint(udp.LocalAddr().(*net.UDPAddr).Port))
			dial := func() *net.UDPConn {
				c, err := net.Dial("udp", to)
				if err != nil {
					t.Skipf("this machine does not reach %s: %v", to, err)
				}
				t.Cleanup(func() { _ = c.Close() })
				return c.(*net.UDPConn)
			}
			own := func(c *net.UDPConn) netip.AddrPort { return plain(c.LocalAddr().(*net.UDPAddr).AddrPort()) }
			member, stranger, last := dial(), dial(), dial()
			known := []netip.AddrPort{own(last), own(member)}
			for i := range maxSent + maxHeard - len(known) {
				known = append(known, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7946))
			}
			if !w.filters {
				t.Skip("the kernel has no filters here")
			}
			if err := w.filter(strict(known, 0x9e3779b1)); err != nil {
				t.Fatal(err)
			}
			const rounds, each = 20, 100
			garbage := make([]byte, 200)
			garbage[0] = version
			of, strangers := 0, 0
			for range rounds {
				for range each {
					_, _ = stranger.Write(garbage)
				}
				_, _ = member.Write(garbage)
				binary.BigEndian.PutUint32(garbage[8:], 1)
				_, _ = last.Write(garbage)
				for ended := false; !ended; {
					n, err := w.read()
					if err != nil {
						t.Fatal(err)
					}
					for i := range n {
						switch _, a := w.packet(i); plain(addrPortOf(a)) {
						case own(member):
							of++
						case own(stranger):
							strangers++
						case own(last):
							ended = true
						}
					}
				}
			}
			if of != rounds {
				t.Errorf("%d of %d packets of a member's came", of, rounds)
			}
			// 31 of 2,000 are let through on average, and hardly ever 3 or 95.
			if strangers < 4 || strangers > 90 {
				t.Errorf("%d of %d packets of a stranger's came", strangers, rounds*each)
			}
		})
	}
}

// TestFlood: a stranger's packets are hardly looked at while they are many, a member that
// was there before notices nothing, and a new one is heard once it was sent a packet.
func TestFlood(t *testing.T) {
	a, b, c := start(t, "127.0.0.1", 0), start(t, "127.0.0.1", 0), start(t, "127.0.0.1", 0)
	if !b.udp.filters {
		t.Skip("the kernel has no filters here")
	}
	good := seal(t, key, version, "hello")
	hears := func(what string, from *Transport) {
		t.Helper()
		send(t, from, addr(t, b), good)
		if got, _ := next(b, long); got == nil {
			t.Error(what)
		}
	}
	hears("before", a)
	garbage := make([]byte, 200)
	garbage[0] = version
	stranger := start(t, "127.0.0.1", 0)
	floods := func() bool {
		b.guard.mu.RLock()
		defer b.guard.mu.RUnlock()
		return b.guard.floods
	}
	eventually(t, "a flood is none", func() bool {
		for range 2 * floodFrom / 100 {
			send(t, stranger, addr(t, b), garbage)
		}
		return floods()
	})
	time.Sleep(100 * time.Millisecond) // what was let through before
	before := b.Counters().Foreign
	for range 2000 {
		send(t, stranger, addr(t, b), garbage)
	}
	hears("a member is not heard in a flood", a)
	if n := b.Counters().Foreign - before; n > 90 {
		t.Errorf("%d packets of a flood of 2000 are looked at", n)
	}
	send(t, b, addr(t, c), good)
	eventually(t, "a new member is not heard in a flood", func() bool {
		for range 20 { // at one in 64, nobody has such luck
			send(t, c, addr(t, b), good)
			if got, _ := next(b, short); got == nil {
				return false
			}
		}
		return true
	})
}

// TestLook: strangers are kept out while they are too many and a minute longer.
func TestLook(t *testing.T) {
	g := newGuard()
	now, n := time.Now(), uint64(0)
	g.sentTo(netip.MustParseAddrPort("192.0.2.1:7946"))
	after := func(d time.Duration, more uint64) int {
		now, n = now.Add(d), n+more
		p, floods := g.look(now, n)
		if p != nil && floods != (len(p) != len(loose())) {
			t.Errorf("floods: %v, and a filter of %d", floods, len(p))
		}
		return len(p)
	}
	if after(time.Second, floodFrom) != 0 {
		t.Error("as many as there may be are a flood")
	}
	if after(time.Second, 1) != 0 {
		t.Error("a filter for nothing")
	}
	first := after(time.Second, floodFrom+1)
	if first == 0 {
		t.Fatal("more than there may be are no flood")
	}
	const many = floodFrom/sampled + 1 // in a second
	for range 100 {
		if after(time.Second, many) != 0 {
			t.Fatal("another filter for the same addresses")
		}
	}
	g.heardFrom(netip.MustParseAddrPort("192.0.2.2:7946"))
	g.heardFrom(netip.MustParseAddrPort("[::ffff:192.0.2.2]:7946"))
	if after(time.Second, many) != first+1 {
		t.Error("no filter for one address more")
	}
	seconds := 1
	for ; after(time.Second, 1) == 0; seconds++ {
		if seconds > 120 {
			t.Fatal("never over")
		}
	}
	if least := int(calmAfter / time.Second); seconds < least || seconds > least+2*smooth {
		t.Errorf("over after %d s", seconds)
	}
	if after(knownFor, 60*60*(floodFrom+1)) != len(strict(nil, g.by)) || g.knows(netip.MustParseAddrPort("192.0.2.1:7946")) {
		t.Error("the addresses of long ago are known")
	}
}

// TestEndOfFlood: half of what is a flood is none for long, though the sample is small.
func TestEndOfFlood(t *testing.T) {
	g, random := newGuard(), rand.New(rand.NewPCG(1, 2))
	now, n := time.Now(), uint64(10_000)
	_, floods := g.look(now, n)
	for seconds := 0; floods; seconds++ {
		if seconds > 600 {
			t.Fatal("never over")
		}
		for range floodFrom / 2 {
			if random.IntN(sampled) == 0 {
				n++
			}
		}
		now = now.Add(time.Second)
		_, floods = g.look(now, n)
	}
}

// TestKnown: there is room for some addresses and no more, those that others can make up
// push no member out, and a filter of that many is one that a kernel takes.
func TestKnown(t *testing.T) {
	g := newGuard()
	a := netip.MustParseAddr("2001:db8::")
	for range 2 * maxSent {
		a = a.Next()
		g.sentTo(netip.AddrPortFrom(a, 7946))
	}
	member := netip.AddrPortFrom(a, 7946)
	for port := range uint16(2 * maxSent) {
		g.heardFrom(netip.AddrPortFrom(a, 10_000+port))
	}
	if len(g.sent) != maxSent || len(g.heard) != maxHeard || !g.knows(member) {
		t.Errorf("%d and %d are known", len(g.sent), len(g.heard))
	}
	w := start(t, "127.0.0.1", 0).udp
	if !w.filters {
		t.Skip("the kernel has no filters here")
	}
	for range 3 {
		if err := w.filter(strict(slices.AppendSeq(slices.Collect(maps.Keys(g.sent)), maps.Keys(g.heard)), g.by)); err != nil {
			t.Error(err)
		}
	}
}

// TestNumber: neighbours that come to the same for one number do not for another.
func TestNumber(t *testing.T) {
	a, b := netip.MustParseAddrPort("[2001:db8:0:1::1]:7946"), netip.MustParseAddrPort("[2001:db8:0:1:8000:0:8000:1]:7946")
	same := 0
	for range 1000 {
		if by := rand.Uint32() | 1; number(a, by) == number(b, by) {
			same++
		}
	}
	if same > 1 {
		t.Errorf("the same for %d of 1000", same)
	}
}
