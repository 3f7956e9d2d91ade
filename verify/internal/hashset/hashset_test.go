package hashset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func list(members ...string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, m := range members {
			if !yield([]byte(m)) {
				return
			}
		}
	}
}

func TestSet(t *testing.T) {
	s := Of(3, list("b", "", "a", "b", "", "\x00"))
	for member, want := range map[string]bool{"": true, "a": true, "b": true, "\x00": true, "c": false, "ab": false, "\x00\x00": false} {
		if got := s.Has([]byte(member)); got != want {
			t.Errorf("Has(%q) is %v", member, got)
		}
	}
	if !s.Has(nil) {
		t.Error("nil is not the empty string")
	}
	if s.Len() != 4 || s.Size() != 64 {
		t.Errorf("%d members in %d bytes", s.Len(), s.Size())
	}
	for name, empty := range map[string]Set{"zero": {}, "of nothing": Of(1000, list()), "of a negative hint": Of(-1, list())} {
		if empty.Has([]byte("a")) || empty.Has(nil) || empty.Len() != 0 || empty.Size() != 0 || cap(empty.sums) != 0 {
			t.Errorf("%s: %d members in %d bytes", name, empty.Len(), empty.Size())
		}
	}
}

// Whatever is put in is in, nothing else is, and what it takes is what it says.
func TestAgainstMap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		member := rapid.SliceOfN(rapid.ByteMax(3), 0, 4)
		members := rapid.SliceOf(member).Draw(r, "members")
		want := make(map[string]bool)
		for _, m := range members {
			want[string(m)] = true
		}
		s := Of(rapid.IntRange(-1, 100).Draw(r, "hint"), slices.Values(members))
		for _, m := range append(members, rapid.SliceOf(member).Draw(r, "others")...) {
			if s.Has(m) != want[string(m)] {
				r.Fatalf("Has(%x) is %v", m, s.Has(m))
			}
		}
		if s.Len() != len(want) || s.Size() != 16*len(want) {
			r.Fatalf("%d members in %d bytes, want %d", s.Len(), s.Size(), len(want))
		}
		if got := uintptr(cap(s.sums)) * unsafe.Sizeof(sum{}); got != uintptr(s.Size()) {
			r.Fatalf("%d bytes are kept for %d", got, s.Size())
		}
		if !slices.IsSortedFunc(s.sums, compare) {
			r.Fatal("not sorted")
		}
	})
}

// A member is read before the next one is asked for, and not kept.
func TestMembersInOneBuffer(t *testing.T) {
	var buf [1]byte
	s := Of(0, func(yield func([]byte) bool) {
		for buf[0] = 0; buf[0] < 100 && yield(buf[:]); buf[0]++ {
		}
	})
	if s.Len() != 100 || !s.Has([]byte{0}) || !s.Has([]byte{99}) || s.Has([]byte{100}) {
		t.Errorf("%d members", s.Len())
	}
}

func TestHasAllocatesNothing(t *testing.T) {
	s := Of(1000, numbers(1000))
	in, out := binary.BigEndian.AppendUint64(nil, 7), bytes.Repeat([]byte{0xff}, 300)
	if n := testing.AllocsPerRun(100, func() { _ = s.Has(in) && s.Has(out) }); n != 0 {
		t.Errorf("Has allocates %v times", n)
	}
}

func numbers(n int) iter.Seq[[]byte] {
	var buf [8]byte
	return func(yield func([]byte) bool) {
		for i := range n {
			binary.BigEndian.PutUint64(buf[:], uint64(i))
			if !yield(buf[:]) {
				return
			}
		}
	}
}

var sink bool

func BenchmarkHas(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := Of(n, numbers(n))
			var member [8]byte
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				binary.BigEndian.PutUint64(member[:], uint64(i)*7919%uint64(2*n)) // every other is a member
				sink = s.Has(member[:])
			}
		})
	}
}

func BenchmarkOf(b *testing.B) {
	const n = 100_000
	b.ReportAllocs()
	for b.Loop() {
		sink = Of(n, numbers(n)).Len() == n
	}
}
