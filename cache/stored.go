package cache

import (
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
)

// records makes the records that stand for an artefact that has changed, and the
// keys of those that are to be forgotten. The caller holds mu.
func (s *Store) records(id artefact.ID) (list []disk.Record, forgotten []string) {
	switch id.Kind {
	case clock.Kind:
		return []disk.Record{record{Kind: id.Kind, Name: id.Name, Floor: s.floor}.under(recordKey(id), artefact.Digest{}, nil)}, nil
	case artefact.Status, artefact.IdentifierList:
		if h, ok := s.status[id]; ok {
			return h.records(id, h.refs())
		}
		return nil, nil // it left
	case artefact.CRL:
		return s.crls[id.Name].records(id, s.crls[id.Name].refs())
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

// stored notes that what was to be written is on disk, and what was to be forgotten
// is not: bytes that are on disk need not be kept in memory. What has changed
// meanwhile is not on disk yet. The caller holds mu.
func (s *Store) stored(w *writing) {
	on := make(map[string]artefact.Digest, len(w.records))
	for _, r := range w.records {
		on[r.Key] = r.Digest
	}
	gone := make(map[string]bool, len(w.forgotten))
	for _, key := range w.forgotten {
		gone[key] = true
	}
	for _, id := range w.dirty {
		switch id.Kind {
		case clock.Kind:
		case artefact.Status, artefact.IdentifierList, artefact.CRL:
			s.keptStored(id, w.versions[id], gone)
		case artefact.Pivot:
			h, uri, _ := s.pivotOf(id)
			h.pivots[uri].b = nil
		default:
			s.lists[id.Name].nowStored(id, on)
		}
	}
}

// keptStored likewise for a list that is no trust list. If it left while it was
// written, what was is to be forgotten. The caller holds mu.
func (s *Store) keptStored(id artefact.ID, written []artefact.Digest, gone map[string]bool) {
	if k := s.keptOf(id); k != nil {
		k.nowStored(id, written, gone)
		return
	}
	for _, d := range written {
		s.forgotten = append(s.forgotten, versionKey(id, d))
		s.changed()
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
