package cache_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// shared returns what is shared of a list.
func (w *world) shared(id artefact.ID, at time.Time) (list []cache.Shared) {
	for _, sh := range w.store.Share(at) {
		if sh.ID == id {
			list = append(list, sh)
		}
	}
	return list
}

func loteID(name string) artefact.ID { return artefact.ID{Kind: artefact.LoTE, Name: name} }

// fromPeer admits bytes that a peer sent.
func (w *world) fromPeer(id artefact.ID, b []byte, at time.Time) (cache.Outcome, error) {
	return w.store.Admit(artefact.Raw{ID: id, Door: artefact.Peer, From: "b", Spread: time.Second, Bytes: b, At: at, Note: "a peer's"})
}

// All that is shared can be had, and nothing else can: no bundle, no list of lists, no
// list that could point at a person, and no version that has not soaked.
func TestShareAndBody(t *testing.T) {
	const soak = 30 * time.Second
	big, tiny, ids := "https://found.example/big", "https://found.example/tiny", "https://found.example/ids"
	prefetched := "https://prefetched.example/ids"
	for _, withDisk := range []bool{true, false} {
		change := func(_ *verifytest.World, o *cache.Options) {
			o.Soak, o.Status, o.Aggregations = soak, []string{prefetched}, []string{"https://agg.example/all"}
		}
		var w *world
		if withDisk {
			w = keptWorld(t, change).world
		} else {
			w = realWorld(t, change)
		}
		want := make(map[artefact.Digest]artefact.ID)
		never := make(map[string][]byte)
		w.loadAll(w.Now)
		w.loadCRLs(w.Now)
		agg := []byte(`{"status_lists":[]}`)
		w.must(w.admit(artefact.Aggregation, "https://agg.example/all", artefact.Origin, agg, w.Now))
		never["an aggregation"], never["a bundle"] = agg, w.EAA().Bundle()
		w.find(w.PID("DE"), big, tiny)
		w.store.Discover(lackingIDs(w, ids))
		w.store.FollowFound(w.Now)
		for uri, n := range map[string]int{big: cache.MinStored, tiny: cache.MinStored - 8} {
			b := w.token(w.PID("DE").NewStatusList(uri, 1, n), verifytest.FormJWT, w.Now, verifytest.TokenOptions{})
			w.admitStatus(uri, b, w.Now)
			if uri == tiny {
				never["a small list"] = b
			} else {
				want[artefact.Sum(b)] = statusID(uri)
			}
		}
		few := w.identifiers(w.MDL().IdentifierList(ids), w.Now, verifytest.IdentifierOptions{})
		w.must(w.admit(artefact.IdentifierList, ids, artefact.Origin, few, w.Now))
		never["a small identifier list that a credential named"] = few
		named := w.identifiers(w.MDL().IdentifierList(prefetched), w.Now, verifytest.IdentifierOptions{})
		w.must(w.admit(artefact.Status, prefetched, artefact.Origin, named, w.Now))
		want[artefact.Sum(named)] = idlistID(prefetched)
		for _, k := range w.store.Kept() {
			if k.CRL != nil {
				want[k.CRL.SHA256] = k.ID
			}
		}
		check := func(at time.Time) {
			t.Helper()
			got := make(map[artefact.Digest]artefact.ID)
			for _, sh := range w.store.Share(at) {
				got[sh.Digest] = sh.ID
				b, ok := w.store.Body(sh.Digest)
				if !ok || artefact.Sum(b) != sh.Digest || len(b) != sh.Size {
					t.Errorf("%v: body of %d bytes %v, announced %d", sh.ID, len(b), ok, sh.Size)
				}
				if open := sh.ID == statusID(big); sh.Open != open || sh.Minor {
					t.Errorf("%v: open %v minor %v", sh.ID, sh.Open, sh.Minor)
				}
				if !slices.Contains(w.store.HeldRefs(sh.ID), sh.Ref) || !w.store.Spreads(sh.ID) || !slices.Contains(w.store.Followed(), sh.ID) {
					t.Errorf("%v is shared, held %v, spreads %v", sh.ID, w.store.HeldRefs(sh.ID), w.store.Spreads(sh.ID))
				}
			}
			for d, id := range want {
				if got[d] != id {
					t.Errorf("disk %v: %v is not shared", withDisk, id)
				}
			}
			if len(got) != len(want) {
				t.Errorf("disk %v: %d are shared, want %d: %v", withDisk, len(got), len(want), got)
			}
			for what, b := range never {
				if _, ok := w.store.Body(artefact.Sum(b)); ok {
					t.Errorf("disk %v: %s can be had", withDisk, what)
				}
			}
		}
		check(w.Now.Add(soak - time.Second))
		for _, i := range w.store.Lists(w.Now) {
			if i.List == nil || i.Source.Type == artefact.Anchors {
				continue
			}
			if _, ok := w.store.Body(i.Ref.Digest); ok {
				t.Errorf("%s can be had before it has soaked", i.Source.Name)
			}
			want[i.Ref.Digest] = i.Source.ID()
		}
		check(w.Now.Add(soak))
		for _, id := range []artefact.ID{statusID(tiny), idlistID(ids), {Kind: artefact.Anchors, Name: "eaa"}, {Kind: artefact.Aggregation, Name: "https://agg.example/all"}} {
			if w.store.Spreads(id) || slices.Contains(w.store.Followed(), id) {
				t.Errorf("%v is named to others", id)
			}
		}
	}
}

// Whether a list that a credential led to is followed is told nobody before it is held.
func TestFollowedTellsNoCredential(t *testing.T) {
	prefetched := "https://prefetched.example/1"
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) { o.Status = []string{prefetched} })
	uri := "https://found.example/1"
	w.find(w.PID("DE"), uri)
	if w.store.Spreads(statusID(uri)) || slices.Contains(w.store.Followed(), statusID(uri)) {
		t.Error("a list that nothing is known of is named")
	}
	if !w.store.Spreads(statusID(prefetched)) || !slices.Contains(w.store.Followed(), statusID(prefetched)) {
		t.Error("one that the configuration names is not")
	}
	w.mustEntries(w.PID("DE"), uri, cache.MinStored, w.Now)
	if !w.store.Spreads(statusID(uri)) || !slices.Contains(w.store.Followed(), statusID(uri)) {
		t.Error("a list of a thousand entries is not")
	}
	w.mustEntries(w.PID("DE"), prefetched, cache.MinStored-8, w.Now)
	if w.store.Spreads(statusID(prefetched)) || slices.Contains(w.store.Followed(), statusID(prefetched)) {
		t.Error("a small list is")
	}
}

// Whatever is admitted, replaced, signed again or evicted, with a disk that works and
// one that does not: what is shared can be had until it is replaced, and nothing that is
// not shared can.
func TestShareProperty(t *testing.T) {
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Status, o.Soak = nil, time.Minute })
	k.loadAll(k.Now)
	rng := rand.New(rand.NewPCG(7, 7))
	list := uris("property", 6)
	k.find(k.PID("DE"), list...)
	all := make(map[artefact.Digest]bool) // that ever were
	at := k.Now
	note := func(b []byte) []byte { all[artefact.Sum(b)] = true; return b }
	seq := uint64(1)
	for step := range 150 {
		at = at.Add(time.Duration(rng.IntN(40)) * time.Second)
		door := []artefact.Door{artefact.Origin, artefact.Peer}[rng.IntN(2)]
		uri := list[rng.IntN(len(list))]
		switch rng.IntN(6) {
		case 0:
			seq += uint64(rng.IntN(2))
			_, _ = k.admit(artefact.LoTE, "pid", door, note(k.list("pid", verifytest.ListOptions{Sequence: seq})), at)
		case 1:
			k.store.OnlyForTestEvict(statusID(uri))
			k.find(k.PID("DE"), uri)
		case 2:
			k.fs.Fault([]func(disktest.Op, string) error{nil, disktest.ReadOnly}[rng.IntN(2)])
		default:
			n := []int{cache.MinStored, cache.MinStored - 8}[rng.IntN(2)]
			b := note(k.token(k.PID("DE").NewStatusList(uri, 1, n), verifytest.FormJWT, at.Add(-time.Duration(rng.IntN(3))*time.Second), verifytest.TokenOptions{}))
			_, _ = k.admit(artefact.Status, uri, door, b, at)
		}
		k.store.Tick(at)
		shared := make(map[artefact.Digest]bool)
		for _, sh := range k.store.Share(at) {
			shared[sh.Digest] = true
			if b, ok := k.store.Body(sh.Digest); !ok || artefact.Sum(b) != sh.Digest {
				t.Fatalf("step %d: %v is shared and cannot be had", step, sh.ID)
			}
		}
		for d := range all {
			if _, ok := k.store.Body(d); ok != shared[d] {
				t.Fatalf("step %d: %s: shared %v, to be had %v", step, d, shared[d], ok)
			}
		}
	}
}

// What was replaced can be had no more, although nobody asked what is shared since.
func TestBodyReplaced(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	old := k.shared(loteID("pid"), k.Now)[0]
	k.admitList("pid", verifytest.ListOptions{Sequence: 2}, k.Now)
	if _, ok := k.store.Body(old.Digest); ok {
		t.Error("a version that was replaced can be had")
	}
	k.restart(k.Now)
	next := k.info("pid", k.Now).Ref
	if _, ok := k.store.Body(next.Digest); ok {
		t.Error("to be had before it was named")
	}
	if sh := k.shared(loteID("pid"), k.Now); len(sh) != 1 || sh[0].Ref != next {
		t.Errorf("after a restart %+v, want %+v", sh, next)
	}
	if b, ok := k.store.Body(next.Digest); !ok || artefact.Sum(b) != next.Digest {
		t.Error("not to be had after a restart")
	}
}

// Two versions with one issue time are both shared, and so are two revocation lists with
// one number.
func TestShareContradiction(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	first := e.admit(0, w.Now, verifytest.TokenOptions{}).Ref
	second := e.admit(1, w.Now, verifytest.TokenOptions{}).Ref
	if got := w.shared(statusID(e.uri), w.Now); len(got) != 2 || got[0].Ref != first || got[1].Ref != second || got[0].Minor || got[1].Minor {
		t.Errorf("%+v", got)
	}
	de := w.PID("DE").CRL()
	w.must(w.admit(artefact.CRL, de.URL, artefact.Origin, w.crl(de, verifytest.CRLOptions{Number: big.NewInt(9), NextUpdate: w.Now.Add(day)}), w.Now))
	w.must(w.admit(artefact.CRL, de.URL, artefact.Origin, w.crl(de, verifytest.CRLOptions{Number: big.NewInt(9), NextUpdate: w.Now.Add(2 * day)}), w.Now))
	if got := w.shared(crlID(de.URL), w.Now); len(got) != 2 || got[0].Version != 9 || got[1].Version != 9 {
		t.Errorf("%+v", got)
	}
}

// A list that says what the one before it said is minor, whoever signed it and when.
func TestShareMinor(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	minor := func(what string, want bool) {
		t.Helper()
		if got := w.shared(statusID(e.uri), w.Now); len(got) != 1 || got[0].Minor != want {
			t.Errorf("%s: %+v", what, got)
		}
	}
	e.admit(0, w.Now.Add(-time.Minute), verifytest.TokenOptions{})
	minor("the first", false)
	e.admit(0, w.Now.Add(-50*time.Second), verifytest.TokenOptions{})
	minor("signed again", true)
	e.admit(1, w.Now.Add(-40*time.Second), verifytest.TokenOptions{})
	minor("an entry is another", false)
	e.admit(1, w.Now.Add(-30*time.Second), verifytest.TokenOptions{})
	minor("signed again", true)

	twice := signatures(2, func() []byte { return w.list("pid", verifytest.ListOptions{Sequence: 2}) })
	for i, b := range twice {
		w.must(w.admit(artefact.LoTE, "pid", artefact.Origin, b, w.Now))
		if sh := w.shared(loteID("pid"), w.Now)[0]; sh.Digest != artefact.Sum(b) || sh.Minor != (i > 0) {
			t.Errorf("signature %d of a list: %+v", i, sh)
		}
	}
}

// signatures are n over the same content, each preferred to the one before it.
func signatures(n int, sign func() []byte) (list [][]byte) {
	for range n {
		list = append(list, sign())
	}
	slices.SortFunc(list, func(a, b []byte) int {
		return strings.Compare(artefact.Sum(b).String(), artefact.Sum(a).String())
	})
	return list
}

// A list of identifiers is never minor: what left and what came is not compared.
func TestShareMinorIdentifiers(t *testing.T) {
	w := loaded(t, none)
	uri := "https://ids.example/1"
	w.store.Discover(lackingIDs(w, uri))
	w.store.FollowFound(w.Now)
	l := longList(w.MDL(), uri)
	for i := range 2 {
		w.must(w.admit(artefact.IdentifierList, uri, artefact.Origin, w.identifiers(l, w.Now.Add(time.Duration(i-5)*time.Second), verifytest.IdentifierOptions{}), w.Now))
		l.Revoke([]byte("another"))
	}
	if got := w.shared(idlistID(uri), w.Now); len(got) != 1 || got[0].Minor || !got[0].Open {
		t.Errorf("%+v", got)
	}
}

// Soaking is for what came from an origin: what a peer sent or an operator published may
// be announced at once, also if the origin's copy of it soaks still.
func TestSoakByDoor(t *testing.T) {
	const soak = 30 * time.Second
	for door, want := range map[artefact.Door]bool{artefact.Origin: false, artefact.Peer: true, artefact.Publish: true} {
		w := realWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Soak = soak })
		b := w.list("pid", verifytest.ListOptions{})
		w.must(w.admit(artefact.LoTE, "pid", door, b, w.Now))
		if got := len(w.shared(loteID("pid"), w.Now)) > 0; got != want || w.info("pid", w.Now).SoaksUntil.IsZero() != want {
			t.Errorf("by %s: shared %v", door, got)
		}
		w.must(w.admit(artefact.LoTE, "pid", artefact.Peer, b, w.Now.Add(time.Second)))
		if len(w.shared(loteID("pid"), w.Now.Add(time.Second))) == 0 {
			t.Errorf("by %s, and then by a peer: not shared", door)
		}
	}
}

// Pivots are shared, and those that are wanted are named; a peer's list may name more,
// which are named to others and never fetched.
func TestSharePivots(t *testing.T) {
	r := rolledWorld(t)
	id := artefact.PivotID(lotl, r.url)
	sh := r.shared(id, r.Now)
	if len(sh) != 1 || sh[0].Version != 2 || sh[0].Open {
		t.Fatalf("%+v", sh)
	}
	if b, ok := r.store.Body(sh[0].Digest); !ok || artefact.Sum(b) != sh[0].Digest {
		t.Error("a pivot cannot be had")
	}
	if refs := r.store.HeldRefs(id); len(refs) != 1 || refs[0] != sh[0].Ref || r.store.Spreads(id) || slices.Contains(r.store.Followed(), id) {
		t.Errorf("%v; a pivot that is held has no looks", refs)
	}
	next := r.ListBase + "/eu-lotl-pivot-4.xml"
	third := r.listSigner(r.Now.Add(-time.Hour), r.Now.Add(10*day))
	b := r.lotl(verifytest.LOTLOptions{Sequence: 5, Signer: third, Pivots: []string{next, r.url}})
	_, err := r.fromPeer(artefact.ID{Kind: artefact.LOTL, Name: lotl}, b, r.Now)
	wantCode(t, "a peer's list whose pivot is not held", err, "trustlist_pivot_broken")
	if !cache.Waits(err) || !slices.Contains(r.store.Followed(), artefact.PivotID(lotl, next)) {
		t.Errorf("%v; followed %v", err, r.store.Followed())
	}
	if w := r.store.Wanted(lotl); len(w) > 0 {
		t.Errorf("a peer has this node fetch %v", w)
	}
	learned := r.store.Learned()
	pivot := r.lotl(verifytest.LOTLOptions{Sequence: 4, Signer: r.second, SelfSigners: []*verifytest.Key{third}, Pivots: []string{next, r.url}})
	r.must(r.fromPeer(artefact.PivotID(lotl, next), pivot, r.Now))
	if r.store.Learned() == learned || slices.Contains(r.store.Followed(), artefact.PivotID(lotl, next)) {
		t.Error("nothing was learned from a pivot")
	}
	r.must(r.fromPeer(artefact.ID{Kind: artefact.LOTL, Name: lotl}, b, r.Now))
}

// Peers that name ever other pivots fill no memory.
func TestOfferedPivotsBounded(t *testing.T) {
	r := rolledWorld(t)
	for i := range 200 {
		b := r.lotl(verifytest.LOTLOptions{Sequence: 5, Pivots: []string{uris("pivot", i+1)[i], r.url}})
		_, _ = r.fromPeer(artefact.ID{Kind: artefact.LOTL, Name: lotl}, b, r.Now)
	}
	n := 0
	for _, id := range r.store.Followed() {
		if id.Kind == artefact.Pivot {
			n++
		}
	}
	if last := artefact.PivotID(lotl, uris("pivot", 200)[199]); n != 2*cache.MaxPivots || !slices.Contains(r.store.Followed(), last) {
		t.Errorf("%d pivots are named", n)
	}
}

// The end of a soak that begins and ends between two Ticks is told of at the second.
func TestShortSoakTold(t *testing.T) {
	const soak = time.Second
	var told atomic.Int64
	w := realWorld(t, func(_ *verifytest.World, o *cache.Options) {
		o.Soak = soak
		o.Shared = func() { told.Add(1) }
	})
	w.store.Tick(w.Now)
	w.admitList("pid", verifytest.ListOptions{}, w.Now)
	was := told.Load()
	w.store.Tick(w.Now.Add(5 * soak))
	if len(w.shared(loteID("pid"), w.Now.Add(5*soak))) != 1 || told.Load() == was {
		t.Error("nobody was told")
	}
}

// Whoever announces is told, too, of what is followed since it was found or is wanted.
func TestFollowedTold(t *testing.T) {
	var told atomic.Int64
	w := realWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Shared = func() { told.Add(1) } })
	w.loadNational(w.Now)
	w.must(w.admit(artefact.LoTE, "pid", artefact.Origin, w.list("pid", verifytest.ListOptions{}), w.Now))
	change := func(what string, id artefact.ID, do func()) {
		t.Helper()
		was := told.Load()
		do()
		if !slices.Contains(w.store.Followed(), id) {
			t.Fatalf("%s: not followed", what)
		}
		if told.Load() == was {
			t.Errorf("%s: nobody was told", what)
		}
	}
	const url = "https://crl.example/found.crl"
	for what, a := range map[string]*verifytest.Authority{"a revocation list": w.PID("DE"), "another who may sign it": w.PID("FR")} {
		change(what, crlID(url), func() {
			w.store.Discover([]verify.Lacking{{URI: url, Anchor: w.under(a), Issuer: a.CA.Cert}})
			w.store.FollowFound(w.Now)
		})
	}
	pivot := w.ListBase + "/pivot-1.xml"
	second := w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(day))
	change("a pivot", artefact.PivotID(lotl, pivot), func() {
		b := w.lotl(verifytest.LOTLOptions{Sequence: 5, Signer: second, Pivots: []string{pivot}})
		w.refuse(artefact.LOTL, lotl, artefact.Origin, b, w.Now, reason.TrustListPivotBroken)
	})
}

// Whoever announces is told of every change of what is shared: once it is durable, once
// it has soaked, and when a list is followed or leaves.
func TestSharedTold(t *testing.T) {
	const soak = 30 * time.Second
	var told atomic.Int64
	var mu sync.Mutex
	var store *cache.Store
	var last []cache.Shared
	at := time.Now()
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.Soak = nil, soak
		o.Shared = func() {
			told.Add(1)
			mu.Lock()
			defer mu.Unlock()
			if store != nil {
				last = store.Share(at)
			}
		}
	})
	at = k.Now
	mu.Lock()
	store = k.store
	mu.Unlock()
	same := func(what string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		now := store.Share(at)
		key := func(a []cache.Shared) map[artefact.Digest]bool {
			m := make(map[artefact.Digest]bool)
			for _, sh := range a {
				m[sh.Digest] = true
			}
			return m
		}
		was, is := key(last), key(now)
		for d := range is {
			if !was[d] {
				t.Errorf("%s: nobody was told", what)
			}
		}
		if len(was) != len(is) {
			t.Errorf("%s: nobody was told of what is shared no more", what)
		}
	}
	change := func(what string, do func()) {
		t.Helper()
		was := told.Load()
		do()
		same(what)
		if told.Load() == was {
			t.Errorf("%s: not told", what)
		}
	}
	k.loadAll(k.Now)
	change("soaked", func() { k.store.Tick(at); at = at.Add(soak); k.store.Tick(at) })
	change("a new version", func() { k.admitList("pid", verifytest.ListOptions{Sequence: 2}, at) })
	k.store.Tick(at)
	change("a status list is followed", func() { k.find(k.PID("DE"), "https://found.example/1") })
	change("and admitted", func() { k.mustEntriesAt(k.PID("DE"), "https://found.example/1", cache.MinStored, at) })
	change("and evicted", func() { k.store.OnlyForTestEvict(statusID("https://found.example/1")); k.store.Tick(at) })
	k.fs.Fault(disktest.ReadOnly)
	k.must(k.admit(artefact.LoTE, "pid", artefact.Publish, k.list("pid", verifytest.ListOptions{Sequence: 3}), at))
	k.store.Tick(at)
	if len(k.shared(loteID("pid"), at)) > 0 {
		t.Error("shared, and not durable")
	}
	k.fs.Fault(nil)
	change("durable after the disk had failed", func() { k.store.Tick(at) })
	was := told.Load()
	k.store.Tick(at.Add(time.Second))
	if told.Load() != was {
		t.Error("told of nothing")
	}
}

// Other nodes' looks keep a list from going stale, if they saw what is held, and from
// nothing else: how long it may be relied on at most, own looks say.
func TestLookedElsewhere(t *testing.T) {
	const stale, most = 24 * time.Hour, 7 * 24 * time.Hour
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) { o.StaleAfter, o.MaxStale = stale, most })
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, NextUpdate: w.Now.Add(30 * day)}, w.Now)
	state := func(after time.Duration) cache.State { return w.info("pid", w.Now.Add(after)).State }
	if a, b := state(stale-time.Second), state(stale); a != verify.Fresh || b != verify.Stale {
		t.Fatalf("%s, then %s", a, b)
	}
	ref := w.info("pid", w.Now).Ref
	w.store.LookedElsewhere(ref.ID, artefact.Sum([]byte("another")), w.Now.Add(time.Hour))
	w.store.LookedElsewhere(artefact.ID{Kind: artefact.TL, Name: "pid"}, ref.Digest, w.Now.Add(time.Hour))
	w.store.LookedElsewhere(loteID("nobody's"), ref.Digest, w.Now.Add(time.Hour))
	if got := state(stale); got != verify.Stale {
		t.Errorf("%s after others saw another version", got)
	}
	for after := time.Hour; after <= most; after += 12 * time.Hour {
		w.store.LookedElsewhere(ref.ID, ref.Digest, w.Now.Add(after))
		w.store.LookedElsewhere(ref.ID, ref.Digest, w.Now.Add(after-time.Hour)) // comes late
		if a, b := state(min(after+stale, most)-time.Second), state(after+stale); a != verify.Fresh || b == verify.Fresh {
			t.Errorf("seen by others after %v: %s, then %s", after, a, b)
		}
		own, others := w.store.Looks(ref.ID)
		if !own.Equal(w.Now) || !others.Equal(w.Now.Add(after)) {
			t.Errorf("looks %v and %v", own, others)
		}
	}
	if a, b := state(most-time.Second), state(most); a != verify.Fresh || b != verify.Expired {
		t.Errorf("%s, then %s, without a look of its own", a, b)
	}
	if got := w.info("pid", w.Now).LookedAt; !got.Equal(w.Now) {
		t.Errorf("looked at %v", got)
	}
	w.store.Looked(ref.ID, w.Now.Add(most))
	if got := state(most + stale - time.Second); got != verify.Fresh {
		t.Errorf("%s after a look of its own", got)
	}
}

// A failed look is told of until somebody has seen the origin since.
func TestLookedElsewhereEndsFailure(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	st := e.admit(0, w.Now, verifytest.TokenOptions{}).Ref
	pid := w.info("pid", w.Now).Ref
	for _, ref := range []artefact.Ref{st, pid} {
		failed := func() bool {
			if k, ok := w.keptInfo(ref.ID); ok {
				return k.Failure != nil
			}
			return w.info("pid", w.Now).Failure != nil
		}
		w.store.Failed(ref.ID, w.Now.Add(time.Minute), errTest)
		w.store.LookedElsewhere(ref.ID, ref.Digest, w.Now.Add(time.Minute))
		if !failed() {
			t.Errorf("%v: forgotten by a look before it", ref.ID)
		}
		w.store.LookedElsewhere(ref.ID, ref.Digest, w.Now.Add(time.Minute+time.Second))
		if own, others := w.store.Looks(ref.ID); failed() || !own.Equal(w.Now) || !others.Equal(w.Now.Add(time.Minute+time.Second)) {
			t.Errorf("%v: failed %v, looks %v %v", ref.ID, failed(), own, others)
		}
	}
	if got := w.store.StatusToken(e.uri)[0].Received; !got.Equal(w.Now.Add(time.Minute + time.Second)) {
		t.Errorf("received %v", got)
	}
	if own, others := w.store.Looks(statusID("https://nobody.example")); !own.IsZero() || !others.IsZero() {
		t.Error("looks at a list that nobody follows")
	}
	w.store.LookedElsewhere(statusID("https://nobody.example"), st.Digest, w.Now)
}
