package transfer

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

func pairFor(body, before []byte) pairOf { return pairOf{artefact.Sum(body), artefact.Sum(before)} }

// What many ask for is made once, and so is what gains nothing.
func TestDeltasAreMadeOnce(t *testing.T) {
	d := newDeltas()
	before := randomBody(100_000)
	after, other := append(bytes.Clone(before), 1), randomBody(100_000)
	var mu sync.Mutex
	made := make(map[*byte]bool)
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			small, ok := d.get("edge-1", pairFor(after, before), after, before)
			if !ok || len(small) > 1000 {
				t.Errorf("%d bytes, %v", len(small), ok)
				return
			}
			if _, ok := d.get("edge-1", pairFor(other, before), other, before); ok {
				t.Error("what has nothing in common gains")
			}
			mu.Lock()
			made[&small[0]] = true
			mu.Unlock()
		})
	}
	asking.Wait()
	if len(made) != 1 || len(d.made) != 2 {
		t.Errorf("made %d times; %d are remembered", len(made), len(d.made))
	}
}

// A peer that has every body compressed against every other has its share, and others
// theirs; later it has more.
func TestDeltasAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDeltas()
		body := make([]byte, 4<<20)
		n := 0
		another := func(from string) bool {
			n++
			_, ok := d.get(from, pairOf{body: artefact.Digest{byte(n), byte(n >> 8)}}, body, body)
			return ok
		}
		got := 0
		for another("edge-1") && got < 100 {
			got++
		}
		if got != compressBurst/(2*len(body)) {
			t.Errorf("%d were made at once", got)
		}
		if !another("edge-2") {
			t.Error("another one's share is taken")
		}
		time.Sleep(time.Duration(2*len(body)/compressRate) * time.Second)
		if !another("edge-1") || another("edge-1") {
			t.Error("not one more, later")
		}
	})
}

// Only so many are remembered, and so many bytes of them.
func TestDeltasAreBounded(t *testing.T) {
	d := newDeltas()
	ask := func(n int, body []byte) {
		d.get(fmt.Sprint("edge-", n), pairOf{body: artefact.Digest{byte(n), byte(n >> 8)}}, body, body[:len(body)/2])
	}
	for n := range maxDeltas + 10 {
		ask(n, make([]byte, 100))
	}
	if len(d.made) != maxDeltas || len(d.order) != maxDeltas {
		t.Errorf("%d and %d are remembered", len(d.made), len(d.order))
	}
	large := randomBody(3 << 20) // half of which stays
	for n := range 12 {
		ask(maxDeltas+100+n, large)
	}
	sum := 0
	for _, one := range d.made {
		sum += len(one.small)
	}
	if d.bytes != sum || sum > maxDeltaBytes || sum == 0 || len(d.made) != len(d.order) {
		t.Errorf("%d bytes are remembered and %d counted, of %d and %d", sum, d.bytes, len(d.made), len(d.order))
	}
}
