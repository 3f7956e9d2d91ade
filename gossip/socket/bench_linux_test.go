package socket

import (
	"io"
	"log"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

// BenchmarkGarbage is the processor time that a packet of garbage costs of which the
// first byte is right, ten thousand of them a second: with this transport and with
// memberlist's own, whose packets are tried with the key as memberlist does. Sending is
// in it; "nobody reads" is that alone, and "the key alone" what a key takes to refuse one.
func BenchmarkGarbage(b *testing.B) {
	noise := make([]byte, 1200)
	noise[0] = version
	o, err := newOpener([][]byte{key})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("the key alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o.opens(noise)
		}
	})
	b.Run("nobody reads", func(b *testing.B) {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		flood(b, c.LocalAddr().String(), noise)
	})
	b.Run("this transport", func(b *testing.B) {
		flood(b, addr(b, start(b, "127.0.0.1", 0)), noise)
	})
	b.Run("memberlist's", func(b *testing.B) {
		tr, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{BindAddrs: []string{"127.0.0.1"}, Logger: log.New(io.Discard, "", 0)})
		if err != nil {
			b.Fatal(err)
		}
		end, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			for {
				select {
				case p := <-tr.PacketCh():
					o.opens(p.Buf)
				case <-end:
					return
				}
			}
		}()
		flood(b, net.JoinHostPort("127.0.0.1", strconv.Itoa(tr.GetAutoBindPort())), noise)
		_ = tr.Shutdown()
		close(end)
		<-ended
	})
}

func flood(b *testing.B, to string, packet []byte) {
	c, err := net.Dial("udp", to)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	for sent, begin := 0, time.Now(); sent < b.N; time.Sleep(time.Millisecond) {
		for ; sent < b.N && sent < int(time.Since(begin)/(100*time.Microsecond)); sent++ {
			_, _ = c.Write(packet)
		}
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
