package gossip

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// fleet are members that follow one list, and an origin. News of looks takes a second.
type fleet struct {
	period time.Duration
	rnd    *rand.Rand
	now    time.Time
	nodes  []*fleetNode
	down   func(now time.Time, n *fleetNode) bool // whether the origin is, for a member
	looks  []fleetLook
	maxOwn time.Duration
}

type fleetNode struct {
	Member
	alive bool
	next  time.Time
	own   time.Time
	tried time.Time
	since time.Time
	heard looks
}

type fleetLook struct {
	at time.Time
	by *fleetNode
	ok bool
}

var fleetList = ListID{1, 2, 3}

func newFleet(n int, period time.Duration, seed uint64) *fleet {
	f := &fleet{period: period, rnd: rand.New(rand.NewPCG(seed, 0)), now: start, maxOwn: 42 * time.Hour}
	f.down = func(time.Time, *fleetNode) bool { return false }
	for i := range n {
		f.nodes = append(f.nodes, &fleetNode{Member: Member{fmt.Sprintf("n%d", i), fmt.Sprintf("z%d", i%4)}, alive: true, heard: make(looks), own: start, since: start,
			next: start.Add(time.Duration(f.rnd.Int64N(int64(period))))})
	}
	return f
}

func (f *fleet) rankOf(n *fleetNode) (place, members int) {
	var others []Member
	for _, o := range f.nodes {
		if o != n && o.alive {
			others = append(others, o.Member)
		}
	}
	return rank(fleetList, n.Member, others), len(others) + 1
}

// run goes on for a while. A member that fails tries again after up to five minutes, as
// the follower of origins does.
func (f *fleet) run(d time.Duration) {
	for end := f.now.Add(d); ; {
		var n *fleetNode
		for _, o := range f.nodes {
			if o.alive && (n == nil || o.next.Before(n.next)) {
				n = o
			}
		}
		if n == nil || n.next.After(end) {
			f.now = end
			return
		}
		f.now = n.next
		r, members := f.rankOf(n)
		wait := Duty{
			Period: f.period, Rank: r, Members: members, Own: n.own, Tried: n.tried, Since: n.since,
			Latest: n.heard.nth(fleetList, 1, 1), Second: n.heard.nth(fleetList, 2, 1), MaxOwn: f.maxOwn,
		}.Wait(f.now)
		if wait > 0 {
			n.next = f.now.Add(wait)
			continue
		}
		n.tried = f.now
		ok := !f.down(f.now, n)
		f.looks = append(f.looks, fleetLook{f.now, n, ok})
		if !ok {
			n.next = f.now.Add(5 * time.Minute)
			continue
		}
		n.own = f.now
		n.next = f.now.Add(time.Duration(float64(f.period) * (0.9 + 0.2*f.rnd.Float64())))
		for _, o := range f.nodes {
			if o != n && o.alive {
				o.heard.note(Seen{List: fleetList, Version: 1}, n.Name, f.now.Add(time.Second))
			}
		}
	}
}

// count are the looks since a time.
func (f *fleet) count(since time.Time) (n int) {
	for _, l := range f.looks {
		if l.at.After(since) {
			n++
		}
	}
	return n
}

// A list is looked at twice a period, however many follow it, half a period apart, by
// members of two zones; and each member has a look of its own once in a long while.
func TestFeedersAreTwo(t *testing.T) {
	const periods = 200
	for _, n := range []int{3, 6, 12, 100, 300} {
		f := newFleet(n, time.Hour, uint64(n))
		f.maxOwn = 0
		f.run(24 * time.Hour) // until all have found their places
		since := f.now
		f.run(periods * time.Hour)
		by := map[string]int{}
		zones := map[string]bool{}
		for _, l := range f.looks {
			if l.at.After(since) {
				by[l.by.Name]++
				zones[l.by.Zone] = true
			}
		}
		got := f.count(since)
		t.Logf("%d members: %.2f looks a period, by %v", n, float64(got)/periods, by)
		if len(by) != FeederCount || len(zones) != FeederCount {
			t.Errorf("%d members: looked at by %v of %v", n, by, zones)
		}
		if got < periods*7/4 || got > periods*9/4 {
			t.Errorf("%d members: %d looks in %d periods", n, got, periods)
		}
		close := 0
		for i := 1; i < len(f.looks); i++ {
			if f.looks[i].at.After(since) && f.looks[i].at.Sub(f.looks[i-1].at) < 15*time.Minute {
				close++
			}
		}
		if close > periods/10 {
			t.Errorf("%d members: %d looks less than a quarter of a period after another", n, close)
		}
	}
	f := newFleet(30, time.Hour, 1)
	f.run(24 * 21 * time.Hour)
	for _, n := range f.nodes {
		if age := f.now.Sub(n.own); age > 43*time.Hour {
			t.Errorf("%s has not looked itself for %v", n.Name, age)
		}
	}
}

// A feeder that dies is replaced at once; one that cannot reach the origin, while the
// others can, within a few periods, and hands back when it can again.
func TestFeedersHandOver(t *testing.T) {
	f := newFleet(20, time.Hour, 7)
	f.run(10 * time.Hour)
	for _, n := range f.nodes {
		if r, _ := f.rankOf(n); r == 0 {
			n.alive = false
			break
		}
	}
	since := f.now
	f.run(20 * time.Hour)
	if n := f.count(since); n < 35 || n > 46 {
		t.Errorf("after a death: %d looks in 20 periods", n)
	}

	cut := map[string]bool{}
	for _, n := range f.nodes {
		if r, _ := f.rankOf(n); n.alive && r < FeederCount {
			cut[n.Name] = true
		}
	}
	f.down = func(_ time.Time, n *fleetNode) bool { return cut[n.Name] }
	since = f.now
	f.run(20 * time.Hour)
	last, longest, good := since, time.Duration(0), 0
	by := map[string]bool{}
	for _, l := range f.looks {
		if l.at.After(since) && l.ok {
			longest, last = max(longest, l.at.Sub(last)), l.at
			by[l.by.Name] = true
			good++
		}
	}
	t.Logf("feeders cut off: %d good looks in 20 periods by %v, at most %v apart", good, by, longest)
	if longest > 3*time.Hour || good < 12 || good > 60 {
		t.Errorf("%d good looks, %v without one", good, longest)
	}

	f.down = func(time.Time, *fleetNode) bool { return false }
	f.run(3 * time.Hour)
	since = f.now
	f.run(20 * time.Hour)
	if n := f.count(since); n < 35 || n > 46 {
		t.Errorf("after their return: %d looks in 20 periods", n)
	}
}

// What a fleet costs an origin that is gone grows with the logarithm of its size.
func TestOriginGone(t *testing.T) {
	for n, most := range map[int]float64{10: 30, 100: 36, 300: 50} {
		f := newFleet(n, time.Hour, 3)
		f.run(5 * time.Hour)
		f.down = func(time.Time, *fleetNode) bool { return true }
		since := f.now
		f.run(50 * time.Hour)
		per := float64(f.count(since)) / 50
		t.Logf("%d members: %.1f requests a period", n, per)
		if per > most { // the two feeders try every five minutes: 24
			t.Errorf("%d members: %.1f requests a period, at most %v", n, per, most)
		}
		f.down = func(time.Time, *fleetNode) bool { return false }
		at := f.now
		f.run(10 * time.Minute)
		if f.count(at) == 0 {
			t.Errorf("%d members: its return was not noticed within ten minutes", n)
		}
	}
}

// Nobody holds a list yet: the first feeder looks at once, the others only if nothing
// comes of it.
func TestColdFleet(t *testing.T) {
	for _, n := range []int{1, 2, 3, 100} {
		f := newFleet(n, time.Hour, 5)
		first := 0
		for _, node := range f.nodes {
			r, members := f.rankOf(node)
			d := Duty{Period: time.Hour, Rank: r, Members: members, Since: start}
			switch w := d.Wait(start); {
			case w == 0:
				first++
			case w < FeederCount*absentUnit:
				t.Errorf("%d members: rank %d waits %v", n, r, w)
			}
			if w := d.Wait(start.Add(5 * time.Minute)); w != 0 {
				t.Errorf("%d members: rank %d waits %v more after five minutes", n, r, w)
			}
		}
		if first != 1 {
			t.Errorf("%d members: %d look at once", n, first)
		}
	}
}

// All members work out the same order, and one that leaves changes little of it.
func TestRank(t *testing.T) {
	var all []Member
	for i := range 40 {
		all = append(all, Member{fmt.Sprintf("n%d", i), fmt.Sprintf("z%d", i%3)})
	}
	without := func(i int, list []Member) (others []Member) {
		for j, m := range list {
			if j != i {
				others = append(others, m)
			}
		}
		return others
	}
	changed := 0
	for l := range byte(100) {
		id := ListID{l}
		seen := map[int]string{}
		for i, m := range all {
			seen[rank(id, m, without(i, all))] = m.Name
		}
		if len(seen) != len(all) {
			t.Fatalf("list %d: %d ranks for %d members", l, len(seen), len(all))
		}
		fewer := without(0, all)
		for i, m := range fewer {
			if r := rank(id, m, without(i, fewer)); r < FeederCount && seen[r] != m.Name {
				changed++
			}
		}
	}
	if changed > 40 { // two feeders of a hundred lists, of whom one in forty left
		t.Errorf("%d feeders changed", changed)
	}
}
