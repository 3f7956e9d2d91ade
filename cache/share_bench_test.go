package cache

import (
	"fmt"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// What is shared of a country's thousand status lists, and a body that was named. Each
// change of what is held is followed by a Share.
func BenchmarkShare(b *testing.B) {
	for _, lists := range []int{1000, MaxStatusLists} {
		s := New(Options{Permit: func(artefact.ID) bool { return true }}, time.Now())
		var named artefact.Digest
		for i := range lists {
			id := artefact.ID{Kind: artefact.Status, Name: fmt.Sprintf("https://status.example/%d", i)}
			s.followStatus(id, Prefetched, owner{}, time.Now())
			named = artefact.Sum([]byte(id.Name))
			// An identifier list that the configuration names is never small.
			s.status[id].tokens = []heldToken{{token: &verify.StatusToken{SHA256: named, Token: &statuslist.Token{Mechanism: statuslist.IdentifierList}}}}
			s.status[id].bytes = map[artefact.Digest][]byte{named: {1}}
		}
		now := time.Now()
		b.Run(fmt.Sprintf("lists=%d", lists), func(b *testing.B) {
			for b.Loop() {
				if n := len(s.Share(now)); n != lists {
					b.Fatal(n)
				}
			}
		})
		b.Run(fmt.Sprintf("body/lists=%d", lists), func(b *testing.B) {
			for b.Loop() {
				if _, ok := s.Body(named); !ok {
					b.Fatal("not to be had")
				}
			}
		})
	}
}
