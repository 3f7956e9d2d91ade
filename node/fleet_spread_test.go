package node

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

func long() bool { return os.Getenv("EDGETRUST_LONG") == "1" }

// longOnly skips a test that takes minutes, unless they are asked for.
func longOnly(t *testing.T) {
	t.Helper()
	if !long() {
		t.Skip("takes minutes: set EDGETRUST_LONG=1")
	}
}

// TestFleetSpread: a status list's next version, published at any node, is in force on
// all others within milliseconds, in real processes; beside it, in the same run, what
// memberlist's own queue takes with the settings it comes with. Where each version came
// from can be seen.
func TestFleetSpread(t *testing.T) {
	n, updates := 3, 10
	if long() {
		n, updates = 12, 200
	}
	f := newFleet(t, n, fleetOptions{lists: 8})
	f.startAll()
	w := f.watch()
	time.Sleep(200 * time.Millisecond) // the streams are open
	var ours spreadTimes
	for i := range updates {
		l, at := f.lists[i%len(f.lists)], f.members[rand.N(n)]
		b := f.token(l)
		begin := time.Now()
		r, err := at.client.Publish(t.Context(), b)
		if err != nil || r.Outcome != "admitted" {
			t.Fatalf("update %d: %+v %v", i, r, err)
		}
		all, ok := w.all(digest(b), f.running(), 10*time.Second)
		if !ok {
			t.Fatalf("update %d: %d of %d nodes have it", i, len(all), n)
		}
		ours = append(ours, all[len(all)-1].Sub(begin))
	}
	stock := stockSpread(t, n, min(updates, 50))
	t.Logf("%d nodes, last node's list in force: %s; announcement alone with memberlist's queue as it comes: %s", n, ours, stock)
	if slices.Max(ours) > 5*time.Second {
		t.Error("it took seconds")
	}
}

// stockSpread is the time until the last of n members has a message that one queues, as
// memberlist spreads it by itself, on loopback.
func stockSpread(t *testing.T, n, updates int) (times spreadTimes) {
	t.Helper()
	heard := make(chan time.Time, n)
	delegates := make([]*stockDelegate, n)
	members := make([]*memberlist.Memberlist, n)
	for i := range n {
		c := memberlist.DefaultLANConfig()
		c.Name, c.BindAddr, c.BindPort, c.AdvertisePort = fmt.Sprint(i), "127.0.0.1", 0, 0
		c.Logger = log.New(io.Discard, "", 0)
		queue := &memberlist.TransmitLimitedQueue{NumNodes: func() int { return n }, RetransmitMult: c.RetransmitMult}
		delegates[i] = &stockDelegate{queue: queue, heard: heard, seen: make(map[string]bool)}
		c.Delegate = delegates[i]
		m, err := memberlist.Create(c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = m.Shutdown() }()
		if members[i] = m; i > 0 {
			if _, err := m.Join([]string{members[0].LocalNode().Address()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "all are members", func() bool { return members[n-1].NumMembers() == n && members[1].NumMembers() == n })
	time.Sleep(time.Second)
	for i := range updates {
		begin, last := time.Now(), time.Time{}
		delegates[rand.N(n)].say(fmt.Sprint("update ", i))
		for range n - 1 {
			select {
			case at := <-heard:
				last = at
			case <-time.After(30 * time.Second):
				t.Fatal("somebody never heard")
			}
		}
		times = append(times, last.Sub(begin))
	}
	return times
}

type stockMessage string

func (stockMessage) Invalidates(memberlist.Broadcast) bool { return false }
func (m stockMessage) Message() []byte                     { return []byte(m) }
func (stockMessage) Finished()                             {}

// stockDelegate passes on what it hears for the first time.
type stockDelegate struct {
	queue *memberlist.TransmitLimitedQueue
	heard chan time.Time
	mu    sync.Mutex
	seen  map[string]bool
}

// say sends a message of this member's own.
func (d *stockDelegate) say(text string) {
	d.mu.Lock()
	d.seen[text] = true
	d.mu.Unlock()
	d.queue.QueueBroadcast(stockMessage(text))
}

func (d *stockDelegate) NotifyMsg(b []byte) {
	d.mu.Lock()
	known := d.seen[string(b)]
	d.seen[string(b)] = true
	d.mu.Unlock()
	if known {
		return
	}
	d.queue.QueueBroadcast(stockMessage(b))
	d.heard <- time.Now()
}
func (d *stockDelegate) NodeMeta(int) []byte { return nil }
func (d *stockDelegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.queue.GetBroadcasts(overhead, limit)
}
func (d *stockDelegate) LocalState(bool) []byte        { return nil }
func (d *stockDelegate) MergeRemoteState([]byte, bool) {}

func digest(b []byte) string { return artefact.Sum(b).String() }
