package node

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The table's last column counts, for the port alone.
func TestDropsIn(t *testing.T) {
	const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 9137: 0100007F:20FB 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18214 2 00000000e8b1 17
 9138: 00000000:20FB 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18215 2 00000000e8b2 3
 9139: 00000000:20FC 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18216 2 00000000e8b3 5
 garbage
`
	for port, want := range map[int]uint64{8443: 20, 8444: 5, 1: 0} {
		if got := dropsIn(strings.NewReader(table), port); got != want {
			t.Errorf("port %d: %d, want %d", port, got, want)
		}
	}
}

// A socket that nobody reads from loses packets, and is found out.
func TestUDPDrops(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("read from Linux's /proc")
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadBuffer(4096)
	to := c.LocalAddr().(*net.UDPAddr)
	for range 1000 {
		_, _ = c.WriteToUDP(make([]byte, 1000), to)
	}
	for range 100 {
		if n, ok := udpDrops(to.Port); ok && n > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("no packet was lost, or it was not noticed")
}

// Of a member that others reach at a router's port, it is the port it listens at that
// counts; and the real one, where any would do.
func TestDropsOfTheBoundPort(t *testing.T) {
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	port := free.LocalAddr().(*net.UDPAddr).Port
	free.Close()
	f := newFleet(t, 1, fleetOptions{})
	for _, listen := range []int{port, 0} {
		advertise := ""
		if listen != 0 {
			advertise = fmt.Sprintf("\n  advertise: \"127.0.0.1:%d\"", port^1)
		}
		n, err := f.here(0, f.yaml(0, fmt.Sprintf("mode: member\n  listen: \"127.0.0.1:%d\"\n  transfer: \"127.0.0.1:0\"\n  key_file: gossip.key", listen)+advertise))
		if err != nil {
			t.Fatal(err)
		}
		_, real, _ := net.SplitHostPort(n.GossipAddr())
		want := port
		if listen == 0 {
			want, _ = strconv.Atoi(real)
		}
		if got := n.udpPorts()["gossip"]; got != want || got == 0 {
			t.Errorf("drops at port %d are counted, it listens at %d", got, want)
		}
		if err := n.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
