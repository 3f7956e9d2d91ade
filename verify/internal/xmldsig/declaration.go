package xmldsig

import "strings"

// declaration reads the XML declaration, if there is one, and does not copy it.
func (s *scanner) declaration() error {
	if !s.has("<?xml") || len(s.in) < 6 || !isSpace(s.in[5]) {
		return nil
	}
	s.pos = len("<?xml")
	body, err := s.until("?>")
	if err != nil {
		return err
	}
	rest := string(body)
	for i, name := range []string{"version", "encoding", "standalone"} {
		value, after, found, err := pseudoAttribute(rest, name)
		if err != nil {
			return err
		}
		if !found {
			if i == 0 {
				return malformed("an XML declaration without its version")
			}
			continue
		}
		rest = after
		switch {
		case i == 0 && value != "1.0":
			return malformed("not XML 1.0")
		case i == 1 && !strings.EqualFold(value, "UTF-8"):
			return malformed("not UTF-8")
		case i == 2 && value != "yes" && value != "no":
			return malformed("the XML declaration")
		}
	}
	if strings.Trim(rest, " \t\r\n") != "" {
		return malformed("the XML declaration")
	}
	return nil
}

// pseudoAttribute reads one name="value" of the XML declaration.
func pseudoAttribute(s, name string) (value, after string, found bool, err error) {
	t := strings.TrimLeft(s, " \t\r\n")
	if len(t) == len(s) || !strings.HasPrefix(t, name) {
		return "", s, false, nil
	}
	t = strings.TrimLeft(t[len(name):], " \t\r\n")
	if !strings.HasPrefix(t, "=") {
		return "", "", false, malformed("the XML declaration")
	}
	t = strings.TrimLeft(t[1:], " \t\r\n")
	if t == "" || t[0] != '"' && t[0] != '\'' {
		return "", "", false, malformed("the XML declaration")
	}
	value, after, ok := strings.Cut(t[1:], t[:1])
	if !ok {
		return "", "", false, malformed("the XML declaration")
	}
	return value, after, true, nil
}
