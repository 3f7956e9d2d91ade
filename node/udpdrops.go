package node

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
)

// udpDrops are the packets that the kernel has dropped at a UDP port because nobody
// fetched them in time; false: this system does not tell.
func udpDrops(port int) (n uint64, ok bool) {
	for _, name := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		ok = true
		n += dropsIn(f, port)
		_ = f.Close()
	}
	return n, ok
}

// dropsIn adds up the last column of the lines of a port (proc(5)): the second is the
// local address, in hexadecimal digits.
func dropsIn(r io.Reader, port int) (n uint64) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 {
			continue
		}
		_, hex, _ := strings.Cut(fields[1], ":")
		if p, err := strconv.ParseUint(hex, 16, 16); err != nil || int(p) != port {
			continue
		}
		if drops, err := strconv.ParseUint(fields[len(fields)-1], 10, 64); err == nil {
			n += drops
		}
	}
	return n
}
