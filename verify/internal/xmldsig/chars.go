package xmldsig

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxReference is more than the longest reference that is written sensibly:
// &#x10FFFF; with some leading zeros.
const maxReference = 16

// checkChars refuses bytes that are not UTF-8 and characters that XML 1.0 section
// 2.2 leaves out.
func checkChars(b []byte) error {
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if c < ' ' && !isSpace(c) {
				return malformed("a control character")
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return malformed("not UTF-8")
		}
		if !isChar(r) {
			return malformed("a character outside XML")
		}
		i += n
	}
	return nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// isCharRef says whether what follows &# names a character.
func isCharRef(b []byte) bool {
	base := 10
	if len(b) > 0 && b[0] == 'x' {
		base, b = 16, b[1:]
	}
	// ParseUint takes neither signs nor, with a base given, underscores.
	n, err := strconv.ParseUint(string(b), base, 32)
	return err == nil && n <= utf8.MaxRune && isChar(rune(n))
}

// isNameByte says whether c can stand in a name: what else may not is for isQName.
func isNameByte(c byte) bool {
	return c >= utf8.RuneSelf || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '-' || c == '.' || c == ':'
}

func isQName(name string) bool {
	prefix, local, both := strings.Cut(name, ":")
	return isNCName(prefix) && (!both || isNCName(local))
}

// isNCName checks XML 1.0 section 2.3 without the colon.
func isNCName(s string) bool {
	for i, r := range s {
		if !isNameStart(r) && (i == 0 || !isNameRest(r)) {
			return false
		}
	}
	return s != ""
}

func isNameStart(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' ||
		r >= 0xC0 && r <= 0x2FF && r != 0xD7 && r != 0xF7 ||
		r >= 0x370 && r <= 0x1FFF && r != 0x37E || r == 0x200C || r == 0x200D ||
		r >= 0x2070 && r <= 0x218F || r >= 0x2C00 && r <= 0x2FEF || r >= 0x3001 && r <= 0xD7FF ||
		r >= 0xF900 && r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFFD || r >= 0x10000 && r <= 0xEFFFF
}

func isNameRest(r rune) bool {
	return r == '-' || r == '.' || r >= '0' && r <= '9' || r == 0xB7 ||
		r >= 0x300 && r <= 0x36F || r == 0x203F || r == 0x2040
}
