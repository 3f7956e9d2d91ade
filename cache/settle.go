package cache

import (
	"cmp"
	"maps"
	"slices"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
)

// changed notes that what is held is another now, and that the records of these
// artefacts are to be written. The caller holds mu, and calls settle when it does
// not hold it any more.
func (s *Store) changed(ids ...artefact.ID) {
	s.changes++
	if s.disk == nil || s.loading {
		return
	}
	for _, id := range ids {
		s.dirty[id] = true
	}
}

// trustChanged is changed for what verification knows of a trust list: its anchors,
// its age, its version. The caller holds mu.
func (s *Store) trustChanged(ids ...artefact.ID) {
	s.trust, s.sharing = nil, true
	s.changed(ids...)
}

// announce keeps events for when the change that they tell of is settled. The
// caller holds mu, and calls settle when it does not hold it any more.
func (s *Store) announce(events ...Event) {
	s.changed()
	s.events = append(s.events, events...)
}

// settle returns when every change so far is on disk and in the View. Changes that
// come in while the disk is busy are written together by whoever is next (group
// commit): nobody waits for more than two rounds.
func (s *Store) settle() {
	s.mu.Lock()
	n := s.changes
	s.mu.Unlock()
	s.round.Lock()
	if s.settled < n {
		s.settleAll()
	}
	s.round.Unlock()
	s.tell()
}

// settleAll is one round. If the disk fails the View is swapped all the same: to
// serve what is known is worth more than to remember it. The caller holds round.
func (s *Store) settleAll() {
	s.mu.Lock()
	n, events := s.changes, s.events
	s.events = nil
	if s.loading {
		s.untold = append(s.untold, events...)
		s.settled = n // Restore makes one View of all
		s.mu.Unlock()
		return
	}
	w := s.nextWriting()
	next, d := s.nextView(), s.disk
	sharing := s.sharing
	s.sharing = false
	s.mu.Unlock()

	err := w.do(d)
	s.view.Store(next)
	s.settled = n

	s.mu.Lock()
	defer s.mu.Unlock()
	s.untold = append(s.untold, events...)
	s.shared = s.shared || sharing || len(w.dirty) > 0 // some of which may be durable now
	s.written(w, err)
}

// tell hands on the events of what is settled, in the order of the changes. One
// goroutine does it at a time: who finds another at it leaves his own to it.
func (s *Store) tell() {
	s.mu.Lock()
	if s.telling {
		s.mu.Unlock()
		return
	}
	s.telling = true
	for len(s.untold) > 0 || s.grown || s.shared {
		events, grown, shared := s.untold, s.grown, s.shared
		s.untold, s.grown, s.shared = nil, false, false
		s.mu.Unlock()
		for _, e := range events {
			s.opts.Notify(e)
		}
		if grown {
			s.opts.Grown()
		}
		if shared {
			s.opts.Shared()
		}
		s.mu.Lock()
	}
	s.telling = false
	s.mu.Unlock()
}

// writing is what one round writes.
type writing struct {
	dirty     []artefact.ID // what it stands for
	records   []disk.Record
	versions  map[artefact.ID][]artefact.Digest // among the records, of lists that are no trust lists
	forgotten []string                          // keys
}

// nextWriting takes over what is to be written. The caller holds mu.
func (s *Store) nextWriting() *writing {
	w := &writing{versions: make(map[artefact.ID][]artefact.Digest), dirty: slices.SortedFunc(maps.Keys(s.dirty), func(a, b artefact.ID) int {
		return cmp.Compare(recordKey(a), recordKey(b))
	})}
	clear(s.dirty)
	w.forgotten, s.forgotten = s.forgotten, nil
	for _, id := range w.dirty {
		records, forgotten := s.records(id)
		w.records, w.forgotten = append(w.records, records...), append(w.forgotten, forgotten...)
		for _, r := range records {
			if isKept(id.Kind) {
				w.versions[id] = append(w.versions[id], r.Digest)
			}
		}
	}
	w.keepWritten()
	return w
}

// keepWritten leaves what is written among what is forgotten: a list that left may
// have come back with the same bytes before its records were dropped.
func (w *writing) keepWritten() {
	if len(w.forgotten) == 0 || len(w.records) == 0 {
		return
	}
	written := make(map[string]bool, len(w.records))
	for _, r := range w.records {
		written[r.Key] = true
	}
	w.forgotten = slices.DeleteFunc(w.forgotten, func(key string) bool { return written[key] })
}

func (w *writing) do(d *disk.Store) error {
	if len(w.records) > 0 {
		if err := d.Commit(w.records); err != nil {
			return err
		}
	}
	if len(w.forgotten) > 0 {
		return d.Delete(w.forgotten...)
	}
	return nil
}

// written notes what came of a round's writing. What failed is tried again with
// the next change, or by Tick. The caller holds mu.
func (s *Store) written(w *writing, err error) {
	if len(w.dirty)+len(w.forgotten) == 0 {
		return
	}
	was := s.broken
	s.broken = err
	switch {
	case err != nil:
		for _, id := range w.dirty {
			s.dirty[id] = true
		}
		s.forgotten = append(s.forgotten, w.forgotten...) // to forget twice does no harm
		if was == nil {
			s.log.Error("data_dir cannot be written: lists are served from memory and will not survive a restart", "err", err)
			s.untold = append(s.untold, Event{Type: DiskFailed, Detail: err.Error()})
		}
		return
	case was != nil:
		s.log.Info("data_dir can be written again")
		s.untold = append(s.untold, Event{Type: DiskRestored})
	}
	s.stored(w)
}
