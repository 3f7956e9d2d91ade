package transfer

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip/identity"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// cluster is an authority of nodes.
type cluster struct {
	t testing.TB
	*identitytest.Authority
}

func newCluster(t testing.TB) *cluster {
	t.Helper()
	a, err := identitytest.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{t, a}
}

// node is the identity of a node with files of its own, which accepts some
// jurisdictions.
func (c *cluster) node(name string, o identitytest.Issue, allow ...string) (id *identity.Identity, dir string) {
	c.t.Helper()
	dir = c.t.TempDir()
	if err := c.Write(dir, name, o); err != nil {
		c.t.Fatal(err)
	}
	id, err := identity.Load(identity.Options{
		Cert: filepath.Join(dir, "node.crt"), Key: filepath.Join(dir, "node.key"), CA: filepath.Join(dir, "ca.pem"), Name: name, Allow: allow,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return id, dir
}

// config is for either side of a connection, of a certificate that a node would not
// start with.
func (c *cluster) config(o identitytest.Issue, name string) *tls.Config {
	c.t.Helper()
	issued, err := c.Issue(name, o)
	if err != nil {
		c.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.Cert)
	return &tls.Config{
		Certificates: []tls.Certificate{issued.TLS}, RootCAs: pool, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}
}

// shelf is a Source.
type shelf struct {
	mu     sync.Mutex
	bodies map[artefact.Digest][]byte
	soon   map[artefact.Digest]chan struct{}
}

func newShelf(bodies ...[]byte) *shelf {
	s := &shelf{bodies: make(map[artefact.Digest][]byte), soon: make(map[artefact.Digest]chan struct{})}
	for _, b := range bodies {
		s.bodies[artefact.Sum(b)] = b
	}
	return s
}

func (s *shelf) Body(ctx context.Context, d artefact.Digest) ([]byte, bool) {
	s.mu.Lock()
	b, ok := s.bodies[d]
	soon := s.soon[d]
	s.mu.Unlock()
	if ok || soon == nil {
		return b, ok
	}
	select {
	case <-soon:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.bodies[d], true
	case <-ctx.Done():
		return nil, false
	}
}

// member serves a handler over HTTP/2, and over HTTP/3 unless UDP is blocked. It counts
// what comes over either, and what it sends.
type member struct {
	Peer
	udp, tcp atomic.Int64
	sent     atomic.Int64
}

func (c *cluster) member(name string, h http.Handler, udpBlocked bool) *member {
	c.t.Helper()
	id, _ := c.node(name, identitytest.Issue{})
	return c.serve(name, id.Server(), h, udpBlocked)
}

func (c *cluster) serve(name string, config *tls.Config, h http.Handler, udpBlocked bool) *member {
	c.t.Helper()
	m := &member{}
	var lis net.Listener
	var packets net.PacketConn
	for {
		var err error
		if lis, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			c.t.Fatal(err)
		}
		if packets, err = net.ListenPacket("udp", lis.Addr().String()); err == nil {
			break
		}
		_ = lis.Close()
	}
	m.Peer = Peer{Name: name, Addr: lis.Addr().String()}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 3 {
			m.udp.Add(1)
		} else {
			m.tcp.Add(1)
		}
		h.ServeHTTP(&counter{w, &m.sent}, r)
	})
	over2 := &http.Server{Handler: counted, TLSConfig: config.Clone()}
	go func() { _ = over2.ServeTLS(lis, "", "") }()
	c.t.Cleanup(func() { _ = over2.Close(); _ = packets.Close() })
	if !udpBlocked {
		over3 := &http3.Server{Handler: counted, TLSConfig: http3.ConfigureTLSConfig(config.Clone()), QUICConfig: &quic.Config{}}
		go func() { _ = over3.Serve(packets) }()
		c.t.Cleanup(func() { _ = over3.Close() })
	}
	return m
}

type counter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (c *counter) Write(b []byte) (int, error) {
	c.sent.Add(int64(len(b)))
	return c.ResponseWriter.Write(b)
}

func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cluster) client(name string) *Client {
	id, _ := c.node(name, identitytest.Issue{})
	return c.clientOf(id.Client(), ClientOptions{})
}

func (c *cluster) clientOf(config *tls.Config, o ClientOptions) *Client {
	cl := NewClient(config, o)
	c.t.Cleanup(cl.Close)
	return cl
}

func randomBody(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func wantOf(b []byte) Want { return Want{Digest: artefact.Sum(b), Size: len(b)} }
