package disk

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

// check holds records against the limits and returns the bodies to be written.
func (s *Store) check(records []Record) (bodies map[[32]byte][]byte, err error) {
	bodies = make(map[[32]byte][]byte)
	seen := make(map[string]bool, len(records))
	total := len(s.named)
	for _, r := range records {
		if _, ok := s.named[r.Key]; !ok {
			total++
		}
		switch {
		case r.Key == "" || len(r.Key) > MaxKey:
			return nil, fmt.Errorf("a key has %d bytes: it must have 1 to %d", len(r.Key), MaxKey)
		case seen[r.Key]:
			return nil, fmt.Errorf("key %q stands twice in one commit", r.Key)
		case len(r.State) > MaxState:
			return nil, fmt.Errorf("the state of %q has %d bytes: more than %d", r.Key, len(r.State), MaxState)
		case total > MaxRecords:
			return nil, fmt.Errorf("more than %d keys", MaxRecords)
		}
		seen[r.Key] = true
		missing, err := s.missing(r)
		if err != nil {
			return nil, fmt.Errorf("the body of %q: %w", r.Key, err)
		}
		if missing {
			bodies[r.Digest] = r.Body
		}
	}
	return bodies, nil
}

// missing says whether a record's body is to be written: it is not held, or what
// is held was never seen to be undamaged and a good one is at hand.
func (s *Store) missing(r Record) (bool, error) {
	s.mu.Lock()
	checked, held := s.held[r.Digest]
	s.mu.Unlock()
	switch {
	case r.Digest == [32]byte{} && len(r.Body) == 0:
		return false, nil
	case checked, held && len(r.Body) == 0:
		return false, nil
	case len(r.Body) == 0:
		return false, fmt.Errorf("%w, and none was given", ErrNotFound)
	case len(r.Body) > MaxBody:
		return false, fmt.Errorf("%d bytes: more than %d", len(r.Body), MaxBody)
	case sha256.Sum256(r.Body) != r.Digest:
		return false, errors.New("its digest is another")
	}
	return true, nil
}
