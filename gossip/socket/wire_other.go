//go:build !linux

package socket

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/bpf"
)

// wire is a UDP socket that is read by one goroutine, one packet at a time.
type wire struct {
	conn *net.UDPConn
	room []byte
	n    int
	addr net.Addr

	filters bool // never
}

func newWire(c *net.UDPConn) (*wire, error) {
	return &wire{conn: c, room: make([]byte, maxPacket)}, nil
}

// Errors of Windows that are about a packet and not about the socket.
const (
	tooLong     = syscall.Errno(10040) // WSAEMSGSIZE
	nobodyThere = syscall.Errno(10054) // WSAECONNRESET, about one that was sent
)

// read waits for a packet and returns how many came.
func (w *wire) read() (int, error) {
	n, addr, err := w.conn.ReadFromUDP(w.room)
	switch {
	case errors.Is(err, nobodyThere):
		return 0, nil
	case errors.Is(err, tooLong):
		n = 0 // which no key opens
	case err != nil:
		return 0, err
	}
	w.n, w.addr = n, addr
	return 1, nil
}

// packet is the one that came, and where from. The bytes are there until read is called
// again.
func (w *wire) packet(int) ([]byte, net.Addr) { return w.room[:w.n], w.addr }

// filter has the kernel do nothing.
func (w *wire) filter([]bpf.Instruction) error { return errors.ErrUnsupported }

// rest does not wait: with one packet at a time it would keep the others out.
func (w *wire) rest(time.Duration) {}

func (w *wire) write(b []byte, to netip.AddrPort) error {
	_, err := w.conn.WriteToUDPAddrPort(b, to)
	return err
}

// wake ends read.
func (w *wire) wake() { _ = w.conn.Close() }

// close is called once nobody reads any more.
func (w *wire) close() { _ = w.conn.Close() }
