package verifytest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// FlipBit returns a copy with the lowest bit of one byte flipped. A negative
// position counts from the end.
func FlipBit(b []byte, at int) []byte {
	out := append([]byte(nil), b...)
	if at < 0 {
		at += len(out)
	}
	if at >= 0 && at < len(out) {
		out[at] ^= 1
	}
	return out
}

// DamageSignature flips a bit in the signature of a compact JWS.
func DamageSignature(jws string) string {
	at := strings.LastIndexByte(jws, '.') + 1
	sig, err := base64.RawURLEncoding.DecodeString(jws[at:])
	if err != nil {
		return jws
	}
	return jws[:at] + URL64(FlipBit(sig, 0))
}

// RewriteJWS changes the header and the payload of a compact JWS and leaves the
// signature as it was, so that it no longer verifies if anything was changed.
func RewriteJWS(jws string, change func(header, payload map[string]any)) (string, error) {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("a compact JWS has 3 parts, not %d", len(parts))
	}
	var members [2]map[string]any
	for i := range members {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return "", err
		}
		if err := json.Unmarshal(b, &members[i]); err != nil {
			return "", err
		}
	}
	change(members[0], members[1])
	for i := range members {
		b, err := json.Marshal(members[i])
		if err != nil {
			return "", err
		}
		parts[i] = URL64(b)
	}
	return strings.Join(parts, "."), nil
}
