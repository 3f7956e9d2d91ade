package gossip

import (
	"encoding/binary"
	"maps"
	"slices"
	"testing"
	"time"
)

// anyList is any that a member may make up.
func anyList(n int) Head {
	h := Head{Kind: Open, Version: 1, Size: 1000}
	binary.BigEndian.PutUint64(h.List[:], uint64(n)*0x9e3779b97f4a7c15) // of any part
	binary.BigEndian.PutUint64(h.Digest[:], uint64(n)+1)
	return h
}

func anything(o *Options) { o.Plausible = func(Head, time.Time) bool { return true } }

// What is said falsely of a body that exists, such as its size, is another head than the
// true one. It keeps nobody from that, is not told to others once the body is held, and
// is not believed any more then.
func TestFalseSize(t *testing.T) {
	truth := head(1, 5)
	lie := truth
	lie.Size = 1
	kind := truth
	kind.Kind = Open
	c, honest := newCore(9, nil), newCore(9, nil)
	c.Step(start, from("m7", lie))
	c.Step(start, from("m6", kind))
	effects := c.Step(start, from("m1", truth))
	if by := pulls(t, effects, truth); by != "m1" {
		t.Errorf("pulled from %s", by)
	}
	c.Step(start, Pulled{truth, "m1", Admitted})
	c.Step(start, Held{Head: truth})
	honest.Step(start, Held{Head: truth})
	if c.sum != honest.sum {
		t.Error("what is held is another")
	}
	if l := c.lists[truth.List]; len(l.wanted) > 0 || len(l.held) != 1 || l.held[0].head != truth {
		t.Errorf("%+v", l)
	}
	before := c.Stats.Implausible
	if effects := c.Step(start, from("m7", lie)); len(effects) > 0 {
		t.Errorf("%+v", effects)
	}
	c.Step(start, Told{From: "m7", Heads: []Head{lie, kind}})
	if l := c.lists[truth.List]; len(l.wanted) > 0 || c.Stats.Implausible != before+3 {
		t.Errorf("%+v, %d", l, c.Stats.Implausible-before)
	}
	huge := head(2, 5)
	huge.Size = 1 << 30
	c.Step(start, Told{From: "m7", Heads: []Head{huge}})
	if c.lists[huge.List] != nil {
		t.Error("a body of a gigabyte is wanted")
	}
}

// A body that is not what it was announced as is the fault of who announced it, not of
// who delivered what was asked for. It is not asked for again.
func TestFalseHead(t *testing.T) {
	c := newCore(9, nil)
	now := start
	for i := range byte(maxFaults) {
		e := from("m7", head(i, 5))
		e.From = "m2" // an honest relay, which holds that body as what it is
		by := pulls(t, c.Step(now, e), e.Head)
		c.Step(now, Pulled{e.Head, by, False})
		e.From = "m3"
		noPull(t, "what is false", c.Step(now, e))
	}
	if avoids := c.Avoids(now); !slices.Equal(avoids, []string{"m7"}) {
		t.Errorf("%v are avoided, want who announced it", avoids)
	}
	c.Step(now.Add(falseFor), Tick{})
	if len(c.lists) > 0 {
		t.Errorf("%d lists are remembered", len(c.lists))
	}
}

// Who tells of very many lists, and delivers none, fills a bounded room, and costs
// nothing while it lets what is asked for wait.
func TestMadeUpLists(t *testing.T) {
	c := newCore(9, anything)
	now := start
	for n := 0; n < 4*MaxOpen; n += MaxTold {
		told := Told{From: "m3"}
		for i := range MaxTold {
			told.Heads = append(told.Heads, anyList(n+i))
		}
		c.Step(now, told)
		now = now.Add(time.Second)
	}
	if len(c.lists) != MaxOpen || c.claims["m3"] != MaxOpen {
		t.Errorf("%d lists, want %d", len(c.lists), MaxOpen)
	}
	steps := 0
	for end := now.Add(2 * time.Second); ; steps++ {
		if now = c.Next(); now.After(end) {
			break
		}
		c.Step(now, Tick{})
	}
	if steps > 2*MaxOpen {
		t.Errorf("%d steps in two seconds", steps)
	}
	h := anyList(1 << 30)
	if by := pulls(t, c.Step(now, from("m4", h)), h); by != "m4" {
		t.Error("another member's list is not asked for")
	}
	// As soon as one pull is over another begins.
	one := c.parkedAt("m3")
	var asked int
	for _, it := range one[:MaxPulls] {
		asked += len(of[Pull](c.Step(now, Pulled{it.head, "m3", Failed})))
	}
	if asked == 0 {
		t.Error("nothing of what waits is asked for")
	}
	c.Step(now, Members{})
	for id := range maps.Clone(c.lists) {
		for _, it := range slices.Clone(c.lists[id].wanted) {
			for _, from := range slices.Clone(it.pulling) {
				c.Step(now, Pulled{it.head, from, Failed})
			}
		}
	}
	for range 2 * maxTries {
		now = now.Add(2 * maxRetry)
		c.Step(now, Tick{})
	}
	if len(c.lists) > 0 || len(c.claims) > 0 || len(c.due.q) > 0 {
		t.Errorf("%d lists, %d claims and %d timers are left of who is gone", len(c.lists), len(c.claims), len(c.due.q))
	}
}

func (c *Core) parkedAt(name string) []*item { return c.peer(name).parked }

// Of many lists an answer takes some, others each time; and nobody has all told again
// and again.
func TestTellsSome(t *testing.T) {
	c := newCore(9, anything)
	const lists = 3 * MaxTold / 2
	for n := range lists {
		c.Step(start, Held{Head: anyList(n), Quiet: true})
	}
	seen := make(map[Head]bool)
	now := start
	for range 40 {
		tells := of[Tell](c.Step(now, Compared{From: "m2"}))
		if len(tells) != 1 || len(tells[0].Heads) != MaxTold || tells[0].Parts != 0 {
			t.Fatalf("%d answers", len(tells))
		}
		here := make(map[Head]bool)
		for _, h := range tells[0].Heads {
			seen[h], here[h] = true, true
		}
		if len(here) != MaxTold {
			t.Fatalf("%d heads, some of them twice", len(here))
		}
		now = now.Add(time.Second)
	}
	if len(seen) != lists {
		t.Errorf("%d of %d lists were told of", len(seen), lists)
	}
	answers := 0
	for range 100 {
		answers += len(of[Tell](c.Step(now, Compared{From: "m2"}))) + len(of[Tell](c.Step(now, Told{From: "m2", Parts: 1<<63 - 1})))
	}
	if answers > 4 {
		t.Errorf("%d answers at once", answers)
	}
	if tells := of[Tell](c.Step(now, Compared{From: "m3"})); len(tells) != 1 {
		t.Error("another one is not answered")
	}
}
