package node

import (
	"bytes"
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
// thousand packets a second. The node goes on and an update reaches it as before. The
// kernel drops nearly all by itself: of random bytes at once, of packets that begin as a
// member's from the first second on. What is left takes at most as much processor time
// again as an idle node does, within what can be measured.
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
	c, err := net.Dial("udp", victim.gossip)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// flood sends so many packets a second, and returns what the node took meanwhile.
	flood := func(what string, rate int, packets [][]byte) time.Duration {
		t.Helper()
		before := victim.cpu(t)
		sent, updated := 0, time.Duration(0)
		for begin := time.Now(); time.Since(begin) < during; time.Sleep(time.Millisecond) {
			for time.Since(begin) < during && sent < int(time.Since(begin)*time.Duration(rate)/time.Second) {
				_, _ = c.Write(packets[sent%len(packets)])
				sent++
			}
			if updated == 0 && time.Since(begin) > during/2 {
				updated = update(what)
			}
		}
		took := victim.cpu(t) - before
		t.Logf("%s: %d packets in %s, %s of processor time, an update after %s", what, sent, during, took, updated)
		return took
	}
	random, like := make([][]byte, 4096), make([][]byte, 4096)
	for i := range random {
		random[i] = make([]byte, 1200)
		_, _ = rand.Read(random[i]) // never fails (crypto/rand)
		like[i] = bytes.Clone(random[i])
		like[i][0] = 1
	}
	time.Sleep(5 * time.Second)
	idle := (flood("idle", 0, random) + flood("still idle", 0, random)) / 2
	for _, c := range []struct {
		what    string
		packets [][]byte
	}{{"random bytes", random}, {"like a member's", like}} {
		most := 2*idle + during/200 // half a percent of a core is what idle nodes differ by
		if took := flood(c.what, 10_000, c.packets); took > most {
			t.Errorf("%s: %s of processor time in %s, want at most %s", c.what, took, during, most)
		}
	}
}
