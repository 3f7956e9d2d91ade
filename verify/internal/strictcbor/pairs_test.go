package strictcbor

import (
	"bytes"
	"testing"
)

var pairSeeds = []string{
	"a0", "a1 41 aa a0", "a2 41 aa a0 41 bb a1 07 a0", "b8 01 00 00", "ba 00000001 00 00", "a1 8101 d818 41 00", "a2 41 aa a0 41 aa a0",
	"", "80", "00", "a1", "a1 00", "a0 00", "a1 00 00 00", "bf 00 00 ff", "bf ff", "a1 00 9f ff", "a1 5f 41 00 ff 00", "a1 1c 00",
	"c1 a0", "bb ffffffffffffffff", "bb 8000000000000000", "a1 00 bb 8000000000000000", "a1 00 9b 8000000000000000",
}

// What EachPair visits is what Split returns, of which nothing is left out, and it
// accepts what Split accepts.
func checkPairs(t *testing.T, in []byte) {
	const max = 64
	n, isMap := Pairs(in)
	var visited [][]byte
	ok := EachPair(in, func(key, value []byte) bool {
		visited = append(visited, key, value)
		return len(visited) <= 2*max
	})
	parts, want := Split(in, max)
	if want = want && isMap; ok != want {
		t.Fatalf("%x: ok is %v, want %v", in, ok, want)
	}
	if !ok {
		return
	}
	if uint64(len(visited)) != 2*n || len(parts) != len(visited) || !bytes.Equal(bytes.Join(parts, []byte{0xff}), bytes.Join(visited, []byte{0xff})) {
		t.Fatalf("%x: visited %x, want %x", in, visited, parts)
	}
}

func TestEachPair(t *testing.T) {
	for _, s := range pairSeeds {
		checkPairs(t, unhex(s))
	}
	seen := 0
	if EachPair(unhex("a2 00 00 01 00"), func(_, _ []byte) bool { seen++; return false }) || seen != 1 {
		t.Errorf("told to stop, and went on: %d pairs", seen)
	}
	deep := func(n int) []byte {
		return append(append([]byte{0xa1, 0x00}, bytes.Repeat([]byte{0x81}, n)...), 0)
	}
	every := func(_, _ []byte) bool { return true }
	if !EachPair(deep(MaxDepth), every) || EachPair(deep(MaxDepth+1), every) {
		t.Error("the depth is not MaxDepth")
	}
}

// More pairs than any other map may have.
func TestEachPairOfMany(t *testing.T) {
	const n = MaxElements + 1
	item := append([]byte{0xba, 0, 1, 0, 1}, make([]byte, 2*n)...)
	seen := 0
	if !EachPair(item, func(_, _ []byte) bool { seen++; return true }) || seen != n {
		t.Errorf("%d pairs, want %d", seen, n)
	}
	if got, ok := Pairs(item); !ok || got != n {
		t.Errorf("%d pairs, want %d", got, n)
	}
	if EachPair(item[:len(item)-1], func(_, _ []byte) bool { return true }) {
		t.Error("a map that is cut off")
	}
}

func TestPairs(t *testing.T) {
	for in, want := range map[string]uint64{"a0": 0, "a2 00 00": 2, "bb ffffffffffffffff": 1<<64 - 1} {
		if n, ok := Pairs(unhex(in)); !ok || n != want {
			t.Errorf("%s: %d %v", in, n, ok)
		}
	}
	for _, in := range []string{"", "80", "bf ff", "c1 a0", "bb 00", "bc"} {
		if n, ok := Pairs(unhex(in)); ok {
			t.Errorf("%s passed for a map of %d", in, n)
		}
	}
}

func FuzzEachPair(f *testing.F) {
	for _, s := range pairSeeds {
		f.Add(unhex(s))
	}
	f.Fuzz(checkPairs)
}
