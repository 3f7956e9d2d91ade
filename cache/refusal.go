package cache

import (
	"fmt"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Refusal is one refused version of a list.
type Refusal struct {
	At     time.Time
	Door   artefact.Door
	Code   reason.Code
	Detail string
}

// Conflict is the evidence of an equivocation: two lists, both signed, with one
// sequence number.
type Conflict struct {
	At       time.Time
	Sequence uint64
	Kept     artefact.Digest
	Refused  artefact.Digest
}

// refused keeps a refusal for /v1/lists, logs it and announces it.
func (s *Store) refused(raw artefact.Raw, err error) {
	r, ok := reason.Of(err)
	if !ok {
		r = &reason.Refusal{Code: reason.InternalError, Detail: fmt.Sprintf("%T", err)}
	}
	wanted := s.wantedBy(raw, r.Code)
	s.mu.Lock()
	defer s.mu.Unlock()
	// A name that a stranger chose is no label of a metric.
	e := Event{Type: ListRefused, List: "unknown", Code: string(r.Code), Detail: r.Detail, Door: raw.Door}
	h := s.listOf(raw.ID)
	switch {
	case raw.ID.Kind == artefact.Status:
		e.List = "status"
		if st, ok := s.status[raw.ID.Name]; ok {
			st.refusedWith(r.Code)
		}
	case h != nil:
		e.List = h.source.Name
		h.refusedWith(Refusal{At: raw.At, Door: raw.Door, Code: r.Code, Detail: r.Detail})
		if wanted != nil {
			h.wanted = wanted
		}
	}
	if h != nil && (r.Code == reason.TrustListConflict || r.Code == reason.VICALConflict) {
		// Somebody signed two lists as one: worth more than a line in a log.
		e.Type = Equivocation
		s.equivocated(h, raw, r)
	} else {
		s.log.Warn("artefact refused", "list", e.List, "kind", raw.ID.Kind, "door", raw.Door, "code", r.Code, "detail", r.Detail)
	}
	s.announce(e)
}

// listOf is the list that an identity is of, or whose pivot it is; nil: none that is
// followed. The caller holds mu.
func (s *Store) listOf(id artefact.ID) *heldList {
	if id.Kind == artefact.Pivot {
		h, _, _ := s.pivotOf(id)
		return h
	}
	if h, ok := s.lists[id.Name]; ok && h.source.Type == id.Kind {
		return h
	}
	return nil
}

// wantedBy returns the pivots that a list names which was refused for the want of
// one. The bytes are read without the lock.
func (s *Store) wantedBy(raw artefact.Raw, code reason.Code) []string {
	src, _, _, ok := s.followed(raw.ID)
	if !ok || code != reason.TrustListPivotBroken {
		return nil
	}
	return src.pivotsNamed(raw.Bytes)
}

// equivocated keeps the evidence of two lists, or pivots, with one number. The
// caller holds mu.
func (s *Store) equivocated(h *heldList, raw artefact.Raw, r *reason.Refusal) {
	h.conflict = &Conflict{At: raw.At, Sequence: h.mark.Sequence, Kept: h.mark.Digest, Refused: artefact.Sum(raw.Bytes)}
	if h, uri, ok := s.pivotOf(raw.ID); ok && raw.ID.Kind == artefact.Pivot {
		h.conflict.Sequence, h.conflict.Kept = h.pivots[uri].ref.Version, h.pivots[uri].ref.Digest
	}
	s.changed(h.source.ID())
	s.log.Error("equivocation: two lists with one sequence number, the first is kept", "list", h.source.Name, "kind", raw.ID.Kind,
		"code", r.Code, "detail", r.Detail, "held", h.conflict.Kept.String(), "refused", h.conflict.Refused.String())
}

func (h *heldList) refusedWith(r Refusal) {
	h.tried = true
	if n := len(h.refusals); n > 0 && h.refusals[n-1].Code == r.Code && h.refusals[n-1].Detail == r.Detail {
		h.refusals[n-1] = r
		return
	}
	h.refusals = append(h.refusals, r)
	if len(h.refusals) > MaxRefusals {
		h.refusals = h.refusals[1:]
	}
}

// Failed notes that a look at the origin brought nothing to judge. The error is
// shown to operators: it names no status list.
func (s *Store) Failed(id artefact.ID, at time.Time, err error) {
	s.mu.Lock()
	h, ok := s.lists[id.Name]
	if !ok || h.source.Type != id.Kind {
		s.mu.Unlock()
		return
	}
	h.failure = &Failure{At: at, Detail: err.Error()}
	if !h.tried {
		h.tried = true
		s.changed() // a node may be seeded by it
	}
	s.mu.Unlock()
	s.settle()
}

// Failure is a look at an origin that failed.
type Failure struct {
	At     time.Time
	Detail string
}
