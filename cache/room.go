package cache

import (
	"cmp"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// What status lists may take, and who leaves when it is full. A list that the
// configuration names never leaves, and neither does one that was used within
// RecentUse. Of the others the one that was not used for longest leaves first, to make
// room for a newer version of a list that stays, or for one that a credential named
// (which counts as its first use, if not as a recent one); a list that only a list of
// lists names, or that a peer sends unasked, takes what is free. Where an issuer is past
// its share its own lists leave. What cannot be fitted in is refused with
// status_memory_full, and what was held stays.
const (
	RecentUse = time.Hour

	perList    = 1 << 10 // bytes that a list takes beside its entries
	ownerShare = 2       // one issuer's lists that nobody configured take at most one part in so many
	alarmEvery = time.Hour
)

// usage is what an owner's lists take that the configuration does not name.
type usage struct {
	lists   int
	bytes   int64
	tiny    bool // an alarm told that it publishes tiny lists
	tracked bool // or lists that are hardly used
}

// owned is the usage of an owner. The caller holds mu.
func (s *Store) owned(of owner) *usage {
	u, ok := s.owners[of]
	if !ok {
		u = new(usage)
		s.owners[of] = u
	}
	return u
}

// makeRoom sees to it that a list can hold what is next. The caller holds mu.
func (s *Store) makeRoom(h *heldStatus, next []heldToken, st *verify.StatusToken, received int, unasked bool) error {
	held := digestsOf(refsOf(h.id, next))
	after := sizeOf(next) + h.inMemoryWith(st.SHA256, received, held, h.small(st.Token), s.disk != nil)
	// One that no credential has named yet takes what is free.
	mayEvict := h.came != Aggregated && !unasked || len(h.tokens) > 0 || h.use.last.Load() != 0
	return s.fit(after-h.size, h, mayEvict)
}

// fit sees to it that so many bytes more can be held, for a status list or, where h is
// nil, for an authority's list. When it refuses, nobody has left. The caller holds mu.
func (s *Store) fit(grows int64, h *heldStatus, mayEvict bool) error {
	if grows <= 0 {
		return nil
	}
	refuse := func(told, format string, args ...any) error {
		s.memoryRefused++
		s.overflow(told)
		return reason.Refuse(reason.StatusMemoryFull, format, args...)
	}
	var out []*heldStatus
	if h != nil && h.shares() {
		over := s.owned(h.owner).bytes + grows - s.opts.MaxMemory/ownerShare
		own := func(o *heldStatus) bool { return mayEvict && o != h && o.owner == h.owner }
		var ok bool
		if out, ok = s.leastUsed(over, own); !ok {
			return refuse("one issuer's status lists take all that one may: raise status.max_memory, or name them in status.prefetch", "one issuer's lists take half of status.max_memory")
		}
	}
	over := s.used + grows - s.opts.MaxMemory
	for _, o := range out {
		over -= o.size
	}
	others, ok := s.leastUsed(over, func(o *heldStatus) bool { return mayEvict && o != h && !slices.Contains(out, o) })
	if !ok {
		return refuse("status lists do not fit into memory: raise status.max_memory", "%d bytes are needed beside the %d that are used, of %d", grows, s.used, s.opts.MaxMemory)
	}
	for _, o := range append(out, others...) {
		s.evict(o)
	}
	return nil
}

// shares says whether a list counts for an issuer's part: not if the configuration
// names it, itself or by a list of lists.
func (h *heldStatus) shares() bool {
	return h.came == Found || h.came == Aggregated && h.owner != (owner{})
}

// ownedBy notes whose a list is that a credential led to before a restart: the disk
// knows only what is held of it. The caller holds mu.
func (s *Store) ownedBy(h *heldStatus, of owner) {
	if h.came != Found || h.owner != (owner{}) {
		return
	}
	was, is := s.owned(h.owner), s.owned(of)
	was.lists, was.bytes = was.lists-1, was.bytes-h.size
	is.lists, is.bytes = is.lists+1, is.bytes+h.size
	h.owner = of
}

// sizeOf is what tokens take.
func sizeOf(tokens []heldToken) (n int64) {
	for _, t := range tokens {
		n += perList + int64(t.token.Token.Size())
	}
	return n
}

// account notes what a list takes now. The caller holds mu.
func (s *Store) account(h *heldStatus) {
	size := sizeOf(h.tokens) + h.inMemory(s.disk != nil)
	s.used += size - h.size
	if h.came != Prefetched {
		s.owned(h.owner).bytes += size - h.size
	}
	h.size = size
}

// leastUsed are the lists that leave, in their order, to free so many bytes; ok is
// false if those that may are not enough. The caller holds mu.
func (s *Store) leastUsed(over int64, may func(*heldStatus) bool) (out []*heldStatus, ok bool) {
	if over <= 0 {
		return nil, true
	}
	type candidate struct {
		h    *heldStatus
		last uint64
	}
	var all []candidate
	var free int64
	now := s.clock.Load()
	for _, h := range s.status {
		last := h.use.last.Load()
		if h.came == Prefetched || len(h.tokens) == 0 || last != 0 && now < last+uint64(RecentUse/time.Second) || !may(h) {
			continue
		}
		if last == 0 && h.came == Found {
			last = s.second(h.since) // a credential named it
		}
		all = append(all, candidate{h, last})
		free += h.size
	}
	if free < over {
		return nil, false
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Compare(a.last, b.last) })
	for _, c := range all {
		if over <= 0 {
			break
		}
		out = append(out, c.h)
		over -= c.h.size
	}
	return out, true
}

// evict has a list followed no longer. The caller holds mu.
func (s *Store) evict(h *heldStatus) {
	s.evicted++
	s.leave(h)
	s.announce(Event{Type: StatusEvicted, List: "status", Detail: "a status list that was not used lately made room"})
}

// leave forgets a list, on disk as well. The caller holds mu.
func (s *Store) leave(h *heldStatus) {
	h.tokens, h.bytes, h.alone = nil, nil, nil
	s.account(h)
	s.owned(h.owner).lists--
	for _, d := range h.stored {
		s.forgotten = append(s.forgotten, versionKey(h.id, d))
	}
	delete(s.status, h.id)
	s.touched[h.id], s.sharing = true, true
	s.changed()
	s.grown = true // or the opposite: what is followed is another
}

// signers are those of the tokens that are held: a thousand lists of one issuer have
// one certificate.
type signers map[artefact.Digest]*verify.StatusSignature

// same returns a signature that is held already in place of one that says the same.
func (s signers) same(n *verify.StatusSignature) *verify.StatusSignature {
	key := artefact.Sum(n.Leaf.Raw)
	if have, ok := s[key]; ok && have.Same(n) {
		return have
	}
	if len(s) >= MaxSigners {
		clear(s) // those that are in use stay with their tokens
	}
	s[key] = n
	return n
}
