package mdoc

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// nameSpace holds the presented elements of one namespace, in the order received.
type nameSpace struct {
	name  string
	items []item
}

// item is an IssuerSignedItem with the tag-24 bytes that its digest covers.
type item struct {
	raw        []byte
	digestID   uint64
	identifier []byte
	value      cbor.RawMessage
}

// manyItems is where looking for a duplicate by comparing with all others before
// would become slower than a set.
const manyItems = 32

// ParseIssuerSigned reads an IssuerSigned alone, as it stands at issuance: a
// document without a device part. The IssuerSigned does not name its docType; it is
// the one that was asked for. Codes: input_too_large, mdoc_malformed,
// mdoc_element_duplicate.
func ParseIssuerSigned(docType string, b []byte, l Limits) (*Document, error) {
	if err := l.checkBytes(b); err != nil {
		return nil, err
	}
	d, c := &Document{docType: docType}, open(b)
	d.readIssuerSigned(&c, l)
	if err := c.end("issuerSigned"); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Document) readIssuerSigned(c *cursor, l Limits) {
	var keys keySet
	for n := c.count(majorMap, "issuerSigned"); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, "issuerSigned")) {
		case "nameSpaces":
			d.readNameSpaces(c, l)
		case "issuerAuth":
			d.readIssuerAuth(c)
		default:
			c.skip("issuerSigned", maxDepth)
		}
	}
	if d.issuerAuth == nil {
		c.fail("issuerSigned", "has no issuerAuth")
	}
}

// readIssuerAuth reads the COSE_Sign1 of the issuer: untagged, with its payload
// inside (12.3.2).
func (d *Document) readIssuerAuth(c *cursor) {
	raw := c.raw("issuerAuth")
	if c.err != nil {
		return
	}
	s, err := cose.ParseSign1(raw, cose.TagForbidden)
	switch {
	case err != nil:
		c.refuse(malformed("issuerAuth: " + err.Error()))
	case s.Detached:
		c.fail("issuerAuth", "has no payload")
	default:
		d.issuerAuth = s
	}
}

func (d *Document) readNameSpaces(c *cursor, l Limits) {
	var keys keySet
	n := c.count(majorMap, "nameSpaces")
	if n > maxNameSpaces {
		c.fail("nameSpaces", "has too many members")
		return
	}
	d.spaces = make([]nameSpace, 0, n)
	for ; n > 0 && c.err == nil; n-- {
		s := nameSpace{name: string(c.member(&keys, "nameSpaces"))}
		count := c.count(majorArray, "a namespace")
		if !d.addElements(c, count, l) {
			return
		}
		s.items = make([]item, count)
		for i := 0; i < count && c.err == nil; i++ {
			s.items[i].read(c)
		}
		if c.err == nil && s.hasDuplicate() {
			c.refuse(reason.Refuse(reason.MdocElementDuplicate, "a digestID or element identifier occurs twice in a namespace"))
		}
		d.spaces = append(d.spaces, s)
	}
}

// addElements counts elements against the limit, before anything is made for them.
func (d *Document) addElements(c *cursor, n int, l Limits) bool {
	d.elements += n
	if l.Elements > 0 && d.elements > l.Elements {
		c.refuse(reason.Refuse(reason.InputTooLarge, "more than %d elements in a document", l.Elements))
	}
	return c.err == nil
}

// hasDuplicate looks for a digestID or an element identifier that occurs twice
// (12.3.4).
func (s *nameSpace) hasDuplicate() bool {
	if len(s.items) > manyItems {
		return s.hasDuplicateOfMany()
	}
	for i := range s.items {
		for j := range s.items[:i] {
			a, b := &s.items[i], &s.items[j]
			if a.digestID == b.digestID || string(a.identifier) == string(b.identifier) {
				return true
			}
		}
	}
	return false
}

func (s *nameSpace) hasDuplicateOfMany() bool {
	ids := make(map[uint64]struct{}, len(s.items))
	names := make(map[string]struct{}, len(s.items))
	for i := range s.items {
		ids[s.items[i].digestID] = struct{}{}
		names[string(s.items[i].identifier)] = struct{}{}
	}
	return len(ids) < len(s.items) || len(names) < len(s.items)
}

// read reads an IssuerSignedItemBytes: tag 24 over the encoded map (10.3.3).
func (it *item) read(outer *cursor) {
	raw, content := outer.embedded("an element")
	if outer.err != nil {
		return
	}
	it.raw = raw
	c := open(content)
	var keys keySet
	var random []byte
	var hasID, hasRandom bool
	for n := c.count(majorMap, "an element"); n > 0 && c.err == nil; n-- {
		switch string(c.member(&keys, "an element")) {
		case "digestID":
			it.digestID, hasID = c.uint("digestID"), true
		case "random":
			random, hasRandom = c.bytes("random"), true
		case "elementIdentifier":
			it.identifier = c.name("elementIdentifier")
		case "elementValue":
			it.value = c.raw("elementValue")
		default:
			c.skip("an element", maxDepth)
		}
	}
	switch {
	case c.err != nil:
	case !hasID || it.digestID >= maxDigestID:
		c.fail("digestID", "is missing or not below 2^31")
	case !hasRandom || len(random) < minRandom:
		c.fail("random", "is missing or shorter than 16 bytes")
	case it.identifier == nil || it.value == nil:
		c.fail("an element", "has no elementIdentifier or no elementValue")
	}
	if err := c.end("an element"); err != nil {
		outer.refuse(err)
	}
}
