package node

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

func (l *lab) ready(t testing.TB, c *client.Client) client.Readiness {
	t.Helper()
	r, err := c.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func holds(lines []string, text string) bool {
	return slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, text) })
}

// TestDeadOrigin: a node whose origins are dead answers, says what it lacks, finds
// nothing valid, and recovers by itself.
func TestDeadOrigin(t *testing.T) {
	l := newLab(t, labOptions{originDown: true})
	h3, h2 := l.client(t, client.HTTP3), l.client(t, client.HTTP2)
	r := l.ready(t, h2)
	if r.Ready || r.Status != "not_ready" || !holds(r.Reasons, "pid-list") || !holds(r.Reasons, "mdl-list") {
		t.Errorf("readiness %+v, want not ready, naming the lists that are missing", r)
	}
	resp, err := h2.DoAdmin(t.Context(), "GET", "/healthz", "", "", nil)
	if err != nil || resp.Status != 200 {
		t.Errorf("healthz: %v %+v", err, resp)
	}
	for _, s := range verifytest.Samples() {
		_, body := l.sample(t, s.Name, verifytest.Context{})
		for _, c := range []*client.Client{h3, h2} {
			if verdict, codes := l.verify(t, c, body); verdict == "valid" {
				t.Errorf("%s without lists: valid %v", s.Name, codes)
			}
		}
	}
	_, body := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	verdict, codes := l.verify(t, h3, body)
	if verdict != "indeterminate" || !slices.Contains(codes, "node_not_seeded") || !slices.Contains(codes, "anchor_list_unavailable") {
		t.Errorf("%s %v, want indeterminate with node_not_seeded and anchor_list_unavailable", verdict, codes)
	}
	if _, err := h2.Refresh(t.Context(), l.listURL("pid")); problemStatus(err) != 502 {
		t.Errorf("refresh of a dead origin: %v", err)
	}
	l.origin.setDown(false)
	eventually(t, "the node has become ready by itself", func() bool { return l.ready(t, h2).Ready })
	l.load(t)
	if verdict, codes := l.verify(t, h3, body); verdict != "valid" {
		t.Errorf("after the origin has come back: %s %v", verdict, codes)
	}
}

// TestDegraded: a list that runs out and is not required leaves the node in
// service, and says so; one that is missing, too.
func TestDegraded(t *testing.T) {
	l := newLab(t, labOptions{required: []string{"pid"}})
	c := l.client(t, client.HTTP2)
	_, body := l.sample(t, "mdl", verifytest.Context{})
	l.origin.publish(t, "mdl", verifytest.ListOptions{Sequence: 2, Issued: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(3 * time.Second)})
	if out, err := c.Refresh(t.Context(), l.listURL("mdl")); err != nil || out.Outcome != "admitted" {
		t.Fatalf("refresh: %+v %v", out, err)
	}
	if r := l.ready(t, c); !r.Ready || len(r.Degraded) != 0 {
		t.Errorf("before: %+v", r)
	}
	if verdict, codes := l.verify(t, c, body); verdict != "valid" {
		t.Errorf("mdl before: %s %v", verdict, codes)
	}
	eventually(t, "the node is degraded", func() bool { return len(l.ready(t, c).Degraded) > 0 })
	if r := l.ready(t, c); !r.Ready || !holds(r.Degraded, "mdl-list is expired") {
		t.Errorf("after: %+v", r)
	}
	if verdict, codes := l.verify(t, c, body); verdict != "indeterminate" || !slices.Contains(codes, "anchor_list_stale") {
		t.Errorf("mdl after: %s %v", verdict, codes)
	}
	_, body = l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	if verdict, codes := l.verify(t, c, body); verdict != "valid" {
		t.Errorf("pid: %s %v", verdict, codes)
	}
	// A new version brings it back.
	l.origin.publish(t, "mdl", verifytest.ListOptions{Sequence: 3})
	if out, err := c.Refresh(t.Context(), l.listURL("mdl")); err != nil || out.Outcome != "admitted" || out.Sequence != 3 {
		t.Errorf("refresh: %+v %v", out, err)
	}
	if r := l.ready(t, c); len(r.Degraded) != 0 {
		t.Errorf("at the end: %+v", r)
	}
}

// heldBody is a body that goes on only when it is let go.
type heldBody struct {
	first, rest string
	sent        chan struct{}
	release     chan struct{}
	closed      chan struct{}
	once        sync.Once
	stage       int
}

func newHeldBody(body []byte) *heldBody {
	half := len(body) / 2
	return &heldBody{first: string(body[:half]), rest: string(body[half:]), sent: make(chan struct{}), release: make(chan struct{}), closed: make(chan struct{})}
}

// Close is called by a transport that has its answer.
func (b *heldBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func (b *heldBody) Read(p []byte) (int, error) {
	switch b.stage {
	case 0:
		n := copy(p, b.first)
		if b.first = b.first[n:]; b.first == "" {
			b.stage = 1
		}
		return n, nil
	case 1:
		close(b.sent)
		select {
		case <-b.release:
		case <-b.closed:
			return 0, io.ErrClosedPipe
		}
		b.stage = 2
		fallthrough
	default:
		n := copy(p, b.rest)
		if b.rest = b.rest[n:]; b.rest == "" {
			return n, io.EOF
		}
		return n, nil
	}
}

// roundTrippers are clients of their own for each protocol, for bodies that the
// product's client does not send.
func roundTrippers(t testing.TB) map[string]http.RoundTripper {
	config := &tls.Config{InsecureSkipVerify: true} // the node's certificate is made at start
	h3 := &http3.Transport{TLSClientConfig: config, QUICConfig: &quic.Config{HandshakeIdleTimeout: 2 * time.Second}}
	t.Cleanup(func() { _ = h3.Close() })
	all := map[string]http.RoundTripper{client.HTTP3: h3}
	for _, name := range []string{client.HTTP2, client.HTTP1} {
		p := new(http.Protocols)
		p.SetHTTP2(name == client.HTTP2)
		p.SetHTTP1(name == client.HTTP1)
		h := &http.Transport{TLSClientConfig: config.Clone(), Protocols: p}
		t.Cleanup(h.CloseIdleConnections)
		all[name] = h
	}
	return all
}

type outcome struct {
	status int
	body   []byte
	err    error
}

func (l *lab) send(rt http.RoundTripper, body io.Reader) (o outcome) {
	req, err := http.NewRequest("POST", "https://"+l.node.Addr()+"/v1/verify", body)
	if err != nil {
		return outcome{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return outcome{err: err}
	}
	defer resp.Body.Close()
	o.status = resp.StatusCode
	o.body, o.err = io.ReadAll(resp.Body)
	return o
}

// TestDrain: readiness falls first, requests in flight end well, and nobody new is
// let in.
func TestDrain(t *testing.T) {
	l := newLab(t, labOptions{drainDelay: 700 * time.Millisecond})
	c := l.client(t, client.HTTP2)
	_, body := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	var wg sync.WaitGroup
	done := make(map[string]*outcome)
	var bodies []*heldBody
	for name, rt := range roundTrippers(t) {
		o, b := &outcome{}, newHeldBody(body)
		done[name], bodies = o, append(bodies, b)
		wg.Go(func() { *o = l.send(rt, b) })
		<-b.sent
	}
	stopped := make(chan struct{})
	go func() { l.stop(t); close(stopped) }()
	eventually(t, "readiness has fallen", func() bool { return !l.ready(t, c).Ready })
	if r := l.ready(t, c); !holds(r.Reasons, "draining") {
		t.Errorf("readiness while draining: %+v", r)
	}
	if verdict, codes := l.verify(t, c, body); verdict != "valid" {
		t.Errorf("before load balancers have noticed: %s %v", verdict, codes)
	}
	public, adminAddr := l.node.Addr(), l.node.AdminAddr()
	eventually(t, "new TCP connections are refused", func() bool {
		conn, err := net.DialTimeout("tcp", public, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	select {
	case <-stopped:
		t.Error("the node stopped while requests were in flight")
	case <-time.After(100 * time.Millisecond):
	}
	for _, b := range bodies {
		close(b.release)
	}
	wg.Wait()
	for name, o := range done {
		var a client.Answer
		if o.err != nil || o.status != 200 || json.Unmarshal(o.body, &a) != nil || a.Verdict != "valid" {
			t.Errorf("%s: request in flight: %d %v %.200s", name, o.status, o.err, o.body)
		}
	}
	<-stopped
	if conn, err := net.Dial("tcp", adminAddr); err == nil { // asked at once: soon the port may be somebody's
		_ = conn.Close()
		t.Error("the private listener is still open")
	}
	for name, rt := range roundTrippers(t) {
		if o := l.send(rt, strings.NewReader(string(body))); o.err == nil {
			t.Errorf("%s after the end: %d", name, o.status)
		}
	}
	// The clean-up stops a second time, which is harmless.
}

// TestDrainEndsInTime: a client that never sends the rest of his body cannot keep
// a node from stopping.
func TestDrainEndsInTime(t *testing.T) {
	l := newLab(t, labOptions{})
	_, body := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	var wg sync.WaitGroup
	var bodies []*heldBody
	for _, rt := range roundTrippers(t) {
		b := newHeldBody(body)
		bodies = append(bodies, b)
		wg.Go(func() { _ = l.send(rt, b) })
		<-b.sent
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	begin := time.Now()
	if err := l.node.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stop: %v, want deadline exceeded", err)
	}
	if d := time.Since(begin); d > 3*time.Second {
		t.Errorf("stopping took %v", d)
	}
	for _, b := range bodies {
		close(b.release)
	}
	wg.Wait()
}

// TestOverload: more requests than a node of one place and its queue can take are
// told to come back, the others are answered, and memory stays bounded.
func TestOverload(t *testing.T) {
	l := newLab(t, labOptions{extra: "limits: {in_flight: 1}"})
	_, body := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	items := make([]json.RawMessage, 40)
	for i := range items {
		items[i] = body
	}
	batch := asJSON(t, map[string]any{"items": items})
	runtime.GC()
	runtime.GC() // pools give up what they keep at the second
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	// The collector waits until what is on the heap, other tests' things included, has
	// grown by a share of it. What is measured is this test's: so of garbage there may be
	// as much as beside 64 MiB.
	defer debug.SetGCPercent(debug.SetGCPercent(int(100 * (64 << 20) / max(64<<20, before.HeapAlloc))))
	var ok, overloaded, other atomic.Int64
	var wg sync.WaitGroup
	clients := []*client.Client{l.client(t, client.HTTP3), l.client(t, client.HTTP2), l.client(t, client.HTTP3), l.client(t, client.HTTP2)}
	for i := range 240 {
		wg.Go(func() {
			resp, err := clients[i%len(clients)].Do(t.Context(), "POST", "/v1/verify/batch", "", "", batch)
			switch {
			case err != nil:
				other.Add(1)
				t.Error(err)
			case resp.Status == 200:
				ok.Add(1)
			case resp.Status == 503 && resp.Header.Get("Retry-After") != "" && strings.Contains(string(resp.Body), "overloaded"):
				overloaded.Add(1)
			default:
				other.Add(1)
				t.Errorf("%d: %.200s", resp.Status, resp.Body)
			}
		})
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	peak := uint64(0)
	for waiting := true; waiting; {
		select {
		case <-finished:
			waiting = false
		case <-time.After(5 * time.Millisecond):
		}
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc)
	}
	t.Logf("answered %d, overloaded %d; heap %d MiB before, %d MiB at most; body %d KiB", ok.Load(), overloaded.Load(), before.HeapAlloc>>20, peak>>20, len(batch)>>10)
	if ok.Load() == 0 || overloaded.Load() == 0 {
		t.Errorf("answered %d, overloaded %d: want some of both", ok.Load(), overloaded.Load())
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > 256<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	if verdict, codes := l.verify(t, clients[0], body); verdict != "valid" {
		t.Errorf("afterwards: %s %v", verdict, codes)
	}
}

// TestSlowAndLargeBodies: a body that does not come in time is a 408, one past the
// limit a 413, over each protocol, and the connection's other requests go on.
func TestSlowAndLargeBodies(t *testing.T) {
	l := newLab(t, labOptions{extra: "limits: {body: 64KiB}"})
	_, body := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	var wg sync.WaitGroup
	for name, rt := range roundTrippers(t) {
		for kind, large := range map[string]io.Reader{
			"announced": strings.NewReader(strings.Repeat(" ", 64<<10+1)), "not announced": io.MultiReader(strings.NewReader(strings.Repeat(" ", 64<<10)), strings.NewReader(" ")),
		} {
			if o := l.send(rt, large); o.err != nil || o.status != 413 || !strings.Contains(string(o.body), "too_large") {
				t.Errorf("%s: large body, %s: %d %v %.200s", name, kind, o.status, o.err, o.body)
			}
		}
		wg.Go(func() {
			if testing.Short() {
				return
			}
			b := newHeldBody(body)
			begin := time.Now()
			o := l.send(rt, b)
			_ = b.Close()
			if o.err != nil || o.status != 408 || !strings.Contains(string(o.body), "body_timeout") {
				t.Errorf("%s: slow body: %d %v %.200s", name, o.status, o.err, o.body)
			}
			if d := time.Since(begin); d < 9*time.Second || d > 12*time.Second {
				t.Errorf("%s: slow body: answered after %v, want 10 s", name, d)
			}
			if o := l.send(rt, strings.NewReader(string(body))); o.status != 200 {
				t.Errorf("%s: after a slow body: %d %v", name, o.status, o.err)
			}
		})
	}
	wg.Wait()
}

// TestRevocationIsFollowed: what an issuer revokes is refused from the next look.
func TestRevocationIsFollowed(t *testing.T) {
	l := newLab(t, labOptions{})
	c := l.client(t, client.HTTP3)
	for _, sample := range []string{"sdjwt-pid-de", "mdl"} {
		_, body := l.sample(t, sample, verifytest.Context{})
		if verdict, codes := l.verify(t, c, body); verdict != "valid" {
			t.Fatalf("%s before: %s %v", sample, verdict, codes)
		}
		uri, ok := l.Revoke(sample)
		if !ok {
			t.Fatalf("%s cannot be revoked", sample)
		}
		if verdict, _ := l.verify(t, c, body); verdict != "valid" {
			t.Errorf("%s: the node knows of a revocation it has not looked at", sample)
		}
		if out, err := c.Refresh(t.Context(), uri); err != nil || out.Outcome != "admitted" {
			t.Fatalf("refresh: %+v %v", out, err)
		}
		if verdict, codes := l.verify(t, c, body); verdict != "invalid" || !slices.Equal(codes, []string{"status_revoked"}) {
			t.Errorf("%s after: %s %v", sample, verdict, codes)
		}
		if out, err := c.Refresh(t.Context(), uri); err != nil || out.Outcome != "unchanged" {
			t.Errorf("refresh again: %+v %v", out, err)
		}
	}
}

// TestWithdrawalIsFollowed: an issuer that left its list is refused from the next
// look, and counts again when it has come back.
func TestWithdrawalIsFollowed(t *testing.T) {
	l := newLab(t, labOptions{})
	c := l.client(t, client.HTTP3)
	_, german := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	_, french := l.sample(t, "sdjwt-pid-fr", verifytest.Context{})
	step := func(what string, sequence uint64, without []string, wantDE string, wantCodes ...string) {
		t.Helper()
		l.origin.publish(t, "pid", verifytest.ListOptions{Sequence: sequence, Without: without})
		if out, err := c.Refresh(t.Context(), l.listURL("pid")); err != nil || out.Outcome != "admitted" || out.Sequence != sequence {
			t.Fatalf("%s: refresh: %+v %v", what, out, err)
		}
		if verdict, codes := l.verify(t, c, german); verdict != wantDE || !slices.Equal(codes, wantCodes) {
			t.Errorf("%s: the German PID: %s %v, want %s %v", what, verdict, codes, wantDE, wantCodes)
		}
		if verdict, codes := l.verify(t, c, french); verdict != "valid" {
			t.Errorf("%s: the French PID: %s %v", what, verdict, codes)
		}
	}
	if verdict, _ := l.verify(t, c, german); verdict != "valid" {
		t.Fatal("the German PID is not valid to begin with")
	}
	step("withdrawn", 2, []string{"DE"}, "invalid", "anchor_withdrawn")
	step("back", 3, nil, "valid")
}

func problemStatus(err error) int {
	var p *client.Problem
	if errors.As(err, &p) {
		return p.Status
	}
	return 0
}

// TestRefreshSaysWhatWentWrong covers every outcome of POST /v1/refresh.
func TestRefreshSaysWhatWentWrong(t *testing.T) {
	l := newLab(t, labOptions{})
	c := l.client(t, client.HTTP2)
	path := "/lists/pid"
	for _, k := range []struct {
		name, url string
		serve     http.HandlerFunc
		status    int
		code      string
	}{
		{"unknown", l.origin.URL + "/lists/nobody", nil, 404, "not_found"},
		{"status 500", l.listURL("pid"), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, 502, "origin_failed"},
		{"status 404", l.listURL("pid"), http.NotFound, 502, "origin_failed"},
		{"cut", l.listURL("pid"), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 502, "origin_failed"},
		{"redirected without end", l.listURL("pid"), func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, path, http.StatusFound) }, 502, "origin_failed"},
		{"no list", l.listURL("pid"), func(w http.ResponseWriter, r *http.Request) { respond(w, r, "application/jose", []byte("a.b.c")) }, 422, ""},
		{"empty", l.listURL("pid"), func(w http.ResponseWriter, r *http.Request) { respond(w, r, "application/jose", nil) }, 422, ""},
		{"signature damaged", l.listURL("pid"), func(w http.ResponseWriter, r *http.Request) {
			b, err := l.LoTE("pid", verifytest.ListOptions{Sequence: 2, Damage: func(b []byte) []byte { return []byte(verifytest.DamageSignature(string(b))) }})
			if err != nil {
				t.Error(err)
			}
			respond(w, r, "application/jose", b)
		}, 422, "trustlist_signature_invalid"},
	} {
		l.origin.serve(path, k.serve)
		_, err := c.Refresh(t.Context(), k.url)
		var p *client.Problem
		if !errors.As(err, &p) || p.Status != k.status || k.code != "" && p.Code != k.code || p.Code == "" {
			t.Errorf("%s: %v, want %d %s", k.name, err, k.status, k.code)
		}
		if k.status == 422 && p != nil && !strings.HasPrefix(p.Code, "trustlist_") {
			t.Errorf("%s: code %q is no reason", k.name, p.Code)
		}
	}
	l.origin.serve(path, nil)
	if out, err := c.Refresh(t.Context(), l.listURL("pid")); err != nil {
		t.Errorf("afterwards: %+v %v", out, err)
	}
	_, body := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	if verdict, codes := l.verify(t, c, body); verdict != "valid" {
		t.Errorf("the list that was held no longer counts: %s %v", verdict, codes)
	}
}

// TestPrivateListenerAsksForTheToken: whatever changes something needs it.
func TestPrivateListenerAsksForTheToken(t *testing.T) {
	l := newLab(t, labOptions{})
	body := asJSON(t, map[string]string{"url": l.listURL("pid")})
	for _, k := range []struct {
		name, token string
		header      [2]string
		status      int
	}{
		{"right", labToken, [2]string{}, 200},
		{"wrong", "wrong", [2]string{}, 401},
		{"none", "", [2]string{}, 401},
		{"a page's", labToken, [2]string{"Origin", "https://evil.example"}, 403},
		{"another host's", labToken, [2]string{"Host", "evil.example"}, 403},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+l.node.AdminAddr()+"/v1/refresh", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if k.token != "" {
			req.Header.Set("Authorization", "Bearer "+k.token)
		}
		if k.header[0] == "Host" {
			req.Host = k.header[1]
		} else if k.header[0] != "" {
			req.Header.Set(k.header[0], k.header[1])
		}
		tr := &http.Transport{DisableKeepAlives: true}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != k.status {
			t.Errorf("%s token: %d, want %d", k.name, resp.StatusCode, k.status)
		}
		if challenged := resp.Header.Get("WWW-Authenticate") != ""; challenged != (k.status == 401) {
			t.Errorf("%s token: challenge %v", k.name, challenged)
		}
	}
}

// TestPublicToken: with auth, only those who know a token are answered.
func TestPublicToken(t *testing.T) {
	l := newLab(t, labOptions{public: ", auth: {tokens_file: tokens}", files: map[string][]byte{"tokens": []byte("# callers\nfirst-caller-token\n")}})
	_, body := l.sample(t, "sdjwt-pid-de", verifytest.Context{})
	for token, want := range map[string]int{"": 401, "first-caller-token": 200, labToken: 401, "first-caller-toke": 401} {
		for _, protocol := range []string{client.HTTP3, client.HTTP2} {
			c, err := client.New(client.Options{URL: "https://" + l.node.Addr(), Protocol: protocol, Token: token, UnsafeInsecure: true})
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.Do(t.Context(), "POST", "/v1/verify", "", "", body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Status != want {
				t.Errorf("token %q over %s: %d, want %d", token, protocol, resp.Status, want)
			}
			_ = c.Close()
		}
	}
}

// TestMetricsMove: each name is there, and moves with what it counts.
func TestMetricsMove(t *testing.T) {
	l := newLab(t, labOptions{})
	c := l.client(t, client.HTTP3)
	read := func() string {
		resp, err := c.DoAdmin(t.Context(), "GET", "/metrics", "", "", nil)
		if err != nil || resp.Status != 200 {
			t.Fatalf("metrics: %v", err)
		}
		return string(resp.Body)
	}
	for name, sample := range map[string]string{"good": "sdjwt-pid-de", "bad": "expired", "mdoc": "mdl"} {
		_, body := l.sample(t, sample, verifytest.Context{})
		if _, err := c.Do(t.Context(), "POST", "/v1/verify", "", "", body); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	_, _ = c.Do(t.Context(), "POST", "/v1/verify", "", "", []byte("{"))
	l.origin.serve("/lists/pid", func(w http.ResponseWriter, r *http.Request) { respond(w, r, "application/jose", []byte("a.b.c")) })
	_, _ = c.Refresh(t.Context(), l.listURL("pid"))
	l.origin.serve("/lists/pid", http.NotFound)
	_, _ = c.Refresh(t.Context(), l.listURL("pid"))
	_, _ = c.Refresh(t.Context(), l.listURL("mdl"))
	text := read()
	for _, want := range []string{
		`edgetrust_verify_total{format="dc+sd-jwt",verdict="valid"} 1`, `edgetrust_verify_total{format="dc+sd-jwt",verdict="invalid"} 1`,
		`edgetrust_verify_total{format="mso_mdoc",verdict="valid"} 1`, `edgetrust_verify_reasons_total{code="credential_expired"} 1`,
		`edgetrust_verify_duration_seconds_count{verdict="valid"} 2`,
		`edgetrust_http_requests_total{endpoint="verify",protocol="HTTP/3.0",status="200"} 3`,
		`edgetrust_http_requests_total{endpoint="verify",protocol="HTTP/3.0",status="400"} 1`,
		`edgetrust_artefacts_refused_total{code="`, `edgetrust_origin_requests_total{list="pid-list",outcome="refused"} 1`,
		`edgetrust_origin_requests_total{list="pid-list",outcome="failed"} 1`, `edgetrust_origin_requests_total{list="mdl-list",outcome="not_modified"}`,
		`edgetrust_list_state{list="pid-list",state="fresh"} 1`, `edgetrust_list_age_seconds{list="pid-list"}`, `edgetrust_list_anchors{list="pid-list"} 4`,
		`edgetrust_list_next_update_timestamp_seconds{list="pid-list"}`, `edgetrust_status_lists{what="held"}`, `edgetrust_status_entries`,
		`edgetrust_build_info{version="0.0.0-test"} 1`, `go_goroutines`, `process_cpu_seconds_total`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not in /metrics: %s", want)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "edgetrust_") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

// TestCertificateIsReadAgain: a renewed certificate is served without a restart,
// over both transports, and a broken one changes nothing.
func TestCertificateIsReadAgain(t *testing.T) {
	pair := func(name string) (cert, key []byte) { return makeCertificate(t, name) }
	cert, key := pair("first.example")
	l := newLab(t, labOptions{public: ", tls: {cert: server.crt, key: server.key}", files: map[string][]byte{"server.crt": cert, "server.key": key}})
	names := func() (tcp, udp string) {
		config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h3"}}
		conn, err := tls.Dial("tcp", l.node.Addr(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		tcp = conn.ConnectionState().PeerCertificates[0].Subject.CommonName
		_ = conn.Close()
		q, err := quic.DialAddr(t.Context(), l.node.Addr(), config, nil)
		if err != nil {
			t.Fatal(err)
		}
		udp = q.ConnectionState().TLS.PeerCertificates[0].Subject.CommonName
		_ = q.CloseWithError(0, "")
		return tcp, udp
	}
	write := func(file string, b []byte) {
		if err := os.WriteFile(filepath.Join(l.dir, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if tcp, udp := names(); tcp != "first.example" || udp != "first.example" {
		t.Errorf("at start: %s %s", tcp, udp)
	}
	write("server.crt", []byte("no certificate\n"))
	time.Sleep(1100 * time.Millisecond)
	if tcp, udp := names(); tcp != "first.example" || udp != "first.example" {
		t.Errorf("with a broken file: %s %s", tcp, udp)
	}
	cert, key = pair("second.example")
	write("server.crt", cert)
	write("server.key", key)
	eventually(t, "the new certificate is served", func() bool {
		tcp, udp := names()
		return tcp == "second.example" && udp == "second.example"
	})
}

func makeCertificate(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	k, err := verifytest.Certify(verifytest.CertOptions{
		Subject: pkixName(name), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return k.PEM(), privatePEM(t, k.Private)
}
