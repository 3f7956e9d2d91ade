package mdoc

import (
	"bytes"

	"github.com/fxamacker/cbor/v2"
)

// Text returns one presented element whose value is text; ok is false if it is not
// there or of another type.
func (i *Issued) Text(namespace, identifier string) (v string, ok bool) {
	c := open(i.element(namespace, identifier))
	if c.next() != majorText {
		return "", false
	}
	v, _ = c.value(0).(string)
	return v, c.end("a value") == nil
}

// True says whether an element was presented and is true.
func (i *Issued) True(namespace, identifier string) bool {
	return bytes.Equal(i.element(namespace, identifier), []byte{0xf5})
}

func (i *Issued) element(namespace, identifier string) cbor.RawMessage {
	for s := range i.doc.spaces {
		if i.doc.spaces[s].name != namespace {
			continue
		}
		for n := range i.doc.spaces[s].items {
			if it := &i.doc.spaces[s].items[n]; string(it.identifier) == identifier {
				return it.value
			}
		}
	}
	return nil
}
