package socket

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/iotest"
)

// connected returns both ends of a connection.
func connected(t *testing.T, a, b *Transport) (near, far net.Conn) {
	t.Helper()
	near, err := a.DialTimeout(addr(t, b), long)
	if err != nil {
		t.Fatal(err)
	}
	far = <-b.StreamCh()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}

// message is a message on a connection.
func message(kind byte, packet []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(packet)))
	return append(b, packet...)
}

func TestStream(t *testing.T) {
	a, b := start(t, "127.0.0.1", 0), start(t, "127.0.0.1", 0)
	for name, c := range map[string]struct {
		message []byte
		fits    bool
	}{
		"encrypted":         {message(encrypted, seal(t, key, version, "hello")), true},
		"of another kind":   {[]byte{1, 2, 3, 4, 5, 0, 7, 8}, true},
		"short":             {[]byte{encrypted, 0}, true},
		"of version 0":      {message(encrypted, seal(t, key, 0, "sixteen bytes 16")), false},
		"of an empty text":  {message(encrypted, seal(t, key, version, "")), false},
		"shorter than that": {message(encrypted, []byte{version}), false},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := connected(t, a, b)
			for _, ends := range [][2]net.Conn{{near, far}, {far, near}} {
				if _, err := ends[0].Write(c.message); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(c.message))
				_, err := io.ReadFull(iotest.OneByteReader(ends[1]), got)
				if (err == nil) != c.fits {
					t.Errorf("%v", err)
				}
				if c.fits && string(got) != string(c.message) {
					t.Errorf("%x came, want %x", got, c.message)
				}
			}
		})
	}
}

func TestManyStreams(t *testing.T) {
	b := start(t, "127.0.0.1", 0)
	var far []net.Conn
	dial := func() net.Conn {
		c, err := net.Dial("tcp", addr(t, b))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	for range maxStreamsFrom {
		dial()
		far = append(far, <-b.StreamCh())
	}
	c, err := net.Dial("tcp", addr(t, b))
	if err == nil {
		_, err = c.Read(make([]byte, 1))
		_ = c.Close()
	}
	if err == nil || b.Counters().Refused != 1 {
		t.Errorf("one more is open: %v, %+v", err, b.Counters())
	}
	for _, c := range far {
		_, _ = c.Close(), c.Close() // memberlist does
	}
	dial()
	_ = (<-b.StreamCh()).Close()
	if *b.open.all != 0 || len(b.open.from) != 0 {
		t.Errorf("%d places are taken", *b.open.all)
	}
}

func TestPlaces(t *testing.T) {
	p, taken := newPlaces(), 0
	for a, i := netip.MustParseAddr("10.0.0.0"), 0; i < 2*maxStreams; a, i = a.Next(), i+1 {
		if p.take(a) {
			taken++
		}
	}
	if taken != maxStreams {
		t.Errorf("%d at once", taken)
	}
}

// TestShutdown: with packets and a connection that nobody fetches.
func TestShutdown(t *testing.T) {
	a, b := start(t, "127.0.0.1", 0), start(t, "127.0.0.1", 0)
	c, err := net.Dial("tcp", addr(t, b))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send(t, a, addr(t, b), seal(t, key, version, "hello"))
	eventually(t, "nothing comes", func() bool { return len(b.PacketCh()) == 1 })
	for range 2 {
		if err := b.Shutdown(); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open")
	}
	if _, err := b.WriteTo([]byte("x"), addr(t, a)); err == nil {
		t.Error("it still sends")
	}
	if _, err := b.DialTimeout(addr(t, b), long); err == nil {
		t.Error("it still listens")
	}
}
