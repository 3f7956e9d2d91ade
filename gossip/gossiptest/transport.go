package gossiptest

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// Limits of a Transport.
const (
	maxPackets = 4096 // that came and wait; more are dropped
	maxStreams = 64   // likewise of connections, which are refused
)

// Transport is a host's end of a Network for memberlist.
type Transport struct {
	net  *Network
	addr *net.UDPAddr

	packets chan *memberlist.Packet
	streams chan net.Conn

	mu     sync.Mutex
	closed bool
	open   []*conn
}

var _ memberlist.NodeAwareTransport = (*Transport)(nil)

// Listen has a host of the network listen at an IP address and port.
func (n *Network) Listen(host string, port int) *Transport {
	t := &Transport{
		net: n, addr: &net.UDPAddr{IP: net.ParseIP(host), Port: port},
		packets: make(chan *memberlist.Packet, maxPackets), streams: make(chan net.Conn, maxStreams),
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.packets[t.addr.String()] = t
	return t
}

// at is who listens at an address; nil: nobody.
func (n *Network) at(addr string) *Transport {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.packets[addr]
}

// FinalAdvertiseAddr implements memberlist.Transport.
func (t *Transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	ip := t.addr.IP
	if four := ip.To4(); four != nil {
		ip = four
	}
	return ip, t.addr.Port, nil
}

// WriteTo implements memberlist.Transport.
func (t *Transport) WriteTo(b []byte, addr string) (time.Time, error) {
	now := time.Now()
	t.mu.Lock()
	closed := t.closed
	t.mu.Unlock()
	if closed {
		return now, net.ErrClosed
	}
	b = slices.Clone(b)
	for _, after := range t.net.packet(t.addr.IP.String(), hostOf(addr)) {
		time.AfterFunc(after, func() {
			to := t.net.at(addr)
			if to == nil {
				return
			}
			select {
			case to.packets <- &memberlist.Packet{Buf: slices.Clone(b), From: t.addr, Timestamp: time.Now()}:
			default:
			}
		})
	}
	return now, nil
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
	from, to := t.addr.IP.String(), hostOf(addr)
	there, ok := t.net.segment(from, to)
	back, okBack := t.net.segment(to, from)
	if !ok || !okBack || there+back > timeout {
		time.Sleep(timeout)
		return nil, fmt.Errorf("dial %s: %w", addr, errUnreachable)
	}
	time.Sleep(there + back)
	other := t.net.at(addr)
	if other == nil {
		return nil, fmt.Errorf("dial %s: %w", addr, errRefused)
	}
	near, far := connect(t.net, t.addr, other.addr)
	if !t.keep(near) || !other.keep(far) {
		return nil, fmt.Errorf("dial %s: %w", addr, errRefused)
	}
	select {
	case other.streams <- far:
		return near, nil
	default:
		return nil, fmt.Errorf("dial %s: %w", addr, errRefused)
	}
}

// DialAddressTimeout implements memberlist.NodeAwareTransport.
func (t *Transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.DialTimeout(a.Addr, timeout)
}

// keep takes note of a connection, which ends when the transport does.
func (t *Transport) keep(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.open = append(slices.DeleteFunc(t.open, (*conn).ended), c)
	return true
}

// Shutdown implements memberlist.Transport: the host is as good as switched off.
func (t *Transport) Shutdown() error {
	t.mu.Lock()
	open := t.open
	t.closed, t.open = true, nil
	t.mu.Unlock()
	t.net.mu.Lock()
	if t.net.packets[t.addr.String()] == t {
		delete(t.net.packets, t.addr.String())
	}
	t.net.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
	return nil
}
