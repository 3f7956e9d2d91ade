package xmldsig

import "fmt"

// startTag copies a start tag or an empty element, its attribute values
// normalised.
func (s *scanner) startTag() error {
	s.pos++
	name, err := s.name()
	if err != nil {
		return err
	}
	if len(s.open) == 0 && s.rooted {
		return malformed("a second root element")
	}
	if len(s.open) == MaxDepth {
		return fmt.Errorf("%w: deeper than %d elements", ErrTooLarge, MaxDepth)
	}
	s.rooted = true
	s.out = append(append(s.out, '<'), name...)
	attributes := 0
	for {
		spaced := s.skipSpace()
		if s.pos == len(s.in) {
			return malformed("it ends inside a tag")
		}
		switch s.in[s.pos] {
		case '>':
			s.pos++
			s.out = append(s.out, '>')
			s.open = append(s.open, name)
			return s.count(1 + attributes)
		case '/':
			if !s.has("/>") {
				return malformed("a tag")
			}
			s.pos += len("/>")
			s.out = append(s.out, "/>"...)
			return s.count(1 + attributes)
		}
		if !spaced {
			return malformed("no white space before an attribute")
		}
		if attributes++; attributes > MaxAttributes {
			return fmt.Errorf("%w: more than %d attributes", ErrTooLarge, MaxAttributes)
		}
		if err := s.attribute(); err != nil {
			return err
		}
	}
}

func (s *scanner) endTag() error {
	s.pos += len("</")
	name, err := s.name()
	if err != nil {
		return err
	}
	s.skipSpace()
	if !s.has(">") || len(s.open) == 0 || s.open[len(s.open)-1] != name {
		return malformed("an end tag that does not fit")
	}
	s.pos++
	s.open = s.open[:len(s.open)-1]
	s.out = append(append(append(s.out, "</"...), name...), '>')
	return nil
}

// attribute copies one attribute in double quotes. Literal white space in its
// value becomes a space (XML 1.0 section 3.3.3); character references stay.
func (s *scanner) attribute() error {
	name, err := s.name()
	if err != nil {
		return err
	}
	s.skipSpace()
	if !s.has("=") {
		return malformed("an attribute without a value")
	}
	s.pos++
	s.skipSpace()
	if !s.has(`"`) && !s.has(`'`) {
		return malformed("an attribute value without quotes")
	}
	quote := s.in[s.pos]
	s.pos++
	s.out = append(append(append(s.out, ' '), name...), `="`...)
	for s.pos < len(s.in) {
		c := s.in[s.pos]
		switch {
		case c == quote:
			s.pos++
			s.out = append(s.out, '"')
			return nil
		case c == '<':
			return malformed("< in an attribute value")
		case c == '&':
			if err := s.reference(); err != nil {
				return err
			}
			continue
		case c == '"':
			s.out = append(s.out, "&quot;"...)
		case c == '\r' && s.pos+1 < len(s.in) && s.in[s.pos+1] == '\n':
			// One line end, which the newline stands for.
		case isSpace(c):
			s.out = append(s.out, ' ')
		default:
			s.out = append(s.out, c)
		}
		s.pos++
	}
	return malformed("it ends inside an attribute")
}

func (s *scanner) skipSpace() bool {
	start := s.pos
	for s.pos < len(s.in) && isSpace(s.in[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

// name reads a qualified name: one name without a colon, or two around one
// (Namespaces in XML 1.0 section 4).
func (s *scanner) name() (string, error) {
	start := s.pos
	for s.pos < len(s.in) && isNameByte(s.in[s.pos]) {
		s.pos++
	}
	name := string(s.in[start:s.pos])
	if !isQName(name) {
		return "", malformed("a name")
	}
	return name, nil
}
