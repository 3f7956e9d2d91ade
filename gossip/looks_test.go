package gossip

import (
	"testing"
	"time"
)

// Looks count by member, and for freshness only if they saw just what is held.
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
	if a, b, c := ls.nth(h.List, 1, 5), ls.nth(h.List, 2, 5), ls.nth(h.List, 3, 5); !a.Equal(at(4)) || !b.Equal(at(2)) || !c.IsZero() {
		t.Error(a, b, c)
	}
	ls.note(SeenOf(h), "m2", at(1)) // late to arrive
	if a := ls.nth(h.List, 1, 5); !a.Equal(at(4)) {
		t.Error(a)
	}
	for i := range byte(2 * MaxLookers) {
		ls.note(SeenOf(head(1, 6)), string('a'+rune(i)), at(int(i)+6))
	}
	if n := len(ls[h.List]); n != MaxLookers {
		t.Errorf("%d remembered", n)
	}
}

// One member that claims to have seen versions that there are not takes nothing from
// what others have seen.
func TestLooksOfALiar(t *testing.T) {
	ls := make(looks)
	h := head(1, 5)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for i := range 100 {
		ls.note(SeenOf(head(1, byte(100+i))), "liar", at(2*i))
		if i == 50 {
			ls.note(SeenOf(h), "m1", at(2*i))
			ls.note(SeenOf(h), "m2", at(2*i+1))
		}
	}
	if since, ok := ls.agree(h, 2); !ok || !since.Equal(at(100)) {
		t.Errorf("agreed %v since %v", ok, since)
	}
	if second := ls.nth(h.List, 2, 5); !second.Equal(at(100)) {
		t.Errorf("two looked at %v", second)
	}
	if s, _, ok := ls.newest(h.List, 2); !ok || s != SeenOf(h) {
		t.Errorf("two saw %v %v", s, ok)
	}
	if n := len(ls[h.List]); n != 4 {
		t.Errorf("%d remembered", n)
	}
}

// An origin that signs anew for every look is looked at by two for all as any other; and
// who lacks what the two saw does not go by their looks.
func TestLooksAtNewVersions(t *testing.T) {
	ls := make(looks)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for i := range 10 {
		by := []string{"m1", "m2"}[i%2]
		ls.note(SeenOf(head(1, byte(i))), by, at(i))
	}
	for held, want := range map[uint64]time.Time{9: at(8), 8: at(7), 7: at(6), 6: {}} {
		if got := ls.nth(head(1, 0).List, 2, held); !got.Equal(want) {
			t.Errorf("with version %d two looked at %v, want %v", held, got, want)
		}
	}
}

// noStore is a Store that nobody may ask.
type noStore struct{ Store }

// Looks are remembered as long as a list is followed, whatever of it is held, and those
// at lists that are not followed are not: there is no end of what a member may name.
func TestLooksAreOfFollowedLists(t *testing.T) {
	c := NewCluster(ClusterOptions{Name: "m0", Credentials: func() Credentials { return Credentials{} }, Store: noStore{}})
	h := head(1, 5)
	c.Follow([]ListID{h.List})
	c.Seen(SeenOf(h))
	c.looked(Looked{"m1", []Seen{SeenOf(h), SeenOf(head(2, 5)), SeenOf(head(3, 5))}})
	c.heardFromHub(hubLooks{"m2", []aged{{SeenOf(h), time.Second}, {SeenOf(head(4, 5)), time.Second}}})
	if len(c.looks) != 1 || len(c.looks[h.List]) != 2 {
		t.Errorf("%v", c.looks)
	}
	c.Release(h.List) // as while its next version soaks
	if len(c.looks) != 1 || len(c.own) != 1 {
		t.Errorf("released: %v, own %v", c.looks, c.own)
	}
	c.Follow([]ListID{{9}})
	if len(c.looks) != 0 || len(c.own) != 0 {
		t.Errorf("not followed: %v, own %v", c.looks, c.own)
	}
}
