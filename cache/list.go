package cache

import (
	"slices"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// heldList is what is held for one source. Store.mu guards it.
type heldList struct {
	source     Source
	generation uint64 // counts changes of who may sign it

	mark mark
	list *trustlist.List // nil: nothing admitted yet, or its bytes were lost
	ref  artefact.Ref
	b    []byte // as received; nil when the disk has it, or has lost it
	note string // of the origin, with these bytes
	door artefact.Door
	delivery
	looked    time.Time // last look at the origin, or admission of a new version
	elsewhere time.Time // last look of enough other nodes that found what is held
	soaked    time.Time // from then on it may be announced
	soaks     bool      // as of the last Tick

	pivots  pivots
	wanted  []string // pivots that the newest version offered names, newest first
	offered []string // those that versions of peers name, which are never fetched from their URLs for it

	previous  *version // while removed anchors are held: the version they stood in
	withdrawn []withdrawn
	firstSeen map[anchorKey]time.Time

	refusals []Refusal // newest last
	waiting  *waiting  // a version in quarantine for its sequence number
	conflict *Conflict // of the newest equivocation
	failure  *Failure  // of the newest look, if it failed
	tried    bool      // something came of a look, good or bad, or nothing did for too long
	left     time.Time // since when others are to look at it; zero: never yet
	unnamed  bool      // TL: the LOTL no longer names it
	orphan   bool      // TL: the LOTL no longer names it, or the signer of what is held
	durable  bool      // on disk
	told     State     // the state of which an event told
}

// waiting is a version that waits for an operator.
type waiting struct {
	raw artefact.Raw
	ref artefact.Ref
}

// withdrawn is an anchor that left the list.
type withdrawn struct {
	anchor *trustlist.Anchor
	until  time.Time // held until then; zero: withdrawn at once
}

// forVerification is the list as a verification sees it. A national list is never
// in a better state than the LOTL that vouches for its signer.
func (h *heldList) forVerification(parent *verify.List) *verify.List {
	l := &verify.List{Name: h.source.Name, URL: h.source.URL, Territory: h.source.Territory, VICAL: h.source.Type == artefact.VICAL}
	if h.list == nil {
		return l
	}
	l.Loaded, l.Quarantined = true, h.orphan
	if h.list.Territory != "" {
		l.Territory = trustlist.Territory(h.list.Territory)
	}
	l.Sequence, l.SHA256, l.LookedAt = h.list.Sequence, h.ref.Digest, later(h.looked, h.elsewhere)
	l.NextUpdate = h.list.NextUpdate
	if h.list.Signer != nil {
		l.SignerNotAfter = h.list.Signer.NotAfter
	}
	if h.source.Type == artefact.Anchors {
		return l // a local file does not age
	}
	l.StaleAt = l.LookedAt.Add(max(h.source.StaleAfter, minStaleLooks*h.source.Refresh))
	l.ExpiresAt = h.looked.Add(h.source.MaxStale) // whatever others say
	if end, ends := endOf(h.list); ends {
		l.ExpiresAt = earlier(l.ExpiresAt, end)
	}
	switch h.source.Type {
	case artefact.TL, artefact.VICAL: // late is not ended
		l.StaleAt = earlier(l.StaleAt, l.NextUpdate)
	}
	if parent != nil {
		l.StaleAt, l.ExpiresAt = earlier(l.StaleAt, parent.StaleAt), earlier(l.ExpiresAt, parent.ExpiresAt)
		l.Quarantined = l.Quarantined || parent.Quarantined
	}
	return l
}

// earlier returns the earlier of two times, of which a zero one is never.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Looked notes that the origin was looked at and had nothing new (a 304). It
// returns what is held.
func (s *Store) Looked(id artefact.ID, at time.Time) Outcome {
	s.mu.Lock()
	if k := s.keptOf(id); k != nil {
		defer s.mu.Unlock()
		k.looked, k.failure = at, nil
		return s.keptOutcome(id)
	}
	h, ok := s.lists[id.Name]
	if !ok || id.Kind != h.source.Type || h.list == nil {
		s.mu.Unlock()
		return Outcome{List: id.Name, Unchanged: true}
	}
	h.looked, h.failure = at, nil
	out := Outcome{List: id.Name, Unchanged: true, Ref: h.ref}
	s.trustChanged(id)
	s.mu.Unlock()
	s.settle()
	return out
}

// Note returns what the origin noted with the bytes that are held of a list; "" when
// none are.
func (s *Store) Note(id artefact.ID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keptOf(id); k != nil {
		return k.note
	}
	h, ok := s.lists[id.Name]
	if !ok || h.source.Type != id.Kind || h.list == nil {
		return ""
	}
	return h.note
}

// Absent says whether nothing is held for a list yet.
func (s *Store) Absent(id artefact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.lists[id.Name]
	return ok && h.list == nil
}

// Sources returns every list that is followed now: the configured ones, and the
// national lists that their LOTLs name.
func (s *Store) Sources() (list []Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.lists {
		if !h.unnamed {
			list = append(list, h.source)
		}
	}
	slices.SortFunc(list, func(a, b Source) int { return strings.Compare(a.Name, b.Name) })
	return list
}
