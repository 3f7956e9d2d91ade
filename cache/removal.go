package cache

import (
	"fmt"
	"slices"
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

// keysOf is the set of a list's anchors.
func keysOf(l *trustlist.List) map[anchorKey]bool {
	keys := make(map[anchorKey]bool, len(l.Anchors))
	for _, a := range l.Anchors {
		keys[keyOf(a)] = true
	}
	return keys
}

// missing are the anchors of one version that another has not.
func missing(from *trustlist.List, still map[anchorKey]bool) (gone []*trustlist.Anchor) {
	for _, a := range from.Anchors {
		if !still[keyOf(a)] {
			gone = append(gone, a)
		}
	}
	return gone
}

// remove notes the anchors that the next version no longer has. A few are
// withdrawn at once. Very many at once are as likely an accident at the publisher
// as a decision: they are held, which makes their credentials indeterminate, until
// an operator confirms or the hold has passed.
func (h *heldList) remove(next *trustlist.List, at time.Time, o Options) (events []Event) {
	still := keysOf(next)
	gone := missing(h.list, still)
	sudden := h.sudden(gone, o)
	// What came back counts again.
	h.withdrawn = slices.DeleteFunc(h.withdrawn, func(w withdrawn) bool { return still[keyOf(w.anchor)] })
	for _, a := range gone {
		w := withdrawn{anchor: a}
		detail := anchorText(a)
		if sudden[wholeList] || sudden[a.Territory] {
			w.until = at.Add(o.RemovalHold)
			detail += ", held until " + w.until.UTC().Format(time.RFC3339)
		}
		h.withdrawn = append(h.withdrawn, w)
		events = append(events, Event{Type: AnchorRemoved, List: h.source.Name, Detail: detail, Anchor: a})
	}
	h.forgetWithdrawn(at)
	return events
}

// wholeList stands for all territories together. Anchors of none count there alone.
const wholeList = ""

// sudden says in which territories so many anchors are gone that they are held.
func (h *heldList) sudden(gone []*trustlist.Anchor, o Options) map[string]bool {
	sudden := make(map[string]bool)
	if h.source.Type == artefact.Anchors {
		return sudden // a local bundle is the operator's own decision
	}
	total, lost := byTerritory(h.list.Anchors), byTerritory(gone)
	for where, n := range lost {
		sudden[where] = n >= o.RemovalMin && float64(n) > o.RemovalShare*float64(total[where])
	}
	return sudden
}

func byTerritory(anchors []*trustlist.Anchor) map[string]int {
	n := map[string]int{wholeList: len(anchors)}
	for _, a := range anchors {
		if a.Territory != wholeList {
			n[a.Territory]++
		}
	}
	return n
}

// forgetWithdrawn keeps within bounds what is remembered of removed anchors: the
// oldest go first, and those that are held last, because what is forgotten is not
// held.
func (h *heldList) forgetWithdrawn(now time.Time) {
	excess := len(h.withdrawn) - MaxWithdrawn
	h.withdrawn = slices.DeleteFunc(h.withdrawn, func(w withdrawn) bool {
		if excess <= 0 || now.Before(w.until) {
			return false
		}
		excess--
		return true
	})
	if n := len(h.withdrawn) - MaxHeld; n > 0 {
		h.withdrawn = h.withdrawn[n:]
	}
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
