package strictjson

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	tests := []struct {
		in   string
		want any
	}{
		{`{}`, map[string]any{}},
		{` [ ] `, []any{}},
		{"\t\r\n null\n", nil},
		{`"a"`, "a"},
		{`0`, int64(0)},
		{`-0`, int64(0)},
		{`-0.0`, math.Copysign(0, -1)},
		{`9223372036854775807`, int64(math.MaxInt64)},
		{`-9223372036854775808`, int64(math.MinInt64)},
		{`9223372036854775808`, float64(1 << 63)},
		{`1e2`, 100.0},
		{`1E+2`, 100.0},
		{`1.50`, 1.5},
		{`1e-999`, 0.0},
		{`1.7976931348623157e308`, math.MaxFloat64},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{`"\u0000\u00E9\u20ac\ud83d\ude00\uFFFD"`, "\x00é€😀\ufffd"},
		{"\"\u2028\u007f\"", "\u2028\u007f"},
		{`{"a":1,"A":2,"":3}`, map[string]any{"a": int64(1), "A": int64(2), "": int64(3)}},
		{`[true,false,null,[[1],[]],{"b":[2]}]`, []any{true, false, nil, []any{[]any{int64(1)}, []any{}}, map[string]any{"b": []any{int64(2)}}}},
	}
	for _, tt := range tests {
		if got, err := Decode([]byte(tt.in)); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %#v, %v", tt.in, got, err)
		}
	}
}

// refused is no JSON, or JSON that two readers could understand differently.
var refused = map[string]string{
	"nothing":                    ``,
	"white space":                "  \n",
	"byte order mark":            "\ufeff{}",
	"data after":                 `{} {}`,
	"text after":                 `{}x`,
	"NUL after":                  "{}\x00",
	"NUL":                        "\x00",
	"NUL between":                "[1\x00]",
	"vertical tab":               "\v1",
	"form feed":                  "1\f",
	"no-break space":             "1\u00a0",
	"duplicate":                  `{"a":1,"a":1}`,
	"duplicate deep":             `[{"x":{"y":[{"a":1,"b":2,"a":3}]}}]`,
	"duplicate by escape":        `{"a":1,"\u0061":2}`,
	"duplicate by pair":          `{"😀":1,"\ud83d\ude00":2}`,
	"duplicate of nothing":       `{"":1,"":2}`,
	"duplicate of null":          `{"a":null,"a":null}`,
	"name not text":              `{1:2}`,
	"name alone":                 `{"a"}`,
	"no value":                   `{"a":}`,
	"comma last":                 `{"a":1,}`,
	"comma first":                `{,"a":1}`,
	"comma last in array":        `[1,]`,
	"comma first in array":       `[,1]`,
	"no comma":                   `[1 2]`,
	"other end":                  `[1}`,
	"open object":                `{"a":1`,
	"open array":                 `[1`,
	"open array after comma":     `[1,`,
	"open text":                  `"a`,
	"open escape":                `"\`,
	"open unicode":               `"\u00`,
	"escape of nothing":          `"\x"`,
	"escape of apostrophe":       `"\'"`,
	"high surrogate":             `"\ud83d"`,
	"high surrogate, then text":  `"\ud83dabcdef"`,
	"high surrogate twice":       `"\ud83d\ud83d"`,
	"high surrogate, other":      `"\ud83d\u0041"`,
	"high surrogate, end":        `"\ud83d\u`,
	"low surrogate":              `"\ude00"`,
	"low before high":            `"\ude00\ud83d"`,
	"signed hexadecimal":         `"\u+041"`,
	"control character":          "\"a\nb\"",
	"control character, escaped": "\"\\n\tb\"",
	"invalid UTF-8":              "\"\xff\"",
	"invalid UTF-8 in a name":    "{\"\xc3\":1}",
	"overlong UTF-8":             "\"\xc0\x80\"",
	"surrogate in UTF-8":         "\"\xed\xa0\xbd\"",
	"truncated UTF-8":            "\"\xe2\x82\"",
	"invalid UTF-8 after":        "1 \xff",
	"leading zero":               `01`,
	"leading zeros, negative":    `-00`,
	"plus":                       `+1`,
	"minus":                      `-`,
	"minus, space":               `- 1`,
	"no fraction":                `1.`,
	"no integer":                 `.5`,
	"no exponent":                `1e`,
	"sign of exponent":           `1e+`,
	"both signs":                 `1e+-1`,
	"hexadecimal":                `0x10`,
	"underscore":                 `1_000`,
	"not a number":               `NaN`,
	"infinity":                   `-Infinity`,
	"number too large":           `1e400`,
	"negative too large":         `-1e400`,
	"integer too large":          "1" + strings.Repeat("0", 400),
	"literal cut":                `tru`,
	"literal too long":           `truex`,
	"literal in capitals":        `True`,
	"apostrophes":                `{'a':1}`,
	"comment":                    `/**/1`,
}

func TestDecodeRefuses(t *testing.T) {
	for name, in := range refused {
		v, err := Decode([]byte(in))
		if err == nil {
			t.Errorf("%s: accepted as %#v", name, v)
			continue
		}
		var into any
		if Into([]byte(in), &into) == nil {
			t.Errorf("%s: accepted by Into", name)
		}
	}
}

func TestErrorsDoNotQuote(t *testing.T) {
	for _, in := range []string{`{"secret":1,"secret":2}`, `{"secret":secret}`, `"secret\x"`, `[1e4000,"secret"]`, "\"secret\xff\""} {
		if _, err := Decode([]byte(in)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("error is %v", err)
		}
	}
	var s struct {
		N int `json:"n"`
	}
	if err := Into([]byte(`{"n":"secret"}`), &s); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error is %v", err)
	}
}

func TestDepth(t *testing.T) {
	nest := func(open, shut string, n int) []byte {
		return []byte(strings.Repeat(open, n) + "0" + strings.Repeat(shut, n))
	}
	for _, shape := range [][2]string{{"[", "]"}, {`{"a":`, "}"}, {`[{"a":`, "}]"}} {
		levels := strings.Count(shape[0], "[") + strings.Count(shape[0], "{")
		if _, err := Decode(nest(shape[0], shape[1], MaxDepth/levels)); err != nil {
			t.Errorf("%s: %d levels: %v", shape[0], MaxDepth, err)
		}
		if _, err := Decode(nest(shape[0], shape[1], MaxDepth/levels+1)); err != errDepth {
			t.Errorf("%s: %d levels: %v", shape[0], MaxDepth+levels, err)
		}
	}
	// Depth is what is open at once, not what was ever opened.
	if _, err := Decode([]byte("[" + strings.Repeat("[],{},", 100) + "0]")); err != nil {
		t.Error(err)
	}
	if _, err := Decode(nest("[", "]", 1_000_000)); err != errDepth {
		t.Error(err)
	}
}

func TestObject(t *testing.T) {
	for _, in := range []string{`[]`, `null`, `"{}"`, `1`, `true`} {
		if m, err := Object([]byte(in)); err == nil || m != nil {
			t.Errorf("%s: %v, %v", in, m, err)
		}
	}
	if m, err := Object([]byte(`{"a":1}`)); err != nil || m["a"] != int64(1) {
		t.Errorf("%v, %v", m, err)
	}
}

// The tree shares a copy of the document, not the caller's bytes.
func TestDecodeCopies(t *testing.T) {
	in := []byte(`{"name":"value"}`)
	m, err := Object(in)
	clear(in)
	if err != nil || m["name"] != "value" {
		t.Errorf("%v, %v", m, err)
	}
}

func TestInto(t *testing.T) {
	var s struct {
		Alg string   `json:"alg"`
		X5C []string `json:"x5c"`
	}
	if err := Into([]byte(`{"alg":"ES256","other":[{}],"ALG":"none"}`), &s); err != nil || s.Alg != "ES256" {
		t.Errorf("%+v, %v", s, err)
	}
	for _, in := range []string{`{"alg":1}`, `{"x5c":"a"}`, `{"x5c":[1]}`, `[]`, `"alg"`, `{"alg":"a","alg":"b"}`, strings.Repeat("[", 40) + strings.Repeat("]", 40)} {
		if Into([]byte(in), &s) == nil {
			t.Errorf("%s: accepted", in)
		}
	}
}

// Eight bytes are looked at together: every byte in every place must be seen.
func TestPlain(t *testing.T) {
	for at := range 24 {
		for c := range 256 {
			b := []byte(strings.Repeat("\u007f!", 12))
			b[at] = byte(c)
			end := len(b)
			if c < ' ' || c == '"' || c == '\\' {
				end = at / 8 * 8
			}
			if n := plain(string(b)); n != end {
				t.Fatalf("byte %#x at %d: %d instead of %d", c, at, n, end)
			}
		}
	}
	for n := range 8 {
		if plain(strings.Repeat("a", n)) != 0 {
			t.Errorf("%d bytes are no eight", n)
		}
	}
}
