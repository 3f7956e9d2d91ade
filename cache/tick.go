package cache

import (
	"time"

	"github.com/edgetrust/edgetrust/verify"
)

// Tick tells of lists that have become stale or expired since the last call, ends
// holds that have passed, tells when a version has soaked, and tries a disk again that failed. It is called every
// few seconds; nothing that a verification says depends on it.
func (s *Store) Tick(now time.Time) {
	s.mu.Lock()
	s.clock.Store(max(s.clock.Load(), s.second(now)))
	v := s.view.Load()
	s.alarmHardlyUsed(now)
	for _, l := range v.trust.lists {
		s.tick(s.lists[l.Name], l, v, now)
	}
	if s.broken != nil {
		s.changed()
	}
	if bad := !v.ClockTrusted(now); bad != s.clockBad {
		if s.clockBad = bad; bad {
			s.announce(Event{Type: ClockBad, Detail: "the clock is behind a signed issue time, or it jumped: set it and restart the node"})
			s.log.Error("the clock cannot be right: every answer is indeterminate", "now", now.Round(0), "newest_signed", v.floor)
		}
	}
	s.mu.Unlock()
	s.settle()
}

// second counts the seconds since the store's start, from one.
func (s *Store) second(at time.Time) uint64 { return uint64(max(0, at.Sub(s.start))/time.Second) + 1 }

// tick is Tick for one list, which stands as l in the View v. The caller holds mu.
func (s *Store) tick(h *heldList, l *verify.List, v *View, now time.Time) {
	state := l.StateAt(now)
	if e, ok := stateEvent(h.told, state); ok {
		why := h.why(l, v, now)
		s.announce(Event{Type: e, List: l.Name, Detail: why})
		s.log.Warn("list is "+string(state), "list", l.Name, "why", why)
	}
	h.told = state
	if h.list != nil && !h.soaks && now.Before(h.soaked) || h.soaks && !now.Before(h.soaked) {
		h.soaks, s.sharing = !h.soaks, true
		s.changed()
	}
	if h.previous != nil && !h.held(now) {
		h.previous = nil
		s.changed(h.source.ID())
	}
}

// stateEvent is the event of a list's passage into a state, if there is one.
func stateEvent(was, is State) (event string, ok bool) {
	switch {
	case was == is:
		return "", false
	case is == verify.Stale:
		return ListStale, true
	case is == verify.Expired:
		return ListExpired, true
	}
	return "", false
}

// why says what made a list stale or expired.
func (h *heldList) why(l *verify.List, v *View, now time.Time) string {
	switch {
	case h.list != nil && h.list.Closed:
		return "the list is closed"
	case !l.NextUpdate.IsZero() && !now.Before(l.NextUpdate):
		return "its next update was due " + l.NextUpdate.UTC().Format(time.RFC3339)
	case h.source.Parent != "" && v.stateOf(h.source.Parent, now) == l.StateAt(now):
		return "so is LOTL " + h.source.Parent + ", which vouches for it"
	}
	return "last look at its origin " + l.LookedAt.UTC().Format(time.RFC3339)
}
