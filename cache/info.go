package cache

import (
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// State is the state of a list as an operator sees it. Beside the states of a
// verification there are two more.
type State = verify.ListState

// The operator's states.
const (
	Quarantined State = "quarantined" // the newest version waits for a reset
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
	Refused    []Refusal // newest last
}

// Lists returns what is known of every followed list at now, by name.
func (s *Store) Lists(now time.Time) []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	var infos []Info
	for _, l := range s.view.Load().lists {
		h := s.lists[l.Name]
		info := Info{Source: h.source, State: l.StateAt(now), Ref: h.ref, List: h.list, LookedAt: h.looked, Door: h.door}
		info.Refused = append(info.Refused, h.refusals...)
		if h.list != nil {
			info.NextUpdate = h.list.NextUpdate
		}
		switch {
		case h.jumped:
			info.State = Quarantined
		case info.State == verify.Fresh && h.held(now):
			info.State = HeldBack
		}
		infos = append(infos, info)
	}
	return infos
}

// StatusInfo counts the status lists that are held.
type StatusInfo struct {
	Followed int
	Held     int
	Entries  uint64
	Oldest   time.Time // issue time of the oldest newest token; zero if none is held
}

// StatusLists sums up the status lists. It names none, because a list's URI
// belongs to the signed token and the operator's configuration only.
func (s *Store) StatusLists() (info StatusInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info.Followed = len(s.status)
	for _, h := range s.status {
		if len(h.tokens) == 0 {
			continue
		}
		info.Held++
		t := h.tokens[0].token.Token
		info.Entries += t.Len()
		if info.Oldest.IsZero() || t.IssuedAt.Before(info.Oldest) {
			info.Oldest = t.IssuedAt
		}
	}
	return info
}

// Degraded says what is wrong that does not keep the node from answering: one
// line per list that is not fresh.
func (s *Store) Degraded(now time.Time) (lines []string) {
	v := s.View()
	if !v.ClockTrusted(now) {
		lines = append(lines, "the clock cannot be right: every answer is indeterminate until it is set and the node restarted")
	}
	for _, info := range s.Lists(now) {
		if info.State != verify.Fresh {
			lines = append(lines, "list "+info.Source.Name+" is "+string(info.State))
		}
	}
	return lines
}

// NotReady says why the node cannot serve yet, or any more; empty when it can: it
// was seeded, and at least one of the lists it must have is in force.
func (s *Store) NotReady(now time.Time) (lines []string) {
	v := s.View()
	required, inForce := 0, 0
	for _, info := range s.Lists(now) {
		if info.State == verify.Absent && (info.Source.Required || !s.anyRequired()) {
			lines = append(lines, "list "+info.Source.Name+" has not been loaded yet")
		}
		if info.Source.Required || !s.anyRequired() {
			required++
			if info.List != nil && v.stateOf(info.Source.Name, now) != verify.Expired {
				inForce++
			}
		}
	}
	if len(lines) == 0 && required > 0 && inForce == 0 {
		lines = append(lines, "no list that this node must have is in force")
	}
	return lines
}

func (s *Store) anyRequired() bool {
	for _, src := range s.opts.Sources {
		if src.Required {
			return true
		}
	}
	return false
}

func (v *View) stateOf(name string, now time.Time) State {
	for _, l := range v.lists {
		if l.Name == name {
			return l.StateAt(now)
		}
	}
	return verify.Absent
}
