package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/verify"
)

var small = []byte(`{"vp_token": {"pid": ["x"]}, "flow": "redirect"}`)

func TestPathsAndMethods(t *testing.T) {
	h := newHandler(t, fake{})
	for _, path := range []string{"/", "/v1", "/v1/verify/", "/v2/verify", "/v1//verify", "/metrics"} {
		want(t, call(t, h, get(path)), NotFound, "")
	}
	for path, allow := range map[string]string{"/v1/verify": "POST", "/v1/verify/batch": "POST", "/v1/lists": "GET, HEAD", "/openapi.json": "GET, HEAD"} {
		for _, method := range []string{http.MethodDelete, http.MethodPut, http.MethodOptions, http.MethodPatch} {
			w := call(t, h, with(httptest.NewRequest(method, "https://localhost"+path, nil)))
			want(t, w, MethodNotAllowed, "")
			if w.Header().Get("Allow") != allow {
				t.Errorf("%s %s: Allow %q", method, path, w.Header().Get("Allow"))
			}
		}
	}
	want(t, call(t, h, get("/v1/verify")), MethodNotAllowed, "")
	want(t, call(t, h, post("/v1/info", small)), MethodNotAllowed, "")
}

func TestHeadersOfAnswers(t *testing.T) {
	h := newHandler(t, fake{})
	for _, w := range []*httptest.ResponseRecorder{
		call(t, h, post("/v1/verify", small)), call(t, h, get("/v1/lists")), call(t, h, post("/v1/verify", nil)),
	} {
		header := w.Header()
		if header.Get("Cache-Control") != "no-store" || header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Content-Security-Policy") == "" {
			t.Errorf("headers %v", header)
		}
		for name := range header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: there is no CORS", name)
			}
		}
	}
}

func TestMediaTypes(t *testing.T) {
	h := newHandler(t, fake{})
	for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonx", "application/*", ";"} {
		want(t, call(t, h, post("/v1/verify", small, "Content-Type", media)), UnsupportedMediaType, "")
	}
}

func TestBodyLimit(t *testing.T) {
	h := newHandler(t, fake{}, func(o *Options) { o.Limits.Body = int64(len(small)) })
	if w := call(t, h, post("/v1/verify", small)); w.Code != 200 {
		t.Fatal(w.Body)
	}
	longer := append(bytes.Clone(small), ' ')
	want(t, call(t, h, post("/v1/verify", longer)), TooLarge, "")
	// Without a Content-Length it is the reading that stops.
	r := post("/v1/verify", longer)
	r.ContentLength = -1
	want(t, call(t, h, r), TooLarge, "")
}

func TestBodyMemoryIsShared(t *testing.T) {
	h := newHandler(t, fake{}, func(o *Options) { o.Limits.BodyMemory = 2 * firstRead })
	large := append(bytes.Clone(small), bytes.Repeat([]byte(" "), 3*firstRead)...)
	w := call(t, h, post("/v1/verify", large))
	want(t, w, Overloaded, "")
	if w.Header().Get("Retry-After") != "1" {
		t.Error("Retry-After is missing")
	}
	// What was taken has been given back.
	for range 3 {
		if w := call(t, h, post("/v1/verify", small)); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	if used := h.(*handler).memory.used.Load(); used != 0 {
		t.Errorf("%d bytes are still counted", used)
	}
}

func TestEarlyData(t *testing.T) {
	h := newHandler(t, fake{})
	r := post("/v1/verify", small)
	r.TLS.HandshakeComplete = false
	want(t, call(t, h, r), TooEarly, "")
	want(t, call(t, h, post("/v1/verify", small, "Early-Data", "1")), TooEarly, "")
	document := get("/v1/info")
	document.TLS.HandshakeComplete = false
	if w := call(t, h, document); w.Code != 200 {
		t.Errorf("a document may be asked for early: %d", w.Code)
	}
}

func tokens(list ...string) func() [][sha256.Size]byte {
	return func() (digests [][sha256.Size]byte) {
		for _, s := range list {
			digests = append(digests, sha256.Sum256([]byte(s)))
		}
		return digests
	}
}

func TestTokens(t *testing.T) {
	h := newHandler(t, fake{}, func(o *Options) { o.Auth.Tokens = tokens("first", "second") })
	for _, header := range []string{"", "first", "Basic first", "Bearer", "Bearer ", "Bearer third", "Bearer first second", "bearer\tfirst"} {
		w := call(t, h, post("/v1/verify", small, "Authorization", header))
		want(t, w, Unauthorized, "")
		if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer realm=") {
			t.Errorf("%q: no challenge", header)
		}
	}
	for _, header := range []string{"Bearer first", "bearer second", "Bearer  first "} {
		if w := call(t, h, post("/v1/verify", small, "Authorization", header)); w.Code != 200 {
			t.Errorf("%q: %d", header, w.Code)
		}
	}
	// A path that does not exist says no more to a stranger than one that does.
	want(t, call(t, h, get("/elsewhere")), Unauthorized, "")
	none := newHandler(t, fake{}, func(o *Options) { o.Auth.Tokens = tokens() })
	want(t, call(t, none, post("/v1/verify", small, "Authorization", "Bearer first")), Unauthorized, "")
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{}, func(o *Options) {
			o.Rate = Rate{PerSecond: 1, Burst: 2}
			o.Auth.Tokens = tokens("first", "second")
		})
		ask := func(token, from string) *httptest.ResponseRecorder {
			r := get("/v1/info", "Authorization", "Bearer "+token)
			r.RemoteAddr = from
			return call(t, h, r)
		}
		for i, wanted := range []int{200, 200, 429} {
			if w := ask("first", fmt.Sprintf("192.0.2.%d:1", i)); w.Code != wanted {
				t.Fatalf("request %d: %d", i, w.Code)
			}
		}
		w := ask("first", "192.0.2.9:1")
		want(t, w, RateLimited, "")
		if w.Header().Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
		}
		if w := ask("second", "192.0.2.1:1"); w.Code != 200 {
			t.Error("one client's rate is not another's")
		}
		time.Sleep(time.Second - time.Millisecond)
		if w := ask("first", "192.0.2.1:1"); w.Code != 429 {
			t.Error("too soon")
		}
		time.Sleep(2 * time.Millisecond)
		if w := ask("first", "192.0.2.1:1"); w.Code != 200 {
			t.Error("a second gives one request back")
		}
		// Guessing tokens uses up the address, not the token.
		for range 2 {
			want(t, ask("guess", "192.0.2.66:1"), Unauthorized, "")
		}
		want(t, ask("guess", "192.0.2.66:2"), RateLimited, "")
	})
}

func TestAddress(t *testing.T) {
	for from, client := range map[string]string{
		"192.0.2.1:99": "192.0.2.1", "[::ffff:192.0.2.1]:99": "192.0.2.1", "[2001:db8:1:2:3:4:5:6]:99": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1": "fe80::/64", "pipe": "unknown", "name:1": "unknown",
	} {
		r := get("/")
		r.RemoteAddr = from
		if got := address(r); got != client {
			t.Errorf("%s counts as %s, want %s", from, got, client)
		}
	}
}

func TestRateTableIsBounded(t *testing.T) {
	r := newRates(Rate{PerSecond: 1, Burst: 1})
	for i := range maxClients + 10 {
		if p := r.take(fmt.Sprint(i), 1); p != nil {
			t.Fatal(p)
		}
	}
	if len(r.buckets) != maxClients || r.order.Len() != maxClients {
		t.Errorf("%d buckets", len(r.buckets))
	}
	if r.take(fmt.Sprint(maxClients+9), 1) == nil {
		t.Error("the latest client has been forgotten")
	}
	if p := r.take("batch", 50); p != nil {
		t.Error("more than a bucket is paid for with a full one")
	}
}

func TestInFlightIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		f := fake{verify: func(_ context.Context, r *verify.Request) *verify.Result { <-hold; return sample(r) }}
		h := newHandler(t, f, func(o *Options) { o.InFlight, o.Queue, o.QueueFor = 1, 1, time.Second })
		codes := make(chan *httptest.ResponseRecorder, 3)
		start := func(header ...string) {
			go func() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, post("/v1/verify", small, header...))
				codes <- w
			}()
			synctest.Wait()
		}
		start() // takes the slot
		start() // waits
		start() // finds the queue full
		full := <-codes
		want(t, full, Overloaded, "")
		if full.Header().Get("Retry-After") != "1" {
			t.Error("Retry-After is missing")
		}
		time.Sleep(time.Second + time.Millisecond)
		want(t, <-codes, Overloaded, "") // the one that waited
		start("Request-Timeout", "0.5")
		time.Sleep(time.Second)
		want(t, <-codes, DeadlineExceeded, "")
		close(hold)
		if w := <-codes; w.Code != 200 {
			t.Errorf("the first one gets its answer: %d", w.Code)
		}
	})
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var until time.Duration
		slow := time.Duration(0)
		begin := time.Now()
		h := newHandler(t, fake{verify: func(ctx context.Context, r *verify.Request) *verify.Result {
			d, _ := ctx.Deadline()
			until = time.Until(d)
			time.Sleep(slow)
			return sample(r)
		}}, func(o *Options) { o.MaxDeadline = 10 * time.Second })
		for header, wanted := range map[string]time.Duration{"": 10 * time.Second, "2": 2 * time.Second, "0.25": 250 * time.Millisecond, "500ms": 500 * time.Millisecond, "3600": 10 * time.Second, "1h": 10 * time.Second} {
			if w := call(t, h, post("/v1/verify", small, "Request-Timeout", header)); w.Code != 200 || until != wanted {
				t.Errorf("%q: %d, %v", header, w.Code, until)
			}
		}
		for _, header := range []string{"soon", "-1", "0", "-2s", "NaN", "Inf", "1e99", "5 s"} {
			want(t, call(t, h, post("/v1/verify", small, "Request-Timeout", header)), MalformedRequest, "")
		}
		slow = time.Second - time.Millisecond
		if w := call(t, h, post("/v1/verify", small, "Request-Timeout", "1")); w.Code != 200 {
			t.Error("just in time")
		}
		slow = time.Second + time.Millisecond
		want(t, call(t, h, post("/v1/verify", small, "Request-Timeout", "1")), DeadlineExceeded, "")
		_ = begin
	})
}

func TestPanicIsAProblemAndIsLoggedBare(t *testing.T) {
	var out lockedBuffer
	h := newHandler(t, fake{verify: func(_ context.Context, r *verify.Request) *verify.Result { panic("CANARY " + r.VPToken["pid"][0]) }},
		func(o *Options) {
			o.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
	body := bytes.ReplaceAll(small, []byte(`"x"`), []byte(`"CANARY-presentation"`))
	w := call(t, h, post("/v1/verify", body, "X-Request-ID", "abc"))
	want(t, w, InternalError, "")
	batch := call(t, h, post("/v1/verify/batch", []byte(`{"items": [`+string(body)+`]}`)))
	if batch.Code != 200 || !strings.Contains(batch.Body.String(), "internal_error") {
		t.Errorf("batch: %d %s", batch.Code, batch.Body)
	}
	logged := out.String()
	if strings.Contains(logged+w.Body.String()+batch.Body.String(), "CANARY") {
		t.Errorf("the value got out: %s", logged)
	}
	if !strings.Contains(logged, "request_id=abc") || !strings.Contains(logged, "TestPanicIsAProblem") {
		t.Errorf("the log does not say where: %s", logged)
	}
	// The slot of the one that panicked is free again.
	if n := len(h.(*handler).gate.slots); n != 0 {
		t.Errorf("%d slots are still taken", n)
	}
}

func TestRequestID(t *testing.T) {
	h := newHandler(t, fake{})
	for id, kept := range map[string]bool{"abc_-09Z": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a b": false, "": false, "a.b": false, "ä": false, "a\"b": false} {
		w := call(t, h, post("/v1/verify", small, "X-Request-ID", id))
		got := w.Header().Get("X-Request-ID")
		if (got == id) != kept || got == "" || decodeAnswer(t, w)["request_id"] != got {
			t.Errorf("%q becomes %q", id, got)
		}
	}
}

// lockedBuffer is written to by a logger and read by a test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
