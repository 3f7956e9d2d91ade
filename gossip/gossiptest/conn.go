package gossiptest

import (
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// conn is one end of a connection whose data takes its time. What is sent while the way
// is cut never comes, nor does what follows.
type conn struct {
	net           *Network
	local, remote *net.UDPAddr
	in, out       *pipe
}

// connect makes the two ends of a connection.
func connect(n *Network, a, b *net.UDPAddr) (near, far *conn) {
	there, back := newPipe(), newPipe()
	return &conn{n, a, b, back, there}, &conn{n, b, a, there, back}
}

// pipe is one direction.
type pipe struct {
	mu       sync.Mutex
	parts    []part
	latest   time.Time // when the last part arrives
	stalled  bool
	shut     bool // by the reader
	ended    bool // by the writer: the last part is the end
	deadline time.Time
	changed  chan struct{} // holds one value
}

type part struct {
	at  time.Time
	b   []byte
	end bool
}

func newPipe() *pipe { return &pipe{changed: make(chan struct{}, 1)} }

func (p *pipe) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// send puts a part on its way.
func (p *pipe) send(n *Network, from, to string, one part) error {
	after, ok := n.segment(from, to)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut || p.ended {
		return net.ErrClosed
	}
	p.ended = one.end
	if p.stalled = p.stalled || !ok; p.stalled {
		return nil
	}
	if one.at = time.Now().Add(after); one.at.Before(p.latest) {
		one.at = p.latest
	}
	p.latest = one.at
	p.parts = append(p.parts, one)
	p.wake()
	return nil
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	p := c.in
	for {
		p.mu.Lock()
		now := time.Now()
		until := p.deadline
		switch {
		case p.shut:
			p.mu.Unlock()
			return 0, net.ErrClosed
		case !p.deadline.IsZero() && !now.Before(p.deadline):
			p.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		case len(p.parts) > 0 && !now.Before(p.parts[0].at):
			first := &p.parts[0]
			if first.end {
				p.mu.Unlock()
				return 0, io.EOF
			}
			n := copy(b, first.b)
			if first.b = first.b[n:]; len(first.b) == 0 {
				p.parts = p.parts[1:]
			}
			p.mu.Unlock()
			return n, nil
		case len(p.parts) > 0 && (until.IsZero() || p.parts[0].at.Before(until)):
			until = p.parts[0].at
		}
		p.mu.Unlock()
		if until.IsZero() {
			<-p.changed
			continue
		}
		t := time.NewTimer(time.Until(until))
		select {
		case <-p.changed:
		case <-t.C:
		}
		t.Stop()
	}
}

// Write implements net.Conn. It never waits.
func (c *conn) Write(b []byte) (int, error) {
	err := c.out.send(c.net, c.local.IP.String(), c.remote.IP.String(), part{b: slices.Clone(b)})
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	_ = c.out.send(c.net, c.local.IP.String(), c.remote.IP.String(), part{end: true})
	c.in.mu.Lock()
	c.in.shut = true
	c.in.mu.Unlock()
	c.in.wake()
	return nil
}

// ended says that this end was closed.
func (c *conn) ended() bool {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.shut
}

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn. Writes need none.
func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.mu.Lock()
	c.in.deadline = t
	c.in.mu.Unlock()
	c.in.wake()
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
