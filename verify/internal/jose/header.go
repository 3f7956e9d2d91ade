package jose

import (
	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
)

// Header is the protected header (RFC 7515 section 4). Members that no profile of
// ours reads are ignored, unless crit names them. A member that is there has its
// type: null is not absence.
type Header struct {
	Alg     string
	Typ     string
	Kid     string
	X5C     []string // standard base64 of DER, leaf first
	X5TS256 string   // x5t#S256: base64url of the leaf's SHA-256
	IAT     *float64 // JAdES: claimed signing time, NumericDate
	SigT    string   // older JAdES: claimed signing time, RFC 3339
	Crit    []string // not nil if there: Parse refuses it
	B64     *bool    // likewise
}

// headerScratch holds the usual header while it is decoded: one with a chain of
// two.
const headerScratch = 2 << 10

// parse decodes the encoded header. The error is ErrMalformed or ErrCritical.
func (h *Header) parse(encoded string) error {
	var scratch [headerScratch]byte
	raw, err := b64.AppendURL(scratch[:0], encoded)
	if err != nil {
		return ErrMalformed
	}
	members, err := strictjson.Object(raw)
	if err != nil {
		return ErrMalformed
	}
	ok := true
	for name, v := range members {
		switch name {
		case "alg":
			ok = text(v, &h.Alg)
		case "typ":
			ok = text(v, &h.Typ)
		case "kid":
			ok = text(v, &h.Kid)
		case "x5t#S256":
			ok = text(v, &h.X5TS256)
		case "sigT":
			ok = text(v, &h.SigT)
		case "x5c":
			h.X5C, ok = texts(v)
			ok = ok && len(h.X5C) > 0 && len(h.X5C) <= MaxX5C
		case "crit":
			h.Crit, ok = texts(v)
		case "b64":
			var b bool
			b, ok = v.(bool)
			h.B64 = &b
		case "iat":
			h.IAT, ok = number(v)
		}
		if !ok {
			return ErrMalformed
		}
	}
	// No extension is understood here, so any crit is one too many; b64 without crit
	// would change what was signed (RFC 7797 section 6).
	if h.Crit != nil || h.B64 != nil {
		return ErrCritical
	}
	return nil
}

func text(v any, out *string) (ok bool) {
	*out, ok = v.(string)
	return ok
}

func texts(v any) ([]string, bool) {
	items, ok := v.([]any)
	out := make([]string, len(items))
	for i, it := range items {
		ok = text(it, &out[i]) && ok
	}
	return out, ok
}

func number(v any) (*float64, bool) {
	switch t := v.(type) {
	case int64:
		f := float64(t)
		return &f, true
	case float64:
		return &t, true
	default:
		return nil, false
	}
}
