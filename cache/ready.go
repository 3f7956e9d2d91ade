package cache

import (
	"fmt"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
)

// Degraded says what is wrong that does not keep the node from answering: one
// line per list that is not fresh, the clock, the disk. A list that its publisher has
// closed is as it should be.
func (s *Store) Degraded(now time.Time) (lines []string) {
	v := s.View()
	if !v.ClockTrusted(now) {
		lines = append(lines, "the clock cannot be right: every answer is indeterminate until it is set and the node restarted")
	}
	d, _ := s.Disk()
	if d.Err != nil {
		lines = append(lines, fmt.Sprintf("data_dir cannot be written, so that nothing new survives a restart: %v", d.Err))
	}
	if len(d.Aside) > 0 {
		lines = append(lines, fmt.Sprintf("%d damaged or foreign files in data_dir were set aside at start", len(d.Aside)))
	}
	for _, info := range s.Lists(now) {
		if closed := info.List != nil && info.List.Closed; info.State != verify.Fresh && !closed {
			lines = append(lines, "list "+info.Source.Name+" is "+string(info.State))
		}
	}
	if absent, expired := s.lateStatus(now); absent+expired > 0 {
		lines = append(lines, fmt.Sprintf("of the status lists that the configuration names %d are not held and %d are past their end: edgectl status --lists says which", absent, expired))
	}
	return lines
}

// lateStatus counts the status lists that the configuration names, itself or by a list
// of lists, and that credentials cannot be checked with now. One that was found is its
// issuer's affair.
func (s *Store) lateStatus(now time.Time) (absent, expired int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.status {
		switch t := h.newest(); {
		case h.came != Prefetched && (h.came != Aggregated || h.owner != owner{}):
		case t == nil:
			absent++
		case !now.Before(t.Token.ExpiresAt()):
			expired++
		}
	}
	return absent, expired
}

// NotReady says why the node cannot serve yet, or any more; empty when it can: it
// was seeded, and at least one of the lists it must have is in force.
func (s *Store) NotReady(now time.Time) (lines []string) {
	v := s.View()
	anyRequired := s.anyRequired()
	required, inForce := 0, 0
	for _, info := range s.Lists(now) {
		if info.Source.Parent != "" || anyRequired && !info.Source.Required {
			continue
		}
		switch {
		case info.List == nil && info.Failure != nil:
			lines = append(lines, fmt.Sprintf("list %s has not been loaded yet: %s", info.Source.Name, info.Failure.Detail))
		case info.List == nil && len(info.Refused) > 0:
			r := info.Refused[len(info.Refused)-1]
			lines = append(lines, fmt.Sprintf("list %s has not been loaded yet: %s: %s", info.Source.Name, r.Code, r.Detail))
		case info.List == nil:
			lines = append(lines, "list "+info.Source.Name+" has not been loaded yet")
		case info.Source.Type == artefact.LOTL && !v.Seeded():
			lines = append(lines, "not every national list that "+info.Source.Name+" names has been looked at yet")
		}
		required++
		if info.List != nil && v.stateOf(info.Source.Name, now) != verify.Expired {
			inForce++
		}
	}
	if len(lines) == 0 && required > 0 && inForce == 0 {
		lines = append(lines, "no list that this node must have is in force")
	}
	return lines
}

// DiskInfo is how the disk is.
type DiskInfo struct {
	Err   error    // why the newest changes are in memory only; nil: they are not
	Aside []string // damaged or foreign files that were set aside at start
}

// Disk says how the disk is; ok is false when there is none.
func (s *Store) Disk() (d DiskInfo, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return DiskInfo{s.broken, slices.Clone(s.aside)}, s.disk != nil
}
