package cache

import (
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// Restore gives the store a disk, which keeps what is admitted from now on, and
// takes in what it held: marks first, then bytes, each through Admit like everything
// else. now should carry the monotonic clock. What is damaged or no longer good is
// left out and told of; a node that starts is never worse off than one without a
// disk. It is called once, before anything is admitted.
func (s *Store) Restore(d *disk.Store, c *disk.Contents, now time.Time) {
	r := &restoring{s: s, now: now, lists: make(map[string]record)}
	s.mu.Lock()
	s.disk, s.loading = d, true
	r.read(c)
	s.mu.Unlock()
	// LOTLs and pivots make the others known; status lists need everybody's anchors.
	r.inOrder(artefact.Pivot)
	r.sideBySide(artefact.LOTL, artefact.LoTE, artefact.VICAL)
	r.orphans(r.orphans(c.Orphans)) // a national list may have come before its LOTL
	r.sideBySide(artefact.TL)
	r.held()
	s.loaded()
	r.follow()
	r.sideBySide(artefact.CRL)
	r.sideBySide(artefact.Status, artefact.IdentifierList)
	for _, p := range c.Problems {
		s.log.Error("a file in data_dir was damaged or foreign and is set aside", "file", p.File, "why", p.Why)
		s.damaged(p.File, p.File+": "+p.Why)
	}
	s.settle()
}

// damaged notes what of the disk could not be used.
func (s *Store) damaged(what, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aside = append(s.aside, what)
	s.announce(Event{Type: DiskFailed, Detail: detail})
}

// orphans offers bytes whose record was lost: they name their list themselves. It
// returns those that no followed list can be meant by. Status lists are left: nobody
// can judge them before the anchors are loaded, and they are soon fetched anew.
func (r *restoring) orphans(digests [][32]byte) (unknown [][32]byte) {
	for _, d := range digests {
		b, err := r.s.disk.Body(d)
		if err != nil {
			continue
		}
		if _, err := nameIn(b, artefact.Status, artefact.IdentifierList); err == nil {
			continue
		}
		if _, err := parseCRL(b); err == nil {
			continue
		}
		out, err := r.s.Offer(b, artefact.Disk, r.now) // a refusal is kept where it belongs
		switch {
		case reason.CodeOf(err) == reason.ArtefactUnknown:
			unknown = append(unknown, d)
		case err == nil && !out.Unchanged:
			r.s.mu.Lock()
			r.s.dirty[out.Ref.ID] = true
			r.s.mu.Unlock()
		}
	}
	return unknown
}

// follow has the lists followed again that credentials and tokens led to, and drops
// from disk those that the configuration no longer names.
func (r *restoring) follow() {
	s := r.s
	for i, it := range r.items {
		if it.id.Name == "" {
			if b, err := s.disk.Body(it.digest); err == nil {
				r.items[i].id.Name, _ = nameIn(b, it.id.Kind)
			}
		}
	}
	var keys []string
	s.mu.Lock()
	for i, it := range r.items {
		if id := (artefact.ID{Kind: artefact.Status, Name: it.id.Name}); it.id.Kind == artefact.IdentifierList && s.prefetched(id) {
			r.items[i].id = id // what it is, its signature has to say once more
		}
	}
	r.items = slices.DeleteFunc(r.items, func(it item) bool {
		if !isKept(it.id.Kind) {
			return false
		}
		r.followAgain(it)
		drop := s.keptOf(it.id) == nil
		if drop {
			keys = append(keys, it.key)
		}
		return drop
	})
	s.mu.Unlock()
	if len(keys) == 0 {
		return
	}
	if err := s.disk.Delete(keys...); err != nil {
		s.log.Warn("old status lists on disk not dropped", "err", err)
	}
}

// prefetched says whether the configuration names a list. The caller holds mu.
func (s *Store) prefetched(id artefact.ID) bool {
	h, ok := s.status[id]
	return ok && h.came == Prefetched
}

// followAgain follows a list that was found by an earlier process. The caller holds mu.
func (r *restoring) followAgain(it item) {
	s := r.s
	found := it.came != "" && it.came != Prefetched && it.id.Name != ""
	switch {
	case !found || s.keptOf(it.id) != nil || !s.opts.Permit(it.id):
	case it.id.Kind == artefact.CRL && len(s.crls) < MaxCRLs:
		s.followCRL(it.id.Name, owner{}, nil, it.came)
	case it.id.Kind != artefact.CRL && len(s.status) < MaxStatusLists:
		s.followStatus(it.id, it.came, owner{}, r.now)
	}
}

// nameIn is the URI of a status list, as the token itself says.
func nameIn(b []byte, kinds ...artefact.Kind) (uri string, err error) {
	for _, kind := range kinds {
		var u *statuslist.Unverified
		if u, err = parseStatus(kind, b); err == nil {
			return u.URI(), nil
		}
	}
	return "", err
}

// inOrder takes in oldest first: a pivot is verified under the one before it.
func (r *restoring) inOrder(kind artefact.Kind) {
	for _, it := range r.of(kind) {
		r.admit(it)
	}
}

// sideBySide takes in as many at once as there are cores: the work is in parsing
// and signatures.
func (r *restoring) sideBySide(kinds ...artefact.Kind) {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, it := range r.of(kinds...) {
		g.Go(func() error { r.admit(it); return nil })
	}
	_ = g.Wait()
}

func (r *restoring) admit(it item) {
	s := r.s
	if !s.follows(it.id) {
		s.log.Info("a list on disk is not followed: it stays there", "list", listName(it.id), "kind", it.id.Kind)
		return
	}
	b, err := s.disk.Body(it.digest)
	if err != nil {
		s.log.Error("a list on disk cannot be read back", "list", listName(it.id), "kind", it.id.Kind, "sha256", it.digest.String(), "err", err)
		s.damaged(it.digest.String(), it.digest.String()+": "+err.Error())
		return
	}
	out, err := s.Admit(artefact.Raw{ID: it.id, Door: artefact.Disk, Bytes: b, At: r.now, Note: it.note})
	s.mu.Lock()
	defer s.mu.Unlock()
	if isKept(it.id.Kind) {
		r.keptStored(it, out, err)
		return
	}
	if err != nil {
		return // kept and logged where it was refused
	}
	if it.id.Kind == artefact.Pivot {
		if h, uri, ok := s.pivotOf(it.id); ok && h.pivots[uri] != nil {
			h.pivots[uri].b = nil
		}
		return
	}
	h := s.lists[it.id.Name]
	if st := r.lists[recordKey(it.id)]; h.ref.Digest == it.digest {
		h.b, h.durable = nil, true
		h.looked, h.soaked = r.upTo(st.Looked, 0), r.upTo(st.Soaked, s.opts.Soak)
		h.conflict, h.note = st.Evident, st.Note
		if !st.Mark.Set {
			h.mark = st.Mark // an operator had it forgotten
		}
	}
}

// keptStored notes that a version that came from disk is there, whatever came of it: a
// refused one is forgotten with the next. If the list left again at once, as others
// needed the room, it is forgotten now. The caller holds mu.
func (r *restoring) keptStored(it item, out Outcome, err error) {
	id := it.id
	if err == nil {
		id = out.Ref.ID // it may have turned
	}
	k := r.s.keptOf(id)
	if k == nil || it.key != versionKey(id, it.digest) {
		r.s.forgotten = append(r.s.forgotten, it.key)
		r.s.changed()
		return
	}
	k.stored = append(k.stored, it.digest)
	if err == nil {
		k.looked = r.upTo(it.looked, 0)
	}
}

// follows says whether an artefact is of a list that is followed.
func (s *Store) follows(id artefact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keptOf(id) != nil || s.listOf(id) != nil
}

// upTo carries a time of an earlier process over to this one's monotonic clock. One
// that lies further ahead than it can was written under another clock.
func (r *restoring) upTo(t time.Time, ahead time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return r.now.Add(min(t.Sub(r.now.Round(0)), ahead))
}

// held brings back the anchors that were removed and wait for an operator, by
// reading the version they stood in. What a later version removed beside them, even
// at once, is held with them: nobody knows any more which it was.
func (r *restoring) held() {
	s := r.s
	for _, it := range r.olds {
		until := r.upTo(r.lists[recordKey(it.id)].Held, s.opts.RemovalHold)
		b, err := s.disk.Body(it.digest)
		src, chain, _, ok := s.followed(it.id)
		if err != nil || !ok || !r.now.Before(until) {
			continue
		}
		chain.named = nil // it may be older than a pivot that the one in force names
		before, err := src.read(b, artefact.Disk, chain, r.now)
		if err != nil {
			continue
		}
		s.mu.Lock()
		if h := s.lists[it.id.Name]; h.list != nil {
			for _, a := range missing(s.withoutTestAnchors(before.list), keysOf(h.list)) {
				h.withdrawn = append(h.withdrawn, withdrawn{a, until})
			}
			h.previous = &version{ref: artefact.Ref{ID: it.id, Version: it.version, Digest: it.digest, Size: len(b)}}
		}
		s.mu.Unlock()
	}
}

// loaded ends the loading of trust lists with one View of all. A LOTL that came
// from disk was seen with its national lists before, so it need not wait for them.
func (s *Store) loaded() {
	s.mu.Lock()
	for _, h := range s.lists {
		if h.source.Type == artefact.LOTL && h.list != nil {
			for _, child := range s.children(h.source.Name) {
				child.tried = true
			}
		}
	}
	s.loading = false
	s.trustChanged()
	s.mu.Unlock()
	s.settle()
}

// isKept says whether an artefact is no trust list.
func isKept(k artefact.Kind) bool {
	return slices.Contains([]artefact.Kind{artefact.Status, artefact.IdentifierList, artefact.CRL, artefact.Aggregation}, k)
}

// listName is what a log and a metric call an artefact: none but a trust list is
// named.
func listName(id artefact.ID) string {
	switch id.Kind {
	case artefact.Status, artefact.IdentifierList:
		return "status"
	case artefact.CRL, artefact.Aggregation:
		return string(id.Kind)
	}
	return id.Name
}
