package cache

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// View is one consistent set of lists. It never changes; the Store swaps in a new
// one, which shares with it all that has not changed. It implements verify.TrustView.
type View struct {
	*trust
	start  time.Time
	floor  time.Time
	seeded bool
	status statusTables
	crls   map[crl.IssuerID]verify.CRLSlot
	clock  *atomic.Uint64
}

// trust is the part of a View that only trust lists change. Views between which
// only status lists changed share it.
type trust struct {
	epoch     uint64
	lists     []*verify.List
	byKind    map[trustlist.Kind][]*verify.List
	byID      map[[32]byte][]verify.Trusted
	bySubject map[string][]verify.Trusted
	byEntity  map[[2]string][]verify.Trusted
}

// nextView makes the next View. The caller holds mu, or is New.
func (s *Store) nextView() *View {
	if s.trust == nil {
		s.trust = s.nextTrust()
		s.learnFromAnchors(s.trust)
	}
	return &View{
		trust: s.trust, start: s.start, floor: s.floor, seeded: s.seeded(),
		status: s.nextTables(), crls: s.nextCRLs(), clock: s.clock,
	}
}

func (s *Store) nextTrust() *trust {
	n := 0
	for _, h := range s.lists {
		n += h.anchors()
	}
	t := &trust{
		byKind:    make(map[trustlist.Kind][]*verify.List),
		byID:      make(map[[32]byte][]verify.Trusted, n),
		bySubject: make(map[string][]verify.Trusted, n),
		byEntity:  make(map[[2]string][]verify.Trusted, n),
	}
	// A LOTL's name is a prefix of its national lists' names, so it comes first.
	made := make(map[string]*verify.List)
	for _, name := range slices.Sorted(maps.Keys(s.lists)) {
		h := s.lists[name]
		if h.unnamed && h.list == nil {
			continue
		}
		made[name] = h.forVerification(made[h.source.Parent])
		t.addList(h, made[name])
	}
	was := s.epoch.n
	if t.epoch = s.epoch.of(t); t.epoch != was {
		s.learned++
	}
	return t
}

// anchors counts the anchors of a list, those that left it included.
func (h *heldList) anchors() int {
	if h.list == nil {
		return 0
	}
	return len(h.list.Anchors) + len(h.withdrawn)
}

func (t *trust) addList(h *heldList, l *verify.List) {
	t.lists = append(t.lists, l)
	for _, k := range h.kinds() {
		t.byKind[k] = append(t.byKind[k], l)
	}
	if h.list == nil {
		return
	}
	for _, a := range h.list.Anchors {
		t.add(verify.Trusted{Anchor: a, List: l})
	}
	for _, w := range h.withdrawn {
		t.add(verify.Trusted{Anchor: w.anchor, List: l, Removed: true, HeldUntil: w.until})
	}
}

func (t *trust) add(a verify.Trusted) {
	id, subject, entity := a.Anchor.ID, string(a.Anchor.Cert.RawSubject), [2]string{a.List.Name, a.Anchor.Entity}
	t.byID[id] = append(t.byID[id], a)
	t.bySubject[subject] = append(t.bySubject[subject], a)
	t.byEntity[entity] = append(t.byEntity[entity], a)
}

// Epoch is raised only when the set of anchors changes in content.
func (t *trust) Epoch() uint64 { return t.epoch }

// BySubject returns the anchors with this raw subject name.
func (t *trust) BySubject(raw string) []verify.Trusted { return t.bySubject[raw] }

// ByID returns the anchors that are this certificate.
func (t *trust) ByID(id [32]byte) []verify.Trusted { return t.byID[id] }

// Entity returns the anchors of one trusted entity.
func (t *trust) Entity(list, entity string) []verify.Trusted {
	return t.byEntity[[2]string{list, entity}]
}

// ListsFor returns the lists that can hold anchors of the kind.
func (t *trust) ListsFor(k trustlist.Kind) []*verify.List { return t.byKind[k] }

// Lists returns every followed list, by name.
func (t *trust) Lists() []*verify.List { return t.lists }

// Seeded says whether what must be loaded once was.
func (v *View) Seeded() bool { return v.seeded }

// ClockTrusted says whether now can be right: not well before something that was
// signed, and not far from where the monotonic clock says it should be.
func (v *View) ClockTrusted(now time.Time) bool {
	if now.Before(v.floor.Add(-ClockBehind)) {
		return false
	}
	jump := now.Round(0).Sub(v.start.Round(0)) - now.Sub(v.start)
	return jump.Abs() <= ClockJump
}

// stateOf is the state of a list as a verification sees it.
func (v *View) stateOf(name string, now time.Time) State {
	for _, l := range v.lists {
		if l.Name == name {
			return l.StateAt(now)
		}
	}
	return verify.Absent
}
