package origin

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

// Limits of one connection. Looks are minutes apart, so an idle connection is not
// kept for the next one, only for a redirect or the digest beside a list.
const (
	dialTimeout    = 10 * time.Second
	headerTimeout  = 15 * time.Second
	maxHeaderBytes = 64 << 10
	idleTimeout    = 10 * time.Second
	maxIdle        = 16
)

// newTransport makes the way of all requests with one policy. Ways share no
// connections: one that was allowed to a private address must not carry a request
// that is not.
func newTransport(o Options, cas *x509.CertPool, private bool) http.RoundTripper {
	if o.Transport != nil {
		return o.Transport
	}
	t := &http.Transport{
		DialContext:            newDialer(o, private).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: cas},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a few bytes must not become gigabytes
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           maxIdle,
	}
	if o.Proxy != nil { // one of the environment would be a surprise in a daemon
		t.Proxy = http.ProxyURL(o.Proxy)
		t.OnProxyConnectResponse = proxyAnswered
	}
	return t
}

func newDialer(o Options, private bool) *net.Dialer {
	d := &net.Dialer{Timeout: dialTimeout, Resolver: o.Resolver}
	if o.Proxy == nil && !private { // through a proxy, the address that is dialled is the proxy's
		d.ControlContext = dialPublic
	}
	return d
}
