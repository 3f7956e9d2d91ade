package xmldsig

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendName appends a qualified name.
func appendName(out []byte, prefix, local string) []byte {
	if prefix != "" {
		out = append(append(out, prefix...), ':')
	}
	return append(out, local...)
}

// appendText appends character data as Canonical XML 1.0 section 2.3 writes it.
func appendText(out []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		var ref string
		switch s[i] {
		case '&':
			ref = "&amp;"
		case '<':
			ref = "&lt;"
		case '>':
			ref = "&gt;"
		case '\r':
			ref = "&#xD;"
		default:
			continue
		}
		out = append(append(out, s[from:i]...), ref...)
		from = i + 1
	}
	return append(out, s[from:]...)
}

// appendValue appends an attribute value as Canonical XML 1.0 section 2.3 writes
// it.
func appendValue(out []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		var ref string
		switch s[i] {
		case '&':
			ref = "&amp;"
		case '<':
			ref = "&lt;"
		case '"':
			ref = "&quot;"
		case '\t':
			ref = "&#x9;"
		case '\n':
			ref = "&#xA;"
		case '\r':
			ref = "&#xD;"
		default:
			continue
		}
		out = append(append(out, s[from:i]...), ref...)
		from = i + 1
	}
	return append(out, s[from:]...)
}

// unescape takes back what scan, appendText and appendValue leave of references:
// the five predefined entities and characters by number.
func unescape(b []byte) string {
	at := bytes.IndexByte(b, '&')
	if at < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for ; at >= 0; at = bytes.IndexByte(b, '&') {
		out = append(out, b[:at]...)
		ref, rest, _ := bytes.Cut(b[at+1:], []byte(";"))
		out, b = appendReferred(out, string(ref)), rest
	}
	return string(append(out, b...))
}

func appendReferred(out []byte, ref string) []byte {
	if i := slices.Index(predefined[:], ref); i >= 0 {
		return append(out, `&<>"'`[i])
	}
	base, digits := 10, strings.TrimPrefix(ref, "#")
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		base, digits = 16, hex
	}
	n, _ := strconv.ParseUint(digits, base, 32) // isCharRef has seen it
	return utf8.AppendRune(out, rune(n))
}

// predefined are the entities of XML 1.0 section 4.6, in the order of the
// characters in appendReferred.
var predefined = [...]string{"amp", "lt", "gt", "quot", "apos"}
