package mdoc

// skip reads one item of any type, and everything in it, for its form.
func (c *cursor) skip(what string, depth int) {
	const fault = "is not well-formed, definite-length CBOR without duplicate keys"
	major := c.next()
	if depth == 0 && (major == majorArray || major == majorMap || major == majorTag) {
		c.fail(what, "is nested too deeply")
		return
	}
	switch major {
	case majorUint, majorNegative:
		c.expect(major, what, fault)
	case majorBytes:
		c.bytes(what)
	case majorText:
		c.text(what)
	case majorArray:
		for n := c.count(majorArray, what); n > 0 && c.err == nil; n-- {
			c.skip(what, depth-1)
		}
	case majorMap:
		var keys keySet
		for n := c.count(majorMap, what); n > 0 && c.err == nil; n-- {
			c.key(&keys, what)
			c.skip(what, depth-1)
		}
	case majorTag:
		if tag := c.expect(majorTag, what, fault); !mayTag(tag, c.rest) {
			c.fail(what, fault)
			return
		}
		c.skip(what, depth-1)
	case majorSimple:
		c.skipSimple(what, fault)
	default:
		c.fail(what, fault)
	}
}

// skipSimple reads major type 7: simple values and floating-point numbers of any
// of the three sizes (RFC 8949 section 3.3).
func (c *cursor) skipSimple(what, fault string) {
	info := c.rest[0] & 31
	_, n, _, ok := c.head()
	if !ok || info == 24 && n < 32 {
		c.fail(what, fault)
	}
}

// mayTag says whether the content of a tag has the type that RFC 8949 section 3.4
// gives it, for the tags that mean dates and large integers.
func mayTag(tag uint64, content []byte) bool {
	if len(content) == 0 {
		return false
	}
	major, info := content[0]>>5, content[0]&31
	switch tag {
	case 0:
		return major == majorText
	case 1:
		return major <= majorNegative || major == majorSimple && info >= 25
	case 2, 3:
		return major == majorBytes
	}
	return true
}
