package cache

import (
	"bytes"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// FuzzRecord reads states that anything may have written: whatever is read, is
// written and read again as the same.
func FuzzRecord(f *testing.F) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	for _, r := range []record{
		{},
		{Kind: clock.Kind, Name: clock.Name, Floor: at},
		{
			Kind: artefact.LOTL, Name: "eu-lotl", Version: 390, Size: 1, Looked: at, Soaked: at, Held: at, Note: "note",
			Mark:    mark{Set: true, Type: "t", Sequence: 390, Issued: at, OJ: "https://journal.example", Pivots: []string{"https://a.example", "b"}},
			Evident: &Conflict{At: at, Sequence: 390},
		},
	} {
		f.Add(r.under("key", artefact.Digest{}, nil).State)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRecord(b)
		if err != nil {
			return
		}
		once := r.under("key", artefact.Digest{}, nil).State
		again, err := decodeRecord(once)
		if err != nil {
			t.Fatalf("%+v is not read again: %v", r, err)
		}
		if twice := again.under("key", artefact.Digest{}, nil).State; !bytes.Equal(once, twice) {
			t.Errorf("%x is written as %x", once, twice)
		}
	})
}
