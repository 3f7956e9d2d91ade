package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/edgetrust/edgetrust/node/admin"
	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/node/serve"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type engine struct{}

func (engine) Verify(_ context.Context, r *verify.Request) *verify.Result {
	return &verify.Result{
		Verdict: verify.Invalid, EvaluatedAt: time.Unix(1_800_000_000, 0),
		Checked:     verify.Checked{Flow: r.Flow, Nonce: r.Nonce},
		Credentials: []verify.Credential{{ID: "pid", Verdict: verify.Invalid, Reasons: []verify.Reason{{Code: reason.StatusRevoked, Detail: "d", Class: reason.ClassStatus, Retry: reason.RetryNever}}}},
	}
}
func (engine) Lists() []api.ListInfo {
	return []api.ListInfo{{Name: "pid", Type: "lote", URL: "https://h/l", State: "fresh", Sequence: 7}}
}
func (engine) Info() api.Info { return api.Info{Seeded: true} }

// signed is a list as it was received, larger than any buffer between.
var signed = bytes.Repeat([]byte("signed\r\n"), 1<<18)

func (engine) Artefact(digest [sha256.Size]byte) (api.Artefact, bool) {
	return api.Artefact{Kind: "tl", Bytes: signed}, digest == sha256.Sum256(signed)
}

// Anchors of eu-lotl:DE take three answers.
func (engine) Anchors(name string) (api.ListAnchors, bool) {
	l := api.ListAnchors{List: name, Type: "tl", State: "fresh", Sequence: 145, SHA256: strings.Repeat("0", 64), Skipped: []api.SkippedInfo{{Entity: "e", Why: "unsupported key"}}}
	for i := range 1234 {
		l.Anchors = append(l.Anchors, api.AnchorInfo{Subject: fmt.Sprint(i), Kind: []string{"pid", "qeaa"}[i%2], Purpose: "issuance", Territory: "DE", Standing: api.InForce})
	}
	return l, name == "eu-lotl:DE"
}

// StatusToken of the list that the test knows, in CBOR.
func (engine) StatusToken(uri string, media []string) (api.StatusToken, bool) {
	now := time.Now()
	t := api.StatusToken{Bytes: signed, MediaType: api.StatusListCWT, Issued: now.Add(-time.Hour), Expires: now.Add(time.Hour), Received: now.Add(-10 * time.Second), TTL: time.Minute}
	return t, uri == "https://status.example/1?a=b&c=d e" && (media == nil || slices.Contains(media, api.StatusListCWT))
}

const token, adminToken = "a-public-token-of-mine", "an-admin-token-of-mine"

func digest(s string) func() [][sha256.Size]byte {
	return func() [][sha256.Size]byte { return [][sha256.Size]byte{sha256.Sum256([]byte(s))} }
}

type refresher struct{}

func (refresher) Refresh(_ context.Context, url string) (admin.Refreshed, error) {
	if url == "https://h/l" {
		return admin.Refreshed{List: "pid", Outcome: admin.Admitted, Sequence: 8}, nil
	}
	return admin.Refreshed{}, admin.ErrUnknown
}

func (refresher) Publish(_ context.Context, b []byte) (admin.Refreshed, error) {
	if !bytes.Equal(b, signed) {
		return admin.Refreshed{}, reason.Refuse(reason.ArtefactUnknown, "the bytes name no list that is followed")
	}
	return admin.Refreshed{List: "eu-lotl:DE", Outcome: admin.Admitted, Sequence: 145}, nil
}

func (refresher) Accept(_ context.Context, list string) (admin.Operated, error) {
	if list != "eu-lotl:DE" {
		return admin.Operated{}, admin.ErrUnknown
	}
	return admin.Operated{List: list, Done: "accept", Detail: "3 removed anchors confirmed"}, nil
}

func (refresher) Reset(_ context.Context, list string) (admin.Operated, error) {
	return admin.Operated{List: list, Done: "reset"}, admin.ErrNothingToDo
}

// node serves both listeners.
func node(t *testing.T, change ...func(*api.Options)) (s *serve.Server, adminURL string) {
	t.Helper()
	o := api.Options{Engine: engine{}, Holdings: engine{}, NodeName: "edge-1", Version: "1", Auth: api.Auth{Tokens: digest(token)}}
	for _, c := range change {
		c(&o)
	}
	s, err := serve.Listen(serve.Options{Addr: "127.0.0.1:0", Handler: api.New(o)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	private := httptest.NewServer(admin.New(admin.Options{Refresher: refresher{}, Publisher: refresher{}, Operator: refresher{}, StatusKeeper: keeper{}, Membership: membership{}, Tokens: digest(adminToken), Loopback: true,
		Readiness: func() admin.Readiness {
			return admin.Readiness{NotReady: []string{"draining"}, Degraded: []string{"late"}}
		}}))
	t.Cleanup(func() {
		private.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, private.URL
}

func dial(t *testing.T, s *serve.Server, adminURL, protocol string) *Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	c, err := New(Options{URL: "https://" + s.Addr().String(), AdminURL: adminURL, Protocol: protocol, Token: token, AdminToken: adminToken, CAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

var protocols = map[string]string{HTTP3: "HTTP/3.0", HTTP2: "HTTP/2.0", HTTP1: "HTTP/1.1"}

const body = `{"vp_token": {"pid": ["x"]}, "flow": "redirect", "nonce": "n"}`

func TestEveryCallOverEveryProtocol(t *testing.T) {
	s, adminURL := node(t)
	for protocol, proto := range protocols {
		c := dial(t, s, adminURL, protocol)
		ctx := t.Context()
		a, err := c.Verify(ctx, []byte(body))
		if err != nil {
			t.Fatalf("%s: %v", protocol, err)
		}
		if a.Verdict != "invalid" || a.Node != "edge-1" || a.Credentials[0].Reasons[0].Code != "status_revoked" || !json.Valid(a.Raw) {
			t.Errorf("%s: %+v", protocol, a)
		}
		items, err := c.VerifyBatch(ctx, []json.RawMessage{json.RawMessage(body), json.RawMessage(`{}`)})
		if err != nil || len(items) != 2 || items[0].Answer.Verdict != "invalid" || items[1].Problem.Code != "malformed_request" {
			t.Errorf("%s: %v %v", protocol, items, err)
		}
		lists, err := c.Lists(ctx)
		if err != nil || len(lists) != 1 || lists[0].Sequence != 7 {
			t.Errorf("%s: %v %v", protocol, lists, err)
		}
		info, err := c.Info(ctx)
		if err != nil || !info.Seeded || info.Version != "1" {
			t.Errorf("%s: %v %v", protocol, info, err)
		}
		codes, err := c.Codes(ctx)
		if err != nil || len(codes) != len(reason.Registry()) {
			t.Errorf("%s: %d codes, %v", protocol, len(codes), err)
		}
		r, err := c.Do(ctx, http.MethodPost, "/v1/verify", JSON, CBOR, []byte(body))
		if err != nil || r.Status != 200 || r.Protocol != proto || r.MediaType != CBOR {
			t.Errorf("%s: %+v %v", protocol, r, err)
		}
		done, err := c.Refresh(ctx, "https://h/l")
		if err != nil || done != (Refreshed{"pid", "admitted", 8}) {
			t.Errorf("%s: %v %v", protocol, done, err)
		}
		ready, err := c.Ready(ctx)
		if err != nil || ready.Ready || ready.Reasons[0] != "draining" || ready.Degraded[0] != "late" {
			t.Errorf("%s: %v %v", protocol, ready, err)
		}
	}
}

func TestSameAnswerOverEveryProtocol(t *testing.T) {
	s, adminURL := node(t)
	var first string
	for protocol := range protocols {
		c := dial(t, s, adminURL, protocol)
		a, err := c.Verify(t.Context(), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Replace(string(a.Raw), a.RequestID, "", 1)
		if first == "" {
			first = got
		}
		if d := cmp.Diff(first, got); d != "" {
			t.Errorf("%s: %s", protocol, d)
		}
	}
}

func TestProblemsAreErrors(t *testing.T) {
	s, adminURL := node(t)
	c := dial(t, s, adminURL, HTTP2)
	var p *Problem
	if _, err := c.Verify(t.Context(), []byte(`{"vp_token": {}, "flow": "x"}`)); !errors.As(err, &p) || p.Code != "malformed_request" || p.Member != "/flow" || !strings.Contains(err.Error(), "400 malformed_request at /flow: ") {
		t.Errorf("%v", err)
	}
	if _, err := c.Refresh(t.Context(), "https://elsewhere"); !errors.As(err, &p) || p.Status != 404 {
		t.Errorf("%v", err)
	}
	stranger, err := New(Options{URL: "https://" + s.Addr().String(), UnsafeInsecure: true, Protocol: HTTP1})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if _, err := stranger.Lists(t.Context()); !errors.As(err, &p) || p.Status != 401 {
		t.Errorf("%v", err)
	}
	if _, err := stranger.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "--admin") {
		t.Errorf("%v", err)
	}
	distrustful, err := New(Options{URL: "https://" + s.Addr().String(), Protocol: HTTP3})
	if err != nil {
		t.Fatal(err)
	}
	defer distrustful.Close()
	if _, err := distrustful.Info(t.Context()); err == nil {
		t.Error("a self-signed certificate was trusted")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{}, {URL: "http://h:1"}, {URL: "h:1"}, {URL: "https://h:1", Protocol: "h4"}, {URL: "https://h:1", AdminURL: "ftp://h"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// trickle sends a few bytes and then nothing, until it is closed.
type trickle struct {
	head io.Reader
	end  chan struct{}
}

func (s *trickle) Read(p []byte) (int, error) {
	if n, err := s.head.Read(p); err == nil {
		return n, nil
	}
	<-s.end
	return 0, io.EOF
}

func TestSlowBodiesAreCut(t *testing.T) {
	s, _ := node(t, func(o *api.Options) { o.BodyTimeout = 300 * time.Millisecond })
	for protocol := range protocols {
		c := dial(t, s, "", protocol)
		slow := &trickle{head: bytes.NewReader([]byte(`{"vp_token"`)), end: make(chan struct{})}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.public.JoinPath("/v1/verify").String(), io.NopCloser(slow))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", JSON)
		req.Header.Set("Authorization", "Bearer "+token)
		begin := time.Now()
		res, err := c.http.Do(req)
		close(slow.end)
		if err != nil {
			t.Errorf("%s: %v", protocol, err)
			continue
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(b), "body_timeout") {
			t.Errorf("%s: %d %s", protocol, res.StatusCode, b)
		}
		if d := time.Since(begin); d > 5*time.Second {
			t.Errorf("%s: took %v", protocol, d)
		}
		// The node is none the worse.
		if _, err := c.Verify(t.Context(), []byte(body)); err != nil {
			t.Errorf("%s afterwards: %v", protocol, err)
		}
	}
}

func TestTheCallersOwnDeadlineIsAnother(t *testing.T) {
	s, _ := node(t)
	for protocol := range protocols {
		c := dial(t, s, "", protocol)
		slow := &trickle{head: bytes.NewReader([]byte(`{`)), end: make(chan struct{})}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.public.JoinPath("/v1/verify").String(), io.NopCloser(slow))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", JSON)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Request-Timeout", "0.2")
		res, err := c.http.Do(req)
		close(slow.end)
		if err != nil {
			t.Errorf("%s: %v", protocol, err)
			continue
		}
		res.Body.Close()
		if res.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("%s: %d", protocol, res.StatusCode)
		}
	}
}

func TestTooLargeOverTheWire(t *testing.T) {
	s, _ := node(t, func(o *api.Options) { o.Limits.Body = 4096 })
	for protocol := range protocols {
		c := dial(t, s, "", protocol)
		for _, size := range []int{5000, 3 << 20} {
			r, err := c.Do(t.Context(), http.MethodPost, "/v1/verify", JSON, JSON, bytes.Repeat([]byte(" "), size))
			if err != nil {
				// HTTP/1.1 may close while the client still sends.
				if protocol == HTTP1 {
					continue
				}
				t.Errorf("%s: %v", protocol, err)
			} else if r.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: %d", protocol, r.Status)
			}
		}
	}
}
