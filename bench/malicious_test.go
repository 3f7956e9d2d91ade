package bench_test

import (
	"testing"

	"github.com/edgetrust/edgetrust/bench"
)

// With one member of twenty malicious the last honest one hears, and holds the body, as
// soon as without: within 1.05 times. With one of five it still misses nothing. No honest
// one is avoided.
func TestMalicious(t *testing.T) {
	first, count := seeds(t, 2, 100)
	if testing.Short() {
		count = 2 // the medians of one seed's updates differ by more than the bound
	}
	for _, c := range []struct {
		network bench.Network
		share   float64
		most    float64 // times as long as without them; 0: nothing is promised
	}{{bench.Links(0), 0.05, 1.05}, {bench.Links(0.1), 0.05, 1.05}, {bench.Links(0), 0.2, 0}} {
		network := c.network
		r := bench.Malicious{Network: network, Members: 100, Share: c.share, Updates: 20, Body: 4 << 10, Seed: first}.Over(count)
		if r.Missed > 0 || r.Accused > 0 {
			t.Errorf("%d times an honest member does not hold an update, %d times one is avoided", r.Missed, r.Accused)
		}
		if r.Avoided == 0 {
			t.Error("nobody malicious is avoided")
		}
		hears, holds := r.Hears.P50/r.HearsAlone.P50, r.Holds.P50/r.HoldsAlone.P50
		if c.most > 0 && (hears > c.most || holds > c.most) {
			t.Errorf("the last honest member hears after %.2f times as long as without malicious ones, and holds after %.2f", hears, holds)
		}
		t.Logf("%-8s %2.0f %% lost, 100 members, %.0f malicious: last hears %v ms, without them %v (%.2f times at p50); holds %v, without %v (%.2f)",
			network.Name, network.Loss*100, c.share*100, r.Hears, r.HearsAlone, hears, r.Holds, r.HoldsAlone, holds)
	}
}
