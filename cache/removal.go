package cache

import (
	"fmt"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// anchorKey names an anchor within its list.
type anchorKey struct {
	id      [32]byte
	kind    trustlist.Kind
	purpose trustlist.Purpose
	entity  string
}

func keyOf(a *trustlist.Anchor) anchorKey { return anchorKey{a.ID, a.Kind, a.Purpose, a.Entity} }

func anchorText(a *trustlist.Anchor) string {
	return fmt.Sprintf("%s %s %s, certificate %x", a.Territory, a.Kind, a.Purpose, a.ID[:8])
}

// remove notes the anchors that the next version no longer has. A few are
// withdrawn at once. Very many at once are as likely an accident at the publisher
// as a decision: they are held, which makes their credentials indeterminate, until
// an operator confirms or the hold has passed.
func (h *heldList) remove(next *trustlist.List, until time.Time, o Options) (events []Event) {
	still := make(map[anchorKey]bool, len(next.Anchors))
	for _, a := range next.Anchors {
		still[keyOf(a)] = true
	}
	var gone []*trustlist.Anchor
	total, lost := make(map[string]int), make(map[string]int)
	count := func(m map[string]int, a *trustlist.Anchor) {
		m[""]++ // the whole list
		if a.Territory != "" {
			m[a.Territory]++
		}
	}
	for _, a := range h.list.Anchors {
		count(total, a)
		if !still[keyOf(a)] {
			gone = append(gone, a)
			count(lost, a)
		}
	}
	sudden := func(where string) bool {
		// A local bundle is the operator's own decision.
		return h.source.Type != artefact.Anchors && lost[where] >= o.RemovalMin && float64(lost[where]) > o.RemovalShare*float64(total[where])
	}
	// What came back counts again.
	kept := h.withdrawn[:0]
	for _, w := range h.withdrawn {
		if !still[keyOf(w.anchor)] {
			kept = append(kept, w)
		}
	}
	h.withdrawn = kept
	for _, a := range gone {
		w := withdrawn{anchor: a}
		detail := anchorText(a)
		if sudden("") || sudden(a.Territory) {
			w.until = until
			detail += ", held until " + until.UTC().Format(time.RFC3339)
		}
		h.withdrawn = append(h.withdrawn, w)
		events = append(events, Event{Type: AnchorRemoved, List: h.source.Name, Detail: detail, Anchor: a})
	}
	if n := len(h.withdrawn) - MaxWithdrawn; n > 0 {
		h.withdrawn = h.withdrawn[n:]
	}
	return events
}

// held says whether any anchor waits for an operator at now.
func (h *heldList) held(now time.Time) bool { return now.Before(h.heldUntil()) }

// heldUntil is when the last held anchor stops waiting; zero: none does.
func (h *heldList) heldUntil() (until time.Time) {
	for _, w := range h.withdrawn {
		if w.until.After(until) {
			until = w.until
		}
	}
	return until
}
