package mdoc

import (
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Response is a parsed DeviceResponse (10.3.2).
type Response struct {
	Documents []*Document
}

// Document is one document of a response, not yet verified.
type Document struct {
	docType    string
	spaces     []nameSpace
	elements   int // counted against Limits.Elements
	issuerAuth *cose.Sign1
	device     deviceSigned
}

func malformed(what string) error {
	return reason.Refuse(reason.MdocMalformed, "%s", what)
}

func open(b []byte) cursor { return cursor{rest: b, code: reason.MdocMalformed} }

// Parse reads a DeviceResponse. Codes: input_too_large, mdoc_malformed,
// mdoc_version_unsupported, mdoc_status_error, mdoc_no_document,
// mdoc_element_duplicate.
func Parse(b []byte, l Limits) (*Response, error) {
	if err := l.checkBytes(b); err != nil {
		return nil, err
	}
	var (
		c         = open(b)
		keys      keySet
		version   []byte
		status    uint64
		hasStatus bool
		documents cbor.RawMessage
	)
	for n := c.count(majorMap, "DeviceResponse"); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, "DeviceResponse")) {
		case "version":
			version = c.text("version")
		case "status":
			status, hasStatus = c.uint("status"), true
		case "documents":
			documents = c.raw("documents") // read once version and status are known
		default:
			c.skip("DeviceResponse", maxDepth)
		}
	}
	if err := c.end("DeviceResponse"); err != nil {
		return nil, err
	}
	switch {
	case version == nil || !hasStatus:
		return nil, malformed("version or status is missing")
	case !isVersion1(version):
		return nil, reason.Refuse(reason.MdocVersionUnsupported, "DeviceResponse version is not 1.x")
	case status != 0:
		return nil, reason.Refuse(reason.MdocStatusError, "status %d", status)
	case documents == nil:
		return nil, reason.Refuse(reason.MdocNoDocument, "documents is absent")
	}
	return parseDocuments(documents, l)
}

func (l Limits) checkBytes(b []byte) error {
	if l.Bytes > 0 && len(b) > l.Bytes {
		return reason.Refuse(reason.InputTooLarge, "more than %d bytes", l.Bytes)
	}
	return nil
}

// isVersion1 says whether a version's major number is 1: a minor number announces
// additions that a reader may ignore (8.1).
func isVersion1(v []byte) bool { return strings.HasPrefix(string(v), "1.") }

func parseDocuments(raw cbor.RawMessage, l Limits) (*Response, error) {
	c := open(raw)
	n := c.count(majorArray, "documents")
	switch {
	case c.err != nil:
		return nil, c.err
	case n == 0:
		return nil, reason.Refuse(reason.MdocNoDocument, "documents is empty")
	case l.Documents > 0 && n > l.Documents:
		return nil, reason.Refuse(reason.InputTooLarge, "more than %d documents", l.Documents)
	}
	r := &Response{Documents: make([]*Document, 0, n)}
	for ; n > 0 && c.err == nil; n-- {
		d := &Document{}
		d.read(&c, l)
		r.Documents = append(r.Documents, d)
	}
	if c.err != nil {
		return nil, c.err
	}
	return r, nil
}

// read reads a Document. One without deviceSigned is reported when its device
// authentication is asked for.
func (d *Document) read(c *cursor, l Limits) {
	var keys keySet
	var hasType, hasIssuer bool
	for n := c.count(majorMap, "a document"); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, "a document")) {
		case "docType":
			d.docType, hasType = string(c.name("docType")), true
		case "issuerSigned":
			d.readIssuerSigned(c, l)
			hasIssuer = true
		case "deviceSigned":
			d.readDeviceSigned(c, l)
		default:
			c.skip("a document", maxDepth)
		}
	}
	if !hasType || !hasIssuer {
		c.fail("a document", "has no docType or no issuerSigned")
	}
	if c.err == nil {
		c.refuse(d.checkOverlap())
	}
}

// checkOverlap refuses an element that issuer and device both sign (credentials
// 2.5 step 5): which of the two would the relying party read?
func (d *Document) checkOverlap() error {
	if len(d.device.values) == 0 {
		return nil
	}
	for _, s := range d.spaces {
		elements := d.device.values[s.name]
		for _, it := range s.items {
			if _, twice := elements[string(it.identifier)]; twice {
				return reason.Refuse(reason.MdocElementDuplicate, "an element is signed by issuer and device")
			}
		}
	}
	return nil
}

// DocType returns what the document says it is; VerifyIssuer compares it with what
// the issuer signed.
func (d *Document) DocType() string { return d.docType }

// Chain returns the document signer's certificates, DER, leaf first: label 33 of
// the unprotected header, or of the protected one, which the second edition asks
// readers to accept too (12.3.2). Code: mdoc_x5chain_missing.
func (d *Document) Chain() ([][]byte, error) {
	if chain := d.issuerAuth.Unprotected.X5Chain; chain != nil {
		return chain, nil
	}
	if chain := d.issuerAuth.Protected.X5Chain; chain != nil {
		return chain, nil
	}
	return nil, reason.Refuse(reason.MdocX5ChainMissing, "issuerAuth has no x5chain")
}
