package socket

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"log/slog"
	"net"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	key      = []byte("thirty-two bytes make up one key")
	otherKey = []byte("and as many make up another one.")
)

// seal writes a packet as memberlist does.
func seal(t testing.TB, key []byte, version byte, text string) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1+nonceSize, 1+nonceSize+len(text)+16)
	b[0] = version
	_, _ = rand.Read(b[1:]) // never fails (crypto/rand)
	return c.Seal(b, b[1:], []byte(text), nil)
}

// start listens until the test ends.
func start(t testing.TB, host string, port int, keys ...[]byte) *Transport {
	t.Helper()
	if len(keys) == 0 {
		keys = [][]byte{key}
	}
	tr, err := Listen(host, port, keys, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Shutdown() })
	return tr
}

func addr(t testing.TB, tr *Transport) string {
	t.Helper()
	ip, port, err := tr.FinalAdvertiseAddr("", 0)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(ip.String(), strconv.Itoa(port))
}

func send(t testing.TB, from *Transport, to string, b []byte) {
	t.Helper()
	if _, err := from.WriteTo(b, to); err != nil {
		t.Fatal(err)
	}
}

// next is the next packet that memberlist would get; nil: there is none for a while.
func next(tr *Transport, wait time.Duration) ([]byte, net.Addr) {
	select {
	case p := <-tr.PacketCh():
		return p.Buf, p.From
	case <-time.After(wait):
		return nil, nil
	}
}

const (
	long  = 5 * time.Second // what comes, comes in this time
	short = 50 * time.Millisecond
)

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(long); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}
