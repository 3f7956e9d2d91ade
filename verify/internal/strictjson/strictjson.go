// Package strictjson decodes JSON that somebody signed, without the liberties of
// encoding/json: member names are case-sensitive and unique, text is valid UTF-8
// without half surrogate pairs, whole numbers that fit 64 bits keep their value,
// nothing follows the document, and depth has a limit.
package strictjson

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
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

// Into decodes one document into a struct: what Decode refuses and values of
// another type are errors; unknown members are ignored, and null leaves a member
// empty. It goes over the document twice, and is not for the hot path.
func Into(b []byte, out any) error {
	if _, err := Decode(b); err != nil {
		return err
	}
	if err := json.Unmarshal(b, out); err != nil {
		return clean(err)
	}
	return nil
}

// clean keeps what went wrong and drops what was in the document.
func clean(err error) error {
	if sem, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("JSON value of the wrong type at byte %d", sem.ByteOffset)
	}
	return errors.New("malformed JSON")
}
