package socket

import (
	"net"

	"golang.org/x/net/bpf"
	"golang.org/x/net/ipv4"
)

const headerUDP = 8 // bytes before the packet's, as a filter sees it

// filter has the kernel drop what cannot be a packet of a member's by its length and
// version, before this process is woken for it: of random bytes, 255 packets in 256.
// Where there are no such filters, opens does as much. The kernel counts what it drops
// with what nobody fetched in time.
func filter(c *net.UDPConn) {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtLen},
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: headerUDP + maxPacket, SkipTrue: 4},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: headerUDP + overhead, SkipTrue: 3},
		bpf.LoadAbsolute{Off: headerUDP, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: version, SkipTrue: 1},
		bpf.RetConstant{Val: headerUDP + maxPacket},
		bpf.RetConstant{Val: 0},
	})
	if err == nil {
		_ = ipv4.NewPacketConn(c).SetBPF(program)
	}
}
