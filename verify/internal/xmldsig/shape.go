package xmldsig

import (
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
)

// shape holds the parts of a signature that the profile knows, found by their
// place and not by their name or identifier alone.
type shape struct {
	signature        *etree.Element
	signedInfo       *etree.Element
	value            []byte
	signedProperties *etree.Element
}

// CheckShape refuses part of what Verify would refuse whoever had signed: a document
// that is not signed, or whose one signature is not where the profile wants it or
// lacks a part. So an unsigned document is told apart before anybody knows who may
// sign it. What the signature covers, and how, Verify finds out.
func (d *Document) CheckShape() error {
	_, err := d.find()
	return err
}

// find takes the signature apart: exactly one, a child of the root, with exactly
// one Object, whose QualifyingProperties are of this signature.
func (d *Document) find() (*shape, error) {
	switch {
	case len(d.signatures) == 0:
		return nil, ErrUnsigned
	case len(d.signatures) > 1:
		return nil, wrapping("more than one signature")
	case d.signatures[0].Parent() != d.root:
		return nil, wrapping("the signature is not a child of the root")
	}
	s := &shape{signature: d.signatures[0]}
	parts, err := elements(s.signature)
	if err != nil {
		return nil, err
	}
	if len(parts) < 2 || !is(parts[0], nsDSig, "SignedInfo") || !is(parts[1], nsDSig, "SignatureValue") {
		return nil, malformed("a signature without SignedInfo or SignatureValue")
	}
	s.signedInfo = parts[0]
	if s.value, err = base64Text(parts[1], maxSignature); err != nil {
		return nil, err
	}
	parts = parts[2:]
	if len(parts) > 0 && is(parts[0], nsDSig, "KeyInfo") {
		parts = parts[1:] // the key never comes from the document
	}
	if len(parts) == 0 {
		return nil, malformed("a signature without XAdES properties")
	}
	if len(parts) > 1 || !is(parts[0], nsDSig, "Object") {
		return nil, wrapping("more than one Object in the signature")
	}
	return s, s.properties(parts[0])
}

// properties finds the signed properties inside the Object.
func (s *shape) properties(object *etree.Element) error {
	parts, err := elements(object)
	if err != nil {
		return err
	}
	if len(parts) != 1 || !is(parts[0], nsXAdES, "QualifyingProperties") {
		return malformed("a signature without XAdES properties")
	}
	id, ok := plain(s.signature, "Id")
	if target, has := plain(parts[0], "Target"); !ok || !has || id == "" || target != "#"+id {
		return wrapping("properties of another signature")
	}
	if parts, err = elements(parts[0]); err != nil {
		return err
	}
	if len(parts) == 0 || !is(parts[0], nsXAdES, "SignedProperties") {
		return malformed("a signature without signed properties")
	}
	s.signedProperties = parts[0]
	return nil
}

func wrapping(what string) error { return fmt.Errorf("%w: %s", ErrWrapping, what) }

// elements returns the child elements of e, which holds nothing else but white
// space.
func elements(e *etree.Element) ([]*etree.Element, error) {
	var out []*etree.Element
	for _, child := range e.Child {
		switch child := child.(type) {
		case *etree.Element:
			out = append(out, child)
		case *etree.CharData:
			if strings.Trim(child.Data, " \t\r\n") != "" {
				return nil, malformed("text between the elements of a signature")
			}
		}
	}
	return out, nil
}

// is says whether e has this namespace and local name.
func is(e *etree.Element, uri, local string) bool {
	return e.Tag == local && e.NamespaceURI() == uri
}

// plain returns an attribute that has no namespace.
func plain(e *etree.Element, name string) (value string, ok bool) {
	for i := range e.Attr {
		if e.Attr[i].Space == "" && e.Attr[i].Key == name {
			return e.Attr[i].Value, true
		}
	}
	return "", false
}

// refersTo says whether a fragment identifier is one of e's.
func refersTo(fragment string, e *etree.Element) bool {
	id, ok := strings.CutPrefix(fragment, "#")
	if !ok || id == "" {
		return false
	}
	for i := range e.Attr {
		if isID(e.Attr[i].Key) && e.Attr[i].Value == id {
			return true
		}
	}
	return false
}

// text returns the text of an element without children.
func text(e *etree.Element) (string, error) {
	var b strings.Builder
	for _, child := range e.Child {
		data, ok := child.(*etree.CharData)
		if !ok {
			return "", malformed("an element inside a value of the signature")
		}
		b.WriteString(data.Data)
	}
	return b.String(), nil
}

// base64Text decodes the text of e. Signers break lines where they like, with and
// without carriage returns.
func base64Text(e *etree.Element, limit int) ([]byte, error) {
	s, err := text(e)
	if err != nil {
		return nil, err
	}
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == '\t' || r == '\r' || r == '\n'
	}), "")
	if s == "" || len(s) > limit {
		return nil, malformed("a value of the signature")
	}
	b, err := b64.Std(s)
	if err != nil {
		return nil, malformed("a value of the signature is not base64")
	}
	return b, nil
}
