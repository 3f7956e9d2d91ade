package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

// A body comes whole, over HTTP/3, and over HTTP/2 where UDP does not get through:
// found out once, and remembered.
func TestFetch(t *testing.T) {
	c := newCluster(t)
	small, large := randomBody(1), randomBody(3<<20)
	for _, blocked := range []bool{false, true} {
		m := c.member("edge-1", NewHandler(newShelf(small, large), nil), blocked)
		cl := c.client("edge-2")
		for _, b := range [][]byte{small, large, small} {
			if got, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil || !bytes.Equal(got, b) {
				t.Errorf("UDP blocked %v: %d of %d bytes, %v", blocked, len(got), len(b), err)
			}
		}
		if udp, tcp := m.udp.Load(), m.tcp.Load(); !blocked && (udp != 3 || tcp != 0) || blocked && (udp != 0 || tcp != 3) {
			t.Errorf("UDP blocked %v: %d and %d requests", blocked, udp, tcp)
		}
	}
}

// A body that was announced with a false size is not held as such, compressed or not: that
// is not the fault of who is asked for it.
func TestFalseSize(t *testing.T) {
	c := newCluster(t)
	before, b := randomBody(100_000), randomBody(120_000)
	m := c.member("edge-1", NewHandler(newShelf(before, b), nil), false)
	cl := c.client("edge-2")
	for _, size := range []int{1, len(b) - 1, len(b) + 1, MaxBody} {
		for _, dict := range [][]byte{nil, before} {
			want := wantOf(b)
			want.Size, want.Before = size, dict
			if _, err := cl.Fetch(t.Context(), m.Peer, want); !errors.Is(err, ErrMissing) {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
	}
}

// What comes of bodies and messages is counted as it travels, and so is what goes.
func TestCount(t *testing.T) {
	c := newCluster(t)
	b := randomBody(1 << 20)
	m := c.member("edge-1", NewHandler(newShelf(b), func(_ context.Context, _ string, message []byte) ([]byte, error) {
		return append(message, message...), nil
	}), false)
	id, _ := c.node("edge-2", identitytest.Issue{})
	var in, out atomic.Int64
	cl := c.clientOf(id.Client(), ClientOptions{Count: func(i, o int) { in.Add(int64(i)); out.Add(int64(o)) }})
	if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil {
		t.Fatal(err)
	}
	if in.Load() != int64(len(b)) || out.Load() != 0 {
		t.Errorf("of a body of %d bytes %d came and %d went", len(b), in.Load(), out.Load())
	}
	if _, err := cl.Exchange(t.Context(), m.Peer, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if in.Load() != int64(len(b))+2000 || out.Load() != 1000 {
		t.Errorf("after a message of 1000 bytes and its answer of 2000: %d came and %d went", in.Load(), out.Load())
	}
}

// What a peer says and does not do, and does and does not say.
func TestWrongPeers(t *testing.T) {
	c := newCluster(t)
	b := randomBody(100_000)
	serve := func(f func(w http.ResponseWriter, r *http.Request)) http.Handler { return http.HandlerFunc(f) }
	for what, k := range map[string]struct {
		h    http.Handler
		want error
	}{
		"not held":     {NewHandler(newShelf(), nil), ErrMissing},
		"busy":         {serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }), ErrBusy},
		"another body": {serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(randomBody(len(b))) }), ErrWrong},
		"a byte more":  {serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append(bytes.Clone(b), 0)) }), ErrWrong},
		"endless": {serve(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}), ErrWrong},
		"an encoding nobody asked for": {serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			_, _ = w.Write(b)
		}), ErrWrong},
		"a part nobody asked for": {serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(b[:10])
		}), ErrWrong},
	} {
		m := c.member("edge-1", k.h, false)
		if _, err := c.client("edge-2").Fetch(t.Context(), m.Peer, wantOf(b)); !errors.Is(err, k.want) {
			t.Errorf("%s: %v, want %v", what, err, k.want)
		}
	}
	for _, size := range []int{0, -1, MaxBody + 1} {
		if _, err := c.client("edge-2").Fetch(t.Context(), Peer{Name: "edge-1", Addr: "127.0.0.1:1"}, Want{Size: size}); !errors.Is(err, ErrWrong) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// A body that breaks off is resumed where it did.
func TestResume(t *testing.T) {
	c := newCluster(t)
	b := randomBody(1 << 20)
	whole := NewHandler(newShelf(b), nil)
	var ranges []string
	var mu sync.Mutex
	breaks := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		ranges = append(ranges, r.Header.Get("Range"))
		n := len(ranges)
		mu.Unlock()
		if n > 2 {
			whole.ServeHTTP(w, r)
			return
		}
		whole.ServeHTTP(&breaking{ResponseWriter: w, left: 300_000}, r)
	})
	for _, blocked := range []bool{false, true} {
		mu.Lock()
		ranges = nil
		mu.Unlock()
		m := c.member("edge-1", breaks, blocked)
		got, err := c.client("edge-2").Fetch(t.Context(), m.Peer, wantOf(b))
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("UDP blocked %v: %d bytes, %v", blocked, len(got), err)
		}
		mu.Lock()
		if len(ranges) != 3 || ranges[0] != "" || !strings.HasPrefix(ranges[1], "bytes=") || !strings.HasPrefix(ranges[2], "bytes=") || ranges[2] == ranges[1] {
			t.Errorf("UDP blocked %v: %q", blocked, ranges)
		}
		mu.Unlock()
	}
}

// A compressed body that breaks off is nobody's fault, and comes uncompressed then; one
// that ends too soon as if that were all of it is the peer's.
func TestCompressedBreaksOff(t *testing.T) {
	c := newCluster(t)
	before := randomBody(200_000)
	after := append(randomBody(100_000), before...)
	small, ok := compress(after, before)
	if !ok {
		t.Fatal("not compressed")
	}
	whole := NewHandler(newShelf(after), nil)
	half := func(end func(r *http.Request)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Available-Dictionary") == "" {
				whole.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Encoding", encoding)
			_, _ = w.Write(small[:len(small)/2])
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond) // what was written gets there
			end(r)
		})
	}
	want := wantOf(after)
	want.Before = before
	for _, blocked := range []bool{false, true} {
		m := c.member("edge-1", half(func(*http.Request) { panic(http.ErrAbortHandler) }), blocked)
		if got, err := c.client("edge-2").Fetch(t.Context(), m.Peer, want); err != nil || !bytes.Equal(got, after) {
			t.Errorf("UDP blocked %v: broken off: %d bytes, %v", blocked, len(got), err)
		}
		m = c.member("edge-1", half(func(*http.Request) {}), blocked)
		if _, err := c.client("edge-2").Fetch(t.Context(), m.Peer, want); !errors.Is(err, ErrWrong) {
			t.Errorf("UDP blocked %v: too short: %v", blocked, err)
		}
		m = c.member("edge-1", half(func(r *http.Request) { <-r.Context().Done() }), blocked)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		if _, err := c.client("edge-2").Fetch(ctx, m.Peer, want); err == nil || errors.Is(err, ErrWrong) {
			t.Errorf("UDP blocked %v: given up: %v", blocked, err)
		}
		cancel()
	}
}

// breaking is a connection that ends in the middle of a body.
type breaking struct {
	http.ResponseWriter
	left int
}

func (w *breaking) Write(b []byte) (int, error) {
	if len(b) > w.left {
		_, _ = w.ResponseWriter.Write(b[:w.left])
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		time.Sleep(50 * time.Millisecond) // what was written gets there
		panic(http.ErrAbortHandler)
	}
	w.left -= len(b)
	return w.ResponseWriter.Write(b)
}

// A list that was only signed again travels in some hundred bytes to whoever holds the
// one before, and whole to whoever does not.
func TestPredecessor(t *testing.T) {
	c := newCluster(t)
	list := randomBody(60_000)
	before := append(bytes.Clone(list), randomBody(64)...)
	after := append(bytes.Clone(list), randomBody(64)...)
	for what, k := range map[string]struct {
		held   [][]byte // by the peer
		before []byte   // by the asker
		most   int64
	}{
		"both hold the one before": {[][]byte{before, after}, before, 1000},
		"the peer does not":        {[][]byte{after}, before, int64(len(after))},
		"the asker does not":       {[][]byte{before, after}, nil, int64(len(after))},
		"it has nothing in common": {[][]byte{after, randomBody(50_000)}, randomBody(50_000), int64(len(after))},
	} {
		m := c.member("edge-1", NewHandler(newShelf(k.held...), nil), false)
		want := wantOf(after)
		want.Before = k.before
		got, err := c.client("edge-2").Fetch(t.Context(), m.Peer, want)
		if err != nil || !bytes.Equal(got, after) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
		if sent := m.sent.Load(); sent > k.most {
			t.Errorf("%s: %d bytes were sent", what, sent)
		}
	}
}

// A compressed body cannot be larger than was said, whatever it is made of.
func TestBomb(t *testing.T) {
	c := newCluster(t)
	before := randomBody(1000)
	bomb, ok := compress(make([]byte, 4<<20), before)
	if !ok || len(bomb) > 10_000 {
		t.Fatal(len(bomb), ok)
	}
	m := c.member("edge-1", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", encoding)
		_, _ = w.Write(bomb)
	}), false)
	_, err := c.client("edge-2").Fetch(t.Context(), m.Peer, Want{Digest: artefact.Sum(nil), Size: 5000, Before: before})
	if !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
}

// Who asks for what is about to come waits for it, and not for ever.
func TestPatience(t *testing.T) {
	c := newCluster(t)
	b := randomBody(1000)
	s := newShelf()
	soon := make(chan struct{})
	s.soon[artefact.Sum(b)] = soon
	m := c.member("edge-1", NewHandler(s, nil), false)
	cl := c.client("edge-2")
	if _, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); !errors.Is(err, ErrMissing) {
		t.Errorf("what does not come: %v", err)
	}
	time.AfterFunc(Patience/5, func() {
		s.mu.Lock()
		s.bodies[artefact.Sum(b)] = b
		s.mu.Unlock()
		close(soon)
	})
	if got, err := cl.Fetch(t.Context(), m.Peer, wantOf(b)); err != nil || !bytes.Equal(got, b) {
		t.Errorf("what comes: %d bytes, %v", len(got), err)
	}
}

// So many are served at once, and the others are told to come again.
func TestPlaces(t *testing.T) {
	c := newCluster(t)
	b := randomBody(2 << 20)
	m := c.member("edge-1", NewHandler(newShelf(b), nil), false)
	hold := make(chan struct{})
	var waiting sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range MaxServing {
		cl := c.client(fmt.Sprintf("edge-%d", i+2))
		waiting.Go(func() {
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+m.Addr+Path+artefact.Sum(b).String(), nil)
			if resp, err := cl.do(m.Peer, req, 0); err == nil {
				<-hold // and reads nothing, so that the body stays on its way
				_ = resp.Body.Close()
			}
		})
	}
	deadline := time.Now().Add(20 * time.Second)
	for m.udp.Load() < MaxServing && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	if _, err := c.client("edge-99").Fetch(t.Context(), m.Peer, wantOf(b)); !errors.Is(err, ErrBusy) {
		t.Errorf("one too many: %v", err)
	}
	cancel()
	close(hold)
	waiting.Wait()
}

func TestBadNames(t *testing.T) {
	c := newCluster(t)
	m := c.member("edge-1", NewHandler(newShelf(), nil), false)
	cl := c.client("edge-2")
	for path, want := range map[string]int{
		Path + "x": 400, Path + strings.Repeat("A", 64): 400, Path + strings.Repeat("a", 64): 404, Path: 404, "/": 404, Path + strings.Repeat("a", 64) + "/x": 404,
	} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+m.Addr+path, nil)
		resp, err := cl.do(m.Peer, req, 0)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	before := bytes.Repeat([]byte("a list that was there before "), 40)
	body := append(bytes.Clone(before), "and more"...)
	if small, ok := compress(body, before); ok {
		f.Add(small)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := decompress(bytes.NewReader(b), before, 2000); err == nil && len(got) > 2000 {
			t.Fatalf("%d bytes", len(got))
		}
	})
}
