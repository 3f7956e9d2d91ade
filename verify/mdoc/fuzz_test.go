package mdoc

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// vectorSamples are the samples of the table, none when the vectors are not there.
func vectorSamples(f *testing.F) (list []sample) {
	if _, err := vectortest.Find(); err != nil {
		f.Log(err)
		return nil
	}
	for _, v := range vectors {
		if v.load != nil {
			list = append(list, v.load(f, v.file))
		}
	}
	return list
}

// madeResponses are responses of our own with a signature, a MAC, device elements,
// and several documents.
func madeResponses() (list [][]byte) {
	with := func(change func(m *maker)) {
		m := newMaker()
		change(m)
		list = append(list, m.make())
	}
	with(func(*maker) {})
	with(func(m *maker) { m.emacKey = make([]byte, EMacKeySize) })
	with(func(m *maker) { m.device = map[string]any{"a": map[string]any{"b": 1}} })
	with(func(m *maker) { addElements(m, manyItems+1) })
	with(func(m *maker) {
		m.response = func(r map[string]any) { r["documents"] = append(r["documents"].([]any), r["documents"].([]any)[0]) }
	})
	with(func(m *maker) {
		m.response = func(r map[string]any) { clear(r); r["version"] = "1.0"; r["status"] = 10 }
	})
	return list
}

// checkStrict holds that what this package accepts the strict decoder accepts too,
// but for what it makes of numbers beyond int64 and of dates that are none.
func checkStrict(t *testing.T, b []byte) {
	t.Helper()
	if err := strictcbor.Wellformed(b); err != nil {
		t.Fatalf("accepted what is not well-formed: %v", err)
	}
	var v any
	var tooLarge *cbor.UnmarshalTypeError
	if err := strictcbor.Unmarshal(b, &v); err != nil && !errors.As(err, &tooLarge) && !strings.Contains(err.Error(), "time.Time") {
		t.Fatalf("accepted what the strict decoder refuses: %v", err)
	}
}

// checkDocument takes a parsed document through everything.
func checkDocument(t *testing.T, d *Document) {
	t.Helper()
	for _, s := range d.spaces {
		for _, it := range s.items {
			checkStrict(t, it.raw)
			checkStrict(t, content24(it.raw))
		}
	}
	if _, err := d.Chain(); err != nil && reason.CodeOf(err) != reason.MdocX5ChainMissing {
		t.Fatal(err)
	}
	transcript := newMaker().transcript
	if _, err := d.VerifyIssuer(german().cert, sigalgs); err != nil && reason.CodeOf(err) == "" {
		t.Fatal(err)
	}
	// What a signer could have signed is checked too: the arithmetic must not be
	// what protects the rest.
	m, err := parseMSO(d.issuerAuth.Payload, d.docType)
	if err != nil {
		if reason.CodeOf(err) == "" {
			t.Fatal(err)
		}
		return
	}
	i := &Issued{doc: d, mso: m}
	for _, err := range []error{i.CheckDigests(), i.CheckTime(now, skew, german().cert, true), i.CheckCountry(german().cert), i.CheckDeviceElements(false)} {
		if err != nil && reason.CodeOf(err) == "" {
			t.Fatal(err)
		}
	}
	if _, err := i.CheckDevice(transcript, make([]byte, EMacKeySize), sigalgs); err != nil && reason.CodeOf(err) == "" {
		t.Fatal(err)
	}
	for _, claims := range []map[string]any{Claims(i.Elements()), Claims(i.DeviceElements())} {
		if _, err := json.Marshal(claims); err != nil {
			t.Fatal(err)
		}
	}
	for ns, elements := range i.Elements() {
		if got := Claims(i.Elements())[ns].(map[string]any); len(got) != len(elements) {
			t.Fatal("a claim was lost")
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range vectorSamples(f) {
		if s.response != nil {
			f.Add(s.response)
		}
	}
	for _, b := range madeResponses() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b, limits)
		if err != nil {
			if reason.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		checkStrict(t, b)
		if len(r.Documents) == 0 || len(r.Documents) > limits.Documents {
			t.Fatal(len(r.Documents), "documents")
		}
		for _, d := range r.Documents {
			checkDocument(t, d)
		}
	})
}

func FuzzIssuerSigned(f *testing.F) {
	for _, s := range vectorSamples(f) {
		if s.issued != nil {
			f.Add(s.issued)
		}
	}
	f.Add([]byte(encode(newMaker().makeIssuerSigned())))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseIssuerSigned(typeMDL, b, limits)
		if err != nil {
			if reason.CodeOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		checkStrict(t, b)
		checkDocument(t, d)
	})
}

func FuzzMobileSecurityObject(f *testing.F) {
	for _, b := range madeResponses() {
		if r, err := Parse(b, limits); err == nil {
			f.Add(r.Documents[0].issuerAuth.Payload)
		}
	}
	for _, s := range vectorSamples(f) {
		if docs, err := s.documents(); err == nil {
			f.Add(docs[0].issuerAuth.Payload)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMSO(b, typeMDL)
		if err != nil {
			if reason.CodeOf(err) == "" || m != nil {
				t.Fatal(m, err)
			}
			return
		}
		checkStrict(t, b)
		checkStrict(t, content24(b))
		if m.deviceKey == nil || m.signed.IsZero() || m.validFrom.IsZero() || m.validUntil.IsZero() || digestSize(m.digestAlgorithm) == 0 {
			t.Fatal("incomplete")
		}
	})
}

func FuzzTranscript(f *testing.F) {
	f.Add(TranscriptRedirect(specClient, specNonce, nil, specURI))
	f.Add(TranscriptDCAPI(specOrigin, specNonce, make([]byte, 32)))
	f.Add(TranscriptAnnexB("a", "b", "c", "d"))
	f.Add(TranscriptAnnexC(specEncryption, specOrigin))
	for _, s := range vectorSamples(f) {
		f.Add(s.transcript)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if CheckTranscript(b) != nil {
			return
		}
		checkStrict(t, b)
		var parts []cbor.RawMessage
		if err := strictcbor.Unmarshal(b, &parts); err != nil || len(parts) != 3 {
			t.Fatal(len(parts), err)
		}
		// Whatever the caller made, what the device must have signed is one item of
		// four parts, and the transcript is the second.
		i := &Issued{doc: &Document{docType: typeMDL, device: deviceSigned{spaces: tag24([]byte{0xa0})}}}
		if err := strictcbor.Unmarshal(content24(i.authentication(b)), &parts); err != nil || len(parts) != 4 {
			t.Fatal(len(parts), err)
		}
		if string(parts[1]) != string(b) || !strings.HasSuffix(string(parts[2]), typeMDL) {
			t.Fatal("another transcript or docType")
		}
	})
}
