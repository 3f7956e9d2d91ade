package cache

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// manyAnchors makes anchors of one list, counted on from a number.
func manyAnchors(from, n int) *trustlist.List {
	l := &trustlist.List{}
	for i := range n {
		a := &trustlist.Anchor{Territory: "SE"}
		binary.BigEndian.PutUint32(a.ID[:], uint32(from+i))
		l.Anchors = append(l.Anchors, a)
	}
	return l
}

// Of a sudden removal all are held, up to a limit that no list reaches; of those
// that are withdrawn the oldest are forgotten first.
func TestWithdrawnBounded(t *testing.T) {
	at := time.Now()
	o := Options{}.withDefaults()
	h := &heldList{list: manyAnchors(0, MaxWithdrawn+10)}
	remove := func(next *trustlist.List, at time.Time, want, held int) {
		t.Helper()
		h.remove(next, at, o)
		h.list = next
		n := 0
		for _, w := range h.withdrawn {
			if at.Before(w.until) {
				n++
			}
		}
		if len(h.withdrawn) != want || n != held {
			t.Errorf("%d removed anchors, %d held; want %d and %d", len(h.withdrawn), n, want, held)
		}
	}
	remove(manyAnchors(1<<20, 2), at, MaxWithdrawn+10, MaxWithdrawn+10)
	remove(manyAnchors(1<<20, 1), at.Add(time.Second), MaxWithdrawn+10, MaxWithdrawn+10) // one withdrawn at once is forgotten first
	remove(manyAnchors(1<<21, 1), at.Add(o.RemovalHold), MaxWithdrawn, 0)
	if last := h.withdrawn[MaxWithdrawn-1].anchor; keyOf(last) != keyOf(manyAnchors(1<<20, 1).Anchors[0]) {
		t.Error("the newest was forgotten")
	}
	h.list = manyAnchors(1<<22, MaxHeld+1)
	remove(manyAnchors(0, 0), at.Add(2*o.RemovalHold), MaxHeld, MaxHeld)
}
