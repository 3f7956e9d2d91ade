package api

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/testutils/simnet"
)

// clientWindow is how much a client takes that does not read.
const clientWindow = 64 << 10

// overHTTP2 serves the handler in virtual time, with the timeouts of the real
// listener.
func overHTTP2(t *testing.T, h http.Handler) http.RoundTripper {
	t.Helper()
	h2 := new(http.Protocols)
	h2.SetUnencryptedHTTP2(true)
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	s := &http.Server{Handler: h, Protocols: h2, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, HTTP2: &http.HTTP2Config{WriteByteTimeout: 5 * time.Second}}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(p) }()
	c := &http.Transport{
		Protocols: h2, HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: clientWindow},
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			p.conns <- server
			return client, nil
		},
	}
	t.Cleanup(func() {
		c.CloseIdleConnections()
		_ = s.Close()
		<-ended
	})
	return c
}

// overHTTP3 does the same on a network in memory.
func overHTTP3(t *testing.T, h http.Handler) http.RoundTripper {
	t.Helper()
	router := &simnet.PerfectRouter{}
	here, there := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 443}
	server, client := &quic.Transport{Conn: simnet.NewBlockingSimConn(there, router)}, &quic.Transport{Conn: simnet.NewBlockingSimConn(here, router)}
	l, err := server.ListenEarly(http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate(t)}}), &quic.Config{MaxIdleTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s := &http3.Server{Handler: h, IdleTimeout: 90 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- s.ServeListener(l) }()
	c := &http3.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		QUICConfig:      &quic.Config{MaxIdleTimeout: 30 * time.Second, InitialStreamReceiveWindow: clientWindow, MaxStreamReceiveWindow: clientWindow},
		Dial: func(ctx context.Context, _ string, t *tls.Config, q *quic.Config) (*quic.Conn, error) {
			return client.DialEarly(ctx, there, t, q)
		},
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = s.Close()
		<-ended
		for _, end := range []*quic.Transport{client, server} {
			_ = end.Close()
			_ = end.Conn.Close()
		}
	})
	return c
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

var carriers = map[string]func(*testing.T, http.Handler) http.RoundTripper{"HTTP/2": overHTTP2, "HTTP/3": overHTTP3}

func open(t *testing.T, via http.RoundTripper) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://node/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := via.(*http3.Transport); ok {
		r.URL.Scheme = "https"
	}
	res, err := via.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	return res
}

// The write deadline of one event does not end a stream that has nothing to say,
// nor does any timeout of a server.
func TestIdleStreamsLive(t *testing.T) {
	for name, carry := range carriers {
		synctest.Test(t, func(t *testing.T) {
			feed := NewFeed(time.Now())
			res := open(t, carry(t, New(Options{Engine: fake{}, Feed: feed})))
			time.Sleep(10 * time.Minute)
			feed.Add(Event{At: noon, Type: ListStale, List: "pid"})
			lines, beats := bufio.NewScanner(res.Body), 0
			for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
				if lines.Text() == ":" {
					beats++
				}
			}
			if !strings.Contains(lines.Text(), `"list":"pid"`) || beats < 38 || beats > 40 {
				t.Errorf("%s: %d comments, then %q, %v", name, beats, lines.Text(), lines.Err())
			}
			feed.Close()
			_ = res.Body.Close()
		})
	}
}

// A client that does not read is cut off as soon as his window is full.
func TestStuckStreamsAreCut(t *testing.T) {
	for name, carry := range carriers {
		synctest.Test(t, func(t *testing.T) {
			feed, seen := NewFeed(time.Now()), make(chan Observation, 1)
			res := open(t, carry(t, New(Options{Engine: fake{}, Feed: feed, Observe: func(o Observation) { seen <- o }})))
			begin := time.Now()
			for range 4 {
				numbered(feed, keepEvents/4)
				synctest.Wait()
			}
			if o := <-seen; o.Endpoint != "events" || time.Since(begin) > 2*eventTimeout {
				t.Errorf("%s: %+v after %v", name, o, time.Since(begin))
			}
			feed.Close()
			_ = res.Body.Close()
		})
	}
}
