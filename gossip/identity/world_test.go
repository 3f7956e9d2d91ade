package identity_test

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/edgetrust/edgetrust/gossip/identity"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newAuthority(t testing.TB) *identitytest.Authority {
	t.Helper()
	a, err := identitytest.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// options are those of a node whose files are in a folder.
func options(dir, name string, allow ...string) identity.Options {
	return identity.Options{
		Cert: filepath.Join(dir, "node.crt"), Key: filepath.Join(dir, "node.key"), CA: filepath.Join(dir, "ca.pem"),
		Name: name, Allow: allow,
	}
}

func write(t testing.TB, a *identitytest.Authority, dir, name string, o identitytest.Issue) {
	t.Helper()
	if err := a.Write(dir, name, o); err != nil {
		t.Fatal(err)
	}
}

// node loads an identity from files of its own.
func node(t testing.TB, a *identitytest.Authority, name string, o identitytest.Issue, allow ...string) *identity.Identity {
	t.Helper()
	dir := t.TempDir()
	write(t, a, dir, name, o)
	id, err := identity.Load(options(dir, name, allow...))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// handshake connects two sides in memory and returns what each says, and as whom the
// other was known.
func handshake(client, server *tls.Config, name string) (peers [2]string, atClient, atServer error) {
	client = client.Clone()
	client.ServerName = name
	a, b := net.Pipe()
	deadline := time.Now().Add(10 * time.Second)
	_, _ = a.SetDeadline(deadline), b.SetDeadline(deadline)
	var both sync.WaitGroup
	atA, atB := newPosting(a, &both), newPosting(b, &both)
	c, s := tls.Client(atA, client), tls.Server(atB, server)
	both.Go(func() {
		if atServer = s.Handshake(); atServer == nil {
			peers[1] = identity.NameOf(s.ConnectionState().PeerCertificates[0])
			_, atServer = s.Write([]byte{1})
		}
		close(atB.out)
	})
	both.Go(func() {
		if atClient = c.Handshake(); atClient == nil {
			peers[0] = identity.NameOf(c.ConnectionState().PeerCertificates[0])
			_, atClient = c.Read(make([]byte, 1)) // the server may refuse only now
		}
		close(atA.out)
	})
	both.Wait()
	return peers, atClient, atServer
}

// posting is a side that does not wait with writing until the other reads, as neither
// would if both refused.
type posting struct {
	net.Conn
	out chan []byte
}

func newPosting(c net.Conn, running *sync.WaitGroup) posting {
	p := posting{c, make(chan []byte, 100)}
	running.Go(func() {
		for b := range p.out {
			_, _ = c.Write(b)
		}
		_ = c.Close()
	})
	return p
}

func (p posting) Write(b []byte) (int, error) {
	p.out <- bytes.Clone(b)
	return len(b), nil
}

// logged is what a logger has written.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// take returns the lines since it was last called.
func (l *logged) take() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		lines = append(lines, line)
	}
	l.b.Reset()
	return lines
}

func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
