package cache_test

import (
	"bytes"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// soak works a store for so long, and compares what it takes after a sixth of that
// with what it takes in the end.
func soak(t *testing.T, withDisk bool, d time.Duration) {
	c := aCountry(t)
	const room = 20
	need := c.need(withDisk)
	dir := ""
	if withDisk {
		dir = t.TempDir()
	}
	s := c.store(t, dir, func(o *cache.Options) { o.MaxMemory = need + room*need/int64(c.lists) })
	c.loadAll(t, s)
	var anchor verify.AnchorRef
	for _, i := range s.Lists(time.Now()) {
		for _, a := range i.List.Anchors {
			if a.Territory == "DE" {
				anchor = s.View().Entity(i.Source.Name, a.Entity)[0].Ref()
			}
		}
	}
	// Made in advance, so that the heap at both times holds as many.
	seconds := int(d / time.Second)
	updates, found := c.updates(t, 10*seconds), make([][]byte, 5*seconds)
	for i := range found {
		found[i] = c.tokenOf(t, countryURI(foundFrom+i), i, 0)
	}
	l, look := c.lookups(1<<20), c.byURI(s)

	done := make(chan struct{})
	var wg sync.WaitGroup
	var changing sync.RWMutex // held alone while the heap is measured: what is half done is no growth
	every := func(period time.Duration, times int, do func(k int) error) {
		wg.Go(func() {
			tick := time.NewTicker(period)
			defer tick.Stop()
			for k := 0; k < times; k++ {
				changing.RLock()
				err := do(k)
				changing.RUnlock()
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case <-tick.C:
				case <-done:
					return
				}
			}
			<-done
		})
	}
	for core := range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := uint64(core); ; n++ {
				select {
				case <-done:
					return
				default:
					sum.Add(look(l, int(n*sample%uint64(len(l.list)-sample))))
				}
			}
		})
	}
	every(time.Second/10, len(updates), func(k int) error { return admitToken(s, c.uris[k%c.lists], bytes.Clone(updates[k])) })
	every(time.Second/5, len(found), func(k int) error {
		uri := countryURI(foundFrom + k)
		s.Discover([]verify.Lacking{{Mechanism: statuslist.StatusList, URI: uri, Anchor: anchor}})
		s.FollowFound(time.Now())
		return admitToken(s, uri, bytes.Clone(found[k]))
	})
	every(5*time.Second, seconds, func(int) error { s.Tick(time.Now()); return nil })

	measure := func() (heap int64, goroutines int, sum cache.StatusSum) {
		changing.Lock()
		defer changing.Unlock()
		return heapLive(), runtime.NumGoroutine(), s.StatusLists(time.Now())
	}
	time.Sleep(d / 6)
	early, before, then := measure()
	time.Sleep(d - d/6 - time.Second)
	late, after, now := measure()
	close(done)
	wg.Wait()
	t.Logf("heap %.1f MB, then %.1f MB; goroutines %d, then %d; lists held %d, then %d; evicted %d, then %d",
		float64(early)/1e6, float64(late)/1e6, before, after, then.Held, now.Held, then.Evicted, now.Evicted)
	if late > early+early/50 || after > before {
		t.Errorf("the heap grew from %d to %d, goroutines from %d to %d", early, late, before, after)
	}
	if now.Evicted <= then.Evicted || now.Held < c.lists+room-1 {
		t.Errorf("nothing came and went: %+v", now)
	}
}

// heapLive is what is reachable.
func heapLive() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
