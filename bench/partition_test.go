package bench_test

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/bench"
)

// After a minute in two halves, both of which got versions that the other did not, all
// members hold the same within two seconds.
func TestPartition(t *testing.T) {
	first, count := seeds(t, 3, 100)
	for _, c := range []struct {
		network bench.Network
		members int
		within  float64 // milliseconds
	}{
		{bench.Links(0), 100, 2000},
		{bench.Links(0.1), 100, 2000},
		{bench.HeavyTailed(0), 100, 0},
	} {
		var equal []float64
		var bytes int
		for seed := first; seed < first+uint64(count); seed++ {
			r := bench.Partition{Network: c.network, Members: c.members, Split: time.Minute, Lists: 10, Seed: seed}.Run()
			if r.Behind == 0 {
				t.Errorf("seed %d: nothing was to be made up for", seed)
			}
			if r.Equal < 0 || c.within > 0 && r.Equal > c.within {
				t.Errorf("%s, loss %.1f: members differ for %.0f ms; EDGETRUST_SEED=%d repeats it", c.network.Name, c.network.Loss, r.Equal, seed)
			}
			equal = append(equal, r.Equal)
			bytes += r.Traffic.All() / c.members / count
		}
		slices.Sort(equal)
		t.Logf("%-12s %d members, %2.0f %% lost, split for a minute, 10 lists: all equal %.0f ms after it (p50; max %.0f), %.1f kB a member",
			c.network.Name, c.members, c.network.Loss*100, equal[len(equal)/2], equal[len(equal)-1], kB(bytes))
	}
}
