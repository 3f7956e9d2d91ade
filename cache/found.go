package cache

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Came says how a list came to be followed.
type Came string

// The ways.
const (
	Prefetched Came = "prefetch"    // the configuration names it
	Aggregated Came = "aggregation" // a list of status lists names it
	Found      Came = "credential"  // a credential named it whose issuer's signature was good
	Anchored   Came = "anchor"      // a certificate of a trust list names it
)

// owner is the trusted entity that a list was followed for.
type owner struct{ list, entity string }

func ownerOf(a verify.AnchorRef) owner { return owner{a.List, a.Entity} }

// waitingList is a list that was found and is not followed yet.
type waitingList struct {
	owner  owner
	issuer *x509.Certificate // of a revocation list
}

// Discover notes lists that verification looked for in vain. They are followed from
// the next call of FollowFound on, so that the time at which an origin is first asked
// says nothing of when a credential was shown. What the node may not fetch is passed
// over, and so is what is past the limits.
func (s *Store) Discover(lacking []verify.Lacking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lacking {
		id := idOf(l)
		if s.mayFollow(id, ownerOf(l.Anchor), l.Issuer) && len(s.waiting) < MaxWaiting {
			s.waiting[id] = waitingList{ownerOf(l.Anchor), l.Issuer}
		}
	}
}

// FollowFound follows what was found since the last call, and says whether there is
// anything.
func (s *Store) FollowFound(now time.Time) bool {
	s.mu.Lock()
	n := len(s.waiting)
	for id, w := range s.waiting {
		if s.mayFollow(id, w.owner, w.issuer) { // as it did before the others were
			s.followFound(id, w.owner, w.issuer, now)
		}
	}
	clear(s.waiting)
	s.mu.Unlock()
	s.settle()
	return n > 0
}

// FollowNow follows lists at once, and returns those of them that are followed and
// hold nothing: for a node whose operator has it fetch while a presentation waits.
// came says whether one has come meanwhile.
func (s *Store) FollowNow(lacking []verify.Lacking, now time.Time) (ids []artefact.ID, came bool) {
	s.mu.Lock()
	for _, l := range lacking {
		id := idOf(l)
		if id.Kind == artefact.CRL {
			continue // an authority's list waits for its turn
		}
		if s.mayFollow(id, ownerOf(l.Anchor), nil) {
			s.followFound(id, ownerOf(l.Anchor), nil, now)
		}
		if h, ok := s.status[id]; ok {
			if len(h.tokens) == 0 {
				ids = append(ids, id)
			} else {
				came = true
			}
		}
		delete(s.waiting, id)
	}
	s.mu.Unlock()
	s.settle()
	return ids, came
}

func idOf(l verify.Lacking) artefact.ID {
	if l.Mechanism == "" {
		return artefact.ID{Kind: artefact.CRL, Name: l.URI}
	}
	return artefact.ID{Kind: kindOf(l.Mechanism), Name: l.URI}
}

// mayFollow says whether a list that was found is to be followed: it is not yet, the
// node may fetch it, and neither it nor its owner is past a limit. The caller holds mu.
func (s *Store) mayFollow(id artefact.ID, of owner, issuer *x509.Certificate) bool {
	if id.Kind == artefact.CRL {
		return s.mayFollowCRL(id, issuer)
	}
	if _, known := s.status[id]; known {
		return false
	}
	if len(s.status) >= MaxStatusLists || s.owned(of).lists >= MaxPerOwner {
		s.overflow("a status list that a credential names is not followed: there are too many")
		return false
	}
	return s.opts.Permit(id)
}

func (s *Store) mayFollowCRL(id artefact.ID, issuer *x509.Certificate) bool {
	h, known := s.crls[id.Name]
	switch {
	case known:
		return h.lacks(issuer)
	case len(s.crls) >= MaxCRLs:
		s.overflow("a revocation list that a certificate names is not followed: there are too many")
		return false
	}
	return s.opts.Permit(id)
}

// followFound follows a list. The caller holds mu.
func (s *Store) followFound(id artefact.ID, of owner, issuer *x509.Certificate, now time.Time) {
	if id.Kind == artefact.CRL {
		s.followCRL(id.Name, of, issuer, Found)
		return
	}
	s.followStatus(id, Found, of, now)
}

// followStatus has a list followed. The caller holds mu.
func (s *Store) followStatus(id artefact.ID, came Came, of owner, now time.Time) {
	h, known := s.status[id]
	switch {
	case !known:
		h = &heldStatus{kept: kept{came: came, owner: of}, id: id, use: new(use), since: now}
		s.status[id] = h
		s.owned(of).lists++
		s.statusChanged(id)
		s.grown = true
	case came == Prefetched && h.came != came: // which is on nobody's account
		s.owned(h.owner).bytes -= h.size
		h.came = came
		s.sharing = true
	case h.came == Found && came == Aggregated:
		h.came = came
		s.sharing = true
	}
}

// Target is a list, other than a trust list, that is to be fetched.
type Target struct {
	ID   artefact.ID
	Came Came
}

// Targets are the status lists, identifier lists, revocation lists and aggregations
// that are followed now.
func (s *Store) Targets() (list []Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, h := range s.status {
		list = append(list, Target{id, h.came})
	}
	for url, h := range s.crls {
		list = append(list, Target{artefact.ID{Kind: artefact.CRL, Name: url}, h.came})
	}
	for uri, a := range s.aggregations {
		list = append(list, Target{artefact.ID{Kind: artefact.Aggregation, Name: uri}, a.came})
	}
	return list
}

// learnFrom follows what a token leads to: the revocation lists of its signer's chain,
// and its publisher's list of lists. The caller holds mu.
func (s *Store) learnFrom(st *verify.StatusToken) {
	for _, l := range st.CRLs() {
		if s.mayFollow(idOf(l), ownerOf(l.Anchor), l.Issuer) {
			s.followCRL(l.URI, ownerOf(l.Anchor), l.Issuer, Anchored)
		}
	}
	if uri := st.Token.AggregationURI; uri != "" {
		s.followAggregation(uri, Aggregated, ownerOf(st.Anchors[0]))
	}
}

// anchorKinds are of anchors whose certificates this node checks.
var anchorKinds = []string{"pid", "qeaa", "pubeaa", "eaa", "mdl"}

// learnFromAnchors follows the revocation lists that self-signed anchors publish, and
// the lists of status lists that trust lists name. The caller holds mu.
func (s *Store) learnFromAnchors(t *trust) {
	for _, anchors := range t.byID {
		for _, a := range anchors {
			if a.Removed || !slices.Contains(anchorKinds, string(a.Anchor.Kind)) {
				continue
			}
			for _, l := range verify.OwnCRLs(a) {
				if s.mayFollow(idOf(l), ownerOf(l.Anchor), l.Issuer) {
					s.followCRL(l.URI, ownerOf(l.Anchor), l.Issuer, Anchored)
				}
			}
			for _, uri := range a.Anchor.Aggregations {
				s.followAggregation(uri, Aggregated, ownerOf(a.Ref()))
			}
		}
	}
}

// overflow tells that a limit keeps lists out, once an hour. The caller holds mu.
func (s *Store) overflow(detail string) {
	s.overflowed++
	now := s.clock.Load()
	if s.overflowTold != 0 && now-s.overflowTold < uint64(alarmEvery/time.Second) {
		return
	}
	s.overflowTold = max(now, 1)
	s.log.Error(detail)
	s.announce(Event{Type: StatusFull, List: "status", Code: string(reason.StatusMemoryFull), Detail: detail})
}
