package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
)

const local = `name: local
public: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
log: {format: json}
trust: {sources: [{name: local, type: anchors, url: "file:ca.pem", kind: pid, purposes: [issuance]}]}
`

// process is a node in a process of its own.
type process struct {
	cmd    *exec.Cmd
	ask    *client.Client
	exited chan error
}

// startProcess runs a configuration and waits for the line that names the real
// addresses.
func startProcess(t *testing.T, yaml string) *process {
	t.Helper()
	dir := t.TempDir()
	if err := writeFiles(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "edgenode.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(os.Args[0], "run", "--config", file), exited: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), asCommand+"=1")
	log, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(log)
	var public, admin string
	for public == "" && lines.Scan() {
		var line struct{ Msg, Public, Admin string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("the log has a line that is not JSON: %s", lines.Text())
		}
		if line.Msg == "listening" {
			public, admin = line.Public, line.Admin
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, log)
		p.exited <- p.cmd.Wait()
	}()
	if public == "" {
		t.Fatal("the node did not say where it listens")
	}
	p.ask, err = client.New(client.Options{URL: "https://" + public, AdminURL: "http://" + admin, UnsafeInsecure: true, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.ask.Close() })
	p.until(t, "ready", func(r client.Readiness) bool { return r.Ready })
	return p
}

// until waits for a state of readiness.
func (p *process) until(t *testing.T, what string, is func(client.Readiness) bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		r, err := p.ask.Ready(context.Background())
		if err != nil {
			t.Fatalf("readiness cannot be asked: %v", err)
		}
		if is(r) {
			return
		}
	}
	t.Fatalf("the node did not become %s", what)
}

// On SIGTERM readiness falls first, requests still succeed meanwhile, and then the
// process ends with exit code 0.
func TestDrain(t *testing.T) {
	p := startProcess(t, local)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.until(t, "draining", func(r client.Readiness) bool { return !r.Ready && slices.Contains(r.Reasons, "draining") })
	for _, path := range []string{"/v1/info", "/v1/lists"} {
		r, err := p.ask.Do(context.Background(), http.MethodGet, path, "", "", nil)
		if err != nil || r.Status != http.StatusOK {
			t.Errorf("GET %s while draining: %v, %+v", path, err, r)
		}
	}
	a, err := p.ask.Verify(context.Background(), []byte(`{"vp_token": {"pid": ["a.b.c~"]}, "flow": "redirect", "expect": {"pid": {"kind": "pid"}}}`))
	if err != nil || a.Verdict != "invalid" {
		t.Errorf("verify while draining: %v, %+v", err, a)
	}
	select {
	case err := <-p.exited:
		if err != nil {
			t.Errorf("the process ended with %v, want exit code 0", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("the process did not end")
	}
}

// SIGHUP, which means reload to many daemons, leaves the node as it is.
func TestHangup(t *testing.T) {
	p := startProcess(t, local)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.until(t, "ready", func(r client.Readiness) bool { return r.Ready })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.exited:
		if err != nil {
			t.Errorf("the process ended with %v, want exit code 0", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("the process did not end")
	}
}

// The second signal does not wait for the end of the drain.
func TestSecondSignal(t *testing.T) {
	p := startProcess(t, local)
	begin := time.Now()
	for range 2 {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.untilDraining(t)
	}
	select {
	case err := <-p.exited:
		if err == nil || time.Since(begin) >= drainDelay {
			t.Errorf("the process ended with %v after %v, want an end by the signal at once", err, time.Since(begin))
		}
	case <-time.After(15 * time.Second):
		t.Error("the process did not end")
	}
}

// untilDraining waits until the first signal was taken, or the process is gone.
func (p *process) untilDraining(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if r, err := p.ask.Ready(context.Background()); err != nil || !r.Ready {
			return
		}
	}
	t.Fatal("the node did not notice the signal")
}
