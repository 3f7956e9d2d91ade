package gossip

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// answers steps a core with an event, and answers every pull that comes of it.
func (c *Core) answers(now time.Time, e Event, with Outcome) (pulls int) {
	effects := slices.Clone(c.Step(now, e))
	for len(effects) > 0 {
		p, ok := effects[0].(Pull)
		effects = effects[1:]
		if ok {
			pulls++
			effects = append(effects, c.Step(now, Pulled{p.Head, p.From, with})...)
		}
	}
	return pulls
}

// toldOf are made-up lists from one number on.
func toldOf(by string, from int) Told {
	t := Told{From: by}
	for i := range MaxTold {
		t.Heads = append(t.Heads, anyList(from+i))
	}
	return t
}

// Status lists whose signer nobody knows yet, however many, do not keep the trust list out
// that names the signer, nor other lists.
func TestManyWait(t *testing.T) {
	c := newCore(1, anything)
	now, waiting := start, 0
	for n := 0; n < 3*MaxOpen; n += MaxTold {
		waiting += c.answers(now, toldOf("m1", n), Waits)
		now = now.Add(time.Second)
	}
	if waiting != 3*MaxOpen || c.resting != waiting || len(c.claims) > 0 {
		t.Errorf("%d wait, %d of them are counted, %d claims", waiting, c.resting, len(c.claims))
	}
	trust := anyList(1 << 30)
	trust.Kind = Closed
	if pulls := of[Pull](c.Step(now, Told{From: "m1", Heads: []Head{trust}})); len(pulls) != 1 || pulls[0].Head != trust {
		t.Errorf("%+v", pulls)
	}
	asked := c.answers(now, Retry{}, Admitted)
	asked += c.answers(now.Add(2*maxRetry), Tick{}, Admitted) // those that were too many to wait for a turn
	if asked != waiting {
		t.Errorf("%d of %d are asked for again", asked, waiting)
	}
}

// What is declined is remembered for a while, and never takes all the room.
func TestManyDeclined(t *testing.T) {
	c := newCore(1, anything)
	now := start
	for n := 0; n < MaxLists; n += MaxTold {
		c.answers(now, toldOf("m1", n), Declined)
		now = now.Add(time.Second)
	}
	if len(c.lists) != MaxLists/2 || c.resting != MaxLists/2 {
		t.Errorf("%d lists, %d of them at rest", len(c.lists), c.resting)
	}
	if n := c.answers(now, Told{From: "m1", Heads: []Head{anyList(0)}}, Declined); n > 0 {
		t.Error("what was declined is asked for again")
	}
	if n := c.answers(now, Told{From: "m1", Heads: []Head{anyList(1 << 30)}}, Admitted); n != 1 {
		t.Error("another list is not asked for")
	}
	c.Step(now.Add(2*declinedFor), Tick{})
	if len(c.lists) != 1 || c.resting != 0 { // that which was admitted, and is held soon
		t.Errorf("%d lists are left, %d of them at rest", len(c.lists), c.resting)
	}
}

// An old announcement says nothing of what its origin holds today: who repeats it does
// not get that one avoided.
func TestReplayed(t *testing.T) {
	for _, c := range []struct {
		age  time.Duration
		want int
	}{{transfer.KeepFor - time.Millisecond, 1}, {transfer.KeepFor, 0}, {-transfer.KeepFor, 0}} {
		core := newCore(9, nil)
		for i := range byte(maxFaults) {
			e := from("m7", head(i, 5))
			e.From, e.Stamp = "m3", start.Add(-c.age).UnixMilli()
			core.answers(start, e, Missing)
		}
		if n := len(core.Avoids(start)); n != c.want {
			t.Errorf("after %v: %v are avoided", c.age, core.Avoids(start))
		}
	}
}

// Of a body that two were asked for, what the second says changes nothing once it was
// judged.
func TestJudgedOnce(t *testing.T) {
	for what, first := range map[string]Outcome{"admitted": Admitted, "declined": Declined, "false": False} {
		c := newCore(9, nil)
		h := head(1, 5)
		c.Step(start, from("m1", h))
		c.Step(start, from("m2", h))
		c.Step(start, Pulled{h, "m1", first})
		c.Step(start, Pulled{h, "m2", Busy})
		c.Step(start.Add(time.Second), Tick{})
		if n := c.answers(start.Add(time.Second), from("m3", h), Declined); n > 0 || c.lists[h.List] == nil {
			t.Errorf("%s: asked for again", what)
		}
	}
}

// Of one version of a list there can be very many that contradict one another. All are
// told in the end.
func TestManyContradictions(t *testing.T) {
	c := newCore(9, anything)
	const lists, each = 1000, 6
	for n := range lists * each {
		h := anyList(n)
		h.List = anyList(n % lists).List
		c.Step(start, Held{Head: h, Quiet: true})
	}
	seen := make(map[Head]bool)
	now := start
	for range 40 {
		for _, t := range of[Tell](c.Step(now, Compared{From: "m2"})) {
			for _, h := range t.Heads {
				seen[h] = true
			}
		}
		now = now.Add(time.Second)
	}
	if len(seen) != lists*each {
		t.Errorf("%d of %d are told", len(seen), lists*each)
	}
}
