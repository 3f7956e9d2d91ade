package gossip

import (
	"testing"
	"time"
)

// TestSecondHolderIsAsked is a holder that never answers: a moment later another is asked
// as well, and the next time it is asked last.
func TestSecondHolderIsAsked(t *testing.T) {
	c := newCore(5, nil)
	h := head(1, 1)
	if got := pulls(t, c.Step(start, from("m1", h)), h); got != "m1" {
		t.Fatalf("%s was asked", got)
	}
	at := start.Add(hedgeAfter + time.Duration(h.Size)*time.Second/hedgeRate)
	noPull(t, "when another holder is heard of", c.Step(start, from("m2", h)))
	noPull(t, "a moment before", c.Step(at.Add(-time.Nanosecond), Tick{}))
	if got := pulls(t, c.Step(at, Tick{}), h); got != "m2" {
		t.Errorf("%s was asked as well", got)
	}
	noPull(t, "with two under way", c.Step(at, from("m3", h)))
	c.Step(at, Held{Head: h})
	c.Step(at, Pulled{h, "m2", Admitted})
	noPull(t, "when it is held", c.Step(at.Add(time.Second), Pulled{h, "m1", Failed}))
	next := head(1, 2)
	now := at.Add(2 * time.Second)
	if got := pulls(t, c.Step(now, from("m1", next)), next); got != "m1" {
		t.Errorf("%s was asked, of one holder", got)
	}
	if got := pulls(t, c.Step(now, from("m4", next)), next); got != "m4" {
		t.Errorf("%s was asked instead of who failed", got)
	}
}

// TestClaimsOfOneMember are versions that one member makes up. They leave room for those
// that others speak of.
func TestClaimsOfOneMember(t *testing.T) {
	c := newCore(5, nil)
	for v := range byte(100) {
		c.Step(start.Add(time.Duration(v)*time.Second), Told{From: "m1", Heads: []Head{head(1, v+10)}})
		if n := len(c.lists[ListID{1}].wanted); n > MaxClaims {
			t.Fatalf("%d heads of one member are wanted", n)
		}
	}
	h := head(1, 1)
	if got := pulls(t, c.Step(start.Add(200*time.Second), from("m2", h)), h); got != "m2" {
		t.Errorf("%s was asked", got)
	}
}

// TestTellingIsLimited is a member that tells of heads without end.
func TestTellingIsLimited(t *testing.T) {
	c := newCore(3, nil)
	told := Told{From: "m1", Heads: make([]Head, MaxTold-1)}
	for range 2 {
		c.Step(start, told)
	}
	if c.Stats.RateLimited != 0 {
		t.Fatal("what it may tell at once was dropped")
	}
	c.Step(start, told)
	if c.Stats.RateLimited != 1 {
		t.Error("more than it may tell at once was taken")
	}
	c.Step(start, Told{From: "m2", Heads: []Head{head(1, 1)}})
	if c.lists[ListID{1}] == nil {
		t.Error("what another told was dropped")
	}
	c.Step(start.Add(time.Second), told)
	if c.Stats.RateLimited != 1 {
		t.Error("a second later it may tell nothing")
	}
}
