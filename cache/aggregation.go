package cache

import (
	"net/url"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// aggregation is a list of status lists that is followed (Token Status List section
// 9). It is not signed, so all it can do is have lists fetched, each of which has to
// be signed under a trusted anchor to be admitted. Store.mu guards it.
type aggregation struct {
	kept
	uri   string
	lists int // it named last
	bad   int // of those could not be followed
}

// followAggregation has a list of lists followed. The caller holds mu.
func (s *Store) followAggregation(uri string, came Came, of owner) {
	if _, known := s.aggregations[uri]; known || len(s.aggregations) >= MaxAggregations {
		return
	}
	if came != Prefetched && !s.opts.Permit(artefact.ID{Kind: artefact.Aggregation, Name: uri}) {
		return
	}
	s.aggregations[uri] = &aggregation{kept: kept{came: came, owner: of}, uri: uri}
	s.grown = true
}

// admitAggregation follows the lists that an aggregation names. A bad entry does not
// stop the others, and a list that it no longer names is still followed: an update
// that forgets something removes nothing.
func (s *Store) admitAggregation(raw artefact.Raw) (Outcome, error) {
	named, err := statuslist.ParseAggregation(raw.Bytes)
	if err != nil {
		return Outcome{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.aggregations[raw.ID.Name]
	if !ok {
		return Outcome{}, reason.Refuse(reason.ArtefactUnknown, "this list of status lists is not followed")
	}
	before, bad := len(s.status), a.bad
	a.lists, a.bad = len(named.Lists)+named.Bad, named.Bad
	s.followNamed(a, named.Lists, raw.At)
	a.admitted(raw, newer, true)
	s.changed()
	if a.bad > bad { // once, not at every look
		s.log.Warn("a list of status lists has entries that cannot be followed", "list", "aggregation", "entries", a.lists, "bad", a.bad)
	}
	return Outcome{List: "aggregation", Unchanged: len(s.status) == before, Ref: artefact.Ref{ID: raw.ID, Digest: artefact.Sum(raw.Bytes), Size: len(raw.Bytes)}}, nil
}

// followNamed follows the lists that an aggregation names. One that an operator did
// not configure names lists of its own host alone, so that no issuer can have others
// asked. The caller holds mu.
func (s *Store) followNamed(a *aggregation, uris []string, now time.Time) {
	for _, uri := range uris {
		id := s.known(uri)
		_, follows := s.status[id]
		switch {
		case a.came != Prefetched && hostOf(uri) != hostOf(a.uri), !s.opts.Permit(id):
			a.bad++
		case !follows && (len(s.status) >= MaxStatusLists || a.came != Prefetched && s.owned(a.owner).lists >= MaxPerOwner):
			s.overflow("a list of status lists names more than can be followed")
			a.bad++
		default:
			s.followStatus(id, Aggregated, a.owner, now)
		}
	}
}

// known is the list of either mechanism that is followed under a URI, else a status
// list. The caller holds mu.
func (s *Store) known(uri string) artefact.ID {
	id := artefact.ID{Kind: artefact.Status, Name: uri}
	other := artefact.ID{Kind: artefact.IdentifierList, Name: uri}
	if _, ok := s.status[id]; !ok && s.status[other] != nil {
		return other
	}
	return id
}

func hostOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Host
}
