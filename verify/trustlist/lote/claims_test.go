package lote

import (
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/jose"
)

// TestClaims: what a list says of itself is read whoever signed it, and nothing is
// made of what cannot be read.
func TestClaims(t *testing.T) {
	w := newWorld(t, "pid")
	u := must(Parse(sign(t, operator(t, nil), w.header(), w.payload(t))))
	good := Claims{Type: base + "LoTEType/EUPIDProvidersList", Sequence: 12}
	if got := u.Claims(); got != good {
		t.Errorf("got %+v", got)
	}
	for _, c := range []struct {
		name, payload string
		want          Claims
	}{
		{"no outer member", string(must(jsonOf(w.doc["LoTE"]))), good},
		{"unknown members", `{"LoTE":{"ListAndSchemeInformation":{"LoTEType":"t","Other":[1]}}}`, Claims{Type: "t"}},
		{"empty", `{}`, Claims{}},
		{"not JSON", `<`, Claims{}},
		{"an array", `[]`, Claims{}},
		{"a number for the type", `{"LoTE":{"ListAndSchemeInformation":{"LoTEType":1,"LoTESequenceNumber":1}}}`, Claims{}},
		{"a negative number", `{"LoTE":{"ListAndSchemeInformation":{"LoTEType":"t","LoTESequenceNumber":-1}}}`, Claims{}},
		{"a repeated name", `{"LoTE":{"ListAndSchemeInformation":{"LoTEType":"t","LoTEType":"t"}}}`, Claims{}},
		{"too deep", strings.Repeat("[", MaxDepth+1), Claims{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &Unverified{jws: &jose.JWS{Payload: []byte(c.payload)}}
			if got := u.Claims(); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
