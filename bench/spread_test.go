package bench_test

import (
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/bench"
)

func long() bool { return os.Getenv("EDGETRUST_LONG") != "" }

func percentile(d []time.Duration, p float64) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)-1, int(p*float64(len(d))))]
}

// budget is what the last member may take to hear, and to hold the body, in multiples
// of flooding over the same network (design 6); 0: nothing is promised.
type budget struct{ hears, holds float64 }

// The last member hears of an update, and holds it, within so many times of what
// flooding takes in the same run, and the number of members hardly matters; whatever is
// lost on the way, nobody misses it. A body of 4 KiB is what most versions are against
// their predecessor, 64 KiB a whole list.
func TestSpread(t *testing.T) {
	seeds := 8
	switch {
	case long():
		seeds = 100
	case testing.Short():
		seeds = 1
	}
	least, most := 20*time.Millisecond, 60*time.Millisecond
	for _, c := range []struct {
		network bench.Network
		body    int
		budget  budget
	}{
		{bench.Uniform(least, most, 0), 4 << 10, budget{4, 8}},
		{bench.Uniform(least, most, 0), 64 << 10, budget{4, 0}},
		{bench.Uniform(least, most, 0.1), 4 << 10, budget{6, 0}},
		{bench.Uniform(least, most, 0.3), 4 << 10, budget{}},
		{bench.HeavyTailed(0), 4 << 10, budget{4, 0}},
		{bench.HeavyTailed(0.1), 4 << 10, budget{6, 0}},
	} {
		var p50 []time.Duration
		for _, members := range []int{100, 300} {
			r := spread(t, bench.Spread{Network: c.network, Members: members, Updates: 1, Body: c.body}, seeds)
			floor := float64(percentile(r.flood, .99))
			hears, holds := float64(percentile(r.hears, .99))/floor, float64(percentile(r.holds, .99))/floor
			if c.budget.hears > 0 && hears > c.budget.hears || c.budget.holds > 0 && holds > c.budget.holds {
				t.Errorf("%s: %.1f and %.1f times flooding, want at most %.0f and %.0f", r.name, hears, holds, c.budget.hears, c.budget.holds)
			}
			p50 = append(p50, percentile(r.hears, .5))
		}
		if ratio := float64(p50[1]) / float64(p50[0]); c.network.Loss < 0.3 && ratio > 1.25 {
			t.Errorf("%s, loss %.0f %%: hearing takes %.2f times as long with three times the members", c.network.Name, c.network.Loss*100, ratio)
		}
	}
}

// measured is what several seeds of one Spread came to.
type measured struct {
	name                       string
	hears, holds, flood, stock []time.Duration
}

func spread(t *testing.T, s bench.Spread, seeds int) (m measured) {
	t.Helper()
	var sum bench.SpreadResult
	for seed := range seeds {
		s.Seed = uint64(seed) + 1
		r := s.Run()
		if r.Missed > 0 {
			t.Errorf("seed %d, %s, %d members, loss %.1f: %d times a member does not hold an update", s.Seed, s.Network.Name, s.Members, s.Network.Loss, r.Missed)
		}
		m.hears, m.holds = append(m.hears, r.Hears...), append(m.holds, r.Holds...)
		m.flood, m.stock = append(m.flood, s.Flood()...), append(m.stock, s.Memberlist()...)
		sum.Announcements += r.Announcements / float64(seeds)
		sum.Bodies += r.Bodies / float64(seeds)
		sum.Bytes += r.Bytes / float64(seeds)
	}
	m.name = s.Network.Name
	ms := func(d []time.Duration, p float64) int64 { return percentile(d, p).Milliseconds() }
	t.Logf("%-12s %3d members, %2.0f %% lost, %2d KiB: last hears %d/%d/%d ms, holds %d/%d/%d ms (p50/p99/max); flooding %d/%d ms, stock memberlist %d/%d ms; per member %.1f announcements, %.2f bodies, %.1f kB",
		m.name, s.Members, s.Network.Loss*100, s.Body>>10, ms(m.hears, .5), ms(m.hears, .99), ms(m.hears, 1), ms(m.holds, .5), ms(m.holds, .99), ms(m.holds, 1),
		ms(m.flood, .5), ms(m.flood, .99), ms(m.stock, .5), ms(m.stock, .99), sum.Announcements, sum.Bodies, sum.Bytes/1000)
	return m
}

// With three packets of ten lost nobody misses any of many updates.
func TestNobodyMissed(t *testing.T) {
	updates, seeds := 20, 5
	switch {
	case long():
		updates, seeds = 1000, 100
	case testing.Short():
		seeds = 1
	}
	for seed := range seeds {
		s := bench.Spread{Network: bench.Uniform(20*time.Millisecond, 60*time.Millisecond, 0.3), Members: 100, Updates: updates, Body: 1 << 10, Seed: uint64(seed) + 1}
		if r := s.Run(); r.Missed > 0 {
			t.Errorf("seed %d: %d times a member does not hold an update", s.Seed, r.Missed)
		}
	}
}

// A seed gives the same run every time.
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
}
