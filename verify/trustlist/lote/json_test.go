package lote

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// full is a list that has an object in every place where one can stand, those that
// are kept undecoded included.
func full(t *testing.T) *world {
	w := newWorld(t, "pubeaa")
	w.scheme()["SchemeExtensions"] = arr{obj{"Critical": false, "X": arr{obj{"a": 1}}}}
	w.scheme()["PolicyOrLegalNotice"] = arr{obj{"LoTEPolicy": obj{"lang": "en", "uriValue": "https://p.example"}, "Other": obj{"a": 1}}}
	w.info()["TEInformationExtensions"] = arr{obj{"Critical": false, "X": obj{"a": 1}}}
	w.identity(0)["PublicKeyValues"] = arr{obj{"kty": "EC", "ext": obj{"a": 1}}}
	w.identity(0)["Unknown"] = obj{"a": arr{obj{"b": 1}}}
	w.svc(0)["ServiceHistory"] = arr{history()}
	return w
}

// TestRepeatedNames repeats the first member of each object in turn, however deep
// and whether or not anybody reads it.
func TestRepeatedNames(t *testing.T) {
	w := full(t)
	payload := w.payload(t)
	_, err := verify(sign(t, w.signer, w.header(), payload), Options{}, w.signer.cert)
	want(t, err, "")
	objects := regexp.MustCompile(`\{("\w+"):`).FindAllSubmatchIndex(payload, -1)
	for _, at := range objects {
		name := payload[at[2]:at[3]]
		repeated := slices.Concat(payload[:at[2]], name, []byte(":0,"), payload[at[2]:])
		_, err := verify(sign(t, w.signer, w.header(), repeated), Options{}, w.signer.cert)
		if reason.CodeOf(err) != reason.TrustListMalformed {
			t.Errorf("%s twice at %d: got %v", name, at[2], err)
		}
	}
	if n := bytes.Count(payload, []byte("{")); n < 40 || n != len(objects) {
		t.Errorf("%d of %d objects were tried", len(objects), n)
	}
}

// TestNumbers: a whole number is written as one.
func TestNumbers(t *testing.T) {
	w := newWorld(t, "pid")
	payload := w.payload(t)
	for text, code := range map[string]reason.Code{
		"12": "", "9223372036854775807": "", "1": "",
		"9223372036854775808": reason.TrustListMalformed, "18446744073709551617": reason.TrustListMalformed,
		"12.0": reason.TrustListMalformed, "1.2e1": reason.TrustListMalformed, "12e0": reason.TrustListMalformed, "1E1": reason.TrustListMalformed,
		"1e400": reason.TrustListMalformed, "+12": reason.TrustListMalformed, "012": reason.TrustListMalformed, "-0": reason.TrustListMalformed,
		"0x0c": reason.TrustListMalformed, "NaN": reason.TrustListMalformed, "true": reason.TrustListMalformed, "[12]": reason.TrustListMalformed,
	} {
		changed := bytes.Replace(payload, []byte(`"LoTESequenceNumber":12`), []byte(`"LoTESequenceNumber":`+text), 1)
		l, err := verify(sign(t, w.signer, w.header(), changed), Options{}, w.signer.cert)
		if got := reason.CodeOf(err); got != code {
			t.Errorf("%s: got %v, want %q", text, err, code)
		}
		if err == nil && fmt.Sprint(l.Sequence) != text {
			t.Errorf("%s was read as %d", text, l.Sequence)
		}
	}
}

// TestEscapes: a name may be written with escapes, and is the same name; half a
// surrogate pair is no character.
func TestEscapes(t *testing.T) {
	w := newWorld(t, "pid")
	payload := w.payload(t)
	for name, c := range map[string]struct {
		old, new string
		code     reason.Code
	}{
		"an escaped value":           {`"SchemeTerritory":"EU"`, `"SchemeTerritory":"\u0045U"`, ""},
		"an escaped name":            {`"SchemeTerritory":`, `"Scheme\u0054erritory":`, ""},
		"a name twice, once escaped": {`"SchemeTerritory":`, `"Scheme\u0054erritory":"DE","SchemeTerritory":`, reason.TrustListMalformed},
		"a pair":                     {`"value":"Provider"`, `"value":"\ud83d\ude00"`, ""},
		"half a pair":                {`"value":"Provider"`, `"value":"\ud83d"`, reason.TrustListMalformed},
		"a pair the wrong way round": {`"value":"Provider"`, `"value":"\ude00\ud83d"`, reason.TrustListMalformed},
		"half a pair in a name":      {`"Critical":false`, `"\ud83d":1,"Critical":false`, reason.TrustListMalformed},
	} {
		changed := bytes.Replace(payload, []byte(c.old), []byte(c.new), 1)
		if bytes.Equal(changed, payload) {
			t.Fatalf("%s: nothing changed", name)
		}
		_, err := verify(sign(t, w.signer, w.header(), changed), Options{}, w.signer.cert)
		if got := reason.CodeOf(err); got != c.code {
			t.Errorf("%s: got %v, want %q", name, err, c.code)
		}
	}
}

// TestNull: null is no absence, wherever the schema has a type.
func TestNull(t *testing.T) {
	var count int
	var try func(v any)
	w := full(t)
	try = func(v any) {
		switch v := v.(type) {
		case obj:
			for name, old := range v {
				if name == "X" || name == "Other" || name == "Unknown" || name == "PublicKeyValues" || name == "ServiceUniqueIdentifier" {
					continue // anything may stand there
				}
				v[name] = nil
				if _, err := w.verify(t, Options{}); reason.CodeOf(err) != reason.TrustListMalformed {
					t.Errorf("%s null: got %v", name, err)
				}
				v[name] = old
				count++
				try(old)
			}
		case arr:
			for _, item := range v {
				try(item)
			}
		}
	}
	try(w.doc)
	if count < 60 {
		t.Errorf("only %d members were tried", count)
	}
}
