package node

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/node/serve"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// volatile are the members that differ between two answers to one request.
var volatile = map[string]bool{"request_id": true, "evaluated_at": true, "age_seconds": true, "looked_at": true}

// settled is an answer without its volatile members.
func settled(v any) any {
	switch x := v.(type) {
	case map[string]any:
		m := maps.Clone(x)
		for k, e := range x {
			if m[k] = settled(e); volatile[k] {
				delete(m, k)
			}
		}
		return m
	case []any:
		a := make([]any, len(x))
		for i, e := range x {
			a[i] = settled(e)
		}
		return a
	}
	return v
}

func fromJSON(t testing.TB, b []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v: %.200s", err, b)
	}
	return v
}

// protocolSamples are requests of every outcome, format and flow.
var protocolSamples = []struct {
	name string
	flow string
}{
	{"sdjwt-pid-de", ""}, {"sdjwt-pid-fr", verifytest.FlowDCAPI}, {"transaction-data", ""}, {"eaa-membership", ""}, {"pubeaa-residence", ""},
	{"mdoc-pid-de", ""}, {"mdoc-pid-mac", ""}, {"mdl", verifytest.FlowProximity}, {"mdoc-pid-de", verifytest.FlowISO7B}, {"mdoc-pid-de", verifytest.FlowISO7C},
	{"wrong-nonce", ""}, {"expired", ""}, {"unknown-issuer", ""}, {"withdrawn-issuer", ""}, {"unknown-status-list", ""}, {"mdoc-mac-key-missing", ""},
}

func TestProtocolsAnswerTheSame(t *testing.T) {
	l := newLab(t, labOptions{})
	protocols := map[string]string{client.HTTP3: "HTTP/3.0", client.HTTP2: "HTTP/2.0", client.HTTP1: "HTTP/1.1"}
	clients := make(map[string]*client.Client)
	for p := range protocols {
		clients[p] = l.client(t, p)
	}
	type request struct {
		name, method, path string
		body               []byte
		status             int
		verdict            string
	}
	var requests []request
	var all []json.RawMessage
	for _, s := range protocolSamples {
		made, body := l.sample(t, s.name, verifytest.Context{Flow: s.flow})
		requests = append(requests, request{s.name + "/" + s.flow, "POST", "/v1/verify", body, 200, string(made.Sample.Verdict)})
		all = append(all, body)
	}
	all = append(all, json.RawMessage(`{"flow": "none"}`))
	requests = append(requests,
		request{"batch", "POST", "/v1/verify/batch", asJSON(t, map[string]any{"items": all}), 200, ""},
		request{"malformed", "POST", "/v1/verify", []byte(`{"vp_token": 1}`), 400, ""},
		request{"no JSON", "POST", "/v1/verify", []byte(`{`), 400, ""},
		request{"method", "GET", "/v1/verify", nil, 405, ""},
		request{"path", "GET", "/v1/nothing", nil, 404, ""},
		request{"too large", "POST", "/v1/verify", []byte(strings.Repeat(" ", 1<<20+1)), 413, ""},
		request{"codes", "GET", "/v1/codes", nil, 200, ""},
		request{"lists", "GET", "/v1/lists", nil, 200, ""},
		request{"info", "GET", "/v1/info", nil, 200, ""},
		request{"openapi", "GET", "/openapi.json", nil, 200, ""},
	)
	for _, r := range requests {
		var first any
		for _, p := range []string{client.HTTP3, client.HTTP2, client.HTTP1} {
			resp, err := clients[p].Do(t.Context(), r.method, r.path, "", "", r.body)
			if err != nil {
				t.Fatalf("%s over %s: %v", r.name, p, err)
			}
			if resp.Protocol != protocols[p] {
				t.Errorf("%s: asked for %s, got %s", r.name, p, resp.Protocol)
			}
			if resp.Status != r.status {
				t.Errorf("%s over %s: status %d, want %d: %.300s", r.name, p, resp.Status, r.status, resp.Body)
			}
			body := fromJSON(t, resp.Body)
			if r.verdict != "" {
				if m, _ := body.(map[string]any); m["verdict"] != r.verdict {
					t.Errorf("%s over %s: verdict %v, want %s", r.name, p, m["verdict"], r.verdict)
				}
			}
			answer := map[string]any{"status": resp.Status, "media": resp.MediaType, "allow": resp.Header.Get("Allow"), "body": settled(body)}
			if first == nil {
				first = answer
			} else if d := cmp.Diff(first, any(answer)); d != "" {
				t.Errorf("%s: %s differs from HTTP/3: %s", r.name, p, d)
			}
			_, port, _ := net.SplitHostPort(l.node.Addr())
			alt := resp.Header.Get("Alt-Svc")
			if want := `h3=":` + port + `"`; (p == client.HTTP3) != (alt == "") || p != client.HTTP3 && !strings.HasPrefix(alt, want+";") {
				t.Errorf("%s over %s: Alt-Svc %q, want %s on TCP only", r.name, p, alt, want)
			}
		}
	}
}

// gtls runs ngtcp2's client, which shares no code with the QUIC stack of the node,
// and returns the body of the answer.
func gtls(t *testing.T, port, path string, args ...string) []byte {
	t.Helper()
	tool, err := exec.LookPath("gtlsclient")
	if err != nil {
		t.Skip("gtlsclient (Debian: ngtcp2-client) is not installed: HTTP/3 is tested with quic-go's client only")
	}
	dir := t.TempDir()
	args = append([]string{"-q", "--exit-on-all-streams-close", "--timeout=10s", "--download=" + dir}, args...)
	args = append(args, "127.0.0.1", port, fmt.Sprintf("https://localhost:%s%s", port, path))
	if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
		t.Fatalf("gtlsclient: %v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, filepath.Base(path)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAnotherQUIC asks with a client whose QUIC is not the node's. It cannot send
// a Content-Type, so the node as it is answers 415 to its POST; for a verdict the
// same handler stands on the same listener with that header added.
func TestAnotherQUIC(t *testing.T) {
	l := newLab(t, labOptions{})
	_, port, _ := net.SplitHostPort(l.node.Addr())
	file := filepath.Join(t.TempDir(), "body.json")
	_, body := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	codes, ok := fromJSON(t, gtls(t, port, "/v1/codes")).(map[string]any)
	if list, _ := codes["codes"].([]any); !ok || len(list) < 50 {
		t.Errorf("GET /v1/codes: %d codes", len(list))
	}
	problem := fromJSON(t, gtls(t, port, "/v1/verify", "-m", "POST", "-d", file)).(map[string]any)
	if problem["code"] != "unsupported_media_type" {
		t.Errorf("POST without Content-Type: %v", problem)
	}

	inner := l.handler()
	s, err := serve.Listen(serve.Options{Addr: "127.0.0.1:0", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") == "" {
			r.Header.Set("Content-Type", "application/json")
		}
		inner.ServeHTTP(w, r)
	})})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	defer func() {
		s.Close()
		select {
		case <-served:
		case <-time.After(5 * time.Second):
			t.Error("the listener did not end")
		}
	}()
	got := fromJSON(t, gtls(t, fmt.Sprint(s.Addr().Port), "/v1/verify", "-m", "POST", "-d", file)).(map[string]any)
	resp, err := l.client(t, client.HTTP3).Do(t.Context(), "POST", "/v1/verify", "", "", body)
	if err != nil {
		t.Fatal(err)
	}
	if got["verdict"] != "valid" {
		t.Errorf("verdict %v, want valid", got["verdict"])
	}
	if d := cmp.Diff(settled(fromJSON(t, resp.Body)), settled(any(got))); d != "" {
		t.Errorf("the answer differs from the one to quic-go's client: %s", d)
	}
}
