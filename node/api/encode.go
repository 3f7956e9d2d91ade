package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// writeTimeout bounds the writing of one answer over HTTP/3, whose server has no
// write timeout of its own.
const writeTimeout = 30 * time.Second

// format is one of the two encodings. Both encode the same structs by the same
// tags, so an answer cannot mean two things.
type format struct {
	media   string
	problem string
	encode  func(any) ([]byte, error)
}

var (
	asJSON = &format{"application/json", "application/problem+json", encodeJSON}
	asCBOR = &format{"application/cbor", "application/problem+cbor", encodeCBOR}
)

func encodeJSON(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true), jsonv1.OmitEmptyWithLegacySemantics(true))
}

// cborEncoding matches the JSON one: the same members are left out, nil slices
// are empty arrays, times are RFC 3339 text, byte strings do not occur.
var cborEncoding = mustEncoding(cbor.EncOptions{
	Sort:          cbor.SortCoreDeterministic,
	ShortestFloat: cbor.ShortestFloat16,
	Time:          cbor.TimeRFC3339NanoUTC,
	TimeTag:       cbor.EncTagNone,
	NilContainers: cbor.NilContainerAsEmpty,
	OmitEmpty:     cbor.OmitEmptyGoValue,
	IndefLength:   cbor.IndefLengthForbidden,
	TagsMd:        cbor.TagsForbidden,
}.EncMode())

func mustEncoding(m cbor.EncMode, err error) cbor.EncMode {
	if err != nil {
		panic(err) // constant options: a bug here, not an input
	}
	return m
}

func encodeCBOR(v any) ([]byte, error) { return cborEncoding.Marshal(v) }

// accepted chooses the encoding of the answer: CBOR when the request prefers it
// (RFC 9110 section 12.5.1), JSON otherwise.
func accepted(r *http.Request) *format {
	var json, cbor, any float64 = -1, -1, -1
	for _, line := range r.Header["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			media, q := weighted(part)
			switch media {
			case "application/json", "application/problem+json":
				json = max(json, q)
			case "application/cbor", "application/problem+cbor":
				cbor = max(cbor, q)
			case "*/*", "application/*":
				any = max(any, q)
			}
		}
	}
	if json < 0 {
		json = any
	}
	if cbor > 0 && cbor > json {
		return asCBOR
	}
	return asJSON
}

func weighted(part string) (media string, q float64) {
	media, params, _ := strings.Cut(part, ";")
	q = 1
	for p := range strings.SplitSeq(params, ";") {
		if name, value, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(name, "q") {
			if v, err := strconv.ParseFloat(value, 64); err == nil && v >= 0 && v <= 1 {
				q = v
			}
		}
	}
	return strings.ToLower(strings.TrimSpace(media)), q
}

// write sends a complete answer.
func write(w http.ResponseWriter, r *http.Request, status int, media string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Add("Vary", "Accept")
	secure(h)
	if r.ProtoMajor == 3 {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// secure sets the headers that keep an answer out of caches and browsers. There
// are no CORS headers: a browser is not the caller.
func secure(h http.Header) {
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
