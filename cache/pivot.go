package cache

import (
	"crypto/x509"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/etsitl"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

// pivot is an earlier release of a list that introduces the signers of later ones
// (trust lists 1.5, 2.4). It never changes, so it is verified once.
type pivot struct {
	version
	list *trustlist.List
}

// pivots are the pivots of one list that are held, by their URL. A map in use is
// never changed; a new pivot makes a new one.
type pivots map[string]*pivot

// chain is what is known of how a list's signer changed.
type chain struct {
	held  pivots
	named []string // by the version in force, newest first: the next one names them, too
}

// signers walks from the oldest pivot to the newest: the signer of each must be
// named by the one before, the oldest's by the Official Journal (oj), and each
// replaces the accepted set, so that a signer named by no newer pivot has stopped
// being trusted. uris are the pivots a list names, newest first; a list that is
// itself its newest pivot has the digest self.
func (p pivots) signers(oj []*x509.Certificate, uris []string, self artefact.Digest) ([]*x509.Certificate, error) {
	accepted := oj
	for i, uri := range slices.Backward(uris) {
		held, ok := p[uri]
		if !ok {
			return nil, reason.Refuse(reason.TrustListPivotBroken, "a pivot to the list's signer, number %d of %d, is not held", i+1, len(uris))
		}
		if !slices.ContainsFunc(accepted, held.list.Signer.Equal) {
			return nil, reason.Refuse(reason.TrustListPivotBroken, "the signer of pivot %d of %d is not named by the one before it", i+1, len(uris))
		}
		if i == 0 && held.ref.Digest == self {
			break // the list is this pivot
		}
		accepted = held.list.SelfSigners
	}
	return accepted, nil
}

// admitPivot takes an earlier release of a followed list in. Which list, and which
// URL, its identity says.
func (s *Store) admitPivot(raw artefact.Raw) (Outcome, error) {
	if len(raw.Bytes) > MaxList {
		return Outcome{}, reason.Refuse(reason.TrustListTooLarge, "more than %d bytes", MaxList)
	}
	s.mu.Lock()
	held, uri, ok := s.pivotOf(raw.ID)
	if !ok {
		s.mu.Unlock()
		return Outcome{}, reason.Refuse(reason.ArtefactUnknown, "no list of this name has pivots")
	}
	src, pivots := held.source, held.pivots
	s.mu.Unlock()
	if len(uri) > MaxPivotURL {
		return Outcome{}, reason.Refuse(reason.TrustListPivotBroken, "a pivot's URL has more than %d bytes", MaxPivotURL)
	}
	verified, err := src.readPivot(raw.Bytes, uri, pivots)
	if err != nil {
		return Outcome{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.takePivot(held, uri, verified.List(), raw)
}

// takePivot keeps a verified pivot. It is held against the one that is held under
// its URL, for it never changes: a key that was replaced since must not put another
// successor in that one's place. The caller holds mu.
func (s *Store) takePivot(h *heldList, uri string, list *trustlist.List, raw artefact.Raw) (Outcome, error) {
	ref := artefact.Ref{ID: raw.ID, Version: list.Sequence, Digest: artefact.Sum(raw.Bytes), Size: len(raw.Bytes)}
	have, ok := h.pivots[uri]
	switch {
	case ok && have.list.Payload == list.Payload:
		return Outcome{List: h.source.Name, Unchanged: true, Ref: have.ref}, nil
	case ok:
		return Outcome{}, reason.Refuse(reason.TrustListConflict, "a pivot never changes, and another one is held")
	case len(h.pivots) >= MaxPivots:
		return Outcome{}, reason.Refuse(reason.TrustListPivotBroken, "more than %d pivots", MaxPivots)
	}
	next := make(pivots, len(h.pivots)+1)
	maps.Copy(next, h.pivots)
	next[uri] = &pivot{version{ref, raw.Bytes}, list}
	h.pivots = next
	s.sharing = true
	s.learned++
	s.changed(raw.ID)
	s.log.Info("pivot admitted", "list", h.source.Name, "door", raw.Door, "sequence", list.Sequence, "sha256", ref.Digest.String())
	return Outcome{List: h.source.Name, Ref: ref}, nil
}

// pivotOf finds the list that a pivot's identity names, and the pivot's URL. The
// caller holds mu.
func (s *Store) pivotOf(id artefact.ID) (held *heldList, uri string, ok bool) {
	name, uri, ok := strings.Cut(id.Name, " ")
	h := s.lists[name]
	if !ok || h == nil || h.source.OJ == "" {
		return nil, "", false
	}
	return h, uri, true
}

// pivotsNamed returns the pivots that a list of this source names, newest first.
func (src *Source) pivotsNamed(b []byte) []string {
	var u pivoted
	var err error
	if src.Type == artefact.LOTL {
		u, err = etsitl.Parse(b)
	} else {
		u, err = lote.Parse(b)
	}
	if err != nil {
		return nil
	}
	uris, _ := u.Pivots(src.OJ)
	return uris
}

// Wanted returns the pivots that the newest version offered of a list names and
// that are not held, oldest first, as their URLs. Pivots are fetched from where the
// list itself is published and from nowhere else.
func (s *Store) Wanted(list string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.lists[list]
	if !ok {
		return nil
	}
	var missing []string
	for _, uri := range slices.Backward(h.wanted) {
		if _, ok := h.pivots[uri]; !ok && sameSite(uri, h.source.URL) {
			missing = append(missing, uri)
		}
	}
	return missing
}

func sameSite(a, b string) bool {
	x, err := url.Parse(a)
	y, err2 := url.Parse(b)
	return err == nil && err2 == nil && x.Scheme == y.Scheme && x.Host == y.Host
}
