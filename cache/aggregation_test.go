package cache_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const aggregation = "https://a.example/all"

// aggregated is a world whose operator configured a list of lists.
func aggregated(t testing.TB) *world {
	t.Helper()
	return loaded(t, func(_ *verifytest.World, o *cache.Options) { o.Status, o.Aggregations = nil, []string{aggregation} })
}

// Bad entries stop no other, and what a later version no longer names stays.
func TestAggregation(t *testing.T) {
	w := aggregated(t)
	out := w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, "https://a.example/1", 7, "", nil, "https://other.example/2", strings.Repeat("x", 4096)), w.Now))
	if out.Unchanged || w.followed(statusID("https://a.example/1")) != cache.Aggregated || w.followed(statusID("https://other.example/2")) != cache.Aggregated {
		t.Errorf("%+v %v", out, w.store.Targets())
	}
	if k, _ := w.keptInfo(artefact.ID{Kind: artefact.Aggregation, Name: aggregation}); k.Lists != 6 || k.Bad != 4 {
		t.Errorf("%+v", k)
	}
	out = w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, "https://a.example/1"), w.Now))
	if !out.Unchanged || w.followed(statusID("https://other.example/2")) == "" {
		t.Error("an update that forgets a list removed it")
	}
	w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t), w.Now))
	if got := w.store.StatusLists(w.Now); got.Followed != 2 {
		t.Errorf("%+v", got)
	}
}

func TestAggregationRefused(t *testing.T) {
	w := aggregated(t)
	w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, "https://a.example/1"), w.Now))
	for about, c := range map[string]struct {
		b    string
		want reason.Code
	}{
		"nothing":        {"", reason.StatusAggregationMalformed},
		"no JSON":        {"{", reason.StatusAggregationMalformed},
		"an array":       {`["https://a.example/2"]`, reason.StatusAggregationMalformed},
		"no such member": {`{"lists":[]}`, reason.StatusAggregationMalformed},
		"no array":       {`{"status_lists":"https://a.example/2"}`, reason.StatusAggregationMalformed},
		"member twice":   {`{"status_lists":["https://a.example/2"],"status_lists":[]}`, reason.StatusAggregationMalformed},
		"bytes after":    {`{"status_lists":["https://a.example/2"]} x`, reason.StatusAggregationMalformed},
		"too many":       {`{"status_lists":[` + strings.Repeat(`"https://a.example/2",`, 65_536) + `"https://a.example/2"]}`, reason.StatusListTooLarge},
		"too large":      {`{"status_lists":["https://a.example/2"]}` + strings.Repeat(" ", 8<<20), reason.StatusListTooLarge},
	} {
		_, err := w.admit(artefact.Aggregation, aggregation, artefact.Origin, []byte(c.b), w.Now)
		wantCode(t, about, err, c.want)
		if got := w.store.StatusLists(w.Now); got.Followed != 1 {
			t.Fatalf("%s: %+v", about, got)
		}
		if k, _ := w.keptInfo(artefact.ID{Kind: artefact.Aggregation, Name: aggregation}); k.Refused == nil || k.Refused.Code != c.want || k.Lists != 1 {
			t.Errorf("%s: %+v", about, k)
		}
	}
	_, err := w.admit(artefact.Aggregation, "https://b.example/all", artefact.Origin, aggregationOf(t), w.Now)
	wantCode(t, "that nobody follows", err, reason.ArtefactUnknown)
}

// A list of lists that a token led to names lists of its own host alone; the
// operator's names any that may be fetched.
func TestAggregationHosts(t *testing.T) {
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status = uris("prefetched", 1)
		o.Permit = func(id artefact.ID) bool { return !strings.HasPrefix(id.Name, "http://") }
	})
	uri := "https://prefetched.example/0"
	w.admitStatus(uri, w.token(w.PID("DE").NewStatusList(uri, 1, 4096), verifytest.FormJWT, w.Now, verifytest.TokenOptions{Aggregation: "https://issuer.example/all"}), w.Now)
	if w.followed(artefact.ID{Kind: artefact.Aggregation, Name: "https://issuer.example/all"}) != cache.Aggregated {
		t.Fatalf("%v", w.store.Targets())
	}
	w.must(w.admit(artefact.Aggregation, "https://issuer.example/all", artefact.Origin, aggregationOf(t,
		"https://issuer.example/1", "https://victim.example/1", "https://issuer.example:8443/1", "http://issuer.example/1", "https://issuer.example@victim.example/1"), w.Now))
	for name, want := range map[string]cache.Came{
		"https://issuer.example/1": cache.Aggregated, "https://victim.example/1": "", "https://issuer.example:8443/1": "",
		"http://issuer.example/1": "", "https://issuer.example@victim.example/1": "",
	} {
		if got := w.followed(statusID(name)); got != want {
			t.Errorf("%s followed as %q", name, got)
		}
	}
}

// The operator's list of lists may name as many as there may be in all; an issuer's as
// many as one issuer may have.
func TestAggregationLarge(t *testing.T) {
	many := make([]any, cache.MaxStatusLists)
	for i := range many {
		many[i] = fmt.Sprintf("https://a.example/%d", i)
	}
	w := aggregated(t)
	w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, many...), w.Now))
	if got := w.store.StatusLists(w.Now); got.Followed != cache.MaxStatusLists || got.KeptOut > 0 {
		t.Errorf("%+v", got)
	}
	w = loaded(t, func(_ *verifytest.World, o *cache.Options) { o.Status = uris("a", 1) })
	w.admitStatus("https://a.example/0", w.token(w.PID("DE").NewStatusList("https://a.example/0", 1, 4096), verifytest.FormJWT, w.Now, verifytest.TokenOptions{Aggregation: aggregation}), w.Now)
	w.events = nil
	for range 2 {
		w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, many...), w.Now))
	}
	if got := w.store.StatusLists(w.Now); got.Followed != cache.MaxPerOwner+1 || count(w.events, cache.StatusFull) != 1 {
		t.Errorf("%+v, %d events", got, count(w.events, cache.StatusFull))
	}
}
