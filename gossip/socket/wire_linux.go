package socket

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// wire is a UDP socket that is read by one goroutine, many packets at once (recvmmsg(2)).
//
// Go's runtime does not watch the socket itself: it would have its edge-triggered epoll(7)
// wake a thread for each packet that comes, whether or not anybody reads, and ten thousand
// such in a second are most of what a flood costs. It watches another epoll that tells of
// packets once each time it is asked to, so that nothing wakes it while nobody reads.
type wire struct {
	fd   int
	ask  *os.File        // an epoll, which holds fd alone
	asks syscall.RawConn // of ask
	conn *ipv4.PacketConn
	in   []ipv4.Message
	told [1]unix.EpollEvent

	filters bool // the kernel can

	mu     sync.RWMutex // guards fd against being closed while it is written to
	closed bool
}

// newWire takes the socket, and closes what it was in.
func newWire(c *net.UDPConn) (*wire, error) {
	defer c.Close()
	w := &wire{in: make([]ipv4.Message, maxBatch)}
	room := make([]byte, maxBatch*maxPacket)
	for i := range w.in {
		w.in[i].Buffers = [][]byte{room[i*maxPacket : (i+1)*maxPacket]}
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	failed := raw.Control(func(fd uintptr) { w.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if failed != nil || err != nil {
		return nil, fmt.Errorf("failed to take over the gossip socket: %w", os.NewSyscallError("fcntl", err))
	}
	if w.ask, err = watch(w.fd); err == nil {
		w.asks, err = w.ask.SyscallConn()
	}
	if err != nil {
		_ = unix.Close(w.fd)
		return nil, fmt.Errorf("failed to watch the gossip socket: %w", err)
	}
	w.conn = ipv4.NewPacketConn(taken{c, w}) // of IPv6, too: to reading and writing it is the same
	w.filters = w.filter(loose()) == nil     // without it more is dropped here
	return w, nil
}

// filter has the kernel drop what a program does not let through, instead of the program
// before. Both may be more than it has room for, so the one before may make room first.
func (w *wire) filter(program []bpf.Instruction) error {
	p, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	if err = w.conn.SetBPF(p); errors.Is(err, unix.ENOMEM) {
		if least, e := bpf.Assemble(loose()); e == nil && w.conn.SetBPF(least) == nil {
			err = w.conn.SetBPF(p)
		}
	}
	return err
}

// watch makes an epoll that holds a file, and that is not asked for it yet.
func watch(fd int) (*os.File, error) {
	ask, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	err = unix.EpollCtl(ask, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLONESHOT})
	if err == nil {
		err = unix.SetNonblock(ask, true) // so that the runtime watches it
	}
	if err != nil {
		_ = unix.Close(ask)
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return os.NewFile(uintptr(ask), "gossip"), nil
}

// read waits for packets and returns how many came.
func (w *wire) read() (int, error) { return w.conn.ReadBatch(w.in, 0) }

// packet is one of those that came, and where from. The bytes are there until read is
// called again.
func (w *wire) packet(i int) ([]byte, net.Addr) {
	m := &w.in[i]
	return m.Buffers[0][:m.N], m.Addr
}

// rest waits, whatever comes.
func (w *wire) rest(d time.Duration) { time.Sleep(d) }

func (w *wire) write(b []byte, to netip.AddrPort) error {
	_, err := w.conn.WriteBatch([]ipv4.Message{{Buffers: [][]byte{b}, Addr: net.UDPAddrFromAddrPort(to)}}, 0)
	return err
}

// wake ends read.
func (w *wire) wake() { _ = w.ask.Close() }

// close is called once nobody reads any more.
func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	_ = unix.Close(w.fd)
}

// taken is a net.UDPConn whose socket is a wire's, for package ipv4.
type taken struct {
	*net.UDPConn
	w *wire
}

func (t taken) SyscallConn() (syscall.RawConn, error) { return t.w, nil }

// Read implements syscall.RawConn.
func (w *wire) Read(ready func(fd uintptr) bool) error {
	for !ready(uintptr(w.fd)) {
		var failed error
		err := w.asks.Control(func(ask uintptr) {
			failed = unix.EpollCtl(int(ask), unix.EPOLL_CTL_MOD, w.fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT})
		})
		if err != nil || failed != nil {
			return cmp.Or(err, os.NewSyscallError("epoll_ctl", failed))
		}
		err = w.asks.Read(func(ask uintptr) bool {
			n, err := unix.EpollWait(int(ask), w.told[:], 0)
			return n > 0 || err != nil && err != unix.EINTR
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Write implements syscall.RawConn. What the kernel has no room for is lost, as packets
// are.
func (w *wire) Write(ready func(fd uintptr) bool) error {
	return w.Control(func(fd uintptr) { ready(fd) })
}

// Control implements syscall.RawConn.
func (w *wire) Control(f func(fd uintptr)) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return net.ErrClosed
	}
	f(uintptr(w.fd))
	return nil
}
