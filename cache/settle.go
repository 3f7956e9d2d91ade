package cache

import (
	"maps"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/disk"
)

// change is a change of what is held, on its way to the disk and into the View.
type change struct {
	n      uint64 // 0: nothing changed
	events []Event
}

// changed notes a change, and the records to be written for it. The caller holds
// mu, and calls settle when it does not hold it any more.
func (s *Store) changed(keys ...string) change {
	s.changes++
	s.trust = nil
	if s.disk != nil && !s.loading {
		for _, k := range keys {
			s.dirty[k] = true
		}
	}
	return change{n: s.changes}
}

// statusChanged is changed for status lists, which leaves trust as it is.
func (s *Store) statusChanged(keys ...string) change {
	trust := s.trust
	c := s.changed(keys...)
	s.trust = trust
	return c
}

// settle returns when the change is on disk and in the View, together with all that
// came before it. Changes that come in while the disk is busy are written together
// by whoever is next (group commit): nobody waits for more than two rounds.
func (s *Store) settle(c change) {
	if c.n > 0 {
		s.round.Lock()
		for c.n > s.settled {
			c.events = append(c.events, s.settleAll()...)
		}
		s.round.Unlock()
	}
	for _, e := range c.events {
		s.opts.Notify(e)
	}
}

// settleAll is one round. If the disk fails the View is swapped all the same: to
// serve what is known is worth more than to remember it. The caller holds round.
func (s *Store) settleAll() []Event {
	s.mu.Lock()
	if s.loading {
		s.settled = s.changes // Restore makes one View of all
		s.mu.Unlock()
		return nil
	}
	n, dirty := s.changes, s.dirty
	s.dirty = make(map[string]bool)
	var records []disk.Record
	var forgotten []string
	if s.disk != nil {
		records, forgotten = s.records(slices.Sorted(maps.Keys(dirty)))
	}
	next, d := s.nextView(), s.disk
	s.mu.Unlock()

	err := write(d, records, forgotten)
	s.view.Store(next)
	s.settled = n
	return s.written(dirty, records, err)
}

func write(d *disk.Store, records []disk.Record, forgotten []string) error {
	if len(records) > 0 {
		if err := d.Commit(records); err != nil {
			return err
		}
	}
	if len(forgotten) > 0 {
		return d.Delete(forgotten...)
	}
	return nil
}

// written notes what came of a round's writing. What failed is tried again with
// the next change, or by Tick.
func (s *Store) written(dirty map[string]bool, records []disk.Record, err error) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(dirty) == 0 || s.disk == nil {
		return nil
	}
	was := s.broken
	s.broken = err
	if err != nil {
		maps.Copy(s.dirty, dirty)
		if was != nil {
			return nil
		}
		s.log.Error("data_dir cannot be written: lists are served from memory and will not survive a restart", "err", err)
		return []Event{{Type: DiskFailed, Detail: err.Error()}}
	}
	s.stored(records)
	if was == nil {
		return nil
	}
	s.log.Info("data_dir can be written again")
	return []Event{{Type: DiskRestored}}
}

// Tick tells of lists that have become stale or expired since the last call, ends
// holds that have passed, and tries a disk again that failed. It is called every
// few seconds; nothing that a verification says depends on it.
func (s *Store) Tick(now time.Time) {
	s.mu.Lock()
	c := change{}
	v := s.view.Load()
	for _, l := range v.trust.lists {
		h, ok := s.lists[l.Name]
		if !ok {
			continue
		}
		state := l.StateAt(now)
		if e, ok := stateEvent(h.told, state); ok {
			c.events = append(c.events, Event{Type: e, List: l.Name, Detail: h.why(l, now)})
			s.log.Warn("list is "+string(state), "list", l.Name, "looked_at", l.LookedAt.Round(0), "next_update", l.NextUpdate)
		}
		h.told = state
		if h.previous != nil && !h.held(now) {
			h.previous = nil
			c.n = s.changed(recordKey(h.source.ID())).n
		}
	}
	if s.broken != nil {
		c.n = s.changed().n
	}
	if bad := !v.ClockTrusted(now); bad != s.clockBad {
		if s.clockBad = bad; bad {
			c.events = append(c.events, Event{Type: ClockBad, Detail: "the clock is behind a signed issue time, or it jumped: set it and restart the node"})
			s.log.Error("the clock cannot be right: every answer is indeterminate", "now", now.Round(0), "newest_signed", v.floor)
		}
	}
	s.mu.Unlock()
	s.settle(c)
}
