package gossip_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/gossip/gossiptest"
)

// stateOf is how a node sees another; "": it does not know it.
func stateOf(n *gossiptest.Node, name string) gossip.State {
	for _, m := range n.Cluster.Report().Members {
		if m.Name == name {
			return m.State
		}
	}
	return ""
}

func (w *world) allSee(nodes []*gossiptest.Node, name string, s gossip.State) bool {
	return !slices.ContainsFunc(nodes, func(n *gossiptest.Node) bool { return stateOf(n, name) != s })
}

func TestLateJoinerHasEverything(t *testing.T) {
	inWorld(t, 2, lossy(0.1), []string{"a", "b", "c"}, func(w *world) {
		w.members(8)
		for _, list := range w.Lists {
			w.spread(w.nodes[3], list, 5*time.Second)
		}
		w.add("late", nil)
		took := w.until(5*time.Second, "the late one holds everything", w.equal)
		t.Logf("after %v", took)
		w.spread(w.nodes[0], "a", 5*time.Second) // which reaches it like all others
	})
}

func TestSplitHeals(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorld(t, seed, lan, []string{"a", "b", "c"}, func(w *world) {
				w.members(12)
				w.spread(w.nodes[0], "a", time.Second)
				left, right := w.nodes[:6], w.nodes[6:]
				w.Net.Split(hosts(left), hosts(right))
				cut := time.Now()
				for i := range 11 { // both sides go on
					if i%2 == 0 {
						w.held(w.publish(left[i%6], "b"), left, 2*time.Second)
					} else {
						w.held(w.publish(right[i%6], "c"), right, 2*time.Second)
					}
					h := w.publish([]*gossiptest.Node{left[1], right[1]}[i%2], "a")
					time.Sleep(5 * time.Second)
					_ = h
				}
				time.Sleep(time.Minute - time.Since(cut))
				if w.equal() {
					t.Error("both sides hold the same while they are apart")
				}
				w.Net.Heal()
				t.Logf("all heads are equal after %v", w.until(2*time.Second, "all heads are equal", w.equal))
				t.Logf("all members know one another after %v more", w.until(30*time.Second, "all members know one another", func() bool { return w.all(w.nodes, 11) }))
				w.spread(w.nodes[4], "a", time.Second)
			})
		})
	}
}

// Two parts find together again though the certificates that either knew of the other
// have ended meanwhile.
func TestSplitOutlivesCertificates(t *testing.T) {
	inWorld(t, 7, lan, []string{"a"}, func(w *world) {
		w.members(6)
		renew := func(life time.Duration) {
			for _, n := range w.nodes {
				if err := n.Renew(life); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
		}
		renew(10 * time.Minute)
		w.Net.Split(hosts(w.nodes[:3]), hosts(w.nodes[3:]))
		renew(24 * time.Hour)
		time.Sleep(20 * time.Minute)
		w.Net.Heal()
		t.Logf("all members know one another after %v", w.until(time.Minute, "all members know one another", func() bool { return w.all(w.nodes, 5) }))
		w.spread(w.nodes[4], "a", time.Second)
	})
}

func TestOneWayCutKeepsNobodyOut(t *testing.T) {
	inWorld(t, 4, lan, []string{"a"}, func(w *world) {
		w.members(8)
		w.Net.Cut(hosts(w.nodes[1:2]), hosts(w.nodes[2:4])) // m1 is not heard by m2 and m3
		for i := range 10 {
			w.spread(w.nodes[i%8], "a", 5*time.Second)
			time.Sleep(time.Second)
		}
	})
}

func TestLeaveIsNoDeath(t *testing.T) {
	inWorld(t, 5, lossy(0.1), []string{"a"}, func(w *world) {
		w.members(8)
		gone := w.nodes[3]
		rest := slices.Concat(w.nodes[:3], w.nodes[4:])
		began := time.Now()
		if err := gone.Leave(); err != nil {
			t.Fatal(err)
		}
		t.Logf("left after %v", time.Since(began))
		w.until(15*time.Second, "it is forgotten", func() bool { return w.allSee(rest, gone.Name, "") })
	})
}

// What one member says as it goes is heard though the network is away for a moment.
func TestByeOutlastsABurst(t *testing.T) {
	inWorld(t, 55, lan, []string{"a"}, func(w *world) {
		w.members(4)
		gone, rest := w.nodes[3], w.nodes[:3]
		w.Net.Split(hosts(w.nodes[3:]), hosts(rest))
		time.AfterFunc(50*time.Millisecond, w.Net.Heal)
		if err := gone.Leave(); err != nil {
			t.Fatal(err)
		}
		w.until(15*time.Second, "it is forgotten", func() bool { return w.allSee(rest, gone.Name, "") })
	})
}

func TestDeathAndReturn(t *testing.T) {
	for _, moved := range []bool{false, true} {
		t.Run(fmt.Sprintf("moved %v", moved), func(t *testing.T) {
			inWorld(t, 6, lan, []string{"a"}, func(w *world) {
				w.members(8)
				gone := w.nodes[3]
				w.nodes = slices.Concat(w.nodes[:3], w.nodes[4:])
				gone.Kill()
				took := w.until(30*time.Second, "it is seen as dead", func() bool { return w.allSee(w.nodes, gone.Name, gossip.Dead) })
				t.Logf("dead after %v", took)
				h := w.publish(w.nodes[2], "a")
				w.held(h, w.nodes, time.Second)
				host := gone.Host
				if moved {
					host = w.NewHost()
				}
				back := w.start(w.At(host, gone.Name, "z0", []string{w.nodes[0].Addr()}, nil))
				w.held(h, []*gossiptest.Node{back}, 5*time.Second)
				took = w.until(40*time.Second, "it is alive again", func() bool { return w.all(w.nodes, 7) })
				t.Logf("alive after %v", took)
				w.spread(back, "a", time.Second)
			})
		})
	}
}

// hanging is a transport whose connections do not come about, which shows late.
type hanging struct {
	*gossiptest.Transport
	hangs atomic.Bool
}

func (h *hanging) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if h.hangs.Load() {
		time.Sleep(timeout)
		return nil, context.DeadlineExceeded
	}
	return h.Transport.DialAddressTimeout(a, timeout)
}

// TestAnswersOfTheDead is a member that nobody reaches as one, but whose connections work.
// That it cannot join holds up neither what it tells nor who leaves.
func TestAnswersOfTheDead(t *testing.T) {
	inWorld(t, 54, lan, []string{"a"}, func(w *world) {
		h := &hanging{}
		w.add("m0", func(o *gossip.ClusterOptions) {
			h.Transport = o.Member.Transport.(*gossiptest.Transport)
			o.Member.Transport = h
		})
		w.add("m1", nil)
		w.until(time.Minute, "they know one another", func() bool { return w.all(w.nodes, 1) })
		m0, m1 := w.nodes[0], w.nodes[1]
		w.Net.Serve(m0.Peer().Addr, nil) // it asks, and is not asked
		h.hangs.Store(true)
		_ = m1.Transport.Shutdown()
		w.until(time.Minute, "it is seen as dead", func() bool { return stateOf(m0, m1.Name) == gossip.Dead })
		time.Sleep(20 * time.Second)
		for range 3 {
			h := w.publish(m1, "a")
			w.until(3*time.Second, "what it tells is heard", func() bool { return !m0.Store.HeardAt(h).IsZero() })
		}
		began := time.Now()
		_ = m0.Leave()
		if took := time.Since(began); took > 6*time.Second { // 5 of which it waits to be heard
			t.Errorf("left after %v", took)
		}
	})
}

// TestRestartAtOnceElsewhere is a member that comes back at another address before
// anybody has noticed that it was gone.
func TestRestartAtOnceElsewhere(t *testing.T) {
	inWorld(t, 6, lan, []string{"a"}, func(w *world) {
		w.members(8)
		gone := w.nodes[3]
		w.nodes = slices.Concat(w.nodes[:3], w.nodes[4:])
		gone.Kill()
		back := w.start(w.Member(gone.Name, "z0", []string{w.nodes[0].Addr()}, nil))
		took := w.until(time.Minute, "it is reached where it is now", func() bool {
			return w.all(w.nodes, 7) && !slices.ContainsFunc(w.nodes[:7], func(n *gossiptest.Node) bool {
				return !slices.ContainsFunc(n.Cluster.Report().Members, func(m gossip.MemberReport) bool { return m.Addr == back.Addr() })
			})
		})
		t.Logf("reached after %v", took)
		w.spread(w.nodes[7], "a", time.Second)
	})
}

func TestRememberedMembersAreJoined(t *testing.T) {
	inWorld(t, 7, lan, []string{"a"}, func(w *world) {
		w.members(6)
		seed, again := w.nodes[0], w.nodes[5]
		w.until(time.Minute, "it remembers the others", func() bool { return len(again.Remembered()) == 5 })
		seed.Kill()
		again.Kill()
		w.nodes = w.nodes[1:5]
		time.Sleep(30 * time.Second)
		join, past := []string{seed.Addr()}, again.Remembered()
		back := w.start(w.At(again.Host, again.Name, "z0", join, func(o *gossip.ClusterOptions) { o.Member.Remembered = past }))
		took := w.until(5*time.Second, "it knows those that are left", func() bool { return trusted(back) == 4 })
		t.Logf("joined after %v, though whom it is to join is dead", took)
		w.spread(back, "a", time.Second)
	})
}

// TestJoinIsNotHeldUp is a list of addresses most of which nobody answers at.
func TestJoinIsNotHeldUp(t *testing.T) {
	inWorld(t, 7, lan, nil, func(w *world) {
		w.members(3)
		var join []string
		for i := range 12 {
			join = append(join, fmt.Sprintf("10.9.9.%d:7946", i+1))
			w.Net.Cut([]string{"10.0.0.4"}, []string{fmt.Sprintf("10.9.9.%d", i+1)})
		}
		n := w.start(w.Member("late", "z0", append(join, w.nodes[0].Addr()), nil))
		w.until(4*time.Second, "it has joined", func() bool { return trusted(n) == 3 })
		began := time.Now()
		if err := n.Leave(); err != nil || time.Since(began) > 6*time.Second {
			t.Errorf("left after %v: %v", time.Since(began), err)
		}
	})
}

func TestJoinByNames(t *testing.T) {
	inWorld(t, 8, lan, []string{"a"}, func(w *world) {
		w.members(3)
		dns := &gossiptest.DNS{
			SRV: map[string][]net.SRV{"_edgetrust._udp.example.": {
				{Target: "gone.example.", Port: gossiptest.GossipPort}, {Target: "m1.example.", Port: gossiptest.GossipPort},
			}},
			A: map[string][]string{"m1.example.": {w.nodes[1].Host}, "m2.example.": {"10.9.9.9", w.nodes[2].Host}},
		}
		for _, join := range []string{"dns+srv://_edgetrust._udp.example", "m2.example:7946"} {
			n := w.start(w.Member("by "+join[:2], "z0", []string{join}, func(o *gossip.ClusterOptions) { o.Member.Resolver = dns.Resolver() }))
			w.until(5*time.Second, "it has joined", func() bool { return trusted(n) == len(w.nodes)-1 })
		}
		// A name that does not exist yet is looked up again.
		n := w.start(w.Member("early", "z0", []string{"later.example:7946"}, func(o *gossip.ClusterOptions) { o.Member.Resolver = dns.Resolver() }))
		time.Sleep(10 * time.Second)
		dns.Set("later.example.", w.nodes[0].Host)
		w.until(45*time.Second, "it has joined", func() bool { return trusted(n) == len(w.nodes)-1 })
	})
}

func TestRenewalLosesNoUpdate(t *testing.T) {
	inWorld(t, 9, lan, []string{"a"}, func(w *world) {
		w.members(8)
		before := make(map[string]uint64)
		for _, n := range w.nodes {
			before[n.Name] = n.Cluster.Report().Stranger
		}
		old := make(map[string]time.Time)
		for i := range 120 {
			if i%10 == 0 && i/10 < 8 { // one after the other, and the last four at once
				for _, n := range w.nodes[i/10 : i/10+1] {
					old[n.Name] = n.Credentials().Certificate.NotAfter
					if err := n.Renew(60 * 24 * time.Hour); err != nil {
						t.Fatal(err)
					}
				}
			}
			w.spread(w.nodes[i%8], "a", 2*time.Second)
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(20 * time.Second)
		for _, n := range w.nodes {
			r := n.Cluster.Report()
			for _, m := range r.Members {
				if !m.NotAfter.After(old[m.Name]) {
					t.Errorf("%s did not see that %s has another certificate", n.Name, m.Name)
				}
			}
			if r.Stats.Forged > 0 || r.Stranger != before[n.Name] {
				t.Errorf("%s dropped news of members: %d forged, %d strangers", n.Name, r.Stats.Forged, r.Stranger-before[n.Name])
			}
		}
	})
}

func TestExpiredCertificateIsNotTrusted(t *testing.T) {
	inWorld(t, 9, lan, []string{"a"}, func(w *world) {
		w.members(3)
		n := w.nodes[2]
		if err := n.Renew(time.Minute); err != nil {
			t.Fatal(err)
		}
		end := n.Credentials().Certificate.NotAfter
		time.Sleep(time.Until(end.Add(-time.Second)))
		if got := trusted(w.nodes[0]); got != 2 {
			t.Errorf("a second before: %d are trusted", got)
		}
		time.Sleep(time.Until(end.Add(time.Second)))
		if got := trusted(w.nodes[0]); got != 1 {
			t.Errorf("a second after: %d are trusted", got)
		}
		if stateOf(w.nodes[0], n.Name) != gossip.Unmet {
			t.Error("it is not said that it has no certificate")
		}
		if err := n.Renew(time.Hour); err != nil {
			t.Fatal(err)
		}
		w.until(10*time.Second, "it is trusted again", func() bool { return w.all(w.nodes[:2], 2) })
	})
}

func TestKeysAreRotated(t *testing.T) {
	inWorld(t, 10, lan, []string{"a"}, func(w *world) {
		var log strings.Builder
		w.add("m0", func(o *gossip.ClusterOptions) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		for i := 1; i < 6; i++ {
			w.add(fmt.Sprintf("m%d", i), nil)
		}
		w.until(10*time.Second, "all trust one another", func() bool { return w.all(w.nodes, 5) })
		first, _ := w.Keys()
		older, newer := first[0], bytes.Repeat([]byte{9}, 32)
		for _, keys := range [][][]byte{{older, newer}, {newer, older}, {newer}} {
			w.SetKeys(keys...)
			for i := range 10 {
				w.spread(w.nodes[i%6], "a", time.Second)
				time.Sleep(time.Second)
			}
			if !w.all(w.nodes, 5) {
				t.Fatalf("members were lost with the keys %v", len(keys))
			}
			// An operator sees that a step is done everywhere before the next one.
			var prints []string
			for _, k := range keys {
				sum := sha256.Sum256(k)
				prints = append(prints, hex.EncodeToString(sum[:8]))
			}
			for _, n := range w.nodes {
				if got := n.Cluster.Report().Keys; !slices.Equal(got, prints) {
					t.Errorf("%s uses the keys %v, want %v", n.Name, got, prints)
				}
			}
			if got := log.String(); !strings.Contains(got, fmt.Sprintf("keys=%d", len(keys))) || !strings.Contains(got, fmt.Sprint(prints)) {
				t.Errorf("the log does not tell of %v:\n%s", prints, got)
			}
		}
		w.add("late", nil) // with the new key alone
		w.until(5*time.Second, "it has joined", func() bool { return w.all(w.nodes, 6) })
		w.SetKeys(older)
		n := w.start(w.Member("stale", "z0", []string{w.nodes[0].Addr()}, nil))
		w.SetKeys(newer)
		time.Sleep(3 * time.Second)
		if trusted(n) != 0 {
			t.Error("who has the old key alone has joined")
		}
	})
}

func TestConflictIsReported(t *testing.T) {
	inWorld(t, 11, lan, []string{"a"}, func(w *world) {
		w.members(4)
		other, err := w.Member("m2", "z0", []string{w.nodes[0].Addr()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		w.until(time.Minute, "somebody says that two have one name", func() bool {
			return slices.ContainsFunc(w.nodes, func(n *gossiptest.Node) bool { return n.Cluster.Report().Conflicts > 0 })
		})
		// Whoever noticed says so as long as it lasts, and no longer.
		for _, n := range w.nodes {
			r := n.Cluster.Report()
			said := strings.Contains(r.Conflicting["m2"], w.nodes[2].Addr()+" and "+other.Addr()) || strings.Contains(r.Conflicting["m2"], other.Addr()+" and "+w.nodes[2].Addr())
			if said != (r.Conflicts > 0) {
				t.Errorf("%s: %q", n.Name, r.Conflicting)
			}
			for _, m := range r.Members {
				if got := strings.Contains(m.Why, "two nodes have this name"); got != (said && m.Name == "m2") {
					t.Errorf("%s: of %s it is said: %q", n.Name, m.Name, m.Why)
				}
			}
		}
		w.spread(w.nodes[2], "a", 5*time.Second)
		other.Kill()
		time.Sleep(5 * time.Minute)
		for _, n := range w.nodes {
			if r := n.Cluster.Report(); len(r.Conflicting) > 0 {
				t.Errorf("%s still says: %q", n.Name, r.Conflicting)
			}
		}
	})
}

func TestBeaconIsHeard(t *testing.T) {
	inWorld(t, 12, lossy(0.1), nil, func(w *world) {
		w.members(6)
		time.Sleep(10 * time.Minute)
		beats := 0
		for _, n := range w.nodes {
			for from, took := range n.Beats() {
				beats++
				if took <= 0 || took > 5*time.Second {
					t.Errorf("the beacon of %s took %v to %s", from, took, n.Name)
				}
			}
		}
		if beats < 6 {
			t.Errorf("%d beacons were heard in ten minutes", beats)
		}
	})
}

// A member says what it holds of the lists that it is asked for, announced or not.
func TestHeldByAMember(t *testing.T) {
	inWorld(t, 13, lan, []string{"a"}, func(w *world) {
		w.add("m0", nil)
		soaking := gossip.Holding{Head: gossip.Head{List: gossip.ListID{1}, Kind: gossip.Closed, Version: 4, Size: 9}, Soaks: true}
		other := gossip.Holding{Head: gossip.Head{List: gossip.ListID{2}, Kind: gossip.Open, Version: 5}}
		w.add("m1", func(o *gossip.ClusterOptions) {
			o.Held = func(lists []gossip.ListID) (held []gossip.Holding) {
				for _, h := range []gossip.Holding{soaking, other} {
					if slices.Contains(lists, h.List) {
						held = append(held, h)
					}
				}
				return held
			}
		})
		w.add("m2", nil)
		time.Sleep(10 * time.Second)
		asker := w.nodes[0].Cluster
		many := make([]gossip.ListID, 10_000) // more than go into one message
		for i := range many {
			many[i] = gossip.ListID{15: byte(i), 14: byte(i >> 8), 13: 1}
		}
		many[9_999] = soaking.List
		for name, c := range map[string]struct {
			member string
			lists  []gossip.ListID
			want   []gossip.Holding
		}{
			"one list":        {"m1", []gossip.ListID{soaking.List}, []gossip.Holding{soaking}},
			"two":             {"m1", []gossip.ListID{other.List, soaking.List}, []gossip.Holding{soaking, other}},
			"many":            {"m1", many, []gossip.Holding{soaking}},
			"one that is not": {"m1", []gossip.ListID{{9}}, nil},
			"no list":         {"m1", nil, nil},
			"holds nothing":   {"m2", []gossip.ListID{other.List}, nil},
		} {
			held, err := asker.HeldBy(context.Background(), c.member, c.lists)
			if err != nil || !slices.Equal(held, c.want) {
				t.Errorf("%s: got %v, %v", name, held, err)
			}
		}
		time.Sleep(time.Second)
		asks := func(asker *gossip.Cluster) int {
			var answers atomic.Int64
			var asking sync.WaitGroup
			for range 100 {
				asking.Go(func() {
					if _, err := asker.HeldBy(context.Background(), "m1", []gossip.ListID{{9}}); err == nil {
						answers.Add(1)
					} else if !strings.Contains(err.Error(), "too often") {
						t.Errorf("asked too often: got %v", err)
					}
				})
			}
			asking.Wait()
			return int(answers.Load())
		}
		if n := asks(asker); n < 50 || n == 100 {
			t.Errorf("%d of 100 questions are answered", n)
		}
		if n := asks(w.nodes[2].Cluster); n < 50 {
			t.Errorf("%d of another member's questions are answered", n)
		}
		for _, name := range []string{"m9", "m0"} {
			if _, err := asker.HeldBy(context.Background(), name, many); err == nil || !strings.Contains(err.Error(), "edgectl members") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}
