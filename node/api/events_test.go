package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a network without a kernel: an HTTP/1.1 server on it lives in virtual
// time, and nothing is taken from a client that does not read.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// world is a server with the timeouts of a real one, and a feed.
type world struct {
	t      *testing.T
	feed   *Feed
	server *http.Server
	pipes  *pipes
	seen   chan Observation
}

// inWorld runs the test in virtual time.
func inWorld(t *testing.T, test func(t *testing.T, w *world), change ...func(*Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, feed: NewFeed(time.Now()), pipes: &pipes{make(chan net.Conn), make(chan struct{})}, seen: make(chan Observation, 2*maxStreams)}
		o := Options{Engine: fake{}, Feed: w.feed, Observe: func(x Observation) { w.seen <- x }}
		for _, c := range change {
			c(&o)
		}
		w.server = &http.Server{Handler: New(o), ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute}
		ended := make(chan error, 1)
		go func() { ended <- w.server.Serve(w.pipes) }()
		test(t, w)
		w.feed.Close()
		_ = w.server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// listener is a client of one stream.
type listener struct {
	t    *testing.T
	conn net.Conn
	res  *http.Response
	body *bufio.Reader
}

// send opens a connection and sends a request for the stream.
func (w *world) send(query string, header ...string) net.Conn {
	w.t.Helper()
	client, server := net.Pipe()
	w.pipes.conns <- server
	r := get("/v1/events"+query, header...)
	if err := r.Write(client); err != nil {
		w.t.Fatal(err)
	}
	return client
}

func (w *world) listen(query string, header ...string) *listener {
	w.t.Helper()
	l := &listener{t: w.t, conn: w.send(query, header...)}
	var err error
	if l.res, err = http.ReadResponse(bufio.NewReader(l.conn), nil); err != nil {
		w.t.Fatal(err)
	}
	l.body = bufio.NewReader(l.res.Body)
	if l.res.StatusCode == http.StatusOK {
		if got := l.block(); got != "retry: 3000\n" {
			w.t.Fatalf("the stream begins with %q", got)
		}
	}
	return l
}

// block reads up to the next empty line; "" at the end of the stream.
func (l *listener) block() (b string) {
	for {
		line, err := l.body.ReadString('\n')
		if err != nil {
			return ""
		}
		if line == "\n" {
			return b
		}
		b += line
	}
}

// event reads the next event, and takes it apart.
func (l *listener) event() (id uint64, e Event) {
	l.t.Helper()
	b := l.block()
	lines := strings.Split(strings.TrimSuffix(b, "\n"), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "id: ") || !strings.HasPrefix(lines[1], "event: ") || !strings.HasPrefix(lines[2], "data: ") {
		l.t.Fatalf("no event: %q", b)
	}
	id, err := strconv.ParseUint(lines[0][len("id: "):], 10, 64)
	if err == nil {
		err = json.Unmarshal([]byte(lines[2][len("data: "):]), &e)
	}
	if err != nil || string(e.Type) != lines[1][len("event: "):] {
		l.t.Fatalf("%q: %v", b, err)
	}
	return id, e
}

func TestEventsAsTheyHappen(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.feed.Add(Event{At: noon, Type: ListChanged, List: "before"})
		l := w.listen("")
		if ct := l.res.Header.Get("Content-Type"); ct != "text/event-stream" || l.res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", l.res.Header)
		}
		full := Event{At: noon, Type: AnchorAdded, List: "eu-lotl:DE", Sequence: 145, SHA256: hex64, Door: "origin", Code: "trustlist_conflict", Detail: "two\nlines \xff", CertificateSHA256: hex64, Kind: "pid", Territory: "DE"}
		w.feed.Add(full)
		id, e := l.event()
		full.At, full.Detail = noon.UTC(), "two\nlines \uFFFD"
		if e != full || id != w.feed.latest() {
			t.Errorf("%d %+v", id, e)
		}
		w.feed.Add(Event{At: noon, Type: DiskFailed})
		if next, e := l.event(); e.Type != DiskFailed || next != id+1 {
			t.Errorf("%d %+v", next, e)
		}
	})
}

func TestEventsResume(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		numbered(w.feed, 10)
		latest := w.feed.latest()
		for _, c := range []struct {
			query  string
			header []string
			first  uint64 // sequence of the first event
		}{
			{"?after=0", nil, 1},
			{"", []string{"Last-Event-ID", "0"}, 1},
			{fmt.Sprintf("?after=%d", latest-2), nil, 9},
			{"", []string{"Last-Event-ID", fmt.Sprint(latest - 2)}, 9},
			{"?after=0", []string{"Last-Event-ID", fmt.Sprint(latest - 1)}, 10}, // the header wins
			{fmt.Sprintf("?after=%d", latest-1), []string{"Last-Event-ID", ""}, 10},
		} {
			l := w.listen(c.query, c.header...)
			for seq := c.first; seq <= 10; seq++ {
				if _, e := l.event(); e.Type != ListChanged || e.Sequence != seq {
					t.Fatalf("%s %v: %+v, want %d", c.query, c.header, e, seq)
				}
			}
			_ = l.conn.Close()
		}
		l := w.listen("?after=5")
		id, e := l.event()
		if e.Type != Missed || id != latest-10 {
			t.Errorf("%d %+v", id, e)
		}
		if next, e := l.event(); next != id+1 || e.Sequence != 1 {
			t.Errorf("%d %+v", next, e)
		}
	})
}

func TestEventsRefuseNonsense(t *testing.T) {
	h := newHandler(t, fake{})
	if p := want(t, call(t, h, get("/v1/events", "Last-Event-ID", "CANARY")), MalformedRequest, ""); strings.Contains(p.Detail, "CANARY") {
		t.Errorf("quoted: %s", p.Detail)
	}
	for _, query := range []string{"?after=x", "?after=-1", "?after=1e3", "?after=18446744073709551616", "?after=1&after=2", "?since=1", "?CANARY", "?after=%zz"} {
		if p := want(t, call(t, h, get("/v1/events"+query)), MalformedRequest, ""); strings.Contains(p.Detail, "CANARY") {
			t.Errorf("quoted: %s", p.Detail)
		}
	}
	want(t, call(t, h, post("/v1/events", nil)), MethodNotAllowed, "")
	none := New(Options{Engine: fake{}})
	for _, path := range []string{"/v1/events", "/v1/lists/x/anchors", "/v1/artefacts/" + hex64, "/v1/status-lists?uri=x"} {
		w := httptest.NewRecorder()
		none.ServeHTTP(w, get(path))
		want(t, w, NotFound, "")
	}
}

func TestEventsHead(t *testing.T) {
	h := newHandler(t, fake{})
	w := call(t, h, with(httptest.NewRequest(http.MethodHead, "https://localhost/v1/events", nil)))
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/event-stream" || w.Body.Len() != 0 {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if n := len(h.(*handler).streams); n != 0 {
		t.Errorf("%d streams are still counted", n)
	}
}

// An idle stream lives on beyond every timeout of the server, by a comment every
// fifteen seconds.
func TestHeartbeat(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := w.listen("")
		last := time.Now()
		for i := range 20 {
			if b := l.block(); b != ":\n" {
				t.Fatalf("comment %d: %q", i, b)
			}
			if d := time.Since(last); d != heartbeat {
				t.Fatalf("comment %d after %v", i, d)
			}
			last = time.Now()
		}
		w.feed.Add(Event{At: noon, Type: ListStale})
		if _, e := l.event(); e.Type != ListStale {
			t.Errorf("%+v", e)
		}
	})
}

// A client that does not read is cut off, and holds up neither the node nor the
// others.
func TestSlowReaderIsDropped(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		stuck := w.send("") // and never reads
		l := w.listen("")
		synctest.Wait()
		begin := time.Now()
		numbered(w.feed, 3*keepEvents)
		if d := time.Since(begin); d != 0 {
			t.Errorf("adding waited %v", d)
		}
		for last := uint64(0); last < w.feed.latest(); {
			last, _ = l.event()
		}
		if d := time.Since(begin); d != 0 {
			t.Errorf("the other one waited %v", d)
		}
		o := <-w.seen
		if d := time.Since(begin); o.Endpoint != "events" || d > eventTimeout {
			t.Errorf("%+v after %v", o, d)
		}
		if _, err := io.Copy(io.Discard, stuck); err != nil {
			t.Errorf("the connection is not closed: %v", err)
		}
		numbered(w.feed, 1)
		if id, _ := l.event(); id != w.feed.latest() {
			t.Errorf("the other one is not served any more: %d", id)
		}
	})
}

// A reader that is merely slower than the feed remembers is told so and goes on.
func TestReaderFallsBehind(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := w.listen("")
		numbered(w.feed, 2*readEvents)
		first, _ := l.event()
		synctest.Wait() // the next read is written, and not taken
		numbered(w.feed, 2*keepEvents)
		last, missed := first, 0
		for last < w.feed.latest() {
			id, e := l.event()
			if e.Type == Missed {
				missed++
			} else if id != last+1 {
				t.Fatalf("event %d after %d without a word", id, last)
			}
			last = id
		}
		if missed != 1 {
			t.Errorf("told %d times", missed)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var open []*listener
		for range maxStreams {
			open = append(open, w.listen(""))
		}
		over := w.listen("")
		if over.res.StatusCode != http.StatusServiceUnavailable || over.res.Header.Get("Retry-After") != "1" {
			t.Fatalf("%d %v", over.res.StatusCode, over.res.Header)
		}
		_ = over.conn.Close()
		_ = open[0].conn.Close()
		synctest.Wait()
		if again := w.listen(""); again.res.StatusCode != http.StatusOK {
			t.Errorf("a place that was left is not given away: %d", again.res.StatusCode)
		}
		// Streams take no turn of the evaluations.
		if n := len(w.server.Handler.(*handler).gate.slots); n != 0 {
			t.Errorf("%d turns are taken", n)
		}
	})
}

// A server that drains waits for no stream once the feed is closed.
func TestShutdownEndsStreams(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := w.listen("")
		begin := time.Now()
		w.feed.Close()
		if b := l.block(); b != "" {
			t.Errorf("%q", b)
		}
		late := w.listen("")
		if late.res.StatusCode != http.StatusServiceUnavailable || late.res.Header.Get("Retry-After") == "" {
			t.Errorf("a new stream: %d", late.res.StatusCode)
		}
		_ = l.conn.Close()
		_ = late.conn.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := w.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if d := time.Since(begin); d > time.Second {
			t.Errorf("took %v", d)
		}
	})
}

// A stream passes the token and the rate once, whatever it sends afterwards, and
// has no deadline.
func TestEventsPassTheGatesOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		stranger := w.listen("")
		if stranger.res.StatusCode != http.StatusUnauthorized {
			t.Errorf("without a token: %d", stranger.res.StatusCode)
		}
		l := w.listen("", "Authorization", "Bearer first", "Request-Timeout", "1")
		if second := w.listen("", "Authorization", "Bearer first"); second.res.StatusCode != http.StatusTooManyRequests {
			t.Errorf("beyond the rate: %d", second.res.StatusCode)
		}
		time.Sleep(heartbeat - time.Second)
		numbered(w.feed, 100)
		for range 100 {
			if _, e := l.event(); e.Type != ListChanged {
				t.Fatalf("%+v", e)
			}
		}
	}, func(o *Options) {
		o.Auth.Tokens = tokens("first")
		o.Rate = Rate{PerSecond: 0.001, Burst: 1}
	})
}

// The stream keeps the contract: its answer, and the data of every type of event.
func TestEventsKeepTheContract(t *testing.T) {
	types := []EventType{ListChanged, ListRefused, ListStale, ListExpired, ListAccepted, ListReset, AnchorAdded, AnchorRemoved, StatusChanged, Equivocation, DiskFailed, DiskRestored, ClockUntrusted, Missed}
	for _, typ := range types {
		if !strings.Contains(string(OpenAPI), string(typ)) {
			t.Errorf("openapi.json does not name %s", typ)
		}
	}
	inWorld(t, func(t *testing.T, w *world) {
		for _, typ := range types {
			w.feed.Add(Event{At: noon, Type: typ, List: "pid", SHA256: hex64, Kind: "pid"})
		}
		l := w.listen("?after=0")
		for _, typ := range types {
			if _, e := l.event(); e.Type != typ {
				t.Errorf("%s became %s", typ, e.Type)
			}
		}
		w.feed.Close()
		l.res.Body = io.NopCloser(strings.NewReader(string(slices.Concat([]byte(comeBack), frames(w.feed.events)))))
		judge(t, get("/v1/events?after=0"), nil, l.res)
	})
}

// What stands in a path, a query or a header is in no log, whatever its level.
func TestDocumentsAreLoggedBare(t *testing.T) {
	var out lockedBuffer
	h := newHandler(t, fake{}, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, path := range []string{"/v1/lists/CANARY/anchors", "/v1/lists/x/anchors?kind=CANARY", "/v1/lists/x/anchors?CANARY=1", "/v1/artefacts/CANARY", "/v1/events?after=CANARY", "/v1/CANARY",
		"/v1/status-lists?uri=https://CANARY/1", "/v1/status-lists?CANARY=1", "/v1/status-lists?uri=x&time=CANARY"} {
		call(t, h, get(path, "Last-Event-ID", "CANARY"))
	}
	if s := out.String(); strings.Contains(s, "CANARY") || strings.Count(s, "request refused") != 9 {
		t.Errorf("%s", s)
	}
}
