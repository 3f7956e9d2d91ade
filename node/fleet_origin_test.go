package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

// TestFleetOriginLoad: what the origin of a list is asked does not grow with the fleet.
func TestFleetOriginLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("only waits, for half a minute: shows nothing under the race detector")
	}
	sizes, during := []int{3}, 15*time.Second
	if long() {
		sizes, during = []int{3, 6, 12}, 60*time.Second
	}
	const poll = 5 * time.Second
	for _, n := range sizes {
		f := newFleet(t, n, fleetOptions{lists: 4, poll: poll})
		f.startAll()
		cold := 0
		for _, l := range f.lists {
			cold += len(f.origin.Requests(l.path))
		}
		time.Sleep(2 * poll) // whoever looked at the start goes on in turns
		begin, sent := make([]int, len(f.lists)), make([]int64, len(f.lists))
		for i, l := range f.lists {
			begin[i], sent[i] = len(f.origin.Requests(l.path)), f.origin.Sent(l.path)
		}
		time.Sleep(during)
		requests, unchanged, bytes := 0, 0, int64(0)
		for i, l := range f.lists {
			for _, r := range f.origin.Requests(l.path)[begin[i]:] {
				requests++
				if r.Status == 304 {
					unchanged++
				}
			}
			bytes += f.origin.Sent(l.path) - sent[i]
		}
		lists, periods := float64(len(f.lists)), float64(during)/float64(poll)
		each := float64(requests) / lists / periods
		t.Logf("%d nodes: %.1f requests per list at the cold start; then %.2f requests per list and period (%d of %d were 304), %.0f bytes of bodies per list and hour",
			n, float64(cold)/lists, each, unchanged, requests, float64(bytes)/lists*float64(time.Hour)/float64(during))
		if each > 2.6 || each < 1 {
			t.Errorf("%d nodes: %.2f requests per list and period, want about two", n, each)
		}
		if float64(cold)/lists > 4 {
			t.Errorf("%d nodes: %d requests at the cold start", n, cold)
		}
		for i := range f.members {
			f.kill(i)
		}
	}
}

// TestFleetPublication: an origin that calls nobody publishes a revocation at a random
// moment; measured is the time until the last node refuses the credential, asked over
// HTTP/3 from outside. Then the same with refresh and with publish at one node.
func TestFleetPublication(t *testing.T) {
	longOnly(t)
	const n = 6
	for _, poll := range []time.Duration{10 * time.Second, 60 * time.Second} {
		f := newFleet(t, n, fleetOptions{lists: 60, poll: poll})
		f.startAll()
		time.Sleep(poll)
		before := f.requests()
		began := time.Now()
		var mu sync.Mutex
		var times spreadTimes
		var waiting sync.WaitGroup
		for _, l := range f.lists {
			waiting.Go(func() {
				time.Sleep(rand.N(2 * poll))
				f.revoke(l)
				at := time.Now()
				f.publish(l)
				last := f.lastRefusal(t, l, 3*poll)
				mu.Lock()
				defer mu.Unlock()
				times = append(times, last.Sub(at))
			})
		}
		waiting.Wait()
		perHour := float64(f.requests()-before) / float64(len(f.lists)) * float64(time.Hour) / float64(time.Since(began))
		t.Logf("polls of %s, %d nodes: publication to the last refusal %s; %.0f requests per list and hour", poll, n, times, perHour)
		if slices.Max(times) > 2*poll {
			t.Error("later than two polls")
		}
		for i := range f.members {
			f.kill(i)
		}
	}
	for _, way := range []string{"publish", "refresh"} {
		f := newFleet(t, n, fleetOptions{lists: 60})
		f.startAll()
		var times spreadTimes
		for _, l := range f.lists {
			f.revoke(l)
			p := f.members[rand.N(n)]
			at := time.Now()
			if way == "publish" {
				if _, err := p.client.Publish(t.Context(), f.token(l)); err != nil {
					t.Fatal(err)
				}
			} else {
				f.publish(l)
				if _, err := p.client.Refresh(t.Context(), l.URI); err != nil {
					t.Fatal(err)
				}
			}
			times = append(times, f.lastRefusal(t, l, 10*time.Second).Sub(at))
		}
		t.Logf("%s at one of %d nodes: to the last refusal %s", way, n, times)
		for i := range f.members {
			f.kill(i)
		}
	}
}

// requests are those for status lists.
func (f *fleet) requests() (n int) {
	for _, l := range f.lists {
		n += len(f.origin.Requests(l.path))
	}
	return n
}

// lastRefusal asks every node, over HTTP/3, until it refuses the list's holder, and
// returns when the last did.
func (f *fleet) lastRefusal(t *testing.T, l *fleetList, within time.Duration) (last time.Time) {
	body := l.holder.body()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for i, p := range f.members {
		for {
			a, err := f.outside(i, p).Verify(ctx, body)
			if err != nil {
				t.Errorf("%s: %v", f.name(i), err)
				return time.Now()
			}
			if a.Verdict == "invalid" {
				break
			}
			if a.Verdict != "valid" {
				t.Errorf("%s: %s", f.name(i), a.Verdict)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
	return time.Now()
}

// outside is a client of a node over HTTP/3.
func (f *fleet) outside(i int, p *process) *client.Client {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clients == nil {
		f.clients = make(map[*process]*client.Client)
	}
	c, ok := f.clients[p]
	if !ok {
		var err error
		if c, err = client.New(client.Options{URL: "https://" + p.public, Protocol: client.HTTP3, UnsafeInsecure: true}); err != nil {
			panic(fmt.Sprint(f.name(i), err))
		}
		f.clients[p] = c
		f.t.Cleanup(func() { _ = c.Close() })
	}
	return c
}

// TestFleetColdAndDead: a new node with an empty disk gets everything from its peers
// while the origin is dead, and is ready; those that restart one by one never lose what
// they held.
func TestFleetColdAndDead(t *testing.T) {
	f := newFleet(t, 3, fleetOptions{lists: 2})
	f.start(0)
	f.start(1)
	f.settled(f.running())
	_ = f.origin.Close()
	p := f.start(2)
	eventually(t, "the new node is ready and holds all lists", func() bool { return f.holdsAll(p) })
	for _, l := range f.lists {
		// What is held is in force once it is durable.
		eventually(t, "the new node answers", func() bool { return f.verdict(p, l) == "valid" })
	}
	lists, err := p.client.Lists(t.Context())
	if err != nil || len(lists) != 1 || lists[0].CameFrom != "peer" || !strings.HasPrefix(lists[0].From, "edge-") {
		t.Errorf("where the list came from: %q %q %v", lists[0].CameFrom, lists[0].From, err)
	}
	metrics, err := p.client.DoAdmin(t.Context(), "GET", "/metrics", "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, direction := range []string{"in", "out"} {
		if !regexp.MustCompile(`edgetrust_transfer_bytes_total\{direction="` + direction + `"\} [1-9]`).Match(metrics.Body) {
			t.Errorf("nothing went %s, as far as was counted", direction)
		}
	}
	for i := range f.members {
		f.kill(i)
		p := f.start(i)
		eventually(t, "the restarted node is ready", func() bool { return f.holdsAll(p) })
		eventually(t, "the restarted node answers", func() bool { return f.verdict(p, f.lists[0]) == "valid" })
	}
}
