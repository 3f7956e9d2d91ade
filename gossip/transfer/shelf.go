package transfer

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Limits of a Shelf.
const (
	KeepFor  = time.Minute
	maxShelf = 64 << 20 // bytes
)

// Shelf is a Source that goes on serving what another one has just replaced: a peer may
// be pulling it, or hold it and ask for its successor compressed against it. It keeps a
// body for KeepFor, and of too many bytes the last.
type Shelf struct {
	Source

	mu    sync.Mutex // guards what follows
	kept  []kept     // the oldest first
	bytes int
}

type kept struct {
	digest artefact.Digest
	body   []byte
	until  time.Time
}

// NewShelf returns an empty Shelf before a source.
func NewShelf(s Source) *Shelf { return &Shelf{Source: s} }

// Keep keeps a body that the source is about to hold no longer. It must not be changed.
func (s *Shelf) Keep(d artefact.Digest, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(func(k kept) bool { return k.digest == d })
	if len(body) > maxShelf {
		return
	}
	s.kept = append(s.kept, kept{d, body, time.Now().Add(KeepFor)})
	s.bytes += len(body)
	for s.bytes > maxShelf {
		oldest := s.kept[0].digest
		s.drop(func(k kept) bool { return k.digest == oldest })
	}
	time.AfterFunc(KeepFor, s.expire) // memory is given back even if nobody asks
}

// Body returns a body that is kept, else what the source has.
func (s *Shelf) Body(ctx context.Context, d artefact.Digest) ([]byte, bool) {
	s.mu.Lock()
	now := time.Now()
	for _, k := range s.kept {
		if k.digest == d && now.Before(k.until) {
			s.mu.Unlock()
			return k.body, true
		}
	}
	s.mu.Unlock()
	return s.Source.Body(ctx, d)
}

func (s *Shelf) expire() {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(func(k kept) bool { return !now.Before(k.until) })
}

// drop removes those that are meant; the caller holds mu.
func (s *Shelf) drop(meant func(kept) bool) {
	s.kept = slices.DeleteFunc(s.kept, func(k kept) bool {
		if !meant(k) {
			return false
		}
		s.bytes -= len(k.body)
		return true
	})
}
