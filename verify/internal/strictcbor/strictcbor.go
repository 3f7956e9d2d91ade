// Package strictcbor holds the one CBOR decoding mode for bytes from outside:
// duplicate map keys, invalid UTF-8, trailing bytes, over-deep or over-long items
// and indefinite lengths are refused (RFC 8949; ISO/IEC 18013-5 requires definite
// lengths). Whatever is hashed or signed stays a cbor.RawMessage and is never
// encoded again.
package strictcbor

import (
	"github.com/fxamacker/cbor/v2"
)

// Limits of any document.
const (
	MaxDepth    = 24
	MaxElements = 65536
)

var mode = must(cbor.DecOptions{
	DupMapKey:         cbor.DupMapKeyEnforcedAPF,
	IndefLength:       cbor.IndefLengthForbidden,
	TagsMd:            cbor.TagsAllowed,
	UTF8:              cbor.UTF8RejectInvalid,
	MaxNestedLevels:   MaxDepth,
	MaxArrayElements:  MaxElements,
	MaxMapPairs:       MaxElements,
	IntDec:            cbor.IntDecConvertSigned,
	TimeTag:           cbor.DecTagIgnored,
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
}.DecMode())

func must(m cbor.DecMode, err error) cbor.DecMode {
	if err != nil {
		panic(err) // constant options: a bug here, not an input
	}
	return m
}

// Unmarshal decodes exactly one item into v.
func Unmarshal(b []byte, v any) error { return mode.Unmarshal(b, v) }

// First decodes the first item into v and returns what follows it.
func First(b []byte, v any) (rest []byte, err error) { return mode.UnmarshalFirst(b, v) }

// Wellformed checks one item without decoding it.
func Wellformed(b []byte) error { return mode.Wellformed(b) }

// Bytes24 returns the content of a tag 24 byte string ("encoded CBOR data item",
// RFC 8949 section 3.4.5.1). Item is the whole of it as received.
func Bytes24(item []byte) ([]byte, bool) {
	var t cbor.RawTag
	if mode.Unmarshal(item, &t) != nil || t.Number != 24 {
		return nil, false
	}
	var b []byte
	if len(t.Content) == 0 || t.Content[0]>>5 != 2 || mode.Unmarshal(t.Content, &b) != nil {
		return nil, false
	}
	return b, true
}
