package cache_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// A version that changes more than the share of its entries is told of and in force;
// one that changes exactly the share is not.
func TestAlarmFlips(t *testing.T) {
	const entries = 10_000
	for flips, want := range map[int]int{100: 0, 101: 1} { // the share is 1 %
		w := loaded(t, none)
		l := w.PID("DE").NewStatusList("https://found.example/1", 1, entries)
		w.find(w.PID("DE"), l.URI)
		w.admitStatus(l.URI, w.token(l, verifytest.FormJWT, w.Now.Add(-time.Minute), verifytest.TokenOptions{}), w.Now)
		w.events = nil
		for i := range flips {
			if err := l.Set(uint64(i*7), 1); err != nil {
				t.Fatal(err)
			}
		}
		b := w.token(l, verifytest.FormJWT, w.Now, verifytest.TokenOptions{})
		w.admitStatus(l.URI, b, w.Now)
		w.admitStatus(l.URI, b, w.Now) // again: no change
		if n := count(w.events, cache.StatusFlood); n != want {
			t.Errorf("%d entries of %d: %d alarms", flips, entries, n)
		}
		for _, e := range w.events {
			if strings.Contains(e.Detail, l.URI) {
				t.Errorf("the URI is told: %q", e.Detail)
			}
		}
		if held := w.held("status_list", l.URI); len(held) != 1 {
			t.Errorf("%d tokens", len(held))
		} else if v, _ := held[0].Token.Value(7); v != 1 {
			t.Error("not in force")
		}
	}
}

// Another issuer's token for the URI is no change of this one's.
func TestAlarmFlipsOfOneIssuer(t *testing.T) {
	w := loaded(t, none)
	const uri = "https://found.example/1"
	w.find(w.PID("DE"), uri)
	w.mustEntries(w.PID("DE"), uri, 4096, w.Now.Add(-time.Minute))
	full := w.PID("FR").NewStatusList(uri, 1, 4096)
	for i := range full.Len() {
		_ = full.Set(i, 1)
	}
	w.events = nil
	w.admitStatus(uri, w.token(full, verifytest.FormJWT, w.Now, verifytest.TokenOptions{}), w.Now)
	if n := count(w.events, cache.StatusFlood); n != 0 {
		t.Errorf("%d alarms", n)
	}
}

// An issuer with small lists is told of once; an identifier list grows with revocations
// alone and is never small in this sense.
func TestAlarmTiny(t *testing.T) {
	w := loaded(t, none)
	w.events = nil
	tiny := func(what string, want int) {
		t.Helper()
		if n, sum := count(w.events, cache.StatusTiny), w.store.StatusLists(w.Now).Tiny; n != want || sum != want {
			t.Errorf("%s: %d alarms, %d issuers", what, n, sum)
		}
	}
	list := uris("found", 4)
	w.find(w.PID("DE"), list...)
	w.mustEntries(w.PID("DE"), list[0], 1000, w.Now)
	tiny("1,000 entries", 0)
	w.mustEntries(w.PID("DE"), list[1], 992, w.Now) // a list has whole bytes
	w.mustEntries(w.PID("DE"), list[2], 8, w.Now)
	w.mustEntries(w.PID("DE"), list[2], 8, w.Now.Add(time.Second))
	tiny("992 and 8 entries", 1)
	w.mustEntries(w.PID("FR"), list[3], 8, w.Now)
	tiny("another issuer's", 2)
	w.store.Discover(crlOf(w.PID("DE"), "https://x.example/1.crl", w.under(w.PID("DE"))))
	ids := w.MDL().IdentifierList("https://ids.example/1")
	w.store.Discover(lackingIDs(w, ids.URI))
	w.store.FollowFound(w.Now)
	w.must(w.admit(artefact.IdentifierList, ids.URI, artefact.Origin, w.identifiers(ids, w.Now, verifytest.IdentifierOptions{}), w.Now))
	tiny("an empty identifier list", 2)
}

// An issuer that names many lists that are hardly used is told of once, after a day.
func TestAlarmHardlyUsed(t *testing.T) {
	for _, c := range []struct {
		about       string
		lists, used int
		want        int
	}{
		{"fifteen lists", 15, 0, 0}, {"sixteen", 16, 0, 1}, {"one of sixteen is used", 16, 1, 1},
		{"two of sixteen are", 16, 2, 0}, {"two of twenty", 20, 2, 1}, {"three of twenty", 20, 3, 0},
	} {
		w := loaded(t, none)
		list := uris("found", c.lists)
		w.find(w.PID("DE"), list...)
		w.find(w.PID("FR"), "https://fr.example/1")
		w.events = nil
		for second := range 3 {
			for _, uri := range list[:c.used] {
				w.use(uri, w.Now.Add(time.Duration(second+1)*time.Second))
			}
		}
		w.store.Tick(w.Now.Add(day - time.Second))
		if n := count(w.events, cache.StatusTracking); n != 0 {
			t.Errorf("%s: told within a day", c.about)
		}
		for minute := range 10 {
			w.store.Tick(w.Now.Add(day + time.Duration(minute)*time.Minute))
		}
		if n := count(w.events, cache.StatusTracking); n != c.want {
			t.Errorf("%s: %d alarms, want %d", c.about, n, c.want)
		}
		for _, e := range w.events {
			if strings.Contains(e.Detail, "found.example") {
				t.Errorf("%q", e.Detail)
			}
		}
	}
}

// Where the configuration names the lists, or an aggregation does, that they are hardly
// used says nothing.
func TestAlarmHardlyUsedOfOthers(t *testing.T) {
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.Aggregations = uris("prefetched", 30), []string{aggregation}
	})
	var named []any
	for i := range 30 {
		named = append(named, fmt.Sprintf("https://a.example/%d", i))
	}
	w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, named...), w.Now))
	w.store.Tick(w.Now.Add(3 * day))
	if n := count(w.events, cache.StatusTracking); n != 0 {
		t.Errorf("%d alarms", n)
	}
}
