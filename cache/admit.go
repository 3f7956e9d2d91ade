package cache

import (
	"context"
	"log/slog"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Outcome is what Admit did with bytes it did not refuse.
type Outcome struct {
	List      string // the source's name; "status", "crl" or "aggregation"
	Unchanged bool   // the same content was held already; that counts as a look
	Ref       artefact.Ref
	TTL       time.Duration // status lists: what the token asks for; 0: nothing
	Ends      time.Time     // status lists and revocation lists: when it may no longer be relied on
}

// Admit is the one way in. In order: bounds; identity is something we follow;
// parse; signature under the signer pinned for it; times sane at raw.At; sequence
// rule; on disk; next View. The error is a *reason.Refusal; whatever was held before
// a refusal stays in force.
//
// When it returns without an error the bytes are durable, if the store has a disk
// that works, and in every View from now on. Calls run side by side as far as they
// can: the work is in parsing and signatures, which need no lock.
func (s *Store) Admit(raw artefact.Raw) (Outcome, error) { return s.admit(raw, false) }

// admit is Admit; operator says that an operator vouches for a jump of the sequence
// number.
func (s *Store) admit(raw artefact.Raw, operator bool) (out Outcome, err error) {
	if raw.Door == artefact.Peer {
		raw.Note = "" // it would be another's word for what an origin has
	}
	switch raw.ID.Kind {
	case artefact.LOTL, artefact.TL, artefact.LoTE, artefact.VICAL, artefact.Anchors:
		out, err = s.admitList(raw, operator)
	case artefact.Pivot:
		out, err = s.admitPivot(raw)
	case artefact.Status, artefact.IdentifierList:
		out, err = s.admitStatus(raw)
	case artefact.CRL:
		out, err = s.admitCRL(raw)
	case artefact.Aggregation:
		out, err = s.admitAggregation(raw)
	default:
		err = reason.Refuse(reason.ArtefactUnknown, "bytes of an unknown kind")
	}
	if err != nil {
		s.refused(raw, err)
	}
	s.settle()
	return out, err
}

func (s *Store) admitList(raw artefact.Raw, operator bool) (Outcome, error) {
	// Bounds.
	if len(raw.Bytes) > MaxList {
		code := reason.TrustListTooLarge
		if raw.ID.Kind == artefact.VICAL {
			code = reason.VICALTooLarge
		}
		return Outcome{}, reason.Refuse(code, "more than %d bytes", MaxList)
	}
	for {
		// Identity.
		src, chain, generation, ok := s.followed(raw.ID)
		if !ok {
			return Outcome{}, reason.Refuse(reason.ArtefactUnknown, "no list of this name is followed")
		}
		// Parse and signature.
		r, err := src.read(raw.Bytes, raw.Door, chain, raw.At)
		if err != nil {
			return Outcome{}, err
		}
		r.list = s.withoutTestAnchors(r.list)
		s.mu.Lock()
		held := s.lists[raw.ID.Name] // which, once followed, is never forgotten
		if held.generation != generation {
			// Who may sign it changed meanwhile.
			s.mu.Unlock()
			continue
		}
		out, err := s.take(held, r, raw, operator)
		s.mu.Unlock()
		return out, err
	}
}

// followed returns what is needed to read a list, as it is now.
func (s *Store) followed(id artefact.ID) (src Source, c chain, generation uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.lists[id.Name]
	if !ok || h.source.Type != id.Kind {
		return Source{}, chain{}, 0, false
	}
	return h.source, chain{h.pivots, h.mark.pivotsTo(h.source.OJ)}, h.generation, true
}

// take holds a verified list against the clock and against what was held before,
// and puts it in force. The caller holds mu.
func (s *Store) take(h *heldList, r reading, raw artefact.Raw, operator bool) (Outcome, error) {
	// Times.
	list := r.list
	if err := h.timely(list, raw.Door, raw.At); err != nil {
		return Outcome{}, err
	}
	// Sequence.
	ref := artefact.Ref{ID: raw.ID, Version: list.Sequence, Digest: artefact.Sum(raw.Bytes), Size: len(raw.Bytes)}
	unchanged, err := h.follows(list, ref, operator)
	if err != nil {
		// The higher one stays: what an operator is to judge is the newest, whoever brings
		// what its publisher has signed before.
		if reason.CodeOf(err) == reason.TrustListSequenceJump && (h.waiting == nil || ref.Version > h.waiting.ref.Version) {
			h.waiting = &waiting{raw: raw, ref: ref}
		}
		return Outcome{}, err
	}
	// Next View.
	h.tried = true
	if unchanged {
		s.announce(h.again(list, raw, ref)...)
	} else {
		s.announce(h.replace(r, raw, ref, s.opts)...)
		if list.Format == "lotl" {
			s.announce(s.followNational(h, raw.At)...)
		}
	}
	s.raiseFloor(list.Issued)
	s.trustChanged(raw.ID)
	level := slog.LevelInfo
	if unchanged {
		level = slog.LevelDebug // as at nearly every look
	}
	s.log.Log(context.Background(), level, "list admitted", "list", raw.ID.Name, "door", raw.Door, "sequence", list.Sequence,
		"sha256", ref.Digest.String(), "anchors", len(list.Anchors), "unchanged", unchanged)
	return Outcome{List: raw.ID.Name, Unchanged: unchanged, Ref: ref}, nil
}

// timely checks the times a list states of itself (trust lists 1, step 8; 2, step
// 7; 3, steps 5 and 6). A bundle states none. A list that has ended is not taken in
// the place of one that has not; but what is read back from disk is held as what
// it is, expired, and so is a national list where nothing better is held: its
// anchors do not count, and its sequence number does.
func (h *heldList) timely(l *trustlist.List, door artefact.Door, now time.Time) error {
	if l.Issued.After(now.Add(ListSkew)) {
		return reason.Refuse(reason.TrustListNotYetValid, "issued %s; is this node's clock right?", l.Issued.UTC().Format(time.RFC3339))
	}
	end, ends := endOf(l)
	switch {
	case !ends, now.Before(end):
		return nil
	case h.list == nil && (door == artefact.Disk || l.Format == "tl"):
		return nil
	case h.list != nil && l.Format == "tl" && h.ended(now):
		return nil
	}
	code := reason.TrustListExpired
	if l.Format == "vical" {
		code = reason.VICALExpired
	}
	if l.Closed {
		return reason.Refuse(code, "the list is closed: it has no next update and is kept for history")
	}
	return reason.Refuse(code, "ended %s", end.UTC().Format(time.RFC3339))
}

// ended says whether the list held is past its end.
func (h *heldList) ended(now time.Time) bool {
	end, ends := endOf(h.list)
	return ends && !now.Before(end)
}

// endOf is when a list's anchors stop counting by what it says of itself: a LOTL or
// LoTE at its next update; a national list, which may be late, a week after; a
// VICAL at the end it sets itself; a closed list has ended when it was issued.
func endOf(l *trustlist.List) (end time.Time, ends bool) {
	switch {
	case l.Closed:
		return l.Issued, true
	case l.Format == "vical":
		return l.NotAfter, !l.NotAfter.IsZero()
	case l.Format == "tl":
		return l.NextUpdate.Add(NationalGrace), !l.NextUpdate.IsZero()
	default:
		return l.NextUpdate, !l.NextUpdate.IsZero()
	}
}

// withoutTestAnchors drops what a demonstration made, outside dev mode.
func (s *Store) withoutTestAnchors(l *trustlist.List) *trustlist.List {
	if s.opts.UnsafeTestAnchors {
		return l
	}
	kept := *l
	kept.Anchors = nil
	for _, a := range l.Anchors {
		if trustlist.IsTest(a.Cert) {
			kept.Skipped = append(kept.Skipped, trustlist.Skipped{Entity: a.EntityName, SHA256: a.ID, Why: "test anchor"})
			continue
		}
		kept.Anchors = append(kept.Anchors, a)
	}
	return &kept
}
