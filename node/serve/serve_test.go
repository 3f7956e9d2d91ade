package serve

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with the protocol and the body.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "body", http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Proto", r.Proto)
	_, _ = w.Write(b)
})

// start serves on loopback and checks at the end that Serve returned nil.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Handler == nil {
		o.Handler = echo
	}
	s, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("Serve does not return")
		}
	})
	return s
}

func url(s *Server) string { return "https://" + s.Addr().String() }

// clientTLS trusts the server's certificate and no other.
func clientTLS(s *Server) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

var protocols = []string{"HTTP/3.0", "HTTP/2.0", "HTTP/1.1"}

// newClient returns a client that speaks one protocol only.
func newClient(t *testing.T, config *tls.Config, protocol string) *http.Client {
	t.Helper()
	if protocol == "HTTP/3.0" {
		tr := &http3.Transport{TLSClientConfig: config, QUICConfig: &quic.Config{}}
		t.Cleanup(func() { _ = tr.Close() })
		return &http.Client{Transport: tr}
	}
	p := new(http.Protocols)
	p.SetHTTP1(protocol == "HTTP/1.1")
	p.SetHTTP2(protocol == "HTTP/2.0")
	tr := &http.Transport{TLSClientConfig: config, Protocols: p}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func send(t *testing.T, c *http.Client, url string, body io.Reader) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func TestSameRequestOverEveryProtocol(t *testing.T) {
	s := start(t, Options{})
	large := strings.Repeat("0123456789abcdef", 40_000) // more than a flow-control window
	for _, protocol := range protocols {
		c := newClient(t, clientTLS(s), protocol)
		for _, body := range []string{"", "hello", large} {
			res, got := send(t, c, url(s), strings.NewReader(body))
			if res.StatusCode != 200 || got != body || res.Header.Get("X-Proto") != protocol {
				t.Errorf("%s: %d, %d bytes, seen as %s", protocol, res.StatusCode, len(got), res.Header.Get("X-Proto"))
			}
			alt := res.Header.Get("Alt-Svc")
			wanted := fmt.Sprintf(`h3=":%d"; ma=86400`, s.Addr().Port)
			if protocol == "HTTP/3.0" {
				wanted = ""
			}
			if alt != wanted {
				t.Errorf("%s: Alt-Svc %q, want %q", protocol, alt, wanted)
			}
		}
	}
}

func TestPortsAgree(t *testing.T) {
	s := start(t, Options{})
	if udp := s.udp.LocalAddr().(*net.UDPAddr).Port; udp != s.Addr().Port || udp == 0 {
		t.Errorf("UDP %d, TCP %d", udp, s.Addr().Port)
	}
	// The same port again is taken, and nothing is left open.
	if _, err := Listen(Options{Addr: s.Addr().String(), Handler: echo}); err == nil {
		t.Error("a port can be had twice")
	}
	for _, addr := range []string{"nowhere", "127.0.0.1:x", "256.0.0.1:0"} {
		if _, err := Listen(Options{Addr: addr, Handler: echo}); err == nil {
			t.Errorf("%s is no address", addr)
		}
	}
	if _, err := Listen(Options{Addr: "127.0.0.1:0"}); err == nil {
		t.Error("a handler is needed")
	}
}

func TestTCPPortTakenWhileUDPIsFree(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	if _, err := Listen(Options{Addr: tcp.Addr().String(), Handler: echo}); err == nil {
		t.Fatal("TCP was taken")
	}
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatalf("the UDP socket was left open: %v", err)
	}
	udp.Close()
}

func TestHeadersAreBounded(t *testing.T) {
	s := start(t, Options{MaxHeaderBytes: 8 << 10})
	for _, protocol := range protocols {
		c := newClient(t, clientTLS(s), protocol)
		req, _ := http.NewRequest(http.MethodGet, url(s), nil)
		req.Header.Set("X-Long", strings.Repeat("a", 64<<10))
		res, err := c.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%s: %d", protocol, res.StatusCode)
			}
		}
		// The server is none the worse.
		if res, _ := send(t, newClient(t, clientTLS(s), protocol), url(s), nil); res.StatusCode != 200 {
			t.Errorf("%s afterwards: %d", protocol, res.StatusCode)
		}
	}
}

func TestClientCertificates(t *testing.T) {
	good, pool := clientCertificate(t)
	stranger, _ := clientCertificate(t)
	s := start(t, Options{TLS: TLSOptions{ClientCAs: pool}})
	for _, protocol := range protocols {
		for name, cert := range map[string]*tls.Certificate{"none": nil, "a stranger's": &stranger} {
			config := clientTLS(s)
			if cert != nil {
				config.Certificates = []tls.Certificate{*cert}
			}
			if res, err := newClient(t, config, protocol).Get(url(s)); err == nil {
				res.Body.Close()
				t.Errorf("%s: answered with certificate %s", protocol, name)
			}
		}
		config := clientTLS(s)
		config.Certificates = []tls.Certificate{good}
		if res, _ := send(t, newClient(t, config, protocol), url(s), nil); res.StatusCode != 200 {
			t.Errorf("%s: %d", protocol, res.StatusCode)
		}
	}
}

// Who was let in under other rules is not answered any more, though the connection is open.
func TestRulesChange(t *testing.T) {
	certs, err := newCertificates(TLSOptions{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var refuses atomic.Bool
	s := start(t, Options{TLS: TLSOptions{Config: &tls.Config{
		GetCertificate: certs.get,
		VerifyConnection: func(tls.ConnectionState) error {
			if refuses.Load() {
				return errors.New("not any more")
			}
			return nil
		},
	}}})
	pool := x509.NewCertPool()
	pool.AddCert(certs.current.Leaf)
	for _, protocol := range protocols {
		c := newClient(t, &tls.Config{RootCAs: pool, ServerName: "localhost"}, protocol)
		for _, want := range []int{200, 403, 200} {
			refuses.Store(want == 403)
			if res, _ := send(t, c, url(s), nil); res.StatusCode != want {
				t.Errorf("%s: %d, want %d", protocol, res.StatusCode, want)
			}
		}
	}
}

// clientCertificate makes a client's certificate and a pool that holds it.
func clientCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestShutdownLetsRequestsEnd(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			inside, goOn := make(chan struct{}), make(chan struct{})
			s := start(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(inside)
				<-goOn
				_, _ = io.WriteString(w, "late")
			})})
			var wg sync.WaitGroup
			c := newClient(t, clientTLS(s), protocol)
			wg.Go(func() {
				if _, got := send(t, c, url(s), nil); got != "late" {
					t.Errorf("got %q", got)
				}
			})
			<-inside
			down := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				down <- s.Shutdown(ctx)
			}()
			select {
			case err := <-down:
				t.Fatalf("did not wait for the answer: %v", err)
			case <-time.After(3 * linger):
			}
			close(goOn)
			wg.Wait()
			if err := <-down; err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		})
	}
}

func TestShutdownDoesNotWaitForIdleClients(t *testing.T) {
	s := start(t, Options{})
	for _, protocol := range protocols {
		send(t, newClient(t, clientTLS(s), protocol), url(s), nil) // its connection stays open
	}
	// A QUIC client that speaks no HTTP/3 never hears GOAWAY.
	config := clientTLS(s)
	config.NextProtos = []string{"h3"}
	conn, err := quic.DialAddr(context.Background(), s.Addr().String(), config, &quic.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseWithError(0, "")
	begin := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if d := time.Since(begin); d > 8*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestShutdownCutsWhatDoesNotEnd(t *testing.T) {
	inside := make(chan struct{}, 3)
	s := start(t, Options{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		inside <- struct{}{}
		<-r.Context().Done()
	})})
	var wg sync.WaitGroup
	for _, protocol := range protocols {
		c := newClient(t, clientTLS(s), protocol)
		wg.Go(func() {
			if res, err := c.Get(url(s)); err == nil {
				res.Body.Close()
			}
		})
		<-inside
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	wg.Wait()
}

func TestTooManyConnections(t *testing.T) {
	s := start(t, Options{MaxConns: 1})
	first := newClient(t, clientTLS(s), "HTTP/3.0")
	send(t, first, url(s), nil)
	config := clientTLS(s)
	config.NextProtos = []string{"h3"}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if conn, err := quic.DialAddr(ctx, s.Addr().String(), config, &quic.Config{}); err == nil {
		_ = conn.CloseWithError(0, "")
		t.Error("a second QUIC connection was accepted")
	}
	send(t, first, url(s), nil) // the first is none the worse
	// TCP: the second waits until the first has gone.
	one := newClient(t, clientTLS(s), "HTTP/1.1")
	send(t, one, url(s), nil)
	answered := make(chan struct{})
	two := newClient(t, clientTLS(s), "HTTP/1.1")
	go func() {
		defer close(answered)
		if res, err := two.Get(url(s)); err == nil {
			res.Body.Close()
		}
	}()
	select {
	case <-answered:
		t.Error("a second TCP connection was served")
	case <-time.After(200 * time.Millisecond):
	}
	one.CloseIdleConnections()
	select {
	case <-answered:
	case <-time.After(5 * time.Second):
		t.Error("the second was never served")
	}
}

func TestManyHandshakesNeedARetry(t *testing.T) {
	s := start(t, Options{Handshakes: 1})
	for range 4 { // beyond the rate; Retry is the transport's matter and costs a round trip
		c := newClient(t, clientTLS(s), "HTTP/3.0")
		if res, _ := send(t, c, url(s), nil); res.StatusCode != 200 {
			t.Error(res.StatusCode)
		}
	}
}

// buffer is written to by a logger and read by a test.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func logTo(b *buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
