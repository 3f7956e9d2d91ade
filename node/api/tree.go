package api

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-json-experiment/json/jsontext"
)

// Both encodings are decoded to the same tree, map[string]any, []any, string,
// bool, nil, int64 and, for every other number, float64 or something that no
// member takes; then one reader turns the tree into a request. So a body means
// the same in JSON and in CBOR, and a problem names the same member.

// decodeTree decodes one document.
func decodeTree(body []byte, from *format) (any, *Problem) {
	if len(body) == 0 {
		return nil, malformed("", "the body is empty")
	}
	var v any
	var p *Problem
	if from == asCBOR {
		v, p = decodeCBOR(body)
	} else {
		v, p = decodeJSON(body)
	}
	if p == nil && deeper(v, maxDepth) {
		return nil, tooDeep()
	}
	return v, p
}

func tooDeep() *Problem {
	return malformed("", "nested deeper than "+strconv.Itoa(maxDepth)+" levels")
}

func deeper(v any, levels int) bool {
	switch x := v.(type) {
	case map[string]any:
		for _, e := range x {
			if levels == 0 || deeper(e, levels-1) {
				return true
			}
		}
	case []any:
		for _, e := range x {
			if levels == 0 || deeper(e, levels-1) {
				return true
			}
		}
	}
	return false
}

// decoderDepth stops a decoder before it recurses far; the limit that counts is
// maxDepth, which is the same for both.
const decoderDepth = 2 * maxDepth

var errDepth = errors.New("nested too deep")

func decodeJSON(body []byte) (any, *Problem) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	v, err := jsonValue(dec)
	if err == nil {
		_, err = dec.ReadToken()
		if err == nil {
			return nil, malformed("", "something follows the JSON document")
		}
		if errors.Is(err, io.EOF) {
			return v, nil
		}
	}
	return nil, malformedJSON(err)
}

func jsonValue(dec *jsontext.Decoder) (any, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if dec.StackDepth() > decoderDepth {
		return nil, errDepth
	}
	switch tok.Kind() {
	case 't', 'f':
		return tok.Bool(), nil
	case '"':
		return tok.String(), nil
	case '0':
		return jsonNumber(tok.String()), nil
	case '{':
		m := make(map[string]any)
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String()
			if m[key], err = jsonValue(dec); err != nil {
				return nil, err
			}
		}
		_, err := dec.ReadToken()
		return m, err
	case '[':
		a := []any{}
		for dec.PeekKind() != ']' {
			v, err := jsonValue(dec)
			if err != nil {
				return nil, err
			}
			a = append(a, v)
		}
		_, err := dec.ReadToken()
		return a, err
	default:
		return nil, nil
	}
}

func jsonNumber(lit string) any {
	if !strings.ContainsAny(lit, ".eE") {
		if n, err := strconv.ParseInt(lit, 10, 64); err == nil {
			return n
		}
	}
	f, _ := strconv.ParseFloat(lit, 64) // out of range: infinite, which no member takes
	return f
}

// malformedJSON says what is wrong and where, without a word of the body.
func malformedJSON(err error) *Problem {
	at := ""
	where := ""
	var syn *jsontext.SyntacticError
	if errors.As(err, &syn) {
		where = " at byte " + strconv.FormatInt(syn.ByteOffset, 10)
		for token := range syn.JSONPointer.Tokens() {
			next := below(at, token)
			if next == at {
				break
			}
			at = next
		}
	}
	switch {
	case errors.Is(err, errDepth):
		return tooDeep()
	case errors.Is(err, jsontext.ErrDuplicateName):
		return malformed(at, "a member name occurs twice"+where)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return malformed(at, "the JSON document ends too early")
	default:
		return malformed(at, "not JSON, or not valid UTF-8,"+where)
	}
}

var cborDecoding = mustDecoding(cbor.DecOptions{
	DupMapKey:         cbor.DupMapKeyEnforcedAPF,
	IndefLength:       cbor.IndefLengthForbidden,
	TagsMd:            cbor.TagsForbidden,
	UTF8:              cbor.UTF8RejectInvalid,
	MaxNestedLevels:   decoderDepth,
	MaxArrayElements:  math.MaxInt32, // the body's length is the bound
	MaxMapPairs:       math.MaxInt32,
	IntDec:            cbor.IntDecConvertSignedOrBigInt,
	DefaultMapType:    reflect.TypeFor[map[string]any](),
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	SimpleValues:      simpleValues(),
}.DecMode())

func mustDecoding(m cbor.DecMode, err error) cbor.DecMode {
	if err != nil {
		panic(err) // constant options: a bug here, not an input
	}
	return m
}

// simpleValues refuses undefined, which would otherwise read as null.
func simpleValues() *cbor.SimpleValueRegistry {
	r, err := cbor.NewSimpleValueRegistryFromDefaults(cbor.WithRejectedSimpleValue(23))
	if err != nil {
		panic(err) // constant options
	}
	return r
}

func decodeCBOR(body []byte) (any, *Problem) {
	var v any
	if err := cborDecoding.Unmarshal(body, &v); err != nil {
		return nil, malformedCBOR(err)
	}
	return v, nil
}

func malformedCBOR(err error) *Problem {
	var dup *cbor.DupMapKeyError
	var extra *cbor.ExtraneousDataError
	var typ *cbor.UnmarshalTypeError
	var depth *cbor.MaxNestedLevelError
	switch {
	case errors.As(err, &depth):
		return tooDeep()
	case errors.As(err, &dup):
		return malformed("", "a member name occurs twice")
	case errors.As(err, &extra):
		return malformed("", "something follows the CBOR item")
	case errors.As(err, &typ):
		return malformed("", "a map whose keys are not all text")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return malformed("", "the CBOR item ends too early")
	default:
		return malformed("", "not CBOR with definite lengths, without tags and undefined values, and with valid UTF-8")
	}
}
