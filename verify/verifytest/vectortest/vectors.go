// Package vectortest reads real lists and presentations that others made, for tests. They
// stand outside the repository, one folder for each topic.
package vectortest

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir returns the folder of a topic, of all topics for "". Where there are no vectors the test is skipped,
// and says how to name their folder.
func Dir(t testing.TB, topic string) string {
	t.Helper()
	dir, err := Find()
	if err != nil {
		t.Skip(err)
	}
	return filepath.Join(dir, topic)
}

// Read returns a file of a topic; of one that ends in .gz what is inside. A file that
// is missing fails the test.
func Read(t testing.TB, topic string, path ...string) []byte {
	t.Helper()
	name := filepath.Join(append([]string{Dir(t, topic)}, path...)...)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return b
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if b, err = io.ReadAll(r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

// Certificates returns those of a file of a topic, in PEM or the DER of one. One that
// crypto/x509 cannot read fails the test.
func Certificates(t testing.TB, topic string, path ...string) (certs []*x509.Certificate) {
	t.Helper()
	add := func(der []byte) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		certs = append(certs, c)
	}
	b := Read(t, topic, path...)
	for rest := b; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		add(block.Bytes)
	}
	if len(certs) == 0 {
		add(b)
	}
	return certs
}

// WantRows fails the test unless the files that a table has rows for are those of the
// topic's index.json, so that no vector is overlooked. A file may have several rows.
func WantRows(t testing.TB, topic string, files []string) {
	t.Helper()
	WantFolder(t, topic, "", files)
}

// WantFolder is WantRows for those files of a topic whose name begins with folder.
func WantFolder(t testing.TB, topic, folder string, files []string) {
	t.Helper()
	var index []struct {
		File string `json:"file"`
	}
	if err := json.Unmarshal(Read(t, topic, "index.json"), &index); err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]bool)
	for _, f := range files {
		rows[f] = true
	}
	for _, f := range index {
		if !rows[f.File] && strings.HasPrefix(f.File, folder) {
			t.Errorf("%s has no row in the table", f.File)
		}
		delete(rows, f.File)
	}
	for f := range rows {
		t.Errorf("%s is in the table and not in the index", f)
	}
}
