package strictcbor

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

var splitSeeds = []string{
	"80", "a0", "83 01 02 03", "82 81 80 a1 01 d818 41 00", "a2 01 02 6161 f6", "98 02 01 02", "84 43 a10126 a0 f6 58 02 0000",
	"81 fb 3ff0000000000000", "82 01", "9f 01 ff", "01", "", "81 5f 41 00 ff", "81 81 81 81 00",
}

// What is well formed splits into the items that the decoder sees, of which
// nothing is left out.
func checkSplit(t *testing.T, in []byte) {
	const max = 64
	parts, ok := Split(in, max)
	wellFormed := Wellformed(in) == nil
	if !wellFormed || len(in) == 0 || in[0]>>5 != majorArray {
		if ok && wellFormed && in[0]>>5 != majorMap {
			t.Fatalf("%x split as if it held items", in)
		}
		return
	}
	var want []cbor.RawMessage
	if err := Unmarshal(in, &want); err != nil {
		return // too deep or too long for the decoder
	}
	if ok != (len(want) <= max) || ok && len(parts) != len(want) {
		t.Fatalf("%x: %d parts, ok %v, want %d", in, len(parts), ok, len(want))
	}
	if !ok {
		return
	}
	h, rest, _ := readHead(in)
	if h.arg != uint64(len(want)) || !bytes.Equal(bytes.Join(parts, nil), rest) {
		t.Fatalf("%x: the parts are not the whole", in)
	}
}

func TestSplit(t *testing.T) {
	for _, s := range splitSeeds {
		checkSplit(t, unhex(s))
	}
	if parts, ok := Split(unhex("a2 01 02 6161 f6"), 2); !ok || len(parts) != 4 || parts[3][0] != 0xf6 {
		t.Errorf("a map of two: %x %v", parts, ok)
	}
	if _, ok := Split(unhex("a2 01 02 6161 f6"), 1); ok {
		t.Error("a map of two passed for one of at most one")
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range splitSeeds {
		f.Add(unhex(s))
	}
	f.Fuzz(checkSplit)
}

func TestReadLabel(t *testing.T) {
	good := map[string]Label{
		"01": {Int: 1}, "1821": {Int: 33}, "1801": {Int: 1}, "20": {Int: -1}, "3800": {Int: -1}, "60": {IsText: true}, "6161": {Text: "a", IsText: true},
		"1b 7fffffffffffffff": {Int: 1<<63 - 1}, "3b 7fffffffffffffff": {Int: -1 << 63},
	}
	for in, want := range good {
		if l, ok := ReadLabel(unhex(in)); !ok || l != want {
			t.Errorf("%s: %+v %v, want %+v", in, l, ok, want)
		}
	}
	for _, in := range []string{"", "4161", "80", "a0", "c001", "f6", "f93c00", "0100", "62 61", "61 ff", "1b 8000000000000000", "3b 8000000000000000", "18"} {
		if l, ok := ReadLabel(unhex(in)); ok {
			t.Errorf("%s passed for the label %+v", in, l)
		}
	}
}
