package socket

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
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
				t.Skip(err)
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
					t.Skip(err)
				}
				t.Cleanup(func() { _ = c.Close() })
				return c.(*net.UDPConn)
			}
			own := func(c *net.UDPConn) netip.AddrPort { return plain(c.LocalAddr().(*net.UDPAddr).AddrPort()) }
			member, stranger, last := dial(), dial(), dial()
			known := []netip.AddrPort{own(last), own(member)}
			for i := range maxKnown - len(known) {
				known = append(known, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7946))
			}
			if err := w.filter(strict(known, 0x9e3779b1)); err != nil {
				t.Skip(err)
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
						switch _, a := w.packet(i); plain(portOf(a)) {
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
	g := newGuard(slog.New(slog.DiscardHandler))
	now, n := time.Now(), uint64(0)
	g.note(netip.MustParseAddrPort("192.0.2.1:7946"))
	after := func(d time.Duration, more uint64) int {
		now, n = now.Add(d), n+more
		return len(g.look(now, n))
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
	if after(time.Second, floodFrom/sampled+1) != 0 {
		t.Error("another filter for the same addresses")
	}
	g.note(netip.MustParseAddrPort("192.0.2.2:7946"))
	g.note(netip.MustParseAddrPort("[::ffff:192.0.2.2]:7946"))
	if after(time.Second, floodFrom/sampled+1) != first+1 {
		t.Error("no filter for one address more")
	}
	if after(calmAfter, 0) != 0 {
		t.Error("over too early")
	}
	if after(time.Second, 0) != len(loose()) {
		t.Error("not over")
	}
	if after(knownFor, floodFrom*600+600) != len(strict(nil, g.by)) || g.knows(netip.MustParseAddrPort("192.0.2.1:7946")) {
		t.Error("the addresses of long ago are known")
	}
}

// TestKnown: there is room for some addresses and no more, and a filter of that many is
// one that a kernel takes.
func TestKnown(t *testing.T) {
	g := newGuard(slog.New(slog.DiscardHandler))
	a := netip.MustParseAddr("2001:db8::")
	for range 2 * maxKnown {
		a = a.Next()
		g.note(netip.AddrPortFrom(a, 7946))
	}
	if len(g.known) != maxKnown || !g.knows(netip.AddrPortFrom(a, 7946)) {
		t.Errorf("%d are known", len(g.known))
	}
	w := start(t, "127.0.0.1", 0).udp
	if !w.filters {
		t.Skip("the kernel has no filters here")
	}
	for range 3 {
		if err := w.filter(strict(slices.Collect(maps.Keys(g.known)), g.by)); err != nil {
			t.Error(err)
		}
	}
}
