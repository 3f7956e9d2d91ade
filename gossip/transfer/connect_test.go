package transfer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// echo answers a message with itself.
func echo(_ context.Context, _ string, message []byte) ([]byte, error) { return message, nil }

// Where UDP is swallowed nobody says so: TCP is tried soon, what is asked is asked once,
// and for a while TCP comes first.
func TestBlocked(t *testing.T) {
	c := newCluster(t)
	m := c.member("edge-1", NewHandler(newShelf(), echo), true)
	cl := c.client("edge-2")
	for n := range 3 {
		start := time.Now()
		got, err := cl.Exchange(t.Context(), m.Peer, []byte{byte(n)})
		took := time.Since(start)
		if err != nil || !bytes.Equal(got, []byte{byte(n)}) {
			t.Fatal(got, err)
		}
		if n == 0 && (took < headStart || took > headStart+1500*time.Millisecond) || n > 0 && took > headStart {
			t.Errorf("message %d took %v", n, took)
		}
		if n == 1 { // another connection, so soon after, is not tried over QUIC first
			cl.mu.Lock()
			cl.retire(cl.way(m.Peer))
			cl.mu.Unlock()
		}
	}
	if udp, tcp := m.udp.Load(), m.tcp.Load(); udp != 0 || tcp != 3 {
		t.Errorf("%d and %d requests", udp, tcp)
	}
}

// Once UDP gets through again QUIC is used again, after a while.
func TestUnblocked(t *testing.T) {
	c := newCluster(t)
	m := c.member("edge-1", NewHandler(newShelf(), echo), false)
	cl := c.client("edge-2")
	cl.mu.Lock()
	cl.way(m.Peer).tcp = time.Now().Add(tcpFor)
	cl.mu.Unlock()
	ask := func(udp, tcp int64) {
		t.Helper()
		if _, err := cl.Exchange(t.Context(), m.Peer, []byte{1}); err != nil {
			t.Fatal(err)
		}
		if u, n := m.udp.Load(), m.tcp.Load(); u != udp || n != tcp {
			t.Errorf("%d and %d requests", u, n)
		}
	}
	ask(0, 1)
	ask(0, 2)
	cl.mu.Lock()
	w := cl.way(m.Peer)
	if left := time.Until(w.conn.until); left > tcpFor || left < tcpFor-time.Minute {
		t.Errorf("a connection over TCP is used for %v", left)
	}
	w.tcp, w.conn.until = time.Now(), time.Now() // as if that had gone by
	cl.mu.Unlock()
	ask(1, 2)
	ask(2, 2)
}

// A connection over TCP that was begun before another one came about over QUIC is used all
// the same.
func TestUnblockedMeanwhile(t *testing.T) {
	c := newCluster(t)
	m := c.member("edge-1", NewHandler(newShelf(), echo), false)
	cl := c.client("edge-2")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, over := range []func(context.Context, Peer) (*conn, error){cl.overQUIC, cl.overTCP} {
		cn, err := over(ctx, m.Peer)
		if err != nil {
			t.Fatal(err)
		}
		defer cn.close()
		cl.won(m.Peer, cn, true)
		if left := time.Until(cn.until); left < tcpFor-time.Minute || !cn.quic && left > tcpFor {
			t.Errorf("over QUIC %v: it is used for %v", cn.quic, left)
		}
	}
}

// Where nobody is, and where only one of the two is listened on.
func TestUnreachable(t *testing.T) {
	c := newCluster(t)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := lis.Addr().String()
	_ = lis.Close()
	cl := c.client("edge-2")
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := cl.Certificates(ctx, Peer{Name: "edge-1", Addr: addr}); err == nil || time.Since(start) > 3*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	for _, bad := range []string{"", "127.0.0.1", "127.0.0.1:x", "nobody.invalid:1"} {
		if _, err := cl.Certificates(ctx, Peer{Name: "edge-1", Addr: bad}); err == nil {
			t.Errorf("%q: a certificate", bad)
		}
	}
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if len(cl.ways) != 0 {
		t.Errorf("%d ways to nobody are remembered", len(cl.ways))
	}
}

// Over either way: a peer shows its certificate, and who is not of the cluster, or not
// who is meant, gets nothing and is asked nothing.
func TestCertificates(t *testing.T) {
	c, others := newCluster(t), newCluster(t)
	b := randomBody(1000)
	good, _ := c.node("edge-2", identitytest.Issue{})
	stranger, _ := others.node("edge-2", identitytest.Issue{})
	server, _ := c.node("edge-1", identitytest.Issue{DNS: []string{"hub.example"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	expired := identitytest.Issue{NotAfter: time.Now().Add(-time.Second)}
	none := good.Client()
	none.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
	credulous := c.config(identitytest.Issue{}, "edge-2")
	credulous.InsecureSkipVerify = true
	late := c.config(expired, "edge-2")
	late.InsecureSkipVerify = true
	foreign := others.config(identitytest.Issue{}, "edge-2")
	foreign.InsecureSkipVerify = true
	for _, blocked := range []bool{false, true} {
		h := NewHandler(newShelf(b), echo)
		m := c.serve("edge-1", server.Server(), h, blocked)
		old := c.serve("edge-1", c.config(expired, "edge-1"), h, blocked)
		other := others.member("edge-1", h, blocked)
		peer := func(m *member, name, serverName string) Peer { return Peer{name, m.Addr, serverName} }
		for what, k := range map[string]struct {
			config *tls.Config
			peer   Peer
			good   bool
		}{
			"a member":                         {good.Client(), m.Peer, true},
			"a hub, by its host":               {good.Client(), peer(m, "x", "hub.example"), true},
			"a hub, by its address":            {good.Client(), peer(m, "x", "127.0.0.1"), true},
			"plain authorities":                {c.config(identitytest.Issue{}, "edge-2"), m.Peer, true},
			"plain authorities, an address":    {c.config(identitytest.Issue{}, "edge-2"), peer(m, "x", "127.0.0.1"), true},
			"another name":                     {good.Client(), peer(m, "edge-9", ""), false},
			"a further name as a member":       {good.Client(), peer(m, "hub.example", ""), false},
			"another host":                     {good.Client(), peer(m, "edge-1", "hub2.example"), false},
			"another address":                  {good.Client(), peer(m, "edge-1", "127.0.0.2"), false},
			"another name, not verifying much": {credulous, peer(m, "edge-9", ""), false},
			"another address, likewise":        {credulous, peer(m, "edge-1", "127.0.0.2"), false},
			"another cluster":                  {good.Client(), other.Peer, false},
			"expired":                          {good.Client(), old.Peer, false},
			"own of another cluster":           {stranger.Client(), m.Peer, false},
			"own of another cluster, naive":    {foreign, m.Peer, false},
			"own expired":                      {late, m.Peer, false},
			"no own":                           {none, m.Peer, false},
		} {
			cl := NewClient(k.config, ClientOptions{})
			asked := m.udp.Load() + m.tcp.Load() + old.udp.Load() + old.tcp.Load() + other.udp.Load() + other.tcp.Load()
			_, err := cl.Fetch(t.Context(), k.peer, wantOf(b))
			_, err2 := cl.Exchange(t.Context(), k.peer, []byte{1})
			if (err == nil) != k.good || (err2 == nil) != k.good {
				t.Errorf("UDP blocked %v: %s: %v, %v", blocked, what, err, err2)
			}
			certs, err := cl.Certificates(t.Context(), k.peer)
			switch {
			case k.good && (err != nil || identity.NameOf(certs[0]) != "edge-1"):
				t.Errorf("UDP blocked %v: %s: %v", blocked, what, err)
			case !k.good && err == nil && !strings.Contains(what, "own"): // what the other side thinks is not known yet
				t.Errorf("UDP blocked %v: %s: a certificate", blocked, what)
			}
			if n := m.udp.Load() + m.tcp.Load() + old.udp.Load() + old.tcp.Load() + other.udp.Load() + other.tcp.Load(); !k.good && n != asked {
				t.Errorf("UDP blocked %v: %s: %d requests", blocked, what, n-asked)
			}
			cl.Close()
		}
	}
}

// Each side refuses a jurisdiction that it does not allow, over either way.
func TestResidency(t *testing.T) {
	c := newCluster(t)
	eu, _ := c.node("edge-1", identitytest.Issue{Jurisdiction: "EU"}, "EU")
	ch, _ := c.node("edge-2", identitytest.Issue{Jurisdiction: "CH"})
	eu2, _ := c.node("edge-2", identitytest.Issue{Jurisdiction: "EU"}, "EU")
	eu3, _ := c.node("edge-3", identitytest.Issue{Jurisdiction: "EU"}, "EU") // is no server, which may still be refusing
	for _, blocked := range []bool{false, true} {
		h := NewHandler(newShelf(), echo)
		strict, open := c.serve("edge-1", eu.Server(), h, blocked), c.serve("edge-2", ch.Server(), h, blocked)
		if _, err := c.clientOf(eu2.Client(), ClientOptions{}).Exchange(t.Context(), strict.Peer, []byte{1}); err != nil {
			t.Errorf("UDP blocked %v: an allowed one: %v", blocked, err)
		}
		before := eu.Refused()
		if _, err := c.clientOf(ch.Client(), ClientOptions{}).Exchange(t.Context(), strict.Peer, []byte{1}); err == nil || eu.Refused() == before { // one that is refused over HTTP/2 tries once more
			t.Errorf("UDP blocked %v: a server let a client in: %v, %d refused", blocked, err, eu.Refused()-before)
		}
		before = eu3.Refused()
		if _, err := c.clientOf(eu3.Client(), ClientOptions{}).Certificates(t.Context(), open.Peer); !errors.Is(err, identity.ErrResidency) || eu3.Refused() != before+1 {
			t.Errorf("UDP blocked %v: a client went to a server: %v, %d refused", blocked, err, eu3.Refused()-before)
		}
		if n := strict.udp.Load() + strict.tcp.Load() + open.udp.Load() + open.tcp.Load(); n != 1 {
			t.Errorf("UDP blocked %v: %d requests", blocked, n)
		}
	}
}

// A renewed certificate, and a replaced authority, are shown by the server that runs; a
// connection that is open goes on.
func TestRenewal(t *testing.T) {
	c := newCluster(t)
	for _, blocked := range []bool{false, true} {
		server, dir := c.node("edge-1", identitytest.Issue{})
		client, clientDir := c.node("edge-2", identitytest.Issue{})
		m := c.serve("edge-1", server.Server(), NewHandler(newShelf(), echo), blocked)
		cl := c.clientOf(client.Client(), ClientOptions{})
		ask := func() {
			t.Helper()
			if _, err := cl.Exchange(t.Context(), m.Peer, []byte{1}); err != nil {
				t.Error(err)
			}
		}
		shows := func() {
			t.Helper()
			want, _ := server.Credentials()
			if got, err := cl.Certificates(t.Context(), m.Peer); err != nil || !got[0].Equal(want) {
				t.Errorf("UDP blocked %v: %v", blocked, err)
			}
		}
		conn := func() *conn {
			cl.mu.Lock()
			defer cl.mu.Unlock()
			return cl.way(m.Peer).conn
		}
		ask()
		shows()
		first := conn()
		if err := c.Write(dir, "edge-1", identitytest.Issue{}); err != nil {
			t.Fatal(err)
		}
		if changed, err := server.Reload(); !changed || err != nil {
			t.Fatal(changed, err)
		}
		shows()
		ask()
		if conn() != first {
			t.Error("an open connection was given up")
		}
		others := newCluster(t)
		for _, d := range []struct {
			id        *identity.Identity
			dir, name string
		}{{server, dir, "edge-1"}, {client, clientDir, "edge-2"}} {
			if err := others.Write(d.dir, d.name, identitytest.Issue{}); err != nil {
				t.Fatal(err)
			}
			if changed, err := d.id.Reload(); !changed || err != nil {
				t.Fatal(changed, err)
			}
			if d.name == "edge-1" {
				if _, err := cl.Certificates(t.Context(), m.Peer); err == nil {
					t.Error("the server's authority is not the client's yet")
				}
			}
		}
		shows()
		ask()
	}
}

// A connection that is open is used no longer once the authority of its peer is gone, and
// no other takes its place.
func TestAuthorityGone(t *testing.T) {
	c, others := newCluster(t), newCluster(t)
	b := randomBody(1000)
	for _, blocked := range []bool{false, true} {
		m := c.member("edge-1", NewHandler(newShelf(b), nil), blocked)
		id, dir := c.node("edge-2", identitytest.Issue{})
		cl := c.clientOf(id.Client(), ClientOptions{})
		if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil {
			t.Fatal(err)
		}
		certs, err := cl.Certificates(t.Context(), m.Peer)
		if err != nil || cl.Judge(m.Peer, certs) != nil {
			t.Error(err, cl.Judge(m.Peer, certs))
		}
		if err := others.Write(dir, "edge-2", identitytest.Issue{}); err != nil {
			t.Fatal(err)
		}
		if changed, err := id.Reload(); !changed || err != nil {
			t.Fatal(changed, err)
		}
		if err := cl.Judge(m.Peer, certs); !untrusted(err) {
			t.Errorf("UDP blocked %v: judged: %v", blocked, err)
		}
		if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); !untrusted(err) {
			t.Errorf("UDP blocked %v: fetched: %v", blocked, err)
		}
		if n := m.udp.Load() + m.tcp.Load(); n != 1 {
			t.Errorf("UDP blocked %v: %d requests", blocked, n)
		}
	}
}

// A server that was restarted is found again by the next request, without a failure
// where it may be asked twice.
func TestRestart(t *testing.T) {
	c := newCluster(t)
	b := randomBody(1000)
	id, _ := c.node("edge-1", identitytest.Issue{})
	m := c.serve("edge-1", id.Server(), NewHandler(newShelf(b), echo), true)
	cl := c.client("edge-2")
	if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil {
		t.Fatal(err)
	}
	m.stop()
	if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err == nil {
		t.Fatal("fetched from nobody")
	}
	lis, err := net.Listen("tcp", m.Addr)
	if err != nil {
		t.Skip("the port is taken: ", err)
	}
	again := &http.Server{Handler: NewHandler(newShelf(b), echo), TLSConfig: id.Server()}
	go func() { _ = again.ServeTLS(lis, "", "") }()
	defer again.Close()
	if got, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil || !bytes.Equal(got, b) {
		t.Error(err)
	}
}

// A connection that a peer has closed is noticed, and a body asked for again.
func TestClosedByPeer(t *testing.T) {
	c := newCluster(t)
	b := randomBody(1000)
	for _, blocked := range []bool{false, true} {
		m := c.member("edge-1", NewHandler(newShelf(b), nil), blocked)
		cl := c.client("edge-2")
		for range 3 {
			if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil {
				t.Errorf("UDP blocked %v: %v", blocked, err)
			}
			cl.mu.Lock()
			cn := cl.way(m.Peer).conn
			cl.mu.Unlock()
			cn.close() // as if by the other side, after it was looked at
			cn.dead = func() bool { return false }
		}
	}
}

// After Forget and Close nothing is asked and nothing is left.
func TestForget(t *testing.T) {
	c := newCluster(t)
	b := randomBody(1000)
	m := c.member("edge-1", NewHandler(newShelf(b), nil), false)
	cl := c.client("edge-2")
	for range 2 {
		if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil {
			t.Fatal(err)
		}
		cl.Forget(m.Peer)
		cl.Forget(m.Peer)
		cl.mu.Lock()
		if len(cl.ways) != 0 {
			t.Errorf("%d ways", len(cl.ways))
		}
		cl.mu.Unlock()
	}
	cl.Close()
	cl.Close()
	if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); !errors.Is(err, errClosed) {
		t.Error(err)
	}
	if _, err := cl.Certificates(t.Context(), m.Peer); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}
