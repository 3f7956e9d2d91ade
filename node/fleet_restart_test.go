package node

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestFleetRolling: every node gets another certificate, the gossip key is replaced, and
// every node is restarted, one after the other, while requests are answered without a
// pause by whoever a load balancer would choose: none fails, none is other than valid.
func TestFleetRolling(t *testing.T) {
	longOnly(t)
	f := newFleet(t, 3, fleetOptions{lists: 2})
	f.startAll()
	var out [3]atomic.Bool // of the balancer, as /readyz would have it
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	var answers, failed atomic.Int64
	defer asking.Wait()
	defer cancel()
	var mu sync.RWMutex // guards f.members
	for range 2 {
		asking.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				k := i % len(f.members)
				if out[k].Load() {
					continue
				}
				mu.RLock()
				p := f.members[k]
				mu.RUnlock()
				got := f.verdict(p, f.lists[0])
				if answers.Add(1); got != "valid" && ctx.Err() == nil {
					failed.Add(1)
					t.Errorf("%s: %s", f.name(k), got)
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	w := f.watch()
	update := func(what string) {
		t.Helper()
		b := f.token(f.lists[1])
		at := time.Now()
		if _, err := f.members[0].client.Publish(t.Context(), b); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got, ok := w.all(digest(b), f.running(), 10*time.Second)
		if !ok {
			t.Fatalf("%s: %d nodes have the update", what, len(got))
		}
		t.Logf("%s: the last node has an update after %s", what, got[len(got)-1].Sub(at).Round(time.Millisecond))
	}
	// Keys: first to read with, then to write with, then the old one goes.
	const next = "YW5vdGhlciBrZXksIGFsc28gb2YgMzIgYnl0ZXMgISE="
	for step, keys := range []string{fleetKey + "\n" + next, next + "\n" + fleetKey, next} {
		for i := range f.members {
			f.file(i, "gossip.key", keys+"\n")
		}
		time.Sleep(keysTaken)
		update(fmt.Sprintf("keys, step %d", step+1))
	}
	for i := range f.members {
		f.certify(i)
		time.Sleep(3 * time.Second)
	}
	update("certificates replaced")
	time.Sleep(20 * time.Second)
	update("and in use")
	for i := range f.members {
		out[i].Store(true)
		time.Sleep(100 * time.Millisecond)
		p := f.members[i]
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("%s ended with %v", f.name(i), err)
		}
		f.gossip[i] = ""
		p = f.start2(&mu, i)
		eventually(t, "the node is back", func() bool { return f.holdsAll(p) })
		out[i].Store(false)
	}
	w = f.watch()
	time.Sleep(200 * time.Millisecond)
	update("all restarted")
	cancel()
	asking.Wait()
	t.Logf("%d answers, %d failed", answers.Load(), failed.Load())
}

// keysTaken is how long a node may take until it has read a key file again.
const keysTaken = 7 * time.Second

// start2 starts a node while others read f.members.
func (f *fleet) start2(mu *sync.RWMutex, i int) *process {
	mu.Lock()
	defer mu.Unlock()
	return f.start(i)
}

// TestFleetCapture: all that travels between nodes is recorded while a thousand
// presentations are verified and lists change: no byte of a presentation is in it, and no
// announcement in the clear.
func TestFleetCapture(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed (Debian: tshark)")
	}
	n := 100
	if long() {
		n = 1000
	}
	ns := newNamespaces(t, false)
	f := newFleet(t, 3, fleetOptions{lists: 2, network: ns})
	f.startAll()
	file := filepath.Join(f.dir, "capture.pcap")
	capture := exec.Command("tshark", "-q", "-i", "br0", "-F", "pcap", "-w", file, "-f", "port 7946 or port 7947")
	said, err := capture.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := capture.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	if _, err := io.ReadAtLeast(said, buf, 1); err != nil { // "Capturing on 'br0'"
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	w := f.watch()
	var presented []string
	for i := range n {
		p, l := f.members[i%3], f.lists[i%2]
		body := l.holder.body()
		a, err := p.client.Verify(t.Context(), body)
		if err != nil || a.Verdict != "valid" {
			t.Fatalf("%+v %v", a, err)
		}
		presented = append(presented, string(body))
		if i%10 == 0 {
			b := f.token(l)
			if _, err := p.client.Publish(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if _, ok := w.all(digest(b), f.running(), 10*time.Second); !ok {
				t.Fatal("an update did not spread")
			}
		}
	}
	_ = capture.Process.Signal(os.Interrupt)
	_ = capture.Wait()
	got, err := os.ReadFile(file)
	if err != nil || len(got) < 10_000 {
		t.Fatalf("nothing was captured: %d bytes, %v", len(got), err)
	}
	for _, secret := range f.secrets(presented) {
		if strings.Contains(string(got), secret) {
			t.Errorf("%.40q was on the wire between nodes", secret)
		}
	}
	for _, l := range f.lists {
		if strings.Contains(string(got), l.URI) || strings.Contains(string(got), f.name(0)+"\x00") {
			t.Error("a list's address was on the wire in the clear")
		}
	}
	t.Logf("%d presentations, %d bytes captured", n, len(got))
}

// secrets are pieces of what was presented, such as no other bytes have.
func (f *fleet) secrets(bodies []string) (pieces []string) {
	for _, b := range bodies {
		for _, part := range strings.FieldsFunc(b, func(r rune) bool { return strings.ContainsRune("~.\"{}[],: ", r) }) {
			for len(part) >= 24 {
				pieces = append(pieces, part[:24])
				part = part[24:]
			}
		}
	}
	slices.Sort(pieces)
	pieces = slices.Compact(pieces)
	return slices.DeleteFunc(pieces, func(p string) bool { return strings.HasPrefix(p, "http") || strings.Contains(p, "x509_san_dns") })
}
