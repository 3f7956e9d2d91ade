package main

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// asCommand makes the test binary behave as the command, for tests that need its
// process.
const asCommand = "EDGENODE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"edgenode": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error { return writeFiles(e.WorkDir) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "occupy": occupy, "samples": samples,
		},
	})
}

// exits runs a program and checks its exit code: exits 2 edgenode nonsense.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// occupy listens at a port and sets PORT to it.
func occupy(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	ts.Setenv("PORT", port)
}

// samples writes the name of every sample of the demonstration into a file, a
// line each.
func samples(ts *testscript.TestScript, _ bool, args []string) {
	table := ts.ReadFile(args[0])
	for _, s := range append(verifytest.Samples(), verifytest.ListedSamples()...) {
		if !hasRow(table, s) {
			ts.Fatalf("the table has no row of %s with %s", s.Name, s.Verdict)
		}
	}
}

// writeFiles makes what configurations in the scripts name: an issuer's CA, a
// server certificate, tokens, and the signer of a demonstration.
func writeFiles(dir string) error {
	now := time.Now()
	world, err := verifytest.New(now)
	if err != nil {
		return err
	}
	o := verifytest.CertOptions{
		Subject: pkix.Name{CommonName: "An Issuer's CA", Country: []string{"DE"}}, CA: true, Unmarked: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	ca, err := verifytest.Certify(o)
	if err != nil {
		return err
	}
	o.CA, o.Issuer = false, ca
	o.Subject.CommonName = "localhost"
	o.Edit = func(t *x509.Certificate) {
		t.DNSNames, t.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	server, err := verifytest.Certify(o)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.Private)
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{
		"ca.pem": ca.PEM(), "server.crt": server.PEM(), "dev-signer.pem": world.Operator.PEM(), "dev-ca.pem": world.EAA().Bundle(),
		"server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"tokens":     []byte("# clients\nclient-token-0123456789\n"), "admin.token": []byte("admin-token-0123456789\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
