package origin

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// A host with hundreds of lists that hangs keeps nobody else's from their turn, also
// when lists of its come and go; and when it is well again, all of its are fetched.
func TestShareOfAHost(t *testing.T) {
	inTown(t, func(w *town) {
		w.origin.Set("/hang", cachetest.Document{Fault: cachetest.Hang})
		for i := range 300 {
			f := target(artefact.Status, fmt.Sprintf("hangs-%d", i))
			f.Target.URL = "https://hangs.example/hang"
			w.targets = append(w.targets, f)
		}
		w.follow(artefact.Status, "good")
		w.change("good", func(f *Followed) { f.Next = func(cache.Outcome) time.Duration { return time.Minute } })
		w.run(10 * time.Minute)
		for i := range 100 {
			w.change(fmt.Sprintf("hangs-%d", i), nil)
		}
		w.f.Sync()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		at := w.looks("good")
		for i := 1; i < len(at); i++ {
			if !around(time.Minute).holds(at[i] - at[i-1]) {
				t.Errorf("a good list waited %v", at[i]-at[i-1])
			}
		}
		if len(at) < 15 {
			t.Errorf("%d looks at a good list", len(at))
		}
		if n := w.origin.MostAtOnce(); n != maxPerHost {
			t.Errorf("%d looks at a host at once", n)
		}
		w.origin.Set("/hang", cachetest.Document{Body: []byte("list")})
		time.Sleep(10 * time.Minute)
		for i := 100; i < 300; i++ {
			if id := (artefact.ID{Kind: artefact.Status, Name: fmt.Sprintf("hangs-%d", i)}); w.shelf.Note(id) == "" {
				t.Errorf("%s was not fetched when its host was well", id.Name)
			}
		}
	})
}

// Lists that are dropped while they wait for their host leave none behind.
func TestShareAfterASync(t *testing.T) {
	inTown(t, func(w *town) {
		w.origin.Set("/hang", cachetest.Document{Fault: cachetest.Hang})
		for i := range 3 * maxPerHost {
			f := target(artefact.Status, fmt.Sprintf("hangs-%d", i))
			f.Target.URL = "https://lists.example/hang"
			w.targets = append(w.targets, f)
		}
		w.follow(artefact.Status, "last")
		w.run(time.Second)
		for i := range 3 * maxPerHost {
			w.change(fmt.Sprintf("hangs-%d", i), nil)
		}
		w.f.Sync()
		synctest.Wait()
		if at := w.looks("last"); len(at) != 1 || at[0] > time.Second {
			t.Errorf("looks at %v", at)
		}
	})
}
