package vectortest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// told keeps what a test would have failed with.
type told struct {
	testing.TB
	errors []string
}

func (t *told) Helper() {}
func (t *told) Errorf(format string, a ...any) {
	t.errors = append(t.errors, fmt.Sprintf(format, a...))
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A vector without a row is told of, and so is a row without a vector.
func TestWantRows(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("EDGETRUST_VECTORS", dir)
	if err := os.Mkdir(filepath.Join(dir, "topic"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "topic", "index.json"), []byte(`[{"file":"a"},{"file":"b"}]`))
	for _, c := range []struct {
		rows []string
		want []string
	}{
		{[]string{"a", "b", "a"}, nil},
		{[]string{"a"}, []string{"b has no row in the table"}},
		{[]string{"a", "b", "c"}, []string{"c is in the table and not in the index"}},
	} {
		to := &told{TB: t}
		if WantRows(to, "topic", c.rows); !slices.Equal(to.errors, c.want) {
			t.Errorf("%q: %q", c.rows, to.errors)
		}
	}
	write(t, filepath.Join(dir, "topic", "index.json"), []byte(`[{"file":"x/a"},{"file":"x/b"},{"file":"y"}]`))
	to := &told{TB: t}
	want := []string{"x/b has no row in the table", "x/c is in the table and not in the index"}
	if WantFolder(to, "topic", "x/", []string{"x/a", "x/c"}); !slices.Equal(to.errors, want) {
		t.Errorf("%q", to.errors)
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("EDGETRUST_VECTORS", dir)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte("a list")); err != nil || z.Close() != nil {
		t.Fatal("gzip")
	}
	write(t, filepath.Join(dir, "list.gz"), zipped.Bytes())
	write(t, filepath.Join(dir, "list"), zipped.Bytes())
	if got := Read(t, "", "list.gz"); string(got) != "a list" {
		t.Errorf("%q", got)
	}
	if got := Read(t, "", "list"); !bytes.Equal(got, zipped.Bytes()) {
		t.Error("a file that does not end in .gz was changed")
	}
}

// Whoever has no vectors is told how to name them.
func TestFindNothing(t *testing.T) {
	t.Setenv("EDGETRUST_VECTORS", filepath.Join(t.TempDir(), "none"))
	if _, err := Find(); err == nil || !strings.Contains(err.Error(), "set EDGETRUST_VECTORS") {
		t.Error(err)
	}
}
