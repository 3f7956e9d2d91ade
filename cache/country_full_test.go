package cache_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Half the memory that a country's lists need. Lists that the configuration or a list
// of lists names are admitted as long as they fit, and then refused. One issuer's lists
// that credentials named take half of the memory at most, and do not push one another
// out. Nothing that is held suffers; who needs a list that was refused is told why.
func TestCountryHalfMemory(t *testing.T) {
	w := newWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Status = nil })
	lists := 40
	if long() {
		lists = countryLists
	}
	c := makeCountry(t, w.World, lists, countryEntries)
	e := w.germanEntry() // a credential in a list of its own, which comes last or first
	c.uris = append(c.uris, e.uri)
	c.first = append(c.first, c.tokenOf(t, e.uri, 0, 0))
	c.lists++
	index := e.at
	want := verify.Valid
	if c.array(0, 0)[index/8]>>(index%8)&1 != 0 {
		want = verify.Invalid
	}
	for _, kind := range stores {
		half := c.need(kind.disk) / 2
		for _, came := range []struct {
			how    cache.Came
			share  float64 // of the lists that are held in the end
			follow func()
		}{
			{cache.Prefetched, 0.5, nil},
			{cache.Aggregated, 0.5, func() {
				uri := "https://status.example/aggregation"
				list := artefact.Raw{ID: artefact.ID{Kind: artefact.Aggregation, Name: uri}, Door: artefact.Origin, At: w.Now}
				list.Bytes = fmt.Appendf(nil, `{"status_lists":["%s"`, c.uris[0])
				for _, u := range c.uris[1:] {
					list.Bytes = fmt.Appendf(list.Bytes, `,"%s"`, u)
				}
				list.Bytes = append(list.Bytes, "]}"...)
				w.must(w.store.Admit(list))
			}},
			{cache.Found, 0.25, func() {
				for _, u := range c.uris {
					w.store.Discover([]verify.Lacking{{Mechanism: statuslist.StatusList, URI: u, Anchor: w.entity("DE")}})
				}
				w.store.FollowFound(w.Now)
			}},
		} {
			for _, order := range []string{"last", "first"} {
				t.Run(fmt.Sprintf("%s/%s/%s", kind.name, came.how, order), func(t *testing.T) {
					w.t = t
					w.store = c.store(t, folderFor(t, kind.disk), func(o *cache.Options) {
						o.MaxMemory = half
						if came.follow != nil {
							o.Status = nil
						}
						if came.how == cache.Aggregated {
							o.Aggregations = []string{"https://status.example/aggregation"}
						}
					})
					if came.follow != nil {
						came.follow()
					}
					refused := 0
					for k := range c.lists {
						i := k
						if order == "first" {
							i = c.lists - 1 - k
						}
						if full(t, admitToken(w.store, c.uris[i], bytes.Clone(c.first[i]))) {
							refused++
						}
					}
					sum := w.store.StatusLists(w.Now)
					t.Logf("%d lists, held %d, refused %d, evicted %d, used %.2f of the memory", c.lists, sum.Held, refused, sum.Evicted, float64(sum.Used)/float64(half))
					if share := float64(sum.Held) / float64(c.lists); share < came.share-0.06 || share > came.share+0.01 || sum.Held+refused+int(sum.Evicted) != c.lists || sum.Used > half {
						t.Errorf("%d of %d held, want a share of %.2f: %+v", sum.Held, c.lists, came.share, sum)
					}
					if found := came.how == cache.Found; (refused == 0) != found || (sum.Evicted == 0) == found {
						t.Errorf("%d refused, %d evicted", refused, sum.Evicted)
					}
					switch {
					case came.how == cache.Found && order == "first":
						return // all were found at one moment, and any of them may have made room
					case came.how != cache.Found && order == "last":
						e.want("refused", verify.Indeterminate, reason.StatusMemoryFull)
						return
					}
					v, codes := outcome(w.verifier.Verify(w.store.View(), e.req, w.Now))
					if v != want {
						t.Errorf("admitted: %s %v, want %s", v, codes, want)
					}
					// A newer version of a list that is held takes its place.
					if err := admitToken(w.store, e.uri, c.tokenOf(t, e.uri, 0, 1)); err != nil {
						t.Error("replaced:", err)
					}
				})
			}
		}
	}
}

// entity is an anchor of who a trust list has in a territory.
func (w *world) entity(territory string) verify.AnchorRef {
	w.t.Helper()
	for _, a := range w.info("pid", w.Now).List.Anchors {
		if a.Territory == territory {
			return w.store.View().Entity("pid", a.Entity)[0].Ref()
		}
	}
	w.t.Fatal("the issuer is in no list")
	return verify.AnchorRef{}
}

// After a restart too the lists that credentials named count each for its issuer: two
// issuers together may have more than the part of one.
func TestCountryRestored(t *testing.T) {
	const each = 5
	k := keptWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Status, o.MaxMemory = nil, 12*(130<<10) })
	k.loadAll(k.Now)
	c := makeCountry(t, k.World, 0, countryEntries)
	for n, territory := range []string{"DE", "FR"} {
		c.signer = k.PID(territory).Revocation
		for i := range each {
			uri := countryURI(foundFrom + n*each + i)
			k.store.Discover([]verify.Lacking{{Mechanism: statuslist.StatusList, URI: uri, Anchor: k.entity(territory)}})
			k.store.FollowFound(k.Now)
			k.admitStatus(uri, c.tokenOf(t, uri, i, 0), k.Now)
		}
	}
	k.restart(k.Now)
	if sum := k.store.StatusLists(k.Now); sum.Held != 2*each || sum.Refused != 0 {
		t.Errorf("%d lists are back of %d: %+v", sum.Held, 2*each, sum)
	}
}

// Where lists of a configuration leave room for a few, those that credentials name
// come and go: the one that nobody uses goes first, the one in use stays, and who needs
// one that has gone has it found again.
func TestCountryEvicts(t *testing.T) {
	w := newWorld(t, nil)
	c := makeCountry(t, w.World, 12, countryEntries)
	const room = 4
	w.store = c.store(t, "", func(o *cache.Options) { o.MaxMemory = c.need(false) + room*(c.need(false)/12+1<<10) })
	c.loadAll(t, w.store)
	anchor := w.entity("DE")
	for i := range 3 * room {
		uri := countryURI(foundFrom + i)
		w.store.Discover([]verify.Lacking{{Mechanism: statuslist.StatusList, URI: uri, Anchor: anchor}})
		w.store.FollowFound(w.Now)
		if err := admitToken(w.store, uri, c.tokenOf(t, uri, i, 0)); err != nil {
			t.Fatal(err)
		}
		w.store.View().Status(statuslist.StatusList, countryURI(foundFrom)) // this one is in use
	}
	sum := w.store.StatusLists(w.Now)
	t.Logf("held %d, evicted %d", sum.Held, sum.Evicted)
	if sum.Held < 12+room || sum.Held > 12+room+1 || int(sum.Evicted) != 12+3*room-sum.Held {
		t.Errorf("%+v", sum)
	}
	held := func(uri string) bool { return len(w.store.View().Status(statuslist.StatusList, uri).Tokens) > 0 }
	if !held(countryURI(foundFrom)) || !held(countryURI(foundFrom+3*room-1)) || held(countryURI(foundFrom+1)) {
		t.Error("not the one that nobody used has gone")
	}
	for i, uri := range c.uris {
		if !held(uri) {
			t.Errorf("list %d of the configuration has gone", i)
		}
	}
}

// For a minute ten lists a second are replaced, every core looks entries up, and
// lists that credentials name are followed, read, and pushed out by the next: neither
// goroutines nor the heap grow.
func TestCountrySoak(t *testing.T) {
	if !long() {
		t.Skip("set EDGETRUST_LONG=1")
	}
	for _, kind := range stores {
		t.Run(kind.name, func(t *testing.T) { soak(t, kind.disk, time.Minute) })
	}
}
