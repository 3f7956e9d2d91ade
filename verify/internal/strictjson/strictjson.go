// Package strictjson decodes JSON that somebody signed, without the liberties of
// encoding/json: member names are case-sensitive and unique, text is valid UTF-8,
// numbers keep their value, nothing follows the document, and depth has a limit.
package strictjson

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth bounds the nesting of a document.
const MaxDepth = 32

var errDepth = fmt.Errorf("nested deeper than %d", MaxDepth)

// Object is Decode for a document that must be an object.
func Object(b []byte) (map[string]any, error) {
	v, err := Decode(b)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not a JSON object")
	}
	return m, nil
}

// Into decodes one document into a struct: duplicate names, invalid UTF-8 and
// values of another type are errors; unknown members are ignored.
func Into(b []byte, out any) error {
	if err := json.Unmarshal(b, out); err != nil {
		return clean(err)
	}
	return nil
}

// clean keeps what went wrong and drops what was in the document.
func clean(err error) error {
	var syn *jsontext.SyntacticError
	var sem *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errors.New("repeated member name")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("JSON ends too early")
	case errors.As(err, &syn):
		return fmt.Errorf("malformed JSON at byte %d", syn.ByteOffset)
	case errors.As(err, &sem):
		return fmt.Errorf("JSON value of the wrong type at byte %d", sem.ByteOffset)
	default:
		return err
	}
}
