package strictcbor

import (
	"bytes"
	"errors"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

func TestUnique(t *testing.T) {
	deep := func(n int) []byte { return append(bytes.Repeat([]byte{0x81}, n), 0xa0) } // n arrays around a map
	for _, c := range []struct {
		name string
		in   []byte
		want error
	}{
		{"integer", unhex("01"), nil},
		{"empty map", unhex("a0"), nil},
		{"two keys", unhex("a2 01 00 02 00"), nil},
		{"integer and text of one byte", unhex("a2 01 00 6101 00"), nil},
		{"bytes and text", unhex("a2 4161 00 6161 00"), nil},
		{"one and minus two", unhex("a2 01 00 21 00"), nil},
		{"the same key in two maps", unhex("82 a1 01 00 a1 01 00"), nil},
		{"the same key within each other", unhex("a1 01 a1 01 00"), nil},
		{"integers beyond 63 bits", unhex("a2 1b8000000000000000 00 1bffffffffffffffff 00"), nil},
		{"inside a byte string", unhex("45 a2 01 00 01 00"), nil},
		{"text", unhex("a2 6161 00 6161 00"), ErrDuplicate},
		{"longer head", unhex("a2 01 00 1801 00"), ErrDuplicate},
		{"longer length", unhex("a2 6161 00 780161 00"), ErrDuplicate},
		{"under a tag", unhex("c1 a2 01 00 01 00"), ErrDuplicate},
		{"deep", unhex("a1 01 82 00 a2 05 00 05 00"), ErrDuplicate},
		{"in a map that is a key", unhex("a1 a2 01 00 01 00 00"), ErrDuplicate},
		{"arrays", unhex("a2 8101 00 8101 00"), ErrDuplicate},
		{"simple values", unhex("a2 f6 00 f6 00"), ErrDuplicate},
		{"deep as allowed", deep(3), nil},
		{"too deep", deep(4), ErrDepth},
		{"deep as allowed in a key", unhex("a1 818180 00"), nil},
		{"too deep in a key", unhex("a1 81818180 00"), ErrDepth},
		{"cut off", unhex("82 01"), errForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := Unique(c.in, 4); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// FuzzUnique: what the decoder refuses in maps that it decodes whole, Unique finds
// too, and it finds nothing in what decodes.
func FuzzUnique(f *testing.F) {
	for _, in := range []string{"a2 01 00 1801 00", "a2 6161 00 6161 00", "81 a1 02 a2 05 00 05 00", "a1 01 a1 01 00"} {
		f.Add(unhex(in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if Wellformed(b) != nil {
			return
		}
		err := Unique(b, MaxDepth)
		if errors.Is(err, errForm) {
			t.Fatal("well-formed for one and not for the other")
		}
		var v any
		decoded := Unmarshal(b, &v)
		if decoded == nil && errors.Is(err, ErrDuplicate) {
			t.Fatal("a duplicate in what decodes")
		}
		var dup *cbor.DupMapKeyError
		if errors.As(decoded, &dup) && err == nil {
			if _, isFloat := dup.Key.(float64); !isFloat { // 1.0 is written in three sizes
				t.Fatalf("no duplicate found, and the decoder found %v", decoded)
			}
		}
	})
}
