package transfer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// What came of a fetch. Any other error is of the way to the peer.
var (
	ErrMissing = errors.New("the peer does not hold the body")
	ErrBusy    = errors.New("the peer is busy")
	// ErrWrong is the peer's fault: what it sent is not what it was asked for.
	ErrWrong = errors.New("the peer sent another body than it was asked for, or more than it said")
)

// Peer is a member as it can be reached.
type Peer struct {
	Name string // of its node certificate
	Addr string // host:port, for UDP and TCP
}

// Want is a body that is asked for.
type Want struct {
	Digest artefact.Digest
	Size   int    // as it was announced; 1 to MaxBody
	Before []byte // a version before it that is held, against which it may be compressed; nil: none
}

// Client fetches bodies from peers. It may be used concurrently.
type Client struct {
	config *tls.Config

	mu   sync.Mutex
	ways map[Peer]*way
}

// way is how a peer is reached.
type way struct {
	h3  *http3.Transport
	h2  *http.Transport
	tcp time.Time // until then over TCP alone
}

// NewClient returns a Client. The configuration has this node's certificate and, as
// RootCAs, the cluster's; that the peer's certificate is its own is seen to here, what
// else it has to say (its jurisdiction) in config.VerifyConnection.
func NewClient(config *tls.Config) *Client {
	config = config.Clone()
	config.MinVersion = tls.VersionTLS13
	return &Client{config: config, ways: make(map[Peer]*way)}
}

// Close drops all connections.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p, w := range c.ways {
		_ = w.h3.Close()
		w.h2.CloseIdleConnections()
		delete(c.ways, p)
	}
}

// Forget drops the connections to a peer that is one no longer.
func (c *Client) Forget(p Peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w, ok := c.ways[p]; ok {
		_ = w.h3.Close()
		w.h2.CloseIdleConnections()
		delete(c.ways, p)
	}
}

func (c *Client) way(p Peer) *way {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, ok := c.ways[p]
	if !ok {
		config := c.config.Clone()
		config.ServerName = p.Name
		protocols := new(http.Protocols)
		protocols.SetHTTP2(true)
		w = &way{
			h3: &http3.Transport{TLSClientConfig: config, DisableCompression: true, QUICConfig: &quic.Config{
				HandshakeIdleTimeout: handshake, MaxIdleTimeout: idleFor,
			}},
			h2: &http.Transport{
				TLSClientConfig: config.Clone(), Protocols: protocols, DisableCompression: true,
				TLSHandshakeTimeout: 2 * handshake, IdleConnTimeout: idleFor, MaxIdleConnsPerHost: 2,
			},
		}
		c.ways[p] = w
	}
	return w
}

// Fetch gets a body from a peer: exactly the bytes with that digest, or an error.
func (c *Client) Fetch(ctx context.Context, p Peer, want Want) ([]byte, error) {
	if want.Size <= 0 || want.Size > MaxBody {
		return nil, ErrWrong
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var got []byte
	var err error
	for range maxAttempts {
		before := len(got)
		got, err = c.get(ctx, p, want, got)
		switch {
		case err == nil && artefact.Sum(got) != want.Digest:
			return nil, ErrWrong
		case err == nil:
			return got, nil
		case errors.Is(err, ErrMissing), errors.Is(err, ErrBusy), errors.Is(err, ErrWrong), ctx.Err() != nil:
			return nil, err
		case len(got) == before: // it did not even begin
			return nil, err
		}
		want.Before = nil // what broke off is resumed, which a compressed body cannot be
	}
	return nil, err
}

// get asks once for what is not there yet, and returns all that is then.
func (c *Client) get(ctx context.Context, p Peer, want Want, got []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.Addr+Path+want.Digest.String(), nil)
	if err != nil {
		return got, err
	}
	req.Header.Set("Accept-Encoding", "identity")
	switch {
	case len(got) > 0:
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", len(got)))
	case len(want.Before) > 0:
		req.Header.Set("Accept-Encoding", encoding+", identity")
		req.Header.Set("Available-Dictionary", available(artefact.Sum(want.Before)))
	}
	resp, err := c.ask(req, p)
	if err != nil {
		return got, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		got = nil
	case http.StatusPartialContent:
		if from := fmt.Sprintf("bytes %d-%d/%d", len(got), want.Size-1, want.Size); len(got) == 0 || resp.Header.Get("Content-Range") != from {
			return nil, ErrWrong
		}
	case http.StatusNotFound:
		return got, ErrMissing
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return got, ErrBusy
	default:
		return got, fmt.Errorf("the peer answered %d", resp.StatusCode)
	}
	switch resp.Header.Get("Content-Encoding") {
	case "", "identity":
		return read(resp.Body, got, want.Size)
	case encoding:
		if len(want.Before) == 0 {
			return nil, ErrWrong
		}
		b, err := decompress(resp.Body, want.Before, want.Size)
		if errors.Is(err, errEncoding) {
			err = ErrWrong
		}
		return b, err
	}
	return nil, ErrWrong
}

// read reads the rest of a body of a known size. What came before an error stays.
func read(r io.Reader, got []byte, size int) ([]byte, error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if len(got)+n > size {
			return nil, ErrWrong
		}
		got = append(got, buf[:n]...)
		switch {
		case err == io.EOF && len(got) < size:
			return got, io.ErrUnexpectedEOF
		case err == io.EOF:
			return got, nil
		case err != nil:
			return got, err
		}
	}
}

// ask sends a request over HTTP/3, or over HTTP/2 where that lately failed.
func (c *Client) ask(req *http.Request, p Peer) (*http.Response, error) {
	w := c.way(p)
	c.mu.Lock()
	tcp := time.Now().Before(w.tcp)
	c.mu.Unlock()
	if !tcp {
		resp, err := w.overQUIC(req)
		if err == nil || req.Context().Err() != nil {
			return resp, err
		}
		c.mu.Lock()
		w.tcp = time.Now().Add(tcpFor)
		c.mu.Unlock()
	}
	return w.h2.RoundTrip(req)
}

// overQUIC gives up when no answer begins: where UDP does not get through nobody says
// so.
func (w *way) overQUIC(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	late := time.AfterFunc(handshake+2*Patience, cancel)
	resp, err := w.h3.RoundTrip(req.WithContext(ctx))
	if err != nil {
		late.Stop()
		cancel()
		return nil, err
	}
	if !late.Stop() {
		_ = resp.Body.Close()
		return nil, context.DeadlineExceeded
	}
	resp.Body = &ending{resp.Body, cancel}
	return resp, nil
}

// ending is a body at whose end its request's context ends.
type ending struct {
	io.ReadCloser
	end context.CancelFunc
}

func (e *ending) Close() error {
	defer e.end()
	return e.ReadCloser.Close()
}
