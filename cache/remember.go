package cache

import (
	"cmp"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
)

// restoring is one run of Restore.
type restoring struct {
	s     *Store
	now   time.Time
	items []item
	lists map[string]record // by record key
	olds  []item            // previous versions, of which removed anchors are held
}

// item is a body on disk with the identity its record gives it.
type item struct {
	id      artefact.ID // of a status list without its name, which its token says
	key     string      // of its record
	version uint64
	digest  artefact.Digest
	came    Came   // of lists that are no trust lists
	note    string // likewise
	looked  time.Time
}

// read decodes the records and puts the marks and the clock in their places. The
// caller holds mu.
func (r *restoring) read(c *disk.Contents) {
	s := r.s
	for _, rec := range c.Records {
		st, err := decodeRecord(rec.State)
		if err != nil {
			c.Problems = append(c.Problems, disk.Problem{File: rec.Key, Why: "the state of this record cannot be read"})
			continue
		}
		id := artefact.ID{Kind: st.Kind, Name: st.Name}
		it := item{id: id, key: rec.Key, version: st.Version, digest: rec.Digest, came: st.Came, note: st.Note, looked: st.Looked}
		switch rec.Key {
		case recordKey(clock):
			if st.Floor.After(s.floor) {
				s.floor = st.Floor
			}
			continue
		case previousKey(id):
			r.olds = append(r.olds, it)
			continue
		}
		if rec.Digest != (artefact.Digest{}) {
			r.items = append(r.items, it)
		}
		r.lists[rec.Key] = st
		s.remember(id, st)
	}
}

// remember keeps a list's mark, also of a national list that nobody follows yet.
func (s *Store) remember(id artefact.ID, st record) {
	h, ok := s.lists[id.Name]
	switch {
	case id.Kind == artefact.TL:
		s.marks[id.Name] = st.Mark
	case ok && h.source.Type == id.Kind:
		h.mark, h.conflict = st.Mark, st.Evident
	}
}

func (r *restoring) of(kinds ...artefact.Kind) (items []item) {
	for _, it := range r.items {
		if slices.Contains(kinds, it.id.Kind) {
			items = append(items, it)
		}
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.version, b.version) })
	return items
}
