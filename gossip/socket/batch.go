//go:build !windows

package socket

import (
	"net"

	"golang.org/x/net/ipv4"
)

// batch reads up to maxBatch packets at once on Linux (recvmmsg(2)), elsewhere one, into
// room of its own. What ipv4 has in its name does not matter to reading.
type batch struct {
	conn     *ipv4.PacketConn
	messages []ipv4.Message
}

func newBatch(c *net.UDPConn) *batch {
	b := &batch{conn: ipv4.NewPacketConn(c), messages: make([]ipv4.Message, maxBatch)}
	room := make([]byte, maxBatch*maxPacket)
	for i := range b.messages {
		b.messages[i].Buffers = [][]byte{room[i*maxPacket : (i+1)*maxPacket]}
	}
	return b
}

// read waits for packets and returns how many came.
func (b *batch) read() (int, error) { return b.conn.ReadBatch(b.messages, 0) }

// packet is one of those that came, and where from. The bytes are there until read is
// called again.
func (b *batch) packet(i int) ([]byte, net.Addr) {
	m := &b.messages[i]
	return m.Buffers[0][:m.N], m.Addr
}
