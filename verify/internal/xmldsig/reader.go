package xmldsig

import (
	"bytes"
	"fmt"
)

// Reader goes once through a document, from its root to its last element, without
// building a tree. It reads text that this package has written, which is
// well-formed, has neither comments nor CDATA sections, and quotes every value by
// ". For such text it takes a third of the time of encoding/xml, and less where
// parts are passed over: trusted lists run to megabytes, of which a caller wants
// little.
type Reader struct {
	in    []byte
	pos   int
	depth int  // elements around pos
	empty bool // the element entered last was written <a/>: its end tag does not come

	bound *bindings
	names map[string]string // each name once, however often it stands in the document
	attrs []rawAttr         // of the element entered last
}

// Element is the name of an element.
type Element struct{ Space, Local string }

// rawAttr is an attribute as it stands in the document.
type rawAttr struct{ name, value []byte }

// Reader reads what was signed.
func (s *Signed) Reader() *Reader { return newReader(s.Content) }

// UnsafeReader reads a document of which nothing is verified. What it yields may
// choose where to look next, and nothing else.
func (d *Document) UnsafeReader() *Reader { return newReader(d.text) }

func newReader(in []byte) *Reader {
	return &Reader{in: in, bound: newBindings(), names: map[string]string{}}
}

// Children visits the elements inside the element that was entered last; the first
// call of all visits the root. What visit leaves unread of an element is passed
// over. It ends with the first error of visit.
func (r *Reader) Children(visit func(Element) error) error {
	if r.leaveEmpty() {
		return nil
	}
	inside := r.depth
	for {
		mark := r.bound.mark()
		e, entered, err := r.tag()
		if err != nil || !entered {
			return err
		}
		if err := visit(e); err != nil {
			return err
		}
		if err := r.pass(inside); err != nil {
			return err
		}
		r.bound.reset(mark)
	}
}

// Text returns the text of the element that was entered last. It refuses with
// ErrMalformed an element inside it, and with ErrTooLarge more than limit bytes.
func (r *Reader) Text(limit int) (string, error) {
	if r.leaveEmpty() {
		return "", nil
	}
	n := bytes.IndexByte(r.in[r.pos:], '<')
	if n < 0 {
		return "", malformed("it ends inside an element")
	}
	if n > limit {
		return "", fmt.Errorf("%w: a value of more than %d bytes", ErrTooLarge, limit)
	}
	if !bytes.HasPrefix(r.in[r.pos+n:], []byte("</")) {
		return "", malformed("an element inside a value")
	}
	text := unescape(r.in[r.pos : r.pos+n])
	return text, r.pass(r.depth - 1)
}

// Blank says whether the element that was entered last holds nothing but white
// space. It reads nothing: the element can still be read.
func (r *Reader) Blank() bool {
	rest := bytes.TrimLeft(r.in[r.pos:], " \t\r\n")
	return r.empty || bytes.HasPrefix(rest, []byte("</"))
}

// Attr returns an attribute of the element that was entered last, before anything
// inside it is read; space is "" for one without a prefix.
func (r *Reader) Attr(space, local string) (value string, ok bool) {
	for _, a := range r.attrs {
		prefix, name := splitName(a.name)
		uri := ""
		if len(prefix) > 0 {
			uri, _ = r.bound.get(r.intern(prefix))
		}
		if string(name) == local && uri == space {
			return unescape(a.value), true
		}
	}
	return "", false
}

// tag reads the next tag: it enters an element, or leaves the one around it.
func (r *Reader) tag() (e Element, entered bool, err error) {
	n := bytes.IndexByte(r.in[r.pos:], '<')
	if n < 0 {
		if r.depth > 0 || r.pos == 0 {
			return e, false, malformed("it has no root, or ends inside an element")
		}
		return e, false, nil
	}
	body, end, err := r.until(r.pos + n + 1)
	if err != nil {
		return e, false, err
	}
	r.pos = end
	if body[0] == '/' {
		if r.depth == 0 {
			return e, false, malformed("an end tag that does not fit")
		}
		r.depth--
		return e, false, nil
	}
	r.depth++
	if last := len(body) - 1; body[last] == '/' {
		r.empty, body = true, body[:last]
	}
	prefix, local := splitName(r.attributes(body))
	e.Space, _ = r.bound.get(r.intern(prefix))
	e.Local = r.intern(local)
	return e, true, nil
}

// until returns what stands in the tag that begins at pos, and where it ends. A >
// may stand in a value.
func (r *Reader) until(pos int) (body []byte, end int, err error) {
	quoted := false
	for i := pos; i < len(r.in); i++ {
		switch c := r.in[i]; {
		case c == '"':
			quoted = !quoted
		case c == '>' && !quoted && i > pos:
			return r.in[pos:i], i + 1, nil
		}
	}
	return nil, 0, malformed("it ends inside a tag")
}

// attributes takes a start tag apart and returns its name. Declarations are bound.
func (r *Reader) attributes(body []byte) (name []byte) {
	name, rest, _ := bytes.Cut(body, []byte(" "))
	for r.attrs = r.attrs[:0]; len(rest) > 0; {
		var a rawAttr
		a.name, rest, _ = bytes.Cut(rest, []byte(`="`))
		a.value, rest, _ = bytes.Cut(rest, []byte(`"`))
		rest = bytes.TrimPrefix(rest, []byte(" "))
		if prefix, local := splitName(a.name); string(prefix) == "xmlns" {
			r.bound.set(r.intern(local), unescape(a.value))
		} else if string(a.name) == "xmlns" {
			r.bound.set("", unescape(a.value))
		} else {
			r.attrs = append(r.attrs, a)
		}
	}
	return name
}

// pass leaves every element deeper than depth.
func (r *Reader) pass(depth int) error {
	r.leaveEmpty()
	for r.depth > depth {
		n := bytes.IndexByte(r.in[r.pos:], '<')
		if n < 0 {
			return malformed("it ends inside an element")
		}
		body, end, err := r.until(r.pos + n + 1)
		if err != nil {
			return err
		}
		r.pos = end
		switch {
		case body[0] == '/':
			r.depth--
		case body[len(body)-1] != '/':
			r.depth++
		}
	}
	return nil
}

// leaveEmpty leaves an element that was written as one tag.
func (r *Reader) leaveEmpty() bool {
	was := r.empty
	if was {
		r.empty = false
		r.depth--
	}
	return was
}

func (r *Reader) intern(b []byte) string {
	if s, ok := r.names[string(b)]; ok {
		return s
	}
	s := string(b)
	r.names[s] = s
	return s
}

func splitName(name []byte) (prefix, local []byte) {
	if before, after, ok := bytes.Cut(name, []byte(":")); ok {
		return before, after
	}
	return nil, name
}
