package node

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cpu is the processor time that a process has taken (proc(5): ticks of 10 ms).
func (p *process) cpu(t *testing.T) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		t.Skip("read from Linux's /proc")
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// TestFleetFlood: somebody without a key sends garbage to a node's gossip port, ten
// thousand packets a second. The node goes on, an update reaches it as before, and what
// the garbage costs has a bound: half of it is memberlist's new buffer of 64 KiB for each
// packet, most of the rest the system's.
func TestFleetFlood(t *testing.T) {
	longOnly(t)
	const during = 15 * time.Second
	f := newFleet(t, 3, fleetOptions{})
	f.startAll()
	w := f.watch()
	update := func(what string) time.Duration {
		t.Helper()
		b := f.token(f.lists[0])
		begin := time.Now()
		if _, err := f.members[0].client.Publish(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		at, ok := w.all(digest(b), f.running(), 10*time.Second)
		if !ok {
			t.Fatalf("%s: %d of 3 nodes have the update", what, len(at))
		}
		return at[len(at)-1].Sub(begin)
	}
	victim := f.members[1]
	time.Sleep(5 * time.Second)
	quiet := update("idle")
	before := victim.cpu(t)
	time.Sleep(during)
	idle := victim.cpu(t) - before

	c, err := net.Dial("udp", victim.gossip)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	garbage := make([]byte, 1200)
	_, _ = rand.Read(garbage) // never fails (crypto/rand)
	before = victim.cpu(t)
	sent, flooded := 0, time.Duration(0)
	for begin := time.Now(); time.Since(begin) < during; time.Sleep(time.Millisecond) {
		for sent < int(time.Since(begin)/(100*time.Microsecond)) {
			_, _ = c.Write(garbage)
			sent++
		}
		if flooded == 0 && time.Since(begin) > during/2 {
			flooded = update("under the flood")
		}
	}
	took := victim.cpu(t) - before
	t.Logf("%d packets in %s: %s of processor time, %s without; an update after %s, %s without", sent, during, took, idle, flooded, quiet)
	if share := float64(took-idle) / float64(during); share > 0.8 {
		t.Errorf("the garbage takes %.0f %% of a core", 100*share)
	}
}
