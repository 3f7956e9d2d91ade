package origin

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// shelf is a store that takes every list, for tests of when and where lists are
// fetched rather than of what they hold. Bytes that begin with "bad" are refused,
// "needs NAME" until a pivot of that name was admitted, and "signed" until the signer is
// known.
type shelf struct {
	mu     sync.Mutex
	events []string // "admitted pid", …, in order
	held   map[string]bool
	notes  map[artefact.ID]string
	signer bool                 // is known
	onTake func(id artefact.ID) // called for what was admitted, outside of locks
}

func (s *shelf) note(what string, id artefact.ID) {
	s.events = append(s.events, what+" "+id.Name)
}

func (s *shelf) Admit(raw artefact.Raw) (cache.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(string(raw.Bytes), "bad") {
		s.note("refused", raw.ID)
		return cache.Outcome{}, reason.Refuse(reason.TrustListMalformed, "bad")
	}
	if name, needs := strings.CutPrefix(string(raw.Bytes), "needs "); needs && !s.held[name] {
		s.note("broken", raw.ID)
		return cache.Outcome{}, reason.Refuse(reason.TrustListPivotBroken, "a pivot is missing")
	}
	if strings.HasPrefix(string(raw.Bytes), "signed") && !s.signer {
		s.note("unsigned", raw.ID)
		return cache.Outcome{}, reason.Refuse(reason.StatusSignerUntrusted, "who signed it is not known")
	}
	s.held[raw.ID.Name] = true
	s.notes[raw.ID] = raw.Note
	s.note("admitted", raw.ID)
	if s.onTake != nil {
		s.mu.Unlock()
		s.onTake(raw.ID)
		s.mu.Lock()
	}
	return cache.Outcome{List: raw.ID.Name}, nil
}

func (s *shelf) Looked(id artefact.ID, _ time.Time) cache.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note("looked", id)
	return cache.Outcome{List: id.Name, Unchanged: true}
}

func (s *shelf) Failed(id artefact.ID, _ time.Time, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note("failed", id)
}

func (s *shelf) Note(id artefact.ID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.notes[id]
}

// town is a follower of any number of lists, in a bubble. A list's path at the
// origin is its name.
type town struct {
	t      *testing.T
	origin *cachetest.Origin
	shelf  *shelf
	f      *Follower
	start  time.Time
	end    func() // of the follower; returns when it is over

	mu      sync.Mutex
	targets []Followed
}

func inTown(t *testing.T, test func(*town)) {
	synctest.Test(t, func(t *testing.T) {
		w := &town{t: t, origin: &cachetest.Origin{}, shelf: &shelf{held: make(map[string]bool), notes: make(map[artefact.ID]string)}, start: time.Now(), end: func() {}}
		w.f = &Follower{Store: w.shelf, Fetcher: socketless(t, w.origin), Targets: w.follows, Logger: slog.New(slog.DiscardHandler)}
		defer func() { w.end() }()
		test(w)
	})
}

func (w *town) follows() []Followed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.targets)
}

// follow has lists of a kind followed, hourly, and served unless they are already.
func (w *town) follow(kind artefact.Kind, names ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range names {
		w.targets = append(w.targets, target(kind, name))
		w.origin.Change("/"+name, func(d *cachetest.Document) {
			if d.Body == nil {
				d.Body = []byte("list " + name)
			}
		})
	}
}

func target(kind artefact.Kind, name string) Followed {
	return Followed{
		ID: artefact.ID{Kind: kind, Name: name}, Door: artefact.Origin,
		Target: Target{URL: "https://lists.example/" + name, Max: 1000},
		Next:   func(cache.Outcome) time.Duration { return refresh },
	}
}

// change alters how a list is followed; nil: it is followed no more.
func (w *town) change(name string, change func(*Followed)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.targets, func(f Followed) bool { return f.ID.Name == name })
	if change == nil {
		w.targets = slices.Delete(w.targets, i, i+1)
		return
	}
	change(&w.targets[i])
}

// run begins to follow, and lets time pass.
func (w *town) run(d time.Duration) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.f.Run(ctx) }()
	w.end = func() { cancel(); <-done }
	time.Sleep(d)
}

// looks are when a list was asked for, since the start.
func (w *town) looks(name string) (at []time.Duration) {
	for _, r := range w.origin.Requests("/" + name) {
		at = append(at, r.At.Sub(w.start))
	}
	return at
}

// firstLook wants a list to have been asked for first at some time.
func (w *town) firstLook(name string, want time.Duration) {
	w.t.Helper()
	if at := w.looks(name); len(at) == 0 || at[0] != want {
		w.t.Errorf("%s: looks at %v, want the first at %v", name, at, want)
	}
}

func (w *town) events() string {
	w.shelf.mu.Lock()
	defer w.shelf.mu.Unlock()
	return fmt.Sprint(w.shelf.events)
}
