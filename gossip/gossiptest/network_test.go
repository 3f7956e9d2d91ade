package gossiptest_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/edgetrust/edgetrust/gossip/gossiptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const a, b = "10.0.0.1", "10.0.0.2"

// arrivals sends packets from a to b and counts those that come, and how late.
func arrivals(n *gossiptest.Network, packets int) (came int, first, last time.Duration) {
	from, to := n.Listen(a, 1), n.Listen(b, 1)
	began := time.Now()
	for range packets {
		_, _ = from.WriteTo([]byte("packet"), b+":1")
	}
	time.Sleep(5 * time.Second)
	for len(to.PacketCh()) > 0 {
		late := (<-to.PacketCh()).Timestamp.Sub(began)
		if came++; came == 1 {
			first = late
		}
		last = max(last, late)
	}
	return came, first, last
}

func TestPackets(t *testing.T) {
	for name, c := range map[string]struct {
		gossiptest.Conditions
		least, most int // of a thousand
	}{
		"as they are": {gossiptest.Conditions{}, 1000, 1000},
		"lost":        {gossiptest.Conditions{Loss: 0.3}, 650, 750},
		"twice":       {gossiptest.Conditions{Duplicate: 0.2}, 1150, 1250},
		"all lost":    {gossiptest.Conditions{Loss: 1}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.Least, c.Most = 10*time.Millisecond, 20*time.Millisecond
				came, first, last := arrivals(gossiptest.NewNetwork(1, c.Conditions), 1000)
				if came < c.least || came > c.most {
					t.Errorf("%d came, want %d to %d", came, c.least, c.most)
				}
				if came > 0 && (first < c.Least || last >= c.Most) {
					t.Errorf("they took %v to %v", first, last)
				}
			})
		})
	}
}

func TestCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(1, gossiptest.Conditions{})
		n.Cut([]string{b}, []string{a})
		if came, _, _ := arrivals(n, 10); came != 10 {
			t.Errorf("%d came the way that is open", came)
		}
		n.Split([]string{a}, []string{b})
		if came, _, _ := arrivals(n, 10); came != 0 {
			t.Errorf("%d came the way that is cut", came)
		}
		from := n.Listen(a, 1)
		if _, err := from.DialTimeout(b+":1", time.Second); err == nil {
			t.Error("a connection through a cut")
		}
		n.Heal()
		if came, _, _ := arrivals(n, 10); came != 10 {
			t.Errorf("%d came after it healed", came)
		}
	})
}

func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := gossiptest.NewNetwork(1, gossiptest.Conditions{Least: 10 * time.Millisecond, Most: 10 * time.Millisecond})
		from, to := n.Listen(a, 1), n.Listen(b, 1)
		began := time.Now()
		near, err := from.DialTimeout(b+":1", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		far := <-to.StreamCh()
		if _, err := near.Write([]byte("some")); err != nil {
			t.Fatal(err)
		}
		_, _ = near.Write([]byte("thing"))
		_ = near.Close()
		got, err := io.ReadAll(far)
		if err != nil || string(got) != "something" {
			t.Errorf("got %q, %v", got, err)
		}
		if took := time.Since(began); took != 30*time.Millisecond {
			t.Errorf("a connection and what came over it took %v", took)
		}
		_ = far.SetDeadline(time.Now().Add(time.Second))
		if _, err := from.DialTimeout("10.0.0.3:1", time.Second); err == nil {
			t.Error("a connection to nobody")
		}
		_ = from.Shutdown()
		_ = to.Shutdown()
	})
}

func TestCallsNeedCertificates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := gossiptest.NewWorld(1, gossiptest.Conditions{}, "a")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		n, err := w.Member("m0", "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		other, err := gossiptest.NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		strange, err := other.Issue("m1", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		good, err := w.CA.Issue("m1", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		peer := n.Peer()
		if _, err := gossiptest.NewReach(w.Net, w.CA, a, shows(good)).Certificates(ctx, peer); err != nil {
			t.Errorf("a member: %v", err)
		}
		if _, err := gossiptest.NewReach(w.Net, w.CA, a, shows(strange)).Certificates(ctx, peer); err == nil {
			t.Error("a certificate of another cluster was taken")
		}
		if _, err := gossiptest.NewReach(w.Net, w.CA, a, nobody).Certificates(ctx, peer); err == nil {
			t.Error("no certificate was taken")
		}
		peer.Name = "m2"
		if _, err := gossiptest.NewReach(w.Net, w.CA, a, shows(good)).Certificates(ctx, peer); err == nil {
			t.Error("a certificate of another name was taken")
		}
		w.Net.Split([]string{a}, []string{n.Host})
		late, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := gossiptest.NewReach(w.Net, w.CA, a, shows(good)).Certificates(late, n.Peer()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("through a cut: %v", err)
		}
	})
}

// TestStockSpread holds memberlist's own queue against what is known of it: rounds of
// 200 ms, three at a time, so that a hundred nodes take about a second.
func TestStockSpread(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			c := gossiptest.Conditions{Least: 20 * time.Millisecond, Most: 60 * time.Millisecond}
			last, missed, err := gossiptest.StockSpread(50, seed, c, 10)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(last)
			t.Logf("seed %d: the last of 50 nodes heard after %v, %v at most; %d missed", seed, last[len(last)/2], last[len(last)-1], missed)
			if median := last[len(last)/2]; median < 400*time.Millisecond || median > 2*time.Second {
				t.Errorf("the last of 50 nodes heard after %v", median)
			}
		})
	}
}
