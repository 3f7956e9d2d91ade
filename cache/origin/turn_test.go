package origin

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// turns is what says whose turn it is.
type turns struct {
	wait  atomic.Int64 // a duration
	asked atomic.Int64
}

func (s *turns) turn() time.Duration {
	s.asked.Add(1)
	return time.Duration(s.wait.Load())
}

// leaves has a list's looks left to others for so long, until the turns say otherwise.
func (w *town) leaves(name string, d time.Duration) *turns {
	s := new(turns)
	s.wait.Store(int64(d))
	w.change(name, func(f *Followed) { f.Turn = s.turn })
	return s
}

// A look that is left to others does not happen, and its turn is asked for again after
// the time that was said, give or take the jitter; when it comes, the list is looked at,
// and asked for again when the next look is due.
func TestTurn(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "pid")
		s := w.leaves("pid", 10*time.Minute)
		w.run(2*time.Hour + time.Second)
		if n := len(w.looks("pid")); n != 0 {
			t.Fatalf("%d looks at a list that is left to others", n)
		}
		if n := s.asked.Load(); n < 1+120/12 || n > 1+120/8 {
			t.Errorf("asked %d times in two hours, every ten minutes", n)
		}
		s.wait.Store(0)
		time.Sleep(12 * time.Minute)
		if n := len(w.looks("pid")); n != 1 {
			t.Fatalf("%d looks when the turn has come", n)
		}
		s.wait.Store(int64(time.Hour))
		was := s.asked.Load()
		time.Sleep(48*time.Minute - 12*time.Minute - time.Second) // its look may have been as early as that
		if n := s.asked.Load(); n != was {
			t.Errorf("asked %d times before the next look was due", n-was)
		}
		time.Sleep(36*time.Minute + time.Second)
		if n := s.asked.Load(); n != was+1 || len(w.looks("pid")) != 1 {
			t.Errorf("asked %d times when it was due, %d looks", n-was, len(w.looks("pid")))
		}
	})
}

// A wait of nearly nothing is no busy loop.
func TestTurnShort(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "pid")
		s := w.leaves("pid", time.Nanosecond)
		w.run(time.Minute)
		if n := s.asked.Load(); n > int64(time.Minute/minLeft)+1 {
			t.Errorf("asked %d times in a minute", n)
		}
	})
}

// Whoever waits for its turn is asked again when the others have changed, and nobody
// else is.
func TestReconsider(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "left", "mine", "plain")
		left, mine := w.leaves("left", 24*time.Hour), w.leaves("mine", 0)
		w.f.Reconsider() // before Run
		w.run(time.Minute)
		left.wait.Store(0)
		mine.wait.Store(int64(24 * time.Hour))
		time.Sleep(time.Second)
		if n := len(w.looks("left")); n != 0 {
			t.Fatalf("%d looks before anybody said that the others have changed", n)
		}
		w.f.Reconsider()
		synctest.Wait()
		w.firstLook("left", time.Minute+time.Second)
		if n := mine.asked.Load(); n != 1 {
			t.Errorf("a list whose look is not due was asked %d times", n)
		}
		if a, b := len(w.looks("mine")), len(w.looks("plain")); a != 1 || b != 1 {
			t.Errorf("%d and %d looks at the others", a, b)
		}
		w.end()
		w.f.Reconsider() // after Run
	})
}

// While thousands of lists are asked whose turn it is, each of which takes a while, others
// go on: nobody waits for all of them.
func TestReconsiderHoldsUpNobody(t *testing.T) {
	const lists = 2000
	c := newCountry(t, lists, 0, time.Hour)
	var asked atomic.Int64
	for i := range c.targets {
		c.targets[i].Turn = func() time.Duration {
			asked.Add(1)
			time.Sleep(100 * time.Microsecond)
			return time.Hour
		}
	}
	end := c.run(t.Context())
	defer end()
	until := func(n int64) {
		for asked.Load() < n {
			time.Sleep(time.Millisecond)
		}
	}
	until(lists)
	c.f.Reconsider()
	until(lists + 10)
	c.f.Hasten(artefact.ID{Kind: artefact.Status, Name: "nobody's"})
	if n := asked.Load() - lists; n > lists/2 {
		t.Errorf("%d of %d lists were asked before somebody else's turn came", n, lists)
	}
}

// What is asked for out of turn is looked at at once, whoever's turn it is.
func TestOutOfTurn(t *testing.T) {
	id := artefact.ID{Kind: artefact.LoTE, Name: "pid"}
	for name, act := range map[string]func(w *town) error{
		"refresh": func(w *town) error {
			_, err := w.f.Refresh(w.t.Context(), "https://lists.example/pid")
			return err
		},
		"refresh by id": func(w *town) error { _, err := w.f.RefreshID(w.t.Context(), id); return err },
		"refresh since": func(w *town) error { _, err := w.f.RefreshSince(w.t.Context(), id, time.Now()); return err },
		"hasten":        func(w *town) error { w.f.Hasten(id); return nil },
		"revision": func(w *town) error {
			w.change("pid", func(f *Followed) { f.Revision = "2" })
			w.f.Sync()
			return nil
		},
	} {
		inTown(t, func(w *town) {
			w.follow(artefact.LoTE, "pid")
			s := w.leaves("pid", time.Hour)
			w.run(time.Minute)
			if err := act(w); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			synctest.Wait()
			w.firstLook("pid", time.Minute)
			time.Sleep(24 * time.Hour)
			if n := len(w.looks("pid")); n != 1 || s.asked.Load() < 20 {
				t.Errorf("%s: %d looks in a day, asked %d times", name, n, s.asked.Load())
			}
		})
	}
}

// Lists that are left to others do not keep those of the later stages waiting.
func TestTurnHoldsUpNoStage(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LOTL, "lotl")
		w.follow(artefact.TL, "de")
		w.follow(artefact.Status, "status")
		w.leaves("lotl", time.Hour)
		w.leaves("de", time.Hour)
		w.run(time.Second)
		w.firstLook("status", 0)
	})
}

// To leave a look to others is neither a failure nor an outage, and what was one before
// does not make the next try later.
func TestTurnIsNoFailure(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.LoTE, "pid")
		w.origin.Set("/pid", cachetest.Document{Status: 500})
		s := w.leaves("pid", 0)
		w.run(time.Second / 2)
		s.wait.Store(int64(time.Minute))
		time.Sleep(2 * time.Hour)
		failed := strings.Count(w.events(), "failed pid")
		if n := len(w.looks("pid")); n != failed || n == 0 || n > 3 {
			t.Fatalf("%d looks, %d failures", n, failed)
		}
		w.origin.Set("/pid", cachetest.Document{Body: []byte("list")})
		s.wait.Store(0)
		w.f.Reconsider()
		synctest.Wait()
		if at := w.looks("pid"); at[len(at)-1] != 2*time.Hour+time.Second/2 {
			t.Errorf("looks at %v", at)
		}
	})
}

// A list whose turn has come and that waits for a place, or for its host, is not asked
// again: what it was told counts for one look.
func TestTurnKept(t *testing.T) {
	inTown(t, func(w *town) {
		var all []*turns
		for _, name := range uriNames(2 * MaxAtOnce) {
			w.follow(artefact.Status, name)
			w.origin.Change("/"+name, func(d *cachetest.Document) { d.Delay = time.Second })
			all = append(all, w.leaves(name, 0))
		}
		w.run(time.Minute)
		for i, s := range all {
			if n := s.asked.Load(); n != 1 {
				t.Errorf("list %d was asked %d times for its first look", i, n)
			}
		}
	})
}

func uriNames(n int) (names []string) {
	for i := range n {
		names = append(names, "status-"+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	return names
}

// Every look that ended well is told of with what is held after it, and no other.
func TestLooked(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		var seen []artefact.Ref
		l.f.Looked = func(id artefact.ID, held artefact.Ref) {
			if id.Name == "pid" {
				seen = append(seen, held)
			}
		}
		digest := func() artefact.Digest {
			return l.store.HeldRefs(artefact.ID{Kind: artefact.LoTE, Name: "pid"})[0].Digest
		}
		var first, second artefact.Digest
		go func() {
			time.Sleep(150 * time.Minute) // two looks, the second of which finds nothing new
			first = digest()
			l.serveList(2)
			time.Sleep(150 * time.Minute)
			second = digest()
			l.origin.Set("/pid", cachetest.Document{Status: 500})
			time.Sleep(150 * time.Minute)
			l.origin.Set("/pid", cachetest.Document{Body: []byte("x")})
		}()
		l.follow(600 * time.Minute)
		outcomes := l.outcomes("pid")
		var want []artefact.Digest
		for i, o := range outcomes {
			switch {
			case o != "ok" && o != "not_modified":
			case o == "ok" && i > 0, len(want) > 0 && want[len(want)-1] == second:
				want = append(want, second)
			default:
				want = append(want, first)
			}
		}
		if got := digests(seen); !slices.Equal(got, want) || len(want) < 4 || !slices.Contains(outcomes, "failed") || !slices.Contains(outcomes, "refused") {
			t.Errorf("told of %d looks, want %d: %v", len(got), len(want), outcomes)
		}
	})
}

func digests(refs []artefact.Ref) (list []artefact.Digest) {
	for _, r := range refs {
		list = append(list, r.Digest)
	}
	return list
}

// A version that came from a peer since the last look is asked for anew: what the origin
// said of another one says nothing of this. If the origin has it not, nobody is told that
// it has. The same bytes from a peer change nothing.
func TestPeersVersionIsLookedAtWhole(t *testing.T) {
	for _, c := range []struct {
		newer, published bool
		answer, told     int
	}{
		{newer: false, published: true, answer: 304, told: 2},
		{newer: true, published: true, answer: 200, told: 2},
		{newer: true, published: false, answer: 200, told: 1},
	} {
		inLab(t, func(t *testing.T, l *lab) {
			seq := uint64(1)
			if c.newer {
				seq = 2
			}
			var told []artefact.Ref
			l.f.Looked = func(id artefact.ID, held artefact.Ref) {
				if id.Name == "pid" {
					told = append(told, held)
				}
			}
			l.f.Targets = func() []Followed {
				f := l.follows()
				return f[1:]
			}
			go func() {
				time.Sleep(10 * time.Minute)
				b, err := l.LoTE("pid", verifytest.ListOptions{Sequence: seq})
				if err != nil {
					t.Error(err)
				}
				if !c.newer {
					l.origin.Change("/pid", func(d *cachetest.Document) { b = d.Body })
				}
				if _, err := l.store.Admit(artefact.Raw{ID: artefact.ID{Kind: artefact.LoTE, Name: "pid"}, Door: artefact.Peer, From: "b", Bytes: b, At: time.Now()}); err != nil {
					t.Error(err)
				}
				if c.newer && c.published {
					l.origin.Set("/pid", cachetest.Document{Body: b})
				}
			}()
			l.follow(80 * time.Minute)
			r := l.origin.Requests("/pid")
			if len(r) < 2 || r[1].Status != c.answer { // and then, of what is older, more
				t.Fatalf("%+v: %d looks, the second answered otherwise", c, len(r))
			}
			if len(told) != c.told || c.told == 2 && told[1].Version != seq {
				t.Errorf("%+v: told of %+v", c, told)
			}
			if out := l.store.Lists(time.Now())[0]; out.Ref.Version != seq || out.From == "" == c.newer {
				t.Errorf("%+v: version %d from %q", c, out.Ref.Version, out.From)
			}
		})
	}
}
