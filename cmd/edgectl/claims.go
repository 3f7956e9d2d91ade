package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// withoutClaims copies an answer without its claims; all else stays as it came.
func withoutClaims(answer []byte) ([]byte, error) {
	var out bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewReader(answer))
	enc := jsontext.NewEncoder(&out)
	for {
		if dec.PeekKind() == jsontext.KindString && isName(dec) {
			name, err := dec.ReadValue()
			if err != nil {
				return nil, unreadable(err)
			}
			if isClaims(string(dec.StackPointer())) {
				if err := dec.SkipValue(); err != nil {
					return nil, unreadable(err)
				}
				continue
			}
			if err := enc.WriteValue(name); err != nil {
				return nil, unreadable(err)
			}
			continue
		}
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err == nil {
			err = enc.WriteToken(token)
		}
		if err != nil {
			return nil, unreadable(err)
		}
	}
}

// isName says whether the next string is the name of a member.
func isName(dec *jsontext.Decoder) bool {
	kind, n := dec.StackIndex(dec.StackDepth())
	return kind == jsontext.KindBeginObject && n%2 == 0
}

// isClaims says whether a JSON pointer is /credentials/N/claims.
func isClaims(pointer string) bool {
	part := strings.Split(pointer, "/")
	return len(part) == 4 && part[1] == "credentials" && part[3] == "claims"
}

func unreadable(err error) error { return fmt.Errorf("the node's answer cannot be read: %w", err) }
