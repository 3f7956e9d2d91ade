package xmldsig

import (
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// Document is a parsed document of which nothing is verified yet. It is not
// changed after Parse.
type Document struct {
	text       []byte // as scan wrote it
	root       *etree.Element
	signatures []*etree.Element // every ds:Signature, wherever it stands
}

// Parse reads a document as received. It refuses with ErrTooLarge, ErrDTD,
// ErrMalformed or, for an identifier that is used twice, ErrWrapping.
func Parse(b []byte) (*Document, error) {
	clean, err := scan(b)
	if err != nil {
		return nil, err
	}
	tree := etree.NewDocument()
	tree.ReadSettings = etree.ReadSettings{MaxDepth: MaxDepth, PreserveDuplicateAttrs: true}
	if err := tree.ReadFromBytes(clean); err != nil {
		return nil, malformed("not well-formed")
	}
	root := tree.Root()
	if root == nil {
		return nil, malformed("no root element")
	}
	d := &Document{text: clean, root: root}
	c := &checker{doc: d, bound: newBindings(), ids: map[string]bool{}}
	if err := c.element(root); err != nil {
		return nil, err
	}
	return d, nil
}

// checker goes over the tree once for what a parser without namespaces and
// identifiers lets through.
type checker struct {
	doc   *Document
	bound *bindings
	ids   map[string]bool
	uris  []string // scratch: namespaces of the attributes of one element
}

func (c *checker) element(e *etree.Element) error {
	mark := c.bound.mark()
	defer c.bound.reset(mark)
	if err := c.declarations(e); err != nil {
		return err
	}
	uri, ok := c.bound.get(e.Space)
	if !ok && e.Space != "" || e.Space == "xmlns" {
		return malformed("an undeclared prefix")
	}
	if err := c.attributes(e); err != nil {
		return err
	}
	if uri == nsDSig && e.Tag == "Signature" {
		c.doc.signatures = append(c.doc.signatures, e)
	}
	for _, child := range e.Child {
		if child, ok := child.(*etree.Element); ok {
			if err := c.element(child); err != nil {
				return err
			}
		}
	}
	return nil
}

// declarations binds the prefixes that e declares (Namespaces in XML 1.0 sections
// 3, 5 and 6.3; Canonical XML 1.0 section 1 refuses relative namespace names).
func (c *checker) declarations(e *etree.Element) error {
	first := c.bound.mark()
	for i := range e.Attr {
		prefix, ok := declared(&e.Attr[i])
		if !ok {
			continue
		}
		uri := e.Attr[i].Value
		switch {
		case prefix == "xmlns", uri == nsXMLNS, (prefix == "xml") != (uri == nsXML), prefix != "" && uri == "":
			return malformed("a namespace declaration")
		case uri != "" && !isAbsolute(uri):
			return malformed("a relative namespace name")
		case c.bound.since(first, prefix):
			return malformed("an attribute twice")
		}
		c.bound.set(prefix, uri)
	}
	return nil
}

// attributes refuses an attribute that stands twice, under the same prefix or
// another of the same namespace, and an identifier that another element has.
func (c *checker) attributes(e *etree.Element) error {
	c.uris = c.uris[:0]
	for i := range e.Attr {
		a := &e.Attr[i]
		if _, ok := declared(a); ok {
			c.uris = append(c.uris, nsXMLNS)
			continue
		}
		uri := ""
		if a.Space != "" {
			var ok bool
			if uri, ok = c.bound.get(a.Space); !ok {
				return malformed("an undeclared prefix")
			}
		}
		for j := range i {
			if e.Attr[j].Key == a.Key && c.uris[j] == uri {
				return malformed("an attribute twice")
			}
		}
		c.uris = append(c.uris, uri)
		if isID(a.Key) {
			if c.ids[a.Value] {
				return fmt.Errorf("%w: an identifier twice", ErrWrapping)
			}
			c.ids[a.Value] = true
		}
	}
	return nil
}

// isID says whether an attribute of this local name is an identifier. Without a
// schema nobody knows, so every spelling that some library resolves counts.
func isID(local string) bool { return local == "Id" || local == "ID" || local == "id" }

// declared returns the prefix that an attribute declares; "" is the default
// namespace.
func declared(a *etree.Attr) (prefix string, ok bool) {
	if a.Space == "xmlns" {
		return a.Key, true
	}
	return "", a.Space == "" && a.Key == "xmlns"
}

// isAbsolute says whether a namespace name begins with a scheme (RFC 3986 section
// 3.1).
func isAbsolute(uri string) bool {
	scheme, _, ok := strings.Cut(uri, ":")
	for i, c := range []byte(scheme) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return ok && scheme != ""
}
