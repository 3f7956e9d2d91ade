package strictjson

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errEarly = errors.New("JSON ends too early")
	errTwice = errors.New("repeated member name")
	errRange = errors.New("number out of range")
)

// Decode returns the tree of one JSON document: map[string]any, []any, string,
// bool, nil, int64 for whole numbers in range, and float64 for the other
// numbers. A number beyond float64 is an error. Errors never quote the input.
//
// Strings share the memory of one copy of the document, so that a tree costs few
// allocations and b may be used again.
func Decode(b []byte) (any, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("invalid UTF-8")
	}
	d := decoder{s: string(b)}
	v, err := d.value()
	if err != nil {
		return nil, err
	}
	if d.next() != 0 || d.i != len(d.s) {
		return nil, errors.New("data after the JSON document")
	}
	return v, nil
}

// decoder is a recursive descent over one document (RFC 8259).
type decoder struct {
	s     string
	i     int
	depth int
	stack []any // elements of the arrays that are open
}

// next skips white space and returns the byte there, 0 at the end.
func (d *decoder) next() byte {
	for ; d.i < len(d.s); d.i++ {
		switch c := d.s[d.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (d *decoder) malformed() error {
	if d.i >= len(d.s) {
		return errEarly
	}
	return fmt.Errorf("malformed JSON at byte %d", d.i)
}

func (d *decoder) value() (any, error) {
	switch c := d.next(); c {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		return d.text()
	case 't':
		return true, d.literal("true")
	case 'f':
		return false, d.literal("false")
	case 'n':
		return nil, d.literal("null")
	default:
		return d.number()
	}
}

func (d *decoder) literal(want string) error {
	if !strings.HasPrefix(d.s[d.i:], want) {
		return d.malformed()
	}
	d.i += len(want)
	return nil
}

func (d *decoder) object() (any, error) {
	if d.depth++; d.depth > MaxDepth {
		return nil, errDepth
	}
	d.i++
	m := make(map[string]any)
	for first := true; ; first = false {
		switch c := d.next(); {
		case c == '}' && first:
			d.i++
			d.depth--
			return m, nil
		case c != '"':
			return nil, d.malformed()
		}
		name, err := d.text()
		if err != nil {
			return nil, err
		}
		if d.next() != ':' {
			return nil, d.malformed()
		}
		d.i++
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		before := len(m)
		if m[name] = v; len(m) == before {
			return nil, errTwice
		}
		more, err := d.more('}')
		if err != nil {
			return nil, err
		}
		if !more {
			d.depth--
			return m, nil
		}
	}
}

// more reads what follows a member: a comma, or the end of its container.
func (d *decoder) more(end byte) (bool, error) {
	switch d.next() {
	case ',':
		d.i++
		return true, nil
	case end:
		d.i++
		return false, nil
	}
	return false, d.malformed()
}

func (d *decoder) array() (any, error) {
	if d.depth++; d.depth > MaxDepth {
		return nil, errDepth
	}
	d.i++
	if d.stack == nil {
		d.stack = make([]any, 0, 8)
	}
	base := len(d.stack)
	more := d.next() != ']'
	if !more {
		d.i++
	}
	for more {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		d.stack = append(d.stack, v)
		if more, err = d.more(']'); err != nil {
			return nil, err
		}
	}
	d.depth--
	a := make([]any, len(d.stack)-base)
	copy(a, d.stack[base:])
	clear(d.stack[base:])
	d.stack = d.stack[:base]
	return a, nil
}

func (d *decoder) text() (string, error) {
	d.i++
	start := d.i
	for d.i += plain(d.s[d.i:]); d.i < len(d.s); d.i++ {
		switch c := d.s[d.i]; {
		case c == '"':
			d.i++
			return d.s[start : d.i-1], nil
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			return "", d.malformed()
		}
	}
	return "", errEarly
}

// plain counts bytes of a string, eight at a time, among which is no quotation
// mark, backslash or control character. Most of what somebody signed is long
// strings: certificates and digests.
func plain(s string) (n int) {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(s) >= 8; s, n = s[8:], n+8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		// Taking away borrows into the high bit of a byte that was smaller.
		control, quote, slash := w-ones*' ', (w^ones*'"')-ones, (w^ones*'\\')-ones
		if (control|quote|slash)&^w&high != 0 {
			break
		}
	}
	return n
}

// escaped goes on with a string at its first escape.
func (d *decoder) escaped(start int) (string, error) {
	out := []byte(d.s[start:d.i])
	for d.i < len(d.s) {
		c := d.s[d.i]
		switch {
		case c == '"':
			d.i++
			return string(out), nil
		case c < ' ':
			return "", d.malformed()
		case c != '\\':
			out = append(out, c)
			d.i++
			continue
		}
		r, n := escape(d.s[d.i:])
		if n == 0 {
			return "", d.malformed()
		}
		out = utf8.AppendRune(out, r)
		d.i += n
	}
	return "", errEarly
}

// escape reads one escape sequence, a surrogate pair as one; 0 bytes if it is none.
func escape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	r, ok := unicodeEscape(s)
	if !ok || !utf16.IsSurrogate(r) {
		return r, pick(ok, 6)
	}
	low, ok := unicodeEscape(s[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0 // half a pair is no character
	}
	return r, 12
}

func pick(ok bool, n int) int {
	if ok {
		return n
	}
	return 0
}

func unicodeEscape(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (d *decoder) number() (any, error) {
	start, whole := d.i, true
	d.skip('-')
	switch {
	case d.skip('0'):
	case d.digits() == 0:
		return nil, d.malformed()
	}
	if d.skip('.') {
		if whole = false; d.digits() == 0 {
			return nil, d.malformed()
		}
	}
	if d.skip('e') || d.skip('E') {
		whole = false
		if !d.skip('+') {
			d.skip('-')
		}
		if d.digits() == 0 {
			return nil, d.malformed()
		}
	}
	lit := d.s[start:d.i]
	if whole {
		if n, err := strconv.ParseInt(lit, 10, 64); err == nil {
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(lit, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, errRange
	}
	return f, nil
}

func (d *decoder) skip(c byte) bool {
	if d.i < len(d.s) && d.s[d.i] == c {
		d.i++
		return true
	}
	return false
}

func (d *decoder) digits() (n int) {
	for d.i < len(d.s) && '0' <= d.s[d.i] && d.s[d.i] <= '9' {
		d.i++
		n++
	}
	return n
}
