package transfer

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// Many exchanges with one member share its connection from the first on.
func TestExchangesTogether(t *testing.T) {
	c := newCluster(t)
	m := c.member("edge-1", NewHandler(newShelf(), func(_ context.Context, _ string, b []byte) ([]byte, error) { return b, nil }), false)
	cl := c.client("edge-2")
	var asking sync.WaitGroup
	for i := range 4 {
		asking.Go(func() {
			for range 20 {
				if got, err := cl.Exchange(t.Context(), m.Peer, []byte{byte(i), 1}); err != nil || got[0] != byte(i) {
					t.Errorf("%v %v", got, err)
				}
			}
		})
	}
	asking.Wait()
}

// A message and its answer come whole, from who they are from.
func TestExchange(t *testing.T) {
	c := newCluster(t)
	x := func(_ context.Context, from string, message []byte) ([]byte, error) {
		switch {
		case from != "edge-2":
			return nil, errors.New(from)
		case len(message) == 1 && message[0] == 0:
			return nil, nil
		case len(message) == 1:
			return nil, errors.New("not a message")
		case len(message) == 2:
			return make([]byte, MaxMessage+1), nil
		}
		return message, nil
	}
	for _, blocked := range []bool{false, true} {
		m := c.member("edge-1", NewHandler(newShelf(), x), blocked)
		cl := c.client("edge-2")
		for _, size := range []int{3, 1000, MaxMessage} {
			message := randomBody(size)
			if got, err := cl.Exchange(t.Context(), m.Peer, message); err != nil || !bytes.Equal(got, message) {
				t.Errorf("UDP blocked %v: %d of %d bytes, %v", blocked, len(got), size, err)
			}
		}
		if got, err := cl.Exchange(t.Context(), m.Peer, []byte{0}); got != nil || err != nil {
			t.Errorf("UDP blocked %v: nothing to say: %d bytes, %v", blocked, len(got), err)
		}
		for _, bad := range [][]byte{{1}, {1, 2}} {
			if _, err := cl.Exchange(t.Context(), m.Peer, bad); err == nil {
				t.Errorf("UDP blocked %v: an answer to %v", blocked, bad)
			}
		}
		for _, size := range []int{0, MaxMessage + 1} {
			if _, err := cl.Exchange(t.Context(), m.Peer, make([]byte, size)); err == nil {
				t.Errorf("%d bytes were sent", size)
			}
		}
		if _, err := c.client("edge-3").Exchange(t.Context(), m.Peer, []byte{0}); err == nil {
			t.Error("another's name")
		}
		silent := c.member("edge-1", NewHandler(newShelf(), nil), blocked)
		if _, err := cl.Exchange(t.Context(), silent.Peer, []byte{0}); !errors.Is(err, ErrMissing) {
			t.Errorf("who answers none: %v", err)
		}
	}
}

// What a peer answers that is no answer; and how much of it is read.
func TestWrongAnswers(t *testing.T) {
	c := newCluster(t)
	typed := func(f func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", messageType)
			f(w, r)
		}
	}
	broken := errors.New("any error but those of the peer's")
	for what, k := range map[string]struct {
		h    http.HandlerFunc
		want error
	}{
		"of another type": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, ErrWrong},
		"encoded": {typed(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte{1})
		}), ErrWrong},
		"empty":           {typed(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }), ErrWrong},
		"a byte too many": {typed(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, MaxMessage+1)) }), ErrWrong},
		"said to be huge": {typed(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000000000000")
			_, _ = w.Write([]byte{1})
		}), ErrWrong},
		"endless": {typed(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}), ErrWrong},
		"truncated": {typed(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(make([]byte, 10))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}), broken},
		"broken off": {typed(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 10))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}), broken},
		"a huge header": {typed(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Huge", strings.Repeat("a", 2*maxHeader))
			_, _ = w.Write([]byte{1})
		}), broken},
		"busy":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, ErrBusy},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, broken},
	} {
		for _, blocked := range []bool{false, true} {
			m := c.member("edge-1", k.h, blocked)
			cl := c.client("edge-2")
			got, err := cl.Exchange(t.Context(), m.Peer, []byte{1})
			ok := errors.Is(err, k.want)
			if k.want == broken {
				ok = err != nil && !errors.Is(err, ErrWrong) && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrMissing)
			}
			if !ok || got != nil {
				t.Errorf("UDP blocked %v: %s: %d bytes, %v", blocked, what, len(got), err)
			}
			if n := m.udp.Load() + m.tcp.Load(); n != 1 {
				t.Errorf("UDP blocked %v: %s: asked %d times", blocked, what, n)
			}
		}
	}
}

// Endless answers of many peers at once stay small here.
func TestMemory(t *testing.T) {
	c := newCluster(t)
	endless := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", messageType)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, blocked := range []bool{false, true} {
		m := c.member("edge-1", endless, blocked)
		cl := c.client("edge-2")
		for range 20 {
			if _, err := cl.Exchange(t.Context(), m.Peer, []byte{1}); !errors.Is(err, ErrWrong) {
				t.Fatal(err)
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("%d bytes more", grown)
	}
}

// raw sends a request as it is, over a connection of a node's.
func raw(t *testing.T, cl *Client, m *member, change func(*http.Request)) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+m.Addr+ExchangePath, bytes.NewReader([]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", messageType)
	change(req)
	resp, err := cl.do(m.Peer, req, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// What a peer sends that is no message.
func TestWrongMessages(t *testing.T) {
	c := newCluster(t)
	var asked atomic.Int64
	x := func(_ context.Context, _ string, b []byte) ([]byte, error) { asked.Add(1); return b, nil }
	for _, blocked := range []bool{false, true} {
		m := c.member("edge-1", NewHandler(newShelf(), x), blocked)
		cl := c.client("edge-2")
		for what, k := range map[string]struct {
			change func(*http.Request)
			want   int
		}{
			"one":             {func(*http.Request) {}, 200},
			"of no type":      {func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
			"of another type": {func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 415},
			"got":             {func(r *http.Request) { r.Method = http.MethodGet; r.Body = nil; r.ContentLength = 0 }, 405},
			"of no length":    {func(r *http.Request) { r.ContentLength = -1; r.Body = io.NopCloser(bytes.NewReader([]byte{1})) }, 411},
			"empty":           {func(r *http.Request) { r.ContentLength = 0; r.Body = http.NoBody }, 411},
			"too large": {func(r *http.Request) {
				r.ContentLength = MaxMessage + 1
				r.Body = io.NopCloser(bytes.NewReader(make([]byte, MaxMessage+1)))
			}, 413},
		} {
			asked.Store(0)
			if got := raw(t, cl, m, k.change); got != k.want || (asked.Load() != 0) != (k.want == 200) {
				t.Errorf("UDP blocked %v: %s: %d, want %d; asked %d times", blocked, what, got, k.want, asked.Load())
			}
		}
	}
}

// Who asks without the name of a node is refused, whatever it asks for.
func TestNameless(t *testing.T) {
	c := newCluster(t)
	b := randomBody(1000)
	m := c.member("edge-1", NewHandler(newShelf(b), echo), false)
	cl := c.clientOf(c.config(identitytest.Issue{}, ""), ClientOptions{})
	if got := raw(t, cl, m, func(*http.Request) {}); got != http.StatusForbidden {
		t.Error(got)
	}
	if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err == nil {
		t.Error("a body came")
	}
}

// waiting is an Exchange that puts answers off until it is told.
type waiting struct {
	mu  sync.Mutex
	now int // that wait
	end chan struct{}
}

func (w *waiting) exchange(ctx context.Context, _ string, b []byte) ([]byte, error) {
	w.add(1)
	defer w.add(-1)
	select {
	case <-w.end:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *waiting) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now += n
}

func (w *waiting) until(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		got := w.now
		w.mu.Unlock()
		if got == n {
			return
		}
	}
	t.Fatalf("not %d wait, but %d", n, w.now)
}

// One peer waits on no more than its share, which takes nothing from the others, and
// nothing from bodies. Who gives up leaves its place.
func TestWaiting(t *testing.T) {
	c := newCluster(t)
	b := randomBody(100_000)
	for _, blocked := range []bool{false, true} {
		x := &waiting{end: make(chan struct{})}
		m := c.member("edge-1", NewHandler(newShelf(b), x.exchange), blocked)
		greedy, modest := c.client("edge-2"), c.client("edge-3")
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range maxExchangesOfOne {
			all.Go(func() {
				if _, err := greedy.Exchange(ctx, m.Peer, []byte{1}); err == nil {
					t.Error("an answer")
				}
			})
		}
		x.until(t, maxExchangesOfOne)
		if _, err := greedy.Exchange(t.Context(), m.Peer, []byte{1}); !errors.Is(err, ErrBusy) {
			t.Errorf("UDP blocked %v: one too many: %v", blocked, err)
		}
		start := time.Now()
		for range 10 {
			for _, cl := range []*Client{greedy, modest} {
				if got, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil || !bytes.Equal(got, b) {
					t.Errorf("UDP blocked %v: %v", blocked, err)
				}
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("UDP blocked %v: bodies took %v", blocked, took)
		}
		cancel()
		all.Wait()
		x.until(t, 0)
		all.Go(func() {
			if _, err := modest.Exchange(t.Context(), m.Peer, []byte{1}); err != nil {
				t.Error(err)
			}
		})
		x.until(t, 1)
		close(x.end)
		all.Wait()
		if _, err := greedy.Exchange(t.Context(), m.Peer, []byte{1}); err != nil {
			t.Errorf("UDP blocked %v: after giving up: %v", blocked, err)
		}
	}
}

// So many wait at once in all, and so many bytes.
func TestMaxExchanges(t *testing.T) {
	c := newCluster(t)
	for _, k := range []struct{ most, size int }{{MaxExchanges, 100}, {maxMessages / MaxMessage, MaxMessage}} {
		x := &waiting{end: make(chan struct{})}
		h := NewHandler(newShelf(), x.exchange)
		ask := func(from *x509.Certificate) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, ExchangePath, bytes.NewReader(make([]byte, k.size)))
			r.Header.Set("Content-Type", messageType)
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{from}}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		var all sync.WaitGroup
		var from *x509.Certificate
		for i := range k.most {
			if i%maxExchangesOfOne == 0 {
				issued, err := c.Issue(fmt.Sprintf("edge-%d", i), identitytest.Issue{})
				if err != nil {
					t.Fatal(err)
				}
				from = issued.TLS.Leaf
			}
			by := from
			all.Go(func() {
				if w := ask(by); w.Code != http.StatusOK {
					t.Errorf("%d", w.Code)
				}
			})
		}
		x.until(t, k.most)
		issued, err := c.Issue("edge-x", identitytest.Issue{})
		if err != nil {
			t.Fatal(err)
		}
		if w := ask(issued.TLS.Leaf); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("one more than %d of %d bytes: %d", k.most, k.size, w.Code)
		}
		close(x.end)
		all.Wait()
		if w := ask(issued.TLS.Leaf); w.Code != http.StatusOK {
			t.Errorf("after that: %d", w.Code)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte{1}, int64(1))
	f.Add([]byte{}, int64(-1))
	f.Add([]byte{1, 2}, int64(MaxMessage+1))
	f.Fuzz(func(t *testing.T, b []byte, length int64) {
		got, err := readMessage(bytes.NewReader(b), length)
		if err == nil && (!bytes.Equal(got, b) || len(got) == 0 || len(got) > MaxMessage || length >= 0 && length != int64(len(b))) {
			t.Fatalf("%d of %d bytes, said to be %d", len(got), len(b), length)
		}
	})
}

func FuzzAvailable(f *testing.F) {
	f.Add(available(artefact.Sum(nil)))
	f.Add("::")
	f.Add("")
	f.Fuzz(func(t *testing.T, field string) {
		if d, ok := parseAvailable(field); ok && available(d) != strings.TrimSpace(field) {
			t.Fatalf("%q is read as %q", field, available(d))
		}
	})
}
