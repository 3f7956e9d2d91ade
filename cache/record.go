package cache

import (
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
)

// clockKey is the record of the newest signed issue time.
const clockKey = "clock"

// recordKey names the record of an artefact on disk.
func recordKey(id artefact.ID) string { return string(id.Kind) + " " + id.Name }

// previousKey names the record of the version before the one in force, which is
// kept while its removed anchors are held.
func previousKey(id artefact.ID) string { return "previous " + recordKey(id) }

// tokenKey names the record of one token of a status list.
func tokenKey(id artefact.ID, d artefact.Digest) string { return recordKey(id) + " " + d.String() }

// record is the state of an artefact on disk, beside its bytes. Times are without
// the monotonic clock, which ends with the process.
type record struct {
	Kind    artefact.Kind `cbor:"1,keyasint"`
	Name    string        `cbor:"2,keyasint"`
	Version uint64        `cbor:"3,keyasint,omitempty"`
	Size    int           `cbor:"4,keyasint,omitempty"`
	Mark    mark          `cbor:"5,keyasint"`
	Looked  time.Time     `cbor:"6,keyasint"`
	Soaked  time.Time     `cbor:"7,keyasint"`
	Held    time.Time     `cbor:"8,keyasint"` // removed anchors are held until then
	Floor   time.Time     `cbor:"9,keyasint"` // of the clock's record
	Evident *Conflict     `cbor:"10,keyasint,omitempty"`
	Note    string        `cbor:"11,keyasint,omitempty"`
}

var recordEncoding, recordDecoding = recordModes()

func recordModes() (cbor.EncMode, cbor.DecMode) {
	enc, err := cbor.EncOptions{Sort: cbor.SortCoreDeterministic, Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		panic(err) // constant options: a bug here, not an input
	}
	dec, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, MaxNestedLevels: 8, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField}.DecMode()
	if err != nil {
		panic(err)
	}
	return enc, dec
}

func (r record) encode() []byte {
	b, err := recordEncoding.Marshal(r)
	if err != nil {
		panic(err) // a struct of plain values always encodes
	}
	return b
}

func decodeRecord(b []byte) (r record, err error) {
	err = recordDecoding.Unmarshal(b, &r)
	return r, err
}

// records makes the records that stand for the dirty keys, and the keys of those
// that are to be forgotten. The caller holds mu.
func (s *Store) records(dirty []string) (list []disk.Record, forgotten []string) {
	byKey := make(map[string]func(), len(s.lists)+len(s.status))
	for _, h := range s.lists {
		byKey[recordKey(h.source.ID())] = func() {
			list = append(list, h.records()...)
			if h.previous == nil {
				forgotten = append(forgotten, previousKey(h.source.ID()))
			}
		}
		for uri, p := range h.pivots {
			id := artefact.PivotID(h.source.Name, uri)
			byKey[recordKey(id)] = func() {
				r := record{Kind: id.Kind, Name: id.Name, Version: p.ref.Version, Size: p.ref.Size}
				list = append(list, disk.Record{Key: recordKey(id), State: r.encode(), Digest: p.ref.Digest, Body: p.b})
			}
		}
	}
	for uri, h := range s.status {
		id := artefact.ID{Kind: artefact.Status, Name: uri}
		byKey[recordKey(id)] = func() {
			list = append(list, h.records(id)...)
			forgotten = append(forgotten, h.forgotten(id)...)
		}
	}
	for _, key := range dirty {
		if key == clockKey {
			r := record{Kind: clockKey, Floor: s.floor}
			list = append(list, disk.Record{Key: clockKey, State: r.encode()})
		} else if make, ok := byKey[key]; ok {
			make()
		}
	}
	return list, forgotten
}

func (h *heldList) records() (list []disk.Record) {
	id := h.source.ID()
	if id.Kind == artefact.Anchors {
		return nil // unsigned: the operator's file is its place
	}
	r := record{
		Kind: id.Kind, Name: id.Name, Version: h.ref.Version, Size: h.ref.Size, Mark: h.mark,
		Looked: h.looked.Round(0), Soaked: h.soaked.Round(0), Held: h.heldUntil().Round(0), Evident: h.conflict, Note: h.note,
	}
	list = append(list, disk.Record{Key: recordKey(id), State: r.encode(), Digest: h.ref.Digest, Body: h.b})
	if p := h.previous; p != nil {
		r := record{Kind: id.Kind, Name: id.Name, Version: p.ref.Version, Size: p.ref.Size}
		list = append(list, disk.Record{Key: previousKey(id), State: r.encode(), Digest: p.ref.Digest, Body: p.b})
	}
	return list
}

func (h *heldStatus) records(id artefact.ID) (list []disk.Record) {
	for _, t := range h.tokens {
		if b, ok := h.unstored[t.token.SHA256]; ok {
			r := record{Kind: id.Kind, Name: id.Name, Version: uint64(t.token.Token.IssuedAt.Unix()), Size: len(b)}
			list = append(list, disk.Record{Key: tokenKey(id, t.token.SHA256), State: r.encode(), Digest: t.token.SHA256, Body: b})
		}
	}
	return list
}

// forgotten are the keys of stored tokens that were replaced.
func (h *heldStatus) forgotten(id artefact.ID) (keys []string) {
	for _, d := range h.stored {
		if !h.holds(d) {
			keys = append(keys, tokenKey(id, d))
		}
	}
	return keys
}

func (h *heldStatus) holds(d artefact.Digest) bool {
	for _, t := range h.tokens {
		if t.token.SHA256 == d {
			return true
		}
	}
	return false
}

// stored notes that records are on disk: their bytes need not be kept in memory.
// The caller holds mu.
func (s *Store) stored(records []disk.Record) {
	on := make(map[string]artefact.Digest, len(records))
	for _, r := range records {
		on[r.Key] = r.Digest
	}
	has := func(key string, d artefact.Digest) bool {
		digest, ok := on[key]
		return ok && digest == d
	}
	for _, h := range s.lists {
		id := h.source.ID()
		if has(recordKey(id), h.ref.Digest) && h.list != nil {
			h.b, h.durable = nil, true
		}
		if h.previous != nil && has(previousKey(id), h.previous.ref.Digest) {
			h.previous.b = nil
		}
		for uri, p := range h.pivots {
			if has(recordKey(artefact.PivotID(h.source.Name, uri)), p.ref.Digest) {
				p.b = nil
			}
		}
	}
	for uri, h := range s.status {
		h.storedTokens(artefact.ID{Kind: artefact.Status, Name: uri}, has)
	}
}

func (h *heldStatus) storedTokens(id artefact.ID, has func(string, artefact.Digest) bool) {
	for d := range h.unstored {
		if has(tokenKey(id, d), d) {
			h.stored = append(h.stored, d)
		}
		if has(tokenKey(id, d), d) || !h.holds(d) {
			delete(h.unstored, d)
		}
	}
}
