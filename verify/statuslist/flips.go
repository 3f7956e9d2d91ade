package statuslist

import (
	"encoding/binary"
	"math/bits"
)

// Flips counts the entries in which two status lists differ, and of how many: those
// of the longer one. Entries beyond the shorter one differ, and where the number of
// bits per entry is not the same, all do. Identifier lists have no entries. A list of
// 2^20 one-bit entries takes some ten microseconds.
func (t *Token) Flips(other *Token) (changed, of uint64) {
	n, m := t.entries(), other.entries()
	of = max(n, m)
	if t.Bits != other.Bits {
		return of, of
	}
	changed = of - min(n, m)
	a, b := t.array, other.array
	if len(a) > len(b) {
		a, b = b, a
	}
	b = b[:len(a)]
	first := firstBits(t.Bits)
	for ; len(a) >= 8; a, b = a[8:], b[8:] {
		if x := binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b); x != 0 {
			changed += differing(x, t.Bits, first)
		}
	}
	for i := range a {
		changed += differing(uint64(a[i]^b[i]), t.Bits, first)
	}
	return changed, of
}

// firstBits has the lowest bit of each entry set.
func firstBits(size int) uint64 {
	switch size {
	case 2:
		return 0x5555_5555_5555_5555
	case 4:
		return 0x1111_1111_1111_1111
	case 8:
		return 0x0101_0101_0101_0101
	default:
		return ^uint64(0)
	}
}

// differing counts the entries of which any bit is set: those bits are gathered into
// the lowest one, where what comes over from the next entry falls under the mask.
func differing(x uint64, size int, first uint64) uint64 {
	for shift := 1; shift < size; shift *= 2 {
		x |= x >> shift
	}
	return uint64(bits.OnesCount64(x & first))
}
