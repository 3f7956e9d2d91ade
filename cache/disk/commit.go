package disk

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sync/errgroup"
)

// Commit makes all records durable together: the bodies that are missing, then the
// states. When it returns nil, a crash at any later moment finds these states or
// newer ones. A crash before finds, for each key, the old state or the new one,
// with its body.
//
// Then it forgets the bodies that no record names any more.
//
// An error means that some or all of the records may not be durable. It says which
// operation failed, or which record is beyond a limit, in which case nothing was
// done. The store stays usable, and a later Commit of the same records can succeed.
func (s *Store) Commit(records []Record) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	bodies, err := s.check(records)
	if err != nil {
		return err
	}
	// Folders that an earlier failure left unsynced come first, so that from here
	// on what is durable is what is seen.
	if err := s.sync(); err != nil {
		return err
	}
	if err := s.replace(bodies, records); err != nil {
		s.undo(bodies, records)
		return err
	}
	s.forget()
	return nil
}

// replace writes all that is new under temporary names, then names the bodies, and
// when that is durable the states.
func (s *Store) replace(bodies map[[32]byte][]byte, records []Record) error {
	var g errgroup.Group
	g.SetLimit(parallel)
	for digest, body := range bodies {
		g.Go(func() error { return s.write(bodyName(digest), body) })
	}
	for _, r := range records {
		g.Go(func() error { return s.write(stateName(r.Key), encodeState(r)) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("failed to write a file: %w", err)
	}
	for digest := range bodies {
		s.unsynced[bodyDir] = true
		if err := s.rename(bodyName(digest)); err != nil {
			return fmt.Errorf("failed to name a body: %w", err)
		}
		s.hold(digest)
	}
	if err := s.sync(); err != nil {
		return err
	}
	for _, r := range records {
		s.unsynced[stateDir] = true
		if err := s.rename(stateName(r.Key)); err != nil {
			return fmt.Errorf("failed to name a state: %w", err)
		}
		s.named[r.Key] = r.Digest
	}
	return s.sync()
}

// undo removes what a Commit wrote before it failed, so that failures do not add
// up; not the bodies that a state names already. What cannot be removed now is
// removed by the next write of the same name, or the next Open.
func (s *Store) undo(bodies map[[32]byte][]byte, records []Record) {
	for _, r := range records {
		_ = s.fs.Remove(s.path(stateName(r.Key) + temporary))
	}
	wanted := s.wanted()
	for digest := range bodies {
		_ = s.fs.Remove(s.path(bodyName(digest) + temporary))
		if !wanted[digest] && s.holds(digest) == nil {
			s.drop(digest)
		}
	}
}

// Delete forgets keys and, if nothing else names them, their bodies. A key that is
// not there is no error. When Delete returns nil, no crash brings the keys back.
func (s *Store) Delete(keys ...string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	for _, key := range keys {
		if _, ok := s.named[key]; !ok {
			continue
		}
		if err := s.fs.Remove(s.path(stateName(key))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("failed to delete a state: %w", err)
		}
		delete(s.named, key)
		s.unsynced[stateDir] = true
	}
	if err := s.sync(); err != nil {
		return err
	}
	s.forget()
	return nil
}
