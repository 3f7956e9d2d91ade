package cache

import (
	"slices"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
)

// records makes the records that stand for an artefact that has changed, and the
// keys of those that are to be forgotten. The caller holds mu.
func (s *Store) records(id artefact.ID) (list []disk.Record, forgotten []string) {
	switch id.Kind {
	case clock.Kind:
		return []disk.Record{record{Kind: id.Kind, Name: id.Name, Floor: s.floor}.under(recordKey(id), artefact.Digest{}, nil)}, nil
	case artefact.Status:
		return s.status[id.Name].records(id)
	case artefact.Pivot:
		h, uri, _ := s.pivotOf(id)
		p := h.pivots[uri]
		return []disk.Record{p.recordUnder(recordKey(id))}, nil
	}
	return s.lists[id.Name].records(id)
}

// recordUnder is the record of bytes beside which nothing has to be remembered.
func (v *version) recordUnder(key string) disk.Record {
	id := v.ref.ID
	return record{Kind: id.Kind, Name: id.Name, Version: v.ref.Version, Size: v.ref.Size}.under(key, v.ref.Digest, v.b)
}

func (h *heldList) records(id artefact.ID) (list []disk.Record, forgotten []string) {
	if id.Kind == artefact.Anchors {
		return nil, nil // unsigned: the operator's file is its place
	}
	r := record{
		Kind: id.Kind, Name: id.Name, Version: h.ref.Version, Size: h.ref.Size, Mark: h.mark,
		Looked: h.looked.Round(0), Soaked: h.soaked.Round(0), Held: h.heldUntil().Round(0), Evident: h.conflict, Note: h.note,
	}
	digest := h.ref.Digest
	if h.lost() {
		digest = artefact.Digest{} // the mark is worth its record
	}
	list = append(list, r.under(recordKey(id), digest, h.b))
	if h.previous == nil {
		return list, []string{previousKey(id)}
	}
	return append(list, h.previous.recordUnder(previousKey(id))), nil
}

// lost says whether what is in force is neither in memory as it was received nor on
// disk.
func (h *heldList) lost() bool { return h.b == nil && !h.durable }

// records of tokens: what is not on disk yet, and what is and was replaced.
func (h *heldStatus) records(id artefact.ID) (list []disk.Record, forgotten []string) {
	for _, t := range h.tokens {
		if b, ok := h.unstored[t.token.SHA256]; ok {
			ref := artefact.Ref{ID: id, Version: uint64(t.token.Token.IssuedAt.Unix()), Digest: t.token.SHA256, Size: len(b)}
			list = append(list, (&version{ref, b}).recordUnder(tokenKey(id, ref.Digest)))
		}
	}
	for _, d := range h.stored {
		if !h.holds(d) {
			forgotten = append(forgotten, tokenKey(id, d))
		}
	}
	return list, forgotten
}

// stored notes that what was to be written is on disk, and what was to be forgotten
// is not: bytes that are on disk need not be kept in memory. What has changed
// meanwhile is not on disk yet. The caller holds mu.
func (s *Store) stored(w *writing) {
	on := make(map[string]artefact.Digest, len(w.records))
	for _, r := range w.records {
		on[r.Key] = r.Digest
	}
	for _, id := range w.dirty {
		switch id.Kind {
		case clock.Kind:
		case artefact.Status:
			s.status[id.Name].nowStored(id, on, w.forgotten)
		case artefact.Pivot:
			h, uri, _ := s.pivotOf(id)
			h.pivots[uri].b = nil
		default:
			s.lists[id.Name].nowStored(id, on)
		}
	}
}

func (h *heldList) nowStored(id artefact.ID, on map[string]artefact.Digest) {
	if d, ok := on[recordKey(id)]; ok && h.list != nil && d == h.ref.Digest {
		h.b, h.durable = nil, true
	}
	if d, ok := on[previousKey(id)]; ok && h.previous != nil && d == h.previous.ref.Digest {
		h.previous.b = nil
	}
}

func (h *heldStatus) nowStored(id artefact.ID, on map[string]artefact.Digest, forgotten []string) {
	h.stored = slices.DeleteFunc(h.stored, func(d artefact.Digest) bool { return slices.Contains(forgotten, tokenKey(id, d)) })
	for key, d := range on {
		if key == tokenKey(id, d) {
			h.stored = append(h.stored, d)
			delete(h.unstored, d)
		}
	}
}
