package node

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const labToken = "the-token-of-the-lab"

// labOptions change the node of a lab. The zero value makes one that is ready
// when newLab returns.
type labOptions struct {
	required []string   // profiles; nil: all
	public   string     // further members of public
	extra    string     // further lines of the configuration, of status first; ORIGIN is the origin's URL
	prefetch []string   // paths of further status lists at the origin
	setup    func(*lab) // called before the node is made
	files    map[string][]byte

	originDown bool // at start; newLab does not wait for readiness
	unstarted  bool // the node is made, its listeners are not opened
	drainDelay time.Duration
}

// lab is a whole node on loopback beside an ecosystem with its origin.
type lab struct {
	*verifytest.World
	origin *labOrigin
	node   *Node
	dir    string
	logs   *syncBuffer
}

// newLab makes a lab. When the test ends everything has stopped, and no goroutine
// is left.
func newLab(t testing.TB, o labOptions) *lab {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
	l := &lab{dir: t.TempDir(), logs: &syncBuffer{}, origin: newLabOrigin(t)}
	w, err := verifytest.NewAt(time.Now(), verifytest.Options{CRLBase: l.origin.URL})
	if err != nil {
		t.Fatal(err)
	}
	l.World, l.origin.world = w, w
	for _, p := range verifytest.Profiles() {
		l.origin.publish(t, p, verifytest.ListOptions{})
	}
	l.origin.setDown(o.originDown)
	w.StatusBase, w.ListBase = l.origin.URL, l.origin.URL
	if o.setup != nil {
		o.setup(l)
	}
	logger := slog.New(slog.NewJSONHandler(l.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	l.node, err = New(Options{Config: l.config(t, o), Version: "0.0.0-test", Logger: logger, UnsafeDev: true, DrainDelay: o.drainDelay})
	if err != nil {
		t.Fatal(err)
	}
	if o.unstarted {
		t.Cleanup(l.node.Close)
		l.load(t)
		return l
	}
	if err := l.node.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.stop(t) })
	if !o.originDown {
		l.load(t)
		eventually(t, "the node is ready", func() bool { ok, _ := l.node.Ready(); return ok })
	}
	return l
}

// config writes a configuration as an operator would, and loads it.
func (l *lab) config(t testing.TB, o labOptions) *config.Config {
	t.Helper()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("version: 1")
	line("name: lab")
	line(`public: {listen: "127.0.0.1:0"%s}`, o.public)
	line(`admin: {listen: "127.0.0.1:0", token_file: admin.token}`)
	line("trust:")
	line("  sources:")
	for _, p := range verifytest.Profiles() {
		required := o.required == nil
		for _, r := range o.required {
			required = required || r == p
		}
		line("    - {name: %s-list, type: lote, profile: %s, url: %q, signers: [list-signer.pem], refresh: 1h, required: %v, allow_insecure: true}",
			p, p, l.listURL(p), required)
	}
	eaa := l.EAA()
	types, _ := json.Marshal(eaa.Types)
	line(`    - {name: eaa-bundle, type: anchors, url: "file:eaa-ca.pem", kind: eaa, purposes: [issuance, revocation], territory: %s, types: %s}`, eaa.Territory, types)
	line("  kinds:")
	for _, typ := range eaa.Types {
		line("    %q: eaa", typ)
	}
	line("    %q: pubeaa", verifytest.TypeResidence)
	line("status:")
	status := append(l.statusURIs(), l.IdentifierURIs(l.origin.URL)...)
	for _, path := range o.prefetch {
		status = append(status, l.origin.URL+path)
	}
	uris, _ := json.Marshal(status)
	line("  prefetch: %s", uris)
	line("  refresh: {min: 1h, max: 1h}")
	line("  allow_hosts: [%q]", strings.TrimPrefix(l.origin.URL, "http://"))
	line("  allow_insecure: true")
	line("%s", strings.ReplaceAll(o.extra, "ORIGIN", l.origin.URL))
	files := map[string][]byte{
		"list-signer.pem": l.Operator.PEM(), "eaa-ca.pem": eaa.Bundle(), "admin.token": []byte(labToken + "\n"), "edgenode.yaml": []byte(b.String()),
	}
	for name, content := range o.files {
		files[name] = content
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(l.dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(filepath.Join(l.dir, "edgenode.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (l *lab) listURL(profile string) string { return l.origin.URL + "/lists/" + profile }

// statusURIs are the status lists of issuers whose anchors count.
func (l *lab) statusURIs() (uris []string) {
	for _, uri := range l.StatusURIs(l.origin.URL) {
		if !strings.Contains(uri, l.Withdrawn().ID) {
			uris = append(uris, uri)
		}
	}
	return uris
}

// load makes the node look at every list now, trust lists first.
func (l *lab) load(t testing.TB) {
	t.Helper()
	for _, s := range l.node.opts.Config.Trust.Sources {
		l.look(t, s.URL)
	}
	for _, uri := range l.node.opts.Config.Status.Prefetch {
		l.look(t, uri)
	}
	l.loadCRLs(t)
}

// loadCRLs has the node look at the revocation lists of every authority now, which
// it would do in its own time.
func (l *lab) loadCRLs(t testing.TB) {
	t.Helper()
	for _, f := range l.node.store.Targets() {
		if f.ID.Kind == artefact.CRL {
			l.look(t, f.ID.Name)
		}
	}
}

func (l *lab) look(t testing.TB, url string) {
	t.Helper()
	if _, err := l.node.follower.Refresh(t.Context(), url); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

func (l *lab) stop(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := l.node.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// client returns a client of the node, closed when the test ends.
func (l *lab) client(t testing.TB, protocol string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{
		URL: "https://" + l.node.Addr(), AdminURL: "http://" + l.node.AdminAddr(), AdminToken: labToken, Protocol: protocol, UnsafeInsecure: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// handler is the public handler without a listener.
func (l *lab) handler() http.Handler {
	c := l.node.opts.Config
	return api.New(api.Options{
		Engine: engine{l.node}, Policies: c.Policies, Limits: api.Limits{Body: c.Limits.Body, Batch: c.Limits.Batch},
		NodeName: c.Name, Version: "0.0.0-test", Test: true, Logger: l.node.log, Observe: l.node.metrics.observe,
	})
}

// sample makes a sample and the body of the request that goes with it.
func (l *lab) sample(t testing.TB, name string, c verifytest.Context) (*verifytest.Made, []byte) {
	t.Helper()
	made, err := l.Make(name, c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return made, asJSON(t, made.Body())
}

// verify asks the node over HTTP/2 and returns the verdict with all codes.
func (l *lab) verify(t testing.TB, c *client.Client, body []byte) (verdict string, codes []string) {
	t.Helper()
	a, err := c.Verify(t.Context(), body)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range a.Reasons {
		codes = append(codes, r.Code)
	}
	for _, cred := range a.Credentials {
		for _, r := range cred.Reasons {
			codes = append(codes, r.Code)
		}
	}
	return a.Verdict, codes
}

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// eventually waits for what other goroutines bring about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came about: %s", what)
		}
	}
}

// labOrigin publishes the lists of a World, and misbehaves on request.
type labOrigin struct {
	*httptest.Server
	world *verifytest.World

	mu       sync.Mutex
	down     bool // connections are cut
	lists    map[string][]byte
	override map[string]http.HandlerFunc // by path
}

func newLabOrigin(t testing.TB) *labOrigin {
	t.Helper()
	o := &labOrigin{lists: make(map[string][]byte), override: make(map[string]http.HandlerFunc)}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

// publish makes a new version of a list.
func (o *labOrigin) publish(t testing.TB, profile string, lo verifytest.ListOptions) {
	t.Helper()
	b, err := o.world.LoTE(profile, lo)
	if err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lists[profile] = b
}

func (o *labOrigin) setDown(down bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = down
}

// serve replaces what a path answers with; nil: as before.
func (o *labOrigin) serve(path string, h http.HandlerFunc) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.override[path] = h
}

func (o *labOrigin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	down, h, list := o.down, o.override[r.URL.Path], o.lists[strings.TrimPrefix(r.URL.Path, "/lists/")]
	o.mu.Unlock()
	switch {
	case down:
		panic(http.ErrAbortHandler)
	case h != nil:
		h(w, r)
	case list != nil:
		respond(w, r, "application/jose", list)
	case strings.HasPrefix(r.URL.Path, "/crl/"):
		b, ok, err := o.world.CRLOf(o.URL+r.URL.Path, time.Now())
		if err != nil || !ok {
			http.NotFound(w, r)
			return
		}
		respond(w, r, "application/pkix-crl", b)
	default:
		b, media, ok, err := o.world.StatusToken(o.URL+r.URL.Path, time.Now())
		if err != nil || !ok {
			http.NotFound(w, r)
			return
		}
		respond(w, r, media, b)
	}
}

func respond(w http.ResponseWriter, r *http.Request, media string, b []byte) {
	sum := sha256.Sum256(b)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	w.Header().Set("Content-Type", media)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func pkixName(common string) pkix.Name { return pkix.Name{CommonName: common} }

func privatePEM(t testing.TB, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
