package socket

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
)

// accept hands memberlist the connections for which there is a place.
func (t *Transport) accept() {
	for failures := 0; ; {
		c, err := t.tcp.AcceptTCP()
		if err != nil {
			if !t.failed("failed to accept a gossip connection", err, failures) {
				return
			}
			failures++
			continue
		}
		failures = 0
		addr := addrOf(c.RemoteAddr())
		if !t.open.take(addr) {
			t.refused.Add(1)
			_, _ = c.SetLinger(0), c.Close() // leaves nothing behind in the kernel
			continue
		}
		s := newStream(c, func() { t.open.leave(addr) })
		select {
		case t.streams <- s:
		case <-t.ended.Done():
			_ = s.Close()
		}
	}
}

// places are the connections that are open.
type places struct {
	mu   *sync.Mutex
	all  *int
	from map[netip.Addr]int
}

func newPlaces() places { return places{new(sync.Mutex), new(int), make(map[netip.Addr]int)} }

func (p places) take(addr netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *p.all >= maxStreams || p.from[addr] >= maxStreamsFrom {
		return false
	}
	*p.all++
	p.from[addr]++
	return true
}

func (p places) leave(addr netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*p.all--
	if p.from[addr]--; p.from[addr] == 0 {
		delete(p.from, addr)
	}
}

// An encrypted message on a connection (memberlist's net.go) begins with its type and the
// length of what opens like a packet.
const (
	encrypted  = 10
	headLength = 1 + 4 + 1
)

var errHead = errors.New("a message of another version of the encryption, or an empty one")

// stream is a connection on which nothing comes that memberlist panics on: see the
// package comment, and it takes the first byte of an empty message for its type. The
// rest is authenticated by a key, but a key is not what a node's life rests on.
type stream struct {
	net.Conn
	head   []byte // what has come of it
	closed func()
}

func newStream(c net.Conn, closed func()) *stream {
	return &stream{Conn: c, head: make([]byte, 0, headLength), closed: sync.OnceFunc(closed)}
}

// Read implements net.Conn, for one goroutine at a time.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if missing := headLength - len(s.head); missing > 0 {
		s.head = append(s.head, b[:min(n, missing)]...)
		if !fits(s.head) {
			return 0, errHead
		}
	}
	return n, err
}

// fits says whether a message may begin with these bytes.
func fits(head []byte) bool {
	if len(head) < headLength || head[0] != encrypted {
		return true
	}
	return binary.BigEndian.Uint32(head[1:5]) > overhead && head[5] == version
}

// Close implements net.Conn.
func (s *stream) Close() error {
	defer s.closed()
	return s.Conn.Close()
}
