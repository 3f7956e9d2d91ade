package cache

import (
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Announce ends the soak of a trust list: an operator has asked for its newest version,
// and wants it everywhere. Lists of other kinds do not soak.
func (s *Store) Announce(id artefact.ID, now time.Time) {
	s.mu.Lock()
	h := s.listOf(id)
	if h == nil || !now.Before(h.soaked) {
		s.mu.Unlock()
		return
	}
	h.soaked = now
	s.sharing = true
	s.changed()
	s.mu.Unlock()
	s.settle()
}
