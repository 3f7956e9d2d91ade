package statuslist

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestReferencesJSON(t *testing.T) {
	const (
		malformed = reason.StatusReferenceMalformed
		conflict  = reason.StatusReferenceConflict
		nested    = `"status_list":{"idx":7,"uri":"u"}`
		flat      = `"type":"TokenStatusList","purpose":"revocation","index":7,"uri":"u"`
	)
	one := []Reference{{Mechanism: StatusList, URI: "u", Index: 7}}
	tests := []struct {
		name, status string
		refs         []Reference
		unknown      []string
		code         reason.Code
	}{
		{"nested", `{` + nested + `}`, one, nil, ""},
		{"nested, other members inside", `{"status_list":{"idx":7,"uri":"u","more":1}}`, one, nil, ""},
		{"index 0", `{"status_list":{"idx":0,"uri":"u"}}`, []Reference{{Mechanism: StatusList, URI: "u"}}, nil, ""},
		{"index -0", `{"status_list":{"idx":-0,"uri":"u"}}`, []Reference{{Mechanism: StatusList, URI: "u"}}, nil, ""},
		{"index 2^63-1", `{"status_list":{"idx":9223372036854775807,"uri":"u"}}`, []Reference{{Mechanism: StatusList, URI: "u", Index: math.MaxInt64}}, nil, ""},
		{"URI of 2048 bytes", `{"status_list":{"idx":7,"uri":"` + strings.Repeat("u", MaxURI) + `"}}`, []Reference{{Mechanism: StatusList, URI: strings.Repeat("u", MaxURI), Index: 7}}, nil, ""},
		{"nested and others", `{` + nested + `,"identifier_list":{},"a":null}`, one, []string{"a", "identifier_list"}, ""},
		{"others only", `{"identifier_list":{"id":"x","uri":"u"}}`, nil, []string{"identifier_list"}, ""},
		{"nothing", `{}`, nil, nil, ""},
		{"flat", `{` + flat + `}`, one, nil, ""},
		{"flat, suspension", `{"type":"TokenStatusList","purpose":"suspension","index":7,"uri":"u"}`, one, nil, ""},
		{"flat, no purpose", `{"type":"TokenStatusList","index":7,"uri":"u"}`, one, nil, ""},
		{"flat and others", `{` + flat + `,"x":1}`, one, []string{"x"}, ""},
		{"flat of another type", `{"type":"OCSP","index":"any","uri":5}`, nil, []string{"type"}, ""},
		{"flat for another purpose", `{"type":"TokenStatusList","purpose":"message","index":7,"uri":"u"}`, nil, []string{"type"}, ""},
		{"flat of another type and nested", `{"type":"OCSP","index":9,"uri":"v",` + nested + `}`, one, []string{"type"}, ""},
		{"uri and purpose alone", `{"uri":"u","purpose":"revocation"}`, nil, []string{"purpose", "uri"}, ""},
		{"both agree", `{` + flat + `,` + nested + `}`, one, nil, ""},

		{"both, other index", `{` + flat + `,"status_list":{"idx":8,"uri":"u"}}`, nil, nil, conflict},
		{"both, other URI", `{` + flat + `,"status_list":{"idx":7,"uri":"u/"}}`, nil, nil, conflict},
		{"both, nested malformed", `{` + flat + `,"status_list":{"idx":7}}`, nil, nil, malformed},
		{"both, flat malformed", `{"type":"TokenStatusList",` + nested + `}`, nil, nil, malformed},
		{"null", `null`, nil, nil, malformed},
		{"string", `"status_list"`, nil, nil, malformed},
		{"array", `[{` + nested + `}]`, nil, nil, malformed},
		{"nested null", `{"status_list":null}`, nil, nil, malformed},
		{"nested an array", `{"status_list":[{"idx":7,"uri":"u"}]}`, nil, nil, malformed},
		{"index absent", `{"status_list":{"uri":"u"}}`, nil, nil, malformed},
		{"index negative", `{"status_list":{"idx":-1,"uri":"u"}}`, nil, nil, malformed},
		{"index fractional", `{"status_list":{"idx":7.5,"uri":"u"}}`, nil, nil, malformed},
		{"index a whole float", `{"status_list":{"idx":7.0,"uri":"u"}}`, nil, nil, malformed},
		{"index with an exponent", `{"status_list":{"idx":7e0,"uri":"u"}}`, nil, nil, malformed},
		{"index 2^63", `{"status_list":{"idx":9223372036854775808,"uri":"u"}}`, nil, nil, malformed},
		{"index huge", `{"status_list":{"idx":100000000000000000000000000,"uri":"u"}}`, nil, nil, malformed},
		{"index string", `{"status_list":{"idx":"7","uri":"u"}}`, nil, nil, malformed},
		{"index null", `{"status_list":{"idx":null,"uri":"u"}}`, nil, nil, malformed},
		{"index true", `{"status_list":{"idx":true,"uri":"u"}}`, nil, nil, malformed},
		{"URI absent", `{"status_list":{"idx":7}}`, nil, nil, malformed},
		{"URI empty", `{"status_list":{"idx":7,"uri":""}}`, nil, nil, malformed},
		{"URI number", `{"status_list":{"idx":7,"uri":1}}`, nil, nil, malformed},
		{"URI of 2049 bytes", `{"status_list":{"idx":7,"uri":"` + strings.Repeat("u", MaxURI+1) + `"}}`, nil, nil, malformed},
		{"flat, type absent", `{"index":7,"uri":"u"}`, nil, nil, malformed},
		{"flat, type number", `{"type":1,"index":7,"uri":"u"}`, nil, nil, malformed},
		{"flat, index absent", `{"type":"TokenStatusList","uri":"u"}`, nil, nil, malformed},
		{"flat, index negative", `{"type":"TokenStatusList","index":-7,"uri":"u"}`, nil, nil, malformed},
		{"flat, index fractional", `{"type":"TokenStatusList","index":7.5,"uri":"u"}`, nil, nil, malformed},
		{"flat, purpose number", `{"type":"TokenStatusList","purpose":1,"index":7,"uri":"u"}`, nil, nil, malformed},
		{"flat, URI absent", `{"type":"TokenStatusList","index":7}`, nil, nil, malformed},
		{"mechanisms at the limit", many(MaxMechanisms), nil, manyNames(MaxMechanisms), ""},
		{"mechanisms beyond it", many(MaxMechanisms + 1), nil, nil, malformed},
		{"mechanisms beyond it, flat", `{"type":"OCSP",` + many(MaxMechanisms)[1:], nil, nil, malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, err := strictjson.Decode([]byte(tt.status))
			if err != nil {
				t.Fatal(err)
			}
			refs, m, err := ReferencesJSON(status)
			checkReferences(t, refs, m, err, tt.refs, tt.unknown, tt.code)
		})
	}
	// What no decoder of ours would hand over is refused all the same.
	for _, index := range []any{nil, float64(7), int(7), uint64(7), "7"} {
		_, _, err := ReferencesJSON(map[string]any{"status_list": map[string]any{"idx": index, "uri": "u"}})
		wantCode(t, err, malformed)
	}
	_, _, err := ReferencesJSON(nil)
	wantCode(t, err, malformed)
}

func many(n int) string {
	var members []string
	for _, name := range manyNames(n) {
		members = append(members, fmt.Sprintf(`%q:{}`, name))
	}
	return `{` + strings.Join(members, ",") + `}`
}

func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("m%02d", i))
	}
	return names
}

func checkReferences(t *testing.T, refs []Reference, m Mechanisms, err error, wantRefs []Reference, unknown []string, code reason.Code) {
	t.Helper()
	wantCode(t, err, code)
	if !reflect.DeepEqual(refs, wantRefs) || !reflect.DeepEqual(m.Unknown, unknown) {
		t.Errorf("references %v and unknown %q, want %v and %q", refs, m.Unknown, wantRefs, unknown)
	}
}

func TestReferencesCBOR(t *testing.T) {
	const malformed = reason.StatusReferenceMalformed
	type m = map[string]any
	list := func(changes ...any) []byte {
		l := m{"idx": 7, "uri": "u"}
		for i := 0; i < len(changes); i += 2 {
			if changes[i+1] == (absent{}) {
				delete(l, changes[i].(string))
			} else {
				l[changes[i].(string)] = changes[i+1]
			}
		}
		return encode(t, m{"status_list": l})
	}
	crowd := m{}
	for _, name := range manyNames(MaxMechanisms + 1) {
		crowd[name] = m{}
	}
	full := m{"status_list": m{"idx": 7, "uri": "u"}}
	for _, name := range manyNames(MaxMechanisms) {
		full[name] = m{}
	}
	one := []Reference{{Mechanism: StatusList, URI: "u", Index: 7}}
	null := []byte{0xf6}
	tests := []struct {
		name    string
		status  []byte
		refs    []Reference
		unknown []string
		code    reason.Code
	}{
		{"plain", list(), one, nil, ""},
		{"other members inside", list("more", 1), one, nil, ""},
		{"index 0", list("idx", 0), []Reference{{Mechanism: StatusList, URI: "u"}}, nil, ""},
		{"index 2^63-1", list("idx", math.MaxInt64), []Reference{{Mechanism: StatusList, URI: "u", Index: math.MaxInt64}}, nil, ""},
		{"certificate", list("certificate", []byte{0x30}), []Reference{{Mechanism: StatusList, URI: "u", Index: 7, Certificate: []byte{0x30}}}, nil, ""},
		{"certificate at the limit", list("certificate", make([]byte, maxCertificate)), []Reference{{Mechanism: StatusList, URI: "u", Index: 7, Certificate: make([]byte, maxCertificate)}}, nil, ""},
		{"URI of 2048 bytes", list("uri", strings.Repeat("u", MaxURI)), []Reference{{Mechanism: StatusList, URI: strings.Repeat("u", MaxURI), Index: 7}}, nil, ""},
		{"another mechanism", encode(t, m{"status_list": m{"idx": 7, "uri": "u"}, "x": nil}), one, []string{"x"}, ""},
		{"the flat shape is JSON's", encode(t, m{"type": "TokenStatusList", "index": 7, "uri": "u"}), nil, []string{"index", "type", "uri"}, ""},
		{"nothing", []byte{0xa0}, nil, nil, ""},

		{"no bytes", nil, nil, nil, malformed},
		{"null", null, nil, nil, malformed},
		{"array", encode(t, []any{m{"status_list": m{"idx": 7, "uri": "u"}}}), nil, nil, malformed},
		{"tagged", append([]byte{0xd8, 61}, list()...), nil, nil, malformed},
		{"number keys", encode(t, map[int]any{1: m{}}), nil, nil, malformed},
		{"byte string keys", []byte{0xa1, 0x41, 0x61, 0x00}, nil, nil, malformed},
		{"repeated", []byte{0xa2, 0x61, 0x61, 0x00, 0x61, 0x61, 0x00}, nil, nil, malformed},
		{"data after", append(list(), 0), nil, nil, malformed},
		{"indefinite length", []byte{0xbf, 0xff}, nil, nil, malformed},
		{"list null", encode(t, m{"status_list": nil}), nil, nil, malformed},
		{"list an array", encode(t, m{"status_list": []any{7, "u"}}), nil, nil, malformed},
		{"list tagged", append(append([]byte{0xa1, 0x6b}, "status_list"...), append([]byte{0xc1}, encode(t, m{"idx": 7, "uri": "u"})...)...), nil, nil, malformed},
		{"list with number keys", encode(t, m{"status_list": map[any]any{"idx": 7, "uri": "u", 1: 1}}), nil, nil, malformed},
		{"index absent", list("idx", absent{}), nil, nil, malformed},
		{"index negative", list("idx", -1), nil, nil, malformed},
		{"index fractional", list("idx", 7.5), nil, nil, malformed},
		{"index a whole float", list("idx", 7.0), nil, nil, malformed},
		{"index 2^63", list("idx", uint64(1)<<63), nil, nil, malformed},
		{"index 2^64-1", list("idx", uint64(math.MaxUint64)), nil, nil, malformed},
		{"index a bignum", append(append([]byte{0xa1, 0x6b}, "status_list"...), 0xa2, 0x63, 'i', 'd', 'x', 0xc2, 0x41, 7, 0x63, 'u', 'r', 'i', 0x61, 'u'), nil, nil, malformed},
		{"index text", list("idx", "7"), nil, nil, malformed},
		{"index null", list("idx", nil), nil, nil, malformed},
		{"URI absent", list("uri", absent{}), nil, nil, malformed},
		{"URI empty", list("uri", ""), nil, nil, malformed},
		{"URI bytes", list("uri", []byte("u")), nil, nil, malformed},
		{"URI of 2049 bytes", list("uri", strings.Repeat("u", MaxURI+1)), nil, nil, malformed},
		{"URI null", list("uri", nil), nil, nil, malformed},
		{"certificate empty", list("certificate", []byte{}), nil, nil, malformed},
		{"certificate text", list("certificate", "0"), nil, nil, malformed},
		{"certificate null", list("certificate", nil), nil, nil, malformed},
		{"certificate an array", list("certificate", []any{[]byte{0x30}}), nil, nil, malformed},
		{"certificate too large", list("certificate", make([]byte, maxCertificate+1)), nil, nil, malformed},
		{"mechanisms at the limit", encode(t, full), one, manyNames(MaxMechanisms), ""},
		{"mechanisms beyond it", encode(t, crowd), nil, nil, malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refs, m, err := ReferencesCBOR(tt.status)
			checkReferences(t, refs, m, err, tt.refs, tt.unknown, tt.code)
		})
	}
	good := list("certificate", []byte{0x30, 0x31})
	for i := range good {
		if _, _, err := ReferencesCBOR(good[:i]); reason.CodeOf(err) != malformed {
			t.Errorf("%d of %d bytes: %v", i, len(good), err)
		}
	}
	// The certificate is a copy: presentations are dropped after the check.
	refs, _, err := ReferencesCBOR(good)
	wantCode(t, err, "")
	clear(good)
	if !bytes.Equal(refs[0].Certificate, []byte{0x30, 0x31}) {
		t.Error("a reference shares memory with the presentation")
	}
}

func TestIdentifierReferences(t *testing.T) {
	const malformed = reason.IDListReferenceMalformed
	type m = map[string]any
	status := m{"status_list": m{"idx": 7, "uri": "u"}}
	list := func(changes ...any) []byte {
		l := m{"id": []byte{1, 2}, "uri": "v"}
		for i := 0; i < len(changes); i += 2 {
			if changes[i+1] == (absent{}) {
				delete(l, changes[i].(string))
			} else {
				l[changes[i].(string)] = changes[i+1]
			}
		}
		status["identifier_list"] = l
		defer delete(status, "identifier_list")
		return encode(t, status)
	}
	both := func(id Reference) []Reference {
		id.Mechanism = IdentifierList
		if id.URI == "" {
			id.URI = "v"
		}
		return []Reference{{Mechanism: StatusList, URI: "u", Index: 7}, id}
	}
	raw := func(item ...byte) []byte {
		return append(append([]byte{0xa1, 0x6f}, "identifier_list"...), item...)
	}
	long := strings.Repeat("u", MaxURI)
	tests := []struct {
		name   string
		status []byte
		refs   []Reference
		code   reason.Code
	}{
		{"beside a status list", list(), both(Reference{Identifier: []byte{1, 2}}), ""},
		{"alone", encode(t, m{"identifier_list": m{"id": []byte{1}, "uri": "v"}}), []Reference{{Mechanism: IdentifierList, URI: "v", Identifier: []byte{1}}}, ""},
		{"other members inside", list("more", 1), both(Reference{Identifier: []byte{1, 2}}), ""},
		{"id of one byte", list("id", []byte{0}), both(Reference{Identifier: []byte{0}}), ""},
		{"id at the limit", list("id", make([]byte, MaxIdentifier)), both(Reference{Identifier: make([]byte, MaxIdentifier)}), ""},
		{"URI of 2048 bytes", list("uri", long), both(Reference{URI: long, Identifier: []byte{1, 2}}), ""},
		{"certificate", list("certificate", []byte{0x30}), both(Reference{Identifier: []byte{1, 2}, Certificate: []byte{0x30}}), ""},
		{"certificate at the limit", list("certificate", make([]byte, maxCertificate)), both(Reference{Identifier: []byte{1, 2}, Certificate: make([]byte, maxCertificate)}), ""},

		{"null", raw(0xf6), nil, malformed},
		{"array", raw(0x82, 0x41, 1, 0x61, 'v'), nil, malformed},
		{"tagged", raw(0xd8, 61, 0xa2, 0x62, 'i', 'd', 0x41, 1, 0x63, 'u', 'r', 'i', 0x61, 'v'), nil, malformed},
		{"number keys", raw(0xa1, 0x01, 0x01), nil, malformed},
		{"id absent", list("id", absent{}), nil, malformed},
		{"id empty", list("id", []byte{}), nil, malformed},
		{"id beyond the limit", list("id", make([]byte, MaxIdentifier+1)), nil, malformed},
		{"id text", list("id", "12"), nil, malformed},
		{"id number", list("id", 1), nil, malformed},
		{"id null", list("id", nil), nil, malformed},
		{"id an array", list("id", []any{1, 2}), nil, malformed},
		{"URI absent", list("uri", absent{}), nil, malformed},
		{"URI empty", list("uri", ""), nil, malformed},
		{"URI bytes", list("uri", []byte("v")), nil, malformed},
		{"URI of 2049 bytes", list("uri", long+"u"), nil, malformed},
		{"certificate empty", list("certificate", []byte{}), nil, malformed},
		{"certificate text", list("certificate", "0"), nil, malformed},
		{"certificate null", list("certificate", nil), nil, malformed},
		{"certificate too large", list("certificate", make([]byte, maxCertificate+1)), nil, malformed},
		{"the status list malformed, too", encode(t, m{"status_list": nil, "identifier_list": nil}), nil, reason.StatusReferenceMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refs, unknown, err := ReferencesCBOR(tt.status)
			checkReferences(t, refs, unknown, err, tt.refs, nil, tt.code)
		})
	}
	good := list("certificate", []byte{0x30})
	refs, _, err := ReferencesCBOR(good)
	wantCode(t, err, "")
	clear(good)
	if !bytes.Equal(refs[1].Identifier, []byte{1, 2}) || !bytes.Equal(refs[1].Certificate, []byte{0x30}) {
		t.Error("a reference shares memory with the presentation")
	}
}

// No refusal quotes what was presented.
func TestRefusalsQuoteNothing(t *testing.T) {
	const secret = "8675309"
	for _, status := range []string{
		`{"status_list":{"idx":-` + secret + `,"uri":"u"}}`,
		`{"status_list":{"idx":"` + secret + `","uri":"u"}}`,
		`{"status_list":{"idx":1,"uri":["` + secret + `"]}}`,
		`{"status_list":{"idx":` + secret + `,"uri":"u"},"type":"TokenStatusList","index":1,"uri":"` + secret + `"}`,
	} {
		tree, err := strictjson.Decode([]byte(status))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err = ReferencesJSON(tree); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", status, err)
		}
	}
}
