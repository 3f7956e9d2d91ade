package cose

import (
	"slices"

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

	labels []strictcbor.Label
}

// maxLabels bounds a header; real ones have three or four.
const maxLabels = 64

// Has says whether the header holds an integer label.
func (h Header) Has(label int64) bool {
	return slices.Contains(h.labels, strictcbor.Label{Int: label})
}

func (h Header) shares(other Header) bool {
	return slices.ContainsFunc(h.labels, func(l strictcbor.Label) bool { return slices.Contains(other.labels, l) })
}

// parseHeader reads a header map. A protected header is the content of its byte
// string, which is empty for an empty map.
func parseHeader(b []byte, protected bool) (h Header, err error) {
	if protected && len(b) == 0 {
		return h, nil
	}
	if !is(b, majorMap) || protected && strictcbor.Wellformed(b) != nil {
		return h, ErrMalformed
	}
	parts, ok := strictcbor.Split(b, maxLabels)
	if !ok {
		return h, ErrMalformed
	}
	h.labels = make([]strictcbor.Label, 0, len(parts)/2)
	for ; len(parts) > 0; parts = parts[2:] {
		l, ok := strictcbor.ReadLabel(parts[0])
		if !ok || slices.Contains(h.labels, l) {
			return h, ErrMalformed
		}
		h.labels = append(h.labels, l)
		if l.IsText {
			continue // private use
		}
		if err := h.set(l.Int, parts[1]); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (h *Header) set(label int64, v []byte) (err error) {
	switch label {
	case labelAlg:
		// A text algorithm is private use: well-formed, never one of ours.
		if is(v, majorText) {
			return nil
		}
		h.Alg, err = integer(v)
	case labelCrit:
		return ErrCritical
	case labelKid:
		h.Kid, err = byteString(v)
	case labelType:
		if isInt(v) {
			return nil
		}
		h.Type, err = text(v)
	case labelX5Chain:
		h.X5Chain, err = chain(v)
	case labelX5T:
		h.X5T, err = thumbprint(v)
	}
	return err
}

// chain reads label 33: one certificate as a byte string, or an array of them.
func chain(v []byte) ([][]byte, error) {
	if is(v, majorBytes) {
		der, err := byteString(v)
		return [][]byte{der}, err
	}
	items, err := array(v)
	if err != nil || len(items) == 0 || len(items) > MaxX5Chain {
		return nil, ErrMalformed
	}
	ders := make([][]byte, len(items))
	for i, it := range items {
		if ders[i], err = byteString(it); err != nil {
			return nil, err
		}
	}
	return ders, nil
}

// thumbprint reads label 34: [hash algorithm, hash]. Only SHA-256 (-16) is kept;
// the label's presence tells that there was another.
func thumbprint(v []byte) ([]byte, error) {
	items, err := array(v)
	if err != nil || len(items) != 2 || !isInt(items[0]) && !is(items[0], majorText) {
		return nil, ErrMalformed
	}
	sum, err := byteString(items[1])
	if err != nil {
		return nil, err
	}
	if alg, err := integer(items[0]); err != nil || alg != hashSHA256 {
		return nil, nil
	}
	return sum, nil
}

const hashSHA256 = -16 // IANA COSE Algorithms

func isInt(v []byte) bool { return len(v) > 0 && v[0]>>5 <= majorNegative }

func integer(v []byte) (n int64, err error) {
	if !isInt(v) || strictcbor.Unmarshal(v, &n) != nil {
		return 0, ErrMalformed
	}
	return n, nil
}

func text(v []byte) (s string, err error) {
	if !is(v, majorText) || strictcbor.Unmarshal(v, &s) != nil {
		return "", ErrMalformed
	}
	return s, nil
}

func array(v []byte) ([][]byte, error) {
	items, ok := strictcbor.Split(v, MaxX5Chain)
	if !ok || !is(v, majorArray) {
		return nil, ErrMalformed
	}
	return items, nil
}
