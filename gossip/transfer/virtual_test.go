package transfer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/testutils/simnet"

	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// network is in memory, for UDP alone, and may swallow what is sent.
type network struct {
	simnet.PerfectRouter
	swallows atomic.Bool
	renew    func(identitytest.Issue) // the client's certificate
}

func (n *network) SendPacket(p simnet.Packet) error {
	if n.swallows.Load() {
		return nil
	}
	return n.PerfectRouter.SendPacket(p)
}

// pair is a client and a member on a network, in virtual time.
func pair(t *testing.T, h http.Handler, o ClientOptions, issue identitytest.Issue) (*Client, Peer, *network) {
	t.Helper()
	c := newCluster(t)
	n := &network{}
	here, there := &net.UDPAddr{IP: net.IP{192, 0, 2, 1}, Port: 1}, &net.UDPAddr{IP: net.IP{192, 0, 2, 2}, Port: 443}
	member, _ := c.node("edge-1", identitytest.Issue{})
	client, dir := c.node("branch-1", issue)
	n.renew = func(o identitytest.Issue) {
		if err := c.Write(dir, "branch-1", o); err != nil {
			t.Fatal(err)
		}
		if changed, err := client.Reload(); !changed || err != nil {
			t.Fatal(changed, err)
		}
	}
	server := &quic.Transport{Conn: simnet.NewBlockingSimConn(there, n)}
	// Idle connections of a node's listener end sooner than those of the client.
	l, err := server.ListenEarly(http3.ConfigureTLSConfig(member.Server()), &quic.Config{MaxIdleTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s := &http3.Server{Handler: h}
	ended := make(chan error, 1)
	go func() { ended <- s.ServeListener(l) }()
	o.Packets = simnet.NewBlockingSimConn(here, n)
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no TCP") }
	cl := NewClient(client.Client(), o)
	t.Cleanup(func() {
		cl.Close()
		_ = s.Close()
		<-ended
		_ = server.Close()
		_ = server.Conn.Close()
	})
	return cl, Peer{Name: "edge-1", Addr: there.String()}, n
}

// An answer that is put off as long as it may be comes, over a connection on which nothing
// else happens, again and again.
func TestLongWait(t *testing.T) {
	const putOff = 25 * time.Second
	x := func(ctx context.Context, _ string, b []byte) ([]byte, error) {
		select {
		case <-time.After(putOff):
			return b, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for _, keep := range []time.Duration{0, 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			cl, p, _ := pair(t, NewHandler(newShelf(), x), ClientOptions{KeepAlive: keep}, identitytest.Issue{})
			for range 3 {
				start := time.Now()
				if _, err := cl.Exchange(t.Context(), p, []byte{1}); err != nil || time.Since(start) > putOff+time.Second {
					t.Errorf("kept alive every %v: after %v: %v", keep, time.Since(start), err)
				}
			}
		})
	}
}

// A hub that is gone without a word is noticed by whoever waits for it, in three times
// what keeps the connection alive.
func TestHubIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keep = 5 * time.Second
		x := func(ctx context.Context, _ string, b []byte) ([]byte, error) {
			if b[0] == 1 {
				return b, nil
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		cl, p, n := pair(t, NewHandler(newShelf(), x), ClientOptions{KeepAlive: keep}, identitytest.Issue{})
		if _, err := cl.Exchange(t.Context(), p, []byte{1}); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(10*time.Second, func() { n.swallows.Store(true) })
		start := time.Now()
		_, err := cl.Exchange(t.Context(), p, []byte{2})
		if took := time.Since(start); err == nil || took > 10*time.Second+3*keep+time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		start = time.Now()
		if _, err := cl.Exchange(t.Context(), p, []byte{1}); err == nil || time.Since(start) > connectTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		n.swallows.Store(false)
		if _, err := cl.Exchange(t.Context(), p, []byte{1}); err != nil {
			t.Errorf("it is back: %v", err)
		}
	})
}

// A certificate that expires ends a connection's use, to the second, though it is open;
// with a renewed one the node is let in again.
func TestExpiresWhileConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Minute).Truncate(time.Second)
		cl, p, n := pair(t, NewHandler(newShelf(), echo), ClientOptions{KeepAlive: time.Second}, identitytest.Issue{NotAfter: end})
		for _, k := range []struct {
			at   time.Time
			good bool
		}{{time.Now(), true}, {end.Add(-time.Second), true}, {end.Add(time.Second), false}, {end.Add(2 * time.Second), false}} {
			time.Sleep(time.Until(k.at))
			if _, err := cl.Exchange(t.Context(), p, []byte{1}); (err == nil) != k.good {
				t.Errorf("%v from its end: %v", time.Until(end), err)
			}
		}
		n.renew(identitytest.Issue{})
		if _, err := cl.Exchange(t.Context(), p, []byte{1}); err != nil {
			t.Errorf("renewed: %v", err)
		}
	})
}

// The same where the renewal came in time, and the connection was of before: nobody
// notices.
func TestRenewedWhileConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Minute).Truncate(time.Second)
		var asked atomic.Int64
		x := func(_ context.Context, _ string, b []byte) ([]byte, error) { asked.Add(1); return b, nil }
		cl, p, n := pair(t, NewHandler(newShelf(), x), ClientOptions{KeepAlive: time.Second}, identitytest.Issue{NotAfter: end})
		for i := range 4 {
			if i == 1 {
				n.renew(identitytest.Issue{})
				time.Sleep(time.Until(end.Add(time.Second)))
			}
			if got, err := cl.Exchange(t.Context(), p, []byte{1, 2, 3}); err != nil || len(got) != 3 {
				t.Errorf("message %d: %d bytes, %v", i, len(got), err)
			}
		}
		if asked.Load() != 4 {
			t.Errorf("%d were answered", asked.Load())
		}
	})
}

// A connection is not used for ever, but what is under way on it ends well.
func TestConnectionAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := func(_ context.Context, _ string, b []byte) ([]byte, error) {
			time.Sleep(time.Duration(b[0]) * time.Second)
			return b, nil
		}
		cl, p, _ := pair(t, NewHandler(newShelf(), x), ClientOptions{KeepAlive: 5 * time.Second}, identitytest.Issue{})
		current := func() *conn {
			cl.mu.Lock()
			defer cl.mu.Unlock()
			return cl.way(p).conn
		}
		ask := func(wait byte) {
			if _, err := cl.Exchange(t.Context(), p, []byte{wait}); err != nil {
				t.Error(err)
			}
		}
		ask(0)
		first := current()
		time.Sleep(time.Until(first.until) - time.Second)
		ask(0)
		if current() != first {
			t.Error("given up a second too early")
		}
		long := make(chan struct{})
		go func() { defer close(long); ask(20) }()
		time.Sleep(2 * time.Second)
		ask(0)
		if current() == first || first.dead() {
			t.Errorf("the same %v, ended %v", current() == first, first.dead())
		}
		<-long
		synctest.Wait()
		if !first.dead() {
			t.Error("still open")
		}
	})
}

// A message is given up when whoever asks does, and no later than it may be put off.
func TestExchangeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		cl, p, _ := pair(t, NewHandler(newShelf(), never), ClientOptions{KeepAlive: 5 * time.Second}, identitytest.Issue{})
		for _, limit := range []time.Duration{time.Second, time.Hour} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			start := time.Now()
			if _, err := cl.Exchange(ctx, p, []byte{1}); err == nil || time.Since(start) > min(limit, exchangeTimeout)+time.Second {
				t.Errorf("of %v: after %v: %v", limit, time.Since(start), err)
			}
			cancel()
		}
	})
}
