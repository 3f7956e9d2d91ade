package origin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// country is an origin and a store of thousands of status lists, that keeps of each
// look its time alone.
type country struct {
	delay    time.Duration // of an answer
	interval time.Duration // of a list
	targets  []Followed
	f        *Follower

	mu         sync.Mutex
	looks      map[string][]time.Time // by path; nil: they are counted only
	count      int
	goroutines int // the most there were
}

func newCountry(t testing.TB, lists int, delay, interval time.Duration) *country {
	t.Helper()
	c := &country{delay: delay, interval: interval}
	for i := range lists {
		uri := fmt.Sprintf("https://status.example/%d", i)
		c.targets = append(c.targets, Followed{
			ID: artefact.ID{Kind: artefact.Status, Name: uri}, Door: artefact.Origin, Target: Target{URL: uri, Max: 100},
			Next: func(cache.Outcome) time.Duration { return c.interval },
		})
	}
	fetcher, err := NewFetcher(Options{Transport: c})
	if err != nil {
		t.Fatal(err)
	}
	c.f = &Follower{Store: c, Fetcher: fetcher, Targets: func() []Followed { return c.targets }, Logger: slog.New(slog.DiscardHandler)}
	return c
}

func (c *country) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.count++
	c.goroutines = max(c.goroutines, runtime.NumGoroutine())
	if c.looks != nil {
		c.looks[r.URL.Path] = append(c.looks[r.URL.Path], time.Now())
	}
	c.mu.Unlock()
	time.Sleep(c.delay)
	header := http.Header{"Etag": {`"0123456789abcdef"`}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(bytes.NewReader([]byte("token")))}, nil
}

func (c *country) Admit(artefact.Raw) (cache.Outcome, error)         { return cache.Outcome{}, nil }
func (c *country) Looked(artefact.ID, time.Time) (out cache.Outcome) { return out }
func (c *country) Failed(artefact.ID, time.Time, error)              {}
func (c *country) Note(artefact.ID) string                           { return "" }

// seen are how many looks there were, and the most goroutines during one.
func (c *country) seen() (looks, goroutines int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count, c.goroutines
}

// run follows until the function that it returns is called.
func (c *country) run(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { c.f.Run(ctx) })
	return func() { cancel(); wg.Wait() }
}

// inUse is the bytes that are in use.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Twenty thousand targets that are due together take as many goroutines as there are
// places, with one each that watches a body's pace; when they wait, none.
func TestWaitingTakesNoGoroutine(t *testing.T) {
	const lists = 20_000
	synctest.Test(t, func(t *testing.T) {
		c := newCountry(t, lists, 200*time.Millisecond, 24*time.Hour)
		before, held := runtime.NumGoroutine(), inUse()
		end := c.run(t.Context())
		time.Sleep(time.Hour)
		synctest.Wait()
		looks, most := c.seen()
		if looks != lists {
			t.Errorf("%d looks", looks)
		}
		// A look has a goroutine and its body another, whose end may come a little after
		// that of the look: a few for each place, and none for a list.
		if most > before+8*MaxAtOnce {
			t.Errorf("%d goroutines during the looks, %d before", most, before)
		}
		n := runtime.NumGoroutine()
		for range 10_000 { // the runtime's own that tidy up after a collection are soon through
			if n <= before+1 {
				break
			}
			runtime.Gosched()
			n = runtime.NumGoroutine()
		}
		if n > before+1 {
			t.Errorf("%d goroutines wait, %d were before", n, before)
		}
		each := (inUse() - held) / lists
		if each > 1<<10 {
			t.Errorf("%d bytes for each target that waits", each)
		}
		t.Logf("%d goroutines at most, %d bytes for each target that waits", most-before, each)
		end()
	})
}

// The places are enough for the thousand lists of a country that are due every 30
// seconds: after the first round none waits for its turn.
func TestPlacesForACountry(t *testing.T) {
	const delay, interval = 200 * time.Millisecond, 30 * time.Second
	synctest.Test(t, func(t *testing.T) {
		c := newCountry(t, 1000, delay, interval)
		c.looks = make(map[string][]time.Time)
		end := c.run(t.Context())
		time.Sleep(5 * time.Minute)
		end()
		var late time.Duration
		want := around(interval)
		for path, at := range c.looks {
			if len(at) < 7 {
				t.Errorf("%s: %d looks", path, len(at))
			}
			for i := 1; i < len(at); i++ {
				gap := at[i].Sub(at[i-1]) - delay
				late = max(late, gap-want.most)
				if gap < want.least {
					t.Errorf("%s: looked after %v", path, gap)
				}
			}
		}
		if late > time.Second {
			t.Errorf("a list waited %v for its turn", late)
		}
	})
}

// Lists that come up while the node runs are asked for within their spread, evenly;
// those of the start, and whoever is hastened or refreshed, at once.
func TestSpread(t *testing.T) {
	const spread = 10 * time.Minute
	synctest.Test(t, func(t *testing.T) {
		c := newCountry(t, 1000, 0, 24*time.Hour)
		c.looks = make(map[string][]time.Time)
		for i := range c.targets {
			c.targets[i].Spread = spread
		}
		all, start := c.targets, time.Now()
		c.targets = all[:100]
		end := c.run(t.Context())
		defer end()
		time.Sleep(time.Hour)
		synctest.Wait()
		c.targets = all
		c.f.Sync()
		synctest.Wait()
		if looks, _ := c.seen(); looks != 100 {
			t.Fatalf("%d looks at once", looks)
		}
		c.f.Hasten(all[100].ID)
		synctest.Wait()
		if _, err := c.f.Refresh(t.Context(), all[101].Target.URL); err != nil {
			t.Error(err)
		}
		if _, err := c.f.RefreshID(t.Context(), all[102].ID); err != nil {
			t.Error(err)
		}
		if looks, _ := c.seen(); looks != 103 {
			t.Errorf("%d looks after three were asked for", looks)
		}
		time.Sleep(spread + time.Second)
		synctest.Wait()
		var after []time.Duration
		for i, target := range all {
			at := c.looks[target.Target.URL[len("https://status.example"):]]
			switch {
			case i < 100 && (len(at) != 1 || !at[0].Equal(start)):
				t.Errorf("a list of the start: looks at %v", at)
			case i >= 103 && len(at) != 1:
				t.Errorf("a list that came up: %d looks", len(at))
			case i >= 103:
				after = append(after, at[0].Sub(start.Add(time.Hour)))
			}
		}
		slices.Sort(after)
		for i, at := range after { // six standard deviations of an order statistic are a tenth
			if even := spread * time.Duration(i) / time.Duration(len(after)); at > spread || (at-even).Abs() > spread/10 {
				t.Fatalf("look %d of %d after %v", i, len(after), at)
			}
		}
	})
}

// A status list and a CRL, identifier list or aggregation wait for the anchors alike,
// have places apart from those of trust lists, and are named by their kind.
func TestKindsOfStatus(t *testing.T) {
	for kind, name := range map[artefact.Kind]string{
		artefact.Status: "status", artefact.IdentifierList: "status", artefact.CRL: "crl", artefact.Aggregation: "aggregation",
	} {
		inTown(t, func(w *town) {
			w.follow(kind, "first")
			w.follow(artefact.LoTE, "pid")
			w.origin.Change("/pid", func(d *cachetest.Document) { d.Delay = 5 * time.Second })
			w.run(time.Minute)
			w.firstLook("first", 5*time.Second)
			if got := nameOf(artefact.ID{Kind: kind, Name: "https://status.example/1"}); got != name {
				t.Errorf("%s is called %q", kind, got)
			}
			if w.f.poolOf(&following{target: target(kind, "x")}) != &w.f.statuses {
				t.Errorf("%s takes the places of trust lists", kind)
			}
		})
	}
}

// What it costs to wait, and to compare what is followed with what is to be.
func BenchmarkTwentyThousand(b *testing.B) {
	const lists = 20_000
	c := newCountry(b, lists, 0, 24*time.Hour)
	held := inUse()
	end := c.run(b.Context())
	for n := 0; n < lists; n, _ = c.seen() {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	each := float64(inUse()-held) / lists
	b.Run("sync", func(b *testing.B) {
		for b.Loop() {
			c.f.sync()
		}
	})
	b.Run("refresh", func(b *testing.B) {
		for b.Loop() {
			if c.f.withURL(c.targets[lists/2].Target.URL) == nil {
				b.Fatal("unknown")
			}
		}
		b.ReportMetric(each, "B/target")
	})
	end()
}
