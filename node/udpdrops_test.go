package node

import (
	"net"
	"runtime"
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
