// Package hashset is an immutable set of byte strings of any length, kept as their
// SHA-256 hashes, sorted and cut to 16 bytes: 16 bytes for each member and not one
// pointer, so that a million revoked certificates cost 16 MiB and the garbage
// collector nothing (credentials 5).
//
// To find two byte strings that pass for one another takes 2^64 hashes, and for one
// that passes for a given member 2^128: an issuer can deceive itself about its own
// members, and nobody about anybody else's.
package hashset

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"slices"
)

// size is the number of bytes each member takes.
const size = 16

// sum is a hash cut to 16 bytes, as two numbers because those are compared faster.
type sum struct{ high, low uint64 }

func sumOf(member []byte) sum {
	h := sha256.Sum256(member)
	return sum{binary.BigEndian.Uint64(h[:8]), binary.BigEndian.Uint64(h[8:size])}
}

func compare(a, b sum) int {
	if c := cmp.Compare(a.high, b.high); c != 0 {
		return c
	}
	return cmp.Compare(a.low, b.low)
}

// Set is the set; the zero value is empty. It may be read concurrently.
type Set struct{ sums []sum } // sorted, without duplicates, no longer than needed

// Of makes a set of the members. It takes them one at a time and keeps none of
// them. Hint is how many to expect; a wrong one costs a copy.
func Of(hint int, members iter.Seq[[]byte]) Set {
	sums := make([]sum, 0, max(hint, 0))
	for m := range members {
		sums = append(sums, sumOf(m))
	}
	slices.SortFunc(sums, compare)
	if sums = slices.Compact(sums); len(sums) < cap(sums) {
		exact := make([]sum, len(sums))
		copy(exact, sums)
		sums = exact
	}
	return Set{sums}
}

// Has says whether member is in the set. It allocates nothing.
func (s Set) Has(member []byte) bool {
	_, ok := slices.BinarySearchFunc(s.sums, sumOf(member), compare)
	return ok
}

// Len is the number of members, each counted once.
func (s Set) Len() int { return len(s.sums) }

// Size is the memory that the members take, in bytes.
func (s Set) Size() int { return size * len(s.sums) }
