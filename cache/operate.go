package cache

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// What an operator's act can fail with.
var (
	ErrUnknownList = errors.New("no list of this name is followed")
	ErrNothing     = errors.New("nothing of this list waits for an operator")
)

// Accept is an operator's word that a change which was held back is right: removed
// anchors that are held count as withdrawn from now on, and a version in quarantine
// for its sequence number is taken in, if it is good in all other respects. It
// returns what was done. The error is ErrUnknownList, ErrNothing, or the refusal of
// the version; what was done before that stands.
func (s *Store) Accept(name string, now time.Time) (done string, err error) {
	s.mu.Lock()
	h, ok := s.lists[name]
	if !ok {
		s.mu.Unlock()
		return "", ErrUnknownList
	}
	var acts []string
	if n := h.release(now); n > 0 {
		acts = append(acts, fmt.Sprintf("%d removed anchors are withdrawn", n))
		s.trustChanged(h.source.ID())
	}
	waiting := h.waiting
	s.mu.Unlock()
	if waiting != nil {
		raw := waiting.raw
		raw.At = now
		var out Outcome
		if out, err = s.admit(raw, true); err == nil {
			acts = append(acts, fmt.Sprintf("sequence %d is in force", out.Ref.Version))
		}
	}
	if len(acts) > 0 {
		done = strings.Join(acts, "; ")
		s.acted(ListAccepted, name, done)
	} else if err == nil {
		err = ErrNothing
	}
	return done, err
}

// release ends the hold of every removed anchor.
func (h *heldList) release(now time.Time) (n int) {
	for i, w := range h.withdrawn {
		if now.Before(w.until) {
			h.withdrawn[i].until = time.Time{}
			n++
		}
	}
	h.previous = nil
	return n
}

// Reset forgets the history of a list: its high-water mark, the pivots that it has
// to go on naming, its quarantine and the evidence of conflicts. What is in force
// stays in force, over restarts too, until another version, whatever its sequence
// number, is admitted: that is how a publisher recovers that once used a number too
// high, or a pivot that was not his. Whoever is pinned stays pinned.
func (s *Store) Reset(name string) (done string, err error) {
	s.mu.Lock()
	h, ok := s.lists[name]
	if !ok {
		s.mu.Unlock()
		return "", ErrUnknownList
	}
	done = "its history is forgotten"
	if h.mark.Set && h.source.Type != artefact.Anchors { // a bundle has no number
		done = fmt.Sprintf("sequence %d is forgotten: the next version may have any", h.mark.Sequence)
	}
	h.mark, h.waiting, h.conflict, h.refusals = mark{}, nil, nil, nil
	s.changed(h.source.ID())
	s.mu.Unlock()
	s.acted(ListReset, name, done)
	return done, nil
}

// acted returns when an operator's act is settled and told of.
func (s *Store) acted(event, name, done string) {
	s.log.Warn("operator: "+event, "list", name, "done", done)
	s.mu.Lock()
	s.announce(Event{Type: event, List: name, Detail: done})
	s.mu.Unlock()
	s.settle()
}
