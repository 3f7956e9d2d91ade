package gossip_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/gossiptest"
)

// origin is where lists are published. It counts who looks.
type origin struct {
	mu       sync.Mutex
	versions map[string]uint64
	down     bool
	looks    map[string][]look
}

type look struct {
	at time.Time
	by string
}

func newOrigin() *origin {
	return &origin{versions: make(map[string]uint64), looks: make(map[string][]look)}
}

func (o *origin) publish(list string) gossip.Head {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.versions[list]++
	h, _ := gossiptest.NewVersion(list, o.versions[list], 2000, 0)
	return h
}

// since is how many looks at a list there were since then.
func (o *origin) since(list string, then time.Time) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.looks[list] {
		if l.at.After(then) {
			n++
		}
	}
	return n
}

// last is who looked last.
func (o *origin) last(list string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.looks[list][len(o.looks[list])-1].by
}

// lastOf is when somebody looked last; zero: never.
func (o *origin) lastOf(list, by string) (at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.looks[list] {
		if l.by == by {
			at = l.at
		}
	}
	return at
}

// fetch is a look: it takes a while.
func (o *origin) fetch(list, by string) (gossip.Head, []byte, bool) {
	o.mu.Lock()
	o.looks[list] = append(o.looks[list], look{time.Now(), by})
	version, down := o.versions[list], o.down
	o.mu.Unlock()
	time.Sleep(100 * time.Millisecond)
	if down || version == 0 {
		return gossip.Head{}, nil, false
	}
	h, b := gossiptest.NewVersion(list, version, 2000, 0)
	return h, b, true
}

// follow has a node look at an origin about once in a period, if it is its turn then,
// until the channel is closed. After one that failed it tries again soon.
func follow(n *gossiptest.Node, o *origin, list string, period, maxOwn time.Duration, end <-chan struct{}) {
	id := gossiptest.ListOf(list)
	var looked time.Time
	for {
		held, version := looked, uint64(0)
		for _, h := range n.Store.Heads() {
			if h.List == id {
				version = h.Version
			}
			if at := n.Store.HeldAt(h); h.List == id && at.After(held) {
				held = at
			}
		}
		wait := min(n.Cluster.Wait(id, period, version, held, maxOwn), period/10)
		if wait == 0 {
			wait = period / 4
			if h, b, ok := o.fetch(list, n.Name); ok {
				looked = time.Now()
				n.Store.Publish(h, b)
				n.Cluster.Seen(gossip.SeenOf(h))
				wait = period*9/10 + rand.N(period/5)
			}
		}
		select {
		case <-time.After(wait):
		case <-end:
			return
		}
	}
}

// following has all nodes follow lists and returns what ends one of them.
func (w *world) following(o *origin, period, maxOwn time.Duration) (ends []func()) {
	for _, n := range w.nodes {
		end := make(chan struct{})
		for _, list := range w.Lists {
			go follow(n, o, list, period, maxOwn, end)
		}
		ends = append(ends, sync.OnceFunc(func() { close(end) }))
	}
	return ends
}

func endAll(ends []func()) {
	for _, end := range ends {
		end()
	}
	time.Sleep(time.Minute) // until what was under way has ended
}

func TestTwoLooksPerPeriod(t *testing.T) {
	for _, members := range []int{3, 10} {
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			inWorld(t, 20, lossy(0.05), []string{"a", "b"}, func(w *world) {
				w.members(members)
				o := newOrigin()
				for _, l := range w.Lists {
					o.publish(l)
				}
				const period = 20 * time.Second
				ends := w.following(o, period, 0)
				defer func() { endAll(ends) }()
				time.Sleep(5 * period)
				began := time.Now()
				time.Sleep(20 * period)
				for _, l := range w.Lists {
					n := o.since(l, began)
					t.Logf("%d looks at %s in 20 periods", n, l)
					if n < 35 || n > 46 {
						t.Errorf("%d looks at %s in 20 periods", n, l)
					}
				}
				// Every member knows that what it holds was seen lately.
				for _, n := range w.nodes {
					for _, h := range n.Store.Heads() {
						at := n.Store.LookedAt(h)
						for _, l := range w.Lists {
							if own := o.lastOf(l, n.Name); gossiptest.ListOf(l) == h.List && own.After(at) { // it is a feeder itself
								at = own
							}
						}
						if time.Since(at) > 3*period {
							t.Errorf("%s believes that the origin was looked at %v ago", n.Name, time.Since(at))
						}
					}
				}
			})
		})
	}
}

func TestFeederIsReplaced(t *testing.T) {
	inWorld(t, 21, lan, []string{"a"}, func(w *world) {
		w.members(8)
		o := newOrigin()
		o.publish("a")
		const period = 20 * time.Second
		ends := w.following(o, period, 0)
		defer func() { endAll(ends) }()
		time.Sleep(5 * period)
		for range 3 { // one feeder after the other dies
			i := slices.IndexFunc(w.nodes, func(n *gossiptest.Node) bool { return n.Name == o.last("a") })
			ends[i]()
			time.Sleep(10 * time.Second)
			w.nodes[i].Kill()
			w.nodes, ends = slices.Delete(w.nodes, i, i+1), slices.Delete(ends, i, i+1)
			died := time.Now()
			h := o.publish("a")
			took := w.held(h, w.nodes, 3*period)
			t.Logf("a new version was found %v after a feeder died", took)
			time.Sleep(5 * period)
			if n := o.since("a", died); n > 16 {
				t.Errorf("%d looks in %v", n, time.Since(died))
			}
		}
	})
}

// TestFeederCutOff is a feeder that is among its peers and cannot reach the origin.
func TestFeederCutOff(t *testing.T) {
	inWorld(t, 22, lan, []string{"a"}, func(w *world) {
		w.members(6)
		o := newOrigin()
		o.publish("a")
		const period = 20 * time.Second
		ends := w.following(o, period, 0)
		defer func() { endAll(ends) }()
		time.Sleep(5 * period)
		blind := newOrigin() // where there is nothing
		var feeders []string
		for range 20 {
			if by := o.last("a"); !slices.Contains(feeders, by) {
				feeders = append(feeders, by)
			}
			time.Sleep(period / 4)
		}
		for _, name := range feeders {
			i := slices.IndexFunc(w.nodes, func(n *gossiptest.Node) bool { return n.Name == name })
			ends[i]()
			end := make(chan struct{})
			ends[i] = sync.OnceFunc(func() { close(end) })
			go follow(w.nodes[i], blind, "a", period, 0, end)
		}
		time.Sleep(10 * time.Second)
		took := w.held(o.publish("a"), w.nodes, 4*period)
		t.Logf("with the feeders %v cut off a new version was found after %v", feeders, took)
	})
}

func TestColdStart(t *testing.T) {
	for _, members := range []int{3, 12} {
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			inWorld(t, 23, lan, []string{"a", "b", "c", "d"}, func(w *world) {
				o := newOrigin()
				for _, l := range w.Lists {
					o.publish(l)
				}
				began := time.Now()
				for i := range members {
					w.add(fmt.Sprintf("m%d", i), nil)
				}
				ends := w.following(o, time.Hour, 0)
				defer func() { endAll(ends) }()
				took := w.until(20*time.Second, "all hold everything", func() bool {
					return w.equal() && len(w.nodes[0].Store.Heads()) == 4
				})
				time.Sleep(time.Minute)
				for _, l := range w.Lists {
					if n := o.since(l, began.Add(-1)); n > gossip.FeederCount {
						t.Errorf("%d looks at %s", n, l)
					}
				}
				t.Logf("all held everything after %v", took)
			})
		})
	}
}

// TestListsFoundLater are lists that all members learn of at one time, long after they
// have settled.
func TestListsFoundLater(t *testing.T) {
	inWorld(t, 24, lan, []string{"a", "b", "c", "d"}, func(w *world) {
		w.members(12)
		o := newOrigin()
		for _, l := range w.Lists {
			o.publish(l)
		}
		time.Sleep(5 * time.Minute)
		began := time.Now()
		ends := w.following(o, time.Hour, 0)
		defer func() { endAll(ends) }()
		w.until(20*time.Second, "all hold everything", func() bool { return w.equal() && len(w.nodes[0].Store.Heads()) == 4 })
		time.Sleep(time.Minute)
		for _, l := range w.Lists {
			if n := o.since(l, began.Add(-1)); n > gossip.FeederCount {
				t.Errorf("%d looks at %s", n, l)
			}
		}
	})
}

func TestLeafFollowsItsHubs(t *testing.T) {
	inWorld(t, 25, lan, []string{"a", "b"}, func(w *world) {
		w.members(6)
		w.spread(w.nodes[0], "a", time.Second)
		leaf := w.start(w.Leaf("branch", w.nodes[1:3], nil))
		w.held(w.publish(w.nodes[4], "b"), w.nodes, 3*time.Second)
		w.until(3*time.Second, "the leaf holds what was there before", w.equal)
		slowest := time.Duration(0)
		for i := range 20 {
			slowest = max(slowest, w.spread(w.nodes[i%6], "a", time.Second))
			time.Sleep(2 * time.Second)
		}
		t.Logf("the leaf and all members held it after %v at most", slowest)
		before := w.Net.Calls(leaf.Host)
		time.Sleep(time.Minute)
		if calls := w.Net.Calls(leaf.Host) - before; calls > 40 {
			t.Errorf("the leaf calls %d times in a quiet minute", calls)
		}
		// One hub dies, and then the other is cut off.
		w.nodes[1].Kill()
		w.nodes = slices.Delete(w.nodes, 1, 2)
		for i := range 5 {
			w.spread(w.nodes[i%5], "a", 2*time.Second)
			time.Sleep(time.Second)
		}
		w.Net.Cut(hosts(w.nodes[1:2]), []string{leaf.Host})
		h := w.publish(w.nodes[0], "a")
		time.Sleep(10 * time.Second)
		if leaf.Store.Holds(h) {
			t.Error("the leaf holds what nobody can have sent it")
		}
		w.Net.Heal()
		t.Logf("the leaf is current %v after its hub can be reached", w.held(h, w.nodes, 10*time.Second))
	})
}

// TestLeafOfFewerLists follows less than its hubs, which is no reason to ask all the time.
func TestLeafOfFewerLists(t *testing.T) {
	inWorld(t, 26, lan, []string{"a", "b"}, func(w *world) {
		w.members(3)
		w.spread(w.nodes[0], "a", time.Second)
		w.spread(w.nodes[0], "b", time.Second)
		w.Lists = []string{"a"}
		leaf := w.start(w.Leaf("branch", w.nodes[:2], nil))
		time.Sleep(10 * time.Second)
		before := w.Net.Calls(leaf.Host)
		time.Sleep(time.Minute)
		if calls := w.Net.Calls(leaf.Host) - before; calls > 40 {
			t.Errorf("the leaf calls %d times in a quiet minute", calls)
		}
		w.spread(w.nodes[2], "a", time.Second)
	})
}

// TestLeafLooksLast is a leaf that leaves the origin to its hubs, and knows what they saw.
func TestLeafLooksLast(t *testing.T) {
	inWorld(t, 27, lan, []string{"a"}, func(w *world) {
		w.members(4)
		w.start(w.Leaf("branch", w.nodes[:2], nil))
		o := newOrigin()
		o.publish("a")
		const period = 2 * time.Minute
		ends := w.following(o, period, 0)
		defer func() { endAll(ends) }()
		time.Sleep(8 * period)
		o.mu.Lock()
		defer o.mu.Unlock()
		if slices.ContainsFunc(o.looks["a"], func(l look) bool { return l.by == "branch" }) {
			t.Error("the leaf has looked at the origin")
		}
		leaf := w.nodes[4]
		if at := leaf.Store.LookedAt(leaf.Store.Heads()[0]); time.Since(at) > 3*period {
			t.Errorf("it believes that the origin was looked at %v ago", time.Since(at))
		}
	})
}

// A leaf says which of its hubs does not answer, since when and why, and tells its log
// when a hub is lost and when it is back.
func TestLeafReportsASilentHub(t *testing.T) {
	inWorld(t, 28, lan, []string{"a"}, func(w *world) {
		w.members(2)
		var log strings.Builder
		leaf := w.start(w.Leaf("branch", w.nodes[:2], func(o *gossip.ClusterOptions) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) }))
		time.Sleep(10 * time.Second)
		hub := func(name string) gossip.MemberReport {
			r := leaf.Cluster.Report()
			return r.Members[slices.IndexFunc(r.Members, func(m gossip.MemberReport) bool { return m.Name == name })]
		}
		w.Net.Cut(hosts(w.nodes[:1]), []string{leaf.Host})
		cut := time.Now()
		time.Sleep(2 * time.Minute)
		if m := hub("m0"); m.State != gossip.Silent || m.Trusted || m.Since.Before(cut) || !strings.Contains(m.Why, "no answer since "+m.Since.UTC().Format(time.RFC3339)+": ") {
			t.Errorf("a hub that is cut off: %+v", m)
		}
		if m := hub("m1"); m.State != gossip.Alive || !m.Trusted || m.Why != "" {
			t.Errorf("the other hub: %+v", m)
		}
		w.Net.Heal()
		time.Sleep(time.Minute)
		if m := hub("m0"); m.State != gossip.Alive || !m.Trusted || m.Why != "" {
			t.Errorf("a hub that is back: %+v", m)
		}
		for _, line := range []string{"a hub does not answer", "a hub answers again"} {
			if n := strings.Count(log.String(), line); n != 1 {
				t.Errorf("the log says %d times %q:\n%s", n, line, log.String())
			}
		}
	})
}

// A member, or a leaf, knows since when it reaches nobody.
func TestAlone(t *testing.T) {
	inWorld(t, 27, lan, []string{"a"}, func(w *world) {
		w.members(2)
		hub, other := w.nodes[0], w.nodes[1]
		leaf, err := w.Leaf("branch", []*gossiptest.Node{hub}, nil)
		w.start(leaf, err)
		time.Sleep(10 * time.Second)
		for _, n := range []*gossiptest.Node{hub, other, leaf} {
			if since := n.Cluster.Report().Alone; !since.IsZero() {
				t.Errorf("%s has been alone since %v", n.Name, since)
			}
		}
		hub.Kill()
		time.Sleep(2 * time.Minute)
		if m := other.Cluster.Report().Members[0]; m.State != gossip.Dead || m.Why != "no answer since "+m.Since.UTC().Format(time.RFC3339) {
			t.Errorf("the dead one: %+v", m)
		}
		for _, n := range []*gossiptest.Node{other, leaf} {
			if since := n.Cluster.Report().Alone; since.IsZero() || time.Since(since) < time.Minute || time.Since(since) > 2*time.Minute {
				t.Errorf("%s is alone since %v, now %v", n.Name, since, time.Now())
			}
		}
	})
}
