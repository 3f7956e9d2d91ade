package cache

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// OnlyForTestTokens counts the tokens whose bytes the store has in memory for the
// disk, and those that it knows to be on disk.
func (s *Store) OnlyForTestTokens() (unstored, stored int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.status {
		unstored += len(h.bytes) + len(h.alone)
		stored += len(h.stored)
	}
	return unstored, stored
}

// OnlyForTestSameTrust says whether two Views share what trust lists say.
func OnlyForTestSameTrust(a, b *View) bool { return a.trust == b.trust }

// OnlyForTestVersionKey names the record of a version that has this digest, in hex.
func OnlyForTestVersionKey(id artefact.ID, digest string) string {
	var d artefact.Digest
	if _, err := hex.Decode(d[:], []byte(digest)); err != nil {
		panic(err)
	}
	return versionKey(id, d)
}

// OnlyForTestAccounts counts again what lists take, in all and of each owner, and says
// where the accounts are wrong.
func (s *Store) OnlyForTestAccounts() (faults []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all int64
	bytes, lists := make(map[owner]int64), make(map[owner]int)
	for id, h := range s.status {
		size := sizeOf(h.tokens) + h.inMemory(s.disk != nil)
		if size != h.size {
			faults = append(faults, fmt.Sprintf("%s takes %d, accounted for %d", id.Name, size, h.size))
		}
		all += size
		lists[h.owner]++
		if h.came != Prefetched {
			bytes[h.owner] += size
		}
	}
	for url, h := range s.crls {
		if size := sizeOfCRLs(h.lists) + h.inMemory(s.disk != nil); size != h.size {
			faults = append(faults, fmt.Sprintf("%s takes %d, accounted for %d", url, size, h.size))
		}
		all += h.size
	}
	if all != s.used {
		faults = append(faults, fmt.Sprintf("%d bytes are used, accounted for %d", all, s.used))
	}
	for of, u := range s.owners {
		if u.lists != lists[of] || u.bytes != bytes[of] {
			faults = append(faults, fmt.Sprintf("%v has %d lists of %d bytes, accounted for %d of %d", of, lists[of], bytes[of], u.lists, u.bytes))
		}
	}
	return faults
}

// OnlyForTestUsedLately says whether a list was used within RecentUse.
func (s *Store) OnlyForTestUsedLately(id artefact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.status[id]
	if !ok {
		return false
	}
	last := h.use.last.Load()
	return last != 0 && s.clock.Load()-last < uint64(RecentUse/time.Second)
}

// OnlyForTestEvict has a list leave, as if others needed the room. What is on disk of
// it goes with the next change.
func (s *Store) OnlyForTestEvict(id artefact.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.status[id]; ok {
		s.evict(h)
	}
}
