package transfer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// What came of asking a peer. Any other error is of the way to it.
var (
	ErrMissing = errors.New("the peer does not hold what it was asked for")
	ErrBusy    = errors.New("the peer is busy")
	// ErrWrong is the peer's fault: what it sent is not what it was asked for.
	ErrWrong = errors.New("the peer sent something else than it was asked for, or more than it may")
)

var errClosed = errors.New("the client is closed, or the peer has been forgotten")

// Peer is a member as it can be reached.
type Peer struct {
	Name string // of its node certificate
	Addr string // host:port, for UDP and TCP
	// ServerName is the DNS name or IP address that its certificate has to be good for,
	// where its Name is not known: of a hub that is known by its URL. "": the
	// certificate has to be the one of Name.
	ServerName string
}

// ClientOptions are a Client's. The zero value is good for a member.
type ClientOptions struct {
	// Proxy is an http or https URL, its user before the host. Through it only TCP
	// goes. Nil: none; one of the environment is not looked for.
	Proxy *url.URL
	// ProxyCAs are the authorities of an https proxy. Nil: the system's.
	ProxyCAs *x509.CertPool
	// KeepAlive is how often something is sent while nothing else is, so that devices
	// on the way do not forget the connection; after three without an answer it has
	// ended. It is for leaves, which have few peers and wait on them. 0: nothing is
	// sent, and connections end after 90 s.
	KeepAlive time.Duration
	// Count is told of the bytes of bodies and messages as they come from peers and go to
	// them. Nil: nobody is.
	Count func(in, out int)
	// Packets is what QUIC uses; it is closed with the Client. Nil: a socket of its
	// own.
	Packets net.PacketConn
	// Dial opens TCP connections. Nil: the system's.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Client asks peers. It may be used concurrently.
type Client struct {
	config *tls.Config
	o      ClientOptions

	ctx    context.Context // of dialling
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex // guards what follows, and what ways and connections say it does
	ways   map[Peer]*way
	quic   *quic.Transport // nil: not needed yet
	closed bool
}

// way is how a peer is reached. The Client's mu guards it.
type way struct {
	conn    *conn    // for new requests; nil: none
	dialing *dialing // nil: nobody is
	tcp     time.Time
}

// dialing is a connection in the making, for which several requests may wait.
type dialing struct {
	done chan struct{} // closed when what follows is there
	err  error
}

// NewClient returns a Client. The configuration, which may be one of identity.Client,
// has this node's certificate and verifies that the peer is of the cluster and allowed;
// that it is the peer that was meant is seen to here. Where VerifyConnection does the
// verifying it is handed the name or address that was meant as ServerName.
func NewClient(config *tls.Config, o ClientOptions) *Client {
	config = config.Clone()
	config.MinVersion = tls.VersionTLS13
	if o.Count == nil {
		o.Count = func(int, int) {}
	}
	c := &Client{config: config, o: o, ways: make(map[Peer]*way)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Close ends all connections, and what is under way on them.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	for p := range c.ways {
		c.forget(p)
	}
	t := c.quic
	c.mu.Unlock()
	c.cancel()
	c.wg.Wait()
	if t != nil {
		_ = t.Close()
		_ = t.Conn.Close()
	} else if c.o.Packets != nil {
		_ = c.o.Packets.Close()
	}
}

// Forget ends the connection to a peer that is one no longer.
func (c *Client) Forget(p Peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(p)
}

// forget is Forget; the caller holds mu.
func (c *Client) forget(p Peer) {
	if w, ok := c.ways[p]; ok {
		delete(c.ways, p)
		if w.conn != nil {
			w.conn.retired = true
			w.conn.close()
		}
	}
}

// Certificates has a peer show its certificates, on a connection of its own, and returns
// them verified: the peer's own first, then those between it and the authority.
func (c *Client) Certificates(ctx context.Context, p Peer) ([]*x509.Certificate, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, errClosed
	}
	c.wg.Add(1)
	tcpFirst := c.prefersTCP(p)
	c.mu.Unlock()
	defer c.wg.Done()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	cn, err := c.connect(ctx, p, tcpFirst)
	if err != nil {
		return nil, fmt.Errorf("no connection to %s: %w", p.Addr, err)
	}
	cn.close()
	return cn.certs, nil
}

// Judge says what is wrong with certificates that a peer has shown, by what holds now: a
// new connection on which it showed them would come to the same.
func (c *Client) Judge(p Peer, certs []*x509.Certificate) error {
	return c.judge(p, tls.ConnectionState{PeerCertificates: certs})
}

// do sends a request, of which nothing has been sent before, and waits until an answer
// begins: at most so long, if within is not 0. The answer's body has to be closed.
//
// A connection that was there before may have ended without anybody having noticed, or be
// of a certificate that has expired since. Then another one is made: after a failure for
// what may be asked twice, after a refusal for anything, since it was not looked into.
func (c *Client) do(p Peer, req *http.Request, within time.Duration) (*http.Response, error) {
	for again := false; ; again = true {
		cn, reused, err := c.acquire(req.Context(), p)
		if err != nil {
			return nil, err
		}
		resp, err := c.send(p, cn, req, within)
		refused := err == nil && resp.StatusCode == http.StatusForbidden
		failed := err != nil && req.Method == http.MethodGet
		if again || !reused || !refused && !failed || req.Context().Err() != nil {
			return resp, err
		}
		if refused {
			_ = resp.Body.Close()
		}
		if req.GetBody != nil {
			if req.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

func (c *Client) send(p Peer, cn *conn, req *http.Request, within time.Duration) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	intime := func() bool { return true }
	if within > 0 {
		intime = time.AfterFunc(within, cancel).Stop
	}
	resp, err := cn.RoundTrip(req.WithContext(ctx))
	if !intime() && req.Context().Err() == nil {
		if err == nil {
			_ = resp.Body.Close()
		}
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
		c.release(p, cn, true, errors.Is(req.Context().Err(), context.Canceled))
		return nil, fmt.Errorf("no answer from %s: %w", p.Addr, err)
	}
	c.mu.Lock()
	cn.answered = true
	// This node may have a renewed certificate, which another connection shows.
	if w := c.ways[p]; resp.StatusCode == http.StatusForbidden && w != nil && w.conn == cn {
		c.retire(w)
	}
	c.mu.Unlock()
	c.o.Count(0, int(max(0, req.ContentLength)))
	resp.Body = &answer{ReadCloser: resp.Body, count: c.o.Count, done: func(broken bool) {
		cancel()
		c.release(p, cn, broken, true)
	}}
	return resp, nil
}

// answer is a body that says once when it is done with, and whether it broke off.
type answer struct {
	io.ReadCloser
	count  func(in, out int)
	broken bool
	once   sync.Once
	done   func(broken bool)
}

func (a *answer) Read(b []byte) (int, error) {
	n, err := a.ReadCloser.Read(b)
	a.count(n, 0)
	if err != nil && err != io.EOF {
		a.broken = true
	}
	return n, err
}

func (a *answer) Close() error {
	err := a.ReadCloser.Close()
	a.once.Do(func() { a.done(a.broken) })
	return err
}
