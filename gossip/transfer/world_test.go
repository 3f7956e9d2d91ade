package transfer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// cluster is a certificate authority of nodes.
type cluster struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCluster(t testing.TB) *cluster {
	t.Helper()
	c := &cluster{t: t}
	c.cert, c.key = c.certify("cluster CA", true)
	return c
}

func (c *cluster) certify(name string, ca bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: ca,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := tmpl, key
	if ca {
		tmpl.KeyUsage, tmpl.ExtKeyUsage = x509.KeyUsageCertSign, nil
	} else {
		tmpl.DNSNames, parent, signer = []string{name}, c.cert, c.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		c.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.t.Fatal(err)
	}
	return cert, key
}

// config is that of a node, for both directions.
func (c *cluster) config(name string) *tls.Config {
	cert, key := c.certify(name, false)
	pool := x509.NewCertPool()
	pool.AddCert(c.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
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
	m := &member{}
	config := c.config(name)
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
	m.Peer = Peer{name, lis.Addr().String()}
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
	cl := NewClient(c.config(name))
	c.t.Cleanup(cl.Close)
	return cl
}

func randomBody(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func wantOf(b []byte) Want { return Want{Digest: artefact.Sum(b), Size: len(b)} }
