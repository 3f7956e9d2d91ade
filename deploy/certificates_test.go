package deploy_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/node/config"
)

// certificates runs cluster/certificates.sh in a folder.
func certificates(t *testing.T, dir string, args ...string) (exit int, output string) {
	t.Helper()
	for _, program := range []string{"sh", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed (Debian: dash, openssl)", program)
		}
	}
	script, err := filepath.Abs("cluster/certificates.sh")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", append([]string{script}, args...)...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	var status *exec.ExitError
	switch {
	case errors.As(err, &status):
		return status.ExitCode(), string(out)
	case err != nil:
		t.Fatal(err)
	}
	return 0, string(out)
}

func made(t *testing.T, dir string, args ...string) {
	t.Helper()
	if exit, out := certificates(t, dir, args...); exit != 0 {
		t.Fatalf("%q: exit code %d: %s", args, exit, out)
	}
}

// What the script makes is what the example needs, and good for both sides of TLS.
func TestCertificatesOfAMember(t *testing.T) {
	e := member("edge-fra-1")
	dir := e.copy(t)
	for _, name := range []string{"edge-fra-1.crt", "edge-fra-1.key", "cluster-ca.pem", "gossip.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	made(t, dir, "ca")
	made(t, dir, "node", "edge-fra-1", "EU", "edge-fra-1.example.eu", "192.0.2.11", "2001:db8::11", "4.example.eu")
	cfg := e.load(t, dir)
	if err := cfg.CheckFiles(); err != nil {
		t.Fatal(err)
	}
	if exposed := cfg.Gossip.Exposed(); len(exposed) > 0 {
		t.Errorf("everybody may read %q", exposed)
	}
	if keys, err := cfg.Gossip.Keys(); err != nil || len(keys) != 1 {
		t.Errorf("%d gossip keys, %v", len(keys), err)
	}
	cert := readCertificate(t, cfg.Gossip.TLS.Cert)
	if want := []string{"edge-fra-1", "edge-fra-1.example.eu", "4.example.eu"}; !slices.Equal(cert.DNSNames, want) || len(cert.IPAddresses) != 2 {
		t.Errorf("%q and %v, want %q and two addresses", cert.DNSNames, cert.IPAddresses, want)
	}
	if left := time.Until(cert.NotAfter); left < 89*24*time.Hour || left > 91*24*time.Hour {
		t.Errorf("good for %s", left)
	}
	roots := x509.NewCertPool()
	roots.AddCert(readCertificate(t, cfg.Gossip.TLS.CA))
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{use}, DNSName: "edge-fra-1"}); err != nil {
			t.Error(err)
		}
	}
	// Renewed: another key, the same names; nothing is left lying about.
	before, err := os.ReadFile(cfg.Gossip.TLS.Key)
	if err != nil {
		t.Fatal(err)
	}
	made(t, dir, "node", "edge-fra-1", "EU")
	renewed := readCertificate(t, cfg.Gossip.TLS.Cert)
	if !slices.Equal(renewed.DNSNames, cert.DNSNames) || !slices.EqualFunc(renewed.IPAddresses, cert.IPAddresses, net.IP.Equal) {
		t.Errorf("renewed for %q and %v, which were %q and %v", renewed.DNSNames, renewed.IPAddresses, cert.DNSNames, cert.IPAddresses)
	}
	after, err := os.ReadFile(cfg.Gossip.TLS.Key)
	if err != nil || bytes.Equal(before, after) {
		t.Errorf("the key was not renewed: %v", err)
	}
	if err := cfg.CheckFiles(); err != nil {
		t.Error(err)
	}
	// Names that are given replace those of before.
	made(t, dir, "node", "edge-fra-1", "EU", "new.example.eu")
	if names := readCertificate(t, cfg.Gossip.TLS.Cert).DNSNames; !slices.Equal(names, []string{"edge-fra-1", "new.example.eu"}) {
		t.Errorf("renewed for %q", names)
	}
	if err := os.WriteFile(cfg.Gossip.TLS.Cert, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, out := certificates(t, dir, "node", "edge-fra-1", "EU"); exit != 2 || !strings.Contains(out, "its names cannot be kept") {
		t.Errorf("of a certificate that cannot be read: %d %s", exit, out)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".certificates-*")); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}

// Who interrupts the script finds no key left behind.
func TestCertificatesInterrupted(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("sh is not installed (Debian: dash)")
	}
	script, err := filepath.Abs("cluster/certificates.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		dir, bin := t.TempDir(), t.TempDir()
		// The signal comes while a key is being made.
		stub := fmt.Sprintf("#!/bin/sh\nfor f in .certificates-*; do echo key >$f/ca.key; done\nkill -%d $PPID\n", sig)
		if err := os.WriteFile(filepath.Join(bin, "openssl"), []byte(stub), 0o700); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("sh", script, "ca")
		c.Dir, c.Env = dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		if out, err := c.CombinedOutput(); err == nil {
			t.Errorf("%v: exit code 0: %s", sig, out)
		}
		if left, err := filepath.Glob(filepath.Join(dir, ".certificates-*")); err != nil || len(left) > 0 {
			t.Errorf("%v: %q is left", sig, left)
		}
	}
}

// A node that is given another's certificate, or stands elsewhere, is told so.
func TestCertificatesOfAnother(t *testing.T) {
	for says, args := range map[string][]string{
		`this node is "branch-ber-1"`:        {"node", "branch-ber-2", "EU"},
		`residency.jurisdiction: it is "EU"`: {"node", "branch-ber-1", "CH"},
	} {
		i := slices.IndexFunc(examples, func(e example) bool { return e.node == "branch-ber-1" })
		dir := examples[i].copy(t)
		if err := os.Remove(filepath.Join(dir, "cluster-ca.pem")); err != nil {
			t.Fatal(err)
		}
		made(t, dir, "ca")
		made(t, dir, args...)
		cfg := examples[i].load(t, dir)
		cfg.Gossip.TLS = config.GossipTLS{Cert: filepath.Join(dir, args[1]+".crt"), Key: filepath.Join(dir, args[1]+".key"), CA: cfg.Gossip.TLS.CA}
		if err := cfg.CheckFiles(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestWrongUseOfCertificates(t *testing.T) {
	dir := t.TempDir()
	if exit, out := certificates(t, dir, "node", "edge-1", "EU"); exit != 2 || !strings.Contains(out, "make it with: certificates.sh ca") {
		t.Errorf("without a CA: %d %s", exit, out)
	}
	made(t, dir, "ca")
	before, err := os.ReadFile(filepath.Join(dir, "cluster-ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "usage:"},
		{[]string{"help"}, "usage:"},
		{[]string{"ca", "x"}, "usage:"},
		{[]string{"node", "edge-1"}, "usage:"},
		{[]string{"ca"}, "not written over"},
		{[]string{"node", "", "EU"}, "NAME is"},
		{[]string{"node", "edge/1", "EU"}, "NAME is"},
		{[]string{"node", "-edge", "EU"}, "NAME is"},
		{[]string{"node", "a,URI:urn:x", "EU"}, "NAME is"},
		{[]string{"node", "edge-1", "eu"}, "JURISDICTION is"},
		{[]string{"node", "edge-1", "DEU"}, "JURISDICTION is"},
		{[]string{"node", "edge-1", "EU", "a,DNS:b"}, "HOST is"},
		{[]string{"node", "edge-1", "EU", "1.2.3"}, "openssl:"},
	} {
		if exit, out := certificates(t, dir, c.args...); exit != 2 || !strings.Contains(out, c.says) {
			t.Errorf("%q: exit code %d: %s", c.args, exit, out)
		}
	}
	after, err := os.ReadFile(filepath.Join(dir, "cluster-ca.key"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the CA's key is another: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%v is left, want what ca made alone: %v", entries, err)
	}
}

func readCertificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		t.Fatalf("%s is not PEM", path)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
