package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// trust publishes and decides as the bytes and names of the test say.
type trust struct {
	hold chan struct{} // nil: publishing does not wait
	got  []byte        // what was published last without waiting
}

func (p *trust) Publish(ctx context.Context, b []byte) (Refreshed, error) {
	if p.hold == nil {
		p.got = b
	} else {
		<-p.hold
	}
	switch {
	case bytes.HasPrefix(b, []byte("new")):
		return Refreshed{List: "eu-lotl:DE", Outcome: Admitted, Sequence: 146}, nil
	case bytes.HasPrefix(b, []byte("same")):
		return Refreshed{List: "eu-lotl:DE", Outcome: Unchanged, Sequence: 145}, nil
	case bytes.HasPrefix(b, []byte("old")):
		return Refreshed{}, fmt.Errorf("publish: %w", reason.Refuse(reason.TrustListRollback, "older than the version in force"))
	case bytes.HasPrefix(b, []byte("broken")):
		return Refreshed{}, errors.New("CANARY of the inside")
	default:
		return Refreshed{}, reason.Refuse(reason.ArtefactUnknown, "the bytes name no list that is followed")
	}
}

func (p *trust) Accept(_ context.Context, list string) (Operated, error) {
	switch list {
	case "eu-lotl:DE", "a/b", "50%", "accept":
		return Operated{list, "accept", "3 removed anchors confirmed"}, nil
	case "calm":
		return Operated{}, fmt.Errorf("list: %w", ErrNothingToDo)
	case "forged":
		return Operated{}, reason.Refuse(reason.TrustListSignerUnknown, "signed by nobody who may")
	case "broken":
		return Operated{}, errors.New("CANARY of the inside")
	default:
		return Operated{}, fmt.Errorf("%w: nothing of that name", ErrUnknown)
	}
}

func (p *trust) Reset(_ context.Context, list string) (Operated, error) {
	if list == "eu-lotl:DE" {
		return Operated{list, "reset", "begins again at the next look"}, nil
	}
	return Operated{}, ErrUnknown
}

func trusting(p *trust) Options {
	return options(func(o *Options) { o.Publisher, o.Operator = p, p })
}

// asked sends the request with the token and holds the answer against what is
// wanted; a problem has to be one.
func asked(t *testing.T, o Options, path, body string, status int, contains string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	w := ask(o, "POST", path, body, append([]string{"Authorization", bearer}, header...)...)
	if w.Code != status || !strings.Contains(w.Body.String(), contains) || strings.Contains(w.Body.String(), "CANARY") {
		t.Errorf("%s %.20q: %d %s, want %d %s", path, body, w.Code, w.Body, status, contains)
	}
	if w.Code != http.StatusOK {
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Detail == "" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: no problem: %s", path, w.Body)
		}
	}
	return w
}

func TestPublishOutcomes(t *testing.T) {
	p := &trust{}
	o := trusting(p)
	for body, c := range map[string]struct {
		status   int
		contains string
	}{
		"new\x00\xff": {200, `{"list":"eu-lotl:DE","outcome":"admitted","sequence":146}`},
		"same":        {200, `{"list":"eu-lotl:DE","outcome":"unchanged","sequence":145}`},
		"old":         {422, `"code":"trustlist_rollback"`},
		"CANARY":      {422, `"code":"artefact_unknown"`},
		"broken":      {500, `"code":"internal_error"`},
		"":            {400, `"code":"malformed_request"`},
	} {
		asked(t, o, "/v1/publish", body, c.status, c.contains)
		if body != "" && string(p.got) != body {
			t.Errorf("%q arrived as %q", body, p.got)
		}
	}
	for _, media := range []string{"application/vnd.etsi.tsl+xml", "application/octet-stream", "text/plain", "nonsense"} {
		asked(t, o, "/v1/publish", "new", 200, "admitted", "Content-Type", media)
	}
}

// A list may have exactly as many bytes as the limit says, announced or not.
func TestPublishLimit(t *testing.T) {
	for _, c := range []struct{ size, status int }{{maxList, 200}, {maxList + 1, 413}} {
		for _, announced := range []bool{true, false} {
			r := httptest.NewRequest("POST", "http://127.0.0.1:9443/v1/publish", bytes.NewReader(append([]byte("new"), make([]byte, c.size-3)...)))
			r.Header.Set("Authorization", bearer)
			if !announced {
				r.ContentLength = -1
			}
			w := httptest.NewRecorder()
			New(trusting(&trust{})).ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("%d bytes, announced %v: %d %s", c.size, announced, w.Code, w.Body)
			}
		}
	}
}

func TestPublishAtOnceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &trust{hold: make(chan struct{})}
		h := New(trusting(p))
		send := func() *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", "http://127.0.0.1:9443/v1/publish", strings.NewReader("new"))
			r.Header.Set("Authorization", bearer)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		done := make(chan *httptest.ResponseRecorder, maxPublish)
		for range maxPublish {
			go func() { done <- send() }()
		}
		synctest.Wait()
		if w := send(); w.Code != 503 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("one more: %d %v", w.Code, w.Header())
		}
		close(p.hold)
		for range maxPublish {
			if w := <-done; w.Code != 200 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		if w := send(); w.Code != 200 {
			t.Errorf("a place that was left is not given away: %d", w.Code)
		}
	})
}

// one is a listener with a single connection, without a kernel, so that a server
// lives in virtual time.
type one struct {
	conn chan net.Conn
	done chan struct{}
}

func (l *one) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *one) Close() error   { close(l.done); return nil }
func (l *one) Addr() net.Addr { return &net.TCPAddr{} }

// A body that stops arriving is given up a minute after it began, though the
// server's own timeout for small ones is shorter.
func TestPublishSlowBody(t *testing.T) {
	for pause, status := range map[time.Duration]string{publishTimeout - time.Second: "200", publishTimeout + time.Second: "408"} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			l := &one{make(chan net.Conn, 1), make(chan struct{})}
			l.conn <- server
			s := Server(New(trusting(&trust{})), nil)
			ended := make(chan error, 1)
			go func() { ended <- s.Serve(l) }()
			_, err := fmt.Fprintf(client, "POST /v1/publish HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nContent-Length: 5\r\n\r\nne", bearer)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				time.Sleep(pause)
				_, _ = client.Write([]byte("w..")) // nobody may be there to read it
			}()
			head := make([]byte, len("HTTP/1.1 200"))
			if _, err := io.ReadFull(client, head); err != nil || !strings.HasSuffix(string(head), status) {
				t.Errorf("after %v: %q %v", pause, head, err)
			}
			_ = client.Close()
			_ = s.Close()
			if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		})
	}
}

func TestOperate(t *testing.T) {
	o := trusting(&trust{})
	for path, c := range map[string]struct {
		status   int
		contains string
	}{
		"/v1/lists/eu-lotl:DE/accept":   {200, `{"list":"eu-lotl:DE","done":"accept","detail":"3 removed anchors confirmed"}`},
		"/v1/lists/eu-lotl%3ADE/accept": {200, `"list":"eu-lotl:DE"`},
		"/v1/lists/eu-lotl:DE/reset":    {200, `{"list":"eu-lotl:DE","done":"reset","detail":"begins again at the next look"}`},
		"/v1/lists/a%2Fb/accept":        {200, `"list":"a/b"`},
		"/v1/lists/50%25/accept":        {200, `"list":"50%"`},
		"/v1/lists/accept/accept":       {200, `"list":"accept"`},
		"/v1/lists/calm/accept":         {409, `"code":"nothing_to_do"`},
		"/v1/lists/calm/reset":          {404, `"code":"not_found"`},
		"/v1/lists/CANARY/accept":       {404, `GET /v1/lists`},
		"/v1/lists/forged/accept":       {422, `"code":"trustlist_signer_unknown"`},
		"/v1/lists/broken/accept":       {500, `"code":"internal_error"`},
		"/v1/lists/eu-lotl:DE/CANARY":   {404, `/v1/lists/{name}/accept`},
		"/v1/lists/eu-lotl:DE/accept/":  {404, `/v1/publish`},
		"/v1/lists//accept":             {404, `/v1/publish`},
		"/v1/lists/accept":              {404, `/v1/publish`},
		"/v1/lists/":                    {404, `/v1/publish`},
	} {
		asked(t, o, path, "", c.status, c.contains)
	}
}

func TestWhoMayPublishAndDecide(t *testing.T) {
	o := trusting(&trust{})
	for _, path := range []string{"/v1/publish", "/v1/lists/eu-lotl:DE/accept", "/v1/lists/eu-lotl:DE/reset"} {
		for _, c := range []struct {
			what   string
			o      Options
			method string
			header []string
			status int
		}{
			{"the token", o, "POST", []string{"Authorization", bearer}, 200},
			{"no token", o, "POST", nil, 401},
			{"a wrong token", o, "POST", []string{"Authorization", "Bearer guess"}, 401},
			{"no token configured", options(noToken, func(o *Options) { o.Publisher, o.Operator = &trust{}, &trust{} }), "POST", nil, 403},
			{"a page of a browser", o, "POST", []string{"Authorization", bearer, "Origin", "https://evil.example"}, 403},
			{"another name", o, "POST", []string{"Authorization", bearer, "Host", "evil.example"}, 403},
			{"GET", o, "GET", []string{"Authorization", bearer}, 405},
			{"PUT", o, "PUT", []string{"Authorization", bearer}, 405},
			{"a node that has none", options(), "POST", []string{"Authorization", bearer}, 404},
		} {
			w := ask(c.o, c.method, path, "new", c.header...)
			if w.Code != c.status {
				t.Errorf("%s with %s: %d, want %d: %s", path, c.what, w.Code, c.status, w.Body)
			}
			if allow := w.Header().Get("Allow"); c.status == 405 && allow != "POST" {
				t.Errorf("%s: Allow %q", path, allow)
			}
		}
	}
}

func TestFailuresAreLogged(t *testing.T) {
	var out bytes.Buffer
	o := trusting(&trust{})
	o.Logger = slog.New(slog.NewTextHandler(&out, nil))
	asked(t, o, "/v1/publish", "broken", 500, "see its log")
	asked(t, o, "/v1/lists/broken/accept", "", 500, "see its log")
	for _, line := range []string{"publish failed", "accept failed"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in the log", line)
		}
	}
	out.Reset()
	asked(t, o, "/v1/publish", "CANARY", 422, "artefact_unknown")
	if strings.Contains(out.String(), "CANARY") {
		t.Errorf("bytes in the log: %s", out.String())
	}
}
