package strictjson

import (
	"bytes"
	stdjson "encoding/json"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
)

// FuzzDecode holds the decoder against two others. What it accepts, encoding/json
// reads as the same tree. What it refuses, and nothing else, the strict reader of
// go-json-experiment refuses too, but for depth and for numbers beyond float64.
func FuzzDecode(f *testing.F) {
	for _, in := range refused {
		f.Add([]byte(in))
	}
	for _, in := range []string{
		`{"alg":"ES256","typ":"dc+sd-jwt","x5c":["AAAA"]}`, `[1,-2.5e3,true,false,null,"\ud83d\ude00é"]`,
		`{"_sd":["a","b"],"cnf":{"jwk":{"kty":"EC"}},"exp":1893456000}`, `["c2FsdA","name","value"]`, ` [ "a" , "b" , {"c":[1]} ] `, `["a","b",1,2]`, `["a","b"]`, `[[[[[[]]]]]]`, `-0`, `1e400`,
	} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		got, err := Decode(in)
		if !bytes.Equal(before, in) {
			t.Fatal("the input was changed")
		}
		checkNamed(t, in, got)
		var strict any
		strictErr := json.Unmarshal(in, &strict)
		if err != nil {
			if strictErr == nil && err != errDepth && err != errRange {
				t.Fatalf("refused (%v) what the strict reader accepts", err)
			}
			return
		}
		if strictErr != nil {
			t.Fatalf("accepted what the strict reader refuses: %v", strictErr)
		}
		var loose any
		if err := stdjson.Unmarshal(in, &loose); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if got := floats(got); !reflect.DeepEqual(got, strict) || !reflect.DeepEqual(got, loose) {
			t.Fatalf("%#v, strict reader %#v, encoding/json %#v", got, strict, loose)
		}
	})
}

// checkNamed holds the shortcut for disclosures against the tree of the same bytes,
// nil if they are refused.
func checkNamed(t *testing.T, in []byte, tree any) {
	first, second, value, ok := Named(in)
	a, _ := tree.([]any)
	var want bool
	if len(a) == 3 {
		x, okX := a[0].(string)
		y, okY := a[1].(string)
		if want = okX && okY; want && (x != first || y != second || !reflect.DeepEqual(a[2], value)) {
			t.Fatalf("named %q, %q, %#v instead of %#v", first, second, value, a)
		}
	}
	if ok != want {
		t.Fatalf("named %v, tree %#v", ok, tree)
	}
}

// floats turns the whole numbers of a tree into float64, as the others have them.
func floats(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = floats(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = floats(v[k])
		}
		return out
	}
	return v
}
