package bench

import (
	"math"
	"slices"
	"testing"
	"time"
)

// Whether losses come together or not, as many packets get lost as is said, and that
// they come together shows.
func TestLoss(t *testing.T) {
	for _, n := range []Network{Links(0), Links(0.1), Bursty(0.1), Bursty(0.3), HeavyTailed(0.2)} {
		l := newLink(n, 1, 1)
		const packets = 200_000
		lost, pairs, before := 0, 0, false
		for range packets {
			l.now = l.now.Add(10 * time.Millisecond)
			now := l.lost(0, 1)
			if now {
				lost++
			}
			if now && before {
				pairs++
			}
			before = now
		}
		share, again := float64(lost)/packets, float64(pairs)/max(1, float64(lost))
		if math.Abs(share-n.Loss) > 0.1*n.Loss {
			t.Errorf("%s: %.3f of all packets get lost, want %.1f", n.Name, share, n.Loss)
		}
		if n.Loss > 0 && (n.Bursts > 0) != (again > 1.5*n.Loss) {
			t.Errorf("%s, %.1f: after a loss the next packet gets lost with %.2f", n.Name, n.Loss, again)
		}
	}
}

// Two members of the heavy-tailed network are always about as far from one another,
// most pairs near and some very far, and slow branches are far from everybody.
func TestHeavyTailed(t *testing.T) {
	l := newLink(HeavyTailed(0), 1, 1)
	var all []time.Duration
	for a := range 100 {
		for b := range a {
			var own []time.Duration
			for range 20 {
				own = append(own, l.delay(a, b))
			}
			slices.Sort(own)
			if l.slow(a) || l.slow(b) {
				if own[0] < slowDelay {
					t.Fatalf("%v to a slow branch", own[0])
				}
				continue
			}
			if d := l.delay(b, a); d < own[0]-2*time.Millisecond {
				t.Fatalf("%v there, and at least %v back", d, own[0])
			}
			all = append(all, own[10])
		}
	}
	slices.Sort(all)
	if p50, p99 := all[len(all)/2], all[len(all)*99/100]; p50 < 28*time.Millisecond || p50 > 36*time.Millisecond || p99 < 3*p50 || all[len(all)-1] > 600*time.Millisecond {
		t.Errorf("%v at the median, %v at the 99th percentile, %v at most", p50, p99, all[len(all)-1])
	}
}

// A connection costs a round trip when it is opened and nothing until it has not been
// used for long; and what is cut off gets nothing.
func TestConnect(t *testing.T) {
	l := newLink(Links(0), 1, 1)
	for _, c := range []struct {
		after time.Duration
		opens bool
	}{{0, true}, {0, false}, {connectionFor - 1, false}, {connectionFor, true}} {
		l.now = l.now.Add(c.after)
		took, sent := l.connect(0, 1)
		if opens := sent > 0; opens != c.opens || opens && took < 40*time.Millisecond || !opens && took != 0 {
			t.Errorf("after %v: %v, %d bytes", c.after, took, sent)
		}
	}
	if _, sent := l.connect(1, 0); sent == 0 {
		t.Error("the other direction has a connection, too")
	}
	came := 0
	l.cut = func(from, to int) bool { return from != to }
	l.packet(0, 1, func() { came++ })
	l.stream(0, 1, 5000, func() { came++ })
	l.run(l.now.Add(time.Minute), never)
	if came > 0 {
		t.Error("something comes through where nothing does")
	}
	l.cut = nil
	l.packet(0, 1, func() { came++ })
	if sent := l.stream(0, 1, 5000, func() { came++ }); sent < 5000 || sent > 6000 {
		t.Errorf("%d bytes are sent", sent)
	}
	l.run(l.now.Add(time.Minute), never)
	if came != 2 {
		t.Errorf("%d of 2 came", came)
	}
}
