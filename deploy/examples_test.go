package deploy_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/node"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// example is a configuration in this folder, and the files that its operator has
// to put beside it.
type example struct {
	path  string
	certs []string    // certificates, bundles and signers
	pairs [][2]string // server certificates with their keys
	files []string    // tokens
	node  string      // name of a node of a cluster: its certificate and key, and the cluster's CA
	key   string      // gossip key
	lists int         // trust lists
}

var examples = []example{
	{path: "lab/edgenode.yaml", certs: []string{"lab-ca.pem"}, lists: 1},
	{
		path: "eu/edgenode.yaml", certs: []string{"oj-c-2026-1944.pem", "lote-signer.pem", "aamva-root.pem"},
		pairs: [][2]string{{"server.crt", "server.key"}}, files: []string{"tokens", "admin.token"}, lists: 5,
	},
	{
		path: "airgap/edgenode.yaml", certs: []string{"oj-c-2026-1944.pem", "lote-signer.pem", "aamva-root.pem"},
		pairs: [][2]string{{"server.crt", "server.key"}}, files: []string{"tokens", "admin.token"}, lists: 3,
	},
	member("edge-fra-1"), member("edge-fra-2"), member("edge-ams-1"),
	{
		path: "branch/edgenode.yaml", certs: []string{"lote-signer.pem"}, pairs: [][2]string{{"server.crt", "server.key"}},
		files: []string{"tokens", "admin.token"}, node: "branch-ber-1", lists: 1,
	},
}

// member is one of the cluster's.
func member(name string) example {
	return example{
		path: "cluster/" + name + ".yaml", certs: []string{"lote-signer.pem"}, pairs: [][2]string{{"server.crt", "server.key"}},
		files: []string{"tokens", "admin.token", "issuers"}, node: name, key: "gossip.key", lists: 1,
	}
}

// Loading is strict, so every member that an example shows exists.
func TestExamples(t *testing.T) {
	for _, e := range examples {
		t.Run(e.path, func(t *testing.T) {
			cfg := e.load(t, e.copy(t))
			if err := cfg.CheckFiles(); err != nil {
				t.Fatal(err)
			}
			if len(cfg.Trust.Sources) != e.lists {
				t.Errorf("%d trust lists, want %d", len(cfg.Trust.Sources), e.lists)
			}
			n, err := node.New(node.Options{Config: cfg, Version: "test"})
			if err != nil {
				t.Fatal(err)
			}
			n.Close()
		})
	}
}

// No example names a file that it could do without: take one away, and it says so.
func TestExamplesNeedTheirFiles(t *testing.T) {
	for _, e := range examples {
		names := slices.Concat(e.certs, e.files)
		for _, p := range e.pairs {
			names = append(names, p[0], p[1])
		}
		if e.node != "" {
			names = append(names, e.node+".crt", e.node+".key", "cluster-ca.pem")
		}
		if e.key != "" {
			names = append(names, e.key)
		}
		for _, name := range names {
			dir := e.copy(t)
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			cfg := e.load(t, dir)
			if err := cfg.CheckFiles(); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s without %s: %v, want an error that names it", e.path, name, err)
			}
		}
	}
}

func TestEveryExampleIsTested(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return err
		}
		if !slices.ContainsFunc(examples, func(e example) bool { return e.path == filepath.ToSlash(path) }) {
			t.Errorf("%s is in no row of examples", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadmeNamesEveryExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		if !strings.Contains(string(readme), "`"+e.path+"`") {
			t.Errorf("README.md does not name %s", e.path)
		}
	}
}

// load reads the example in a folder. Its data_dir is the machine's, so that of the
// test stands in.
func (e example) load(t *testing.T, dir string) *config.Config {
	t.Helper()
	cfg, err := config.Load(filepath.Join(dir, filepath.Base(e.path)))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.DataDir != "" {
		cfg.DataDir = filepath.Join(dir, "data")
	}
	return cfg
}

// copy puts the example and made-up files beside it into a folder.
func (e example) copy(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yaml, err := os.ReadFile(e.path)
	if err != nil {
		t.Fatal(err)
	}
	write(filepath.Base(e.path), yaml)
	for _, name := range e.certs {
		write(name, certify(t, name).PEM())
	}
	for _, p := range e.pairs {
		k := certify(t, p[0])
		write(p[0], k.PEM())
		write(p[1], private(t, k))
	}
	if e.node != "" {
		ca := certify(t, "Cluster CA")
		k := certifyNode(t, e.node, ca)
		write("cluster-ca.pem", ca.PEM())
		write(e.node+".crt", k.PEM())
		write(e.node+".key", private(t, k))
	}
	if e.key != "" {
		write(e.key, []byte("# of a test\n"+base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"))
	}
	for _, name := range e.files {
		write(name, []byte("# one to a line\n0123456789abcdef0123456789abcdef\n"))
	}
	return dir
}

// private is a key in PEM.
func private(t *testing.T, k *verifytest.Key) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// certifyNode makes the certificate of a node of a cluster.
func certifyNode(t *testing.T, name string, ca *verifytest.Key) *verifytest.Key {
	t.Helper()
	now := time.Now()
	k, err := verifytest.Certify(verifytest.CertOptions{
		Subject: pkix.Name{CommonName: name}, Issuer: ca, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), Unmarked: true,
		Edit: func(c *x509.Certificate) {
			c.DNSNames, c.URIs = []string{name}, []*url.URL{{Scheme: "urn", Opaque: "edgetrust:jurisdiction:EU"}}
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func certify(t *testing.T, name string) *verifytest.Key {
	t.Helper()
	now := time.Now()
	k, err := verifytest.Certify(verifytest.CertOptions{
		Subject: pkix.Name{CommonName: name, Country: []string{"DE"}}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		CA: true, Unmarked: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Every metric that the text on operation names is one that a node has.
func TestMetricsOfTheReadmeExist(t *testing.T) {
	var sources []byte
	files, err := filepath.Glob("../node/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, b...)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`edgetrust_[a-z_]+`).FindAllString(string(readme), -1)
	for _, name := range names {
		if !bytes.Contains(sources, []byte(`"`+name+`"`)) {
			t.Errorf("no node has a metric %s", name)
		}
	}
	if len(names) < 10 {
		t.Errorf("%d metrics are named", len(names))
	}
}
