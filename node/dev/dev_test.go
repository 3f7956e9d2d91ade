package dev

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// startDemo starts a demonstration whose node and origin are asked by the test.
func startDemo(t *testing.T) *demo {
	t.Helper()
	d, err := start(t.Context(), Options{Dir: t.TempDir(), Out: &bytes.Buffer{}, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	return d
}

// The made-up trust of a demonstration is reachable from this machine only.
func TestRefusesBeyondLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.org:0", "loopback"} {
		for what, o := range map[string]Options{"node": {Listen: addr}, "admin": {Admin: addr}, "origin": {Origin: addr}} {
			o.Dir, o.Out = t.TempDir(), &bytes.Buffer{}
			if err := Run(t.Context(), o); err == nil || !strings.HasPrefix(err.Error(), "address ") {
				t.Errorf("%s at %s: %v, want a refusal", what, addr, err)
			}
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "127.1.2.3:0", "[::1]:0", "localhost:0"} {
		if err := onLoopback(addr); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// A start that fails ends what it had begun, and says why.
func TestStartFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, o := range map[string]Options{
		"node": {Listen: taken}, "admin": {Admin: taken}, "origin": {Origin: taken}, "folder": {Dir: file},
	} {
		o.Out = &bytes.Buffer{}
		if err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// The samples are shown once the node holds what refuses them, however long the
// origin takes.
func TestSlowRevocationLists(t *testing.T) {
	out := &bytes.Buffer{}
	if err := Run(t.Context(), Options{Once: true, Dir: t.TempDir(), Out: out, slowCRLs: 300 * time.Millisecond}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// A temporary folder goes with the demonstration, one that was named stays.
func TestFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	out := &bytes.Buffer{}
	if err := Run(t.Context(), Options{Once: true, Out: out}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	dir := t.TempDir() + "/new"
	if err := Run(t.Context(), Options{Once: true, Out: &bytes.Buffer{}, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mdl.json", "node-3/edgenode.yaml", "node-3/node.key", "admin.token"} {
		if fi, err := os.Stat(dir + "/" + name); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, fi, err)
		}
	}
}

// Without Once it stays up until it is told to end, and its hints are printed.
func TestStaysUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &waiter{until: "Ctrl-C ends the demonstration.", then: cancel}
	if err := Run(ctx, Options{Dir: t.TempDir(), Out: out}); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "/dev/present") {
		t.Errorf("no hints: %s", out.String())
	}
	for _, want := range []string{"lists --all-nodes", "wait --list pid-list --version 1 --all-nodes", " --admin-token-file "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no hint says %q: %s", want, out.String())
		}
	}
	if strings.Contains(out.String(), " --token-file ") { // which is the public listener's
		t.Errorf("a token for a listener that wants none: %s", out.String())
	}
}

// waiter calls then once a text was written.
type waiter struct {
	bytes.Buffer
	until string
	then  func()
}

func (w *waiter) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if strings.Contains(w.String(), w.until) {
		w.then()
	}
	return n, err
}
