package gossiptest

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
)

// MaxVersion is the highest version that a Store thinks plausible.
const MaxVersion = 1_000_000

// mark begins a body that is good.
const mark = "signed by its publisher\x00"

// ListOf is the ID of a list of the world.
func ListOf(name string) gossip.ListID { return gossip.IDOf(artefact.ID{Kind: "test", Name: name}) }

// NewVersion is a version of a list with a good body of about so many bytes. Another
// variant is another body of the same version.
func NewVersion(list string, version uint64, size, variant int) (gossip.Head, []byte) {
	id := ListOf(list)
	b := append([]byte(mark), id[:]...)
	b = binary.BigEndian.AppendUint64(b, version)
	b = binary.BigEndian.AppendUint64(b, uint64(variant))
	if len(b) < size {
		b = append(b, make([]byte, size-len(b))...)
	}
	return gossip.Head{List: id, Kind: gossip.Closed, Version: version, Digest: artefact.Sum(b), Size: uint32(len(b))}, b
}

// good says whether a body is one of a head.
func good(h gossip.Head, b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte(mark))
	return ok && len(rest) >= 24 && gossip.ListID(rest[:16]) == h.List && binary.BigEndian.Uint64(rest[16:]) == h.Version
}

// Store holds bodies and judges them by what they say of themselves. Of a list it keeps
// the newest version, in all its variants.
type Store struct {
	hold func(gossip.Held)

	mu      sync.Mutex
	follows map[gossip.ListID]bool
	bodies  map[artefact.Digest][]byte
	held    map[gossip.ListID][]gossip.Head
	heard   map[artefact.Digest]time.Time
	since   map[artefact.Digest]time.Time // held
	looked  map[gossip.Head]time.Time
	taken   int // bodies that were judged
	refused int // and found bad
}

var _ gossip.Store = (*Store)(nil)

// NewStore returns a Store that follows lists. What it takes it hands to hold.
func NewStore(lists []string, hold func(gossip.Held)) *Store {
	s := &Store{
		hold: hold, follows: make(map[gossip.ListID]bool), bodies: make(map[artefact.Digest][]byte),
		held: make(map[gossip.ListID][]gossip.Head), heard: make(map[artefact.Digest]time.Time),
		since: make(map[artefact.Digest]time.Time), looked: make(map[gossip.Head]time.Time),
	}
	for _, l := range lists {
		s.follows[ListOf(l)] = true
	}
	return s
}

// Plausible implements gossip.Store, and takes note that the head was heard of.
func (s *Store) Plausible(h gossip.Head, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.follows[h.List] || h.Version == 0 || h.Version > MaxVersion {
		return false
	}
	if _, known := s.heard[h.Digest]; !known {
		s.heard[h.Digest] = now
	}
	return true
}

// Take implements gossip.Store.
func (s *Store) Take(a gossip.Arrival) gossip.Outcome {
	s.mu.Lock()
	s.taken++
	if !good(a.Head, a.Body) {
		s.refused++
		s.mu.Unlock()
		return gossip.False
	}
	s.mu.Unlock()
	if !s.put(a.Head, a.Body) {
		return gossip.Declined
	}
	s.hold(gossip.Held{Head: a.Head})
	return gossip.Admitted
}

// put holds a body unless it is older than what is held.
func (s *Store) put(h gossip.Head, b []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.held[h.List]
	switch {
	case len(have) > 0 && have[0].Version > h.Version:
		return false
	case len(have) > 0 && have[0].Version < h.Version:
		for _, old := range have {
			delete(s.bodies, old.Digest)
		}
		have = nil
	}
	if !slices.Contains(have, h) {
		have = append(have, h)
		s.since[h.Digest] = time.Now()
	}
	s.held[h.List], s.bodies[h.Digest] = have, b
	if _, known := s.heard[h.Digest]; !known {
		s.heard[h.Digest] = time.Now()
	}
	return true
}

// Publish holds a version that came from elsewhere, such as its origin, and has it
// announced.
func (s *Store) Publish(h gossip.Head, b []byte) {
	if s.put(h, b) {
		s.hold(gossip.Held{Head: h})
	}
}

// Before implements gossip.Store.
func (s *Store) Before(gossip.Head) []byte { return nil }

// Looked implements gossip.Store.
func (s *Store) Looked(h gossip.Head, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked[h] = at
}

// Body returns a body that is held.
func (s *Store) Body(d artefact.Digest) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.bodies[d]
	return b, ok
}

// Heads are all that is held, in the order of their lists.
func (s *Store) Heads() []gossip.Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	heads := slices.Concat(slices.Collect(maps.Values(s.held))...)
	slices.SortFunc(heads, func(a, b gossip.Head) int {
		if c := bytes.Compare(a.List[:], b.List[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.Digest[:], b.Digest[:])
	})
	return heads
}

// Holds says whether a head is held.
func (s *Store) Holds(h gossip.Head) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.held[h.List], h)
}

// HeardAt and HeldAt are when a head was heard of and held first; zero: never.
func (s *Store) HeardAt(h gossip.Head) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard[h.Digest]
}

// HeldAt is described with HeardAt.
func (s *Store) HeldAt(h gossip.Head) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since[h.Digest]
}

// LookedAt is since when enough others have seen a head at its origin; zero: never.
func (s *Store) LookedAt(h gossip.Head) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looked[h]
}

// Judged is how many bodies were taken for judgement, and how many were bad.
func (s *Store) Judged() (taken, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken, s.refused
}

// Wrong are bodies that are held and not good. There must be none.
func (s *Store) Wrong() (heads []gossip.Head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.held {
		for _, h := range list {
			if b := s.bodies[h.Digest]; !good(h, b) || artefact.Sum(b) != h.Digest {
				heads = append(heads, h)
			}
		}
	}
	return heads
}
