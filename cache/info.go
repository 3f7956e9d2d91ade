package cache

import (
	"errors"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// The operator's states.
const (
	Quarantined State = "quarantined" // the newest version waits for an operator, or nobody vouches for what is held
	HeldBack    State = "held"        // removed anchors wait for confirmation
)

// Info is what an operator wants to know of a list.
type Info struct {
	Source     Source
	State      State
	Ref        artefact.Ref
	List       *trustlist.List // nil when absent; not to be changed
	LookedAt   time.Time
	NextUpdate time.Time
	Door       artefact.Door
	From       string        // the peer that sent the version held; "": none did, or an earlier process had it
	Spread     time.Duration // how long after it was first announced that was; 0: not known
	Refused    []Refusal     // newest last
	Failure    *Failure      // of the newest look, if it failed
	HeldUntil  time.Time     // removed anchors are held until then; zero: none is
	SoaksUntil time.Time     // not announced before then; zero: it may be
	Waiting    *artefact.Ref
	Conflict   *Conflict
	Durable    bool // what is in force would survive a crash now
}

// Lists returns what is known of every followed list at now, by name.
func (s *Store) Lists(now time.Time) []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	var infos []Info
	for _, l := range s.view.Load().lists {
		infos = append(infos, s.lists[l.Name].info(l, now))
	}
	return infos
}

func (h *heldList) info(l *verify.List, now time.Time) Info {
	info := Info{
		Source: h.source, State: l.StateAt(now), Ref: h.ref, List: h.list, LookedAt: h.looked, Door: h.door,
		From: h.from, Spread: h.spread, Failure: h.failure, Conflict: h.conflict, Durable: h.durable,
	}
	info.Refused = append(info.Refused, h.refusals...)
	if h.list != nil {
		info.NextUpdate = h.list.NextUpdate
	}
	if until := h.heldUntil(); now.Before(until) {
		info.HeldUntil = until
	}
	if h.list != nil && now.Before(h.soaked) {
		info.SoaksUntil = h.soaked
	}
	if h.waiting != nil {
		ref := h.waiting.ref
		info.Waiting = &ref
	}
	switch {
	case h.waiting != nil, l.Quarantined:
		info.State = Quarantined
	case info.State == verify.Fresh && !info.HeldUntil.IsZero():
		info.State = HeldBack
	}
	return info
}

// Standing says how an anchor of a list counts.
type Standing string

// The standings.
const (
	InForce   Standing = "in_force"
	Withdrawn Standing = "withdrawn"
	Held      Standing = "held"                 // removed in a sudden change that waits for an operator
	NotGood   Standing = "not_in_good_standing" // by the list's own word
	Outdated  Standing = "expired"              // the certificate, or the list
)

// AnchorInfo is an anchor with how it counts.
type AnchorInfo struct {
	Anchor    *trustlist.Anchor
	Standing  Standing
	HeldUntil time.Time
	Seen      time.Time // since when this process has known it
}

// Anchors returns the anchors of a list, removed ones that are remembered
// included, with what is known of the list. ok is false when no list of this name
// is followed.
func (s *Store) Anchors(name string, now time.Time) (list []AnchorInfo, info Info, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.lists[name]
	if !ok {
		return nil, Info{}, false
	}
	counts := false
	for _, l := range s.view.Load().lists {
		if l.Name == name {
			info = h.info(l, now)
			counts = !l.Quarantined && l.StateAt(now) != verify.Expired
		}
	}
	if h.list != nil {
		for _, a := range h.list.Anchors {
			in := AnchorInfo{Anchor: a, Standing: InForce, Seen: h.firstSeen[keyOf(a)]}
			switch {
			case !a.GoodAt(now):
				in.Standing = NotGood
			case !a.ValidAt(now), !counts:
				in.Standing = Outdated
			}
			list = append(list, in)
		}
	}
	for _, w := range h.withdrawn {
		in := AnchorInfo{Anchor: w.anchor, Standing: Withdrawn}
		if now.Before(w.until) {
			in.Standing, in.HeldUntil = Held, w.until
		}
		list = append(list, in)
	}
	return list, info, true
}

// Artefact returns the signed bytes of a list in force or of a pivot, as received,
// by their digest. Unsigned bundles and status lists are not to be had.
func (s *Store) Artefact(d artefact.Digest) (b []byte, kind artefact.Kind, ok bool) {
	s.mu.Lock()
	for _, h := range s.lists {
		if h.list != nil && h.ref.Digest == d && h.source.Type != artefact.Anchors {
			b, kind, ok = h.b, h.source.Type, true
		}
		for _, p := range h.pivots {
			if p.ref.Digest == d {
				b, kind, ok = p.b, h.source.Type, true
			}
		}
	}
	from := s.disk
	s.mu.Unlock()
	if ok && b == nil {
		var err error
		if b, err = from.Body(d); err != nil {
			s.unreadable(d, err)
			return nil, "", false
		}
	}
	return b, kind, ok
}

// unreadable notes that the disk has not what it had; unless that was replaced a
// moment ago. Nothing rests on it until a restart, but that it would then be there
// is claimed no longer.
func (s *Store) unreadable(d artefact.Digest, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.lists {
		if h.ref.Digest == d && h.durable {
			h.durable = !errors.Is(err, disk.ErrNotFound) && !errors.Is(err, disk.ErrDamaged)
			s.log.Error("the bytes of a list cannot be read back", "list", h.source.Name, "sha256", d.String(), "err", err)
		}
	}
}
