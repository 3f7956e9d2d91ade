package cache

import (
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Shared is a version that this node may announce to others, and serves to them.
type Shared struct {
	artefact.Ref
	// Open says that a node that does not follow the list may take it in: it says
	// itself where it was published, and is long enough to point at nobody.
	Open bool
	// Minor says that it differs from the version before it in nothing but its
	// signature or its issue time.
	Minor bool
}

// delivery is how the bytes of a version came.
type delivery struct {
	size   int // of the bytes
	from   string
	spread time.Duration
	minor  bool
}

func deliveryOf(raw artefact.Raw) delivery {
	return delivery{size: len(raw.Bytes), from: raw.From, spread: raw.Spread}
}

// Share returns what may be announced to others at now, in no order: of trust lists
// what is in force, signed, durable where there is a disk, and soaked; every pivot and
// revocation list that is held; status lists and identifier lists but for those that
// could point at a person. Body has the bytes of all that the last call named, and of
// nothing else. The cost is that of walking through what is held.
func (s *Store) Share(now time.Time) []Shared {
	list := s.shareable(now)
	named := make(map[artefact.Digest]artefact.ID, len(list))
	for i := range list {
		named[list[i].Digest] = list[i].ID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named = named
	return list
}

func (s *Store) shareable(now time.Time) []Shared {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Shared, 0, len(s.named)+8)
	for _, h := range s.lists {
		for _, p := range h.pivots {
			list = append(list, Shared{Ref: p.ref})
		}
		signed := h.list != nil && h.source.Type != artefact.Anchors && !h.orphan
		if signed && !now.Before(h.soaked) && (s.disk == nil || h.durable) {
			list = append(list, Shared{Ref: h.ref, Minor: h.minor})
		}
	}
	for _, h := range s.crls {
		for i, ref := range h.refs() {
			list = append(list, Shared{Ref: ref, Minor: h.lists[i].minor})
		}
	}
	for id, h := range s.status {
		for _, t := range h.tokens {
			if !h.small(t.token.Token) {
				list = append(list, Shared{Ref: refOf(id, t), Open: t.token.Token.Len() >= MinStored, Minor: t.minor})
			}
		}
	}
	return list
}

// Body returns the signed bytes, as received, of a version that the last Share named
// and that is held still.
func (s *Store) Body(d artefact.Digest) (b []byte, ok bool) {
	s.mu.Lock()
	id, ok := s.named[d]
	if ok {
		b, ok = s.bytesOf(id, d)
	}
	from := s.disk
	s.mu.Unlock()
	if !ok || b != nil {
		return b, ok
	}
	b, err := from.Body(d)
	if err != nil { // replaced a moment ago, or damaged
		s.unreadable(d, err)
		return nil, false
	}
	return b, true
}

// bytesOf finds the bytes of a version of a list; nil if the disk has them, ok is false
// if nobody has. The caller holds mu.
func (s *Store) bytesOf(id artefact.ID, d artefact.Digest) (b []byte, ok bool) {
	if k := s.keptOf(id); k != nil {
		if b = k.bytes[d]; b == nil {
			b = k.alone[d]
		}
		return b, b != nil || slices.Contains(k.stored, d)
	}
	h := s.listOf(id)
	if h == nil {
		return nil, false
	}
	if id.Kind == artefact.Pivot {
		_, uri, _ := s.pivotOf(id)
		p := h.pivots[uri]
		if p == nil || p.ref.Digest != d {
			return nil, false
		}
		return p.b, p.b != nil || s.disk != nil
	}
	return h.b, h.list != nil && h.ref.Digest == d && !h.lost()
}

// HeldRefs returns the versions that are held of a list now: one of a trust list or a
// pivot, and of others perhaps several. Of a bundle, which nobody else has, none.
func (s *Store) HeldRefs(id artefact.ID) []artefact.Ref {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		if h, ok := s.status[id]; ok {
			return h.refs()
		}
	case artefact.CRL:
		if h, ok := s.crls[id.Name]; ok {
			return h.refs()
		}
	case artefact.Pivot:
		if h, uri, ok := s.pivotOf(id); ok && h.pivots[uri] != nil {
			return []artefact.Ref{h.pivots[uri].ref}
		}
	case artefact.LOTL, artefact.TL, artefact.LoTE, artefact.VICAL:
		if h := s.listOf(id); h != nil && h.list != nil {
			return []artefact.Ref{h.ref}
		}
	}
	return nil
}

// Followed returns the lists whose versions this node may have from others, held or
// not, in no order, and the pivots that it lacks. A status list that credentials led to
// is among them only once it is held and known to point at nobody: that it is followed
// would else say that one of its holders was here.
func (s *Store) Followed() (ids []artefact.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.lists {
		if h.spreads() {
			ids = append(ids, h.source.ID())
		}
		for _, uri := range h.lacked() {
			ids = append(ids, artefact.PivotID(h.source.Name, uri))
		}
	}
	for id, h := range s.status {
		if h.spreads() {
			ids = append(ids, id)
		}
	}
	for url := range s.crls {
		ids = append(ids, artefact.ID{Kind: artefact.CRL, Name: url})
	}
	return ids
}

// Spreads says whether a list is one that Followed names, pivots apart: one whose
// origin others may look at for this node.
func (s *Store) Spreads(id artefact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		h, ok := s.status[id]
		return ok && h.spreads()
	case artefact.CRL:
		return s.crls[id.Name] != nil
	case artefact.Pivot, artefact.Aggregation:
		return false
	}
	h := s.listOf(id)
	return h != nil && h.spreads()
}

// Disputed says whether one URL is that of several authorities, going by who may publish
// there as by what is held, or whether status lists of several entities are held of it.
// Each counts its versions for itself, so that the newest of them all says nothing of
// what is newest of each.
func (s *Store) Disputed(id artefact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		if h, ok := s.status[id]; ok {
			return slices.ContainsFunc(h.tokens, func(t heldToken) bool { return !t.entity.signsAs(h.tokens[0].entity) })
		}
	case artefact.CRL:
		if h, ok := s.crls[id.Name]; ok {
			return h.authorities() > 1
		}
	}
	return false
}

func (h *heldList) spreads() bool { return h.source.Type != artefact.Anchors && !h.unnamed }

func (h *heldStatus) spreads() bool {
	if len(h.tokens) == 0 {
		return h.came != Found
	}
	return slices.ContainsFunc(h.tokens, func(t heldToken) bool { return !h.small(t.token.Token) })
}

// lacked are the pivots that any version offered names and that are not held.
func (h *heldList) lacked() (uris []string) {
	for _, uri := range append(slices.Clone(h.wanted), h.offered...) {
		if h.pivots[uri] == nil && !slices.Contains(uris, uri) {
			uris = append(uris, uri)
		}
	}
	return uris
}

// Learned counts what was learned that may let bytes in which Waits says to try again:
// an anchor, who may sign a list, a pivot, a list that is followed. It is worth trying
// when the number is another.
func (s *Store) Learned() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned
}

// LookedElsewhere notes that enough other nodes have seen a version at a list's origin,
// at a time. It keeps the list from going stale if that version is the one that is held;
// how long the list may be relied on at most, this node's own looks decide.
func (s *Store) LookedElsewhere(id artefact.ID, d artefact.Digest, at time.Time) {
	s.mu.Lock()
	if k := s.keptOf(id); k != nil {
		defer s.mu.Unlock()
		if slices.Contains(s.digestsHeld(id), d) && at.After(k.elsewhere) {
			k.elsewhere, k.failure = at, failureAfter(k.failure, at)
		}
		return
	}
	h := s.listOf(id)
	if h == nil || id.Kind == artefact.Pivot || h.list == nil || h.source.Type == artefact.Anchors || h.ref.Digest != d || !at.After(h.elsewhere) {
		s.mu.Unlock()
		return
	}
	h.elsewhere, h.failure = at, failureAfter(h.failure, at)
	newer := at.After(h.looked)
	if newer {
		s.trust = nil
		s.changed() // it is not worth a place on disk
	}
	s.mu.Unlock()
	if newer {
		s.settle()
	}
}

// digestsHeld are those of a list that is no trust list. The caller holds mu.
func (s *Store) digestsHeld(id artefact.ID) []artefact.Digest {
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		return digestsOf(s.status[id].refs())
	case artefact.CRL:
		return digestsOf(s.crls[id.Name].refs())
	}
	return nil
}

// failureAfter is a failure, if nobody has seen the origin since.
func failureAfter(f *Failure, at time.Time) *Failure {
	if f != nil && f.At.Before(at) {
		return nil
	}
	return f
}

// Looks says when this node last looked at a list's origin or admitted a new version,
// and when enough others last had seen what is held. Zero: never.
func (s *Store) Looks(id artefact.ID) (own, others time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keptOf(id); k != nil {
		return k.looked, k.elsewhere
	}
	if h := s.listOf(id); h != nil && id.Kind != artefact.Pivot {
		return h.looked, h.elsewhere
	}
	return time.Time{}, time.Time{}
}
