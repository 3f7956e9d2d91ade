package cache

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/bundle"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

// Outcome is what Admit did with bytes it did not refuse.
type Outcome struct {
	List      string // the source's name, or "status"
	Unchanged bool   // the same content was held already; that counts as a look
	Ref       artefact.Ref
	TTL       time.Duration // status lists: what the token asks for; 0: nothing
}

// Admit is the one way in. In order: bounds; identity is something we follow;
// parse; signature under the signer pinned for it; times sane at raw.At; sequence
// rule; next View. The error is a *reason.Refusal; whatever was held before a
// refusal stays in force.
func (s *Store) Admit(raw artefact.Raw) (Outcome, error) {
	s.mu.Lock()
	out, events, err := s.admit(raw)
	s.mu.Unlock()
	for _, e := range events {
		s.opts.Notify(e)
	}
	return out, err
}

func (s *Store) admit(raw artefact.Raw) (out Outcome, events []Event, err error) {
	switch raw.ID.Kind {
	case artefact.LoTE, artefact.Anchors:
		out, events, err = s.admitList(raw)
	case artefact.Status:
		out, events, err = s.admitStatus(raw)
	default:
		err = reason.Refuse(reason.ArtefactUnknown, "bytes of an unknown kind")
	}
	if err != nil {
		events = append(events, s.refused(raw, err))
	}
	return out, events, err
}

func (s *Store) admitList(raw artefact.Raw) (Outcome, []Event, error) {
	// Bounds.
	if len(raw.Bytes) > MaxList {
		return Outcome{}, nil, reason.Refuse(reason.TrustListTooLarge, "more than %d bytes", MaxList)
	}
	// Identity.
	held, ok := s.lists[raw.ID.Name]
	if !ok || held.source.Type != raw.ID.Kind {
		return Outcome{}, nil, reason.Refuse(reason.ArtefactUnknown, "no list of this name is followed")
	}
	// Parse and signature.
	verified, err := held.source.verify(raw)
	if err != nil {
		return Outcome{}, nil, err
	}
	list := s.withoutTestAnchors(verified.List())
	// Times.
	if err := timely(list, raw.At); err != nil {
		return Outcome{}, nil, err
	}
	// Sequence.
	digest := artefact.Sum(raw.Bytes)
	unchanged, err := held.follows(list, digest)
	if err != nil {
		return Outcome{}, nil, err
	}
	// Next View.
	ref := artefact.Ref{ID: raw.ID, Version: list.Sequence, Digest: digest, Size: len(raw.Bytes)}
	events := held.take(list, raw, ref, unchanged, s.opts)
	s.raiseFloor(list.Issued)
	s.publish()
	level := slog.LevelInfo
	if unchanged {
		level = slog.LevelDebug // as at nearly every look
	}
	s.log.Log(context.Background(), level, "list admitted", "list", raw.ID.Name, "door", raw.Door, "sequence", list.Sequence,
		"sha256", digest.String(), "anchors", len(list.Anchors), "unchanged", unchanged)
	return Outcome{List: raw.ID.Name, Unchanged: unchanged, Ref: ref}, events, nil
}

// verify parses the bytes and checks their signature as the source demands.
func (src *Source) verify(raw artefact.Raw) (trustlist.Verified, error) {
	if src.Type == artefact.Anchors {
		if raw.Door != artefact.File {
			return trustlist.Verified{}, reason.Refuse(reason.ListUnsigned, "an unsigned bundle is only read from a local file")
		}
		return bundle.Read(raw.Bytes, bundle.Scope{
			Kind: src.Kind, Purposes: src.Purposes, Territory: src.Territory, Types: src.Types, Entity: src.Name,
		})
	}
	u, err := lote.Parse(raw.Bytes)
	if err != nil {
		return trustlist.Verified{}, err
	}
	return u.Verify(src.Signers, lote.Options{Profile: src.Profile})
}

// timely checks the times a list states of itself (trust lists 1, step 8). A
// bundle states none.
func timely(l *trustlist.List, now time.Time) error {
	if l.Issued.After(now.Add(ListSkew)) {
		return reason.Refuse(reason.TrustListNotYetValid, "issued %s", l.Issued.UTC().Format(time.RFC3339))
	}
	if !l.NextUpdate.IsZero() && !now.Before(l.NextUpdate) {
		return reason.Refuse(reason.TrustListExpired, "next update was due %s", l.NextUpdate.UTC().Format(time.RFC3339))
	}
	return nil
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

// refused keeps a refusal for /v1/lists, logs it and makes its event.
func (s *Store) refused(raw artefact.Raw, err error) Event {
	r, ok := reason.Of(err)
	if !ok {
		r = &reason.Refusal{Code: reason.InternalError, Detail: fmt.Sprintf("%T", err)}
	}
	name := raw.ID.Name
	if raw.ID.Kind == artefact.Status {
		name = "status"
		if st, ok := s.status[raw.ID.Name]; ok {
			st.refusedWith(r.Code)
			s.publish()
		}
	} else if h, ok := s.lists[raw.ID.Name]; ok {
		h.refusedWith(Refusal{At: raw.At, Door: raw.Door, Code: r.Code, Detail: r.Detail})
	}
	if r.Code == reason.TrustListConflict {
		// Somebody signed two lists as one: worth more than a line in a log.
		s.log.Error("equivocation: two lists with one sequence number, the first is kept", "list", name,
			"held", s.lists[raw.ID.Name].ref.Digest.String(), "refused", artefact.Sum(raw.Bytes).String())
		return Event{Type: "equivocation", List: name, Code: string(r.Code), Detail: r.Detail}
	}
	s.log.Warn("artefact refused", "list", name, "kind", raw.ID.Kind, "door", raw.Door, "code", r.Code, "detail", r.Detail)
	return Event{Type: "list_refused", List: name, Code: string(r.Code), Detail: r.Detail}
}
