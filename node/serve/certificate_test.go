package serve

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair writes a fresh certificate and its key.
func writePair(t *testing.T, dir string, names ...string) *x509.Certificate {
	t.Helper()
	cert, err := selfSigned(names, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"server.crt": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, "server.key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert.Leaf
}

func files(dir string) TLSOptions {
	return TLSOptions{CertFile: filepath.Join(dir, "server.crt"), KeyFile: filepath.Join(dir, "server.key")}
}

func TestSelfSigned(t *testing.T) {
	var log buffer
	s := start(t, Options{TLS: TLSOptions{Names: []string{"edge.example", "192.0.2.7", "localhost"}}, Logger: logTo(&log)})
	cert := s.Certificate()
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "edge.example", "192.0.2.7"} {
		if err := cert.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if host, err := os.Hostname(); err == nil && cert.VerifyHostname(host) != nil {
		t.Errorf("not good for %s", host)
	}
	if d := time.Until(cert.NotAfter); d < 364*24*time.Hour || d > 367*24*time.Hour {
		t.Errorf("valid for %v", d)
	}
	if !strings.Contains(log.String(), "self-signed") || !strings.Contains(log.String(), s.Fingerprint()) {
		t.Errorf("not said loudly: %s", log.String())
	}
}

func TestCertificateIsReloaded(t *testing.T) {
	dir := t.TempDir()
	first := writePair(t, dir)
	var log buffer
	c, err := newCertificates(files(dir), logTo(&log))
	if err != nil {
		t.Fatal(err)
	}
	served := func(wait bool) string {
		t.Helper()
		if wait { // as if a second had gone by
			c.mu.Lock()
			c.looked = c.looked.Add(-checkEvery)
			c.mu.Unlock()
		}
		cert, err := c.get(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return cert.Leaf.SerialNumber.String()
	}
	if served(false) != first.SerialNumber.String() {
		t.Fatal("not the first")
	}
	second := writePair(t, dir, "second.example") // another name, so another size, whatever the clock's grain
	if served(false) != first.SerialNumber.String() {
		t.Error("looked at within the second")
	}
	if served(true) != second.SerialNumber.String() {
		t.Error("the change was not seen")
	}
	// Damage keeps the last good one, and is said.
	if err := os.WriteFile(filepath.Join(dir, "server.crt"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if served(true) != second.SerialNumber.String() || !strings.Contains(log.String(), "cannot be used") {
		t.Error("damage was taken for a certificate, or not said")
	}
	if err := os.Remove(filepath.Join(dir, "server.key")); err != nil {
		t.Fatal(err)
	}
	if served(true) != second.SerialNumber.String() || !strings.Contains(log.String(), "cannot be read") {
		t.Error("a vanished file was not said")
	}
	third := writePair(t, dir, "third.example.org")
	if served(true) != third.SerialNumber.String() {
		t.Error("the repair was not seen")
	}
}

func TestReloadReachesEveryProtocol(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir)
	s := start(t, Options{TLS: files(dir)})
	writePair(t, dir, "second.example")
	s.certs.mu.Lock()
	s.certs.looked = time.Time{}
	s.certs.mu.Unlock()
	if _, err := s.certs.get(nil); err != nil {
		t.Fatal(err)
	}
	for _, protocol := range protocols { // clientTLS trusts what is in use now
		res, _ := send(t, newClient(t, clientTLS(s), protocol), url(s), nil)
		if res.TLS.PeerCertificates[0].VerifyHostname("second.example") != nil {
			t.Errorf("%s serves the old certificate", protocol)
		}
	}
}

func TestUnusableFilesAtStart(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir)
	for name, o := range map[string]TLSOptions{
		"no key":  {CertFile: files(dir).CertFile},
		"no cert": {KeyFile: files(dir).KeyFile},
		"absent":  files(filepath.Join(dir, "elsewhere")),
		"swapped": {CertFile: files(dir).KeyFile, KeyFile: files(dir).CertFile},
	} {
		if _, err := Listen(Options{Addr: "127.0.0.1:0", Handler: echo, TLS: o}); err == nil {
			t.Errorf("%s: listened", name)
		}
	}
}
