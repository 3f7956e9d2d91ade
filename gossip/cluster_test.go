package gossip_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip/gossiptest"
)

func TestMembersMeetAndSettle(t *testing.T) {
	inWorld(t, 1, lan, nil, func(w *world) {
		for i := range 12 {
			w.add(fmt.Sprintf("m%d", i), nil)
		}
		took := w.until(4*time.Second, "all are settled", func() bool {
			for _, n := range w.nodes {
				if !n.Cluster.Report().Settled {
					return false
				}
			}
			return true
		})
		t.Logf("settled after %v", took)
		if !w.all(w.nodes, 11) {
			t.Error("settled without knowing one another")
		}
	})
}

func TestOneAloneSettles(t *testing.T) {
	inWorld(t, 1, lan, []string{"a"}, func(w *world) {
		n := w.add("m0", nil)
		time.Sleep(2900 * time.Millisecond)
		if n.Cluster.Report().Settled {
			t.Error("settled before the others had their time to come")
		}
		time.Sleep(200 * time.Millisecond)
		if !n.Cluster.Report().Settled {
			t.Error("not settled after 3 s")
		}
		if wait := n.Cluster.Wait(gossiptest.ListOf("a"), time.Minute, 0, time.Time{}, 0); wait != 0 {
			t.Errorf("waits %v for others of whom there are none", wait)
		}
	})
}

func TestUpdateReachesAll(t *testing.T) {
	for _, c := range []struct {
		name string
		gossiptest.Conditions
		most time.Duration
	}{
		{"no loss", lan, time.Second},
		{"10 % loss", lossy(0.1), 3 * time.Second},
		{"30 % loss", lossy(0.3), 6 * time.Second},
		{"calls break off", gossiptest.Conditions{Least: lan.Least, Most: lan.Most, CallLoss: 0.3}, 20 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, 1, c.Conditions, []string{"a", "b"}, func(w *world) {
				w.members(20)
				var slowest, sum time.Duration
				const updates = 20
				for i := range updates {
					took := w.spread(w.nodes[i%len(w.nodes)], "a", c.most)
					slowest, sum = max(slowest, took), sum+took
					time.Sleep(time.Second)
				}
				t.Logf("the last member held it after %v in the mean, %v at most", sum/updates, slowest)
			})
		})
	}
}
