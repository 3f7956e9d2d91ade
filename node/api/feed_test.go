package api

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// numbered adds n events whose sequence is their place.
func numbered(f *Feed, n int) {
	for i := range n {
		f.Add(Event{At: noon, Type: ListChanged, Sequence: uint64(i + 1)})
	}
}

// drain reads all there is after a number, as a stream does.
func drain(t *testing.T, f *Feed, after uint64) (all []Event) {
	t.Helper()
	for {
		events, _, ok := f.read(after)
		if !ok {
			t.Fatal("the feed is closed")
		}
		if len(events) == 0 {
			return all
		}
		if len(events) > readEvents+1 {
			t.Fatalf("%d events at once", len(events))
		}
		for _, e := range events {
			if e.Type != Missed && e.number <= after {
				t.Fatalf("event %d after %d", e.number, after)
			}
			after = e.number
		}
		all = append(all, events...)
	}
}

func TestFeedRemembersTheLatest(t *testing.T) {
	base := uint64(noon.UnixMicro())
	for _, n := range []int{0, 1, readEvents, readEvents + 1, keepEvents - 1, keepEvents, keepEvents + 1, 3 * keepEvents} {
		f := NewFeed(noon)
		numbered(f, n)
		all := drain(t, f, 0)
		if len(all) != min(n, keepEvents) {
			t.Fatalf("%d of %d events", len(all), n)
		}
		for i, e := range all {
			place := uint64(n - len(all) + i)
			if e.number != base+place || e.Sequence != place+1 {
				t.Fatalf("%d: event %d is %+v", n, i, e)
			}
		}
		if got := f.latest(); got != base+uint64(n)-1 {
			t.Errorf("%d: the latest is %d", n, got-base)
		}
		if cap(f.events) > 4*keepEvents {
			t.Errorf("%d: room for %d events", n, cap(f.events))
		}
	}
}

func TestFeedSaysWhatWasMissed(t *testing.T) {
	base := uint64(noon.UnixMicro())
	f := NewFeed(noon)
	numbered(f, keepEvents+10) // base .. base+9 are forgotten
	newest := base + keepEvents + 9
	for after, c := range map[uint64]struct {
		missed bool
		events int
	}{
		0:          {false, keepEvents}, // whoever never read anything missed nothing
		1:          {true, keepEvents},  // of an earlier process
		base + 8:   {true, keepEvents},
		base + 9:   {false, keepEvents},
		base + 10:  {false, keepEvents - 1},
		newest - 1: {false, 1},
		newest:     {false, 0},
		newest + 1: {true, keepEvents}, // never was: the clock was set back
	} {
		all := drain(t, f, after)
		missed := len(all) > 0 && all[0].Type == Missed
		if missed {
			if all[0].number != base+9 || all[0].Detail == "" || all[0].At.IsZero() {
				t.Errorf("after base%+d: %+v", int64(after-base), all[0])
			}
			all = all[1:]
		}
		if missed != c.missed || len(all) != c.events {
			t.Errorf("after base%+d: missed %v, %d events; want %+v", int64(after-base), missed, len(all), c)
		}
	}
}

// A restarted node numbers on above what it said before, and knows that it has
// forgotten.
func TestFeedAcrossRestart(t *testing.T) {
	before := NewFeed(noon)
	numbered(before, 100)
	after := NewFeed(noon.Add(time.Second))
	numbered(after, 5)
	if after.latest() <= before.latest() {
		t.Error("numbers fall")
	}
	if all := drain(t, after, before.latest()); len(all) != 6 || all[0].Type != Missed {
		t.Errorf("%d events, the first %s", len(all), all[0].Type)
	}
}

func TestFeedWakesAndEnds(t *testing.T) {
	f := NewFeed(noon)
	_, more, _ := f.read(f.latest())
	select {
	case <-more:
		t.Fatal("woken by nothing")
	default:
	}
	f.Add(Event{Type: ListStale})
	<-more
	_, more, _ = f.read(f.latest())
	f.Close()
	f.Close()
	<-more
	f.Add(Event{Type: ListStale})
	if events, _, ok := f.read(0); ok || events != nil || !f.ended() {
		t.Error("a closed feed is over")
	}
}

// Readers see every event once and in order while writers add.
func TestFeedConcurrently(t *testing.T) {
	const writers, each, readers = 4, 500, 8
	f := NewFeed(noon)
	start := f.latest()
	var wg sync.WaitGroup
	errs := make(chan error, readers)
	for range readers {
		wg.Go(func() {
			after := start
			for seen := 0; seen < writers*each; {
				events, more, _ := f.read(after)
				if len(events) == 0 {
					<-more
					continue
				}
				for _, e := range events {
					if e.number != after+1 {
						errs <- fmt.Errorf("event %d after %d", e.number, after)
						return
					}
					after = e.number
				}
				seen += len(events)
			}
		})
	}
	for range writers {
		wg.Go(func() { numbered(f, each) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}
