// Package serve is the public listeners: HTTP/3 on UDP and HTTP/2 with HTTP/1.1 on
// TCP, at the same port number, with one handler and one certificate. TCP answers
// carry Alt-Svc, so that a client that can finds HTTP/3.
//
// Most callers call Listen, then Serve, and Shutdown when it is time to go. The
// package knows net/http handlers only. Headers, streams, connections and idle
// time have bounds; a body's size and time are the handler's to bound, because
// http3 has no read timeout of its own.
package serve

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// Bounds of the listeners, where Options does not say otherwise.
const (
	maxHeader        = 16 << 10
	maxStreams       = 128 // requests at once on a connection
	maxUniStreams    = 8   // HTTP/3 needs three
	maxConns         = 8192
	headerTimeout    = 5 * time.Second
	readTimeout      = 30 * time.Second // backstop for a body that no handler reads
	writeTimeout     = 60 * time.Second
	idleTimeout      = 90 * time.Second
	quicIdle         = 30 * time.Second
	handshakeIdle    = 5 * time.Second
	streamWindow     = 256 << 10
	maxStreamWindow  = 2 << 20
	connWindow       = 512 << 10
	maxConnWindow    = 4 << 20
	handshakesPerCPU = 200 // a second, before clients have to prove their address
	altSvcAge        = 24 * time.Hour
	portAttempts     = 16
	linger           = 500 * time.Millisecond // after the last answer of a drain
)

// Options of a Server.
type Options struct {
	Addr    string // host:port; port 0 takes one that is free for both
	TLS     TLSOptions
	Handler http.Handler // needed
	Logger  *slog.Logger // nil: discards

	// Allow0RTT lets clients that come back send requests before the handshake is
	// complete. The handler has to refuse those that may not be replayed.
	Allow0RTT bool

	// StatelessResetKey and TokenGeneratorKey should outlive a restart, and the
	// second be shared by nodes of one name; nil: random.
	StatelessResetKey *[32]byte
	TokenGeneratorKey *[32]byte

	MaxHeaderBytes int           // 0: 16 KiB
	MaxStreams     int           // requests at once on a connection; 0: 128
	MaxConns       int           // connections, for UDP and for TCP each; 0: 8192
	IdleTimeout    time.Duration // of a connection without requests; 0: 90 s
	// Handshakes a second from which on clients have to prove their address
	// (QUIC Retry, one round trip); 0: 200 for each core.
	Handshakes int
}

// TLSOptions name the certificate. With neither file a self-signed one is made.
type TLSOptions struct {
	CertFile, KeyFile string // PEM; read again when they change
	// ClientCAs: clients need a certificate under one of them. Nil: none is asked
	// for.
	ClientCAs *x509.CertPool
	// Names are further DNS names and addresses of a self-signed certificate.
	Names []string
	// Config is the whole of it, in the place of all that: who calls has certificates
	// and rules of his own. TLS 1.2 is the least, ALPN is seen to here. Its
	// VerifyConnection is asked again with each request: rules may change while a
	// connection is open.
	Config *tls.Config
}

// Server is the pair of listeners.
type Server struct {
	o      Options
	udp    *net.UDPConn
	tcp    net.Listener
	trans  *quic.Transport
	early  *quic.EarlyListener
	h3     *http3.Server
	h12    *http.Server
	active activity
	certs  *certificates

	close sync.Once
}

// Listen binds both sockets and loads the certificate. Nothing is answered before
// Serve.
func Listen(o Options) (*Server, error) {
	o = o.withDefaults()
	if o.Handler == nil {
		return nil, errors.New("failed to listen: no handler")
	}
	var certs *certificates
	if o.TLS.Config == nil {
		var err error
		if certs, err = newCertificates(o.TLS, o.Logger); err != nil {
			return nil, err
		}
	}
	udp, tcp, err := bind(o.Addr)
	if err != nil {
		return nil, err
	}
	if o.TLS.Config != nil && o.TLS.Config.VerifyConnection != nil {
		o.Handler = verified(o.TLS.Config.VerifyConnection, o.Handler)
	}
	s := &Server{o: o, udp: udp, tcp: tcp, certs: certs}
	config := s.tlsConfig()
	s.h12 = s.newHTTP12(config.Clone())
	s.h3 = &http3.Server{
		Handler:        s.active.count(o.Handler),
		MaxHeaderBytes: o.MaxHeaderBytes,
		IdleTimeout:    o.IdleTimeout,
		Port:           s.port(),
		Logger:         o.Logger,
	}
	s.trans = newTransport(udp, o)
	// The listener is ours and not the http3 server's, so that the Transport's keys
	// are. What http3.Server.Serve would add, binding settings to session tickets,
	// is not needed: settings are constant in a process, and ticket keys die with it.
	s.early, err = s.trans.ListenEarly(http3.ConfigureTLSConfig(config), quicConfig(o))
	if err != nil {
		_ = s.trans.Close()
		_ = udp.Close()
		_ = tcp.Close()
		return nil, fmt.Errorf("failed to listen for HTTP/3: %w", err)
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	setDefault(&o.MaxHeaderBytes, maxHeader)
	setDefault(&o.MaxStreams, maxStreams)
	setDefault(&o.MaxConns, maxConns)
	setDefault(&o.IdleTimeout, idleTimeout)
	setDefault(&o.Handshakes, handshakesPerCPU*runtime.GOMAXPROCS(0))
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	for _, key := range []**[32]byte{&o.StatelessResetKey, &o.TokenGeneratorKey} {
		if *key == nil {
			*key = new([32]byte)
			_, _ = rand.Read((*key)[:]) // never fails (crypto/rand)
		}
	}
	return o
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (s *Server) tlsConfig() *tls.Config {
	if s.o.TLS.Config != nil {
		return s.o.TLS.Config.Clone()
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certs.get}
	if s.o.TLS.ClientCAs != nil {
		c.ClientAuth = tls.RequireAndVerifyClientCert
		c.ClientCAs = s.o.TLS.ClientCAs
	}
	return c
}

// Addr is the TCP address; the UDP one has the same port.
func (s *Server) Addr() *net.TCPAddr { return s.tcp.Addr().(*net.TCPAddr) }

func (s *Server) port() int { return s.Addr().Port }

// Fingerprint is the SHA-256 of the certificate in use, lower-case hex; not for a Config
// of the caller's.
func (s *Server) Fingerprint() string { return s.certs.fingerprint() }

// Serve answers requests until Shutdown, which makes it return nil, or until a
// listener fails.
func (s *Server) Serve() error {
	failed := make(chan error, 2)
	go func() { failed <- ended("HTTP/3", s.h3.ServeListener(s.early)) }()
	go func() { failed <- ended("HTTP/2 and HTTP/1.1", s.h12.ServeTLS(s.limitedTCP(), "", "")) }()
	err := <-failed
	if err != nil {
		s.Close()
	}
	return errors.Join(err, <-failed)
}

func ended(what string, err error) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, quic.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("%s listener failed: %w", what, err)
}

// Shutdown stops taking requests, says so to clients (GOAWAY, Connection: close),
// and waits for the answers in progress. When ctx ends first, what is left is cut
// and the context's error returned.
func (s *Server) Shutdown(ctx context.Context) error {
	var wg sync.WaitGroup
	var err3, err12 error
	wg.Go(func() { err3 = s.drainHTTP3(ctx) })
	wg.Go(func() {
		if err12 = s.h12.Shutdown(ctx); err12 != nil {
			_ = s.h12.Close()
		}
	})
	wg.Wait()
	s.Close()
	return errors.Join(err3, err12)
}

// drainHTTP3 waits for requests rather than for connections: a client without any
// may keep its connection open for as long as it likes.
func (s *Server) drainHTTP3(ctx context.Context) error {
	quiet, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		s.active.waitQuiet(quiet, done, linger)
		cancel()
	})
	err := s.h3.Shutdown(quiet)
	close(done)
	wg.Wait()
	if err != nil && ctx.Err() == nil {
		err = nil // cut by quiet: only connections without a request were left
	}
	return err
}

// Close cuts everything at once.
func (s *Server) Close() {
	s.close.Do(func() {
		_ = s.h3.Close()
		_ = s.h12.Close()
		_ = s.early.Close()
		_ = s.trans.Close()
		_ = s.udp.Close()
		_ = s.tcp.Close()
	})
}

// altSvc announces HTTP/3 on every TCP answer (RFC 7838).
func (s *Server) altSvc(next http.Handler) http.Handler {
	value := `h3=":` + strconv.Itoa(s.port()) + `"; ma=` + strconv.Itoa(int(altSvcAge.Seconds()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Alt-Svc", value)
		next.ServeHTTP(w, r)
	})
}
