package strictcbor

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// illFormed is refused whatever it is decoded into.
var illFormed = map[string]string{
	"nothing":                   "",
	"trailing byte":             "01 00",
	"trailing item":             "a0 a0",
	"cut integer":               "18",
	"cut text":                  "63 6161",
	"cut array":                 "82 01",
	"cut map":                   "a1 01",
	"cut tag":                   "d8 18",
	"length beyond all":         "5b ffffffffffffffff",
	"count beyond all":          "9b ffffffffffffffff",
	"reserved form":             "1c",
	"reserved form of tag":      "df 00",
	"break alone":               "ff",
	"simple value in two bytes": "f8 18",
	"indefinite bytes":          "5f 4101 ff",
	"indefinite text":           "7f 6161 ff",
	"indefinite array":          "9f 01 ff",
	"indefinite map":            "bf 0101 ff",
	"indefinite inside":         "a1 01 82 00 9f ff",
	"indefinite under a tag":    "d818 5f 4101 ff",
}

// ambiguous is well-formed CBOR that two readers could understand differently.
var ambiguous = map[string]string{
	"duplicate key":                 "a2 01 01 01 02",
	"duplicate text key":            "a2 6161 01 6161 02",
	"duplicate key, longer form":    "a2 01 01 1801 02",
	"duplicate negative key":        "a2 20 01 3800 02",
	"duplicate key, deep":           "81 a1 02 a2 05 00 05 00",
	"invalid UTF-8":                 "61 ff",
	"invalid UTF-8 in a key":        "a1 62 c328 01",
	"overlong UTF-8":                "62 c080",
	"surrogate in UTF-8":            "63 eda0bd",
	"array as key":                  "a1 80 01",
	"map as key":                    "a1 a0 01",
	"integer key beyond 63 bits":    "a1 1b8000000000000000 00",
	"integer value beyond 63 bits":  "1b ffffffffffffffff",
	"negative key beyond 63 bits":   "a1 3bffffffffffffffff 00",
	"bignum as key":                 "a1 c24101 00",
	"negative value beyond 63 bits": "3b ffffffffffffffff",
}

func TestUnmarshalRefuses(t *testing.T) {
	for name, in := range illFormed {
		var v any
		var raw cbor.RawMessage
		if Unmarshal(unhex(in), &v) == nil || Unmarshal(unhex(in), &raw) == nil || Wellformed(unhex(in)) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, in := range ambiguous {
		var v any
		if Unmarshal(unhex(in), &v) == nil {
			t.Errorf("%s: accepted as %#v", name, v)
		}
	}
}

func TestDuplicatesInStructs(t *testing.T) {
	for name, in := range map[string]string{
		"known member":   "a2 6161 01 6161 02",
		"unknown member": "a3 6161 01 6162 02 6162 03",
		"longer form":    "a2 6161 01 780161 02",
	} {
		var s struct {
			A cbor.RawMessage `cbor:"a"`
		}
		if Unmarshal(unhex(in), &s) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	var s struct {
		A int64 `cbor:"a"`
	}
	if err := Unmarshal(unhex("a2 6141 01 6161 02"), &s); err != nil || s.A != 2 {
		t.Errorf("member names in other case: %+v, %v", s, err)
	}
}

func TestDuplicatesInMapOfRaw(t *testing.T) {
	var m map[any]cbor.RawMessage
	if Unmarshal(unhex("a2 01 01 1801 02"), &m) == nil {
		t.Error("accepted")
	}
	var text map[string]cbor.RawMessage
	if Unmarshal(unhex("a2 6161 01 6161 02"), &text) == nil {
		t.Error("accepted")
	}
}

func TestDepth(t *testing.T) {
	for _, open := range []string{"81", "a100", "d818"} {
		level, most := unhex(open), MaxDepth
		if open == "d818" {
			most++ // the decoder counts the first of a row of tags with its content
		}
		var v any
		if err := Unmarshal(append(bytes.Repeat(level, most), 0xa0), &v); err == nil {
			t.Errorf("%s: %d levels accepted", open, most+1)
		}
		if err := Unmarshal(append(bytes.Repeat(level, most-1), 0xa0), &v); err != nil {
			t.Errorf("%s: %d levels: %v", open, most, err)
		}
		var tooDeep *cbor.MaxNestedLevelError
		if err := Wellformed(append(bytes.Repeat(level, 1_000_000), 0)); !errors.As(err, &tooDeep) {
			t.Errorf("%s: a million levels: %v", open, err)
		}
	}
}

func TestElements(t *testing.T) {
	array := func(n int) []byte {
		return append([]byte{0x9a, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, make([]byte, n)...)
	}
	if err := Wellformed(array(MaxElements)); err != nil {
		t.Error(err)
	}
	if Wellformed(array(MaxElements+1)) == nil {
		t.Error("accepted one element too many")
	}
}

func TestFirst(t *testing.T) {
	var n int64
	rest, err := First(unhex("05 a0ff"), &n)
	if err != nil || n != 5 || !bytes.Equal(rest, unhex("a0ff")) {
		t.Errorf("%d, %x, %v", n, rest, err)
	}
}

func TestShortest(t *testing.T) {
	for _, in := range []string{
		"", "00", "17", "1818", "18ff", "190100", "19ffff", "1a00010000", "1b0000000100000000", "1bffffffffffffffff",
		"37", "3818", "390100", "40", "57" + strings.Repeat("00", 23), "5818" + strings.Repeat("1c", 24), "a0", "80",
		"9818" + strings.Repeat("00", 24), "d74100", "d8184100", "d9010000", "f4", "f6", "f820", "f93c00", "fa3f800000",
		"fb3ff0000000000000", "a2 01 1818 02 8118ff", "43 1800ff",
	} {
		if err := Shortest(unhex(in)); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
	for _, in := range []string{
		"1800", "1817", "190018", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3800", "3900ff",
		"580100", "590001 00", "7801 61", "9800", "9801 00", "b800", "b80100 00", "d80100", "d81700", "d9001800",
		"a1 01 1801", "a1 1801 01", "82 00 1b0000000000000000", "d818 5801 00", "d9001841 00",
		"5f4100ff", "9f00ff", "1c", "18", "41", "5bffffffffffffffff00",
	} {
		if Shortest(unhex(in)) == nil {
			t.Errorf("%s: accepted", in)
		}
	}
}

func TestByteString(t *testing.T) {
	for in, want := range map[string]string{"40": "", "4101": "01", "580101": "01", "5b000000000000000101": "01"} {
		if b, ok := ByteString(unhex(in)); !ok || !bytes.Equal(b, unhex(want)) {
			t.Errorf("%s: %x, %v", in, b, ok)
		}
	}
	for _, in := range []string{"", "f6", "f7", "6101", "8101", "41", "410102", "5f4101ff", "d84041 01", "c24101", "5bffffffffffffffff01", "5b800000000000000001"} {
		if b, ok := ByteString(unhex(in)); ok {
			t.Errorf("%s: accepted as %x", in, b)
		}
	}
}

func TestBytes24(t *testing.T) {
	for in, want := range map[string]string{"d81841a0": "a0", "d81840": "", "d818 5801 a0": "a0"} {
		if b, ok := Bytes24(unhex(in)); !ok || !bytes.Equal(b, unhex(want)) {
			t.Errorf("%s: %x, %v", in, b, ok)
		}
	}
	for _, in := range []string{
		"", "d8", "d818", "41a0", "d818a0", "d81861a0", "d8188101", "d81841a000", "d81841", "d818f6",
		"d81941a0", "d8184fa0", "d818d81841a0", "d8185f41a0ff", "d8180", "c141a0",
	} {
		in = in[:len(in)/2*2]
		if b, ok := Bytes24(unhex(in)); ok {
			t.Errorf("%s: accepted as %x", in, b)
		}
	}
	item := unhex("d81843010203")
	if n := testing.AllocsPerRun(100, func() { Bytes24(item) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzHead holds the reader of heads against the decoder, which goes about it
// differently.
func FuzzHead(f *testing.F) {
	for _, set := range []map[string]string{illFormed, ambiguous} {
		for _, in := range set {
			f.Add(unhex(in))
		}
	}
	for _, in := range []string{"d81841a0", "d818580100", "a201181802f93c00", "1bffffffffffffffff", "c249010000000000000000"} {
		f.Add(unhex(in))
	}
	untagged := must(cbor.DecOptions{TagsMd: cbor.TagsForbidden}.DecMode())
	f.Fuzz(func(t *testing.T, in []byte) {
		got, ok := ByteString(in)
		var want []byte
		wantOK := len(in) > 0 && in[0]>>5 == majorBytes && Unmarshal(in, &want) == nil
		if ok != wantOK || !bytes.Equal(got, want) {
			t.Fatalf("byte string %x, %v instead of %x, %v", got, ok, want, wantOK)
		}
		var tag cbor.RawTag
		want, wantOK = nil, Unmarshal(in, &tag) == nil && in[0]>>5 == majorTag && tag.Number == tagEncoded
		if wantOK {
			want, wantOK = ByteString(tag.Content)
		}
		if got, ok = Bytes24(in); ok != wantOK || !bytes.Equal(got, want) {
			t.Fatalf("tag 24 %x, %v instead of %x, %v", got, ok, want, wantOK)
		}
		if Wellformed(in) != nil {
			return
		}
		var v any
		if Unmarshal(in, &v) != nil || untagged.Wellformed(in) != nil || !plain(v) {
			return
		}
		again, err := cbor.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if short := Shortest(in) == nil; short != (len(again) == len(in)) {
			t.Fatalf("shortest %v, but %d bytes became %d", short, len(in), len(again))
		}
	})
}

// plain says whether the encoder can be trusted to give back every item of v, in
// its shortest form: not floats and simple values.
func plain(v any) bool {
	switch v := v.(type) {
	case int64:
		return v != math.MinInt64
	case string, []byte, bool, cbor.ByteString:
		return true
	case []any:
		for i := range v {
			if !plain(v[i]) {
				return false
			}
		}
		return true
	case map[any]any:
		for k, e := range v {
			if !plain(k) || !plain(e) {
				return false
			}
		}
		return true
	}
	return false
}
