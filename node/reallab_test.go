package node

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/node/api"
	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// upstream is where the lists of a realLab are published; the node fetches them
// from the operator's own origin instead.
const upstream = "https://lists.example"

// realLab is a whole node on loopback that follows a LOTL with its national lists,
// a VICAL and a list of PID providers, from an origin that misbehaves on request.
type realLab struct {
	*verifytest.World
	t      testing.TB
	origin *cachetest.Origin
	site   string // the origin's own address
	dir    string
	node   *Node
	logs   *syncBuffer
}

// The lists of a realLab, with their paths at the origin.
const (
	lotlPath  = "/eu-lotl.xml"
	dePath    = "/tl-de.xml"
	nlPath    = "/tl-nl.xml"
	vicalPath = "/vical"
	pidPath   = "/pid"
)

// newRealLab makes a lab whose lists are loaded. When the test ends everything has
// stopped, and no goroutine is left.
func newRealLab(t testing.TB) *realLab {
	t.Helper()
	l := newDeadLab(t)
	l.publish()
	l.start()
	l.lookAtAll()
	eventually(t, "the node is ready", func() bool { ok, _ := l.node.Ready(); return ok })
	return l
}

// newDeadLab makes a lab whose origin has nothing, and whose node is not started.
func newDeadLab(t testing.TB) *realLab {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
	w, err := verifytest.NewAt(time.Now(), verifytest.Options{CRLBase: upstream})
	if err != nil {
		t.Fatal(err)
	}
	l := &realLab{World: w, t: t, dir: t.TempDir(), logs: &syncBuffer{}, origin: &cachetest.Origin{}}
	w.ListBase = upstream
	if l.site, _, err = l.origin.ListenTLS(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.origin.Close() })
	for name, b := range map[string][]byte{
		"signer.pem": w.Operator.PEM(), "vical-root.pem": w.VICALRoot().PEM(), "origin-ca.pem": l.origin.Authority(),
		"admin.token": []byte(labToken + "\n"), "edgenode.yaml": []byte(l.yaml()),
	} {
		if err := os.WriteFile(filepath.Join(l.dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *realLab) yaml() string {
	types, _ := json.Marshal([]string{verifytest.TypeDiploma})
	return strings.Join([]string{
		`version: 1`,
		`name: lab`,
		`data_dir: data`,
		`public: {listen: "127.0.0.1:0"}`,
		`admin: {listen: "127.0.0.1:0", token_file: admin.token}`,
		`trust:`,
		`  soak: 0s`,
		`  rewrite: [{from: "` + upstream + `/", to: "` + l.site + `/", allow_private: true, ca: origin-ca.pem}]`,
		`  sources:`,
		`    - {name: eu-lotl, type: lotl, url: "` + upstream + lotlPath + `", oj: "` + verifytest.OfficialJournal + `", signers: [signer.pem]}`,
		`    - {name: us-vical, type: vical, url: "` + upstream + vicalPath + `", signers: [vical-root.pem]}`,
		`    - {name: pid, type: lote, profile: pid, url: "` + upstream + pidPath + `", signers: [signer.pem]}`,
		`  kinds: {` + strings.Trim(string(types), "[]") + `: qeaa}`,
		`policies: {default: {status: skip}}`,
		``,
	}, "\n")
}

// publish puts a good first version of every list in its place.
func (l *realLab) publish() {
	l.set(lotlPath, l.must(l.LOTL(verifytest.LOTLOptions{})))
	l.set(dePath, l.must(l.TL("DE", verifytest.TLOptions{})))
	l.set(nlPath, l.must(l.TL("NL", verifytest.TLOptions{})))
	l.set(vicalPath, l.must(l.VICAL(verifytest.VICALOptions{})))
	l.set(pidPath, l.must(l.LoTE("pid", verifytest.ListOptions{})))
	crls, err := l.CRLs(time.Now())
	if err != nil {
		l.t.Fatal(err)
	}
	for url, der := range crls {
		l.set(strings.TrimPrefix(url, upstream), der)
	}
}

func (l *realLab) must(b []byte, err error) []byte {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	return b
}

func (l *realLab) set(path string, b []byte) { l.origin.Set(path, cachetest.Document{Body: b}) }

// start makes a node of the folder and starts it.
func (l *realLab) start() {
	l.t.Helper()
	c, err := config.Load(filepath.Join(l.dir, "edgenode.yaml"))
	if err != nil {
		l.t.Fatal(err)
	}
	logger := slog.New(slog.NewJSONHandler(l.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	l.node, err = New(Options{Config: c, Version: "0.0.0-test", Logger: logger, UnsafeDev: true})
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.node.Start(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(l.stop)
}

// stop ends the node; it may be called twice.
func (l *realLab) stop() {
	if l.node == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := l.node.Stop(ctx); err != nil {
		l.t.Errorf("stop: %v", err)
	}
	l.node = nil
}

// lookAtAll has the node look at every list it follows, the LOTL first.
func (l *realLab) lookAtAll() {
	l.t.Helper()
	for _, path := range []string{lotlPath, dePath, nlPath, vicalPath, pidPath} {
		if code, err := l.look(path); err != nil {
			l.t.Fatalf("%s: %s %v", path, code, err)
		}
	}
}

// look has the node look at one list now: the code of a refusal, or "502" where the
// origin failed.
func (l *realLab) look(path string) (code string, err error) {
	l.t.Helper()
	c := l.client()
	_, err = c.Refresh(l.t.Context(), upstream+path)
	var p *client.Problem
	if !errors.As(err, &p) {
		return "", err
	}
	if p.Status == 502 {
		return "502", err
	}
	return p.Code, err
}

func (l *realLab) client() *client.Client {
	l.t.Helper()
	c, err := client.New(client.Options{
		URL: "https://" + l.node.Addr(), AdminURL: "http://" + l.node.AdminAddr(), AdminToken: labToken, Protocol: client.HTTP2, UnsafeInsecure: true,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = c.Close() })
	return c
}

// list is what the node says of a list.
func (l *realLab) list(name string) api.ListInfo {
	l.t.Helper()
	lists := engine{l.node}.Lists()
	i := slices.IndexFunc(lists, func(in api.ListInfo) bool { return in.Name == name })
	if i < 0 {
		l.t.Fatalf("no list %s", name)
	}
	return lists[i]
}

// ask verifies a fresh sample over HTTP/2.
func (l *realLab) ask(sample string) string {
	l.t.Helper()
	made, err := l.Make(sample, verifytest.Context{}, time.Now())
	if err != nil {
		l.t.Fatal(err)
	}
	a, err := l.client().Verify(l.t.Context(), asJSON(l.t, made.Body()))
	if err != nil {
		l.t.Fatal(err)
	}
	words := []string{a.Verdict}
	for _, r := range a.Reasons {
		words = append(words, r.Code)
	}
	for _, c := range a.Credentials {
		for _, r := range c.Reasons {
			words = append(words, r.Code)
		}
	}
	return strings.Join(words, " ")
}

func (l *realLab) want(sample, want string) {
	l.t.Helper()
	if got := l.ask(sample); got != want {
		l.t.Errorf("%s: %s, want %s", sample, got, want)
	}
}

// wantAnchors wants the anchors in force to be those of the first versions: every
// sample whose issuer they name is valid, and no stranger is.
func (l *realLab) wantAnchors() {
	l.t.Helper()
	for _, sample := range []string{"qeaa-diploma-de", "qeaa-diploma-nl", "mdl-vical", "sdjwt-pid-de"} {
		l.want(sample, "valid")
	}
	l.want("unknown-issuer", "invalid anchor_not_found")
	for name, sequence := range map[string]uint64{"eu-lotl": 1, "eu-lotl:DE": 1, "eu-lotl:NL": 1, "us-vical": 1, "pid": 1} {
		if got := l.list(name); got.Sequence != sequence {
			l.t.Errorf("%s: sequence %d is in force", name, got.Sequence)
		}
	}
}

func (l *realLab) metric(name string) string {
	l.t.Helper()
	resp, err := l.client().DoAdmin(l.t.Context(), "GET", "/metrics", "", "", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(resp.Body)) {
		if strings.HasPrefix(line, name) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
