package cache

import (
	"fmt"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// manyStatus is a store that holds as many lists as there may be, of 16 issuers, all
// found and followed for two days.
func manyStatus(now time.Time) *Store {
	s := New(Options{Permit: func(artefact.ID) bool { return true }}, now)
	for i := range MaxStatusLists {
		id := artefact.ID{Kind: artefact.Status, Name: fmt.Sprintf("https://status.example/%d", i)}
		s.followStatus(id, Found, owner{"pid", fmt.Sprint(i % 16)}, now)
		h := s.status[id]
		h.tokens = []heldToken{{token: &verify.StatusToken{StatusSignature: &verify.StatusSignature{}, Token: &statuslist.Token{}}}}
		h.use.now(uint64(i%1000 + 1))
		s.account(h)
	}
	s.settle()
	return s
}

// Tick with as many lists as there may be.
func BenchmarkTickStatus(b *testing.B) {
	now := time.Now()
	s := manyStatus(now)
	for b.Loop() {
		s.Tick(now.Add(48 * time.Hour))
	}
}

// The change of one list among as many as there may be.
func BenchmarkSettleStatus(b *testing.B) {
	s := manyStatus(time.Now())
	id := artefact.ID{Kind: artefact.Status, Name: "https://status.example/7"}
	for b.Loop() {
		s.mu.Lock()
		s.statusChanged(id)
		s.mu.Unlock()
		s.settle()
	}
}

// Who leaves, of as many lists as there may be.
func BenchmarkLeastUsed(b *testing.B) {
	now := time.Now()
	s := manyStatus(now)
	s.Tick(now.Add(48 * time.Hour))
	for b.Loop() {
		if _, ok := s.leastUsed(1, func(*heldStatus) bool { return true }); !ok {
			b.Fatal("nobody")
		}
	}
}
