package transfer

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// proxy lets clients with a password connect to anywhere.
type proxy struct {
	*httptest.Server
	connected atomic.Int64
	answer    int // instead of connecting
}

func newProxy(t *testing.T, config *tls.Config) *proxy {
	p := &proxy{}
	var open sync.WaitGroup
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Proxy-Authorization") == "":
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		case r.Method != http.MethodConnect || p.answer != 0:
			w.WriteHeader(p.answer)
			return
		}
		p.connected.Add(1)
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = here.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		carry := func(to net.Conn, from io.Reader) {
			open.Go(func() {
				_, _ = io.Copy(to, from)
				_ = to.Close()
			})
		}
		carry(there, bufio.NewReader(io.MultiReader(io.LimitReader(buffered, int64(buffered.Reader.Buffered())), here)))
		carry(here, there)
	}))
	if config != nil {
		p.TLS = config
		p.StartTLS()
	} else {
		p.Start()
	}
	t.Cleanup(func() { p.Close(); open.Wait() })
	return p
}

func (p *proxy) url(t *testing.T, user *url.Userinfo) *url.URL {
	t.Helper()
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = user
	return u
}

// Through a proxy everything goes over TCP, to peers that show their own certificates.
func TestProxy(t *testing.T) {
	c := newCluster(t)
	b := randomBody(100_000)
	m := c.member("edge-1", NewHandler(newShelf(b), echo), false)
	id, _ := c.node("branch-1", identitytest.Issue{})
	for _, secure := range []bool{false, true} {
		o := ClientOptions{}
		var config *tls.Config
		if secure { // of an authority that is not the cluster's
			others := newCluster(t)
			issued, err := others.Issue("proxy", identitytest.Issue{IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
			if err != nil {
				t.Fatal(err)
			}
			config = &tls.Config{Certificates: []tls.Certificate{issued.TLS}}
			o.ProxyCAs = x509.NewCertPool()
			o.ProxyCAs.AddCert(others.Cert)
		}
		p := newProxy(t, config)
		o.Proxy = p.url(t, url.UserPassword("branch", "secret"))
		udp, tcp := m.udp.Load(), m.tcp.Load()
		cl := c.clientOf(id.Client(), o)
		if got, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("TLS %v: %v", secure, err)
		}
		if _, err := cl.Exchange(t.Context(), m.Peer, []byte{1}); err != nil {
			t.Errorf("TLS %v: %v", secure, err)
		}
		if certs, err := cl.Certificates(t.Context(), m.Peer); err != nil || certs[0].DNSNames[0] != "edge-1" {
			t.Errorf("TLS %v: %v", secure, err)
		}
		if _, err := cl.Certificates(t.Context(), Peer{Name: "edge-9", Addr: m.Addr}); err == nil {
			t.Errorf("TLS %v: another peer's certificate", secure)
		}
		if u, n := m.udp.Load()-udp, m.tcp.Load()-tcp; u != 0 || n != 2 || p.connected.Load() != 3 {
			t.Errorf("TLS %v: %d and %d requests, %d connections", secure, u, n, p.connected.Load())
		}
		cl.Close()
	}
}

// What a proxy refuses is said with what to do, and nothing goes round it.
func TestProxyRefuses(t *testing.T) {
	c := newCluster(t)
	m := c.member("edge-1", NewHandler(newShelf(), echo), false)
	id, _ := c.node("branch-1", identitytest.Issue{})
	p := newProxy(t, nil)
	for _, k := range []struct {
		user   *url.Userinfo
		answer int
		say    string
	}{
		{nil, 0, "egress.proxy takes them before the host"},
		{url.UserPassword("branch", "secret"), http.StatusForbidden, "403 Forbidden: see that it lets this node connect"},
	} {
		p.answer = k.answer
		_, err := c.clientOf(id.Client(), ClientOptions{Proxy: p.url(t, k.user)}).Exchange(t.Context(), m.Peer, []byte{1})
		if err == nil || !strings.Contains(err.Error(), k.say) || strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	}
	gone := p.url(t, nil)
	p.Close()
	if _, err := c.clientOf(id.Client(), ClientOptions{Proxy: gone}).Exchange(t.Context(), m.Peer, []byte{1}); err == nil {
		t.Error("an answer without the proxy")
	}
	if n := m.udp.Load() + m.tcp.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}
