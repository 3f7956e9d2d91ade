// Package b64 decodes base64 as signatures need it: one byte string has one
// encoding. encoding/base64 alone skips line breaks and, by default, accepts
// non-zero trailing bits.
package b64

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// Errors; they never quote the input.
var (
	ErrURL = errors.New("not base64url without padding")
	ErrStd = errors.New("not standard base64")
)

// URL decodes base64url without padding (RFC 7515 section 2).
func URL(s string) ([]byte, error) {
	return AppendURL(nil, s)
}

// AppendURL is URL, appending to dst. It checks and decodes in one pass: most of
// the bytes of a presentation go through here.
func AppendURL(dst []byte, s string) ([]byte, error) {
	tail := len(s) % 4
	if tail == 1 {
		return nil, ErrURL
	}
	start, n := len(dst), len(s)/4*3
	if tail > 0 {
		n += tail - 1
	}
	dst = slices.Grow(dst, n)[:start+n]
	out, bad := dst[start:], uint32(0)
	for ; len(s) >= 8 && len(out) >= 8; s, out = s[8:], out[6:] {
		// Six bytes at once; the two zeros behind them are written over.
		a, b, c, d := urlValue[s[0]], urlValue[s[1]], urlValue[s[2]], urlValue[s[3]]
		e, f, g, h := urlValue[s[4]], urlValue[s[5]], urlValue[s[6]], urlValue[s[7]]
		bad |= a | b | c | d | e | f | g | h
		binary.BigEndian.PutUint64(out, uint64(a<<18|b<<12|c<<6|d)<<40|uint64(e<<18|f<<12|g<<6|h)<<16)
	}
	for ; len(s) >= 4 && len(out) >= 3; s, out = s[4:], out[3:] {
		a, b, c, d := urlValue[s[0]], urlValue[s[1]], urlValue[s[2]], urlValue[s[3]]
		bad |= a | b | c | d
		v := a<<18 | b<<12 | c<<6 | d
		out[0], out[1], out[2] = byte(v>>16), byte(v>>8), byte(v)
	}
	switch tail {
	case 2:
		a, b := urlValue[s[0]], urlValue[s[1]]
		bad |= a | b | b&0xf<<6 // what is left of the last character must be zero
		out[0] = byte(a<<2 | b>>4)
	case 3:
		a, b, c := urlValue[s[0]], urlValue[s[1]], urlValue[s[2]]
		bad |= a | b | c | c&0x3<<6
		out[0], out[1] = byte(a<<2|b>>4), byte(b<<4|c>>2)
	}
	if bad >= invalid {
		return nil, ErrURL
	}
	return dst, nil
}

// Std decodes standard base64 with padding, as x5c uses it (RFC 7515 section
// 4.1.6).
func Std(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, ErrStd
	}
	b, err := std.DecodeString(s)
	if err != nil {
		return nil, ErrStd
	}
	return b, nil
}

// EncodeURL is base64url without padding. A digest costs one allocation.
func EncodeURL(b []byte) string {
	var digest [88]byte // of 64 bytes at most, encoded
	return string(base64.RawURLEncoding.AppendEncode(digest[:0], b))
}

const invalid = 1 << 6 // beyond every value of six bits

var (
	std      = base64.StdEncoding.Strict()
	urlValue = values("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
)

func values(alphabet string) (t [256]uint32) {
	for i := range t {
		t[i] = invalid
	}
	for i := range len(alphabet) {
		t[alphabet[i]] = uint32(i)
	}
	return t
}
