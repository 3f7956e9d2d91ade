package mdoc

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

func TestClaims(t *testing.T) {
	tests := []struct {
		name        string
		value, want any
	}{
		{"text", "Erika", "Erika"},
		{"empty text", "", ""},
		{"true", true, true},
		{"false", false, false},
		{"null", null, nil},
		{"undefined", undefined, nil},
		{"simple value", cbor.SimpleValue(99), nil},
		{"small integer", 5, int64(5)},
		{"largest int64", uint64(math.MaxInt64), int64(math.MaxInt64)},
		{"one more", uint64(math.MaxInt64) + 1, "9223372036854775808"},
		{"negative", -5, int64(-5)},
		{"smallest int64", int64(math.MinInt64), int64(math.MinInt64)},
		{"one less", cbor.RawMessage{0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0}, "-9223372036854775809"},
		{"large", new(big.Int).Lsh(big.NewInt(1), 64), "18446744073709551616"},
		{"large negative", new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 64)), "-18446744073709551616"},
		{"too large to write out", cbor.Tag{Number: 2, Content: make([]byte, maxBignum+1)}, nil},
		{"float", 1.5, 1.5},
		{"single float", cbor.RawMessage{0xfa, 0x3f, 0xc0, 0, 0}, 1.5},
		{"half float", cbor.RawMessage{0xf9, 0x3e, 0}, 1.5},
		{"negative half float", cbor.RawMessage{0xf9, 0xbe, 0}, -1.5},
		{"smallest half float", cbor.RawMessage{0xf9, 0, 1}, 5.960464477539063e-8},
		{"largest half float", cbor.RawMessage{0xf9, 0x7b, 0xff}, 65504.0},
		{"not a number", math.NaN(), nil},
		{"infinite", math.Inf(1), nil},
		{"infinite half", cbor.RawMessage{0xf9, 0x7c, 0}, nil},
		{"infinite single", cbor.RawMessage{0xfa, 0x7f, 0x80, 0, 0}, nil},
		{"bytes", []byte{0xff, 0xfe}, "__4"},
		{"full-date", cbor.Tag{Number: 1004, Content: "1984-01-26"}, "1984-01-26"},
		{"tdate", cbor.Tag{Number: 0, Content: "1984-01-26T00:00:00Z"}, "1984-01-26T00:00:00Z"},
		{"tag in a tag", cbor.Tag{Number: 100, Content: cbor.Tag{Number: 1004, Content: "x"}}, "x"},
		{"array", []any{1, "a", []byte{1}}, []any{int64(1), "a", "AQ"}},
		{"empty array", []any{}, []any{}},
		{"map", map[string]any{"a": cbor.Tag{Number: 1004, Content: "x"}}, map[string]any{"a": "x"}},
		{"map with other keys", map[any]any{-1: "a", 2: "b"}, map[string]any{"-1": "a", "2": "b"}},
		{"text and integer key alike", cbor.RawMessage{0xa2, 0x61, '1', 0xf5, 1, 0xf4}, map[string]any{"1": true}},
		{"integer and text key alike", cbor.RawMessage{0xa2, 1, 0xf4, 0x61, '1', 0xf5}, map[string]any{"1": true}},
		{"driving privileges", []any{map[string]any{"vehicle_category_code": "B", "issue_date": cbor.Tag{Number: 1004, Content: "2018-08-09"}}},
			[]any{map[string]any{"vehicle_category_code": "B", "issue_date": "2018-08-09"}}},
	}
	for _, test := range tests {
		raw := encode(test.value)
		got := Claims(map[string]map[string]cbor.RawMessage{"ns": {"it": raw}})
		want := map[string]any{"ns": map[string]any{"it": test.want}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v", test.name, got)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if got := Claims(nil); len(got) != 0 {
		t.Error(got)
	}
}

// TestClaimsOfWhatWasNotParsed leaves out what is no CBOR rather than guess.
func TestClaimsOfWhatWasNotParsed(t *testing.T) {
	for _, raw := range []string{"", "1c", "9fff", "8201", "61ff", "f5f5", "a1f501", "f8", strings.Repeat("81", 40) + "01"} {
		got := Claims(map[string]map[string]cbor.RawMessage{"ns": {"it": unhex(t, raw)}})
		if len(got["ns"].(map[string]any)) != 0 {
			t.Errorf("%q: %v", raw, got)
		}
	}
}

func TestElements(t *testing.T) {
	m := newMaker()
	m.spaces["other"] = []element{{"x", 1}}
	i, _, err := verify(parseOne(t, m.make()), m.signer.cert, now, m.transcript, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := i.Elements()
	if len(got) != 2 || len(got[nsMDL]) != len(m.spaces[nsMDL]) || string(got["other"]["x"]) != "\x01" {
		t.Error(got)
	}
	for _, e := range m.spaces[nsMDL] {
		if string(got[nsMDL][e.name]) != string(encode(e.value)) {
			t.Error(e.name)
		}
	}
	if i.DeviceElements() != nil {
		t.Error("the device signed nothing")
	}
}
