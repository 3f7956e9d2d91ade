package gossiptest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Conditions are what a network does to what it carries.
type Conditions struct {
	Least, Most time.Duration // one-way latency, even between the two
	Loss        float64       // share of packets that get lost; a connection sends them again
	Duplicate   float64       // share of packets that come twice
	Reorder     float64       // share of packets that come up to three times Most later
	// CallLoss is the share of calls over connections that break off after a second.
	CallLoss float64
}

// Times of connections.
const (
	silence   = 4 * time.Second // until a call to a host that cannot be reached is given up
	resend    = 4               // times Most: until a connection sends again what got lost
	maxResend = 5               // in a row, until it breaks
	broken    = time.Second     // until a call that breaks off is noticed
)

var (
	errUnreachable = errors.New("the host cannot be reached")
	errRefused     = errors.New("nobody listens there")
	errBroken      = errors.New("the connection broke")
)

// Network connects hosts, which are named by their IP addresses.
type Network struct {
	mu       sync.Mutex
	rnd      *rand.Rand
	now      Conditions
	cut      map[way]bool
	packets  map[string]*Transport // by host:port
	services map[string]*Service   // likewise
	sent     int
}

// way is from one host to another.
type way struct{ from, to string }

// NewNetwork returns a network on which nobody is yet.
func NewNetwork(seed uint64, c Conditions) *Network {
	return &Network{
		rnd: rand.New(rand.NewPCG(seed, 7)), now: c, cut: make(map[way]bool),
		packets: make(map[string]*Transport), services: make(map[string]*Service),
	}
}

// Set changes what the network does from now on.
func (n *Network) Set(c Conditions) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = c
}

// Cut lets nothing through any more from some hosts to others. The other direction
// stays as it is.
func (n *Network) Cut(from, to []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range from {
		for _, t := range to {
			if f != t {
				n.cut[way{f, t}] = true
			}
		}
	}
}

// Split parts groups of hosts, in both directions.
func (n *Network) Split(groups ...[]string) {
	for i, a := range groups {
		for j, b := range groups {
			if i != j {
				n.Cut(a, b)
			}
		}
	}
}

// Heal takes back every Cut and Split.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.cut)
}

// Packets is how many packets were sent so far.
func (n *Network) Packets() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sent
}

// latency of one packet. The caller holds mu.
func (n *Network) latency() time.Duration {
	d := n.now.Least
	if spread := n.now.Most - n.now.Least; spread > 0 {
		d += time.Duration(n.rnd.Int64N(int64(spread)))
	}
	return d
}

// packet says when copies of a packet arrive: none if it gets lost.
func (n *Network) packet(from, to string) (after []time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent++
	if n.cut[way{from, to}] {
		return nil
	}
	copies := 1
	if n.rnd.Float64() < n.now.Duplicate {
		copies = 2
	}
	for range copies {
		if n.rnd.Float64() < n.now.Loss {
			continue
		}
		d := n.latency()
		if n.rnd.Float64() < n.now.Reorder {
			d += time.Duration(n.rnd.Int64N(int64(3*n.now.Most) + 1))
		}
		after = append(after, d)
	}
	return after
}

// segment says when a part of a connection's data arrives; false: never.
func (n *Network) segment(from, to string) (after time.Duration, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut[way{from, to}] {
		return 0, false
	}
	again := resend * n.now.Most
	for range maxResend {
		if n.rnd.Float64() >= n.now.Loss {
			return after + n.latency(), true
		}
		after += again
		again *= 2
	}
	return 0, false
}

// breaks says whether a call is one of those that do.
func (n *Network) breaks() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.rnd.Float64() < n.now.CallLoss
}

// travel waits until what one host sends has come to another.
func (n *Network) travel(ctx context.Context, from, to string) error {
	after, ok := n.segment(from, to)
	if !ok {
		return errors.Join(wait(ctx, silence), errUnreachable)
	}
	return wait(ctx, after)
}

// wait waits, unless ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hostOf is the host of an address.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}
