package gossip

import (
	"testing"
	"time"
)

// Looks count by member, for the newest version that anybody has seen, and only if it
// is just the one that is held.
func TestLooksAgree(t *testing.T) {
	ls := make(looks)
	h := head(1, 5)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	agreed := func(want bool) {
		t.Helper()
		if _, ok := ls.agree(h, 2); ok != want {
			t.Errorf("agreed: %v", ok)
		}
	}
	ls.note(SeenOf(h), "m1", at(1))
	ls.note(SeenOf(h), "m1", at(2))
	agreed(false)
	ls.note(SeenOf(head(1, 4)), "m2", at(3)) // behind
	agreed(false)
	other := SeenOf(h)
	other.Digest[0]++
	ls.note(other, "m2", at(3))
	agreed(false)
	ls.note(SeenOf(h), "m2", at(4))
	agreed(true)
	if since, _ := ls.agree(h, 2); !since.Equal(at(2)) {
		t.Errorf("since %v", since)
	}
	if a, b, c := ls.nth(h.List, 1), ls.nth(h.List, 2), ls.nth(h.List, 3); !a.Equal(at(4)) || !b.Equal(at(2)) || !c.IsZero() {
		t.Error(a, b, c)
	}
	ls.note(SeenOf(h), "m2", at(1)) // late to arrive
	if a := ls.nth(h.List, 1); !a.Equal(at(4)) {
		t.Error(a)
	}
	ls.note(SeenOf(head(1, 6)), "m3", at(5))
	agreed(false)
	for i := range byte(2 * MaxLookers) {
		ls.note(SeenOf(head(1, 6)), string('a'+rune(i)), at(int(i)+6))
	}
	if n := len(ls[h.List].last); n != MaxLookers {
		t.Errorf("%d remembered", n)
	}
}
