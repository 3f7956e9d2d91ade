package transfer

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"
)

// conn is a connection whose handshake is over.
type conn struct {
	http.RoundTripper
	certs []*x509.Certificate // that the peer has shown
	quic  bool
	until time.Time // that it is used for new requests
	dead  func() bool
	close func()

	// The Client's mu guards what follows.
	uses     int  // requests that are under way
	answered bool // one of them, at some time
	retired  bool // it is closed after the last of them
}

// acquire returns a connection, which release has to be called for, and whether it was
// there before.
func (c *Client) acquire(ctx context.Context, p Peer) (cn *conn, reused bool, err error) {
	for range maxAttempts {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return nil, false, errClosed
		}
		w := c.way(p)
		if cn := w.conn; cn != nil && !cn.dead() && time.Now().Before(cn.until) && c.Judge(p, cn.certs) == nil {
			cn.uses++
			reused = cn.answered
			c.mu.Unlock()
			return cn, reused, nil
		}
		c.retire(w)
		d := w.dialing
		if d == nil {
			d = &dialing{done: make(chan struct{})}
			w.dialing = d
			c.wg.Go(func() { c.dial(p, w, d) })
		}
		c.mu.Unlock()
		select {
		case <-d.done:
		case <-ctx.Done():
			return nil, false, fmt.Errorf("no connection to %s yet: %w", p.Addr, ctx.Err())
		}
		if d.err != nil {
			return nil, false, fmt.Errorf("no connection to %s: %w", p.Addr, d.err)
		}
	}
	return nil, false, fmt.Errorf("no connection to %s: each ended before it could be used", p.Addr)
}

// way returns that of a peer; the caller holds mu.
func (c *Client) way(p Peer) *way {
	w, ok := c.ways[p]
	if !ok {
		w = &way{}
		c.ways[p] = w
	}
	return w
}

// retire has new requests go over another connection; the caller holds mu.
func (c *Client) retire(w *way) {
	if cn := w.conn; cn != nil {
		w.conn, cn.retired = nil, true
		if cn.uses == 0 {
			cn.close()
		}
	}
}

// release says that a request is over. After one that failed, others do not use its
// connection. If it was over QUIC and nothing ever came back, though nobody gave up, TCP
// is tried first for a while: there are networks that let a handshake pass and no more.
func (c *Client) release(p Peer, cn *conn, failed, gaveUp bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cn.uses--
	w := c.ways[p]
	if failed && w != nil && w.conn == cn {
		c.retire(w)
		if cn.quic && !cn.answered && !gaveUp {
			w.tcp = time.Now().Add(tcpFor)
		}
	}
	if cn.retired && cn.uses == 0 {
		cn.close()
	}
}

// dial makes a connection for all who wait for it, and so does not end with any of them.
func (c *Client) dial(p Peer, w *way, d *dialing) {
	c.mu.Lock()
	tcpFirst := c.prefersTCP(p)
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(c.ctx, connectTimeout)
	defer cancel()
	cn, err := c.connect(ctx, p, tcpFirst)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && (c.closed || c.ways[p] != w) {
		cn.close()
		err = errClosed
	}
	w.dialing, d.err = nil, err
	if err == nil {
		w.conn = cn
	}
	close(d.done)
}

// prefersTCP says whether a peer is tried over TCP first; the caller holds mu. Nothing is
// remembered of one that is only tried.
func (c *Client) prefersTCP(p Peer) bool {
	w, ok := c.ways[p]
	return ok && time.Now().Before(w.tcp)
}
