package cache

import (
	"context"
	"fmt"
	"log/slog"
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

// refused keeps a refusal for /v1/lists, logs it and announces it. What a peer sent
// says nothing of the newest version, so only what its publisher has signed and an
// operator has to know is kept of it.
func (s *Store) refused(raw artefact.Raw, err error) {
	r, ok := reason.Of(err)
	if !ok {
		r = &reason.Refusal{Code: reason.InternalError, Detail: fmt.Sprintf("%T", err)}
	}
	wanted := s.wantedBy(raw, r.Code)
	s.mu.Lock()
	defer s.mu.Unlock()
	peers := raw.Door == artefact.Peer
	if peers && s.quiet(raw, err, wanted) {
		return
	}
	// A name that a stranger chose is no label of a metric.
	e := Event{Type: ListRefused, List: "unknown", Code: string(r.Code), Detail: r.Detail, Door: raw.Door}
	h := s.listOf(raw.ID)
	switch {
	case s.keptOf(raw.ID) != nil:
		e.List = listName(raw.ID)
		if !peers {
			s.keptOf(raw.ID).refusedWith(Refusal{At: raw.At, Door: raw.Door, Code: r.Code, Detail: r.Detail})
			s.keptChanged(raw.ID)
		}
	case h != nil && peers && !forOperator(r.Code):
		e.List = h.source.Name
	case h != nil:
		e.List = h.source.Name
		h.refusedWith(Refusal{At: raw.At, Door: raw.Door, Code: r.Code, Detail: r.Detail})
		if wanted != nil {
			h.wanted, s.sharing = wanted, true // the pivots may be had from others
		}
	}
	if h != nil && (r.Code == reason.TrustListConflict || r.Code == reason.VICALConflict) {
		// Somebody signed two lists as one: worth more than a line in a log.
		e.Type = Equivocation
		s.equivocated(h, raw, r)
	} else {
		s.logRefused(e.List, raw, r)
	}
	s.announce(e)
}

// refusalKind is what is refused by the thousand when it is at all: a kind of lists
// that are no trust lists ("" for whatever nobody follows), for one reason.
type refusalKind struct {
	kind artefact.Kind
	code reason.Code
}

// refusalCount is how often that was logged and was not.
type refusalCount struct {
	told   uint64 // the second of the last line
	silent int    // refusals since
}

// logRefused writes a line, of lists that come by the thousand one per kind, reason
// and hour, with how many it stands for; the rest is for whoever debugs. The caller
// holds mu.
func (s *Store) logRefused(list string, raw artefact.Raw, r *reason.Refusal) {
	level, silent := slog.LevelWarn, 0
	if list == "unknown" || isKept(raw.ID.Kind) {
		key := refusalKind{raw.ID.Kind, r.Code}
		if list == "unknown" {
			key.kind = "" // a stranger may have chosen it
		}
		c, known := s.refusals[key]
		if now := s.clock.Load(); !known || now >= c.told+uint64(refusalEvery/time.Second) {
			silent, s.refusals[key] = c.silent, refusalCount{told: now}
		} else {
			level, s.refusals[key] = slog.LevelDebug, refusalCount{c.told, c.silent + 1}
		}
	}
	attrs := []any{"list", list, "kind", raw.ID.Kind, "door", raw.Door, "code", r.Code, "detail", r.Detail}
	if silent > 0 {
		attrs = append(attrs, "more_since_the_last_line", silent)
	}
	s.log.Log(context.Background(), level, "artefact refused", attrs...)
}

// refusalEvery is how often refusals of one kind of lists are logged for one reason.
const refusalEvery = time.Hour

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
	if k := s.keptOf(id); k != nil {
		k.failure = &Failure{At: at, Detail: err.Error()}
		s.mu.Unlock()
		return
	}
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
