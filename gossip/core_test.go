package gossip

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// What is held first is pushed along all rings, to each once.
func TestHeldIsAnnounced(t *testing.T) {
	c := newCore(99, nil)
	effects := c.Step(start, Held{Head: head(1, 1)})
	to := recipients(effects)
	if len(to) < ringCount-3 || len(to) > ringCount || len(slices.Compact(slices.Clone(to))) != len(to) {
		t.Errorf("announced to %v", to)
	}
	for _, a := range of[Announce](effects) {
		if a.Origin != "m0" || a.Holder != "m0" || string(a.Signature) != "m0" || a.Head != head(1, 1) {
			t.Errorf("%+v", a)
		}
	}
	for what, again := range map[string]Held{"the same": {Head: head(1, 1)}, "older": {Head: head(1, 0)}} {
		if to := recipients(c.Step(start, again)); len(to) > 0 {
			t.Errorf("%s is announced to %v", what, to)
		}
	}
	if to := recipients(c.Step(start, Held{Head: head(2, 1), Quiet: true})); len(to) > 0 {
		t.Errorf("what comes from disk is announced to %v", to)
	}
}

// Who hears from its origin forwards news along all rings, too.
func TestHeardFromOrigin(t *testing.T) {
	c := newCore(99, nil)
	effects := c.Step(start, from("m7", head(1, 1)))
	if to := recipients(effects); len(to) < ringCount-3 || slices.Contains(to, "m7") {
		t.Errorf("forwarded to %v", to)
	}
	if to := recipients(c.Step(start, Held{Head: head(1, 1)})); len(to) > 0 {
		t.Errorf("told again: %v", to)
	}
}

// News is forwarded at its first hearing and not again, neither back nor to whom it is
// from; and its body is asked for from who forwarded it.
func TestHeardIsForwarded(t *testing.T) {
	c := newCore(99, nil)
	news := from("m7", head(1, 1))
	news.From = "m9"
	effects := c.Step(start, news)
	to := recipients(effects)
	if len(to) < fanout(99)-2 || slices.Contains(to, "m7") || slices.Contains(to, "m9") {
		t.Errorf("forwarded to %v", to)
	}
	if by := pulls(t, effects, head(1, 1)); by != "m9" {
		t.Errorf("pulled from %s", by)
	}
	news.From = "m11"
	again := c.Step(start, news)
	if to := recipients(again); len(to) > 0 {
		t.Errorf("forwarded again to %v", to)
	}
	if by := pulls(t, again, head(1, 1)); by != "m11" {
		t.Errorf("pulled from %s as well", by)
	}
	// The bodies' holders are told of along other rings.
	held := c.Step(start, Held{Head: head(1, 1)})
	if to := recipients(held); len(to) == 0 || len(to) > lazyFanout {
		t.Errorf("told %v of who holds it", to)
	}
	for _, a := range of[Announce](held) {
		if a.Holder != "m0" || a.Origin != "m7" {
			t.Errorf("%+v", a)
		}
	}
}

// What nobody may say is not forwarded, not pulled, and forgotten.
func TestNotBelieved(t *testing.T) {
	absurd := head(1, 1)
	absurd.Version = 5000
	forged := from("m7", head(2, 1))
	forged.Signature = []byte("m8")
	for what, e := range map[string]Heard{"an absurd version": from("m7", absurd), "another's signature": forged} {
		c := newCore(99, nil)
		if effects := c.Step(start, e); len(of[Announce](effects))+len(of[Pull](effects)) > 0 || len(c.lists) > 0 {
			t.Errorf("%s: %+v", what, effects)
		}
	}
}

// One member's news has a bound, and others' does not suffer from it.
func TestRate(t *testing.T) {
	c := newCore(99, nil)
	heard := 0
	for i := range byte(30) {
		if len(of[Announce](c.Step(start, from("m7", head(i, 1))))) > 0 {
			heard++
		}
	}
	if heard != MaxRate {
		t.Errorf("%d are heard at once, want %d", heard, MaxRate)
	}
	if len(of[Announce](c.Step(start, from("m8", head(100, 1))))) == 0 {
		t.Error("another member is not heard")
	}
	if len(of[Announce](c.Step(start.Add(time.Second/MaxRate), from("m7", head(101, 1))))) == 0 {
		t.Error("not heard after a tenth of a second")
	}
}

// Said to exist is not held: a version that nobody delivers neither pushes out the one
// that is held nor keeps the right one from being heard, and it is forgotten.
func TestBogusVersion(t *testing.T) {
	c := newCore(9, nil)
	c.Step(start, Held{Head: head(1, 5)})
	sum := c.sum
	bogus := head(1, 200)
	pulls(t, c.Step(start, from("m3", bogus)), bogus)
	if c.sum != sum {
		t.Error("the summary is another")
	}
	effects := c.Step(start, from("m4", head(1, 6)))
	if by := pulls(t, effects, head(1, 6)); by != "m4" {
		t.Errorf("pulled from %s", by)
	}
	c.Step(start, Pulled{head(1, 6), "m4", Admitted})
	c.Step(start, Held{Head: head(1, 6)})
	c.Step(start, Pulled{bogus, "m3", Missing})
	if l := c.lists[ListID{1}]; len(l.held) != 1 || l.held[0].head != head(1, 6) || len(l.wanted) != 0 {
		t.Errorf("%+v", l)
	}
	if c.peer("m3").faults != 1 {
		t.Errorf("%d faults of who announced it", c.peer("m3").faults)
	}
	// Any number of them takes a bounded room, and none of what is held.
	for i := range 100 {
		at := start.Add(time.Duration(i) * time.Second)
		c.Step(at, from("m5", Head{List: ListID{1}, Version: uint64(10 + i), Digest: [32]byte{byte(i)}, Size: 1}))
	}
	if n := len(c.lists[ListID{1}].wanted); n > MaxWanted {
		t.Errorf("%d heads are wanted", n)
	}
	if to := recipients(c.Step(start.Add(time.Hour), Held{Head: head(1, 7)})); len(to) == 0 || c.lists[ListID{1}].version() != 7 {
		t.Errorf("a new version is announced to %v", to)
	}
}

// A pull that fails goes on with the next holder; who delivers what is wrong three
// times is avoided for a while, and who only relayed is not.
func TestFailOver(t *testing.T) {
	c := newCore(9, nil)
	h := large(1, 1)
	pulls(t, c.Step(start, from("m1", h)), h)
	c.Step(start, from("m2", h))
	c.Step(start, from("m3", h))
	next := pulls(t, c.Step(start, Pulled{h, "m1", Failed}), h)
	if next != "m3" {
		t.Errorf("goes on with %s", next)
	}
	last := pulls(t, c.Step(start, Pulled{h, "m3", Bad}), h)
	if last != "m2" || c.peer("m1").faults != 0 || c.peer("m3").faults != 1 {
		t.Errorf("goes on with %s, %d and %d faults", last, c.peer("m1").faults, c.peer("m3").faults)
	}
	c.Step(start, Pulled{h, "m2", Missing}) // a relay, who had it from m1
	if c.peer("m2").faults != 0 {
		t.Error("the relay is at fault")
	}
	// The connection to m1 broke, so it is asked again, a few times.
	now, again := start, 0
	for ; len(c.lists) > 0; again++ {
		if again > maxAgain {
			t.Fatal("a head that nobody has is remembered")
		}
		now = now.Add(firstRetry << (again + 1))
		if by := pulls(t, c.Step(now, Tick{}), h); by != "m1" {
			t.Errorf("asks %s again", by)
		}
		c.Step(now, Pulled{h, "m1", Failed})
	}
	if again != maxAgain {
		t.Errorf("asked %d times again", again)
	}
	for i := range byte(2) {
		c.Step(start, from("m3", head(10+i, 1)))
		c.Step(start, Pulled{head(10+i, 1), "m3", Bad})
	}
	noPull(t, "from who is avoided", c.Step(start, from("m3", head(20, 1))))
	if effects := c.Step(start.Add(firstAvoid), from("m3", head(20, 1))); pulls(t, effects, head(20, 1)) != "m3" {
		t.Error("still avoided")
	}
}

// patience is how long a member waits that has not often waited in vain.
func patience(h Head) time.Duration { return two.patience(h) }

// Where small bodies have often come late more are asked for one, and sooner; when they
// come in time again, no more.
func TestHurry(t *testing.T) {
	c := newCore(99, nil)
	now := start
	asks := func(n byte, takes time.Duration) (asked int) {
		h := head(n, 1)
		for i := range 8 {
			asked += len(of[Pull](c.Step(now, from(fmt.Sprintf("m%d", i+1), h))))
		}
		now = now.Add(takes)
		c.Step(now, Held{Head: h})
		for i := range 8 {
			c.Step(now, Pulled{h, fmt.Sprintf("m%d", i+1), Admitted})
		}
		return asked
	}
	asks(1, 50*time.Millisecond) // after which all are known to deliver
	for i, k := range []struct {
		takes time.Duration
		want  int
	}{{200 * time.Millisecond, two.atOnce}, {200 * time.Millisecond, more.atOnce}, {50 * time.Millisecond, more.atOnce},
		{50 * time.Millisecond, more.atOnce}, {50 * time.Millisecond, more.atOnce}, {50 * time.Millisecond, two.atOnce}} {
		if asked := asks(byte(i+2), k.takes); asked != k.want {
			t.Errorf("body %d: %d asked, want %d", i, asked, k.want)
		}
	}
	big := large(100, 1)
	if asked := len(of[Pull](c.Step(now, from("m1", big)))) + len(of[Pull](c.Step(now, from("m2", big)))); asked != one.atOnce {
		t.Errorf("%d asked for a large body", asked)
	}
}

// A holder that lets a body wait is not waited for: another is asked as well. It is asked
// last then, until it delivers something, and not avoided.
func TestAskedAsWell(t *testing.T) {
	c := newCore(9, nil)
	h := large(1, 1)
	if by := pulls(t, c.Step(start, from("m1", h)), h); by != "m1" {
		t.Fatalf("pulled from %s", by)
	}
	noPull(t, "while it is pulled", c.Step(start, from("m2", h)))
	noPull(t, "a moment before", c.Step(start.Add(patience(h)-1), Tick{}))
	now := start.Add(patience(h))
	if by := pulls(t, c.Step(now, Tick{}), h); by != "m2" {
		t.Fatalf("pulled from %s as well", by)
	}
	c.Step(now, Held{Head: h})
	c.Step(now, Pulled{h, "m2", Admitted})

	// Nobody else is known: it is asked, until somebody else is.
	h = large(2, 1)
	if by := pulls(t, c.Step(now, from("m1", h)), h); by != "m1" {
		t.Errorf("pulled from %s", by)
	}
	if by := pulls(t, c.Step(now, from("m3", h)), h); by != "m3" {
		t.Errorf("pulled from %s as well", by)
	}
	c.Step(now, Pulled{large(1, 1), "m1", Admitted}) // late, but it came
	if c.peer("m1").is == slow || c.avoided("m1", now) {
		t.Error("who delivers is still taken for slow")
	}
}

// However many are slow, so many are asked and no more, unless better ones come.
func TestAskedAtOnce(t *testing.T) {
	c := newCore(19, nil)
	h := head(1, 1)
	now, asked := start, 0
	for i := range MaxHolders {
		asked += len(of[Pull](c.Step(now, from(fmt.Sprintf("m%d", i+1), h))))
	}
	for range 20 {
		now = now.Add(patience(h))
		asked += len(of[Pull](c.Step(now, Tick{})))
	}
	if asked != one.most {
		t.Errorf("%d were asked", asked)
	}
}

// For a small body that is news two who deliver are asked at once, and so its loss on
// one way does not count, nor who only says that it holds it; for a large body one is,
// and for what a comparison tells.
func TestSmallNewsIsAskedForTwice(t *testing.T) {
	told := func(member string, h Head) Event { return Told{From: member, Heads: []Head{h}} }
	news := func(member string, h Head) Event { return from(member, h) }
	for _, c := range []struct {
		what  string
		say   func(member string, h Head) Event
		head  Head
		known []string // who have delivered before
		want  []string
	}{
		{"small news", news, head(1, 1), []string{"m1", "m2", "m3"}, []string{"m1", "m2"}},
		{"small news, first of one unknown", news, head(1, 1), []string{"m2", "m3", "m4"}, []string{"m1", "m2", "m3"}},
		{"small news, of many unknown", news, head(1, 1), nil, []string{"m1", "m2", "m3", "m4"}},
		{"large news", news, large(1, 1), nil, []string{"m1"}},
		{"what a comparison tells", told, head(1, 1), nil, []string{"m1"}},
	} {
		core, asked := newCore(9, nil), []string(nil)
		for _, member := range c.known {
			core.Step(start, Pulled{head(9, 1), member, Admitted})
		}
		for i := range 6 {
			member := fmt.Sprintf("m%d", i+1)
			for _, p := range of[Pull](core.Step(start, c.say(member, c.head))) {
				asked = append(asked, p.From)
			}
		}
		if !slices.Equal(asked, c.want) {
			t.Errorf("%s: asked of %v", c.what, asked)
		}
		// All come: but the first is nothing new.
		for _, member := range asked {
			if effects := core.Step(start, Pulled{c.head, member, Admitted}); len(of[Pull](effects)) > 0 {
				t.Errorf("%s: goes on asking", c.what)
			}
			core.Step(start, Held{Head: c.head})
		}
		if effects := core.Step(start.Add(patience(c.head)), Tick{}); len(of[Pull](effects)) > 0 {
			t.Errorf("%s: not at rest", c.what)
		}
		for _, member := range asked {
			if core.peer(member).is != delivers {
				t.Errorf("%s: %s delivered", c.what, member)
			}
		}
	}
}

// What nobody has is no fault of those who passed on that it is there, and what its
// origin says next is passed on only when it was seen, until something of it comes.
func TestWhoMadeUpIsNotPassedOn(t *testing.T) {
	c := newCore(99, nil)
	relayed := func(h Head, by string) Heard { return Heard{From: by, Announcement: from("m7", h).Announcement} }
	bogus := head(1, 9)
	c.Step(start, relayed(bogus, "m1"))
	c.Step(start, Tick{})
	c.Step(start.Add(patience(bogus)), Tick{}) // lets it wait
	for _, name := range []string{"m1", "m7"} {
		c.Step(start.Add(time.Second), Pulled{bogus, name, Missing})
	}
	if c.peer("m1").is == slow || c.peer("m7").is != slow || !c.peer("m7").lied || c.peer("m1").lied || len(c.lists) != 0 {
		t.Fatalf("relay %+v, origin %+v, %d lists", *c.peer("m1"), *c.peer("m7"), len(c.lists))
	}
	now := start.Add(time.Minute)
	unseen := c.Step(now, from("m7", head(1, 2)))
	if to := recipients(unseen); len(to) > 0 {
		t.Errorf("passed on unseen to %v", to)
	}
	pulls(t, unseen, head(1, 2))
	if to := recipients(c.Step(now, Held{Head: head(1, 2)})); len(to) < fanout(99)-1 {
		t.Errorf("seen, and passed on to %v", to)
	}
	if to := recipients(c.Step(now, from("m7", head(1, 3)))); len(to) < fanout(99)-1 {
		t.Errorf("what came was believed, and the next is passed on to %v", to)
	}
}

// However many malicious members make versions up, and whatever they let others wait
// for, what is true has its place.
func TestMadeUpKeepsNothingOut(t *testing.T) {
	c := newCore(40, nil)
	for i := range byte(6) {
		for v := range byte(3) {
			c.Step(start, from(fmt.Sprintf("m%d", i+1), head(1, 10+3*i+v)))
		}
	}
	if n := len(c.lists[ListID{1}].wanted); n > MaxWanted {
		t.Fatalf("%d heads are wanted", n)
	}
	if by := pulls(t, c.Step(start, from("m9", head(1, 5))), head(1, 5)); by != "m9" {
		t.Errorf("pulled from %s", by)
	}
	for i := range byte(6) { // they go on
		c.Step(start, from(fmt.Sprintf("m%d", i+1), head(1, 40+i)))
	}
	if it, _ := c.find(head(1, 5)); it == nil {
		t.Error("forgotten for what was made up")
	}
}

// A body that was declined is not asked for again, one whose signer is unknown when
// anchors have changed.
func TestDeclinedAndWaiting(t *testing.T) {
	c := newCore(9, nil)
	c.Step(start, from("m1", head(1, 1)))
	c.Step(start, Pulled{head(1, 1), "m1", Declined})
	noPull(t, "declined", c.Step(start, from("m2", head(1, 1))))
	c.Step(start, from("m1", head(2, 1)))
	c.Step(start, Pulled{head(2, 1), "m1", Waits})
	noPull(t, "waits", c.Step(start, from("m2", head(2, 1))))
	if by := pulls(t, c.Step(start, Retry{}), head(2, 1)); by != "m2" {
		t.Errorf("after a change of anchors from %s", by)
	}
}

// A peer is asked for so many bodies at once, and the others follow.
func TestPullsPerPeer(t *testing.T) {
	c := newCore(9, nil)
	var heads []Head
	for i := range byte(10) {
		heads = append(heads, head(i+1, 1))
	}
	asked := of[Pull](c.Step(start, Told{From: "m1", Heads: heads}))
	if len(asked) != MaxPulls {
		t.Fatalf("%d pulls at once", len(asked))
	}
	now := start
	for n := 0; n < 100 && len(asked) < len(heads); n++ {
		now = now.Add(firstRetry)
		for _, p := range slices.Clone(asked) {
			asked = append(asked, of[Pull](c.Step(now, Held{Head: p.Head, Quiet: true}))...)
			asked = append(asked, of[Pull](c.Step(now, Pulled{p.Head, "m1", Admitted}))...)
		}
		asked = append(asked, of[Pull](c.Step(now, Tick{}))...)
	}
	if len(asked) != len(heads) {
		t.Errorf("%d of %d were asked for", len(asked), len(heads))
	}
}

// Two members that compare come to hold the same, whoever begins, whatever each lacks.
func TestCompare(t *testing.T) {
	a, b := newCore(1, nil), newCore(1, func(o *Options) { o.Self = "m1" })
	b.Step(start, Members{Alive: []Member{{"m0", "z0"}}})
	for i := range byte(40) {
		if i%3 > 0 {
			a.Step(start, Held{Head: head(i, 1+i%2), Quiet: true})
		}
		if i%3 < 2 {
			b.Step(start, Held{Head: head(i, 1+(i/2)%2), Quiet: true})
		}
	}
	now := start
	var exchange func(from string, to *Core, back string, other *Core, effects []Effect)
	exchange = func(from string, to *Core, back string, other *Core, effects []Effect) {
		for _, e := range slices.Clone(effects) {
			switch e := e.(type) {
			case Compare:
				exchange(back, other, from, to, to.Step(now, Compared{from, e.Summary}))
			case Tell:
				exchange(back, other, from, to, to.Step(now, Told{from, e.Parts, e.Heads, e.Stamps}))
			case Pull: // of whoever sent the effect, which is "from"
				c := other
				exchange(from, to, back, other, c.Step(now, Held{Head: e.Head, Quiet: true}))
				exchange(from, to, back, other, c.Step(now, Pulled{e.Head, e.From, Admitted}))
			}
		}
	}
	for range 40 { // pulls from one peer have a bound
		now = now.Add(time.Second)
		exchange("m0", b, "m1", a, []Effect{Compare{"m1", a.sum}})
		if a.sum == b.sum {
			break
		}
	}
	if a.sum != b.sum || len(a.lists) != 40 || len(b.lists) != 40 {
		t.Errorf("%d and %d lists, equal %v", len(a.lists), len(b.lists), a.sum == b.sum)
	}
}

// In whatever order news and bodies come, what is held in the end is the same.
func TestOrderDoesNotMatter(t *testing.T) {
	var events []Event
	for i := range byte(8) {
		for v := range byte(6) {
			h := head(i, v+1)
			events = append(events, from(fmt.Sprintf("m%d", 1+v%5), h), Held{Head: h, Quiet: true}, Told{From: "m6", Heads: []Head{h}})
		}
	}
	var want Summary
	for seed := range uint64(200) {
		c := newCore(9, nil)
		rnd := rand.New(rand.NewPCG(seed, 1))
		rnd.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		for n, e := range events {
			c.Step(start.Add(time.Duration(n)*time.Second), e)
		}
		if seed == 0 {
			want = c.sum
		}
		if c.sum != want {
			t.Fatalf("seed %d: another summary", seed)
		}
	}
}

// The rings reach everybody: of a hundred members each is somebody's successor on every
// ring, and no two rings are the same.
func TestRings(t *testing.T) {
	const n = 100
	var all []Member
	for i := range n {
		all = append(all, Member{fmt.Sprintf("m%d", i), fmt.Sprintf("z%d", i%4)})
	}
	within := 0
	var nexts, befores [n][ringCount]string
	for i, m := range all {
		nexts[i], befores[i] = neighbours(m, slices.Delete(slices.Clone(all), i, i+1))
	}
	for ring := range ringCount {
		seen := make(map[string]bool)
		for i, m := range all {
			next := nexts[i][ring]
			if next == m.Name || seen[next] {
				t.Fatalf("ring %d: %s comes twice", ring, next)
			}
			seen[next] = true
			at := slices.IndexFunc(all, func(o Member) bool { return o.Name == next })
			if before := befores[at][ring]; before != m.Name {
				t.Fatalf("ring %d: %s comes after %s, and before it %s", ring, next, m.Name, before)
			}
			if ring%2 == 1 && all[at].Zone == m.Zone {
				within++
			}
		}
		if len(seen) != n {
			t.Errorf("ring %d has %d members", ring, len(seen))
		}
	}
	if share := float64(within) / (n * ringCount / 2); share < 0.9 {
		t.Errorf("%.2f of the steps of zone rings stay in the zone", share)
	}
}

// Time: comparisons are seldom while nothing happens, often for a moment after a
// change, and a dead member is tried once a second.
func TestComparePeriods(t *testing.T) {
	count := func(c *Core, from, to time.Time) (alive, dead int) {
		for now := from; now.Before(to); {
			for _, e := range of[Compare](c.Step(now, Tick{})) {
				if e.To == "gone" {
					dead++
				} else {
					alive++
				}
			}
			next := c.Next()
			if !next.After(now) {
				t.Fatal("it would spin")
			}
			now = next
		}
		return alive, dead
	}
	c := newCore(9, nil)
	c.Step(start, Tick{})
	if n, _ := count(c, start.Add(time.Second), start.Add(time.Minute)); n < 8 || n > 18 {
		t.Errorf("%d comparisons in a minute", n)
	}
	c.Step(start.Add(time.Minute), Held{Head: head(1, 1)})
	if n, _ := count(c, start.Add(time.Minute), start.Add(time.Minute+hotFor)); n < 7 || n > 16 {
		t.Errorf("%d comparisons in the two seconds after a change", n)
	}
	c.Step(start.Add(2*time.Minute), Held{Head: head(2, 1), Minor: true})
	if n, _ := count(c, start.Add(2*time.Minute), start.Add(2*time.Minute+hotFor)); n > 2 {
		t.Errorf("%d comparisons after a re-signature", n)
	}
	c.Step(start.Add(3*time.Minute), Members{Alive: []Member{{"m1", ""}}, Dead: []Member{{"gone", ""}}})
	if _, n := count(c, start.Add(3*time.Minute), start.Add(4*time.Minute)); n < 40 || n > 90 {
		t.Errorf("%d attempts at a dead member in a minute", n)
	}
}

// A body that was admitted and may not be announced, as while the disk does not take it,
// is not asked for again, whoever says that he holds it.
func TestAdmittedIsNotPulledAgain(t *testing.T) {
	c := newCore(99, nil)
	h := head(1, 1)
	by := pulls(t, c.Step(start, from("m7", h)), h)
	noPull(t, "admitted", c.Step(start, Pulled{h, by, Admitted}))
	for i := range 3 * MaxHolders {
		e := Told{From: fmt.Sprint("m", 10+i%(2*MaxHolders)), Heads: []Head{h}}
		noPull(t, "told again", c.Step(start.Add(time.Duration(i)*time.Second), e))
	}
	c.Step(start.Add(time.Minute), Held{Head: h})
	if !c.lists[h.List].held[0].held || len(c.lists[h.List].wanted) > 0 {
		t.Error("not held once it may be announced")
	}
}
