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
	IntDec:            cbor.IntDecConvertSignedOrFail, // the other mode makes a big.Int of a large negative
	TimeTag:           cbor.DecTagIgnored,
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
}.DecMode())

func must(m cbor.DecMode, err error) cbor.DecMode {
	if err != nil {
		panic(err) // constant options: a bug here, not an input
	}
	return m
}

// Unmarshal decodes exactly one item into v. Beware of what the decoder takes for
// convenience: null and undefined leave v alone, tags are dropped before arrays
// and maps, and an array of small integers passes for bytes. Where the type
// matters, look at the major type first.
func Unmarshal(b []byte, v any) error { return mode.Unmarshal(b, v) }

// First decodes the first item into v and returns what follows it.
func First(b []byte, v any) (rest []byte, err error) { return mode.UnmarshalFirst(b, v) }

// Wellformed checks one item without decoding it.
func Wellformed(b []byte) error { return mode.Wellformed(b) }
