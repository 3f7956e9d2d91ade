package strictcbor

import (
	"math"
	"unicode/utf8"
)

// Split returns the items of one well-formed array, or the keys and values of one
// well-formed map by turns, sharing its memory. At most max are returned; ok is
// false for more, and for anything else. Call Wellformed on the whole first.
func Split(item []byte, max int) (parts [][]byte, ok bool) {
	h, rest, ok := readHead(item)
	n := h.arg
	switch {
	case !ok || n > uint64(max):
		return nil, false
	case h.major == majorMap:
		n *= 2
	case h.major != majorArray:
		return nil, false
	}
	parts = make([][]byte, n)
	for i := range parts {
		end, ok := skip(rest, MaxDepth)
		if !ok {
			return nil, false
		}
		parts[i], rest = rest[:end], rest[end:]
	}
	return parts, len(rest) == 0
}

// skip returns the length of the first item.
func skip(b []byte, depth int) (n int, ok bool) {
	h, rest, ok := readHead(b)
	for ok && h.major == majorTag { // tags are no level of their own
		h, rest, ok = readHead(rest)
	}
	if !ok || depth < 0 {
		return 0, false
	}
	within := uint64(0) // items that belong to this one
	switch h.major {
	case majorBytes, majorText:
		if h.arg > uint64(len(rest)) {
			return 0, false
		}
		rest = rest[h.arg:]
	case majorArray, majorMap:
		if h.arg > uint64(len(rest)) { // each takes a byte or more; twice as many could overflow
			return 0, false
		}
		if within = h.arg; h.major == majorMap {
			within *= 2
		}
	}
	for ; within > 0; within-- {
		n, ok := skip(rest, depth-1)
		if !ok {
			return 0, false
		}
		rest = rest[n:]
	}
	return len(b) - len(rest), true
}

// Label is a map key that is an integer or a text.
type Label struct {
	Int    int64
	Text   string
	IsText bool // an empty text is a label, too
}

// ReadLabel reads a map key; ok is false for other types, integers beyond int64
// and text that is no UTF-8.
func ReadLabel(item []byte) (l Label, ok bool) {
	h, rest, ok := readHead(item)
	switch {
	case !ok:
		return l, false
	case h.major == majorText:
		l.Text, l.IsText = string(rest), true
		return l, h.arg == uint64(len(rest)) && utf8.ValidString(l.Text)
	case h.major > majorNegative || h.arg > math.MaxInt64 || len(rest) > 0:
		return l, false
	case h.major == majorNegative:
		l.Int = -1 - int64(h.arg)
	default:
		l.Int = int64(h.arg)
	}
	return l, true
}
