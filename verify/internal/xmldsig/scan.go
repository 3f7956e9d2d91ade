package xmldsig

import (
	"bytes"
	"fmt"
)

// scan goes over the bytes before any parser does. It refuses what the profile
// forbids and whatever is not well-formed, and returns the root element alone,
// written so that no later reader can lose or mistake anything: line ends and white
// space in attribute values are normalised as XML 1.0 sections 2.11 and 3.3.3 ask
// (encoding/xml cannot tell a literal newline in an attribute from &#10; any more),
// comments are gone, and CDATA sections are plain text.
func scan(b []byte) ([]byte, error) {
	if len(b) > MaxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxBytes)
	}
	b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	if err := checkChars(b); err != nil {
		return nil, err
	}
	s := &scanner{in: b, out: make([]byte, 0, len(b)+len(b)/16)}
	if err := s.declaration(); err != nil {
		return nil, err
	}
	for s.pos < len(s.in) {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	if len(s.open) > 0 || !s.rooted {
		return nil, malformed("the root element is missing or not closed")
	}
	return s.out, nil
}

type scanner struct {
	in     []byte
	pos    int
	out    []byte
	open   []string // names of the elements around pos
	nodes  int
	rooted bool // the root element has begun
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// count adds nodes to what the document holds, and looks at what was written of it.
func (s *scanner) count(n int) error {
	s.nodes += n
	switch {
	case s.nodes > MaxNodes:
		return fmt.Errorf("%w: more than %d nodes", ErrTooLarge, MaxNodes)
	case len(s.out) > maxWritten:
		return fmt.Errorf("%w: its text, written out", ErrTooLarge)
	}
	return nil
}

func (s *scanner) has(prefix string) bool {
	return len(s.in)-s.pos >= len(prefix) && string(s.in[s.pos:s.pos+len(prefix)]) == prefix
}

// until returns what stands before end and moves behind it.
func (s *scanner) until(end string) ([]byte, error) {
	n := bytes.Index(s.in[s.pos:], []byte(end))
	if n < 0 {
		return nil, malformed("it ends inside markup")
	}
	body := s.in[s.pos : s.pos+n]
	s.pos += n + len(end)
	return body, nil
}

// next handles one token.
func (s *scanner) next() error {
	switch {
	case s.in[s.pos] != '<':
		return s.text()
	case s.has("<!--"):
		return s.comment()
	case s.has("<![CDATA["):
		return s.cdata()
	case s.has("<!"):
		return fmt.Errorf("%w: a declaration", ErrDTD)
	case s.has("<?"):
		return fmt.Errorf("%w: a processing instruction", ErrDTD)
	case s.has("</"):
		return s.endTag()
	}
	return s.startTag()
}

// comment drops a comment: the profile's canonical form has none.
func (s *scanner) comment() error {
	s.pos += len("<!--")
	if _, err := s.until("--"); err != nil {
		return err
	}
	if !s.has(">") {
		return malformed("two hyphens in a comment")
	}
	s.pos++
	return s.count(1)
}

func (s *scanner) cdata() error {
	if len(s.open) == 0 {
		return malformed("text outside the root element")
	}
	s.pos += len("<![CDATA[")
	body, err := s.until("]]>")
	if err != nil {
		return err
	}
	for i := 0; i < len(body); i++ {
		switch c := body[i]; c {
		case '&':
			s.out = append(s.out, "&amp;"...)
		case '<':
			s.out = append(s.out, "&lt;"...)
		case '>':
			s.out = append(s.out, "&gt;"...)
		case '\r':
			if i+1 == len(body) || body[i+1] != '\n' {
				s.out = append(s.out, '\n')
			}
		default:
			s.out = append(s.out, c)
		}
	}
	return s.count(1)
}

// text copies character data up to the next markup.
func (s *scanner) text() error {
	if len(s.open) == 0 {
		if !s.skipSpace() {
			return malformed("text outside the root element")
		}
		return nil
	}
	start := s.pos
	for s.pos < len(s.in) && s.in[s.pos] != '<' {
		switch c := s.in[s.pos]; c {
		case '&':
			if err := s.reference(); err != nil {
				return err
			}
			continue
		case '>':
			if s.pos-start >= 2 && string(s.in[s.pos-2:s.pos]) == "]]" {
				return malformed("]]> in text")
			}
			s.out = append(s.out, "&gt;"...)
		case '\r':
			if s.pos+1 == len(s.in) || s.in[s.pos+1] != '\n' {
				s.out = append(s.out, '\n')
			}
		default:
			s.out = append(s.out, c)
		}
		s.pos++
	}
	return s.count(1)
}

// reference copies a character reference or one of the five predefined entities.
func (s *scanner) reference() error {
	n := bytes.IndexByte(s.in[s.pos:min(len(s.in), s.pos+maxReference)], ';')
	if n < 0 {
		return malformed("a reference without its end")
	}
	body := s.in[s.pos+1 : s.pos+n]
	switch string(body) {
	case "amp", "lt", "gt", "apos", "quot":
	default:
		if len(body) == 0 || body[0] != '#' {
			return fmt.Errorf("%w: an entity", ErrDTD)
		}
		if !isCharRef(body[1:]) {
			return malformed("a reference to no character")
		}
	}
	s.out = append(s.out, s.in[s.pos:s.pos+n+1]...)
	s.pos += n + 1
	return nil
}
