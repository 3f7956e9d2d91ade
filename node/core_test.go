package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/origin"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// issuerHost is the one host that a core may ask for lists that credentials name.
const issuerHost = "https://status.example"

// core is a node in real or virtual time without its listeners, beside origins that
// are a function: everything that fetches, keeps and verifies.
type core struct {
	*verifytest.World
	t    testing.TB
	node *Node
	net  *publisher
	logs *syncBuffer
}

// newCore makes a core whose configuration of status is that, lines of YAML. It
// trusts the PID providers of a World.
func newCore(t testing.TB, status ...string) *core {
	t.Helper()
	w, err := verifytest.NewAt(time.Now(), verifytest.Options{CRLBase: upstream})
	if err != nil {
		t.Fatal(err)
	}
	w.ListBase, w.StatusBase = upstream, issuerHost
	c := &core{World: w, t: t, net: &publisher{world: w, serving: make(map[string]func(*http.Request) reply)}, logs: &syncBuffer{}}
	list, err := w.LoTE("pid", verifytest.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.net.serve(upstream+"/pid", func(*http.Request) reply { return reply{body: list} })
	lines := []string{
		"version: 1", "name: core", `public: {listen: "127.0.0.1:0"}`, "trust:", "  sources:",
		fmt.Sprintf("    - {name: pid, type: lote, profile: pid, url: %q, signers: [signer.pem], refresh: 1h}", upstream+"/pid"),
		"status:", fmt.Sprintf("  allow_hosts: [%q, %q]", strings.TrimPrefix(issuerHost, "https://"), strings.TrimPrefix(upstream, "https://")),
	}
	for _, line := range status {
		lines = append(lines, "  "+line)
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"signer.pem": w.Operator.PEM(), "edgenode.yaml": []byte(strings.Join(lines, "\n") + "\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conf, err := config.Load(filepath.Join(dir, "edgenode.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewJSONHandler(c.logs, nil))
	if c.node, err = New(Options{Config: conf, Version: "0.0.0-test", Logger: logger, UnsafeDev: true}); err != nil {
		t.Fatal(err)
	}
	c.node.fetcher.Close()
	if c.node.fetcher, err = origin.NewFetcher(origin.Options{Version: "0.0.0-test", Transport: c.net}); err != nil {
		t.Fatal(err)
	}
	c.node.follower.Fetcher = c.node.fetcher
	return c
}

// run runs what a started node runs beside its listeners, and returns how to end it.
func (c *core) run() (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { c.node.follower.Run(ctx) })
	running.Go(func() { c.node.keepTime(ctx) })
	running.Go(func() { c.node.keepFinding(ctx) })
	return func() {
		cancel()
		running.Wait()
		c.node.Close()
	}
}

// seeded waits until the trust list and the revocation lists that it leads to are
// there.
func (c *core) seeded() {
	c.t.Helper()
	for range 600 {
		if sum := c.node.store.StatusLists(time.Now()); c.node.store.View().Seeded() && sum.CRLsFollowed > 0 && sum.CRLsHeld == sum.CRLsFollowed {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.t.Fatalf("not seeded: %v", c.node.store.NotReady(time.Now()))
}

// wallet holds a credential and presents it anew each time.
type wallet struct {
	c    *core
	cred *verifytest.SDJWT
	ref  verifytest.Ref
}

// issue makes a PID of an authority's with an entry of a list.
func (c *core) issue(a *verifytest.Authority, ref verifytest.Ref) *wallet {
	c.t.Helper()
	o, err := c.SDJWT(a, "urn:eudi:pid:"+strings.ToLower(a.Territory)+":1", time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	o.Claims = map[string]any{"family_name": "Mustermann"}
	o.Status = &ref
	cred, err := a.IssueSDJWT(o)
	if err != nil {
		c.t.Fatal(err)
	}
	return &wallet{c: c, cred: cred, ref: ref}
}

// request is that of a fresh presentation.
func (w *wallet) request() *verify.Request {
	w.c.t.Helper()
	text, err := w.cred.Present(verifytest.Presentation{Nonce: "n-1", Audience: "x509_san_dns:rp.example", IssuedAt: time.Now()})
	if err != nil {
		w.c.t.Fatal(err)
	}
	return &verify.Request{
		VPToken: map[string][]string{"pid": {text}}, Flow: verify.FlowRedirect, Nonce: "n-1", ClientID: "x509_san_dns:rp.example", ResponseURI: "https://rp.example/cb",
		Policy: verify.DefaultPolicy(), Expect: map[string]verify.Expect{"pid": {Kind: "pid", Types: []string{verifytest.TypePID}}},
	}
}

// body is that of a POST /v1/verify.
func (w *wallet) body() []byte {
	r := w.request()
	return asJSON(w.c.t, map[string]any{
		"vp_token": r.VPToken, "flow": "redirect", "nonce": r.Nonce, "client_id": r.ClientID, "response_uri": r.ResponseURI,
		"expect": map[string]any{"pid": map[string]any{"kind": "pid", "types": []string{verifytest.TypePID}}},
	})
}

// show presents the credential and says what comes of it: the verdict and the codes.
func (w *wallet) show() string { return said(w.present()) }

func (w *wallet) present() *verify.Result {
	return (engine{w.c.node}).Verify(context.Background(), w.request())
}

// said is a verdict with the codes of its reasons, and of warnings in parentheses.
func said(r *verify.Result) string {
	words := []string{string(r.Verdict)}
	for _, x := range r.Reasons {
		words = append(words, string(x.Code))
	}
	for _, c := range r.Credentials {
		for _, x := range c.Reasons {
			words = append(words, string(x.Code))
		}
		for _, x := range c.Warnings {
			words = append(words, "("+string(x.Code)+")")
		}
	}
	return strings.Join(words, " ")
}

// metric is the value of a metric with its labels as they are printed; "" if it has
// none.
func (c *core) metric(name string) string {
	rec := httptest.NewRecorder()
	c.node.metrics.handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(rec.Body.String()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// publisher is every origin of a core: an http.RoundTripper that answers by URL, with
// validators, and counts. The revocation lists of the World are there from the start.
type publisher struct {
	world *verifytest.World

	mu      sync.Mutex
	serving map[string]func(*http.Request) reply // by URL
	down    bool                                 // connections are refused
	asked   []asked
}

// reply is an answer; the zero status is 200.
type reply struct {
	status int
	body   []byte
	delay  time.Duration
	header http.Header
}

// asked is a request that came in, with what it was answered.
type asked struct {
	at     time.Time
	url    string
	status int // 0: refused
	bytes  int
}

func (p *publisher) serve(url string, answer func(*http.Request) reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serving[url] = answer
}

// publish serves a list as it is now, signed again when it has changed.
func (p *publisher) publish(list *verifytest.StatusList, form string) {
	p.serve(list.URI, func(*http.Request) reply {
		token, err := list.Publish(form, time.Now())
		if err != nil {
			return reply{status: http.StatusInternalServerError}
		}
		return reply{body: token.Token}
	})
}

func (p *publisher) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// requests are those for a URL so far.
func (p *publisher) requests(url string) (list []asked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.asked {
		if a.url == url {
			list = append(list, a)
		}
	}
	return list
}

func (p *publisher) note(a asked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, a)
}

// RoundTrip implements http.RoundTripper.
func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	a := asked{at: time.Now(), url: r.URL.String()}
	p.mu.Lock()
	answer, down := p.serving[a.url], p.down
	p.mu.Unlock()
	if down {
		p.note(a)
		return nil, fmt.Errorf("connection refused")
	}
	var rep reply
	switch {
	case answer != nil:
		rep = answer(r)
	default:
		der, ok, err := p.world.CRLOf(a.url, time.Now())
		if err != nil || !ok {
			rep.status = http.StatusNotFound
		}
		rep.body = der
	}
	if rep.status == 0 {
		rep.status = http.StatusOK
	}
	h := rep.header
	if h == nil {
		h = make(http.Header)
	}
	if rep.status == http.StatusOK {
		sum := sha256.Sum256(rep.body)
		h.Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
		if r.Header.Get("If-None-Match") == h.Get("ETag") {
			rep.status, rep.body = http.StatusNotModified, nil
		}
	}
	a.status, a.bytes = rep.status, len(rep.body)
	p.note(a)
	if rep.delay > 0 {
		select {
		case <-time.After(rep.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return &http.Response{
		StatusCode: rep.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: r,
		ContentLength: -1, Body: io.NopCloser(bytes.NewReader(rep.body)),
	}, nil
}

// followed is how a list came to be followed; "" if it is not.
func (c *core) followed(uri string) string {
	targets := c.node.store.Targets()
	i := slices.IndexFunc(targets, func(t cache.Target) bool { return t.ID.Name == uri && t.ID.Kind != artefact.CRL })
	if i < 0 {
		return ""
	}
	return string(targets[i].Came)
}
