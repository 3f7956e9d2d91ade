package main

import (
	"bytes"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
	"github.com/edgetrust/edgetrust/verify/trustlist/vical"
)

// subject is a list that is looked at: its bytes as they were published, and what
// they say of themselves, for which nobody vouches.
type subject struct {
	name string // of the file
	b    []byte
	kind artefact.Kind
	form string // the kind for a person

	typ       string
	territory string
	provider  string
	sequence  uint64

	pivots func(oj string) ([]string, error) // nil: lists of this kind have none
	err    error                             // why it cannot be read
}

// readSubject takes a file apart as far as it can be without trusting it.
func readSubject(name string, b []byte) *subject {
	s := &subject{name: name, b: b}
	text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n")
	switch {
	case len(text) == 0:
		s.form, s.err = "nothing", reason.Refuse(reason.TrustListMalformed, "there are no bytes")
	case text[0] == '<':
		s.xml()
	case bytes.Contains(text, []byte("-----BEGIN ")):
		s.kind, s.form = artefact.Anchors, "bundle of certificates (PEM)"
	case text[0] < 0x80:
		s.jws()
	default:
		s.cose()
	}
	return s
}

func (s *subject) xml() {
	s.kind, s.form = artefact.TL, "trusted list (TS 119 612)"
	u, err := etsitl.Parse(s.b)
	if err != nil {
		s.err = err
		return
	}
	c := u.Claims()
	s.typ, s.territory, s.sequence = c.Type, c.Territory, c.Sequence
	s.form = "national trusted list (TS 119 612)"
	if c.LOTL {
		s.kind, s.form, s.pivots = artefact.LOTL, "list of trusted lists (TS 119 612)", u.Pivots
	}
}

func (s *subject) jws() {
	s.kind, s.form = artefact.LoTE, "list of trusted entities (TS 119 602)"
	u, err := lote.Parse(s.b)
	if err != nil {
		s.err = err
		return
	}
	c := u.Claims()
	s.typ, s.sequence, s.pivots = c.Type, c.Sequence, u.Pivots
}

func (s *subject) cose() {
	s.kind, s.form = artefact.VICAL, "VICAL (ISO/IEC 18013-5)"
	u, err := vical.Parse(s.b)
	if err != nil {
		s.err = err
		return
	}
	c := u.Claims()
	s.provider, s.sequence = c.Provider, c.IssueID
}
