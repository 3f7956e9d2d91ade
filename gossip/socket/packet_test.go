package socket

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

func TestRoundTrip(t *testing.T) {
	for name, host := range map[string]string{"IPv4": "127.0.0.1", "IPv6": "::1"} {
		t.Run(name, func(t *testing.T) {
			if l, err := net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
				t.Skipf("this machine has no %s", name)
			} else {
				_ = l.Close()
			}
			a, b := start(t, host, 0), start(t, host, 0)
			for _, text := range []string{"x", string(make([]byte, 1400)), string(make([]byte, maxPacket-overhead))} {
				packet := seal(t, key, version, text)
				if _, err := a.WriteToAddress(packet, memberlist.Address{Addr: addr(t, b)}); err != nil {
					t.Fatal(err)
				}
				got, from := next(b, long)
				if !bytes.Equal(got, packet) || cap(got) > 2*len(got)+64 {
					t.Fatalf("%d bytes came of %d, in %d", len(got), len(packet), cap(got))
				}
				send(t, b, from.String(), packet) // as memberlist answers
				if got, _ := next(a, long); !bytes.Equal(got, packet) {
					t.Fatalf("%d bytes came back of %d", len(got), len(packet))
				}
			}
		})
	}
}

// TestEveryAddress: a socket for all addresses reaches those of IPv4 and is reached there.
func TestEveryAddress(t *testing.T) {
	all, one := start(t, "0.0.0.0", 0), start(t, "127.0.0.1", 0)
	if _, _, err := all.FinalAdvertiseAddr("", 0); err == nil {
		t.Error("it would advertise that it listens everywhere")
	}
	_, port, err := all.FinalAdvertiseAddr("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	packet := seal(t, key, version, "hello")
	send(t, one, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port)).String(), packet)
	got, from := next(all, long)
	if !bytes.Equal(got, packet) {
		t.Fatal("nothing came")
	}
	if from.String() != addr(t, one) {
		t.Errorf("it came from %s, want %s", from, addr(t, one))
	}
	send(t, all, from.String(), packet)
	if got, _ := next(one, long); !bytes.Equal(got, packet) {
		t.Error("nothing came back")
	}
}

func TestAdvertise(t *testing.T) {
	tr := start(t, "127.0.0.1", 0)
	ip, port, err := tr.FinalAdvertiseAddr("192.0.2.1", 7946)
	if err != nil || ip.String() != "192.0.2.1" || len(ip) != net.IPv4len || port != 7946 {
		t.Errorf("%v %d %v", ip, port, err)
	}
	if _, _, err := tr.FinalAdvertiseAddr("somewhere", 1); err == nil {
		t.Error("a name is no address")
	}
}

func TestName(t *testing.T) {
	a, b := start(t, "127.0.0.1", 0), start(t, "127.0.0.1", 0)
	_, port, err := net.SplitHostPort(addr(t, b))
	if err != nil {
		t.Fatal(err)
	}
	packet := seal(t, key, version, "hello")
	send(t, a, net.JoinHostPort("localhost", port), packet)
	if got, _ := next(b, long); !bytes.Equal(got, packet) {
		t.Error("nothing came")
	}
}

func TestGarbage(t *testing.T) {
	a, b := start(t, "127.0.0.1", 0), start(t, "127.0.0.1", 0)
	noise := make([]byte, 1200)
	_, _ = rand.Read(noise) // never fails (crypto/rand)
	noise[0] = version
	cut := seal(t, key, version, "hello")
	foreign := [][]byte{noise, seal(t, otherKey, version, "hello"), cut[:len(cut)-1]}
	unfit := [][]byte{ // which a kernel may drop and count itself
		nil, {version}, seal(t, key, 0, "sixteen bytes 16"), seal(t, key, version, ""), make([]byte, 9000),
		seal(t, key, version, string(make([]byte, maxPacket))),
	}
	for range maxBatch {
		for _, g := range foreign {
			send(t, a, addr(t, b), g)
		}
	}
	for _, g := range unfit {
		send(t, a, addr(t, b), g)
	}
	packet := seal(t, key, version, "hello")
	send(t, a, addr(t, b), packet)
	if got, _ := next(b, long); !bytes.Equal(got, packet) {
		t.Errorf("%d bytes came, want the %d of the packet", len(got), len(packet))
	}
	if got, _ := next(b, short); got != nil {
		t.Errorf("%d bytes more came", len(got))
	}
	least := uint64(maxBatch * len(foreign))
	if n := b.Counters().Foreign; n < least || n > least+uint64(len(unfit)) {
		t.Errorf("%d are counted, want %d", n, least)
	}
}

func TestRotation(t *testing.T) {
	a, b := start(t, "127.0.0.1", 0), start(t, "127.0.0.1", 0)
	of, ofOther := seal(t, key, version, "one"), seal(t, otherKey, version, "other")
	for _, step := range []struct {
		keys [][]byte
		pass [][]byte
	}{
		{[][]byte{key}, [][]byte{of}},
		{[][]byte{key, otherKey}, [][]byte{of, ofOther}},
		{[][]byte{otherKey}, [][]byte{ofOther}},
	} {
		if err := b.UseKeys(step.keys); err != nil {
			t.Fatal(err)
		}
		send(t, a, addr(t, b), of)
		send(t, a, addr(t, b), ofOther)
		for _, want := range step.pass {
			if got, _ := next(b, long); !bytes.Equal(got, want) {
				t.Errorf("with %d keys %q came, want %q", len(step.keys), got, want)
			}
		}
		if got, _ := next(b, short); got != nil {
			t.Errorf("with %d keys %q came as well", len(step.keys), got)
		}
	}
	for _, keys := range [][][]byte{nil, {[]byte("short")}} {
		if err := b.UseKeys(keys); err == nil {
			t.Errorf("%q are taken for keys", keys)
		}
	}
	send(t, a, addr(t, b), ofOther)
	if got, _ := next(b, long); !bytes.Equal(got, ofOther) {
		t.Error("keys that were refused took the place of those before")
	}
}

// TestFull: memberlist has no time, and nothing waits for it.
func TestFull(t *testing.T) {
	a, b := start(t, "127.0.0.1", 0), start(t, "127.0.0.1", 0)
	packet := seal(t, key, version, "hello")
	for sent := 0; b.Counters().Full == 0; sent++ {
		if sent > 10*maxPackets {
			t.Fatal("none is dropped")
		}
		send(t, a, addr(t, b), packet)
	}
	if n := len(b.PacketCh()); n != maxPackets {
		t.Errorf("%d wait", n)
	}
}

func TestRates(t *testing.T) {
	r, now := newRates(), time.Now()
	one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	passed := func(a netip.Addr, n int, now time.Time) (passed int) {
		for range n {
			if r.allow(a, now) {
				passed++
			}
		}
		return passed
	}
	if n := passed(one, 2*maxFrom, now); n != maxFrom {
		t.Errorf("%d passed", n)
	}
	if n := passed(other, 10, now); n != 10 {
		t.Errorf("%d of another address passed", n)
	}
	if n := passed(one, 10, now.Add(time.Second)); n != 10 {
		t.Errorf("%d passed a second later", n)
	}
	many := 0
	for a, i := netip.MustParseAddr("10.0.0.0"), 0; i < maxSources+2*maxFrom; a, i = a.Next(), i+1 {
		many += passed(a, 1, now.Add(time.Second))
	}
	if len(r.count) > maxSources+1 || many > maxSources+maxFrom || many < maxSources {
		t.Errorf("%d of many addresses passed, %d are told apart", many, len(r.count))
	}
}

func FuzzOpens(f *testing.F) {
	o, err := newOpener([][]byte{otherKey, key})
	if err != nil {
		f.Fatal(err)
	}
	for _, version := range []byte{0, 1, 2} {
		for _, text := range []string{"", "hello", "sixteen bytes 16"} {
			b := seal(f, key, version, text)
			f.Add(b)
			f.Add(b[:len(b)-1])
		}
	}
	f.Add([]byte{})
	f.Add(make([]byte, maxPacket+1))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		opens := o.opens(b)
		if !bytes.Equal(b, before) {
			t.Fatal("it was written to")
		}
		if opens && (len(b) <= overhead || b[0] != version) {
			t.Fatalf("%x opens", b)
		}
	})
}

func TestOpensAllocatesNothing(t *testing.T) {
	o, err := newOpener([][]byte{otherKey, key})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := seal(t, key, version, string(make([]byte, 1200))), make([]byte, 1200)
	bad[0] = version
	if n := testing.AllocsPerRun(100, func() { o.opens(good); o.opens(bad) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if !o.opens(good) || o.opens(bad) {
		t.Error("the good one does not open, or the bad one does")
	}
}

func TestListen(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	packet, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packet.Close()
	stream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for what, port := range map[string]int{"UDP": packet.LocalAddr().(*net.UDPAddr).Port, "TCP": stream.Addr().(*net.TCPAddr).Port} {
		if tr, err := Listen("127.0.0.1", port, [][]byte{key}, log); err == nil {
			_ = tr.Shutdown()
			t.Errorf("the port is somebody's for %s, and it listens there", what)
		} else {
			t.Log(err)
		}
	}
	for range 20 {
		tr := start(t, "127.0.0.1", 0)
		send(t, tr, addr(t, tr), seal(t, key, version, "hello")) // to the port of TCP
		if got, _ := next(tr, long); got == nil {
			t.Error("nobody listens for UDP at the port of TCP")
		}
	}
	if _, err := Listen("no such host.invalid", 0, [][]byte{key}, log); err == nil {
		t.Error("it listens nowhere")
	}
}
