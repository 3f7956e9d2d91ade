package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// burst is a list of which one entry in a hundred is revoked at once.
type burst struct {
	id      artefact.ID
	before  []byte
	after   []byte
	struck  probe // revoked by it
	spared  probe
	updated atomic.Bool // the node has admitted what is after
}

// probe is a presentation that is verified again and again.
type probe struct {
	req     *verify.Request
	refused atomic.Int64 // nanoseconds after the publication; 0: not yet
}

// TestBurst: every list revokes one entry in a hundred in one second, as after a stolen
// key. Every revoked credential is refused once its list is refreshed; verification
// goes on meanwhile, and no answer is lost, indeterminate or falsely valid.
func TestBurst(t *testing.T) {
	lists, entries := 10, 1<<16
	if os.Getenv("EDGETRUST_LONG") != "" {
		lists, entries = 100, 1<<20
	}
	var uris []string
	for i := range lists {
		uris = append(uris, fmt.Sprintf("%q", fmt.Sprintf("%s/burst/%d", issuerHost, i)))
	}
	c := newCore(t, "prefetch: ["+strings.Join(uris, ", ")+"]", "flip_alarm: 0.005")
	var published atomic.Bool
	all := make([]*burst, lists)
	for i := range all {
		all[i] = newBurst(c, fmt.Sprintf("%s/burst/%d", issuerHost, i), entries)
		c.net.serve(all[i].id.Name, func(*http.Request) reply {
			if published.Load() {
				return reply{body: all[i].after}
			}
			return reply{body: all[i].before}
		})
	}
	end := c.run()
	defer end()
	c.seeded()
	eventually(t, "all lists are held", func() bool { return c.node.store.StatusLists(time.Now()).Held == lists })

	var answers, strikes atomic.Int64
	var worst atomic.Int64 // time for one answer
	var began atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var verifying sync.WaitGroup
	defer verifying.Wait()
	defer cancel()
	for range 2 {
		verifying.Go(func() {
			for ctx.Err() == nil {
				for _, b := range all {
					at := time.Now()
					must := b.updated.Load()
					struck := said((engine{c.node}).Verify(context.Background(), b.struck.req))
					worst.Store(max(worst.Load(), int64(time.Since(at))))
					spared := said((engine{c.node}).Verify(context.Background(), b.spared.req))
					answers.Add(2)
					switch {
					case spared != "valid":
						t.Errorf("one that was spared: %s", spared)
					case struck == "invalid status_revoked" && published.Load():
						if b.struck.refused.CompareAndSwap(0, time.Now().UnixNano()-began.Load()) {
							strikes.Add(1)
						}
					case struck != "valid" || must:
						t.Errorf("one that is revoked: %s; its list was admitted: %v", struck, must)
					}
				}
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	before := answers.Load()
	began.Store(time.Now().UnixNano())
	published.Store(true)
	start := time.Now()
	var refreshing sync.WaitGroup
	for _, b := range all {
		refreshing.Go(func() {
			if _, err := c.node.follower.RefreshID(ctx, b.id); err != nil {
				t.Error(err)
			}
			b.updated.Store(true)
		})
	}
	refreshing.Wait()
	refreshed := time.Since(start)
	eventually(t, "all that were revoked are refused", func() bool { return strikes.Load() == int64(lists) })
	during := answers.Load() - before
	took := time.Duration(0)
	for _, b := range all {
		took = max(took, time.Duration(b.struck.refused.Load()))
	}
	cancel()
	verifying.Wait()
	if n := c.metric(`edgetrust_events_total{type="status_flood"}`); n != fmt.Sprint(lists) {
		t.Errorf("%q events of a flood, want %d", n, lists)
	}
	t.Logf("%d lists of %d entries, %d revoked: all lists in force after %s, the last revoked probe refused after %s; %d answers meanwhile, the slowest in %s",
		lists, entries, lists*(entries/100), refreshed.Round(time.Millisecond), took.Round(time.Millisecond), during, time.Duration(worst.Load()).Round(time.Microsecond))
}

// newBurst signs a list before and after.
func newBurst(c *core, uri string, entries int) *burst {
	c.t.Helper()
	list := c.PID("DE").NewStatusList(uri, 1, entries)
	sign := func(at time.Time) []byte {
		b, err := list.Token(verifytest.FormJWT, at, verifytest.TokenOptions{})
		if err != nil {
			c.t.Fatal(err)
		}
		return b
	}
	issue := func() *wallet {
		ref, err := list.Allocate(verifytest.StatusGood)
		if err != nil {
			c.t.Fatal(err)
		}
		return c.issue(c.PID("DE"), ref)
	}
	struck, spared := issue(), issue()
	b := &burst{id: artefact.ID{Kind: artefact.Status, Name: uri}, before: sign(time.Now().Add(-time.Minute))}
	for n := 0; n < entries/100; {
		i := rand.Uint64N(uint64(entries))
		if i == spared.ref.Index || i == struck.ref.Index || list.Get(i) != verifytest.StatusGood {
			continue
		}
		_ = list.Set(i, verifytest.StatusRevoked)
		n++
	}
	_ = list.Set(struck.ref.Index, verifytest.StatusRevoked)
	b.after = sign(time.Now())
	b.struck.req, b.spared.req = struck.request(), spared.request()
	return b
}
