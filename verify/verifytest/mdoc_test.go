package verifytest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

type openedResponse struct {
	Version   string           `cbor:"version"`
	Status    int              `cbor:"status"`
	Documents []openedDocument `cbor:"documents"`
}

type openedDocument struct {
	DocType      string `cbor:"docType"`
	IssuerSigned struct {
		NameSpaces map[string][]cbor.RawMessage `cbor:"nameSpaces"`
		IssuerAuth message                      `cbor:"issuerAuth"`
	} `cbor:"issuerSigned"`
	DeviceSigned struct {
		NameSpaces cbor.RawMessage            `cbor:"nameSpaces"`
		DeviceAuth map[string]cbor.RawMessage `cbor:"deviceAuth"`
	} `cbor:"deviceSigned"`
}

type openedMSO struct {
	Version         string                       `cbor:"version"`
	DigestAlgorithm string                       `cbor:"digestAlgorithm"`
	DocType         string                       `cbor:"docType"`
	ValueDigests    map[string]map[uint64][]byte `cbor:"valueDigests"`
	DeviceKeyInfo   struct {
		DeviceKey map[int]any `cbor:"deviceKey"`
	} `cbor:"deviceKeyInfo"`
	ValidityInfo map[string]cbor.Tag `cbor:"validityInfo"`
	Status       struct {
		List struct {
			Index uint64 `cbor:"idx"`
			URI   string `cbor:"uri"`
		} `cbor:"status_list"`
	} `cbor:"status"`
}

type openedItem struct {
	DigestID uint64          `cbor:"digestID"`
	Random   []byte          `cbor:"random"`
	Element  string          `cbor:"elementIdentifier"`
	Value    cbor.RawMessage `cbor:"elementValue"`
}

func issueMDL(t *testing.T, w *World, change func(*MdocOptions)) *Mdoc {
	t.Helper()
	o := must[MdocOptions](t)(w.Mdoc(w.MDL(), TypeMDL, testNow))
	o.Status = &Ref{URI: "https://status.example/1", Index: 42}
	if change != nil {
		change(&o)
	}
	return must[*Mdoc](t)(w.MDL().IssueMdoc(o))
}

// openDocument checks issuerAuth and all digests.
func openDocument(t *testing.T, w *World, response []byte) (openedDocument, openedMSO) {
	t.Helper()
	r := openCBOR[openedResponse](t, response)
	if r.Version != "1.0" || r.Status != 0 || len(r.Documents) != 1 {
		t.Fatalf("%+v", r)
	}
	doc := r.Documents[0]
	auth := doc.IssuerSigned.IssuerAuth
	leaf := must[*x509.Certificate](t)(x509.ParseCertificate(auth.Unprotected[33].([]byte)))
	if !leaf.Equal(w.MDL().Signer.Cert) || !bytes.Equal(auth.Protected, []byte{0xa1, 1, 0x26}) {
		t.Fatal("issuerAuth headers")
	}
	if !verifies(&w.MDL().Signer.Private.PublicKey, structure(t, "Signature1", auth.Protected, auth.Payload), auth.Proof) {
		t.Fatal("issuerAuth does not verify")
	}
	mso := openCBOR[openedMSO](t, open24(t, auth.Payload))
	for ns, items := range doc.IssuerSigned.NameSpaces {
		for _, raw := range items {
			item := openCBOR[openedItem](t, open24(t, raw))
			sum := sha256.Sum256(raw)
			if len(item.Random) < 16 || !bytes.Equal(mso.ValueDigests[ns][item.DigestID], sum[:]) {
				t.Errorf("digest of %s", item.Element)
			}
		}
	}
	return doc, mso
}

func TestMdocIssued(t *testing.T) {
	w := testWorld(t)
	m := issueMDL(t, w, nil)
	transcript := []byte{0x83, 0xf6, 0xf6, 0xf6}
	doc, mso := openDocument(t, w, must[[]byte](t)(m.Present(MdocPresentation{Transcript: transcript})))
	if mso.Version != "1.0" || mso.DigestAlgorithm != "SHA-256" || mso.DocType != TypeMDL || doc.DocType != TypeMDL {
		t.Errorf("%+v", mso)
	}
	if mso.Status.List.Index != 42 || mso.Status.List.URI != "https://status.example/1" {
		t.Errorf("status %+v", mso.Status)
	}
	signed := mso.ValidityInfo["signed"]
	if signed.Number != 0 || signed.Content != "2026-11-25T11:00:00Z" {
		t.Errorf("signed %v", signed)
	}
	x, _, _ := coordinates(&m.Holder.PublicKey)
	if got, _ := mso.DeviceKeyInfo.DeviceKey[-2].([]byte); !bytes.Equal(got, x) {
		t.Error("deviceKey is not the holder's")
	}
	if n := len(doc.IssuerSigned.NameSpaces[NamespaceMDL]); n != 22 {
		t.Errorf("%d elements", n)
	}
	for _, raw := range doc.IssuerSigned.NameSpaces[NamespaceMDL] {
		item := openCBOR[openedItem](t, open24(t, raw))
		if item.Element == "birth_date" && !bytes.HasPrefix(item.Value, []byte{0xd9, 0x03, 0xec, 0x6a}) {
			t.Errorf("birth_date is not a full-date: %x", item.Value)
		}
	}
}

func TestMdocDevice(t *testing.T) {
	w := testWorld(t)
	m := issueMDL(t, w, nil)
	transcript := must[[]byte](t)(proximityTranscript(must[*Reader](t)(NewReader())))
	toSign := func(doc openedDocument) []byte {
		body := must[[]byte](t)(cbor.Marshal([]any{"DeviceAuthentication", cbor.RawMessage(transcript), TypeMDL, doc.DeviceSigned.NameSpaces}))
		return must[[]byte](t)(cbor.Marshal(cbor.Tag{Number: 24, Content: body}))
	}

	doc, _ := openDocument(t, w, must[[]byte](t)(m.Present(MdocPresentation{Transcript: transcript})))
	if !bytes.Equal(doc.DeviceSigned.NameSpaces, []byte{0xd8, 24, 0x41, 0xa0}) {
		t.Errorf("empty DeviceNameSpacesBytes are %x", doc.DeviceSigned.NameSpaces)
	}
	sig := openCBOR[message](t, doc.DeviceSigned.DeviceAuth["deviceSignature"])
	if sig.Payload != nil || !verifies(&m.Holder.PublicKey, structure(t, "Signature1", sig.Protected, toSign(doc)), sig.Proof) {
		t.Error("deviceSignature")
	}

	reader := must[*Reader](t)(NewReader())
	p := MdocPresentation{Transcript: transcript, DeviceElements: map[string]map[string]any{"n": {"e": 1}}}
	p.Reader, _ = reader.Public()
	doc, _ = openDocument(t, w, must[[]byte](t)(m.Present(p)))
	tag := openCBOR[message](t, doc.DeviceSigned.DeviceAuth["deviceMac"])
	mac := hmac.New(sha256.New, must[[]byte](t)(reader.EMacKey(&m.Holder.PublicKey, transcript)))
	mac.Write(structure(t, "MAC0", tag.Protected, toSign(doc)))
	if len(doc.DeviceSigned.DeviceAuth) != 1 || !bytes.Equal(tag.Protected, []byte{0xa1, 1, 5}) || !hmac.Equal(mac.Sum(nil), tag.Proof) {
		t.Error("deviceMac")
	}
}
