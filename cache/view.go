package cache

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
)

// View is one consistent set of lists. It never changes; the Store swaps in a new
// one. It implements verify.TrustView.
type View struct {
	start  time.Time
	floor  time.Time
	epoch  uint64
	seeded bool

	lists     []*verify.List
	byKind    map[trustlist.Kind][]*verify.List
	byID      map[[32]byte][]verify.Trusted
	bySubject map[string][]verify.Trusted
	byEntity  map[[2]string][]verify.Trusted
	status    map[string]verify.StatusSlot
}

func newView(start, floor time.Time) *View {
	return &View{
		start: start, floor: floor,
		byKind:    make(map[trustlist.Kind][]*verify.List),
		byID:      make(map[[32]byte][]verify.Trusted),
		bySubject: make(map[string][]verify.Trusted),
		byEntity:  make(map[[2]string][]verify.Trusted),
		status:    make(map[string]verify.StatusSlot),
	}
}

func (v *View) addList(h *heldList, o Options) {
	l := h.forVerification(o)
	v.lists = append(v.lists, l)
	for _, k := range h.kinds() {
		v.byKind[k] = append(v.byKind[k], l)
	}
	if h.list == nil {
		return
	}
	for _, a := range h.list.Anchors {
		v.add(verify.Trusted{Anchor: a, List: l})
	}
	for _, w := range h.withdrawn {
		v.add(verify.Trusted{Anchor: w.anchor, List: l, Removed: true, HeldUntil: w.until})
	}
}

func (v *View) add(t verify.Trusted) {
	a := t.Anchor
	v.byID[a.ID] = append(v.byID[a.ID], t)
	v.bySubject[string(a.Cert.RawSubject)] = append(v.bySubject[string(a.Cert.RawSubject)], t)
	key := [2]string{t.List.Name, a.Entity}
	v.byEntity[key] = append(v.byEntity[key], t)
}

// kinds says for which kinds of attestation a source can hold anchors.
func (h *heldList) kinds() []trustlist.Kind {
	switch {
	case h.source.Type == artefact.Anchors:
		return []trustlist.Kind{h.source.Kind}
	case h.source.Profile != "":
		return []trustlist.Kind{lote.KindOf(h.source.Profile)}
	case h.list == nil:
		return trustlist.Kinds() // any official type: not known before it is loaded
	}
	var kinds []trustlist.Kind
	for _, a := range h.list.Anchors {
		if !slices.Contains(kinds, a.Kind) {
			kinds = append(kinds, a.Kind)
		}
	}
	return kinds
}

// Epoch is raised only when the set of anchors changes in content.
func (v *View) Epoch() uint64 { return v.epoch }

// Seeded says whether what must be loaded once was.
func (v *View) Seeded() bool { return v.seeded }

// BySubject returns the anchors with this raw subject name.
func (v *View) BySubject(raw string) []verify.Trusted { return v.bySubject[raw] }

// ByID returns the anchors that are this certificate.
func (v *View) ByID(id [32]byte) []verify.Trusted { return v.byID[id] }

// Entity returns the anchors of one trusted entity.
func (v *View) Entity(list, entity string) []verify.Trusted {
	return v.byEntity[[2]string{list, entity}]
}

// ListsFor returns the lists that can hold anchors of the kind.
func (v *View) ListsFor(k trustlist.Kind) []*verify.List { return v.byKind[k] }

// Lists returns every followed list, by name.
func (v *View) Lists() []*verify.List { return v.lists }

// Status returns what is held for a status list URI.
func (v *View) Status(uri string) verify.StatusSlot { return v.status[uri] }

// ClockTrusted says whether now can be right: not well before something that was
// signed, and not far from where the monotonic clock says it should be.
func (v *View) ClockTrusted(now time.Time) bool {
	if now.Before(v.floor.Add(-ClockBehind)) {
		return false
	}
	jump := now.Round(0).Sub(v.start.Round(0)) - now.Sub(v.start)
	return jump.Abs() <= ClockJump
}

// epoch counts the changes of the anchor set.
type epoch struct {
	n   uint64
	sum [sha256.Size]byte
}

func (e *epoch) of(v *View) uint64 {
	var lines []string
	for _, ts := range v.byID {
		for _, t := range ts {
			a := t.Anchor
			lines = append(lines, fmt.Sprintf("%q %x %q %q %q %q %q %v %v",
				t.List.Name, a.ID, a.Kind, a.Purpose, a.Territory, a.Types, a.Entity, a.Usable, t.Removed))
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	if e.n == 0 || sum != e.sum {
		e.sum = sum
		e.n++
	}
	return e.n
}

// raiseFloor remembers the newest signed issue time. The caller holds mu.
func (s *Store) raiseFloor(issued time.Time) {
	if issued.After(s.floor) {
		s.floor = issued
	}
}
