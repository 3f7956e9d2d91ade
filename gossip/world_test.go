package gossip

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var start = time.Unix(1_800_000_000, 0)

// newCore is a member among others, called m1, m2 and so on; it is m0. What it signs it
// signs with its name.
func newCore(others int, change func(*Options)) *Core {
	o := Options{
		Self: "m0", Zone: "z0", Seed: 1,
		Sign:      func([]byte) []byte { return []byte("m0") },
		Verify:    func(a Announcement) bool { return string(a.Signature) == a.Origin },
		Plausible: func(h Head, _ time.Time) bool { return h.Version < 1000 },
	}
	if change != nil {
		change(&o)
	}
	c := New(o, start)
	var m Members
	for i := range others {
		m.Alive = append(m.Alive, Member{fmt.Sprintf("m%d", i+1), fmt.Sprintf("z%d", (i+1)%3)})
	}
	c.Step(start, m)
	return c
}

// head is a version of list n.
func head(n, version byte) Head {
	return Head{List: ListID{n}, Version: uint64(version), Digest: [32]byte{n, version, 7}, Size: 1000}
}

// large is a head of a body that is asked for from one at a time.
func large(n, version byte) Head {
	h := head(n, version)
	h.Size = newsSize + 1
	return h
}

// from is news of a head that a member holds and has signed.
func from(member string, h Head) Heard {
	return Heard{From: member, Announcement: Announcement{Head: h, Holder: member, Origin: member, Stamp: start.UnixMilli(), Signature: []byte(member)}}
}

// of are the effects of one type.
func of[E Effect](effects []Effect) (list []E) {
	for _, e := range effects {
		if e, ok := e.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

func recipients(effects []Effect) (names []string) {
	for _, a := range of[Announce](effects) {
		names = append(names, a.To)
	}
	slices.Sort(names)
	return names
}

// pulls wants one pull of a head, and returns from whom.
func pulls(t *testing.T, effects []Effect, h Head) string {
	t.Helper()
	p := of[Pull](effects)
	if len(p) != 1 || p[0].Head != h {
		t.Fatalf("pulls %+v, want one of %v", p, h)
	}
	return p[0].From
}

func noPull(t *testing.T, what string, effects []Effect) {
	t.Helper()
	if p := of[Pull](effects); len(p) > 0 {
		t.Errorf("%s: pulls %+v", what, p)
	}
}
