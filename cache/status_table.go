package cache

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// A table has two levels, of so many each: a change of one list copies the two arrays
// that lead to it, and nothing else.
const (
	tableShards  = 256
	shardBuckets = 256
)

// statusTable finds status lists by URI. It never changes: with makes the next one,
// which shares all that has not. It is no map of maps because that would hash each URI
// twice, which is most of what a lookup costs.
type statusTable struct {
	seed   maphash.Seed
	shards [tableShards]*statusShard
}

type statusShard [shardBuckets]*statusEntry

// statusEntry is one list in a bucket, with those that share it. MaxStatusLists is as
// many as there are buckets, so they are few.
type statusEntry struct {
	uri  string
	slot *statusSlot
	next *statusEntry
}

// statusSlot is what a View holds for one URI.
type statusSlot struct {
	verify.StatusSlot
	use *use
}

func (t *statusTable) place(uri string) (shard, bucket int) {
	h := maphash.String(t.seed, uri)
	return int(h % tableShards), int(h / tableShards % shardBuckets)
}

func (t *statusTable) get(uri string) *statusSlot {
	shard, bucket := t.place(uri)
	if t.shards[shard] == nil {
		return nil
	}
	for e := t.shards[shard][bucket]; e != nil; e = e.next {
		if e.uri == uri {
			return e.slot
		}
	}
	return nil
}

// with is the table after some slots have changed; a nil one is gone.
func (t *statusTable) with(changed map[string]*statusSlot) *statusTable {
	if len(changed) == 0 {
		return t
	}
	next := *t
	copied := make(map[int]bool)
	for uri, slot := range changed {
		shard, bucket := t.place(uri)
		if !copied[shard] {
			own := new(statusShard)
			if was := t.shards[shard]; was != nil {
				*own = *was
			}
			next.shards[shard], copied[shard] = own, true
		}
		at := &next.shards[shard][bucket]
		*at = (*at).without(uri)
		if slot != nil {
			*at = &statusEntry{uri, slot, *at}
		}
	}
	return &next
}

// without are the entries of a bucket but for one URI's.
func (e *statusEntry) without(uri string) *statusEntry {
	switch {
	case e == nil:
		return nil
	case e.uri == uri:
		return e.next
	}
	if rest := e.next.without(uri); rest != e.next {
		return &statusEntry{e.uri, e.slot, rest}
	}
	return e
}

// statusTables are those of the two mechanisms.
type statusTables struct{ lists, identifiers *statusTable }

func newStatusTables() statusTables {
	seed := maphash.MakeSeed()
	return statusTables{&statusTable{seed: seed}, &statusTable{seed: seed}}
}

func (t statusTables) of(m statuslist.Mechanism) *statusTable {
	if m == statuslist.IdentifierList {
		return t.identifiers
	}
	return t.lists
}

// kindOf is the kind of artefact that a mechanism's lists are.
func kindOf(m statuslist.Mechanism) artefact.Kind {
	if m == statuslist.IdentifierList {
		return artefact.IdentifierList
	}
	return artefact.Status
}

// use is when a list was last used, so that one that nobody uses leaves first. It is
// kept to the second, in memory, for the list as a whole, and shown to nobody.
type use struct {
	last  atomic.Uint64 // seconds since the store's start, counted from one; 0: never
	times atomic.Uint32 // different seconds, up to manyTimes
}

// manyTimes is where the counting of uses ends.
const manyTimes = 3

// now notes a use. Most uses of a busy list write nothing.
func (u *use) now(second uint64) {
	if u.last.Load() == second {
		return
	}
	u.last.Store(second)
	if u.times.Load() < manyTimes {
		u.times.Add(1)
	}
}

// Status returns what is held for the URI of a list.
func (v *View) Status(m statuslist.Mechanism, uri string) verify.StatusSlot {
	slot := v.status.of(m).get(uri)
	if slot == nil {
		return verify.StatusSlot{}
	}
	slot.use.now(v.clock.Load())
	return slot.StatusSlot
}

// statusChanged notes that what is held for the URI of a list is another now. The
// caller holds mu.
func (s *Store) statusChanged(id artefact.ID) {
	s.touched[id], s.sharing = true, true
	s.changed(id)
}

// nextTables are the tables of the next View. The caller holds mu.
func (s *Store) nextTables() statusTables {
	if len(s.touched) == 0 {
		return s.tables
	}
	changed := map[artefact.Kind]map[string]*statusSlot{artefact.Status: {}, artefact.IdentifierList: {}}
	for id := range s.touched {
		if h, ok := s.status[id]; ok {
			changed[id.Kind][id.Name] = h.slot()
		} else {
			changed[id.Kind][id.Name] = nil
		}
	}
	clear(s.touched)
	s.tables = statusTables{s.tables.lists.with(changed[artefact.Status]), s.tables.identifiers.with(changed[artefact.IdentifierList])}
	return s.tables
}
