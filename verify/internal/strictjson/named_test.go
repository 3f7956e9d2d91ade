package strictjson

import "testing"

var namedCases = []string{
	`["salt","name","value"]`, ` [ "s" , "n" , {"a":[1,2]} ] `, `["s","n",null]`, `["\u0073","n",-1.5]`, `["s","n",[[]]]`,
	`["s","value"]`, `["s",1,"v"]`, `["s","n","v","x"]`, `["s","n"]`, `["s","n",]`, `["s","n","v"`, `["s","n","v"]x`, `{}`, ``, `[`, `["s","n",{"a":1,"a":2}]`,
	"[\"s\",\"n\",\"\xff\"]", `["s","n",1e400]`, `["a" "b","c"]`,
}

// What Named accepts, Decode reads the same; what it does not is no such triple.
func TestNamed(t *testing.T) {
	for _, c := range namedCases {
		tree, err := Decode([]byte(c))
		if err != nil {
			tree = nil
		}
		checkNamed(t, []byte(c), tree)
	}
}
