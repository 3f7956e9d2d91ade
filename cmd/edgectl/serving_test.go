package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/edgetrust/edgetrust/node"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/node/dev"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// patience is how long a script waits for what it starts.
const patience = 20 * time.Second

// output collects what is written until a pattern occurs in it.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	until *regexp.Regexp
	found chan []string
}

func newOutput(pattern string) *output {
	return &output{until: regexp.MustCompile(pattern), found: make(chan []string, 1)}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	if m := o.until.FindStringSubmatch(o.text.String()); m != nil && o.found != nil {
		o.found <- m[1:]
		o.found = nil
	}
	return len(b), nil
}

// wait runs something beside the script, until it says what the pattern takes out
// of it; at the script's end it is ended.
func wait(ts *testscript.TestScript, out *output, run func(context.Context) error) []string {
	ctx, cancel := context.WithCancel(context.Background())
	found, ended := out.found, make(chan error, 1)
	go func() { ended <- run(ctx) }()
	ts.Defer(func() {
		cancel()
		<-ended
	})
	select {
	case m := <-found:
		return m
	case err := <-ended:
		ended <- nil
		ts.Fatalf("it ended: %v", err)
	case <-time.After(patience):
		ts.Fatalf("it did not start")
	}
	return nil
}

// demo starts the demonstration and sets NODE, ADMIN, ORIGIN and DEMO, its folder.
func demo(ts *testscript.TestScript, _ bool, _ []string) {
	dir := ts.MkAbs("demo")
	out := newOutput(`(?s)node-1 +(https://\S+) [^\n]*admin (http://\S+), .*\norigin +(http://\S+)\n.*Ctrl-C ends`)
	m := wait(ts, out, func(ctx context.Context) error {
		return dev.Run(ctx, dev.Options{Dir: dir, Out: out, Version: "test"})
	})
	for i, name := range []string{"NODE", "ADMIN", "ORIGIN"} {
		ts.Setenv(name, m[i])
	}
	ts.Setenv("DEMO", dir)
}

// startNode runs a node with a configuration, and an issuer's ca.pem and a
// server's certificate beside it, and sets NODE and ADMIN: node edgenode.yaml.
func startNode(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(certificates(ts.MkAbs(".")))
	cfg, err := config.Load(ts.MkAbs(args[0]))
	ts.Check(err)
	out := newOutput(`msg=listening public=(\S+) admin=(\S+)`)
	m := wait(ts, out, func(ctx context.Context) error {
		return node.Run(ctx, node.Options{Config: cfg, Version: "test", Logger: slog.New(slog.NewTextHandler(out, nil))})
	})
	ts.Setenv("NODE", "https://"+m[0])
	ts.Setenv("ADMIN", "http://"+m[1])
}

// certificates writes ca.pem, and server.crt and server.key under it.
func certificates(dir string) error {
	now := time.Now()
	o := verifytest.CertOptions{
		Subject: pkix.Name{CommonName: "A CA", Country: []string{"DE"}}, CA: true, Unmarked: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	ca, err := verifytest.Certify(o)
	if err != nil {
		return err
	}
	o.CA, o.Issuer, o.Subject.CommonName = false, ca, "localhost"
	o.Edit = func(t *x509.Certificate) { t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }
	server, err := verifytest.Certify(o)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.Private)
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{
		"ca.pem": ca.PEM(), "server.crt": server.PEM(), "server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(dir+"/"+name, b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fake starts a server without UDP that answers every request with a status and a
// file, and sets NODE and ADMIN to it: fake 429 problem.json.
func fake(ts *testscript.TestScript, _ bool, args []string) {
	var status int
	ts.Check(json.Unmarshal([]byte(args[0]), &status))
	body := ts.ReadFile(args[1])
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if status >= 400 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	ts.Defer(s.Close)
	ts.Setenv("NODE", s.URL)
	ts.Setenv("ADMIN", s.URL)
}

// nobody sets NODE and ADMIN to a port where nothing listens.
func nobody(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("NODE", "https://"+l.Addr().String())
	ts.Setenv("ADMIN", "http://"+l.Addr().String())
	ts.Check(l.Close())
}
