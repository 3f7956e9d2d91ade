package mdoc

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// kinds has a value of every CBOR type, and some that a lax decoder would take for
// another.
var kinds = map[string]any{
	"unsigned": 7, "large unsigned": uint64(math.MaxUint64), "negative": -1, "bytes": []byte("x"), "text": "x",
	"array": []any{1, 2}, "empty array": []any{}, "map": map[string]any{"x": 1}, "empty map": map[string]any{},
	"map with integer keys": map[int]any{70: 2}, "tag 24": tag24([]byte{0xa0}), "tag 0": cbor.Tag{Number: 0, Content: "x"},
	"tagged text": cbor.Tag{Number: 1004, Content: "x"}, "tagged map": cbor.Tag{Number: 55798, Content: map[string]any{}},
	"large integer": big.NewInt(0).Lsh(big.NewInt(1), 80), "true": true, "null": null, "undefined": undefined,
	"float": 1.5, "whole float": 0.0, "not a number": math.NaN(), "simple": cbor.SimpleValue(99),
	"bytes as an array": []any{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	"indefinite array":  cbor.RawMessage{0x9f, 0xff}, "indefinite map": cbor.RawMessage{0xbf, 0xff},
	"indefinite text": cbor.RawMessage{0x7f, 0x61, 'x', 0xff}, "indefinite bytes": cbor.RawMessage{0x5f, 0x41, 'x', 0xff},
}

// TestTypesEverywhere puts a value of every type in every place where the standard
// has another. Each must be refused, and nothing may panic.
func TestTypesEverywhere(t *testing.T) {
	member := func(place func(m *maker, change func(map[string]any)), key string) func(m *maker, v any) {
		return func(m *maker, v any) { place(m, add(key, v)) }
	}
	response := func(m *maker, change func(map[string]any)) { m.response = change }
	document := func(m *maker, change func(map[string]any)) { m.document = change }
	issuer := func(m *maker, change func(map[string]any)) { m.issuerSigned = change }
	device := func(m *maker, change func(map[string]any)) { m.deviceSigned = change }
	auth := func(m *maker, change func(map[string]any)) { m.deviceSigned = within("deviceAuth", change) }
	object := func(m *maker, change func(map[string]any)) { m.mso = change }
	item := func(m *maker, change func(map[string]any)) {
		m.item = func(_ string, n int, it map[string]any) {
			if n == 0 {
				change(it)
			}
		}
	}
	inObject := func(name string) func(m *maker, change func(map[string]any)) {
		return func(m *maker, change func(map[string]any)) { m.mso = within(name, change) }
	}
	part := func(n int) func(m *maker, v any) {
		return func(m *maker, v any) { m.issuerAuth = func(p []any) any { p[n] = v; return p } }
	}
	devicePart := func(n int) func(m *maker, v any) {
		return func(m *maker, v any) { m.proof = func(p []any) any { p[n] = v; return p } }
	}
	places := []struct {
		name string
		put  func(m *maker, v any)
		fits []string // kinds that are of the right type and do no harm
	}{
		{"response", func(m *maker, v any) { m.response = func(r map[string]any) { clear(r); r["version"] = v } }, nil},
		{"version", member(response, "version"), nil},
		{"status", member(response, "status"), nil},
		{"documents", member(response, "documents"), nil},
		{"a document", func(m *maker, v any) { m.response = add("documents", []any{v}) }, nil},
		{"docType", member(document, "docType"), nil},
		{"issuerSigned", member(document, "issuerSigned"), nil},
		{"deviceSigned", member(document, "deviceSigned"), nil},
		{"nameSpaces", member(issuer, "nameSpaces"), []string{"empty map"}},
		{"a namespace", func(m *maker, v any) { m.issuerSigned = within("nameSpaces", add(nsMDL, v)) }, []string{"empty array"}},
		{"an element", func(m *maker, v any) { m.issuerSigned = within("nameSpaces", add(nsMDL, []any{v})) }, nil},
		{"an element's content", func(m *maker, v any) {
			m.issuerSigned = within("nameSpaces", add(nsMDL, []any{tag24(encode(v))}))
		}, nil},
		{"digestID", member(item, "digestID"), nil},
		{"random", member(item, "random"), nil},
		{"elementIdentifier", member(item, "elementIdentifier"), []string{"text"}},
		{"issuerAuth", member(issuer, "issuerAuth"), nil},
		{"protected", part(0), nil},
		{"unprotected", part(1), []string{"empty map", "map", "map with integer keys"}},
		{"payload", part(2), nil},
		{"signature", part(3), nil},
		{"MSO", func(m *maker, v any) { m.payload = func(cbor.RawMessage) any { return []byte(tag24(encode(v))) } }, nil},
		{"MSO version", member(object, "version"), nil},
		{"digestAlgorithm", member(object, "digestAlgorithm"), nil},
		{"valueDigests", member(object, "valueDigests"), nil},
		{"digests of a namespace", member(inObject("valueDigests"), nsMDL), nil},
		{"a digest", func(m *maker, v any) {
			m.mso = within("valueDigests", func(d map[string]any) { d[nsMDL].(map[any]any)[99] = v })
		}, nil},
		{"a digestID of the MSO", func(m *maker, v any) {
			m.mso = within("valueDigests", add("x", append(append(cbor.RawMessage{0xa1}, encode(v)...), encode(make([]byte, 32))...)))
		}, []string{"unsigned", "large unsigned"}},
		{"deviceKeyInfo", member(object, "deviceKeyInfo"), nil},
		{"deviceKey", member(inObject("deviceKeyInfo"), "deviceKey"), nil},
		{"keyAuthorizations", member(inObject("deviceKeyInfo"), "keyAuthorizations"), []string{"map", "empty map"}},
		{"MSO docType", member(object, "docType"), nil},
		{"validityInfo", member(object, "validityInfo"), nil},
		{"signed", member(inObject("validityInfo"), "signed"), nil},
		{"validFrom", member(inObject("validityInfo"), "validFrom"), nil},
		{"validUntil", member(inObject("validityInfo"), "validUntil"), nil},
		{"MSO status", member(object, "status"), []string{"map", "empty map", "map with integer keys"}},
		{"device nameSpaces", member(device, "nameSpaces"), []string{"tag 24"}},
		{"deviceAuth", member(device, "deviceAuth"), nil},
		{"deviceSignature", member(auth, "deviceSignature"), nil},
		{"deviceMac beside deviceSignature", member(auth, "deviceMac"), nil},
		{"device protected", devicePart(0), nil},
		{"device unprotected", devicePart(1), []string{"empty map", "map", "map with integer keys"}},
		{"device payload", devicePart(2), []string{"null"}},
		{"device proof", devicePart(3), nil},
	}
	for _, p := range places {
		for name, v := range kinds {
			m := newMaker()
			p.put(m, v)
			err := outcome(m)
			fits := false
			for _, f := range p.fits {
				fits = fits || f == name
			}
			switch {
			case fits && err != nil:
				t.Errorf("%s, %s: %v", p.name, name, err)
			case !fits && reason.CodeOf(err) == "":
				t.Errorf("%s, %s: %v, want a refusal", p.name, name, err)
			}
		}
	}
}

// outcome is the first refusal of what m makes.
func outcome(m *maker) error {
	r, err := Parse(m.make(), limits)
	if err != nil {
		return err
	}
	for _, d := range r.Documents {
		if _, _, err := verify(d, m.signer.cert, now, m.transcript, nil); err != nil {
			return err
		}
	}
	return nil
}

// TestValuesOfEveryType puts each type where any is allowed.
func TestValuesOfEveryType(t *testing.T) {
	for name, v := range kinds {
		m := newMaker()
		m.spaces[nsMDL] = []element{{"any", v}}
		err := outcome(m)
		indefinite := name[:3] == "ind"
		if indefinite != (reason.CodeOf(err) == reason.MdocMalformed) || !indefinite && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFlips changes each byte of a good response. Only the unprotected header, which
// nobody signs, and the minor number of the version may change unnoticed.
func TestFlips(t *testing.T) {
	m := newMaker()
	m.spaces[nsMDL] = []element{{"family_name", "Mustermann"}}
	m.response = add("version", "1.7")
	good := m.make()
	header := bytes.Index(good, encode(map[any]any{33: m.signer.cert.Raw}))
	minor := bytes.Index(good, append(encode("version"), encode("1.7")...)) + len("_version_1.")
	if header < 0 || minor < len("_version_1.") || good[minor] != '7' {
		t.Fatal("no landmarks")
	}
	for at := range good {
		if at >= header && at < header+6+len(m.signer.cert.Raw) || at == minor {
			continue
		}
		for _, x := range []byte{1, 0x20, 0x80} {
			bad := bytes.Clone(good)
			bad[at] ^= x
			r, err := Parse(bad, limits)
			var i *Issued
			if err == nil {
				i, _, err = verify(r.Documents[0], m.signer.cert, now, m.transcript, nil)
			}
			// Without its name, nameSpaces is an unknown member: nothing is presented.
			hidden := err == nil && len(i.Elements()) == 0
			if reason.CodeOf(err) == "" && !hidden {
				t.Errorf("byte %d, %02x: %v", at, x, err)
			}
		}
	}
}

// TestTruncations cuts a good response at each length.
func TestTruncations(t *testing.T) {
	good := newMaker().make()
	for n := range good {
		if _, err := Parse(good[:n], limits); reason.CodeOf(err) != reason.MdocMalformed {
			t.Errorf("%d of %d bytes: %v", n, len(good), err)
		}
	}
}

// TestRefusalsQuoteNothing holds that no refusal repeats what was presented.
func TestRefusalsQuoteNothing(t *testing.T) {
	const canary = "canary"
	places := []func(m *maker){
		func(m *maker) { m.response = add("version", canary) },
		func(m *maker) { m.response = add("status", canary) },
		func(m *maker) { m.document = add("docType", canary) },
		func(m *maker) { m.spaces[canary] = []element{{canary, canary}, {canary, canary}} },
		func(m *maker) { m.device = map[string]any{canary: map[string]any{canary: canary}} },
		func(m *maker) { m.mso = add("version", canary) },
		func(m *maker) { m.mso = add("digestAlgorithm", canary) },
		func(m *maker) { m.mso = within("validityInfo", add("signed", canary)) },
		func(m *maker) { m.spaces[nsMDL] = []element{{"issuing_country", canary}} },
		func(m *maker) {
			m.onWire = func(string, int, cbor.RawMessage) cbor.RawMessage { return tag24([]byte(canary)) }
		},
	}
	for n, put := range places {
		m := newMaker()
		put(m)
		err := outcome(m)
		if err == nil || bytes.Contains([]byte(fmt.Sprintf("%v %+v", err, err)), []byte(canary)) {
			t.Errorf("place %d: %v", n, err)
		}
	}
}
