package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/verify/reason"
)

const token = "a-token-of-this-node"

func tokens() [][sha256.Size]byte { return [][sha256.Size]byte{sha256.Sum256([]byte(token))} }

// refresher answers for the URLs of the test.
type refresher struct{}

func (refresher) Refresh(_ context.Context, url string) (Refreshed, error) {
	switch url {
	case "https://lists.example/new":
		return Refreshed{List: "pid", Outcome: Admitted, Sequence: 13}, nil
	case "https://lists.example/same":
		return Refreshed{List: "pid", Outcome: Unchanged, Sequence: 12}, nil
	case "https://lists.example/down":
		return Refreshed{}, fmt.Errorf("look: %w", &FetchError{Err: errors.New("503 from the origin")})
	case "https://lists.example/old":
		return Refreshed{}, reason.Refuse(reason.TrustListRollback, "older than the version in force")
	case "https://lists.example/broken":
		return Refreshed{}, errors.New("CANARY of the inside")
	default:
		return Refreshed{}, fmt.Errorf("%w: nothing of that name", ErrUnknown)
	}
}

func options(change ...func(*Options)) Options {
	o := Options{
		Refresher: refresher{}, Tokens: tokens, Loopback: true, Hosts: []string{"edge-1", "Edge-1.internal"},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("# metrics")) }),
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func ask(o Options, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:9443"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	New(o).ServeHTTP(w, r)
	return w
}

func offLoopback(o *Options) { o.Loopback = false }
func noToken(o *Options)     { o.Tokens = nil }

const bearer = "Bearer " + token

func TestWhoMayDoWhat(t *testing.T) {
	const refresh = `{"url": "https://lists.example/new"}`
	for _, c := range []struct {
		what   string
		o      Options
		method string
		path   string
		body   string
		header []string
		status int
	}{
		{"health is open", options(offLoopback), "GET", "/healthz", "", nil, 200},
		{"readiness is open", options(offLoopback), "GET", "/readyz", "", nil, 200},
		{"health by any name", options(offLoopback), "GET", "/healthz", "", []string{"Host", "probe.example"}, 200},
		{"documents on loopback", options(), "GET", "/metrics", "", nil, 200},
		{"documents on loopback, no token configured", options(noToken), "GET", "/debug/pprof/cmdline", "", nil, 200},
		{"documents off loopback", options(offLoopback), "GET", "/metrics", "", nil, 401},
		{"with a wrong token", options(offLoopback), "GET", "/metrics", "", []string{"Authorization", "Bearer guess"}, 401},
		{"with the token", options(offLoopback), "GET", "/metrics", "", []string{"Authorization", bearer}, 200},
		{"off loopback, no token configured", options(offLoopback, noToken), "GET", "/metrics", "", []string{"Authorization", bearer}, 403},
		{"changes need the token on loopback", options(), "POST", "/v1/refresh", refresh, nil, 401},
		{"changes with the token", options(), "POST", "/v1/refresh", refresh, []string{"Authorization", bearer}, 200},
		{"changes, no token configured", options(noToken), "POST", "/v1/refresh", refresh, nil, 403},
		{"a page of a browser", options(), "GET", "/metrics", "", []string{"Origin", "https://evil.example"}, 403},
		{"a page of a browser, with the token", options(), "POST", "/v1/refresh", refresh, []string{"Origin", "null", "Authorization", bearer}, 403},
		{"a page asking for health", options(), "GET", "/healthz", "", []string{"Origin", "https://evil.example"}, 403},
		{"another name (rebinding)", options(), "GET", "/metrics", "", []string{"Host", "evil.example"}, 403},
		{"another name, with the token", options(), "POST", "/v1/refresh", refresh, []string{"Host", "evil.example:9443", "Authorization", bearer}, 403},
		{"another name with an address in it", options(), "GET", "/metrics", "", []string{"Host", "127.0.0.1.evil.example"}, 403},
		{"no name", options(), "GET", "/metrics", "", []string{"Host", ""}, 403},
		{"localhost", options(), "GET", "/metrics", "", []string{"Host", "LocalHost:9443"}, 200},
		{"IPv6", options(), "GET", "/metrics", "", []string{"Host", "[::1]:9443"}, 200},
		{"IPv6 without a port", options(), "GET", "/metrics", "", []string{"Host", "[::1]"}, 200},
		{"the node's name", options(), "GET", "/metrics", "", []string{"Host", "edge-1:9443"}, 200},
		{"the host's name", options(), "GET", "/metrics", "", []string{"Host", "edge-1.internal."}, 200},
		{"nothing here", options(), "GET", "/v1/publish", "", nil, 404},
		{"nothing here, off loopback", options(offLoopback), "GET", "/nothing", "", nil, 401},
		{"another method", options(), "DELETE", "/metrics", "", []string{"Authorization", bearer}, 405},
		{"refresh is a POST", options(), "GET", "/v1/refresh", "", nil, 405},
		{"post to health", options(), "POST", "/healthz", "", []string{"Authorization", bearer}, 405},
		{"profiles", options(), "GET", "/debug/pprof/", "", nil, 200},
		{"a named profile", options(), "GET", "/debug/pprof/goroutine?debug=1", "", nil, 200},
		{"a profile that is none", options(), "GET", "/debug/pprof/nonsense", "", nil, 404},
	} {
		w := ask(c.o, c.method, c.path, c.body, c.header...)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", c.what, w.Code, c.status, w.Body)
		}
		if c.status == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", c.what)
		}
	}
}

func TestNoTokenSaysWhatToConfigure(t *testing.T) {
	w := ask(options(noToken), "POST", "/v1/refresh", `{"url": "x"}`)
	if !strings.Contains(w.Body.String(), "admin.token_file") {
		t.Errorf("%s", w.Body)
	}
}

func TestReadiness(t *testing.T) {
	for _, c := range []struct {
		state  Readiness
		status int
		text   string
		json   string
	}{
		{Readiness{}, 200, "ready\n", `{"status":"ready"}`},
		{Readiness{Degraded: []string{"list pid is stale"}}, 200, "ready\ndegraded: list pid is stale\n", `{"status":"ready","degraded":["list pid is stale"]}`},
		{Readiness{NotReady: []string{"draining"}, Degraded: []string{"d"}}, 503, "not ready\nnot ready: draining\ndegraded: d\n", `{"status":"not_ready","reasons":["draining"],"degraded":["d"]}`},
	} {
		o := options(func(o *Options) { o.Readiness = func() Readiness { return c.state } })
		text := ask(o, "GET", "/readyz", "")
		if text.Code != c.status || text.Body.String() != c.text {
			t.Errorf("%d %q", text.Code, text.Body)
		}
		j := ask(o, "GET", "/readyz", "", "Accept", "application/json")
		if j.Code != c.status || strings.TrimSpace(j.Body.String()) != c.json || j.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%d %s", j.Code, j.Body)
		}
		// A node that drains is alive all the same.
		if w := ask(o, "GET", "/healthz", ""); w.Code != 200 || w.Body.String() != "ok\n" {
			t.Errorf("healthz: %d %q", w.Code, w.Body)
		}
	}
}

func TestRefreshOutcomes(t *testing.T) {
	for url, c := range map[string]struct {
		status int
		body   string
	}{
		"https://lists.example/new":     {200, `{"list":"pid","outcome":"admitted","sequence":13}`},
		"https://lists.example/same":    {200, `{"list":"pid","outcome":"unchanged","sequence":12}`},
		"https://lists.example/unknown": {404, `"code":"not_found"`},
		"https://lists.example/down":    {502, `"code":"origin_failed"`},
		"https://lists.example/old":     {422, `"code":"trustlist_rollback"`},
		"https://lists.example/broken":  {500, `"code":"internal_error"`},
	} {
		w := ask(options(), "POST", "/v1/refresh", `{"url": "`+url+`"}`, "Authorization", bearer)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || strings.Contains(w.Body.String(), "CANARY") {
			t.Errorf("%s: %d %s", url, w.Code, w.Body)
		}
		if c.status != 200 {
			var p api.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != c.status || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: no problem: %s", url, w.Body)
			}
		}
	}
}

func TestRefreshBodies(t *testing.T) {
	for body, status := range map[string]int{
		``: 415, `{`: 400, `{}`: 400, `[]`: 400, `{"url": 1}`: 400, `{"url": ""}`: 400, `{"url": "x", "more": 1}`: 400, `{"url": "x"} {}`: 400,
		`{"url": "` + strings.Repeat("x", maxBody) + `"}`: 413,
	} {
		if w := ask(options(), "POST", "/v1/refresh", body, "Authorization", bearer); w.Code != status {
			t.Errorf("%.20q: %d, want %d: %s", body, w.Code, status, w.Body)
		}
	}
	if w := ask(options(), "POST", "/v1/refresh", `{"url": "x"}`, "Authorization", bearer, "Content-Type", "text/plain"); w.Code != 415 {
		t.Errorf("a form of a web page: %d", w.Code)
	}
}

func TestBrokenRefreshIsLogged(t *testing.T) {
	var out bytes.Buffer
	o := options(func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&out, nil)) })
	ask(o, "POST", "/v1/refresh", `{"url": "https://lists.example/broken"}`, "Authorization", bearer)
	if !strings.Contains(out.String(), "refresh failed") {
		t.Error("a failure of the node has to be found in its log")
	}
}
