package xmldsig

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/beevik/etree"
)

// exclusive returns the exclusive canonical form of an element without comments
// (Exclusive XML Canonicalization 1.0, no InclusiveNamespaces), leaving out the
// element skip: the enveloped-signature transform when skip is the signature.
func exclusive(apex, skip *etree.Element) ([]byte, error) {
	return canonical(nil, apex, skip, false)
}

// inclusive returns the form of Canonical XML 1.0 without comments. The profile
// knows it only as what a reference without transforms means (XML Signature 1.1
// section 4.4.3.2).
func inclusive(apex *etree.Element) ([]byte, error) { return canonical(nil, apex, nil, true) }

// canonical appends to out, which has room for what is expected.
func canonical(out []byte, apex, skip *etree.Element, inclusive bool) ([]byte, error) {
	c := &canonicaliser{
		out: out, skip: skip, inclusive: inclusive, apex: apex,
		scope: newBindings(), written: newBindings(),
	}
	c.scope.set("", "")
	c.written.set("", "")
	c.ancestors(apex.Parent())
	if err := c.element(apex); err != nil {
		return nil, err
	}
	return c.out, nil
}

type canonicaliser struct {
	apex, skip *etree.Element
	inclusive  bool
	out        []byte

	scope    *bindings         // declared around here in the document
	written  *bindings         // declared around here in the output
	outer    map[string]string // inclusive: xml: attributes that the apex inherits
	prefixes []string          // scratch of one element: declarations to write
	attrs    []attr            // scratch of one element
}

// attr is an attribute with its namespace.
type attr struct {
	uri  string
	attr *etree.Attr
}

// ancestors learns what is in scope at the apex, from the outside in.
func (c *canonicaliser) ancestors(e *etree.Element) {
	if e == nil {
		return
	}
	c.ancestors(e.Parent())
	for i := range e.Attr {
		a := &e.Attr[i]
		if prefix, ok := declared(a); ok {
			c.scope.set(prefix, a.Value)
		} else if c.inclusive && a.Space == "xml" {
			if c.outer == nil {
				c.outer = map[string]string{}
			}
			c.outer[a.Key] = a.Value
		}
	}
}

func (c *canonicaliser) element(e *etree.Element) error {
	if len(c.out) > maxWritten {
		return fmt.Errorf("%w: its canonical form", ErrTooLarge)
	}
	scope, written := c.scope.mark(), c.written.mark()
	defer func() { c.scope.reset(scope); c.written.reset(written) }()

	c.out = appendName(append(c.out, '<'), e.Space, e.Tag)
	c.collect(e)
	c.namespaces()
	for _, a := range c.attrs {
		c.attribute(a.attr.Space, a.attr.Key, a.attr.Value)
	}
	c.out = append(c.out, '>')
	for _, child := range e.Child {
		switch child := child.(type) {
		case *etree.CharData:
			c.out = appendText(c.out, child.Data)
		case *etree.Element:
			if child == c.skip {
				continue
			}
			if err := c.element(child); err != nil {
				return err
			}
		}
	}
	c.out = append(appendName(append(c.out, "</"...), e.Space, e.Tag), '>')
	return nil
}

// collect gathers the attributes of e in canonical order, namespace name before
// local name, and the prefixes that may have to be declared: in exclusive form
// those the element and its attributes use, in inclusive form those it declares
// and, at the apex, all in scope.
func (c *canonicaliser) collect(e *etree.Element) {
	c.attrs, c.prefixes = c.attrs[:0], c.prefixes[:0]
	for i := range e.Attr {
		if prefix, ok := declared(&e.Attr[i]); ok {
			c.scope.set(prefix, e.Attr[i].Value)
			if c.inclusive {
				c.prefixes = append(c.prefixes, prefix)
			}
		}
	}
	if !c.inclusive {
		c.prefixes = append(c.prefixes, e.Space)
	} else if e == c.apex {
		for prefix := range c.scope.now {
			c.prefixes = append(c.prefixes, prefix)
		}
	}
	for i := range e.Attr {
		a := &e.Attr[i]
		if _, ok := declared(a); ok {
			continue
		}
		uri := ""
		if a.Space != "" {
			uri, _ = c.scope.get(a.Space)
			if !c.inclusive {
				c.prefixes = append(c.prefixes, a.Space)
			}
		}
		c.attrs = append(c.attrs, attr{uri, a})
	}
	if e == c.apex {
		c.inherit(e)
	}
	slices.SortFunc(c.attrs, func(a, b attr) int {
		return cmp.Or(cmp.Compare(a.uri, b.uri), cmp.Compare(a.attr.Key, b.attr.Key))
	})
}

// inherit adds the xml: attributes of the ancestors to those of the apex
// (Canonical XML 1.0 section 2.4).
func (c *canonicaliser) inherit(e *etree.Element) {
	for key, value := range c.outer {
		if e.SelectAttr("xml:"+key) == nil {
			c.attrs = append(c.attrs, attr{nsXML, &etree.Attr{Space: "xml", Key: key, Value: value}})
		}
	}
}

// namespaces writes the declarations that the output lacks, the default namespace
// first and then by prefix. One that undoes the default is written only when the
// output has declared a default.
func (c *canonicaliser) namespaces() {
	slices.Sort(c.prefixes)
	for _, prefix := range slices.Compact(c.prefixes) {
		uri, _ := c.scope.get(prefix)
		if old, ok := c.written.get(prefix); prefix == "xml" || ok && old == uri {
			continue
		}
		c.written.set(prefix, uri)
		if prefix == "" {
			c.attribute("", "xmlns", uri)
		} else {
			c.attribute("xmlns", prefix, uri)
		}
	}
}

func (c *canonicaliser) attribute(prefix, local, value string) {
	c.out = append(appendName(append(c.out, ' '), prefix, local), `="`...)
	c.out = append(appendValue(c.out, value), '"')
}
