package cache

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
	"github.com/edgetrust/edgetrust/verify/trustlist/vical"
)

// Offer is Admit for bytes that come without a name: they name their list
// themselves. What they say of themselves only chooses among the followed lists;
// the signature decides. The refusal is artefact_unknown when no followed list can
// be meant, else that of the list that is meant most likely.
func (s *Store) Offer(b []byte, door artefact.Door, at time.Time) (Outcome, error) {
	ids, err := s.candidates(b)
	if err == nil && len(ids) == 0 {
		err = reason.Refuse(reason.ArtefactUnknown, "the bytes are for no list that this node follows")
	}
	if err != nil {
		s.refused(artefact.Raw{Door: door, Bytes: b, At: at}, err)
		s.settle()
		return Outcome{}, err
	}
	raw := artefact.Raw{ID: ids[0], Door: door, Bytes: b, At: at}
	if len(ids) > 1 {
		raw.ID = s.likeliest(ids, raw)
	}
	return s.Admit(raw)
}

// derSequence begins a revocation list: the digit 0, with which no list that is text
// begins.
const derSequence = 0x30

// candidates returns what the bytes can be a version of.
func (s *Store) candidates(b []byte) ([]artefact.ID, error) {
	text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, reason.Refuse(reason.ArtefactUnknown, "there are no bytes")
	case len(b) > MaxList:
		return nil, reason.Refuse(reason.TrustListTooLarge, "more than %d bytes", MaxList)
	case text[0] == '<':
		return s.xmlCandidates(b)
	case b[0] == derSequence, bytes.HasPrefix(text, []byte("-----BEGIN "+pemCRL)):
		u, err := parseCRL(b)
		if err != nil {
			return nil, err
		}
		return s.crlCandidates(u), nil
	case text[0] < 0x80 && bytes.Contains(text, []byte("-----BEGIN ")): // after words for people, often
		return nil, reason.Refuse(reason.ListUnsigned, "a PEM bundle is not signed: name it in the configuration, as a source of type anchors")
	case text[0] < 0x80:
		return s.jwsCandidates(b)
	default:
		return s.cborCandidates(b), nil
	}
}

func (s *Store) xmlCandidates(b []byte) ([]artefact.ID, error) {
	u, err := etsitl.Parse(b)
	if err != nil {
		return nil, err
	}
	claims := u.Claims()
	return s.choose(func(h *heldList) (artefact.ID, bool) {
		switch {
		case claims.LOTL && h.source.Type == artefact.LOTL:
			return h.pivotOrList(u), true
		case !claims.LOTL && h.source.Type == artefact.TL:
			return h.source.ID(), h.source.Territory == claims.Territory
		}
		return artefact.ID{}, false
	}), nil
}

func (s *Store) jwsCandidates(b []byte) ([]artefact.ID, error) {
	if u, err := parseStatus(artefact.Status, b); err == nil {
		return s.statusCandidate(artefact.Status, u.URI()), nil
	}
	u, err := lote.Parse(b)
	if err != nil {
		return nil, err
	}
	return s.choose(func(h *heldList) (artefact.ID, bool) {
		return h.pivotOrList(u), h.source.Type == artefact.LoTE
	}), nil
}

func (s *Store) cborCandidates(b []byte) []artefact.ID {
	for _, kind := range []artefact.Kind{artefact.Status, artefact.IdentifierList} {
		if u, err := parseStatus(kind, b); err == nil {
			return s.statusCandidate(kind, u.URI())
		}
	}
	provider := ""
	if u, err := vical.Parse(b); err == nil {
		provider = u.Claims().Provider
	}
	return s.choose(func(h *heldList) (artefact.ID, bool) {
		return h.source.ID(), h.source.Type == artefact.VICAL && (h.source.Provider == "" || h.source.Provider == provider)
	})
}

func (s *Store) statusCandidate(kind artefact.Kind, uri string) []artefact.ID {
	id := artefact.ID{Kind: kind, Name: uri}
	if !s.followsStatus(id) {
		return nil
	}
	return []artefact.ID{id}
}

// crlCandidates are the followed revocation lists that an authority of this name
// publishes.
func (s *Store) crlCandidates(u *crl.Unverified) (ids []artefact.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for url, h := range s.crls {
		if slices.ContainsFunc(h.issuers, func(c *x509.Certificate) bool { return string(c.RawSubject) == u.Issuer() }) {
			ids = append(ids, artefact.ID{Kind: artefact.CRL, Name: url})
		}
	}
	slices.SortFunc(ids, func(a, b artefact.ID) int { return strings.Compare(a.Name, b.Name) })
	return ids
}

// choose asks every followed list, in the order of their names.
func (s *Store) choose(may func(*heldList) (artefact.ID, bool)) (ids []artefact.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.lists {
		if id, ok := may(h); ok {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b artefact.ID) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return ids
}

// pivotOrList tells a pivot that the list waits for from a version of the list: a
// pivot names itself before all others.
func (h *heldList) pivotOrList(u pivoted) artefact.ID {
	if h.source.OJ == "" {
		return h.source.ID()
	}
	uris, err := u.Pivots(h.source.OJ)
	if err != nil || len(uris) == 0 || !slices.Contains(h.wanted, uris[0]) {
		return h.source.ID()
	}
	if _, held := h.pivots[uris[0]]; held {
		return h.source.ID()
	}
	return artefact.PivotID(h.source.Name, uris[0])
}

// likeliest returns the first candidate that the bytes verify as, else the first
// whose refusal is of the content and not of who signed it, else the first.
func (s *Store) likeliest(ids []artefact.ID, raw artefact.Raw) artefact.ID {
	best := ids[0]
	for _, id := range ids {
		src, chain, _, ok := s.followed(id)
		if !ok {
			continue // a pivot or a revocation list, which is tried when it comes alone
		}
		_, err := src.read(raw.Bytes, raw.Door, chain, raw.At)
		switch reason.CodeOf(err) {
		case "":
			if err == nil {
				return id
			}
		case reason.TrustListSignerUnknown, reason.VICALSignerUntrusted, reason.TrustListWrongType, reason.TrustListOJMismatch:
		default:
			best = id
		}
	}
	return best
}
