package mdoc

import "unicode/utf8"

// keySet is what keys a map had so far. Keys are compared as encoded, which is why
// they must be in the shortest form (RFC 8949 section 5.6 leaves the choice of
// equality to us). Its zero value is empty.
type keySet struct {
	few  [12][]byte // most maps have no more
	n    int
	many map[string]struct{}
}

// add says whether the key is new.
func (s *keySet) add(key []byte) bool {
	if s.many == nil {
		for _, k := range s.few[:s.n] {
			if string(k) == string(key) {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = key
			s.n++
			return true
		}
		s.many = make(map[string]struct{}, 4*len(s.few))
		for _, k := range s.few {
			s.many[string(k)] = struct{}{}
		}
	}
	before := len(s.many)
	s.many[string(key)] = struct{}{}
	return len(s.many) > before
}

// key reads a map key of any type that can be one: an integer, bytes or text.
func (c *cursor) key(keys *keySet, what string) {
	start := c.rest
	major, n, short, ok := c.head()
	if !ok || !short || major > majorText {
		c.fail(what, "has a map key that is not an integer or string in the shortest form")
		return
	}
	if major >= majorBytes {
		const fault = "has a map key that is cut off or not UTF-8"
		if b := c.take(n, what, fault); major == majorText && !utf8.Valid(b) {
			c.fail(what, fault)
		}
	}
	if c.err == nil && !keys.add(c.since(start)) {
		c.fail(what, "has a duplicate map key")
	}
}

// member reads a key of one of the standard's maps: text, and none twice. Unknown
// members are skipped by the caller (8.1).
func (c *cursor) member(keys *keySet, what string) []byte {
	start := c.rest
	b := c.name(what)
	if c.err != nil {
		return nil
	}
	if raw := c.since(start); len(raw)-len(b) != headSize(len(b)) || !keys.add(raw) {
		c.fail(what, "has a map key that is a duplicate or not in the shortest form")
		return nil
	}
	return b
}

// headSize is the size of the shortest head of a string of n bytes, at most 65535.
func headSize(n int) int {
	switch {
	case n < 24:
		return 1
	case n < 1<<8:
		return 2
	default:
		return 3
	}
}
