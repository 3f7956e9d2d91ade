package api

import "encoding/base64"

var base64URL = base64.RawURLEncoding.Strict()

// fromBase64URL decodes base64url without padding, one encoding per byte string:
// encoding/base64 alone skips line breaks.
func fromBase64URL(s string) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '\r' || c == '\n' {
			return nil, false
		}
	}
	b, err := base64URL.DecodeString(s)
	return b, err == nil
}
