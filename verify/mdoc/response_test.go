package mdoc

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// undefined and null are values without a Go type of their own.
var (
	undefined = cbor.RawMessage{0xf7}
	null      = cbor.RawMessage{0xf6}
)

func TestParseRefuses(t *testing.T) {
	item := func(change func(map[string]any)) func(m *maker) {
		return func(m *maker) {
			m.item = func(_ string, n int, it map[string]any) {
				if n == 1 {
					change(it)
				}
			}
		}
	}
	wire := func(change func(raw cbor.RawMessage) cbor.RawMessage) func(m *maker) {
		return func(m *maker) {
			m.onWire = func(_ string, n int, raw cbor.RawMessage) cbor.RawMessage {
				if n == 1 {
					return change(raw)
				}
				return raw
			}
		}
	}
	auth := func(change func(parts []any) any) func(m *maker) {
		return func(m *maker) { m.issuerAuth = change }
	}
	response := func(change func(map[string]any)) func(m *maker) {
		return func(m *maker) { m.response = change }
	}
	document := func(change func(map[string]any)) func(m *maker) {
		return func(m *maker) { m.document = change }
	}
	issuerSigned := func(change func(map[string]any)) func(m *maker) {
		return func(m *maker) { m.issuerSigned = change }
	}
	deviceSigned := func(change func(map[string]any)) func(m *maker) {
		return func(m *maker) { m.deviceSigned = change }
	}
	tests := []struct {
		name string
		code reason.Code
		with func(m *maker)
	}{
		{"version missing", reason.MdocMalformed, response(remove("version"))},
		{"version 2.0", reason.MdocVersionUnsupported, response(add("version", "2.0"))},
		{"version 10.0", reason.MdocVersionUnsupported, response(add("version", "10.0"))},
		{"version 1", reason.MdocVersionUnsupported, response(add("version", "1"))},
		{"status missing", reason.MdocMalformed, response(remove("status"))},
		{"status 10", reason.MdocStatusError, response(add("status", 10))},
		{"status with documents", reason.MdocStatusError, response(add("status", 12))},
		{"documents missing", reason.MdocNoDocument, response(remove("documents"))},
		{"documents empty", reason.MdocNoDocument, response(add("documents", []any{}))},
		{"errors instead of documents", reason.MdocNoDocument, response(func(m map[string]any) {
			delete(m, "documents")
			m["documentErrors"] = []any{map[string]any{typeMDL: 0}}
		})},
		{"a document too many", reason.InputTooLarge, response(func(m map[string]any) {
			docs := m["documents"].([]any)
			for len(docs) <= limits.Documents {
				docs = append(docs, docs[0])
			}
			m["documents"] = docs
		})},
		{"docType missing", reason.MdocMalformed, document(remove("docType"))},
		{"docType too long", reason.MdocMalformed, document(add("docType", string(bytes.Repeat([]byte{'x'}, maxText+1))))},
		{"issuerSigned missing", reason.MdocMalformed, document(remove("issuerSigned"))},
		{"issuerAuth missing", reason.MdocMalformed, issuerSigned(remove("issuerAuth"))},
		{"issuerAuth tagged", reason.MdocMalformed, auth(func(p []any) any { return cbor.Tag{Number: 18, Content: p} })},
		{"issuerAuth detached", reason.MdocMalformed, auth(func(p []any) any { p[2] = nil; return p })},
		{"issuerAuth of three", reason.MdocMalformed, auth(func(p []any) any { return p[:3] })},
		{"issuerAuth with crit", reason.MdocMalformed, func(m *maker) {
			m.headers = func(protected, _ map[any]any) { protected[2] = []any{100}; protected[100] = 1 }
		}},
		{"a label in both headers", reason.MdocMalformed, func(m *maker) {
			m.headers = func(_, unprotected map[any]any) { unprotected[1] = -7 }
		}},
		{"too many namespaces", reason.MdocMalformed, func(m *maker) {
			for i := range maxNameSpaces {
				m.spaces[fmt.Sprint(i)] = nil
			}
		}},
		{"a namespace too long", reason.MdocMalformed, func(m *maker) {
			m.spaces[string(bytes.Repeat([]byte{'x'}, maxText+1))] = nil
		}},
		{"an element too many", reason.InputTooLarge, func(m *maker) { addElements(m, limits.Elements+1) }},
		{"an element too many, in two namespaces", reason.InputTooLarge, func(m *maker) {
			addElements(m, limits.Elements)
			m.spaces["other"] = []element{{"one", 1}}
		}},
		{"an element too many, of the device", reason.InputTooLarge, func(m *maker) {
			addElements(m, limits.Elements)
			m.device = map[string]any{"other": map[string]any{"one": 1}}
		}},
		{"an element without tag 24", reason.MdocMalformed, wire(func(raw cbor.RawMessage) cbor.RawMessage { return raw[2:] })},
		{"an element under another tag", reason.MdocMalformed, wire(func(raw cbor.RawMessage) cbor.RawMessage {
			return append(cbor.RawMessage{0xd8, 25}, raw[2:]...)
		})},
		{"an element under a longer tag", reason.MdocMalformed, wire(func(raw cbor.RawMessage) cbor.RawMessage {
			return append(cbor.RawMessage{0xd9, 0, 24}, raw[2:]...)
		})},
		{"an element followed by bytes", reason.MdocMalformed, wire(func(raw cbor.RawMessage) cbor.RawMessage {
			content := content24(raw)
			return tag24(append(bytes.Clone(content), 0))
		})},
		{"an element with a duplicate key", reason.MdocMalformed, wire(func(raw cbor.RawMessage) cbor.RawMessage {
			content := content24(raw)
			b := bytes.Clone(content)
			b[0]++
			return tag24(append(append(b, encode("digestID")...), 1))
		})},
		{"digestID missing", reason.MdocMalformed, item(remove("digestID"))},
		{"digestID of 2^31", reason.MdocMalformed, item(add("digestID", uint64(maxDigestID)))},
		{"random missing", reason.MdocMalformed, item(remove("random"))},
		{"random of 15 bytes", reason.MdocMalformed, item(add("random", make([]byte, 15)))},
		{"elementIdentifier missing", reason.MdocMalformed, item(remove("elementIdentifier"))},
		{"elementIdentifier too long", reason.MdocMalformed, item(add("elementIdentifier", string(bytes.Repeat([]byte{'x'}, maxText+1))))},
		{"elementValue missing", reason.MdocMalformed, item(remove("elementValue"))},
		{"elementValue with a duplicate key", reason.MdocMalformed, item(add("elementValue", cbor.RawMessage{0xa2, 0x61, 'a', 1, 0x61, 'a', 2}))},
		{"elementValue not UTF-8", reason.MdocMalformed, item(add("elementValue", cbor.RawMessage{0x61, 0xff}))},
		{"elementValue of indefinite length", reason.MdocMalformed, item(add("elementValue", cbor.RawMessage{0x9f, 0xff}))},
		{"a digestID twice", reason.MdocElementDuplicate, item(add("digestID", 2))},
		{"an identifier twice", reason.MdocElementDuplicate, item(add("elementIdentifier", "portrait"))},
		{"a digestID twice among many", reason.MdocElementDuplicate, func(m *maker) {
			addElements(m, manyItems+1)
			item(add("digestID", 2))(m)
		}},
		{"an identifier twice among many", reason.MdocElementDuplicate, func(m *maker) {
			addElements(m, manyItems+1)
			item(add("elementIdentifier", "e2"))(m)
		}},
		{"an element of issuer and device", reason.MdocElementDuplicate, func(m *maker) {
			m.device = map[string]any{nsMDL: map[string]any{"portrait": 1}}
		}},
		{"device nameSpaces missing", reason.MdocMalformed, deviceSigned(remove("nameSpaces"))},
		{"device nameSpaces without tag 24", reason.MdocMalformed, deviceSigned(add("nameSpaces", []byte{0xa0}))},
		{"device nameSpaces empty", reason.MdocMalformed, deviceSigned(add("nameSpaces", tag24(nil)))},
		{"device nameSpaces followed by bytes", reason.MdocMalformed, deviceSigned(add("nameSpaces", tag24([]byte{0xa0, 0})))},
		{"device nameSpaces with a duplicate", reason.MdocMalformed, deviceSigned(add("nameSpaces", tag24([]byte{0xa2, 0x61, 'a', 0xa0, 0x61, 'a', 0xa0})))},
		{"device elements with a duplicate", reason.MdocMalformed, deviceSigned(add("nameSpaces", tag24([]byte{0xa1, 0x61, 'a', 0xa2, 0x61, 'b', 1, 0x61, 'b', 2})))},
		{"device elements not in a map", reason.MdocMalformed, deviceSigned(add("nameSpaces", tag24([]byte{0xa1, 0x61, 'a', 1})))},
		{"too many device namespaces", reason.MdocMalformed, func(m *maker) {
			spaces := map[string]any{}
			for i := range maxNameSpaces + 1 {
				spaces[fmt.Sprint(i)] = map[string]any{}
			}
			m.device = spaces
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMaker()
			test.with(m)
			_, err := Parse(m.make(), limits)
			if code := reason.CodeOf(err); code != test.code {
				t.Errorf("%v, want %s", err, test.code)
			}
		})
	}
}

// addElements replaces the elements by n others.
func addElements(m *maker, n int) {
	m.spaces = map[string][]element{nsMDL: nil}
	for i := range n {
		m.spaces[nsMDL] = append(m.spaces[nsMDL], element{fmt.Sprint("e", i), i})
	}
}

// TestParseAccepts has what must not be refused.
func TestParseAccepts(t *testing.T) {
	tests := []struct {
		name string
		with func(m *maker)
	}{
		{"a later minor version", func(m *maker) { m.response = add("version", "1.1") }},
		{"unknown members everywhere", func(m *maker) {
			more := add("org.example.unknown", map[string]any{"x": []any{1, cbor.Tag{Number: 1004, Content: "y"}}})
			m.response, m.document, m.issuerSigned = more, more, more
			m.deviceSigned = func(d map[string]any) { more(d); more(d["deviceAuth"].(map[string]any)) }
			m.item = func(_ string, _ int, it map[string]any) { more(it) }
			m.mso = func(o map[string]any) {
				more(o)
				more(o["validityInfo"].(map[string]any))
				more(o["deviceKeyInfo"].(map[string]any))
				within("deviceKeyInfo", add("keyAuthorizations", map[string]any{"x": 1}))(o)
			}
		}},
		{"document errors", func(m *maker) { m.document = add("errors", map[string]any{nsMDL: map[string]any{"sex": 0}}) }},
		{"as many elements as may be", func(m *maker) { addElements(m, limits.Elements) }},
		{"no elements at all", func(m *maker) { m.issuerSigned = remove("nameSpaces") }},
		{"an empty namespace", func(m *maker) { m.spaces = map[string][]element{nsMDL: {}} }},
		{"the same identifier in two namespaces", func(m *maker) { m.spaces["other"] = []element{{"family_name", "x"}} }},
		{"x5chain of two", func(m *maker) {
			m.headers = func(_, u map[any]any) { u[33] = []any{m.signer.cert.Raw, m.signer.cert.Raw} }
		}},
		{"heads of maps and strings longer than needed", func(m *maker) {
			m.item = func(_ string, n int, it map[string]any) {
				if n == 0 {
					it["elementValue"] = cbor.RawMessage{0x78, 1, 'x'}
					it["random"] = append(cbor.RawMessage{0x59, 0, 16}, make([]byte, 16)...)
				}
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMaker()
			test.with(m)
			verifyAll(t, m.make(), m.signer.cert, m.transcript)
		})
	}
}

func TestParseBounds(t *testing.T) {
	b := newMaker().make()
	for _, l := range []Limits{{Bytes: len(b) - 1}, {Elements: 9}} {
		if _, err := Parse(b, l); reason.CodeOf(err) != reason.InputTooLarge {
			t.Errorf("%+v: %v", l, err)
		}
	}
	for _, l := range []Limits{{}, {Bytes: len(b), Documents: 1, Elements: 10}} {
		if _, err := Parse(b, l); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
	issued := encode(newMaker().makeIssuerSigned())
	if _, err := ParseIssuerSigned(typeMDL, issued, Limits{Bytes: len(issued) - 1}); reason.CodeOf(err) != reason.InputTooLarge {
		t.Error(err)
	}
	if _, err := ParseIssuerSigned(typeMDL, append(issued, 0), limits); reason.CodeOf(err) != reason.MdocMalformed {
		t.Error("trailing byte:", err)
	}
	if _, err := Parse(append(b, 0), Limits{}); reason.CodeOf(err) != reason.MdocMalformed {
		t.Error("trailing byte:", err)
	}
}

// TestMemberNames has a member's name in a longer form, which could hide a second
// member of that name.
func TestMemberNames(t *testing.T) {
	good := newMaker().make()
	bad := bytes.Replace(good, encode("documents"), append([]byte{0x78, 9}, "documents"...), 1)
	if _, err := Parse(bad, limits); len(bad) != len(good)+1 || reason.CodeOf(err) != reason.MdocMalformed {
		t.Error(err)
	}
}

// TestEveryDocumentIsRead has a good first document and a bad last one.
func TestEveryDocumentIsRead(t *testing.T) {
	m := newMaker()
	m.response = func(r map[string]any) {
		docs := r["documents"].([]any)
		r["documents"] = append(docs, docs[0], docs[0])
	}
	r, err := Parse(m.make(), limits)
	if err != nil || len(r.Documents) != 3 {
		t.Fatal(r, err)
	}
	m.response = func(r map[string]any) { r["documents"] = append(r["documents"].([]any), map[string]any{}) }
	if _, err := Parse(m.make(), limits); reason.CodeOf(err) != reason.MdocMalformed {
		t.Error(err)
	}
}

func TestIssuerSignedAlone(t *testing.T) {
	m := newMaker()
	d, err := ParseIssuerSigned(typeMDL, encode(m.makeIssuerSigned()), limits)
	if err != nil {
		t.Fatal(err)
	}
	i, err := d.VerifyIssuer(m.signer.cert, sigalgs)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.CheckDigests(); err != nil {
		t.Error(err)
	}
	if i.HasDeviceAuth() {
		t.Error("no device part was given")
	}
	if _, err := i.CheckDevice(m.transcript, nil, sigalgs); reason.CodeOf(err) != reason.DeviceAuthMissing {
		t.Error(err)
	}
	other, err := ParseIssuerSigned(typePID, encode(m.makeIssuerSigned()), limits)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.VerifyIssuer(m.signer.cert, sigalgs); reason.CodeOf(err) != reason.MdocDocTypeMismatch {
		t.Error(err)
	}
}
