package cose

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
)

// Header labels (IANA COSE Header Parameters).
const (
	labelAlg     = 1
	labelCrit    = 2
	labelKid     = 4
	labelType    = 16
	labelX5Chain = 33
	labelX5T     = 34
)

// Header is a protected or unprotected header map (RFC 9052 section 3). Labels no
// profile of ours reads are ignored, unless crit names them.
type Header struct {
	Alg     int64 // 0 when absent: not a registered algorithm
	Kid     []byte
	Type    string   // label 16 (RFC 9596); "" when absent or a CoAP number
	X5Chain [][]byte // DER, leaf first (RFC 9360); nil when absent
	X5T     []byte   // SHA-256 of the leaf; nil when absent or of another hash

	labels map[any]struct{}
}

// Has says whether the header holds an integer label.
func (h Header) Has(label int64) bool {
	_, ok := h.labels[label]
	return ok
}

func (h Header) shares(other Header) bool {
	for l := range h.labels {
		if _, ok := other.labels[l]; ok {
			return true
		}
	}
	return false
}

// parseHeader reads a header map. A protected header is the content of its byte
// string, which is empty for an empty map.
func parseHeader(b []byte, protected bool) (h Header, err error) {
	if protected && len(b) == 0 {
		return h, nil
	}
	if len(b) == 0 || b[0]>>5 != 5 {
		return h, ErrMalformed
	}
	var m map[any]cbor.RawMessage
	if strictcbor.Unmarshal(b, &m) != nil {
		return h, ErrMalformed
	}
	h.labels = make(map[any]struct{}, len(m))
	for l, v := range m {
		switch l.(type) {
		case int64, string:
		default:
			return h, ErrMalformed
		}
		h.labels[l] = struct{}{}
		if err := h.set(l, v); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (h *Header) set(label any, v cbor.RawMessage) error {
	switch label {
	case int64(labelAlg):
		// A text algorithm is private use: well-formed, never one of ours.
		if !isInt(v) {
			return nil
		}
		return decode(v, &h.Alg)
	case int64(labelCrit):
		return ErrCritical
	case int64(labelKid):
		return decode(v, &h.Kid)
	case int64(labelType):
		if isInt(v) {
			return nil
		}
		return decode(v, &h.Type)
	case int64(labelX5Chain):
		return h.setChain(v)
	case int64(labelX5T):
		return h.setThumbprint(v)
	}
	return nil
}

// setChain reads label 33: one certificate as a byte string, or an array of them.
func (h *Header) setChain(v cbor.RawMessage) error {
	if v[0]>>5 == 2 {
		h.X5Chain = make([][]byte, 1)
		return decode(v, &h.X5Chain[0])
	}
	var items []cbor.RawMessage
	if decode(v, &items) != nil || len(items) == 0 || len(items) > MaxX5Chain {
		return ErrMalformed
	}
	for _, it := range items {
		der, err := byteString(it)
		if err != nil {
			return err
		}
		h.X5Chain = append(h.X5Chain, der)
	}
	return nil
}

// setThumbprint reads label 34: [hash algorithm, hash]. Only SHA-256 (-16) is
// kept; label presence tells that there was another.
func (h *Header) setThumbprint(v cbor.RawMessage) error {
	var items []cbor.RawMessage
	if decode(v, &items) != nil || len(items) != 2 {
		return ErrMalformed
	}
	var alg any
	if decode(items[0], &alg) != nil {
		return ErrMalformed
	}
	sum, err := byteString(items[1])
	if err != nil {
		return err
	}
	if alg == int64(-16) {
		h.X5T = sum
	}
	return nil
}

func isInt(v cbor.RawMessage) bool { return len(v) > 0 && v[0]>>5 <= 1 }

func decode(v cbor.RawMessage, out any) error {
	if strictcbor.Unmarshal(v, out) != nil {
		return ErrMalformed
	}
	return nil
}
