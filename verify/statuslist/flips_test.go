package statuslist

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/edgetrust/edgetrust/verify/internal/hashset"
)

// naiveFlips compares entry by entry.
func naiveFlips(a, b *Token) (changed, of uint64) {
	of = max(a.Len(), b.Len())
	for i := range of {
		x, inA := a.Value(i)
		y, inB := b.Value(i)
		if a.Bits != b.Bits || inA != inB || x != y {
			changed++
		}
	}
	return changed, of
}

func TestFlips(t *testing.T) {
	a := &Token{Bits: 1, array: []byte{0b1010_1010, 0}}
	for _, tt := range []struct {
		name        string
		a, b        *Token
		changed, of uint64
	}{
		{"the same", a, a, 0, 16},
		{"three entries", a, &Token{Bits: 1, array: []byte{0b0010_1011, 0x80}}, 3, 16},
		{"both bits of an entry", &Token{Bits: 2, array: []byte{0}}, &Token{Bits: 2, array: []byte{0b0011_0000}}, 1, 4},
		{"neighbouring entries", &Token{Bits: 2, array: []byte{0}}, &Token{Bits: 2, array: []byte{0b0000_0110}}, 2, 4},
		{"longer", a, &Token{Bits: 1, array: []byte{0b1010_1010, 0, 0}}, 8, 24},
		{"longer and changed", &Token{Bits: 8, array: []byte{1}}, &Token{Bits: 8, array: []byte{2, 0, 0}}, 3, 3},
		{"other bits", a, &Token{Bits: 2, array: []byte{0b1010_1010, 0}}, 16, 16},
		{"empty", &Token{Bits: 1}, a, 16, 16},
		{"both empty", &Token{Bits: 1}, &Token{Bits: 1}, 0, 0},
		{"an identifier list", a, &Token{Mechanism: IdentifierList}, 16, 16},
		{"two identifier lists", &Token{Mechanism: IdentifierList, identifiers: hashset.Of(1, func(yield func([]byte) bool) { yield(nil) })}, &Token{Mechanism: IdentifierList}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, pair := range [][2]*Token{{tt.a, tt.b}, {tt.b, tt.a}} {
				if changed, of := pair[0].Flips(pair[1]); changed != tt.changed || of != tt.of {
					t.Errorf("%d of %d, want %d of %d", changed, of, tt.changed, tt.of)
				}
			}
		})
	}
}

func TestFlipsAgainstNaive(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		size := rapid.SampledFrom([]int{1, 2, 4, 8})
		array := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 3, 0x10, 0x80, 0xff}), 0, 40)
		a := &Token{Bits: size.Draw(r, "bits"), array: array.Draw(r, "array")}
		b := &Token{Bits: a.Bits, array: bytes.Clone(a.array)}
		if rapid.Bool().Draw(r, "unlike") {
			b.array = array.Draw(r, "other array")
		} else {
			for range rapid.IntRange(0, 5).Draw(r, "changes") {
				if len(b.array) > 0 {
					b.array[rapid.IntRange(0, len(b.array)-1).Draw(r, "at")] ^= rapid.Byte().Draw(r, "by")
				}
			}
		}
		if rapid.IntRange(0, 9).Draw(r, "other bits?") == 0 {
			b.Bits = size.Draw(r, "other bits")
		}
		before := bytes.Clone(b.array)
		changed, of := a.Flips(b)
		if wantChanged, wantOf := naiveFlips(a, b); changed != wantChanged || of != wantOf {
			r.Fatalf("%d of %d, want %d of %d", changed, of, wantChanged, wantOf)
		}
		if !bytes.Equal(before, b.array) {
			r.Fatal("the token was changed")
		}
	})
}

func BenchmarkFlips(b *testing.B) {
	old := &Token{Bits: 1, array: revokedArray()}
	for name, other := range map[string][]byte{"some": bytes.Clone(old.array), "all": make([]byte, len(old.array))} {
		for i := range other {
			if name == "all" {
				other[i] = ^old.array[i]
			} else if i%1000 == 0 {
				other[i] ^= 1
			}
		}
		tok := &Token{Bits: 1, array: other}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				old.Flips(tok)
			}
		})
	}
}
