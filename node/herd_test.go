package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const herd = 1000 // presentations at once

// count has so many presentations at once verified, and counts the answers.
func (w *wallet) count(n int) (answers map[string]int, longest time.Duration) {
	answers = make(map[string]int)
	reqs := make([]func() string, n)
	for i := range reqs {
		req := w.request()
		reqs[i] = func() string { return said((engine{w.c.node}).Verify(w.c.t.Context(), req)) }
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	begin := time.Now()
	for _, ask := range reqs {
		all.Go(func() {
			s := ask()
			took := time.Since(begin)
			mu.Lock()
			defer mu.Unlock()
			answers[s]++
			longest = max(longest, took)
		})
	}
	all.Wait()
	return answers, longest
}

// wantOnly wants all answers to be one.
func wantOnly(t *testing.T, what string, answers map[string]int, want string, n int) {
	t.Helper()
	if len(answers) != 1 || answers[want] != n {
		t.Errorf("%s: %v, want %d times %s", what, answers, n, want)
	}
}

// TestThunderingHerd: a thousand presentations at once name one list that the node
// has never heard of, and it may fetch while they wait. Its origin is asked once.
func TestThunderingHerd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCore(t, "on_miss: fetch", "fetch_timeout: 2s")
		defer c.run()()
		c.seeded()
		list := c.PID("DE").StatusList(issuerHost + "/one")
		c.net.serve(list.URI, func(*http.Request) reply {
			token, err := list.Publish(verifytest.FormJWT, time.Now())
			if err != nil {
				return reply{status: 500}
			}
			return reply{body: token.Token, delay: 700 * time.Millisecond}
		})
		ref, err := list.Allocate(verifytest.StatusGood)
		if err != nil {
			t.Fatal(err)
		}
		w := c.issue(c.PID("DE"), ref)
		answers, longest := w.count(herd)
		wantOnly(t, "the list comes", answers, "valid", herd)
		if n := len(c.net.requests(list.URI)); n != 1 {
			t.Errorf("%d requests at the origin", n)
		}
		t.Logf("%d at once, the list comes after 0.7 s: %v, the last after %s, %d request at the origin", herd, answers, longest, len(c.net.requests(list.URI)))
		if answers, longest = w.count(herd); longest != 0 {
			t.Errorf("held, and yet they waited %s", longest)
		}
		wantOnly(t, "held", answers, "valid", herd)
	})
}

// A list that takes longer than fetch_timeout: nobody waits for longer, the fetch
// goes on, and its result serves who comes after.
func TestThunderingHerdOfASlowList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCore(t, "on_miss: fetch", "fetch_timeout: 2s")
		defer c.run()()
		c.seeded()
		list := c.PID("DE").StatusList(issuerHost + "/slow")
		c.net.serve(list.URI, func(*http.Request) reply {
			token, _ := list.Publish(verifytest.FormJWT, time.Now())
			return reply{body: token.Token, delay: 5 * time.Second}
		})
		ref, _ := list.Allocate(verifytest.StatusGood)
		w := c.issue(c.PID("DE"), ref)
		answers, longest := w.count(herd)
		wantOnly(t, "the list is late", answers, "indeterminate status_unavailable", herd)
		if longest != 2*time.Second {
			t.Errorf("the longest wait was %s", longest)
		}
		t.Logf("%d at once, the list takes 5 s: %v, the last after %s", herd, answers, longest)
		time.Sleep(4 * time.Second)
		answers, _ = w.count(herd)
		wantOnly(t, "it has come", answers, "valid", herd)
		if n := len(c.net.requests(list.URI)); n != 1 {
			t.Errorf("%d requests at the origin", n)
		}
	})
}

// A fetch that failed is remembered for a while: neither do presentations wait for it
// again, nor is the origin asked for each of them.
func TestThunderingHerdOfAListThatFails(t *testing.T) {
	for name, bad := range map[string]func(*core, *verifytest.StatusList) reply{
		"503": func(*core, *verifytest.StatusList) reply { return reply{status: 503, delay: 100 * time.Millisecond} },
		"404": func(*core, *verifytest.StatusList) reply { return reply{status: 404, delay: 100 * time.Millisecond} },
		"signed by somebody else": func(c *core, l *verifytest.StatusList) reply {
			token, _ := l.Token(verifytest.FormJWT, time.Now(), verifytest.TokenOptions{Signer: c.Stranger().Revocation})
			return reply{body: token, delay: 100 * time.Millisecond}
		},
		"of another address": func(_ *core, l *verifytest.StatusList) reply {
			token, _ := l.Token(verifytest.FormJWT, time.Now(), verifytest.TokenOptions{Subject: issuerHost + "/another"})
			return reply{body: token, delay: 100 * time.Millisecond}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCore(t, "on_miss: fetch", "fetch_timeout: 2s")
				defer c.run()()
				c.seeded()
				list := c.PID("DE").StatusList(issuerHost + "/fails")
				c.net.serve(list.URI, func(*http.Request) reply { return bad(c, list) })
				ref, _ := list.Allocate(verifytest.StatusGood)
				w := c.issue(c.PID("DE"), ref)
				at := time.Now()
				answers, longest := w.count(herd)
				for s := range answers {
					if !strings.HasPrefix(s, "indeterminate status_") {
						t.Errorf("%s", s)
					}
				}
				if n := len(c.net.requests(list.URI)); n != 1 || longest != 100*time.Millisecond {
					t.Errorf("%d requests, the longest wait was %s", n, longest)
				}
				// Its schedule asks again by itself, ever less often; nobody waits for that.
				for time.Since(at) < 20*time.Second {
					if _, longest = w.count(20); longest > 100*time.Millisecond {
						t.Errorf("waited %s for what failed just now", longest)
					}
					time.Sleep(time.Second)
				}
				n := len(c.net.requests(list.URI))
				if n > 8 {
					t.Errorf("%d requests in 20 s", n)
				}
				c.net.publish(list, verifytest.FormJWT)
				time.Sleep(7 * time.Minute)
				answers, _ = w.count(20)
				wantOnly(t, "mended", answers, "valid", 20)
				t.Logf("%d at once: one request, and %d within 20 s whatever is shown", herd, n)
			})
		})
	}
}

// fetchless are presentations that must not cause a request, with what is said of
// them.
func fetchless(c *core) map[string]struct {
	w    *wallet
	want string
} {
	de := c.PID("DE")
	ref := func(uri string) verifytest.Ref {
		r, err := de.StatusList(uri).Allocate(verifytest.StatusGood)
		if err != nil {
			c.t.Fatal(err)
		}
		return r
	}
	tampered := c.issue(de, ref(issuerHost+"/tampered"))
	jwt, other := []byte(tampered.cred.JWT), byte('A')
	if jwt[len(jwt)-10] == other {
		other = 'B'
	}
	jwt[len(jwt)-10] = other
	tampered.cred.JWT = string(jwt)
	return map[string]struct {
		w    *wallet
		want string
	}{
		"an issuer nobody trusts":     {c.issue(c.Stranger(), ref(issuerHost+"/strange")), "invalid anchor_not_found"},
		"a bad signature":             {tampered, "invalid issuer_signature_invalid"},
		"a host that is not allowed":  {c.issue(de, ref("https://elsewhere.example/list")), "indeterminate status_unavailable"},
		"a port that is not allowed":  {c.issue(de, ref(issuerHost+":8443/list")), "indeterminate status_unavailable"},
		"plain http":                  {c.issue(de, ref("http://status.example/list")), "indeterminate status_unavailable"},
		"credentials in the address":  {c.issue(de, ref("https://user:word@status.example/list")), "indeterminate status_unavailable"},
		"a fragment in the address":   {c.issue(de, ref(issuerHost+"/list#there")), "indeterminate status_unavailable"},
		"an address of another world": {c.issue(de, ref("file:///etc/passwd")), ""},
	}
}

// TestNoFetchForWhoeverAsks: no presentation has the node ask an address for which a
// trusted issuer's good signature and the operator do not both stand.
func TestNoFetchForWhoeverAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCore(t, "on_miss: fetch", "fetch_timeout: 2s")
		defer c.run()()
		c.seeded()
		for name, k := range fetchless(c) {
			answers, longest := k.w.count(20)
			if k.want != "" {
				wantOnly(t, name, answers, k.want, 20)
			}
			if longest != 0 {
				t.Errorf("%s: waited %s", name, longest)
			}
			time.Sleep(2 * time.Minute)
			if n := len(c.net.requests(k.w.ref.URI)); n != 0 {
				t.Errorf("%s: %d requests", name, n)
			}
			if came := c.followed(k.w.ref.URI); came != "" {
				t.Errorf("%s: followed", name)
			}
		}
	})
}

// TestDeferredList: under defer a list that nobody knows is not fetched because of
// the presentation. It is followed at the next turn, within a minute, and then the
// answer is right.
func TestDeferredList(t *testing.T) {
	runs := 10
	if testing.Short() {
		runs = 2
	}
	for range runs {
		synctest.Test(t, func(t *testing.T) {
			c := newCore(t)
			defer c.run()()
			c.seeded()
			list := c.PID("DE").StatusList(issuerHost + "/unknown")
			c.net.publish(list, verifytest.FormJWT)
			good, _ := list.Allocate(verifytest.StatusGood)
			bad, _ := list.Allocate(verifytest.StatusRevoked)
			w, revoked := c.issue(c.PID("DE"), good), c.issue(c.PID("DE"), bad)
			shown := time.Now()
			answers, longest := w.count(herd)
			wantOnly(t, "unknown", answers, "indeterminate status_unavailable", herd)
			if longest != 0 || len(c.net.requests(list.URI)) != 0 {
				t.Errorf("waited %s, %d requests", longest, len(c.net.requests(list.URI)))
			}
			for len(c.net.requests(list.URI)) == 0 {
				if s := w.show(); s != "indeterminate status_unavailable" {
					t.Fatalf("before anybody asked for the list: %s", s)
				}
				time.Sleep(time.Second)
				if time.Since(shown) > 61*time.Second {
					t.Fatal("not asked for within a minute")
				}
			}
			synctest.Wait()
			if s := w.show(); s != "valid" {
				t.Errorf("the good one: %s", s)
			}
			if s := revoked.show(); s != "invalid status_revoked" {
				t.Errorf("the revoked one: %s", s)
			}
			if n := len(c.net.requests(list.URI)); n != 1 {
				t.Errorf("%d requests", n)
			}
			t.Logf("asked for %.1f s after it was shown", c.net.requests(list.URI)[0].at.Sub(shown).Seconds())
		})
	}
}

// TestWhoWaitsHoldsUpNobody: presentations that wait for lists which do not come, more
// of them than are evaluated at once, leave the answers to others as they are.
func TestWhoWaitsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCore(t, "on_miss: fetch", "fetch_timeout: 2s")
		defer c.run()()
		c.seeded()
		h := api.New(api.Options{Engine: engine{c.node}, InFlight: 2, NodeName: "core"})
		ask := func(body []byte) (int, string) {
			r := httptest.NewRequest(http.MethodPost, "/v1/verify", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			var a struct{ Verdict string }
			_ = json.Unmarshal(rec.Body.Bytes(), &a)
			return rec.Code, a.Verdict
		}
		held := c.PID("DE").StatusList(issuerHost + "/held")
		c.net.publish(held, verifytest.FormJWT)
		good, _ := held.Allocate(verifytest.StatusGood)
		w := c.issue(c.PID("DE"), good)
		if s := w.show(); s != "valid" {
			t.Fatal(s)
		}
		var waiting sync.WaitGroup
		for i := range 20 {
			uri := fmt.Sprintf("%s/hangs-%d", issuerHost, i)
			c.net.serve(uri, func(*http.Request) reply { return reply{delay: time.Hour} })
			ref, _ := c.PID("DE").StatusList(uri).Allocate(verifytest.StatusGood)
			body := c.issue(c.PID("DE"), ref).body()
			waiting.Go(func() {
				if code, verdict := ask(body); code != 200 || verdict != "indeterminate" {
					t.Errorf("who waits for %s: %d %s", uri, code, verdict)
				}
			})
		}
		synctest.Wait()
		begin := time.Now()
		for range 50 {
			if code, verdict := ask(w.body()); code != 200 || verdict != "valid" {
				t.Errorf("who needs nothing: %d %s", code, verdict)
			}
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("who needs nothing waited %s", took)
		}
		waiting.Wait()
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("who waits waited %s", took)
		}
	})
}

// TestThunderingHerdOverHTTP is the herd at the real listeners: whoever is answered is
// answered rightly, nobody but the node's own overload turns anybody away, and the
// origin is asked once.
func TestThunderingHerdOverHTTP(t *testing.T) {
	l := newLab(t, labOptions{extra: "  on_miss: fetch"})
	list := l.PID("DE").StatusList(l.origin.URL + "/status/herd")
	var fetches atomic.Int32
	l.origin.serve("/status/herd", func(w http.ResponseWriter, r *http.Request) {
		fetches.Add(1)
		time.Sleep(700 * time.Millisecond)
		token, _ := list.Publish(verifytest.FormJWT, time.Now())
		respond(w, r, token.MediaType, token.Token)
	})
	ref, err := list.Allocate(verifytest.StatusGood)
	if err != nil {
		t.Fatal(err)
	}
	s := &statusCanaries{t: t, l: l}
	s.sdjwt("", "valid", ref)
	body := asJSON(t, s.cases[0].body)
	clients := []*client.Client{l.client(t, client.HTTP3), l.client(t, client.HTTP2)}
	for _, c := range clients { // handshakes are not what this is about
		if _, err := c.Info(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(n int) map[string]int {
		var mu sync.Mutex
		answers := make(map[string]int)
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				a, err := clients[i%2].Verify(t.Context(), body)
				said := "503"
				var p *client.Problem
				switch {
				case err == nil:
					said = a.Verdict
				case !errors.As(err, &p) || p.Status != 503:
					said = err.Error()
				}
				mu.Lock()
				defer mu.Unlock()
				answers[said]++
			})
		}
		all.Wait()
		return answers
	}
	answers := ask(herd)
	if answers["valid"]+answers["indeterminate"]+answers["503"] != herd || answers["valid"] < herd/4 {
		t.Errorf("%v", answers)
	}
	after := ask(20)
	if after["valid"] != 20 || fetches.Load() != 1 {
		t.Errorf("afterwards: %v, %d requests at the origin", after, fetches.Load())
	}
	t.Logf("%d at once over HTTP/3 and HTTP/2: %v, %d request at the origin", herd, answers, fetches.Load())
}
