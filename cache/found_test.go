package cache_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A list that a credential named is followed from the next turn on, and by nothing
// before it; its status counts when it is there.
func TestFound(t *testing.T) {
	var grown atomic.Int32
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.Grown = nil, func() { grown.Add(1) }
	})
	e := w.germanEntry()
	res := w.verifier.Verify(w.store.View(), e.req, w.Now)
	if len(res.Lacking) != 1 || res.Lacking[0].URI != e.uri {
		t.Fatalf("%+v", res.Lacking)
	}
	before := grown.Load()
	w.store.Discover(res.Lacking)
	w.store.Tick(w.Now.Add(time.Hour))
	if w.followed(statusID(e.uri)) != "" || grown.Load() != before {
		t.Error("followed before its turn")
	}
	_, err := w.admit(artefact.Status, e.uri, artefact.Peer, e.token(0, w.Now, verifytest.TokenOptions{}), w.Now)
	wantCode(t, "before its turn", err, reason.ArtefactUnknown)
	if !w.store.FollowFound(w.Now) || w.followed(statusID(e.uri)) != cache.Found || grown.Load() != before+1 {
		t.Errorf("%v, told %d times", w.store.Targets(), grown.Load()-before)
	}
	if w.store.FollowFound(w.Now) || grown.Load() != before+1 {
		t.Error("followed twice")
	}
	w.store.Discover(res.Lacking) // as every credential does until it is there
	if w.store.FollowFound(w.Now) {
		t.Error("found what is followed")
	}
	e.want("followed, nothing held", verify.Indeterminate, reason.StatusUnavailable)
	e.admit(verifytest.StatusGood, w.Now, verifytest.TokenOptions{})
	e.want("held", verify.Valid)
}

// What may not be fetched is not followed, and the node asks before it notes anything.
func TestFoundNotPermitted(t *testing.T) {
	asked := make(map[artefact.ID]int)
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status = nil
		o.Permit = func(id artefact.ID) bool { asked[id]++; return id.Kind == artefact.CRL }
	})
	w.find(w.PID("DE"), "https://10.0.0.1/list")
	if asked[statusID("https://10.0.0.1/list")] == 0 || w.followed(statusID("https://10.0.0.1/list")) != "" {
		t.Errorf("asked %v, followed %v", asked, w.store.Targets())
	}
	ids, came := w.store.FollowNow(w.lacking(w.PID("DE"), "https://10.0.0.1/list"), w.Now)
	if len(ids) > 0 || came {
		t.Errorf("%v %v", ids, came)
	}
}

// A presentation that waits has its lists followed at once, and is told which have
// nothing yet; an authority's list waits for its turn all the same.
func TestFollowNow(t *testing.T) {
	w := loaded(t, none)
	list := uris("found", 2)
	lacking := append(w.lacking(w.PID("DE"), list...), crlOf(w.PID("FR"), "https://other.example/fr.crl", w.under(w.PID("FR")))...)
	w.store.Discover(lacking)
	ids, came := w.store.FollowNow(lacking, w.Now)
	if want := []artefact.ID{statusID(list[0]), statusID(list[1])}; !slices.Equal(ids, want) || came || w.followed(crlID("https://other.example/fr.crl")) != "" {
		t.Errorf("%v %v", ids, came)
	}
	w.mustEntries(w.PID("DE"), list[0], 4096, w.Now)
	if ids, came := w.store.FollowNow(lacking, w.Now); !slices.Equal(ids, []artefact.ID{statusID(list[1])}) || !came {
		t.Errorf("%v %v", ids, came)
	}
	if !w.store.FollowFound(w.Now) || w.followed(crlID("https://other.example/fr.crl")) != cache.Found {
		t.Error("the revocation list waits no longer")
	}
}

// There is an end to what is noted, to what is followed, and to what is followed of
// one issuer; that a limit keeps lists out is told once an hour.
func TestFoundBounded(t *testing.T) {
	w := loaded(t, none)
	w.events = nil
	w.store.Discover(w.lacking(w.PID("DE"), uris("one", cache.MaxWaiting+10)...))
	w.store.FollowFound(w.Now)
	if got := len(w.store.Targets()) - w.store.StatusLists(w.Now).CRLsFollowed; got != cache.MaxWaiting {
		t.Errorf("%d followed of one turn", got)
	}
	for i := range 5 {
		w.store.Discover(w.lacking(w.PID("DE"), uris(fmt.Sprint("more-", i), cache.MaxWaiting)...))
		w.store.FollowFound(w.Now)
	}
	if got := w.store.StatusLists(w.Now); got.Followed != cache.MaxPerOwner || got.KeptOut == 0 {
		t.Errorf("%+v", got)
	}
	w.find(w.PID("FR"), "https://fr.example/1")
	if w.followed(statusID("https://fr.example/1")) == "" {
		t.Error("another issuer's list is kept out by the many of the first")
	}
	for hour := range 2 {
		if n := count(w.events, cache.StatusFull); n != 1+hour {
			t.Errorf("hour %d: %d events", hour, n)
		}
		w.store.Tick(w.Now.Add(time.Duration(hour+1) * time.Hour))
		w.find(w.PID("DE"), "https://de.example/1")
		w.store.Tick(w.Now.Add(time.Duration(hour+1) * time.Hour))
	}
}

// The many of one turn do not go past the number there may be in all.
func TestFoundAtTheNumber(t *testing.T) {
	prefetched := uris("prefetched", cache.MaxStatusLists-3)
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) { o.Status = prefetched })
	w.store.Discover(w.lacking(w.PID("DE"), uris("one", 10)...))
	w.store.FollowFound(w.Now)
	if got := w.store.StatusLists(w.Now); got.Followed != cache.MaxStatusLists {
		t.Errorf("%d followed of %d", got.Followed, cache.MaxStatusLists)
	}
	ids, _ := w.store.FollowNow(w.lacking(w.PID("FR"), "https://fr.example/1"), w.Now)
	if len(ids) > 0 {
		t.Errorf("%v", ids)
	}
}

// Revocation lists have a number of their own.
func TestFoundCRLsBounded(t *testing.T) {
	w := loaded(t, none)
	w.events = nil
	under := w.under(w.PID("DE"))
	for i := range cache.MaxCRLs + 5 {
		w.store.Discover(crlOf(w.PID("DE"), fmt.Sprintf("https://many.example/%d.crl", i), under))
		if i%1000 == 0 {
			w.store.FollowFound(w.Now)
		}
	}
	w.store.FollowFound(w.Now)
	if got := w.store.StatusLists(w.Now); got.CRLsFollowed != cache.MaxCRLs || count(w.events, cache.StatusFull) != 1 {
		t.Errorf("%+v, %d events", got, count(w.events, cache.StatusFull))
	}
}

// One list that several credentials name in one turn is one list, whoever issued them.
func TestFoundTwice(t *testing.T) {
	w := loaded(t, none)
	const uri = "https://found.example/1"
	w.store.Discover(w.lacking(w.PID("DE"), uri, uri))
	w.store.Discover(w.lacking(w.PID("FR"), uri))
	w.store.FollowFound(w.Now)
	if got := w.store.StatusLists(w.Now); got.Followed != 1 {
		t.Errorf("%+v", got)
	}
	w.wantAccounts("found twice")
	idlist := verify.Lacking{Mechanism: statuslist.IdentifierList, URI: uri, Anchor: w.under(w.MDL())}
	w.store.Discover([]verify.Lacking{idlist})
	w.store.FollowFound(w.Now)
	if w.followed(idlistID(uri)) != cache.Found || w.followed(statusID(uri)) != cache.Found {
		t.Errorf("%v", w.store.Targets()) // what two issuers say of one URI, each of his own credentials
	}
}

// A list that was found is served again by another node's word of it; a list of lists
// that names it makes it one of everybody's.
func TestFoundThenAggregated(t *testing.T) {
	const uri = "https://a.example/1"
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) { o.Status, o.Aggregations = nil, []string{aggregation} })
	w.find(w.PID("DE"), uri)
	w.mustEntries(w.PID("DE"), uri, 8, w.Now)
	if got := w.store.StatusToken(uri); len(got) > 0 {
		t.Error("a small list that was found is served")
	}
	w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, uri), w.Now))
	if got := w.store.StatusToken(uri); w.followed(statusID(uri)) != cache.Aggregated || len(got) != 1 {
		t.Errorf("%v, %d tokens served", w.store.Targets(), len(got))
	}
	w.wantAccounts("found, then named")
}
