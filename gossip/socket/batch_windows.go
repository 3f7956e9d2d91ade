package socket

import (
	"errors"
	"net"
	"syscall"
)

// batch reads one packet at a time, into room of its own.
type batch struct {
	conn *net.UDPConn
	room []byte
	n    int
	addr net.Addr
}

func newBatch(c *net.UDPConn) *batch { return &batch{conn: c, room: make([]byte, maxPacket)} }

// Errors of WSARecvFrom that are about a packet and not about the socket.
const (
	tooLong     = syscall.Errno(10040) // WSAEMSGSIZE
	nobodyThere = syscall.Errno(10054) // WSAECONNRESET, about one that was sent
)

// read waits for a packet and returns how many came.
func (b *batch) read() (int, error) {
	n, addr, err := b.conn.ReadFromUDP(b.room)
	switch {
	case errors.Is(err, nobodyThere):
		return 0, nil
	case errors.Is(err, tooLong):
		n = 0 // which no key opens
	case err != nil:
		return 0, err
	}
	b.n, b.addr = n, addr
	return 1, nil
}

// packet is the one that came, and where from. The bytes are there until read is called
// again.
func (b *batch) packet(int) ([]byte, net.Addr) { return b.room[:b.n], b.addr }
