package config

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

func TestCheckFiles(t *testing.T) {
	dir := t.TempDir()
	file := `
public: {listen: "127.0.0.1:0", tls: {cert: server.crt, key: server.key}, auth: {tokens_file: tokens, client_ca: ca.pem}, refresh: {tokens_file: issuers}}
name: edge-1
gossip: {key_file: gossip.key, tls: {cert: node.crt, key: node.key, ca: cluster-ca.pem}}
admin: {token_file: admin.token}
egress: {ca_file: corp.pem}
trust:
  sources:
    - {name: a, type: lote, url: "https://h/l", signers: ["signers/*.pem"]}
    - {name: b, type: anchors, url: "file:anchors.pem", kind: pid, purposes: [issuance]}
    - {name: c, type: lotl, url: "https://h/l", signers: ["oj.pem"]}
    - {name: d, type: vical, url: "https://h/l", signers: ["root.pem"]}
  rewrite: [{from: "https://h/", to: "https://i/", ca: our.pem}]
`
	c, err := Parse([]byte(file), dir)
	if err != nil {
		t.Fatal(err)
	}
	fields := []string{"public.tls", "public.auth.tokens_file", "public.refresh.tokens_file", "public.auth.client_ca", "admin.token_file", "egress.ca_file", "gossip.key_file", "gossip.tls.cert",
		"trust.sources[0].signers", "trust.sources[1].url", "trust.sources[2].signers", "trust.sources[3].signers", "trust.rewrite[0].ca"}
	found := problems(t, c.CheckFiles())
	if len(found) != len(fields) {
		t.Fatalf("%v", c.CheckFiles())
	}
	for i, p := range found {
		if p.Field != fields[i] {
			t.Errorf("%d: %v", i, p)
		}
	}
	cert, key := pair(t)
	ca, err := identitytest.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	node, err := ca.Issue("edge-1", identitytest.Issue{})
	if err != nil {
		t.Fatal(err)
	}
	_, gossip := gossipKey(1, 32)
	if err := os.Mkdir(filepath.Join(dir, "signers"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"server.crt": cert, "server.key": key, "tokens": "0123456789abcdef", "admin.token": "0123456789abcdef", "ca.pem": cert, "signers/s.pem": cert, "anchors.pem": cert,
		"issuers": "0123456789abcdef", "gossip.key": gossip, "node.crt": string(node.CertPEM), "node.key": string(node.KeyPEM), "cluster-ca.pem": string(ca.PEM()), "corp.pem": cert, "oj.pem": cert, "root.pem": cert, "our.pem": cert} {
		put(t, dir, name, content)
	}
	if err := c.CheckFiles(); err != nil {
		t.Error(err)
	}
	put(t, dir, "server.key", string(node.KeyPEM))
	if err := c.CheckFiles(); err == nil || !strings.HasPrefix(err.Error(), "public.tls: ") || !strings.Contains(err.Error(), "server.crt and ") || !strings.Contains(err.Error(), "server.key: ") {
		t.Errorf("a key of another certificate: %v", err)
	}
	if pool, err := c.ClientCAs(); err != nil || pool == nil {
		t.Error(err)
	}
	for name, read := range map[string]func() (*x509.CertPool, error){"egress": c.Egress.CAs, "rewrite": c.Trust.Rewrite[0].CAs} {
		if pool, err := read(); err != nil || pool == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nothing named: nil, which is the system's.
func TestNoCAs(t *testing.T) {
	for name, read := range map[string]func() (*x509.CertPool, error){"egress": Egress{}.CAs, "rewrite": Rewrite{}.CAs, "clients": Default().ClientCAs} {
		if pool, err := read(); err != nil || pool != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDataDirIsCheckedAndNotMade(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "there"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "file", "")
	for name, says := range map[string]string{"": "", "there": "", "absent": "", "absent/deep": "absent does not exist: make it", "file": "not a folder", "file/below": "not a"} {
		c := &Config{DataDir: filepath.Join(dir, name)}
		if name == "" {
			c.DataDir = ""
		}
		err := c.CheckDataDir()
		if (err == nil) != (says == "") || err != nil && (!strings.HasPrefix(err.Error(), "data_dir: ") || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{".", "there"} {
		entries, err := os.ReadDir(filepath.Join(dir, name))
		if want := map[string]int{".": 2}[name]; err != nil || len(entries) != want {
			t.Errorf("%s: %d entries are left, want %d: %v", name, len(entries), want, err)
		}
	}
}

func TestReadOnlyDataDir(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "absent")} {
		if err := checkDataDir(path); err == nil || !strings.Contains(err.Error(), "cannot be written to") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
