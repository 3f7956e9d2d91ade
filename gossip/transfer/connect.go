package transfer

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/edgetrust/edgetrust/gossip/identity"
)

// connect makes a connection over QUIC, and over TCP as well if that takes long, or the
// other way round. The first that is there is used. Nothing is asked before, so nothing
// is asked twice.
func (c *Client) connect(ctx context.Context, p Peer, tcpFirst bool) (*conn, error) {
	ways := []func(context.Context, Peer) (*conn, error){c.overQUIC, c.overTCP}
	switch {
	case c.o.Proxy != nil:
		ways = ways[1:]
	case tcpFirst:
		slices.Reverse(ways)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // the slower one ends, too
	type result struct {
		*conn
		error
	}
	results := make(chan result) // taken or thrown away
	running := 0
	start := func() {
		over := ways[0]
		ways = ways[1:]
		running++
		c.wg.Go(func() {
			cn, err := over(ctx, p)
			select {
			case results <- result{cn, err}:
			case <-ctx.Done():
				if err == nil {
					cn.close()
				}
			}
		})
	}
	start()
	wait := time.NewTimer(headStart)
	defer wait.Stop()
	var errs []error
	for running > 0 {
		select {
		case <-wait.C:
			if len(ways) > 0 {
				start()
			}
		case r := <-results:
			running--
			if r.error == nil {
				c.won(p, r.conn, tcpFirst)
				return r.conn, nil
			}
			errs = append(errs, r.error)
			if untrusted(r.error) { // it would be over any way
				return nil, r.error
			}
			if len(ways) > 0 {
				start()
			}
		case <-ctx.Done():
			return nil, errors.Join(append(errs, ctx.Err())...)
		}
	}
	return nil, errors.Join(errs...)
}

// won remembers which way was the faster, and says how long a connection is used.
func (c *Client) won(p Peer, cn *conn, tcpFirst bool) {
	now := time.Now()
	cn.until = now.Add(connectionFor)
	c.mu.Lock()
	w := c.way(p)
	switch {
	case c.o.Proxy != nil:
	case cn.quic:
		w.tcp = time.Time{}
	case !tcpFirst:
		w.tcp = now.Add(tcpFor)
		fallthrough
	default: // then QUIC has another chance
		cn.until = now.Add(tcpFor)
		if w.tcp.After(now) { // it is not where QUIC has come through meanwhile
			cn.until = w.tcp
		}
	}
	c.mu.Unlock()
	if end := cn.certs[0].NotAfter; cn.until.After(end) {
		cn.until = end
	}
}

// configFor is for one connection, which stores what the peer has shown.
func (c *Client) configFor(p Peer, shown *[]*x509.Certificate) *tls.Config {
	config := c.config.Clone()
	config.ServerName = p.serverName()
	config.VerifyConnection = func(cs tls.ConnectionState) error {
		*shown = cs.PeerCertificates
		return c.judge(p, cs)
	}
	return config
}

// judge says whether a peer may be at the other end of a connection.
func (c *Client) judge(p Peer, cs tls.ConnectionState) error {
	cs.ServerName = p.serverName() // not there if it is an address
	err := p.is(cs.PeerCertificates[0])
	if verify := c.config.VerifyConnection; verify != nil && err == nil {
		err = verify(cs)
	}
	if err != nil && !untrusted(err) {
		err = &tls.CertificateVerificationError{UnverifiedCertificates: cs.PeerCertificates, Err: err}
	}
	return err
}

func (p Peer) serverName() string { return cmp.Or(p.ServerName, p.Name) }

// is says whether a certificate is a peer's.
func (p Peer) is(cert *x509.Certificate) error {
	if p.ServerName != "" {
		return cert.VerifyHostname(p.ServerName)
	}
	if name := identity.NameOf(cert); name != p.Name {
		return fmt.Errorf("the peer is %q, not %q", name, p.Name)
	}
	return nil
}

// untrusted says that the peer has shown a certificate that is not as it has to be.
func untrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

func (c *Client) overQUIC(ctx context.Context, p Peer) (*conn, error) {
	t, err := c.transport()
	if err != nil {
		return nil, err
	}
	addrs, err := resolve(ctx, p.Addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, quicTimeout)
	defer cancel()
	var certs []*x509.Certificate
	config := c.configFor(p, &certs)
	config.NextProtos = []string{http3.NextProtoH3}
	var qc *quic.Conn
	for _, addr := range addrs {
		if qc, err = t.Dial(ctx, addr, config, c.quicConfig()); err == nil || untrusted(err) || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("over QUIC: %w", err)
	}
	h3 := &http3.Transport{DisableCompression: true, MaxResponseHeaderBytes: maxHeader}
	return &conn{
		RoundTripper: h3.NewClientConn(qc), certs: certs, quic: true,
		dead:  func() bool { return qc.Context().Err() != nil },
		close: func() { _ = qc.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "") },
	}, nil
}

func (c *Client) quicConfig() *quic.Config {
	idle := idleFor
	if c.o.KeepAlive > 0 {
		idle = 3 * c.o.KeepAlive
	}
	return &quic.Config{
		Versions: []quic.Version{quic.Version1}, HandshakeIdleTimeout: connectTimeout,
		MaxIdleTimeout: idle, KeepAlivePeriod: c.o.KeepAlive,
		MaxIncomingStreams: -1, MaxIncomingUniStreams: 8, // HTTP/3 has three
		MaxStreamReceiveWindow: streamWindow, MaxConnectionReceiveWindow: maxStreams,
	}
}

// transport is the socket of all connections over QUIC.
func (c *Client) transport() (*quic.Transport, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, errClosed
	case c.quic != nil:
		return c.quic, nil
	case c.o.Packets != nil:
		c.quic = &quic.Transport{Conn: c.o.Packets}
		return c.quic, nil
	}
	udp, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	c.quic = &quic.Transport{Conn: udp}
	return c.quic, nil
}

// resolve returns the addresses of a peer, those of IPv4 first.
func resolve(ctx context.Context, addr string) (addrs []net.Addr, err error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(ips, func(a, b netip.Addr) int { return cmp.Compare(a.Unmap().BitLen(), b.Unmap().BitLen()) })
	for _, ip := range ips[:min(len(ips), maxAddresses)] {
		addrs = append(addrs, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip.Unmap(), uint16(port))))
	}
	return addrs, nil
}

func (c *Client) overTCP(ctx context.Context, p Peer) (*conn, error) {
	var certs []*x509.Certificate
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	t := &http.Transport{
		TLSClientConfig: c.configFor(p, &certs), DialContext: c.o.Dial, Protocols: protocols, DisableCompression: true,
		MaxResponseHeaderBytes: maxHeader, IdleConnTimeout: idleFor,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream: streamWindow, MaxReceiveBufferPerConnection: maxStreams,
			SendPingTimeout: c.o.KeepAlive, PingTimeout: 2 * c.o.KeepAlive, WriteByteTimeout: messageTimeout,
		},
	}
	if c.o.Proxy != nil {
		t.Proxy = http.ProxyURL(c.o.Proxy)
		t.OnProxyConnectResponse = proxyAnswered
		// The proxy has a certificate of its own.
		secure := &tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{RootCAs: c.o.ProxyCAs, MinVersion: tls.VersionTLS12}}
		t.DialTLSContext = secure.DialContext
	}
	cc, err := t.NewClientConn(ctx, "https", p.Addr)
	if err != nil {
		return nil, fmt.Errorf("over TCP: %w", err)
	}
	return &conn{
		RoundTripper: cc, certs: certs,
		dead:  func() bool { return cc.Err() != nil },
		close: func() { _ = cc.Close() },
	}, nil
}

// proxyAnswered refuses what a proxy answers to CONNECT but 200, in words that are not
// the proxy's.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return errors.New("the proxy wants a user and password, or others: egress.proxy takes them before the host, http://user:password@host:port")
	}
	return fmt.Errorf("the proxy answered %d %s: see that it lets this node connect to the hubs in gossip.join", resp.StatusCode, http.StatusText(resp.StatusCode))
}
