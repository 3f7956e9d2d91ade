package disk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/cache/disk"
)

// strew puts files into states: damaged states, and files that are nobody's.
func strew(t *testing.T, dir, pattern string, from, n int) {
	t.Helper()
	for i := range n {
		name := filepath.Join(dir, "states", fmt.Sprintf(pattern, from+i))
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func asideNames(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "set-aside"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// Set-aside keeps 32 files, the first. Beyond, what was ours is removed, and what
// was not is left where it is.
func TestAsideIsBounded(t *testing.T) {
	const bound = 32
	dir, _ := folder(t)
	problems := func() (c *disk.Contents) {
		s, c, err := disk.Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		return c
	}
	strew(t, dir, "%064x", 0, bound-2)
	strew(t, dir, "stranger-"+strings.Repeat("x", 200)+"-%d", 0, 1)
	if c := problems(); len(c.Problems) != bound-1 || len(c.Records) != len(lists) {
		t.Fatalf("%d problems, %d records", len(c.Problems), len(c.Records))
	}
	strew(t, dir, "%064x", 100, 1)
	problems()
	kept := asideNames(t, dir)
	if len(kept) != bound {
		t.Fatalf("set-aside has %d files, want %d", len(kept), bound)
	}
	strew(t, dir, "%064x", 200, 1)
	strew(t, dir, "stranger-%d", 0, 1)
	if err := os.Mkdir(filepath.Join(dir, "states", fmt.Sprintf("%064x", 300)), 0o700); err != nil {
		t.Fatal(err)
	}
	c := problems()
	if len(c.Problems) != 3 {
		t.Fatalf("problems %+v", c.Problems)
	}
	for _, p := range c.Problems {
		gone := strings.HasSuffix(p.File, fmt.Sprintf("%064x", 200))
		if _, err := os.Stat(filepath.Join(dir, p.File)); (err != nil) != gone || !strings.Contains(p.Why, "set-aside is full: empty") {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if got := asideNames(t, dir); len(got) != bound || len(c.Records) != len(lists) {
		t.Errorf("set-aside has %d files, %d records are left", len(got), len(c.Records))
	}
	// Emptied by the operator, it takes what was left.
	if err := os.RemoveAll(filepath.Join(dir, "set-aside")); err != nil {
		t.Fatal(err)
	}
	if c := problems(); len(c.Problems) != 2 || len(problems().Problems) != 0 {
		t.Errorf("problems %+v", c.Problems)
	}
}

// The bytes kept are bounded, too.
func TestAsideBytes(t *testing.T) {
	const bound = 128 << 20
	for size, moved := range map[int64]bool{bound: true, bound + 1: false} {
		dir, _ := folder(t)
		big := filepath.Join(dir, "bodies", "big")
		if err := os.WriteFile(big, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(big, size); err != nil { // a hole: it takes no room
			t.Skipf("no sparse files: %v", err)
		}
		s, c, err := disk.Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if len(c.Problems) != 1 || strings.Contains(c.Problems[0].Why, "moved to") != moved || (len(asideNames(t, dir)) == 1) != moved {
			t.Errorf("%d bytes: %+v", size, c.Problems)
		}
	}
}

// What is set aside keeps out of the way of what was set aside before, within one
// start and from one to the next.
func TestAsideKeepsAll(t *testing.T) {
	dir, _ := folder(t)
	for start := range 3 {
		for _, name := range []string{"x", "y"} {
			if err := os.WriteFile(filepath.Join(dir, "bodies", name), fmt.Append(nil, name, start), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		survivors(t, dir, nil)
	}
	kept := make(map[string]bool)
	for _, name := range asideNames(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, "set-aside", name))
		if err != nil {
			t.Fatal(err)
		}
		kept[string(b)] = true
	}
	if len(kept) != 6 {
		t.Errorf("kept %v, want all six files", kept)
	}
}
