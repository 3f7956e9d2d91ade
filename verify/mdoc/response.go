package mdoc

import (
	"bytes"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Response is a parsed DeviceResponse (10.3.2).
type Response struct {
	Documents []*Document
}

// Document is one document of a response, not yet verified.
type Document struct {
	docType      string
	items        map[string][]item
	elements     int
	issuerAuth   *cose.Sign1
	deviceSpaces cbor.RawMessage // DeviceNameSpacesBytes as received; nil without a device part
	deviceAuth   map[string]cbor.RawMessage
	deviceValues map[string]map[string]cbor.RawMessage
}

// item is an IssuerSignedItem with the tag-24 bytes that its digest covers.
type item struct {
	raw        cbor.RawMessage
	digestID   uint64
	identifier string
	value      cbor.RawMessage
}

func malformed(what string) error {
	return reason.Refuse(reason.MdocMalformed, "%s", what)
}

// Parse reads a DeviceResponse. Codes: input_too_large, mdoc_malformed,
// mdoc_version_unsupported, mdoc_status_error, mdoc_no_document.
func Parse(b []byte, l Limits) (*Response, error) {
	if l.Bytes > 0 && len(b) > l.Bytes {
		return nil, reason.Refuse(reason.InputTooLarge, "a DeviceResponse of more than %d bytes", l.Bytes)
	}
	var r struct {
		Version   cbor.RawMessage `cbor:"version"`
		Status    cbor.RawMessage `cbor:"status"`
		Documents cbor.RawMessage `cbor:"documents"`
	}
	if major(b) != 5 || strictcbor.Unmarshal(b, &r) != nil {
		return nil, malformed("not one CBOR map")
	}
	version, ok := text(r.Version)
	if !ok {
		return nil, malformed("version is not text")
	}
	if !strings.HasPrefix(version, "1.") {
		return nil, reason.Refuse(reason.MdocVersionUnsupported, "DeviceResponse version is not 1.x")
	}
	var status uint64
	if major(r.Status) != 0 || strictcbor.Unmarshal(r.Status, &status) != nil {
		return nil, malformed("status is not an unsigned integer")
	}
	if status != 0 {
		return nil, reason.Refuse(reason.MdocStatusError, "status %d", status)
	}
	if r.Documents == nil {
		return nil, reason.Refuse(reason.MdocNoDocument, "documents is absent")
	}
	var docs []cbor.RawMessage
	if major(r.Documents) != 4 || strictcbor.Unmarshal(r.Documents, &docs) != nil {
		return nil, malformed("documents is not an array")
	}
	if len(docs) == 0 {
		return nil, reason.Refuse(reason.MdocNoDocument, "documents is empty")
	}
	if l.Documents > 0 && len(docs) > l.Documents {
		return nil, reason.Refuse(reason.InputTooLarge, "more than %d documents", l.Documents)
	}
	resp := &Response{}
	for _, raw := range docs {
		d, err := parseDocument(raw, l)
		if err != nil {
			return nil, err
		}
		resp.Documents = append(resp.Documents, d)
	}
	return resp, nil
}

func parseDocument(raw cbor.RawMessage, l Limits) (*Document, error) {
	var m struct {
		DocType      cbor.RawMessage `cbor:"docType"`
		IssuerSigned cbor.RawMessage `cbor:"issuerSigned"`
		DeviceSigned cbor.RawMessage `cbor:"deviceSigned"`
	}
	if major(raw) != 5 || strictcbor.Unmarshal(raw, &m) != nil {
		return nil, malformed("a document is not a map")
	}
	docType, ok := text(m.DocType)
	if !ok {
		return nil, malformed("docType is not text")
	}
	d, err := ParseIssuerSigned(docType, m.IssuerSigned, l)
	if err != nil {
		return nil, err
	}
	if m.DeviceSigned == nil {
		return d, nil // reported as missing device authentication
	}
	return d, d.parseDeviceSigned(m.DeviceSigned, l)
}

// ParseIssuerSigned reads an IssuerSigned alone, as it stands at issuance: a
// document without a device part.
func ParseIssuerSigned(docType string, b []byte, l Limits) (*Document, error) {
	var m struct {
		NameSpaces cbor.RawMessage `cbor:"nameSpaces"`
		IssuerAuth cbor.RawMessage `cbor:"issuerAuth"`
	}
	if major(b) != 5 || strictcbor.Unmarshal(b, &m) != nil {
		return nil, malformed("issuerSigned is not a map")
	}
	d := &Document{docType: docType, items: make(map[string][]item)}
	if m.NameSpaces != nil {
		if err := d.parseNameSpaces(m.NameSpaces, l); err != nil {
			return nil, err
		}
	}
	if m.IssuerAuth == nil {
		return nil, malformed("issuerAuth is missing")
	}
	var err error
	if d.issuerAuth, err = cose.ParseSign1(m.IssuerAuth, cose.TagForbidden); err != nil {
		return nil, malformed("issuerAuth: " + err.Error())
	}
	if d.issuerAuth.Detached {
		return nil, malformed("issuerAuth has no payload")
	}
	return d, nil
}

func (d *Document) parseNameSpaces(raw cbor.RawMessage, l Limits) error {
	var spaces map[string][]cbor.RawMessage
	if major(raw) != 5 || strictcbor.Unmarshal(raw, &spaces) != nil || len(spaces) > maxNameSpaces {
		return malformed("nameSpaces is not a map of arrays")
	}
	for ns, list := range spaces {
		if len(ns) > maxText {
			return malformed("a namespace is too long")
		}
		if d.elements += len(list); l.Elements > 0 && d.elements > l.Elements {
			return reason.Refuse(reason.InputTooLarge, "more than %d elements", l.Elements)
		}
		items := make([]item, len(list))
		for i, raw := range list {
			it, err := parseItem(raw)
			if err != nil {
				return err
			}
			for _, other := range items[:i] {
				if other.digestID == it.digestID || other.identifier == it.identifier {
					return reason.Refuse(reason.MdocElementDuplicate, "a digestID or element identifier occurs twice in a namespace")
				}
			}
			items[i] = it
		}
		d.items[ns] = items
	}
	return nil
}

// parseItem reads an IssuerSignedItemBytes (10.3.3).
func parseItem(raw cbor.RawMessage) (it item, err error) {
	content, ok := strictcbor.Bytes24(raw)
	if !ok {
		return it, malformed("an element is not tag 24 over a byte string")
	}
	var m struct {
		DigestID   cbor.RawMessage `cbor:"digestID"`
		Random     cbor.RawMessage `cbor:"random"`
		Identifier cbor.RawMessage `cbor:"elementIdentifier"`
		Value      cbor.RawMessage `cbor:"elementValue"`
	}
	if major(content) != 5 || strictcbor.Unmarshal(content, &m) != nil {
		return it, malformed("an element is not a map")
	}
	it.raw, it.value = raw, m.Value
	if major(m.DigestID) != 0 || strictcbor.Unmarshal(m.DigestID, &it.digestID) != nil || it.digestID >= maxDigestID {
		return it, malformed("a digestID is not an unsigned integer below 2^31")
	}
	var random []byte
	if major(m.Random) != 2 || strictcbor.Unmarshal(m.Random, &random) != nil || len(random) < minRandom {
		return it, malformed("an element's random is shorter than 16 bytes")
	}
	if it.identifier, ok = text(m.Identifier); !ok || len(it.identifier) > maxText {
		return it, malformed("an element identifier is not text")
	}
	if m.Value == nil {
		return it, malformed("an element has no value")
	}
	return it, nil
}

// parseDeviceSigned reads deviceSigned (10.3.3). Which member of deviceAuth is
// there is judged when the device is checked.
func (d *Document) parseDeviceSigned(raw cbor.RawMessage, l Limits) error {
	var m struct {
		NameSpaces cbor.RawMessage            `cbor:"nameSpaces"`
		DeviceAuth map[string]cbor.RawMessage `cbor:"deviceAuth"`
	}
	if major(raw) != 5 || strictcbor.Unmarshal(raw, &m) != nil {
		return malformed("deviceSigned is not a map")
	}
	content, ok := strictcbor.Bytes24(m.NameSpaces)
	if !ok {
		return malformed("the device's nameSpaces are not tag 24 over a byte string")
	}
	if !bytes.Equal(content, []byte{0xa0}) { // the empty map, as nearly always
		if major(content) != 5 || strictcbor.Unmarshal(content, &d.deviceValues) != nil || len(d.deviceValues) > maxNameSpaces {
			return malformed("the device's nameSpaces are not a map of maps")
		}
	}
	for ns, elements := range d.deviceValues {
		if d.elements += len(elements); l.Elements > 0 && d.elements > l.Elements {
			return reason.Refuse(reason.InputTooLarge, "more than %d elements", l.Elements)
		}
		for _, it := range d.items[ns] {
			if _, twice := elements[it.identifier]; twice {
				return reason.Refuse(reason.MdocElementDuplicate, "an element is signed by issuer and device")
			}
		}
	}
	d.deviceSpaces, d.deviceAuth = m.NameSpaces, m.DeviceAuth
	return nil
}

// DocType returns what the document says it is; VerifyIssuer compares it with what
// the issuer signed.
func (d *Document) DocType() string { return d.docType }

// Chain returns the document signer's certificates, DER, leaf first: label 33 of
// the unprotected header, or of the protected one, where the second edition also
// accepts it. Code: mdoc_x5chain_missing.
func (d *Document) Chain() ([][]byte, error) {
	if c := d.issuerAuth.Unprotected.X5Chain; c != nil {
		return c, nil
	}
	if c := d.issuerAuth.Protected.X5Chain; c != nil {
		return c, nil
	}
	return nil, reason.Refuse(reason.MdocX5ChainMissing, "issuerAuth has no x5chain")
}

// major is the CBOR major type of an item, 8 for nothing.
func major(item []byte) byte {
	if len(item) == 0 {
		return 8
	}
	return item[0] >> 5
}

func text(item cbor.RawMessage) (s string, ok bool) {
	if major(item) != 3 || strictcbor.Unmarshal(item, &s) != nil {
		return "", false
	}
	return s, true
}
