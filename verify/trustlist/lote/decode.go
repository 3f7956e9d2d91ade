package lote

import (
	"errors"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var errNull = errors.New("null")

// strict refuses null where the schema names a type (go-json would read it as
// absent) and members that the schema does not know. Duplicate names, names in
// another case and invalid UTF-8 are refused by the package itself.
var strict = json.JoinOptions(
	json.RejectUnknownMembers(true),
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, _ any) error {
		if dec.PeekKind() == 'n' {
			return errNull
		}
		return errors.ErrUnsupported
	})),
)

// decode reads b into the struct out points to, by the schema of model.go. What
// names the place for the error, which never quotes the input.
func decode(b []byte, out any, what string) error {
	if deeper(b, MaxDepth) {
		return malformed("%s is nested deeper than %d", what, MaxDepth)
	}
	if err := json.Unmarshal(b, out, strict); err != nil {
		return malformed("%s: %s", what, why(err))
	}
	if name := missing(reflect.ValueOf(out)); name != "" {
		return malformed("%s: %s is missing or empty", what, name)
	}
	return nil
}

// why says what is wrong without saying what was written.
func why(err error) string {
	var syn *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "repeated member name"
	case errors.Is(err, json.ErrUnknownName):
		return "unknown member"
	case errors.Is(err, errNull):
		return "null in place of a value"
	case errors.As(err, &syn):
		return "not JSON"
	default:
		return "a value of the wrong type"
	}
}

// deeper says whether JSON text nests deeper than limit. It runs before decoding,
// over text that may be no JSON at all.
func deeper(b []byte, limit int) bool {
	depth, inText := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// missing returns the name of the first member that the schema requires and v
// lacks, or of the first empty array; "" when there is none.
func missing(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		return missing(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if name := missing(v.Index(i)); name != "" {
				return name
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := missingField(v.Type().Field(i), v.Field(i)); name != "" {
				return name
			}
		}
	}
	return ""
}

var rawValue = reflect.TypeFor[jsontext.Value]()

func missingField(f reflect.StructField, v reflect.Value) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case v.Kind() == reflect.Map:
		return "" // members the schema does not know
	case v.IsNil():
		if f.Tag.Get("schema") == "optional" {
			return ""
		}
		return name
	case v.Kind() == reflect.Slice && v.Len() == 0:
		return name
	case v.Kind() == reflect.Slice && v.Type().Elem() == rawValue:
		return "" // decoded later
	default:
		return missing(v)
	}
}
