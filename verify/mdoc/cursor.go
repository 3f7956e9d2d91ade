package mdoc

import (
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// CBOR major types (RFC 8949 section 3.1).
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const tagEncoded = 24 // encoded CBOR data item (RFC 8949 section 3.4.5.1)

// cursor reads encoded items one after the other, in one pass and without copying:
// these structures are nested five deep, and a decoder that keeps raw messages
// would scan and copy the innermost bytes once per level. It accepts a subset of
// what strictcbor accepts (a fuzz test holds the two together): definite lengths,
// shortest integers and tags, valid UTF-8, no duplicate keys. A longer head than
// needed before a string, array or map is accepted, because issuers in the field
// write one.
//
// The first thing that is not as it should be is kept in err and ends the input,
// so that a loop over members ends too.
type cursor struct {
	rest []byte
	code reason.Code // of err
	err  error
}

// fail keeps the first fault. Both texts are ours, never the input's.
func (c *cursor) fail(what, fault string) {
	if c.err == nil {
		c.err = reason.Refuse(c.code, "%s %s", what, fault)
	}
	c.rest = nil
}

// refuse keeps another refusal, if there is one, as the first fault.
func (c *cursor) refuse(err error) {
	if err == nil {
		return
	}
	if c.err == nil {
		c.err = err
	}
	c.rest = nil
}

// end returns the first fault; bytes that follow are one.
func (c *cursor) end(what string) error {
	if len(c.rest) > 0 {
		c.fail(what, "is followed by other bytes")
	}
	return c.err
}

// next is the major type of the next item, 8 for none.
func (c *cursor) next() byte {
	if len(c.rest) == 0 {
		return 8
	}
	return c.rest[0] >> 5
}

// head reads the initial bytes of an item (RFC 8949 section 3). ok is false for
// the end of the input and for reserved and indefinite lengths. short says that
// the argument stands in the shortest form.
func (c *cursor) head() (major byte, n uint64, short, ok bool) {
	b := c.rest
	if len(b) == 0 {
		return 0, 0, false, false
	}
	major, info := b[0]>>5, b[0]&31
	if info < 24 {
		c.rest = b[1:]
		return major, uint64(info), true, true
	}
	size := 1 << (info & 3)
	if info > 27 || len(b) < 1+size {
		return major, 0, false, false
	}
	for _, x := range b[1 : 1+size] {
		n = n<<8 | uint64(x)
	}
	c.rest = b[1+size:]
	switch info {
	case 24:
		short = n >= 24
	case 25:
		short = n > 0xff
	case 26:
		short = n > 0xffff
	default:
		short = n > 0xffffffff
	}
	return major, n, short, true
}

// expect reads the head of an item that must be of a major type.
func (c *cursor) expect(want byte, what, fault string) (n uint64) {
	major, n, short, ok := c.head()
	if !ok || major != want || !short && (want <= majorNegative || want == majorTag) {
		c.fail(what, fault)
		return 0
	}
	return n
}

func (c *cursor) take(n uint64, what, fault string) []byte {
	if n > uint64(len(c.rest)) {
		c.fail(what, fault)
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) uint(what string) uint64 {
	return c.expect(majorUint, what, "is not an unsigned integer")
}

// bytes reads a byte string; the result is never nil unless it fails.
func (c *cursor) bytes(what string) []byte {
	const fault = "is not a byte string"
	return c.take(c.expect(majorBytes, what, fault), what, fault)
}

func (c *cursor) text(what string) []byte {
	const fault = "is not text"
	b := c.take(c.expect(majorText, what, fault), what, fault)
	if !utf8.Valid(b) {
		c.fail(what, fault)
		return nil
	}
	return b
}

// name reads text that is kept: a docType, a namespace, an element identifier.
func (c *cursor) name(what string) []byte {
	b := c.text(what)
	if len(b) > maxText {
		c.fail(what, "is too long")
		return nil
	}
	return b
}

// count reads the head of an array or map. Each entry takes at least a byte, so
// that the count cannot promise more than there is.
func (c *cursor) count(major byte, what string) int {
	fault := "is not an array"
	if major == majorMap {
		fault = "is not a map"
	}
	n := c.expect(major, what, fault)
	if n > maxEntries || n > uint64(len(c.rest)) {
		c.fail(what, fault)
		return 0
	}
	return int(n)
}

// embedded reads tag 24 over a byte string and returns all of it and its content.
func (c *cursor) embedded(what string) (raw cbor.RawMessage, content []byte) {
	const fault = "is not tag 24 over a byte string"
	start := c.rest
	if c.expect(majorTag, what, fault) != tagEncoded {
		c.fail(what, fault)
		return nil, nil
	}
	content = c.take(c.expect(majorBytes, what, fault), what, fault)
	if c.err != nil {
		return nil, nil
	}
	return c.since(start), content
}

// raw reads one item of any type and returns it as it was received.
func (c *cursor) raw(what string) cbor.RawMessage {
	start := c.rest
	c.skip(what, maxDepth)
	if c.err != nil {
		return nil
	}
	return c.since(start)
}

func (c *cursor) since(start []byte) cbor.RawMessage {
	n := len(start) - len(c.rest)
	return start[:n:n]
}
