package cache

import (
	"bytes"
	"fmt"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// heldList is what is held for one source. Store.mu guards it.
type heldList struct {
	source Source
	list   *trustlist.List // nil: nothing admitted yet
	ref    artefact.Ref
	door   artefact.Door
	looked time.Time // last look at the origin, or admission of a new version

	withdrawn []withdrawn
	refusals  []Refusal // newest last
	jumped    bool      // a version is in quarantine for its sequence number
}

// withdrawn is an anchor that left the list.
type withdrawn struct {
	anchor *trustlist.Anchor
	until  time.Time // held until then; zero: withdrawn at once
}

// Refusal is one refused version of a list.
type Refusal struct {
	At     time.Time
	Door   artefact.Door
	Code   reason.Code
	Detail string
}

// follows is the sequence rule (design: higher wins; lower is a rollback; equal
// with the same signed payload is no change; equal with another payload is an
// equivocation, and the first is kept).
func (h *heldList) follows(l *trustlist.List, digest artefact.Digest) (unchanged bool, err error) {
	switch {
	case h.list == nil:
		return false, nil
	case l.Format == "anchors":
		// A local file has no versions: what is in it now counts.
		return digest == h.ref.Digest, nil
	case l.Type != h.list.Type:
		return false, reason.Refuse(reason.TrustListWrongType, "the list changed its type between versions")
	case l.Sequence < h.list.Sequence:
		return false, reason.Refuse(reason.TrustListRollback, "sequence %d after %d", l.Sequence, h.list.Sequence)
	case l.Sequence == h.list.Sequence && l.Payload == h.list.Payload:
		return true, nil
	case l.Sequence == h.list.Sequence:
		return false, reason.Refuse(reason.TrustListConflict, "another list with sequence %d", l.Sequence)
	case l.Sequence-h.list.Sequence > MaxJump:
		h.jumped = true
		return false, reason.Refuse(reason.TrustListSequenceJump, "sequence %d after %d", l.Sequence, h.list.Sequence)
	}
	return false, nil
}

// take puts a list in force.
func (h *heldList) take(l *trustlist.List, raw artefact.Raw, ref artefact.Ref, unchanged bool, o Options) []Event {
	// Only a look at the origin, or a new version, makes a copy younger: a peer or
	// a disk that hands over what is held already proves nothing.
	if !unchanged || raw.Door == artefact.Origin || raw.Door == artefact.File {
		h.looked = raw.At
		h.jumped = false
	}
	if unchanged {
		// Of two signatures over one payload every node keeps the same one.
		if bytes.Compare(ref.Digest[:], h.ref.Digest[:]) < 0 {
			h.list, h.ref, h.door = l, ref, raw.Door
		}
		return nil
	}
	events := []Event{{Type: "list_changed", List: h.source.Name, Detail: fmt.Sprintf("sequence %d", l.Sequence)}}
	if h.list != nil {
		events = append(events, h.remove(l, raw.At, o)...)
	}
	h.list, h.ref, h.door = l, ref, raw.Door
	return events
}

func (h *heldList) refusedWith(r Refusal) {
	if n := len(h.refusals); n > 0 && h.refusals[n-1].Code == r.Code && h.refusals[n-1].Detail == r.Detail {
		h.refusals[n-1] = r
		return
	}
	h.refusals = append(h.refusals, r)
	if len(h.refusals) > MaxRefusals {
		h.refusals = h.refusals[1:]
	}
}

// forVerification is the list as a verification sees it.
func (h *heldList) forVerification(o Options) *verify.List {
	l := &verify.List{Name: h.source.Name, URL: h.source.URL, Territory: h.source.Territory}
	if h.list == nil {
		return l
	}
	l.Loaded = true
	if h.list.Territory != "" {
		l.Territory = trustlist.Territory(h.list.Territory)
	}
	l.Sequence, l.SHA256, l.LookedAt = h.list.Sequence, h.ref.Digest, h.looked
	l.NextUpdate = h.list.NextUpdate
	if h.list.Signer != nil {
		l.SignerNotAfter = h.list.Signer.NotAfter
	}
	if h.source.Type == artefact.Anchors {
		return l // a local file does not age
	}
	l.StaleAt = h.looked.Add(max(o.StaleAfter, minStaleLooks*h.source.Refresh))
	l.ExpiresAt = h.looked.Add(o.MaxStale)
	if !l.NextUpdate.IsZero() && l.NextUpdate.Before(l.ExpiresAt) {
		l.ExpiresAt = l.NextUpdate
	}
	return l
}

// Looked notes that the origin was looked at and had nothing new (a 304). It
// returns what is held.
func (s *Store) Looked(id artefact.ID, at time.Time) Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.status[id.Name]; ok && id.Kind == artefact.Status {
		out := Outcome{List: "status", Unchanged: true}
		if len(st.tokens) > 0 {
			t := st.tokens[0].token
			out.Ref = artefact.Ref{ID: id, Version: uint64(t.Token.IssuedAt.Unix()), Digest: t.SHA256}
			out.TTL = t.Token.TTL
		}
		return out
	}
	h, ok := s.lists[id.Name]
	if !ok || id.Kind != h.source.Type || h.list == nil {
		return Outcome{List: id.Name, Unchanged: true}
	}
	h.looked = at
	s.publish()
	return Outcome{List: id.Name, Unchanged: true, Ref: h.ref}
}

// Absent says whether nothing is held for a list yet.
func (s *Store) Absent(id artefact.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.lists[id.Name]
	return ok && h.list == nil
}
