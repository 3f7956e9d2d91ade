package node

import (
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
)

const (
	// compareEvery is how often what is held is compared with what was told although the
	// store, which tells of the end of a soak, too, has told of nothing: a net below.
	compareEvery = 30 * time.Second
	// cheap is how long a comparison may take that is made after every change; after a
	// longer one there is a rest of restFor times as long.
	cheap   = 5 * time.Millisecond
	restFor = 4
	// aheadBy is how far in the future a status list may say that it was issued.
	aheadBy = 5 * time.Minute
	// agesOf is how long ago a status list may have been issued that nobody follows here.
	agesOf = 400 * 24 * time.Hour
	// ownLookShare of max_stale is how often a node looks itself, whatever others do.
	ownLookShare = 4
)

// spread is the store as the cluster sees it, and tells the cluster what the store
// holds.
type spread struct {
	n       *Node
	began   time.Time
	changed chan struct{} // holds one value: what is held, or followed, may be another
	credit  chan struct{} // holds one value: others have looked

	mu      sync.Mutex // guards what follows
	lists   map[gossip.ListID]artefact.ID
	told    map[gossip.ListID][]gossip.Head // what the cluster knows that is held
	looked  map[gossip.Head]time.Time       // looks of others that the store was not told of yet
	periods map[artefact.ID]time.Duration   // between looks
}

// teller is told what is held and followed: gossip.Cluster.
type teller interface {
	Follow(ids []gossip.ListID)
	Hold(h gossip.Held)
	Release(id gossip.ListID)
	Retry()
}

func newSpread(n *Node) *spread {
	return &spread{
		n: n, began: time.Now(), changed: make(chan struct{}, 1), credit: make(chan struct{}, 1),
		lists: make(map[gossip.ListID]artefact.ID), looked: make(map[gossip.Head]time.Time), periods: make(map[artefact.ID]time.Duration),
	}
}

// mayDiffer says that what is held, or followed, may be another. It does not wait.
func (s *spread) mayDiffer() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// run tells the cluster what the store holds and follows, until ctx ends.
func (s *spread) run(ctx context.Context, c teller) {
	select { // what the disk held is nothing new to anybody
	case <-s.n.restored:
	case <-ctx.Done():
		return
	}
	learned := s.n.store.Learned()
	s.follow(c)
	s.compare(c, true)
	t := time.NewTicker(compareEvery)
	defer t.Stop()
	for {
		select {
		case <-s.changed:
			begin := time.Now()
			s.follow(c)
			s.compare(c, false)
			// With tens of thousands of lists this takes long enough not to be done for
			// each of them that changes.
			if took := time.Since(begin); took > cheap {
				select {
				case <-time.After(restFor * took):
				case <-ctx.Done():
					return
				}
			}
			if n := s.n.store.Learned(); n != learned {
				learned = n
				c.Retry()
			}
		case <-t.C:
			s.compare(c, false)
		case <-s.credit:
			s.credits()
		case <-ctx.Done():
			return
		}
	}
}

// follow tells the cluster which lists this node follows.
func (s *spread) follow(c teller) {
	lists := make(map[gossip.ListID]artefact.ID)
	for _, id := range s.n.store.Followed() {
		lists[gossip.IDOf(id)] = id
	}
	s.mu.Lock()
	same := maps.Equal(s.lists, lists)
	s.lists = lists
	s.mu.Unlock()
	if !same {
		c.Follow(slices.Collect(maps.Keys(lists)))
		c.Retry()
	}
}

// compare tells the cluster what is held now and was not told, and takes back what is
// held no longer.
func (s *spread) compare(c teller, quiet bool) {
	told := s.told // of this goroutine alone to write
	now := make(map[gossip.ListID][]gossip.Head, len(told))
	minor := make(map[gossip.Head]bool)
	for _, sh := range s.n.store.Share(time.Now()) {
		h := headOf(sh)
		now[h.List] = append(now[h.List], h)
		minor[h] = sh.Minor
	}
	for id, heads := range now {
		before := told[id]
		if len(before) > 0 && before[0].Version >= heads[0].Version && slices.ContainsFunc(before, func(h gossip.Head) bool { return !slices.Contains(heads, h) }) {
			c.Release(id) // of one version another signature is held, or the history was reset
			before = nil
		}
		for _, h := range heads {
			if !slices.Contains(before, h) {
				c.Hold(gossip.Held{Head: h, Minor: minor[h], Quiet: quiet})
			}
		}
	}
	for id := range told {
		if now[id] == nil {
			c.Release(id)
		}
	}
	s.mu.Lock()
	s.told = now
	s.mu.Unlock()
}

// held are the versions of lists that are held, as far as others may be told: what soaks
// or is on no disk yet is not announced, and is in force all the same. Of a list that
// could point at a person nothing is said.
func (s *spread) held(lists []gossip.ListID) (held []gossip.Holding) {
	soaks := make(map[string]bool)
	for _, in := range s.n.store.Lists(time.Now()) {
		soaks[in.Source.Name] = !in.SoaksUntil.IsZero()
	}
	for _, list := range lists {
		id, followed := s.idOf(list)
		switch {
		case !followed:
		case id.Kind == artefact.Status, id.Kind == artefact.IdentifierList: // which do not soak, and some of which are small
			s.mu.Lock()
			for _, h := range s.told[list] {
				held = append(held, gossip.Holding{Head: h})
			}
			s.mu.Unlock()
		default:
			for _, ref := range s.n.store.HeldRefs(id) {
				trust := id.Kind != artefact.CRL && id.Kind != artefact.Pivot
				held = append(held, gossip.Holding{Head: headOf(cache.Shared{Ref: ref}), Soaks: trust && soaks[id.Name]})
			}
		}
	}
	return held
}

func headOf(sh cache.Shared) gossip.Head {
	h := gossip.Head{List: gossip.IDOf(sh.ID), Kind: gossip.Closed, Version: sh.Version, Digest: sh.Digest, Size: uint32(sh.Size)}
	if sh.Open {
		h.Kind = gossip.Open
	}
	return h
}

// idOf is the list that a head is of, if it is followed here.
func (s *spread) idOf(l gossip.ListID) (artefact.ID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.lists[l]
	return id, ok
}

// Plausible: a list that is followed, of a version that is not farther ahead than one can
// be admitted; or a status list, which may come to be followed.
func (s *spread) Plausible(h gossip.Head, now time.Time) bool {
	id, followed := s.idOf(h.List)
	open := h.Kind == gossip.Open
	switch {
	case !followed:
		return open && !now.Add(aheadBy).Before(issued(h)) && now.Sub(issued(h)) < agesOf
	case id.Kind == artefact.Status, id.Kind == artefact.IdentifierList: // closed, of few entries, if the configuration names it
		return !now.Add(aheadBy).Before(issued(h))
	case open:
		return false
	case id.Kind == artefact.LOTL, id.Kind == artefact.TL, id.Kind == artefact.LoTE:
		return s.near(h)
	}
	return true
}

// near says whether a version is one that the store could admit after what is held.
func (s *spread) near(h gossip.Head) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.told[h.List]
	return len(told) == 0 || h.Version <= told[0].Version+cache.MaxJump
}

// issued is when a status list was, which is its version.
func issued(h gossip.Head) time.Time { return time.Unix(int64(h.Version), 0) }

// Take judges a body like any other.
func (s *spread) Take(a gossip.Arrival) gossip.Outcome {
	id, followed := s.idOf(a.List)
	if !followed && a.Kind != gossip.Open {
		return gossip.Waits
	}
	<-s.n.restored // what the disk holds comes first
	if followed && s.holds(id, a.Version, a.Digest) {
		return gossip.Admitted // another was asked as well, and was sooner
	}
	raw := artefact.Raw{ID: id, Door: artefact.Peer, Bytes: a.Body, At: time.Now(), From: a.From, Spread: a.Spread}
	admit := s.n.admit
	if !followed {
		if found, err := cache.FoundID(a.Body); err != nil || gossip.IDOf(found) != a.List {
			return gossip.False
		}
		admit = s.n.store.AdmitFound
	}
	out, err := admit(raw)
	switch {
	case cache.Waits(err):
		return gossip.Waits
	case cache.PeersFault(err), cache.Late(err) && s.ahead(id, a.Version):
		return gossip.False
	case err != nil:
		return gossip.Declined
	case out.Ref.Version != a.Version || gossip.IDOf(out.Ref.ID) != a.List:
		return gossip.False // good bytes, and not those that were announced
	}
	s.came(out)
	// What was announced before this node was there took as long as that, not its spread.
	if !out.Unchanged && a.Spread > 0 && a.Spread < time.Since(s.began) {
		s.n.metrics.spread.WithLabelValues("list").Observe(a.Spread.Seconds())
	}
	if !s.holds(out.Ref.ID, a.Version, a.Digest) {
		return gossip.Declined // another signature of the same is kept
	}
	return gossip.Admitted
}

// ahead says whether a version is newer than all that are held, of which there is one.
func (s *spread) ahead(id artefact.ID, version uint64) bool {
	held := s.n.store.HeldRefs(id)
	return len(held) > 0 && !slices.ContainsFunc(held, func(r artefact.Ref) bool { return r.Version >= version })
}

// holds says whether a body is held as that version, and so was judged.
func (s *spread) holds(id artefact.ID, version uint64, d artefact.Digest) bool {
	return slices.ContainsFunc(s.n.store.HeldRefs(id), func(r artefact.Ref) bool { return r.Version == version && r.Digest == d })
}

// Before is what is held of the list, if it is one version.
func (s *spread) Before(h gossip.Head) []byte {
	id, ok := s.idOf(h.List)
	if !ok {
		return nil
	}
	for _, r := range s.n.store.HeldRefs(id) {
		if b, ok := s.n.store.Body(r.Digest); ok {
			return b
		}
	}
	return nil
}

// Looked credits looks of others, soon: the store may be waiting for its disk, and the
// cluster must not.
func (s *spread) Looked(h gossip.Head, at time.Time) {
	s.mu.Lock()
	_, followed := s.lists[h.List]
	if followed {
		s.looked[h] = at
	}
	s.mu.Unlock()
	if followed {
		select {
		case s.credit <- struct{}{}:
		default:
		}
	}
}

// credits tells the store of looks of others.
func (s *spread) credits() {
	s.mu.Lock()
	looked := s.looked
	s.looked = make(map[gossip.Head]time.Time)
	s.mu.Unlock()
	for h, at := range looked {
		if id, ok := s.idOf(h.List); ok {
			s.n.store.LookedElsewhere(id, h.Digest, at)
		}
	}
}

// came notes how often a list is to be looked at that came from a member.
func (s *spread) came(out cache.Outcome) {
	switch out.Ref.ID.Kind {
	case artefact.Status, artefact.IdentifierList:
		s.setPeriod(out.Ref.ID, statusNext(s.n.opts.Config.Status)(out))
	}
}

func (s *spread) setPeriod(id artefact.ID, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.periods[id] = d
	if len(s.periods) > 2*len(s.lists)+1024 { // lists that are followed no longer
		followed := make(map[artefact.ID]bool, len(s.lists))
		for _, id := range s.lists {
			followed[id] = true
		}
		maps.DeleteFunc(s.periods, func(id artefact.ID, _ time.Duration) bool { return !followed[id] })
	}
}

// period is the time between looks at a list: what its last version asks for.
func (s *spread) period(id artefact.ID, otherwise time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d, ok := s.periods[id]; ok {
		return d
	}
	return otherwise
}

// ownLook is how often a node looks at a list itself: a share of its max_stale, and
// each node at another time.
func ownLook(maxStale time.Duration, id artefact.ID, node string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(string(id.Kind) + id.Name + "\x00" + node)) // a hash never fails
	jitter := 0.8 + 0.4*float64(h.Sum32())/(1<<32)
	return time.Duration(jitter * float64(maxStale) / ownLookShare)
}

// mayShare is told by the store, one call at a time. What lets more be judged is among
// what it tells of.
func (n *Node) mayShare() {
	if l := n.store.Learned(); l != n.learned {
		n.learned = l
		n.follower.Learned()
	}
	if n.cluster != nil {
		n.cluster.spread.mayDiffer()
	}
}
