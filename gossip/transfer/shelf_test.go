package transfer

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// What was replaced is served for a minute more, to the second, and its memory given
// back without anybody asking.
func TestShelf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held, replaced := randomBody(10), randomBody(20)
		s := NewShelf(newShelf(held))
		has := func(b []byte) bool {
			t.Helper()
			got, ok := s.Body(t.Context(), artefact.Sum(b))
			if ok && !bytes.Equal(got, b) {
				t.Error("another body")
			}
			return ok
		}
		if !has(held) || has(replaced) {
			t.Error("what the source has, and no more")
		}
		s.Keep(artefact.Sum(replaced), replaced)
		time.Sleep(KeepFor - time.Second)
		if !has(held) || !has(replaced) {
			t.Error("a second before")
		}
		time.Sleep(2 * time.Second)
		if !has(held) || has(replaced) {
			t.Error("a second after")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.kept) != 0 || s.bytes != 0 {
			t.Errorf("%d bodies, %d bytes", len(s.kept), s.bytes)
		}
	})
}

// What is kept again is kept from then on.
func TestShelfAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := randomBody(20)
		d := artefact.Sum(b)
		s := NewShelf(newShelf())
		s.Keep(d, b)
		time.Sleep(KeepFor / 2)
		s.Keep(d, b)
		if s.bytes != len(b) {
			t.Errorf("%d bytes", s.bytes)
		}
		time.Sleep(KeepFor - time.Second)
		if _, ok := s.Body(t.Context(), d); !ok {
			t.Error("gone too early")
		}
		time.Sleep(2 * time.Second)
		if _, ok := s.Body(t.Context(), d); ok {
			t.Error("still there")
		}
	})
}

// Of too many bytes the last are kept.
func TestShelfIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewShelf(newShelf())
		const size = maxShelf / 4
		digest := func(n byte) artefact.Digest { return artefact.Digest{n} }
		for n := range byte(6) {
			s.Keep(digest(n), make([]byte, size))
			time.Sleep(time.Second)
		}
		for n := range byte(6) {
			if _, ok := s.Body(t.Context(), digest(n)); ok != (n >= 2) {
				t.Errorf("body %d: %v", n, ok)
			}
		}
		s.Keep(digest(9), make([]byte, maxShelf+1))
		if _, ok := s.Body(t.Context(), digest(9)); ok || s.bytes != maxShelf {
			t.Errorf("%v, %d bytes", ok, s.bytes)
		}
		s.Keep(digest(10), make([]byte, maxShelf))
		if _, ok := s.Body(t.Context(), digest(10)); !ok || len(s.kept) != 1 {
			t.Errorf("%v, %d bodies", ok, len(s.kept))
		}
	})
}
