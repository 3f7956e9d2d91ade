package origin

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/verify/reason"
)

var statusID = artefact.ID{Kind: artefact.Status, Name: "status"}

// good is served slowly enough for a herd to gather.
var good = cachetest.Document{Body: []byte("list"), Delay: time.Second}

// herd has a thousand ask for a list at once, and waits for all.
func (w *town) herd(want func(error) bool) {
	w.t.Helper()
	var wg sync.WaitGroup
	var bad atomic.Int64
	for range 1000 {
		wg.Go(func() {
			if _, err := w.f.RefreshID(w.t.Context(), statusID); !want(err) {
				bad.Add(1)
			}
		})
	}
	wg.Wait()
	if n := bad.Load(); n > 0 {
		w.t.Errorf("%d of a thousand were told otherwise", n)
	}
}

func isNil(err error) bool { return err == nil }

// A thousand that ask for one list together make one request, whether it is followed
// already, is to be, or is being looked at in its turn.
func TestRefreshIDOfAHerd(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "pid")
		w.run(time.Minute)
		w.follow(artefact.Status, "status")
		w.origin.Change("/status", func(d *cachetest.Document) { d.Delay = time.Second })
		w.herd(isNil) // before the Sync
		if at := w.looks("status"); len(at) != 1 || time.Since(w.start) != time.Minute+time.Second {
			t.Errorf("looks at %v, and %v later all had the answer", at, time.Since(w.start))
		}
		w.f.Sync()
		synctest.Wait()
		if n := len(w.looks("status")); n != 1 {
			t.Errorf("%d looks after the Sync", n)
		}
		w.herd(isNil)
		if n := len(w.looks("status")); n != 2 {
			t.Errorf("%d looks for two herds", n)
		}
		w.f.Hasten(statusID)
		synctest.Wait()
		w.herd(isNil)
		if n := len(w.looks("status")); n != 3 {
			t.Errorf("%d looks with one that was under way", n)
		}
		go func() { _, _ = w.f.Refresh(w.t.Context(), "https://lists.example/status") }()
		synctest.Wait()
		w.herd(isNil)
		if n := len(w.looks("status")); n != 4 {
			t.Errorf("%d looks with one of Refresh", n)
		}
		// The schedule goes on from the last look of its own.
		time.Sleep(3 * refresh)
		if n := len(w.looks("status")); n < 6 || n > 8 {
			t.Errorf("%d looks three hours later", n)
		}
	})
}

// What came to nothing is the answer for half a minute, and no longer; a word of the
// operator's, or another revision, ends it at once.
func TestRefreshIDRemembersAMiss(t *testing.T) {
	for name, c := range map[string]struct {
		fault cachetest.Document
		is    func(error) bool
	}{
		"failure": {cachetest.Document{Status: 503, RetryAfter: "3600"}, func(err error) bool {
			var fetch *FetchError
			return errors.As(err, &fetch)
		}},
		"refusal": {cachetest.Document{Body: []byte("bad")}, func(err error) bool { return reason.CodeOf(err) == reason.TrustListMalformed }},
	} {
		inTown(t, func(w *town) {
			w.follow(artefact.LoTE, "pid")
			w.run(time.Minute)
			w.follow(artefact.Status, "status")
			w.origin.Set("/status", c.fault)
			w.herd(c.is)
			w.origin.Set("/status", good)
			time.Sleep(missMemory - time.Nanosecond)
			w.herd(c.is)
			if n := len(w.looks("status")); n != 1 {
				t.Errorf("%s: %d looks while it is remembered", name, n)
			}
			time.Sleep(time.Nanosecond)
			w.herd(isNil)
			if n := len(w.looks("status")); n != 2 {
				t.Errorf("%s: %d looks when it is forgotten", name, n)
			}
			w.origin.Set("/status", c.fault)
			w.herd(c.is)
			w.origin.Set("/status", good)
			w.f.Hasten(statusID)
			w.herd(isNil)
			if n := len(w.looks("status")); n != 4 {
				t.Errorf("%s: %d looks after it was hastened", name, n)
			}
		})
	}
}

// A caller who goes away is answered at once, and the look goes on for the others;
// that a caller of Refresh went away is not the answer for others.
func TestRefreshIDLeftEarly(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.Status, "status")
		w.run(time.Minute)
		w.origin.Change("/status", func(d *cachetest.Document) { d.Delay = 10 * time.Second })
		soon := func() (context.Context, context.CancelFunc) { return context.WithTimeout(w.t.Context(), time.Second) }
		ctx, cancel := soon()
		defer cancel()
		start := time.Now()
		var fetch *FetchError
		if _, err := w.f.RefreshID(ctx, statusID); !errors.As(err, &fetch) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if out, err := w.f.RefreshID(w.t.Context(), statusID); err != nil || out.List != "status" || time.Since(start) != 10*time.Second {
			t.Errorf("%+v %v after %v", out, err, time.Since(start))
		}
		if n := len(w.looks("status")); n != 2 {
			t.Errorf("%d looks", n)
		}
		ctx, cancel = soon()
		defer cancel()
		go func() { _, _ = w.f.Refresh(ctx, "https://lists.example/status") }()
		synctest.Wait()
		w.herd(isNil)
		if n := len(w.looks("status")); n != 4 {
			t.Errorf("%d looks, one of which was left", n)
		}
	})
}

// What is not followed is unknown, at once; so is what is followed no more, also to
// those who wait. After the end nobody waits.
func TestRefreshIDUnknown(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "pid")
		w.run(time.Minute)
		unknown := func(err error) bool { return errors.Is(err, ErrUnknown) }
		w.herd(unknown)
		w.follow(artefact.Status, "status")
		w.origin.Set("/status", cachetest.Document{Fault: cachetest.Hang})
		time.AfterFunc(time.Second, func() {
			w.change("status", nil)
			w.f.Sync()
		})
		w.herd(unknown)
		if at := time.Since(w.start); at != time.Minute+time.Second {
			t.Errorf("told after %v", at)
		}
		w.follow(artefact.Status, "status")
		time.AfterFunc(time.Second, w.end)
		ended := func(err error) bool { return errors.Is(err, context.Canceled) }
		w.herd(ended)
		w.herd(ended)
	})
}

// Whoever asks before Run is answered when it begins, and those who ask by ID are
// served before the lists that wait for a place.
func TestRefreshIDFirst(t *testing.T) {
	inTown(t, func(w *town) {
		w.origin.Set("/slow", cachetest.Document{Body: []byte("list"), Delay: 10 * time.Second})
		for i := range 10 * MaxAtOnce {
			f := target(artefact.Status, string(rune('A'+i)))
			f.Target.URL = "https://lists.example/slow"
			w.targets = append(w.targets, f)
		}
		w.follow(artefact.Status, "status")
		early := make(chan error, 1)
		go func() { _, err := w.f.RefreshID(w.t.Context(), statusID); early <- err }()
		time.Sleep(time.Second)
		w.run(time.Second)
		if err := <-early; err != nil {
			t.Error(err)
		}
		w.firstLook("status", time.Second)
		w.origin.Set("/status", good)
		w.herd(isNil)
		if at := w.looks("status"); len(at) != 2 || at[1] != 11*time.Second {
			t.Errorf("looks at %v", at)
		}
	})
}

// A URL is found without asking for the Targets where it is followed, also when it
// changes hands.
func TestRefreshByURL(t *testing.T) {
	inTown(t, func(w *town) {
		asked := 0
		targets := w.f.Targets
		w.f.Targets = func() []Followed { asked++; return targets() }
		refresh := func(name, want string) {
			t.Helper()
			out, err := w.f.Refresh(w.t.Context(), "https://lists.example/"+name)
			if want == "" && !errors.Is(err, ErrUnknown) || want != "" && (err != nil || out.List != want) {
				t.Errorf("%s: %+v %v", name, out, err)
			}
		}
		w.follow(artefact.TL, "de", "fr")
		w.run(time.Minute)
		synctest.Wait()
		before := asked
		refresh("de", "de")
		refresh("fr", "fr")
		if asked != before {
			t.Errorf("asked for the targets %d times", asked-before)
		}
		w.origin.Set("/new", cachetest.Document{Body: []byte("list")})
		w.change("de", func(f *Followed) { f.Target.URL = "https://lists.example/new" })
		refresh("new", "de") // before the Sync
		refresh("de", "")
		w.change("fr", func(f *Followed) { f.Target.URL = "https://lists.example/de" })
		w.f.Sync()
		synctest.Wait()
		refresh("new", "de")
		refresh("de", "fr")
		w.change("de", func(f *Followed) { f.Target.URL = "https://lists.example/de" }) // one URL for two
		w.f.Sync()
		synctest.Wait()
		refresh("de", "fr")
		w.change("fr", nil)
		w.f.Sync()
		synctest.Wait()
		refresh("de", "de")
		refresh("fr", "")
	})
}

// Of a crowd that found nothing held, some ask only when the look that the others
// waited for is over: they share it, and the origin is asked once.
func TestRefreshSince(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.Status, "s")
		w.run(time.Minute)
		id := target(artefact.Status, "s").ID
		ask := func(since time.Time, want int) {
			t.Helper()
			if _, err := w.f.RefreshSince(w.t.Context(), id, since); err != nil {
				t.Error(err)
			}
			if n := len(w.looks("s")); n != want {
				t.Errorf("%d looks, want %d", n, want)
			}
		}
		lacked := time.Now()
		ask(lacked, 2)
		time.Sleep(time.Minute)
		ask(lacked, 2)
		ask(lacked.Add(time.Second), 3)
		ask(time.Time{}, 4)
		last := time.Now()
		w.f.Hasten(id)
		synctest.Wait()
		ask(last, 5)
	})
}

// A look that is asked for and a comparison of what is followed keep out of each
// other's way. For the race detector.
func TestRefreshWhileSyncing(t *testing.T) {
	c := newCountry(t, 50, 5*time.Millisecond, time.Hour)
	end := c.run(t.Context())
	defer end()
	over := make(chan struct{})
	go func() {
		for {
			select {
			case <-over:
				return
			default:
				c.f.Sync()
				runtime.Gosched()
			}
		}
	}()
	var wg sync.WaitGroup
	for i := range 3 * MaxAtOnce { // some have to wait for a place
		wg.Go(func() {
			for n := range 10 {
				if _, err := c.f.Refresh(t.Context(), c.targets[(n+i)%50].Target.URL); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(over)
}
