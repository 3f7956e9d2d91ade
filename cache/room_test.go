package cache_test

import (
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// What a one-bit list of so many entries takes: its bytes, and what every list does.
const (
	listEntries = 1 << 16
	listBytes   = listEntries/8 + 1<<10
)

// use has a list used at a time.
func (w *world) use(uri string, at time.Time) {
	w.store.Tick(at)
	w.store.View().Status(statuslist.StatusList, uri)
}

func (w *world) holds(uri string) bool {
	k, _ := w.keptInfo(statusID(uri))
	return k.Token != nil
}

// roomWorld has memory for so many lists, and a disk, so that bytes as received take
// nothing.
func roomWorld(t testing.TB, lists int, change func(*cache.Options)) *kept {
	t.Helper()
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.MaxMemory = nil, int64(lists)*listBytes
		if change != nil {
			change(o)
		}
	})
	k.loadAll(k.Now)
	k.events = nil
	return k
}

// Who was not used for longest leaves first; who was used within the hour stays.
func TestEvictionOrder(t *testing.T) {
	k := roomWorld(t, 4, nil)
	list := uris("found", 4)
	for i, a := range []*verifytest.Authority{k.PID("DE"), k.PID("DE"), k.PID("FR"), k.PID("FR")} {
		k.find(a, list[i])
		k.mustEntries(a, list[i], listEntries, k.Now)
	}
	k.use(list[2], k.Now.Add(time.Minute))
	k.use(list[0], k.Now.Add(2*time.Minute))
	k.use(list[3], k.Now.Add(3*time.Minute))
	k.use(list[1], k.Now.Add(4*time.Minute))
	later := k.Now.Add(2*time.Minute + cache.RecentUse) // for 0 and 2 the hour is over
	k.store.Tick(later)
	next := uris("next", 3)
	for i, gone := range []string{list[2], list[0]} {
		k.find(k.MDL(), next[i])
		if _, err := k.entries(k.MDL(), next[i], listEntries, k.Now); err != nil || k.holds(gone) || k.followed(statusID(gone)) != "" {
			t.Errorf("list %d: %v; %s stayed", i, err, gone)
		}
		k.use(next[i], later)
	}
	_, err := k.entries(k.PID("DE"), list[1], 2*listEntries, k.Now.Add(time.Second))
	wantCode(t, "an update that grows, where all were used lately", err, reason.StatusMemoryFull)
	for _, uri := range []string{list[1], list[3], next[0], next[1]} {
		if !k.holds(uri) {
			t.Errorf("%s has left", uri)
		}
	}
	sum := k.store.StatusLists(later)
	if sum.Evicted != 2 || sum.Refused != 1 || sum.Held != 4 || sum.Used != sum.Max || count(k.events, cache.StatusEvicted) != 2 || count(k.events, cache.StatusFull) != 1 {
		t.Errorf("%+v, %d and %d events", sum, count(k.events, cache.StatusEvicted), count(k.events, cache.StatusFull))
	}
	k.wantAccounts("after evictions")
}

// A list that a credential named a moment ago is not the first to leave: it was used
// last, if not yet looked up.
func TestFoundIsUsed(t *testing.T) {
	k := roomWorld(t, 4, nil)
	list := uris("found", 3)
	for i, uri := range list {
		at := k.Now.Add(time.Duration(i) * time.Minute)
		k.store.Tick(at)
		k.store.Discover(k.lacking(k.PID("DE"), uri))
		k.store.FollowFound(at)
		k.mustEntries(k.PID("DE"), uri, listEntries, k.Now)
		if i == 0 {
			k.use(uri, at)
		}
	}
	if !k.holds(list[0]) {
		t.Error("a list that was used lately has left")
	}
	if k.holds(list[1]) || !k.holds(list[2]) { // its issuer may have two
		t.Error("the newest list left first")
	}
}

// What the configuration names never leaves, and has others leave.
func TestPrefetchedStays(t *testing.T) {
	prefetched := uris("prefetched", 4)
	k := roomWorld(t, 4, func(o *cache.Options) { o.Status = prefetched })
	found := uris("found", 2)
	k.find(k.PID("DE"), found...)
	for _, uri := range found {
		k.mustEntries(k.PID("DE"), uri, listEntries, k.Now)
	}
	for _, uri := range prefetched {
		k.mustEntries(k.PID("FR"), uri, listEntries, k.Now)
	}
	for _, uri := range found {
		if k.holds(uri) {
			t.Errorf("%s stayed", uri)
		}
	}
	k.store.Tick(k.Now.Add(day))
	k.find(k.PID("DE"), found[0])
	_, err := k.entries(k.PID("DE"), found[0], listEntries, k.Now)
	wantCode(t, "found, where all memory is taken by what is configured", err, reason.StatusMemoryFull)
	_, err = k.entries(k.PID("FR"), prefetched[0], 2*listEntries, k.Now.Add(time.Second))
	wantCode(t, "an update that grows", err, reason.StatusMemoryFull)
	// One that does not grow is always taken in.
	k.mustEntries(k.PID("FR"), prefetched[0], listEntries, k.Now.Add(2*time.Second))
	k.wantAccounts("full")
}

// A list that a list of lists alone names takes what is free; once a credential named
// it, others leave for it.
func TestAggregatedTakesWhatIsFree(t *testing.T) {
	k := roomWorld(t, 4, func(o *cache.Options) { o.Aggregations = []string{aggregation} })
	found := uris("found", 3)
	k.find(k.PID("DE"), found[:2]...)
	k.find(k.PID("FR"), found[2])
	k.mustEntries(k.PID("DE"), found[0], listEntries, k.Now)
	k.mustEntries(k.PID("DE"), found[1], listEntries, k.Now)
	k.mustEntries(k.PID("FR"), found[2], listEntries, k.Now)
	named := uris("a", 2)
	k.must(k.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, named[0], named[1]), k.Now))
	k.mustEntries(k.MDL(), named[0], listEntries, k.Now)
	_, err := k.entries(k.MDL(), named[1], listEntries, k.Now)
	wantCode(t, "no room is free", err, reason.StatusMemoryFull)
	k.use(named[1], k.Now)
	k.mustEntries(k.MDL(), named[1], listEntries, k.Now)
	if k.holds(named[0]) {
		t.Error("the list that nobody ever used stayed")
	}
	k.wantAccounts("full")
}

// One issuer's lists take at most half, and its own leave when there are more; those of
// others stay.
func TestOwnerShare(t *testing.T) {
	k := roomWorld(t, 4, nil)
	k.find(k.PID("FR"), "https://fr.example/1")
	k.mustEntries(k.PID("FR"), "https://fr.example/1", listEntries, k.Now)
	list := uris("de", 4)
	for i, uri := range list {
		k.find(k.PID("DE"), uri)
		k.mustEntries(k.PID("DE"), uri, listEntries, k.Now.Add(time.Duration(i)*time.Second))
	}
	held := slices.DeleteFunc(slices.Clone(list), func(uri string) bool { return !k.holds(uri) })
	if len(held) != 2 || !k.holds("https://fr.example/1") {
		t.Errorf("%v", held)
	}
	for _, uri := range held {
		k.use(uri, k.Now)
	}
	k.find(k.PID("DE"), "https://de.example/x")
	_, err := k.entries(k.PID("DE"), "https://de.example/x", listEntries, k.Now)
	wantCode(t, "past the share, all used lately", err, reason.StatusMemoryFull)
	_, err = k.entries(k.PID("DE"), held[0], 8*listEntries, k.Now.Add(time.Minute))
	wantCode(t, "an update past the share", err, reason.StatusMemoryFull)
	if !k.holds(held[0]) || !k.holds(held[1]) {
		t.Error("a refusal had a list leave")
	}
	k.wantAccounts("past the share")
}

// Where all that could leave is not enough, nobody leaves.
func TestNobodyLeavesInVain(t *testing.T) {
	k := roomWorld(t, 4, func(o *cache.Options) { o.Status = []string{"https://big.example"} })
	list := uris("found", 3)
	for i, a := range []*verifytest.Authority{k.PID("DE"), k.PID("FR"), k.MDL()} {
		k.find(a, list[i])
		k.mustEntries(a, list[i], listEntries, k.Now)
	}
	k.use(list[2], k.Now)
	_, err := k.entries(k.PID("DE"), "https://big.example", 4*listEntries, k.Now)
	wantCode(t, "four times the size", err, reason.StatusMemoryFull)
	for _, uri := range list {
		if !k.holds(uri) {
			t.Errorf("%s left for nothing", uri)
		}
	}
}

// An authority's revocation list has status lists leave, and never leaves.
func TestCRLMakesRoom(t *testing.T) {
	k := roomWorld(t, 2, nil)
	de, fr := k.PID("DE"), k.PID("FR")
	k.find(fr, "https://fr.example/1")
	k.mustEntries(fr, "https://fr.example/1", listEntries, k.Now)
	k.followCRL(de)
	for i := range 600 {
		c := *de.Signer.Cert
		c.SerialNumber = big.NewInt(int64(i) + 1_000_000)
		de.CRL().Revoke(&c)
	}
	k.must(k.admit(artefact.CRL, de.CRL().URL, artefact.Origin, k.crl(de.CRL(), verifytest.CRLOptions{}), k.Now))
	if k.holds("https://fr.example/1") {
		t.Errorf("the list that nobody used stayed: %+v", k.store.StatusLists(k.Now))
	}
	k.find(fr, "https://fr.example/1")
	_, err := k.entries(fr, "https://fr.example/1", listEntries, k.Now)
	wantCode(t, "beside the revocation list", err, reason.StatusMemoryFull)
	if sum := k.store.StatusLists(k.Now); sum.CRLsHeld != 1 || sum.Used > sum.Max {
		t.Errorf("%+v", sum)
	}
	k.wantAccounts("with a revocation list")
}

// With half the memory that is needed half of the lists are held, each that does not
// find room says so, and of all this there is one line of the log and one event in an
// hour.
func TestHalfTheMemory(t *testing.T) {
	k := roomWorld(t, 8, nil)
	var list []string
	for i, a := range []*verifytest.Authority{k.PID("DE"), k.PID("FR"), k.MDL(), k.PubEAA()} {
		for j := range 4 {
			uri := fmt.Sprintf("https://%d.example/%d", i, j)
			list = append(list, uri)
			k.find(a, uri)
			_, err := k.entries(a, uri, listEntries, k.Now)
			if err == nil {
				k.use(uri, k.Now) // as each of them is needed
			} else {
				wantCode(t, uri, err, reason.StatusMemoryFull)
			}
		}
	}
	sum := k.store.StatusLists(k.Now)
	if sum.Held != 8 || sum.Followed != 16 || sum.Refused != 8 || sum.Evicted != 0 || sum.Used != sum.Max || count(k.events, cache.StatusFull) != 1 {
		t.Errorf("%+v, %d events", sum, count(k.events, cache.StatusFull))
	}
	slot := k.store.View().Status(statuslist.StatusList, list[15])
	if len(slot.Tokens) > 0 || slot.Refused != reason.StatusMemoryFull {
		t.Errorf("what found no room says %q", slot.Refused)
	}
	k.store.Tick(k.Now.Add(cache.RecentUse))
	k.mustEntries(k.PubEAA(), list[15], listEntries, k.Now) // by now others may leave
	k.wantAccounts("with half the memory")
}

// Whatever comes in whatever order, with a disk and without, the accounts are what is
// taken; what is configured and what was used lately never leaves; nothing takes more
// than it may.
func TestAccountsProperty(t *testing.T) {
	prefetched, found, named := uris("prefetched", 3), uris("found", 8), uris("a", 4)
	k := roomWorld(t, 7, func(o *cache.Options) { o.Status, o.Aggregations = prefetched, []string{aggregation} })
	all := slices.Concat(prefetched, found, named)
	by := []*verifytest.Authority{k.PID("DE"), k.PID("FR"), k.MDL()}
	sizes := []int{8, 992, 4096, listEntries, 2 * listEntries}
	tokens := make(map[string][]byte) // signatures take long
	token := func(a *verifytest.Authority, uri string, size, second int) []byte {
		key := fmt.Sprint(a.ID, uri, size, second)
		if tokens[key] == nil {
			l := a.NewStatusList(uri, 1, size)
			_ = l.Set(uint64(size-1), 1)
			tokens[key] = k.token(l, verifytest.FormJWT, k.Now.Add(time.Duration(second-60)*time.Second), verifytest.TokenOptions{})
		}
		return tokens[key]
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := *k
		inner := *k.world
		w.world = &inner
		w.fs = k.fs.Restart()
		w.start(k.Now)
		if rapid.Bool().Draw(rt, "without a disk") {
			w.store = cache.New(w.opts, k.Now)
		}
		w.admitList("pid", verifytest.ListOptions{}, k.Now)
		w.admitList("mdl", verifytest.ListOptions{}, k.Now)
		at := k.Now
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			stays := make(map[artefact.ID]bool)
			for _, i := range w.store.Kept() {
				if i.Token != nil && (i.Came == cache.Prefetched || w.store.OnlyForTestUsedLately(i.ID)) {
					stays[i.ID] = true
				}
			}
			uri := rapid.SampledFrom(all).Draw(rt, "list")
			a := rapid.SampledFrom(by).Draw(rt, "issuer")
			switch rapid.IntRange(0, 9).Draw(rt, "act") {
			case 0:
				if slices.Contains(found, uri) {
					w.store.Discover(w.lacking(a, uri))
					w.store.FollowFound(at)
				}
			case 1:
				w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, named[0], named[1], named[2], named[3]), at))
			case 2:
				w.use(uri, at)
			case 3:
				at = at.Add(time.Duration(rapid.IntRange(1, 70).Draw(rt, "minutes")) * time.Minute)
				w.store.Tick(at)
			default:
				b := token(a, uri, rapid.SampledFrom(sizes).Draw(rt, "size"), rapid.IntRange(0, 6).Draw(rt, "second"))
				_, _ = w.store.Admit(artefact.Raw{ID: statusID(uri), Door: artefact.Origin, Bytes: b, At: k.Now})
			}
			for _, fault := range w.store.OnlyForTestAccounts() {
				rt.Error(fault)
			}
			sum := w.store.StatusLists(at)
			if sum.Used > sum.Max {
				rt.Errorf("%d bytes are used of %d", sum.Used, sum.Max)
			}
			for _, i := range w.store.Kept() {
				if i.Token != nil {
					delete(stays, i.ID)
				}
			}
			if len(stays) > 0 {
				rt.Errorf("left: %v", stays)
			}
		}
		if d, ok := w.store.Disk(); ok && d.Err == nil {
			before := w.store.StatusLists(at)
			w.fs = w.fs.Restart()
			w.start(at)
			for _, fault := range w.store.OnlyForTestAccounts() {
				rt.Errorf("after a restart: %s", fault)
			}
			if got := w.store.StatusLists(at); got.Used > got.Max || got.Held > before.Held {
				rt.Errorf("after a restart: %+v, was %+v", got, before)
			}
		}
	})
}
