package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
)

var errEnough = errors.New("enough")

func withFeed(f *api.Feed) func(*api.Options) { return func(o *api.Options) { o.Feed = f } }

// follow listens until it is told to stop, and hands out what it hears.
func follow(t *testing.T, c *Client, after uint64) (heard <-chan Event, ended <-chan error) {
	t.Helper()
	events, done := make(chan Event, 100), make(chan error, 1)
	go func() {
		done <- c.Events(t.Context(), after, func(e Event) error { events <- e; return nil })
	}()
	return events, done
}

func TestEventsOverEveryProtocol(t *testing.T) {
	feed := api.NewFeed(time.Now())
	s, _ := node(t, withFeed(feed))
	feed.Add(api.Event{Type: api.ListChanged, List: "pid", Sequence: 7})
	type listener struct {
		protocol string
		heard    <-chan Event
		ended    <-chan error
	}
	var all []listener
	for protocol := range protocols {
		heard, ended := follow(t, dial(t, s, "", protocol), 0)
		all = append(all, listener{protocol, heard, ended})
	}
	for _, l := range all {
		if e := <-l.heard; e.Type != "list_changed" || e.List != "pid" || e.Sequence != 7 || e.ID == 0 {
			t.Errorf("%s: %+v", l.protocol, e)
		}
	}
	feed.Add(api.Event{Type: api.AnchorRemoved, List: "pid", Kind: "pid", Territory: "DE"})
	for _, l := range all {
		if e := <-l.heard; e.Type != "anchor_removed" || e.Kind != "pid" || e.Territory != "DE" {
			t.Errorf("%s: %+v", l.protocol, e)
		}
	}
	// Streams end at once when the node drains, and so it does not wait for them.
	begin := time.Now()
	feed.Close()
	for _, l := range all {
		if err := <-l.ended; err != nil {
			t.Errorf("%s: %v", l.protocol, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestEventsFromNowAndAgain(t *testing.T) {
	feed := api.NewFeed(time.Now())
	s, _ := node(t, withFeed(feed))
	defer feed.Close()
	feed.Add(api.Event{Type: api.ListChanged, List: "before"})
	c := dial(t, s, "", HTTP2)
	var seen []string
	var last uint64
	// What one call has seen the next one does not see again.
	for i, after := range []func() uint64{func() uint64 { return 0 }, func() uint64 { return last }, func() uint64 { return last }} {
		if i > 0 {
			feed.Add(api.Event{Type: api.ListChanged, List: "later"})
		}
		err := c.Events(t.Context(), after(), func(e Event) error {
			seen, last = append(seen, e.List), e.ID
			return errEnough
		})
		if !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
	}
	if !slices.Equal(seen, []string{"before", "later", "later"}) {
		t.Errorf("%v", seen)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := c.Events(ctx, FromNow, func(e Event) error { t.Errorf("%+v", e); return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestEventsProblem(t *testing.T) {
	s, _ := node(t) // without a feed
	c := dial(t, s, "", HTTP2)
	var p *Problem
	if err := c.Events(t.Context(), 0, nil); !errors.As(err, &p) || p.Status != 404 {
		t.Errorf("%v", err)
	}
}

func TestReadEvents(t *testing.T) {
	long := strings.Repeat("x", maxEvent)
	for _, c := range []struct {
		what, stream string
		types        string // of the events that are handed out
		fails        bool
	}{
		{"nothing", "", "", false},
		{"comments", ":\n\n: still here\n\nretry: 3000\n\n", "", false},
		{"one", "id: 7\nevent: a\ndata: {\"type\":\"a\"}\n\n", "a", false},
		{"without spaces, with carriage returns", "id:7\r\ndata:{\"type\":\"a\"}\r\n\r\n", "a", false},
		{"two", "data: {\"type\":\"a\"}\n\n:\n\ndata: {\"type\":\"b\"}\n\n", "ab", false},
		{"cut off", "data: {\"type\":\"a\"}\n\ndata: {\"type\":\"b\"}\n", "a", false},
		{"unknown fields and members", "color: red\ndata: {\"type\":\"a\",\"color\":\"red\"}\n\n", "a", false},
		{"no JSON", "data: {\n\n", "", true},
		{"no number", "id: x\ndata: {}\n\n", "", true},
		{"no end", "data: " + long, "", true},
	} {
		var types string
		err := readEvents(strings.NewReader(c.stream), func() {}, func(e Event) error { types += e.Type; return nil })
		if types != c.types || (err != nil) != c.fails {
			t.Errorf("%s: %q, %v", c.what, types, err)
		}
	}
	// Nothing of one event gets into the next.
	var second Event
	_ = readEvents(strings.NewReader("data: {\"list\":\"l\"}\n\ndata: {}\n\n"), func() {}, func(e Event) error { second = e; return nil })
	if second != (Event{}) {
		t.Errorf("%+v", second)
	}
}

// FuzzReadEvents: no stream makes a panic, and nothing is handed out beyond the
// bound of an event.
func FuzzReadEvents(f *testing.F) {
	f.Add([]byte("retry: 3000\n\nid: 1\nevent: a\ndata: {\"type\":\"a\"}\n\n:\n\n"))
	f.Add([]byte("data:{}\r\n\r\n"))
	f.Add([]byte("id: 99999999999999999999\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		n := 0
		_ = readEvents(bytes.NewReader(stream), func() {}, func(e Event) error {
			n++
			if len(e.Type)+len(e.List)+len(e.Detail) > 3*maxEvent {
				t.Errorf("an event of %d bytes", len(e.Detail))
			}
			return nil
		})
		if n > bytes.Count(stream, []byte("data")) {
			t.Errorf("%d events", n)
		}
	})
}

// silent is a node that says so much and then nothing.
type silent struct {
	said []byte
	ctx  context.Context
}

func (s *silent) Read(p []byte) (int, error) {
	if len(s.said) > 0 {
		n := copy(p, s.said)
		s.said = s.said[n:]
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}
func (s *silent) Close() error { return nil }

// trip answers without a network.
type trip func(*http.Request) *http.Response

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func TestSilentNodeIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{URL: "https://node:1", Protocol: HTTP1})
		if err != nil {
			t.Fatal(err)
		}
		c.http = &http.Client{Transport: trip(func(r *http.Request) *http.Response {
			var body io.ReadCloser = &silent{[]byte("retry: 3000\n\n"), r.Context()}
			return &http.Response{StatusCode: 200, Body: body}
		})}
		begin := time.Now()
		err = c.Events(t.Context(), FromNow, func(Event) error { return nil })
		if d := time.Since(begin); !errors.Is(err, ErrSilent) || d != silence {
			t.Errorf("%v after %v", err, d)
		}
	})
}
