package strictjson

import (
	"reflect"
	"testing"
)

var namedCases = []string{
	`["salt","name","value"]`, ` [ "s" , "n" , {"a":[1,2]} ] `, `["s","n",null]`, `["\u0073","n",-1.5]`, `["s","n",[[]]]`,
	`["s","value"]`, `["s",1,"v"]`, `["s","n","v","x"]`, `["s","n"]`, `["s","n",]`, `["s","n","v"`, `["s","n","v"]x`, `{}`, ``, `[`, `["s","n",{"a":1,"a":2}]`,
	"[\"s\",\"n\",\"\xff\"]", `["s","n",1e400]`, `["a" "b","c"]`,
}

// What Named accepts, Decode reads the same; what it does not is no such triple.
func checkNamed(t *testing.T, b []byte) {
	first, second, value, ok := Named(b)
	v, err := Decode(b)
	list, _ := v.([]any)
	triple := err == nil && len(list) == 3
	if triple {
		_, a := list[0].(string)
		_, b := list[1].(string)
		triple = a && b
	}
	if ok != triple {
		t.Fatalf("Named says %v, Decode %v (%v)", ok, triple, err)
	}
	if ok && !reflect.DeepEqual(list, []any{first, second, value}) {
		t.Fatalf("Named gives %q %q %v, Decode %v", first, second, value, list)
	}
}

func TestNamed(t *testing.T) {
	for _, c := range namedCases {
		checkNamed(t, []byte(c))
	}
}

func FuzzNamed(f *testing.F) {
	for _, c := range namedCases {
		f.Add([]byte(c))
	}
	f.Fuzz(checkNamed)
}
