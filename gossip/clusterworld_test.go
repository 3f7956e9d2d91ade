package gossip_test

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/gossiptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lan is a quick network that loses nothing.
var lan = gossiptest.Conditions{Least: 20 * time.Millisecond, Most: 60 * time.Millisecond}

// lossy loses packets, repeats them and has them come out of order.
func lossy(loss float64) gossiptest.Conditions {
	return gossiptest.Conditions{Least: 20 * time.Millisecond, Most: 60 * time.Millisecond, Loss: loss, Duplicate: 0.1, Reorder: 0.1}
}

// world is a gossiptest.World whose failures end the test.
type world struct {
	*gossiptest.World
	t     *testing.T
	nodes []*gossiptest.Node

	mu   sync.Mutex
	next map[string]uint64
}

// version is the one that was published last.
func (w *world) version(list string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next[list]
}

// inWorld runs a test in virtual time and ends every node after it.
func inWorld(t *testing.T, seed uint64, c gossiptest.Conditions, lists []string, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g, err := gossiptest.NewWorld(seed, c, lists...)
		if err != nil {
			t.Fatal(err)
		}
		if os.Getenv("GOSSIP_LOG") != "" {
			g.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
		}
		w := &world{World: g, t: t, next: make(map[string]uint64)}
		defer w.Close()
		test(w)
		for _, n := range w.nodes {
			if wrong := n.Store.Wrong(); len(wrong) > 0 {
				t.Errorf("%s holds %v, which is not good", n.Name, wrong)
			}
		}
	})
}

// add makes a member that joins the first one, and starts it.
func (w *world) add(name string, change func(*gossip.ClusterOptions)) *gossiptest.Node {
	w.t.Helper()
	var join []string
	if len(w.nodes) > 0 {
		join = []string{w.nodes[0].Addr()}
	}
	return w.start(w.Member(name, fmt.Sprintf("z%d", len(w.nodes)%3), join, change))
}

// start starts a node that was made.
func (w *world) start(n *gossiptest.Node, err error) *gossiptest.Node {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.nodes = append(w.nodes, n)
	return n
}

// members makes m0, m1 and so on, which start at once, and waits until they know one
// another.
func (w *world) members(n int) {
	w.t.Helper()
	for i := range n {
		w.add(fmt.Sprintf("m%d", i), nil)
	}
	w.until(time.Minute, "all members know one another", func() bool { return w.all(w.nodes, len(w.nodes)-1) })
}

// all says whether each of the nodes has so many others whom it trusts.
func (w *world) all(nodes []*gossiptest.Node, others int) bool {
	return !slices.ContainsFunc(nodes, func(n *gossiptest.Node) bool { return trusted(n) != others })
}

func trusted(n *gossiptest.Node) (count int) {
	for _, m := range n.Cluster.Report().Members {
		if m.State == gossip.Alive && m.Trusted {
			count++
		}
	}
	return count
}

// until waits until something is so, and returns how long that took.
func (w *world) until(most time.Duration, what string, so func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > most {
			for _, n := range w.nodes[:min(len(w.nodes), 4)] {
				r := n.Cluster.Report()
				w.t.Logf("%s: settled %v, %+v", n.Name, r.Settled, r.Counters)
				for _, m := range r.Members {
					if !m.Trusted || !m.Avoided.IsZero() {
						w.t.Logf("    %+v", m)
					}
				}
			}
			w.t.Fatalf("not after %v: %s", most, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

// publish has a node hold the next version of a list.
func (w *world) publish(at *gossiptest.Node, list string) gossip.Head {
	w.mu.Lock()
	w.next[list]++
	w.mu.Unlock()
	h, b := gossiptest.NewVersion(list, w.version(list), 2000, 0)
	at.Store.Publish(h, b)
	return h
}

// spread publishes at a node and waits until all others hold it.
func (w *world) spread(at *gossiptest.Node, list string, most time.Duration) time.Duration {
	w.t.Helper()
	h := w.publish(at, list)
	return w.held(h, w.nodes, most)
}

// held waits until all of some nodes hold a head.
func (w *world) held(h gossip.Head, nodes []*gossiptest.Node, most time.Duration) time.Duration {
	w.t.Helper()
	return w.until(most, fmt.Sprintf("all hold version %d", h.Version), func() bool {
		return !slices.ContainsFunc(nodes, func(n *gossiptest.Node) bool { return !n.Store.Holds(h) })
	})
}

// equal says whether all nodes hold the same.
func (w *world) equal() bool {
	first := w.nodes[0].Store.Heads()
	return !slices.ContainsFunc(w.nodes, func(n *gossiptest.Node) bool { return !slices.Equal(n.Store.Heads(), first) })
}

func hosts(nodes []*gossiptest.Node) (list []string) {
	for _, n := range nodes {
		list = append(list, n.Host)
	}
	return list
}
