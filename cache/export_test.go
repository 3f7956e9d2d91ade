package cache

// OnlyForTestTokens counts the tokens whose bytes the store has in memory for the
// disk, and those that it knows to be on disk.
func (s *Store) OnlyForTestTokens() (unstored, stored int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.status {
		unstored += len(h.unstored)
		stored += len(h.stored)
	}
	return unstored, stored
}

// OnlyForTestSameTrust says whether two Views share what trust lists say.
func OnlyForTestSameTrust(a, b *View) bool { return a.trust == b.trust }
