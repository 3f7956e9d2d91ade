// Package socket carries memberlist's packets and connections over UDP and TCP, as
// memberlist's own NetTransport does, and bounds what others can make that cost. Most
// callers Listen and hand what they get to memberlist.
//
// A packet that none of the gossip keys opens is dropped before memberlist sees it. Under
// a flood of such packets many are read at a time, and soon the kernel keeps out most of
// what comes from addresses of no member. Who has a key is held to a
// number of packets a second, and everybody to a number of connections at once. What is
// dropped is counted.
//
// It does not hide what it opens from memberlist, which opens every packet again, and it
// knows no labels. It accepts what memberlist writes from its protocol version 2 on
// (encryption version 1). The older one is refused, because memberlist v0.7.0 panics on
// padding that a holder of the key has made up.
package socket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
)

// Limits of a Transport.
const (
	maxPacket  = 2048 // bytes; members send at most 1,429
	maxBatch   = 128  // packets that are read at once
	maxPackets = 1024 // that were opened and wait for memberlist; more are dropped

	// maxFrom packets a second are taken from one address. A member sends another some
	// ten of its own accord and seldom a hundred: a few probes and rounds of gossip, and
	// news of which no member may make more than ten a second. Thousands come from an
	// address that a site's whole cluster is behind.
	maxFrom    = 4000
	maxSources = 8192 // addresses that are told apart within a second

	// Connections last as long as an exchange of states, which is milliseconds, and ten
	// seconds at most. memberlist answers 128 such at a time, so these are for all who
	// join at once after a power cut, and those of one address for many behind it.
	maxStreams     = 512
	maxStreamsFrom = 256

	receiveBuffer = 2 << 20 // bytes that are asked of the kernel; as many as it gives
	attempts      = 10      // at a port that is free for TCP and for UDP
)

// Transport is a UDP and a TCP socket at one address.
type Transport struct {
	log     *slog.Logger
	tcp     *net.TCPListener
	udp     *wire
	keys    atomic.Pointer[opener]
	packets chan *memberlist.Packet
	streams chan net.Conn
	open    places
	stop    context.CancelFunc
	ended   context.Context
	wg      sync.WaitGroup
	once    sync.Once // of Shutdown

	guard *guard

	foreign, strangers, full, limited, refused atomic.Uint64
}

var _ memberlist.NodeAwareTransport = (*Transport)(nil)

// Counters count since the start.
type Counters struct {
	Foreign uint64 // packets that no key opens
	Full    uint64 // packets for which memberlist had no time
	Limited uint64 // packets beyond what one address may send
	Refused uint64 // connections beyond what there may be at once
}

// Listen takes a host and port; port 0 is any that is free for both. Packets are read by
// the keys, until UseKeys names others.
func Listen(host string, port int, keys [][]byte, log *slog.Logger) (*Transport, error) {
	o, err := newOpener(keys)
	if err != nil {
		return nil, err
	}
	tcp, udp, err := listen(host, port)
	if err != nil {
		return nil, err
	}
	w, err := newWire(udp)
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	t := &Transport{
		log: log, tcp: tcp, udp: w, open: newPlaces(), guard: newGuard(),
		packets: make(chan *memberlist.Packet, maxPackets), streams: make(chan net.Conn),
	}
	t.keys.Store(o)
	t.ended, t.stop = context.WithCancel(context.Background())
	t.wg.Go(t.receive)
	t.wg.Go(t.accept)
	if w.filters {
		t.wg.Go(t.watch)
	}
	return t, nil
}

// UseKeys has packets read by these keys and no others from now on. The keyring is not
// asked, since what GetKeys returns is written to while RemoveKey removes another.
func (t *Transport) UseKeys(keys [][]byte) error {
	o, err := newOpener(keys)
	if err == nil {
		t.keys.Store(o)
	}
	return err
}

// Counters returns what was dropped so far.
func (t *Transport) Counters() Counters {
	return Counters{Foreign: t.foreign.Load(), Full: t.full.Load(), Limited: t.limited.Load(), Refused: t.refused.Load()}
}

// FinalAdvertiseAddr implements memberlist.Transport: the address and port that were
// configured, or those it listens at.
func (t *Transport) FinalAdvertiseAddr(addr string, port int) (net.IP, int, error) {
	own := t.tcp.Addr().(*net.TCPAddr)
	if port == 0 || addr == "" {
		port = own.Port
	}
	ip := own.IP
	if addr != "" {
		if ip = net.ParseIP(addr); ip == nil {
			return nil, 0, fmt.Errorf("failed to parse the address to advertise %q", addr)
		}
	}
	if ip.IsUnspecified() {
		return nil, 0, errors.New("it listens at every address, and none is said to reach it at")
	}
	if four := ip.To4(); four != nil {
		ip = four
	}
	return ip, port, nil
}

// WriteTo implements memberlist.Transport.
func (t *Transport) WriteTo(b []byte, addr string) (time.Time, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil { // a name
		a, err := net.ResolveUDPAddr("udp", addr)
		if err != nil {
			return time.Time{}, err
		}
		to = a.AddrPort()
	}
	if t.tcp.Addr().(*net.TCPAddr).IP.To4() != nil { // a socket of IPv4 knows no other form
		to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	}
	t.guard.sentTo(to)
	err = t.udp.write(b, to)
	return time.Now(), err
}

// WriteToAddress implements memberlist.NodeAwareTransport.
func (t *Transport) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	return t.WriteTo(b, a.Addr)
}

// PacketCh implements memberlist.Transport.
func (t *Transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh implements memberlist.Transport.
func (t *Transport) StreamCh() <-chan net.Conn { return t.streams }

// DialTimeout implements memberlist.Transport.
func (t *Transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return newStream(c, func() {}), nil
}

// DialAddressTimeout implements memberlist.NodeAwareTransport.
func (t *Transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.DialTimeout(a.Addr, timeout)
}

// Shutdown implements memberlist.Transport. Connections that memberlist has are its to
// close.
func (t *Transport) Shutdown() error {
	t.once.Do(func() {
		t.stop()
		_ = t.tcp.Close()
		t.udp.wake()
		t.wg.Wait()
		t.udp.close()
	})
	return nil
}

// failed tells of an error while it listens, waits longer the more there were in a row,
// and says whether it is to go on.
func (t *Transport) failed(what string, err error, times int) bool {
	if t.ended.Err() != nil {
		return false
	}
	t.log.Warn(what, "err", err)
	select {
	case <-t.ended.Done():
		return false
	case <-time.After(min(5*time.Millisecond<<min(times, 10), time.Second)):
		return true
	}
}
