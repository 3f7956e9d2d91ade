package origin

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// inChain runs a test in which a LOTL needs pivots, each of which needs the one
// before it. The LOTL is told of those that are not held.
func inChain(t *testing.T, length int, test func(w *town, names []string)) {
	inTown(t, func(w *town) {
		names := make([]string, length)
		for i := range names {
			names[i] = fmt.Sprintf("pivot-%d", i)
			body := "pivot"
			if i > 0 {
				body = "needs " + names[i-1]
			}
			w.origin.Set("/"+names[i], cachetest.Document{Body: []byte(body)})
		}
		w.follow(artefact.LOTL, "lotl")
		w.origin.Set("/lotl", cachetest.Document{Body: []byte("needs " + names[length-1])})
		w.change("lotl", func(f *Followed) {
			f.Pivots = func() (missing []Followed) {
				for _, name := range names {
					w.shelf.mu.Lock()
					held := w.shelf.held[name]
					w.shelf.mu.Unlock()
					if !held {
						missing = append(missing, target(artefact.Pivot, name))
					}
				}
				return missing
			}
		})
		test(w, names)
	})
}

// A list that is refused for the want of pivots gets them, oldest first, and is
// admitted in the same look, from the same bytes.
func TestPivots(t *testing.T) {
	inChain(t, 3, func(w *town, _ []string) {
		w.run(30 * time.Minute)
		if got, want := w.events(), "[broken lotl admitted pivot-0 admitted pivot-1 admitted pivot-2 admitted lotl]"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		if n := len(w.looks("lotl")); n != 1 {
			t.Errorf("the list was fetched %d times", n)
		}
	})
}

// The first pivot that is not to be had, or that is refused, ends the look. A pivot
// that cannot be fetched is a failure like any other, and tried again soon.
func TestPivotsFail(t *testing.T) {
	inChain(t, 3, func(w *town, names []string) {
		w.origin.Set("/"+names[1], cachetest.Document{Status: 500})
		w.run(0)
		synctest.Wait()
		if got, want := w.events(), "[broken lotl admitted pivot-0 failed lotl]"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		w.origin.Set("/"+names[1], cachetest.Document{Body: []byte("pivot")})
		time.Sleep(firstRetry)
		if got := w.events(); !strings.HasSuffix(got, "broken lotl admitted pivot-1 admitted pivot-2 admitted lotl]") {
			t.Errorf("events %s", got)
		}
		if n := len(w.looks(names[0])); n != 1 {
			t.Errorf("a pivot that is held was fetched %d times", n)
		}
	})
	inChain(t, 3, func(w *town, names []string) {
		w.origin.Set("/"+names[1], cachetest.Document{Body: []byte("bad")})
		_, err := w.f.Refresh(w.t.Context(), "https://lists.example/lotl")
		if got, want := w.events(), "[broken lotl admitted pivot-0 refused pivot-1]"; got != want || reason.CodeOf(err) != reason.TrustListMalformed {
			t.Errorf("events %s, want %s; %v", got, want, err)
		}
	})
}

// No look fetches more than MaxPivots; the next one goes on.
func TestPivotsAreBounded(t *testing.T) {
	inChain(t, MaxPivots+5, func(w *town, names []string) {
		const url = "https://lists.example/lotl"
		if _, err := w.f.Refresh(w.t.Context(), url); reason.CodeOf(err) != reason.TrustListPivotBroken {
			t.Errorf("first look: %v", err)
		}
		if n := len(w.origin.Requests("")); n != 1+MaxPivots {
			t.Errorf("%d requests", n)
		}
		if _, err := w.f.Refresh(w.t.Context(), url); err != nil {
			t.Errorf("second look: %v", err)
		}
		if n := len(w.origin.Requests("")); n != 2+len(names) {
			t.Errorf("%d requests", n)
		}
	})
}

// A list that has no pivots to ask for, or that is refused for another reason, is
// refused.
func TestNoPivots(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		pivots func() []Followed
		want   string
	}{
		"none are known":  {"needs another", func() []Followed { return nil }, "[broken lotl]"},
		"it is no LOTL":   {"needs another", nil, "[broken lotl]"},
		"another refusal": {"bad", func() []Followed { t.Error("asked for pivots"); return nil }, "[refused lotl]"},
	} {
		inTown(t, func(w *town) {
			w.follow(artefact.LOTL, "lotl")
			w.origin.Set("/lotl", cachetest.Document{Body: []byte(c.body)})
			w.change("lotl", func(f *Followed) { f.Pivots = c.pivots })
			if _, err := w.f.Refresh(w.t.Context(), "https://lists.example/lotl"); reason.CodeOf(err) == "" {
				t.Errorf("%s: %v", name, err)
			}
			if got := w.events(); got != c.want {
				t.Errorf("%s: events %s, want %s", name, got, c.want)
			}
		})
	}
}
