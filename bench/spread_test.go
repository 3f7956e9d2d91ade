package bench_test

import (
	"encoding/json"
	"reflect"
	"runtime"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/edgetrust/edgetrust/bench"
)

// budget is what the last member may take to hear, and to hold the body, in multiples
// of flooding over the same network (design 6); 0: nothing is promised.
type budget struct{ hears, holds float64 }

// The last member hears of an update, and holds it, within so many times of what
// flooding takes in the same run, and the number of members hardly matters; whatever is
// lost on the way, nobody misses it. A body of 4 KiB is what most versions are against
// their predecessor, 64 KiB a whole list.
func TestSpread(t *testing.T) {
	first, count := seeds(t, 2, 100)
	for _, c := range []struct {
		network bench.Network
		body    int
		cold    bool
		budget  budget
	}{
		{bench.Links(0), 4 << 10, false, budget{4, 8}},
		{bench.Links(0), 4 << 10, true, budget{4, 8}},
		{bench.Links(0), 64 << 10, false, budget{4, 8}},
		{bench.Links(0.1), 4 << 10, false, budget{6, 8}},
		{bench.Links(0.3), 4 << 10, false, budget{}},
		{bench.Bursty(0.1), 4 << 10, false, budget{}},
		{bench.Bursty(0.3), 4 << 10, false, budget{}},
		{bench.HeavyTailed(0), 4 << 10, false, budget{4, 8}},
		{bench.HeavyTailed(0.1), 4 << 10, false, budget{6, 8}},
		{bench.HeavyTailed(0.3), 4 << 10, false, budget{}},
	} {
		var p50 []float64
		for _, members := range []int{100, 300} {
			s := bench.Spread{Network: c.network, Members: members, Updates: 2, Body: c.body, Cold: c.cold, Seed: first}
			of := count
			if together := c.network.Bursts > 0 && c.network.Loss > 0; together && c.budget.holds > 0 && count > 1 {
				of = max(of, 30) // the slowest of few updates says little, and less of flooding
			}
			r := spread(t, s, of)
			if count > 1 && (c.budget.hears > 0 && r.HearsRatio() > c.budget.hears || c.budget.holds > 0 && r.HoldsRatio() > c.budget.holds) {
				t.Errorf("%s, %d members: %.1f and %.1f times flooding, want at most %.0f and %.0f", r.Network, members, r.HearsRatio(), r.HoldsRatio(), c.budget.hears, c.budget.holds)
			}
			p50 = append(p50, r.Hears.P50)
		}
		// With losses that come together it takes many seeds to say; and where they are all
		// there is, the more members there are, the likelier is one in a bad time.
		steady, most := c.network.Bursts == 0 || c.network.Loss == 0 || long(), 1.25
		if c.network.Name == "bursts" {
			most = 1.3
		}
		if ratio := p50[1] / p50[0]; c.network.Loss < 0.3 && steady && count > 1 && ratio > most {
			t.Errorf("%s, loss %.0f %%: hearing takes %.2f times as long with three times the members", c.network.Name, c.network.Loss*100, ratio)
		}
	}
}

// A thousand members are no other story.
func TestSpreadThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine that computes for long: shows nothing under the race detector")
	}
	for _, loss := range []float64{0, 0.1} {
		r := spread(t, bench.Spread{Network: bench.Links(loss), Members: 1000, Updates: 1, Body: 4 << 10, Seed: 1}, 1)
		if want := 4 + 20*loss; r.HearsRatio() > want {
			t.Errorf("%.1f times flooding, want at most %.0f", r.HearsRatio(), want)
		}
		if !long() {
			break
		}
	}
}

// spread runs seeds of one Spread and prints what came of them.
func spread(t *testing.T, s bench.Spread, count int) bench.SpreadReport {
	t.Helper()
	r := s.Over(count)
	for _, seed := range r.Missed {
		t.Errorf("%s, %d members, loss %.1f: a member does not hold an update; EDGETRUST_SEED=%d repeats it", r.Network, r.Members, r.Loss, seed)
	}
	open := "open"
	if s.Cold {
		open = "cold"
	}
	b := r.Traffic
	t.Logf("%-12s %4d members, %2.0f %% lost, %2d KiB, %s, %d updates: last hears %v ms, holds %v ms (p50/p99/max); flooding %v (%.1f and %.1f times), memberlist %v; per member %.1f announcements, %.2f bodies, %.1f kB (announcements %.1f, repair %.1f, bodies %.1f, connections %.1f)",
		r.Network, r.Members, r.Loss*100, r.Body>>10, open, r.Updates, r.Hears, r.Holds, r.Flood, r.HearsRatio(), r.HoldsRatio(), r.Stock,
		r.Announcements, r.Bodies, kB(b.All()), kB(b.Announcements), kB(b.Repair), kB(b.Bodies), kB(b.Connections))
	return r
}

func kB(bytes int) float64 { return float64(bytes) / 1000 }

// With three packets of ten lost nobody misses any of many updates.
func TestNobodyMissed(t *testing.T) {
	first, count := seeds(t, 3, 100)
	updates := 40
	if long() {
		updates = 1000
	}
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for seed := first; seed < first+uint64(count); seed++ {
		all.Go(func() error {
			s := bench.Spread{Network: bench.Links(0.3), Members: 100, Updates: updates, Body: 1 << 10, Seed: seed, Hurry: true}
			if r := s.Run(); r.Missed > 0 {
				t.Errorf("%d times a member does not hold an update; EDGETRUST_SEED=%d repeats it", r.Missed, seed)
			}
			return nil
		})
	}
	_ = all.Wait()
	t.Logf("%d updates and %d seeds from %d on: nobody missed any, unless it says so above", updates, count, first)
}

// A seed gives the same run every time, and a report can be written.
func TestReplay(t *testing.T) {
	s := bench.Spread{Network: bench.HeavyTailed(0.2), Members: 60, Updates: 3, Body: 8 << 10, Seed: 42}
	first, second := s.Run(), s.Run()
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%+v, then %+v", first, second)
	}
	s.Seed++
	if reflect.DeepEqual(first, s.Run()) {
		t.Error("another seed gives the same run")
	}
	if _, err := json.Marshal(s.Over(1)); err != nil {
		t.Error(err)
	}
}
