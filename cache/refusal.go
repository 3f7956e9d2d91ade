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

// refused keeps a refusal for /v1/lists, logs it and makes its event.
func (s *Store) refused(raw artefact.Raw, err error) change {
	r, ok := reason.Of(err)
	if !ok {
		r = &reason.Refusal{Code: reason.InternalError, Detail: fmt.Sprintf("%T", err)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h, name := s.lists[raw.ID.Name], raw.ID.Name
	switch raw.ID.Kind {
	case artefact.Status:
		h, name = nil, "status"
		if st, ok := s.status[raw.ID.Name]; ok {
			st.refusedWith(r.Code)
		}
	case artefact.Pivot:
		if h, _, ok = s.pivotOf(raw.ID); ok {
			name = h.source.Name
		}
	}
	event := Event{Type: ListRefused, List: name, Code: string(r.Code), Detail: r.Detail, Door: raw.Door}
	c := s.changed()
	if h != nil {
		h.refusedWith(Refusal{At: raw.At, Door: raw.Door, Code: r.Code, Detail: r.Detail})
		switch r.Code {
		case reason.TrustListPivotBroken:
			if raw.ID.Kind != artefact.Pivot {
				h.wanted = h.source.pivotsNamed(raw.Bytes)
			}
		case reason.TrustListConflict, reason.VICALConflict:
			// Somebody signed two lists as one: worth more than a line in a log.
			h.conflict = &Conflict{At: raw.At, Sequence: h.mark.Sequence, Kept: h.mark.Digest, Refused: artefact.Sum(raw.Bytes)}
			s.log.Error("equivocation: two lists with one sequence number, the first is kept", "list", name,
				"code", r.Code, "detail", r.Detail, "held", h.mark.Digest.String(), "refused", h.conflict.Refused.String())
			event.Type = Equivocation
			c = s.changed(recordKey(h.source.ID()))
		}
	} else if raw.ID.Kind != artefact.Status {
		event.List = "unknown" // a name that a stranger chose is no label of a metric
	}
	if event.Type == ListRefused {
		s.log.Warn("artefact refused", "list", name, "kind", raw.ID.Kind, "door", raw.Door, "code", r.Code, "detail", r.Detail)
	}
	c.events = []Event{event}
	return c
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
	first := !h.tried
	h.tried = true
	c := change{}
	if first {
		c = s.changed()
	}
	s.mu.Unlock()
	s.settle(c)
}

// Failure is a look at an origin that failed.
type Failure struct {
	At     time.Time
	Detail string
}
