package node

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
	"github.com/edgetrust/edgetrust/node/admin"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// spreadWorld is a spread over a store that trusts the PID providers of a World.
type spreadWorld struct {
	*verifytest.World
	t *testing.T
	*spread
	told []string
}

const prefetchedURI, listEntries = "https://status.example/1", 4096

func newSpreadWorld(t *testing.T, soak time.Duration) *spreadWorld {
	t.Helper()
	vw, err := verifytest.NewAt(time.Now(), verifytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &spreadWorld{World: vw, t: t}
	n := &Node{
		opts: Options{Config: config.Default()}, log: slog.New(slog.DiscardHandler), metrics: newMetrics("test"), restored: make(chan struct{}),
		store: cache.New(cache.Options{
			Sources: []cache.Source{
				{Name: "pid", Type: artefact.LoTE, Profile: "pid", URL: "https://lists.example/pid", Signers: []*x509.Certificate{vw.Operator.Cert}},
				{Name: "wallet", Type: artefact.LoTE, Profile: "wallet", URL: "https://lists.example/wallet", Signers: []*x509.Certificate{vw.Operator.Cert}},
			},
			Status: []string{prefetchedURI}, Soak: soak, UnsafeTestAnchors: true, Permit: func(artefact.ID) bool { return true },
		}, time.Now()),
	}
	close(n.restored)
	w.spread = newSpread(n)
	n.cluster = &cluster{n: n, spread: w.spread}
	return w
}

func (w *spreadWorld) Follow(ids []gossip.ListID) {
	w.told = append(w.told, fmt.Sprintf("follow %d", len(ids)))
}
func (w *spreadWorld) Hold(h gossip.Held)    { w.told = append(w.told, fmt.Sprintf("hold %d", h.Version)) }
func (w *spreadWorld) Release(gossip.ListID) { w.told = append(w.told, "release") }
func (w *spreadWorld) Retry()                {}

// tells compares what is held with what was told, and wants just that to be told.
func (w *spreadWorld) tells(what string, want ...string) {
	w.t.Helper()
	w.told = nil
	w.compare(w, false)
	if !slices.Equal(w.told, want) {
		w.t.Errorf("%s: told %v, want %v", what, w.told, want)
	}
}

func (w *spreadWorld) admit(id artefact.ID, door artefact.Door, b []byte) {
	w.t.Helper()
	if _, err := w.n.store.Admit(artefact.Raw{ID: id, Door: door, Bytes: b, At: time.Now()}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *spreadWorld) lote(profile string, sequence uint64) []byte {
	w.t.Helper()
	b, err := w.LoTE(profile, verifytest.ListOptions{Sequence: sequence})
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// token is a status list of so many entries, signed so long ago.
func (w *spreadWorld) token(uri string, entries int, ago time.Duration) []byte {
	w.t.Helper()
	b, err := w.PID("DE").NewStatusList(uri, 1, entries).Token(verifytest.FormJWT, time.Now().Add(-ago), verifytest.TokenOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// resigned is what make makes, once more, with a digest that is lower or higher than
// that of some bytes.
func resigned(b []byte, lower bool, again func() []byte) []byte {
	was := artefact.Sum(b)
	for {
		next := again()
		if sum := artefact.Sum(next); (bytes.Compare(sum[:], was[:]) < 0) == lower && sum != was {
			return next
		}
	}
}

var pidList = artefact.ID{Kind: artefact.LoTE, Name: "pid"}

// Of what is held the others are told just what they may have, when they may.
func TestCompare(t *testing.T) {
	t.Run("newer", func(t *testing.T) {
		w := newSpreadWorld(t, 0)
		w.tells("nothing held")
		w.admit(pidList, artefact.Origin, w.lote("pid", 3))
		w.tells("the first", "hold 3")
		w.tells("the same")
		w.admit(pidList, artefact.Origin, w.lote("pid", 4))
		w.tells("newer", "hold 4")
	})
	t.Run("signed again", func(t *testing.T) {
		w := newSpreadWorld(t, 0)
		b := w.lote("pid", 3)
		again := func() []byte { return w.lote("pid", 3) }
		w.admit(pidList, artefact.Origin, b)
		w.tells("the first", "hold 3")
		w.admit(pidList, artefact.Origin, resigned(b, false, again))
		w.tells("with a higher digest")
		w.admit(pidList, artefact.Origin, resigned(b, true, again))
		w.tells("with a lower digest", "release", "hold 3")
	})
	t.Run("reset", func(t *testing.T) {
		w := newSpreadWorld(t, 0)
		w.admit(pidList, artefact.Origin, w.lote("pid", 9))
		w.tells("the first", "hold 9")
		if _, err := w.n.store.Reset("pid"); err != nil {
			t.Fatal(err)
		}
		w.tells("reset, and still in force")
		w.admit(pidList, artefact.Origin, w.lote("pid", 2))
		w.tells("begun again", "release", "hold 2")
	})
	t.Run("soak", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newSpreadWorld(t, 30*time.Second)
			w.admit(pidList, artefact.Peer, w.lote("pid", 3))
			w.tells("a peer's", "hold 3")
			w.admit(pidList, artefact.Origin, w.lote("pid", 4))
			w.tells("soaking", "release")
			w.holds("soaking", pidList, "4 soaking")
			time.Sleep(29 * time.Second)
			w.tells("still soaking")
			time.Sleep(2 * time.Second)
			w.tells("soaked", "hold 4")
			w.holds("soaked", pidList, "4")
		})
	})
	t.Run("status lists", func(t *testing.T) {
		w := newSpreadWorld(t, 0)
		w.admit(pidList, artefact.Origin, w.lote("pid", 3))
		w.tells("the trust list", "hold 3")
		id := artefact.ID{Kind: artefact.Status, Name: prefetchedURI}
		w.admit(id, artefact.Origin, w.token(id.Name, cache.MinStored-8, time.Hour))
		w.tells("of few entries")
		w.holds("of few entries", id)
		w.admit(id, artefact.Origin, w.token(id.Name, listEntries, time.Minute))
		if len(w.compared()) != 1 {
			t.Errorf("of many entries: told %v", w.told)
		}
		w.holds("of many entries", id, fmt.Sprint(w.n.store.HeldRefs(id)[0].Version))
		w.admit(id, artefact.Origin, w.token(id.Name, cache.MinStored-8, 0))
		w.tells("of few entries again", "release")
	})
}

// holds asks what is held of a list, as another member does.
func (w *spreadWorld) holds(what string, id artefact.ID, want ...string) {
	w.t.Helper()
	w.follow(w)
	var got []string
	for _, h := range w.held([]gossip.ListID{gossip.IDOf(id), {9}}) {
		s := fmt.Sprint(h.Version)
		if h.Soaks {
			s += " soaking"
		}
		got = append(got, s)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: says that it holds %q, want %q", what, got, want)
	}
}

func (w *spreadWorld) compared() []string {
	w.told = nil
	w.compare(w, false)
	return w.told
}

// What is heard of is worth a pull only if it is of a list that is followed, or may come
// to be, of its sort, and not of the future.
func TestPlausible(t *testing.T) {
	w := newSpreadWorld(t, 0)
	now := time.Now()
	identifiers := artefact.ID{Kind: artefact.IdentifierList, Name: "https://status.example/identifiers"}
	for _, id := range []artefact.ID{pidList, {Kind: artefact.Status, Name: prefetchedURI}, identifiers} {
		w.lists[gossip.IDOf(id)] = id
	}
	held := artefact.ID{Kind: artefact.LoTE, Name: "wallet"}
	w.lists[gossip.IDOf(held)] = held
	w.spread.told = map[gossip.ListID][]gossip.Head{gossip.IDOf(held): {{List: gossip.IDOf(held), Version: 7}}}
	at := func(d time.Duration) uint64 { return uint64(now.Add(d).Unix()) }
	unknown := artefact.ID{Kind: artefact.Status, Name: "https://status.example/unknown"}
	status := artefact.ID{Kind: artefact.Status, Name: prefetchedURI}
	for _, c := range []struct {
		what    string
		id      artefact.ID
		kind    gossip.Kind
		version uint64
		want    bool
	}{
		{"a trust list", pidList, gossip.Closed, 7, true},
		{"a trust list, as far ahead as can be admitted", held, gossip.Closed, 7 + cache.MaxJump, true},
		{"a trust list, farther ahead", held, gossip.Closed, 8 + cache.MaxJump, false},
		{"a trust list as an open one", pidList, gossip.Open, 7, false},
		{"a trust list that is not followed", artefact.ID{Kind: artefact.LoTE, Name: "other"}, gossip.Closed, 7, false},
		{"a status list", status, gossip.Open, at(0), true},
		{"a status list, a little ahead", status, gossip.Open, at(aheadBy - time.Second), true},
		{"a status list, too far ahead", status, gossip.Open, at(aheadBy + 2*time.Second), false},
		{"a short identifier list that the configuration names", identifiers, gossip.Closed, at(0), true},
		{"a short identifier list, too far ahead", identifiers, gossip.Closed, at(aheadBy + 2*time.Second), false},
		{"a long identifier list", identifiers, gossip.Open, at(0), true},
		{"an unknown status list", unknown, gossip.Open, at(0), true},
		{"an unknown status list, closed", unknown, gossip.Closed, at(0), false},
		{"an unknown status list, too far ahead", unknown, gossip.Open, at(aheadBy + 2*time.Second), false},
		{"an unknown status list, old", unknown, gossip.Open, at(time.Second - agesOf), true},
		{"an unknown status list, too old", unknown, gossip.Open, at(-agesOf - time.Second), false},
	} {
		if got := w.Plausible(gossip.Head{List: gossip.IDOf(c.id), Kind: c.kind, Version: c.version}, now); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

// How long a version took counts if it was announced while this node was there.
func TestSpreadSeconds(t *testing.T) {
	w := newSpreadWorld(t, 0)
	w.follow(w)
	w.began = time.Now().Add(-time.Minute)
	for i, c := range []struct {
		took time.Duration
		want uint64
	}{{59 * time.Second, 1}, {61 * time.Second, 1}, {0, 1}, {time.Second, 2}} {
		b := w.lote("pid", uint64(i+1))
		h := gossip.Head{List: gossip.IDOf(pidList), Kind: gossip.Closed, Version: uint64(i + 1), Digest: artefact.Sum(b), Size: uint32(len(b))}
		if got := w.Take(gossip.Arrival{Head: h, Body: b, From: "edge-2", Spread: c.took}); got != gossip.Admitted {
			t.Fatalf("%v: %d", c.took, got)
		}
		var m dto.Metric
		if err := w.n.metrics.spread.WithLabelValues("list").(prometheus.Histogram).Write(&m); err != nil {
			t.Fatal(err)
		}
		if n := m.GetHistogram().GetSampleCount(); n != c.want {
			t.Errorf("%v: %d counted, want %d", c.took, n, c.want)
		}
	}
}

// What comes of bodies of every sort.
func TestTake(t *testing.T) {
	w := newSpreadWorld(t, 0)
	w.follow(w)
	take := func(what string, id artefact.ID, kind gossip.Kind, version uint64, b []byte, want gossip.Outcome) {
		t.Helper()
		h := gossip.Head{List: gossip.IDOf(id), Kind: kind, Version: version, Digest: artefact.Sum(b), Size: uint32(len(b))}
		if got := w.Take(gossip.Arrival{Head: h, Body: b, From: "edge-2", Spread: time.Second}); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	now := time.Now().Truncate(time.Second)
	status := artefact.ID{Kind: artefact.Status, Name: prefetchedURI}
	early := w.token(prefetchedURI, listEntries, 0)
	take("a status list before its signer is known", status, gossip.Open, uint64(now.Unix()), early, gossip.Waits)
	take("a list that is not followed", artefact.ID{Kind: artefact.LoTE, Name: "other"}, gossip.Closed, 3, w.lote("pid", 3), gossip.Waits)
	b := w.lote("pid", 3)
	take("garbage", pidList, gossip.Closed, 3, []byte("garbage"), gossip.False)
	take("another version than was announced", pidList, gossip.Closed, 5, w.lote("pid", 4), gossip.False)
	take("older than what is held", pidList, gossip.Closed, 3, b, gossip.Declined)
	take("older than what is held, announced as newer", pidList, gossip.Closed, 5, b, gossip.False)
	b = w.lote("pid", 6)
	again := func() []byte { return w.lote("pid", 6) }
	take("newer", pidList, gossip.Closed, 6, b, gossip.Admitted)
	take("the same", pidList, gossip.Closed, 6, b, gossip.Admitted)
	take("the same, announced as another version", pidList, gossip.Closed, 7, b, gossip.False)
	take("another signature, of a higher digest", pidList, gossip.Closed, 6, resigned(b, false, again), gossip.Declined)
	take("another signature, of a lower digest", pidList, gossip.Closed, 6, resigned(b, true, again), gossip.Admitted)
	contradicting, err := w.LoTE("pid", verifytest.ListOptions{Sequence: 6, Without: []string{"DE"}})
	if err != nil {
		t.Fatal(err)
	}
	take("a contradiction", pidList, gossip.Closed, 6, contradicting, gossip.Declined)
	take("a jump", pidList, gossip.Closed, 6+cache.MaxJump+1, w.lote("pid", 6+cache.MaxJump+1), gossip.Declined)
	found := "https://status.example/found"
	id := artefact.ID{Kind: artefact.Status, Name: found}
	at := func(ago time.Duration) uint64 { return uint64(time.Now().Add(-ago).Unix()) }
	take("a found status list of few entries", id, gossip.Open, at(time.Hour), w.token(found, cache.MinStored-8, time.Hour), gossip.Declined)
	take("an expired status list", id, gossip.Open, at(48*time.Hour), w.token(found, listEntries, 48*time.Hour), gossip.Declined)
	take("a found status list", id, gossip.Open, at(time.Hour), w.token(found, listEntries, time.Hour), gossip.Admitted)
}

// Looks of others reach the store from the spread's own goroutine: the store may be
// waiting for its disk, for which the cluster must not.
func TestLookedDoesNotWait(t *testing.T) {
	s := newSpread(&Node{}) // whose store would be in the way
	h := gossip.Head{List: gossip.IDOf(pidList), Version: 3}
	s.Looked(h, time.Now())
	if len(s.looked) > 0 || len(s.credit) > 0 {
		t.Error("a look at a list that is not followed is remembered")
	}
	s.lists[h.List] = pidList
	for range 3 {
		s.Looked(h, time.Now())
	}
	if len(s.looked) != 1 || len(s.credit) != 1 {
		t.Errorf("%d looks wait, %d signals", len(s.looked), len(s.credit))
	}
	w := newSpreadWorld(t, 0)
	b := w.lote("pid", 3)
	w.admit(pidList, artefact.Origin, b)
	w.lists[h.List] = pidList
	h.Digest = artefact.Sum(b)
	at := time.Now().Add(time.Second)
	w.Looked(h, at)
	w.credits()
	if _, others := w.n.store.Looks(pidList); !others.Equal(at) {
		t.Errorf("others looked at %v", others)
	}
}

// That this node looks at a list which could point at a person is told to nobody.
func TestLooksThatAreNotTold(t *testing.T) {
	w := newSpreadWorld(t, 0) // without a cluster that could be told
	w.admit(pidList, artefact.Origin, w.lote("pid", 3))
	id := artefact.ID{Kind: artefact.Status, Name: prefetchedURI}
	w.admit(id, artefact.Origin, w.token(id.Name, cache.MinStored-8, 0))
	w.n.looked(id, w.n.store.HeldRefs(id)[0])
}

// Nodes tell one another nothing of a list that could point at a person, so that what
// others hold of it is not known, and nobody is said to lack it.
func TestHoldersOfASmallList(t *testing.T) {
	w := newSpreadWorld(t, 0)
	w.admit(pidList, artefact.Origin, w.lote("pid", 3))
	id := artefact.ID{Kind: artefact.Status, Name: prefetchedURI}
	w.admit(id, artefact.Origin, w.token(id.Name, cache.MinStored-8, time.Hour))
	w.compared()
	w.follow(w)
	members := []admin.Member{{Name: "self"}, {Name: "other"}}
	w.n.cluster.askAll(t.Context(), members, admin.Holdings{Name: id.Name})
	if m := members[0]; len(m.Lists) != 1 || m.Lists[0].Name != id.Name || m.Lists[0].Type != "status_list" {
		t.Errorf("this node says that it holds %+v", m.Lists)
	}
	if m := members[1]; m.Lists != nil || !strings.Contains(m.Error, "under 1000 entries") {
		t.Errorf("of the other it is said that it holds %v: %q", m.Lists, m.Error)
	}
}
