package cache

import (
	"crypto/x509"
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
	ref  artefact.Ref
	list *trustlist.List
	b    []byte // nil when the disk has it
}

// pivots are the pivots of one list that are held, by their URL. A map in use is
// never changed; a new pivot makes a new one.
type pivots map[string]*pivot

// chain is what is known of how a list's signer changed.
type chain struct {
	held  pivots
	named []string // by the version in force, newest first
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
func (s *Store) admitPivot(raw artefact.Raw) (Outcome, change, error) {
	if len(raw.Bytes) > MaxList {
		return Outcome{}, change{}, reason.Refuse(reason.TrustListTooLarge, "more than %d bytes", MaxList)
	}
	s.mu.Lock()
	held, uri, ok := s.pivotOf(raw.ID)
	if !ok {
		s.mu.Unlock()
		return Outcome{}, change{}, reason.Refuse(reason.ArtefactUnknown, "no list of this name has pivots")
	}
	src, pivots := held.source, held.pivots
	s.mu.Unlock()
	verified, err := src.readPivot(raw.Bytes, uri, pivots)
	if err != nil {
		return Outcome{}, change{}, err
	}
	list := verified.List()
	ref := artefact.Ref{ID: raw.ID, Version: list.Sequence, Digest: artefact.Sum(raw.Bytes), Size: len(raw.Bytes)}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Outcome{List: src.Name, Ref: ref}
	if have, ok := held.pivots[uri]; ok && have.ref.Digest == ref.Digest {
		out.Unchanged = true
		return out, change{}, nil
	}
	if len(held.pivots) >= MaxPivots {
		return Outcome{}, change{}, reason.Refuse(reason.TrustListPivotBroken, "more than %d pivots", MaxPivots)
	}
	next := make(map[string]*pivot, len(held.pivots)+1)
	for u, p := range held.pivots {
		next[u] = p
	}
	next[uri] = &pivot{ref: ref, list: list, b: raw.Bytes}
	held.pivots = next
	s.log.Info("pivot admitted", "list", src.Name, "door", raw.Door, "sequence", list.Sequence, "sha256", ref.Digest.String())
	return out, s.changed(recordKey(raw.ID)), nil
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
