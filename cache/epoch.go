package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/edgetrust/edgetrust/verify"
)

// epoch counts the changes of the anchor set.
type epoch struct {
	n   uint64
	sum [sha256.Size]byte
}

// of returns the epoch of t, which follows the one that was asked for before. It is
// computed with every change of a list's age, so it makes no text of the anchors.
func (e *epoch) of(t *trust) uint64 {
	sums := make([][sha256.Size]byte, 0, len(t.byID))
	var b []byte
	for _, anchors := range t.byID {
		for _, a := range anchors {
			b = appendContent(b[:0], a)
			sums = append(sums, sha256.Sum256(b))
		}
	}
	slices.SortFunc(sums, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	all := sha256.New()
	for i := range sums {
		all.Write(sums[i][:])
	}
	if sum := [sha256.Size]byte(all.Sum(nil)); e.n == 0 || sum != e.sum {
		e.sum = sum
		e.n++
	}
	return e.n
}

// appendContent writes what of an anchor decides about a certificate path, time
// apart.
func appendContent(b []byte, t verify.Trusted) []byte {
	a := t.Anchor
	b = append(b, a.ID[:]...)
	for _, is := range [...]bool{a.Usable, t.Removed, t.List.Quarantined} {
		if is {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	for _, s := range [...]string{t.List.Name, string(a.Kind), string(a.Purpose), a.Territory, a.Entity} {
		b = appendText(b, s)
	}
	for _, s := range a.Types {
		b = appendText(b, s)
	}
	return b
}

// appendText writes a text so that no two rows of texts are written alike.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
