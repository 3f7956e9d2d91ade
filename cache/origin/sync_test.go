package origin

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// Lists come and go while others are followed: a new one is looked at at once, one
// that is gone never again, and nobody else notices.
func TestSync(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "stays", "goes")
		w.run(time.Minute)
		w.follow(artefact.TL, "comes")
		w.change("goes", nil)
		w.f.Sync()
		time.Sleep(6 * time.Hour)
		w.firstLook("comes", time.Minute)
		if n := len(w.looks("comes")); n < 5 {
			t.Errorf("%d looks at a list that came later", n)
		}
		if n := len(w.looks("goes")); n != 1 {
			t.Errorf("%d looks at a list that is gone", n)
		}
		gone := len(w.looks("stays"))
		if gone < 5 || gone > 9 {
			t.Errorf("%d looks at a list that stays", gone)
		}
		// It comes back: what the store holds of it says whether it is news.
		w.follow(artefact.LoTE, "goes")
		w.f.Sync()
		synctest.Wait()
		if r := w.origin.Requests("/goes"); len(r) != 2 || r[1].Status != 304 {
			t.Errorf("back again: %d looks", len(r))
		}
	})
}

// A Sync that changes nothing makes no request, and none waits.
func TestSyncIsIdle(t *testing.T) {
	inTown(t, func(w *town) {
		w.f.Sync() // before Run
		w.follow(artefact.LoTE, "pid")
		w.run(time.Second)
		for range 1000 {
			w.f.Sync()
		}
		synctest.Wait()
		if n := len(w.looks("pid")); n != 1 {
			t.Errorf("%d looks", n)
		}
		w.end()
		w.f.Sync() // after Run
	})
}

// What is demanded of a list has changed: it is fetched anew at once, whole, since
// bytes that were good may be so no more. A back-off does not hold that up.
func TestSyncChanged(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Followed)
		path   string
	}{
		"revision": {func(f *Followed) { f.Revision = "2" }, "/de"},
		"url":      {func(f *Followed) { f.Target.URL = "https://new.example/de-v6" }, "/de-v6"},
	} {
		for _, doc := range []cachetest.Document{{Body: []byte("list")}, {Status: 500}, {Body: []byte("bad")}} {
			inTown(t, func(w *town) {
				w.follow(artefact.TL, "de", "fr")
				w.origin.SetAll(doc, "/de", "/de-v6")
				w.run(50 * time.Minute)
				before := len(w.origin.Requests(c.path))
				w.change("de", c.change)
				w.f.Sync()
				synctest.Wait()
				after := w.origin.Requests(c.path)
				if len(after) != before+1 || after[before].Header.Get("If-None-Match") != "" {
					t.Errorf("%s, %+v: %d looks, then %d", name, doc, before, len(after))
				}
				time.Sleep(firstRetry)
				if n := len(w.origin.Requests(c.path)); doc.Status == 500 && n < before+2 {
					t.Errorf("%s: the back-off of what was before goes on", name)
				}
				if n := len(w.looks("fr")); n > 2 {
					t.Errorf("%d looks at another list", n)
				}
			})
		}
	}
}

// A target that is hastened is looked at at once, whatever became of its last look,
// and no other is.
func TestHasten(t *testing.T) {
	for _, doc := range []cachetest.Document{{Body: []byte("list")}, {Status: 500}, {Body: []byte("bad")}} {
		inTown(t, func(w *town) {
			w.f.Hasten(artefact.ID{Kind: artefact.TL, Name: "de"}) // nothing is followed yet
			w.follow(artefact.TL, "de", "fr")
			w.origin.Set("/de", doc)
			w.run(50 * time.Minute)
			de, fr := len(w.looks("de")), len(w.looks("fr"))
			w.f.Hasten(artefact.ID{Kind: artefact.TL, Name: "de"})
			w.f.Hasten(artefact.ID{Kind: artefact.TL, Name: "nobodys"})
			synctest.Wait()
			if n := len(w.looks("de")); n != de+1 {
				t.Errorf("%+v: %d looks, then %d", doc, de, n)
			}
			if n := len(w.looks("fr")); n != fr {
				t.Errorf("%+v: another list was looked at", doc)
			}
		})
	}
}

// A list that changes while it is being looked at is looked at once more.
func TestSyncChangedDuringALook(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.TL, "de")
		w.origin.Change("/de", func(d *cachetest.Document) { d.Delay = 10 * time.Second })
		w.run(5 * time.Second)
		w.change("de", func(f *Followed) { f.Revision = "2" })
		w.f.Sync()
		time.Sleep(20 * time.Second)
		if at := w.looks("de"); len(at) != 2 || at[1] != 10*time.Second {
			t.Errorf("looks at %v", at)
		}
		if r := w.origin.Requests("/de")[1]; r.Header.Get("If-None-Match") != "" {
			t.Error("the second look was conditional on what came under the first revision")
		}
	})
}

// A look at a list that is gone ends, and tells nobody.
func TestSyncEndsALook(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.TL, "de")
		w.origin.Set("/de", cachetest.Document{Fault: cachetest.Hang})
		w.run(time.Second)
		w.change("de", nil)
		w.f.Sync()
		synctest.Wait()
		w.origin.Set("/fr", cachetest.Document{Body: []byte("list")})
		if got := w.events(); got != "[]" {
			t.Errorf("events %s", got)
		}
		if n := w.origin.MostAtOnce(); n != 1 {
			t.Errorf("%d requests at once", n)
		}
	})
}

// The national lists that a list of lists names are looked at as soon as it is
// admitted, and status lists after them.
func TestStages(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.Status, "status")
		w.follow(artefact.VICAL, "vical")
		w.follow(artefact.LOTL, "lotl")
		for name, delay := range map[string]time.Duration{"lotl": 5 * time.Second, "vical": time.Second, "de": 3 * time.Second, "fr": 7 * time.Second} {
			w.origin.Set("/"+name, cachetest.Document{Body: []byte("list"), Delay: delay})
		}
		w.shelf.onTake = func(id artefact.ID) {
			if id.Kind == artefact.LOTL {
				w.follow(artefact.TL, "de", "fr")
				w.f.Sync()
			}
		}
		w.run(30 * time.Second)
		w.firstLook("lotl", 0)
		for _, name := range []string{"vical", "de", "fr"} {
			w.firstLook(name, 5*time.Second)
		}
		w.firstLook("status", 12*time.Second)
	})
}

// A stage waits for one that hangs as long as a fetch may take, no longer, however
// many retries it makes; within a stage nobody waits.
func TestStagesArePatientWithinLimits(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LOTL, "lotl", "other-lotl")
		w.follow(artefact.TL, "de", "fr")
		w.follow(artefact.Status, "status")
		w.origin.Set("/lotl", cachetest.Document{Fault: cachetest.Hang})
		w.origin.Set("/de", cachetest.Document{Fault: cachetest.Hang})
		w.run(5 * time.Minute)
		w.firstLook("other-lotl", 0)
		w.firstLook("de", Timeout)
		w.firstLook("fr", Timeout)
		w.firstLook("status", 2*Timeout)
	})
	inTown(t, func(w *town) { // a look that is no fetch: pivot after pivot
		w.follow(artefact.LOTL, "lotl")
		w.follow(artefact.LoTE, "pid")
		w.origin.Set("/lotl", cachetest.Document{Body: []byte("needs pivot-9")})
		w.change("lotl", func(f *Followed) {
			f.Pivots = func() (pivots []Followed) {
				for i := range 9 {
					p := target(artefact.Pivot, fmt.Sprintf("pivot-%d", i))
					w.origin.Set("/"+p.ID.Name, cachetest.Document{Body: []byte("pivot"), Delay: 20 * time.Second})
					pivots = append(pivots, p)
				}
				return pivots
			}
		})
		w.run(5 * time.Minute)
		w.firstLook("pid", patience)
	})
}

// One origin that hangs, or sixteen, hold up no list for longer than a fetch may
// take; no more than MaxAtOnce are asked at a time, and status lists have places of
// their own.
func TestHangingOrigins(t *testing.T) {
	for _, hanging := range []int{1, MaxAtOnce - 1, MaxAtOnce, 3 * MaxAtOnce} {
		inTown(t, func(w *town) {
			w.origin.Set("/hang", cachetest.Document{Fault: cachetest.Hang})
			for i := range hanging {
				f := target(artefact.TL, fmt.Sprintf("hanging-%d", i))
				f.Target.URL = "https://lists.example/hang"
				w.targets = append(w.targets, f)
			}
			for i := range 20 {
				w.follow(artefact.TL, fmt.Sprintf("good-%d", i))
			}
			w.follow(artefact.Status, "status")
			w.run(10 * time.Minute)
			rounds := time.Duration(hanging / MaxAtOnce)
			for i := range 20 {
				if at := w.looks(fmt.Sprintf("good-%d", i)); len(at) == 0 || at[0] > rounds*Timeout {
					t.Errorf("%d hang: a good list was looked at at %v", hanging, at)
				}
			}
			w.firstLook("status", patience)
			if n := w.origin.MostAtOnce(); n != min(hanging, MaxAtOnce) {
				t.Errorf("%d hang: %d requests at once", hanging, n)
			}
		})
	}
}

// Status lists that hang, any number, take no place from a trust list.
func TestHangingStatusLists(t *testing.T) {
	inTown(t, func(w *town) {
		w.origin.Set("/hang", cachetest.Document{Fault: cachetest.Hang})
		for i := range 200 {
			f := target(artefact.Status, fmt.Sprintf("hanging-%d", i))
			f.Target.URL = "https://lists.example/hang"
			w.targets = append(w.targets, f)
		}
		w.run(time.Minute)
		w.follow(artefact.LoTE, "pid")
		w.f.Sync()
		time.Sleep(time.Second)
		w.firstLook("pid", time.Minute)
	})
}

// A list that was learnt while the node runs can be refreshed by hand, before its
// turn has come, too.
func TestRefreshLearnt(t *testing.T) {
	inTown(t, func(w *town) {
		const url = "https://lists.example/de"
		w.follow(artefact.LOTL, "lotl")
		w.run(time.Minute)
		if _, err := w.f.Refresh(w.t.Context(), url); !errors.Is(err, ErrUnknown) {
			t.Errorf("before it is known: %v", err)
		}
		w.follow(artefact.TL, "de")
		for range 2 { // before the Sync, and after
			if out, err := w.f.Refresh(w.t.Context(), url); err != nil || out.List != "de" {
				t.Errorf("%+v %v", out, err)
			}
			w.f.Sync()
			synctest.Wait()
		}
		if got, want := w.events(), "[admitted lotl admitted de looked de looked de]"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		w.change("de", nil)
		w.f.Sync()
		synctest.Wait()
		if _, err := w.f.Refresh(w.t.Context(), url); !errors.Is(err, ErrUnknown) {
			t.Errorf("gone: %v", err)
		}
	})
}

// A caller of Refresh who goes away is no failure of the origin.
func TestRefreshCancelled(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "pid")
		w.origin.Set("/pid", cachetest.Document{Fault: cachetest.Hang})
		ctx, cancel := context.WithCancel(w.t.Context())
		time.AfterFunc(time.Second, cancel)
		var fe *FetchError
		if _, err := w.f.Refresh(ctx, "https://lists.example/pid"); !errors.As(err, &fe) || !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if got := w.events(); got != "[]" {
			t.Errorf("events %s", got)
		}
	})
}

// A list comes up, and somebody waits for it, while a Sync is under way that has not
// heard of it yet: it is looked at all the same, and once.
func TestSyncDoesNotDropWhatCameMeanwhile(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.Status, "old")
		id := target(artefact.Status, "new").ID
		var armed atomic.Bool
		answer := make(chan error, 1)
		w.f.Targets = func() []Followed {
			before := w.follows()
			if armed.CompareAndSwap(true, false) {
				w.follow(artefact.Status, "new")
				go func() { _, err := w.f.RefreshID(w.t.Context(), id); answer <- err }()
				synctest.Wait()
			}
			return before
		}
		w.run(time.Minute)
		armed.Store(true)
		w.f.Sync()
		time.Sleep(time.Second)
		w.f.Sync() // as the store's word that there is more to follow has it
		time.Sleep(time.Minute)
		select {
		case err := <-answer:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Error("no answer")
		}
		if n := len(w.looks("new")); n != 1 {
			t.Errorf("%d looks", n)
		}
	})
}
