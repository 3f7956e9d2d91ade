package disk

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Body returns the bytes with this SHA-256, read from the folder and checked. It
// waits for no Commit unless something is wrong. The error is ErrNotFound if the
// folder does not hold them, ErrDamaged if it held something else under their
// name, which was then set aside, or the file layer's.
func (s *Store) Body(digest [32]byte) ([]byte, error) {
	if err := s.holds(digest); err != nil {
		return nil, err
	}
	body, err := s.readBody(digest)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotFound) {
		return s.lost(digest)
	}
	return body, err
}

// lost looks again at a body that is not as it should be, now that no Commit can
// be replacing or forgetting it, and lets go of it.
func (s *Store) lost(digest [32]byte) ([]byte, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.holds(digest); err != nil {
		return nil, err
	}
	body, err := s.readBody(digest)
	switch {
	case errors.Is(err, ErrDamaged):
		err = fmt.Errorf("%s: %w; %s", bodyName(digest), err, s.setAside(bodyName(digest)))
		s.release(digest)
	case errors.Is(err, ErrNotFound):
		s.release(digest)
	}
	return body, err
}

// readBody reads a body's file and checks it.
func (s *Store) readBody(digest [32]byte) ([]byte, error) {
	body, err := s.read(bodyName(digest), MaxBody)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotFound
	case errors.Is(err, errTooLarge), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	case err != nil:
		return nil, fmt.Errorf("failed to read a body: %w", err)
	case sha256.Sum256(body) != digest:
		return nil, fmt.Errorf("%w: its digest is another", ErrDamaged)
	}
	s.mu.Lock()
	if _, ok := s.held[digest]; ok {
		s.held[digest] = true
	}
	s.mu.Unlock()
	return body, nil
}

// holds returns nil for a body that is in the folder.
func (s *Store) holds(digest [32]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if _, ok := s.held[digest]; !ok {
		return ErrNotFound
	}
	return nil
}

// hold notes a body that was just written.
func (s *Store) hold(digest [32]byte) {
	s.mu.Lock()
	s.held[digest] = true
	s.mu.Unlock()
}

func (s *Store) release(digest [32]byte) {
	s.mu.Lock()
	delete(s.held, digest)
	s.mu.Unlock()
}

// wanted returns the bodies that states name. The caller holds writing.
func (s *Store) wanted() map[[32]byte]bool {
	wanted := make(map[[32]byte]bool, len(s.named))
	for _, digest := range s.named {
		wanted[digest] = true
	}
	return wanted
}

// forget removes the bodies that no state names. The removal is not synced: a body
// that a crash brings back is an orphan and does no harm. Nor is a failure one: the
// next Commit tries again. The caller holds writing, and has synced the states.
func (s *Store) forget() {
	wanted := s.wanted()
	var unnamed [][32]byte
	s.mu.Lock()
	for digest := range s.held {
		if !wanted[digest] {
			unnamed = append(unnamed, digest)
		}
	}
	s.mu.Unlock()
	for _, digest := range unnamed {
		s.drop(digest)
	}
}

func (s *Store) drop(digest [32]byte) {
	if err := s.fs.Remove(s.path(bodyName(digest))); err == nil || errors.Is(err, fs.ErrNotExist) {
		s.release(digest)
	}
}
