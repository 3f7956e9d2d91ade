package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// refresher answers for the URLs of the test; hang, if it is not nil, keeps it from
// answering for one.
type refresher struct{ hang chan struct{} }

func (r refresher) Refresh(ctx context.Context, url string) (Refreshed, error) {
	switch url {
	case "https://status.example/new":
		return Refreshed{url, Admitted, 13}, nil
	case "https://status.example/same":
		return Refreshed{url, Unchanged, 12}, nil
	case "https://status.example/down":
		return Refreshed{}, fmt.Errorf("look: %w", &FetchError{errors.New("CANARY of 10.0.0.7")})
	case "https://status.example/old":
		return Refreshed{}, reason.Refuse(reason.TrustListRollback, "older than the version in force")
	case "https://status.example/broken":
		return Refreshed{}, errors.New("CANARY of the inside")
	case "https://status.example/hangs":
		select {
		case <-r.hang:
			return Refreshed{url, Unchanged, 12}, nil
		case <-ctx.Done():
			return Refreshed{}, ctx.Err()
		}
	default:
		return Refreshed{}, fmt.Errorf("%w: CANARY of that name", ErrUnknown)
	}
}

const issuer = "Bearer of-an-issuer"

func refreshing(o *Options) {
	o.Refresh = Refresh{Refresher: refresher{}, Tokens: tokens("of-an-issuer", "of-another")}
}

func postRefresh(url string, header ...string) *http.Request {
	return post(refreshPath, []byte(`{"url": "`+url+`"}`), header...)
}

func TestRefreshOutcomes(t *testing.T) {
	h := newHandler(t, fake{}, refreshing)
	for name, sequence := range map[string]int64{"new": 13, "same": 12} {
		url := "https://status.example/" + name
		var answers []map[string]any
		for _, accept := range []string{"application/json", "application/cbor"} {
			w := call(t, h, postRefresh(url, "Authorization", issuer, "Accept", accept))
			if w.Code != 200 {
				t.Fatalf("%s: %d %s", url, w.Code, w.Body)
			}
			answers = append(answers, decodeAnswer(t, w))
		}
		want := map[string]any{"list": url, "outcome": map[string]any{"new": "admitted", "same": "unchanged"}[name], "sequence": sequence}
		for _, a := range answers {
			if d := cmp.Diff(want, a); d != "" {
				t.Error(d)
			}
		}
	}
	for name, code := range map[string]ProblemCode{"unknown": NotFound, "down": OriginFailed, "broken": InternalError} {
		w := call(t, h, postRefresh("https://status.example/"+name, "Authorization", issuer))
		p := want(t, w, code, "")
		if strings.Contains(p.Detail, "CANARY") || strings.Contains(p.Detail, "status.example") {
			t.Errorf("%s: the caller is told %q", name, p.Detail)
		}
	}
	w := call(t, h, postRefresh("https://status.example/old", "Authorization", issuer))
	if w.Code != 422 || !strings.Contains(w.Body.String(), `"code":"trustlist_rollback"`) || !strings.Contains(w.Body.String(), "urn:edgetrust:problem:refused") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestRefreshBodies(t *testing.T) {
	h := newHandler(t, fake{}, refreshing)
	for body, member := range map[string]string{
		``: "", `{`: "", `[]`: "", `{}`: "/url", `{"url": 1}`: "/url", `{"url": ""}`: "/url", `{"url": null}`: "/url",
		`{"url": "x", "more": 1}`: "/more", `{"URL": "x"}`: "/URL", `{"url": "x"} {}`: "", `{"url": "x", "url": "y"}`: "/url",
	} {
		w := call(t, h, post(refreshPath, []byte(body), "Authorization", issuer))
		if p := problemIn(t, w); w.Code != 400 || p.Member != member {
			t.Errorf("%s: %d at %q: %s", body, w.Code, p.Member, p.Detail)
		}
	}
	want(t, call(t, h, postRefresh("x", "Authorization", issuer, "Content-Type", "text/plain")), UnsupportedMediaType, "")
	want(t, call(t, h, postRefresh(strings.Repeat("x", 1<<20), "Authorization", issuer)), TooLarge, "")
	want(t, call(t, h, postRefresh("x", "Authorization", issuer, "Early-Data", "1")), TooEarly, "")
	want(t, call(t, h, get(refreshPath, "Authorization", issuer)), MethodNotAllowed, "")
}

// The tokens of clients and those of issuers are good for their own alone, whoever
// may ask the rest of the listener.
func TestRefreshHasTokensOfItsOwn(t *testing.T) {
	const url = "https://status.example/new"
	clients := func(o *Options) { o.Auth.Tokens = tokens("of-a-client") }
	for _, c := range []struct {
		what   string
		change []func(*Options)
		token  string
		status int
	}{
		{"an issuer, the listener open", []func(*Options){refreshing}, issuer, 200},
		{"nobody, the listener open", []func(*Options){refreshing}, "", 401},
		{"an issuer", []func(*Options){refreshing, clients}, issuer, 200},
		{"another issuer", []func(*Options){refreshing, clients}, "Bearer of-another", 200},
		{"a client", []func(*Options){refreshing, clients}, "Bearer of-a-client", 401},
		{"nobody", []func(*Options){refreshing, clients}, "", 401},
		{"no tokens at all", []func(*Options){func(o *Options) { o.Refresh.Refresher = refresher{} }}, issuer, 401},
		{"not configured", nil, issuer, 404},
		{"not configured, a stranger", []func(*Options){clients}, issuer, 401},
	} {
		w := call(t, newHandler(t, fake{}, c.change...), postRefresh(url, "Authorization", c.token))
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", c.what, w.Code, c.status, w.Body)
		}
		if c.status == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", c.what)
		}
	}
	h := newHandler(t, fake{}, refreshing, clients)
	want(t, call(t, h, get("/v1/lists", "Authorization", issuer)), Unauthorized, "")
}

func TestRefreshHasNoCORS(t *testing.T) {
	h := newHandler(t, fake{}, refreshing)
	preflight := with(httptest.NewRequest(http.MethodOptions, "https://localhost"+refreshPath, nil), "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	for _, w := range []*httptest.ResponseRecorder{
		call(t, h, preflight), call(t, h, postRefresh("https://status.example/new", "Authorization", issuer, "Origin", "https://evil.example")),
	} {
		for name := range w.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: there is no CORS", name)
			}
		}
	}
}

func TestRefreshRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{}, refreshing, func(o *Options) {
			o.Refresh.Rate = Rate{PerSecond: 0.1, Burst: 2}
			o.Rate = Rate{PerSecond: 1, Burst: 1}
		})
		ask := func(token string) *httptest.ResponseRecorder {
			return call(t, h, postRefresh("https://status.example/new", "Authorization", token))
		}
		for i, status := range []int{200, 200, 429} {
			if w := ask(issuer); w.Code != status || status == 429 && w.Header().Get("Retry-After") != "10" {
				t.Errorf("%d: %d %v", i, w.Code, w.Header())
			}
		}
		if w := ask("Bearer of-another"); w.Code != 200 {
			t.Errorf("another's rate is his own: %d", w.Code)
		}
		// Guessing is counted as any client's requests are, and costs issuers nothing.
		for i, status := range []int{401, 429} {
			if w := ask("Bearer guess"); w.Code != status {
				t.Errorf("guess %d: %d", i, w.Code)
			}
		}
		time.Sleep(9 * time.Second)
		if w := ask(issuer); w.Code != 429 {
			t.Errorf("a second too early: %d", w.Code)
		}
		time.Sleep(2 * time.Second)
		if w := ask(issuer); w.Code != 200 {
			t.Errorf("a second later: %d", w.Code)
		}
	})
}

// Origins that hang hold up only so many, and nobody beyond the deadline.
func TestRefreshIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		h := newHandler(t, fake{}, refreshing, func(o *Options) { o.Refresh.Refresher = refresher{hang} })
		answers := make(chan *httptest.ResponseRecorder, maxRefreshing)
		ask := func() { answers <- call(t, h, postRefresh("https://status.example/hangs", "Authorization", issuer)) }
		for range maxRefreshing {
			go ask()
		}
		synctest.Wait()
		w := call(t, h, postRefresh("https://status.example/new", "Authorization", issuer))
		if want(t, w, Overloaded, ""); w.Header().Get("Retry-After") != "1" {
			t.Error("Retry-After is missing")
		}
		close(hang)
		for range maxRefreshing {
			if w := <-answers; w.Code != 200 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		h = newHandler(t, fake{}, refreshing, func(o *Options) { o.Refresh.Refresher = refresher{make(chan struct{})} })
		begin := time.Now()
		want(t, call(t, h, postRefresh("https://status.example/hangs", "Authorization", issuer, "Request-Timeout", "2")), DeadlineExceeded, "")
		if time.Since(begin) != 2*time.Second {
			t.Errorf("after %s", time.Since(begin))
		}
	})
}

func TestBrokenRefreshIsLogged(t *testing.T) {
	var out bytes.Buffer
	h := newHandler(t, fake{}, refreshing, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&out, nil)) })
	call(t, h, postRefresh("https://status.example/broken", "Authorization", issuer))
	if !strings.Contains(out.String(), "refresh failed") {
		t.Error("a failure of the node has to be found in its log")
	}
}

func TestRefreshIsAFeature(t *testing.T) {
	for want, change := range map[bool][]func(*Options){true: {refreshing}, false: nil} {
		w := call(t, newHandler(t, fake{}, change...), get("/v1/info"))
		if got := strings.Contains(w.Body.String(), `"refresh"`); got != want {
			t.Errorf("refresh %v: %s", want, w.Body)
		}
	}
}
