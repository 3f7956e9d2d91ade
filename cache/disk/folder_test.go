package disk_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
)

// A folder is one node's: the second is told so, until the first closes.
func TestTwoOpeners(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s, _, err := disk.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = disk.Open(dir, nil)
	if !errors.Is(err, disk.ErrLocked) || !strings.Contains(err.Error(), dir+" is in use by another node") {
		t.Errorf("second opener: %v", err)
	}
	if err := lists.do(s); err != nil {
		t.Errorf("first opener: %v", err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if found, reports := survivors(t, dir, nil); !maps.Equal(found, lists) || reports != "" {
		t.Errorf("after Close: found %q; %s", found, reports)
	}
}

// Nothing works after Close, and nothing is touched.
func TestClosed(t *testing.T) {
	f := disktest.New()
	s, _ := read(t, f)
	if err := lists.do(s); err != nil {
		t.Fatal(err)
	}
	s.Close()
	done := f.Operations()
	_, err := s.Body(record("pid", lists["pid"]).Digest)
	for about, err := range map[string]error{"Commit": lists.do(s), "Delete": s.Delete("pid"), "Body": err} {
		if !errors.Is(err, disk.ErrClosed) {
			t.Errorf("%s: %v", about, err)
		}
	}
	if f.Operations() != done {
		t.Error("a closed store touches its folder")
	}
}

// Only the node's user can read what it keeps.
func TestPermissions(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir, _ := folder(t)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = fs.ModeDir | 0o700
		}
		if err == nil && info.Mode() != want {
			t.Errorf("%s: %v, want %v", path, info.Mode(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A key is no path.
func TestKeysAreNoPaths(t *testing.T) {
	dir, _ := folder(t)
	s, _, err := disk.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	count := func() (n int) {
		err := filepath.WalkDir(filepath.Dir(dir), func(string, fs.DirEntry, error) error { n++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	keys := []string{"../../escaped", "/etc/escaped", "a/../../b", ".", "..", "x\x00y", "x.tmp", strings.Repeat("k", disk.MaxKey)}
	for _, key := range keys {
		if err := s.Commit([]disk.Record{{Key: key, State: []byte("s")}}); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "states"))
	if err != nil || len(entries) != len(lists)+len(keys) || count() != before+len(keys) {
		t.Errorf("%d states: %v", len(entries), err)
	}
	if err := s.Delete(append(keys, "never there")...); err != nil || count() != before {
		t.Errorf("deleted: %v", err)
	}
}

// A folder that is not a node's, or not this version's, is left as it is, and the
// error says what to do.
func TestFormat(t *testing.T) {
	for _, c := range []struct {
		about, format string
		want          string // in the error; "": none
	}{
		{"this version", "edgetrust cache 1\n", ""},
		{"newer", "edgetrust cache 2\n", "of another version"},
		{"much newer", "edgetrust cache 10\n", "of another version"},
		{"emptied", "", "damaged or not a node's"},
		{"a byte short", "edgetrust cache 1", "of another version"},
		{"a bit flipped", "edgetrust cachd 1\n", "damaged or not a node's"},
		{"foreign", strings.Repeat("x", 1000), "damaged or not a node's"},
	} {
		t.Run(c.about, func(t *testing.T) {
			dir, _ := folder(t)
			path := filepath.Join(dir, "format")
			if err := os.WriteFile(path, []byte(c.format), 0o600); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, dir, c.want)
			if err := os.WriteFile(path, []byte("edgetrust cache 1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if found, reports := survivors(t, dir, nil); !maps.Equal(found, lists) || reports != "" {
				t.Errorf("as it was: found %q; %s", found, reports)
			}
		})
	}
}

func wantRefused(t *testing.T, dir, why string) {
	t.Helper()
	s, _, err := disk.Open(dir, nil)
	if err == nil {
		s.Close()
	}
	if (err == nil) != (why == "") || err != nil && !strings.Contains(err.Error(), why) {
		t.Errorf("opened with %v, want %q", err, why)
	}
}

// What else may stand where the folder should be.
func TestNotAFolder(t *testing.T) {
	for _, c := range []struct {
		about string
		make  func(dir string) error
		want  string
	}{
		{"no parent", func(dir string) error { return os.Remove(filepath.Dir(dir)) }, "failed to make a data folder"},
		{"empty", func(dir string) error { return os.Mkdir(dir, 0o755) }, ""},
		{"empty file system", func(dir string) error { return os.MkdirAll(filepath.Join(dir, "lost+found"), 0o700) }, ""},
		{"of others", func(dir string) error { return os.MkdirAll(filepath.Join(dir, "photos"), 0o700) }, "not a node's"},
		{"without its format", func(dir string) error {
			s, _, err := disk.Open(dir, nil)
			return errors.Join(err, s.Close(), os.Remove(filepath.Join(dir, "format")))
		}, "not a node's"},
		{"a file", func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, "failed to lock a data folder"},
		{"a link to a folder", func(dir string) error {
			return errors.Join(os.Mkdir(dir+"-elsewhere", 0o700), os.Symlink(dir+"-elsewhere", dir))
		}, ""},
		{"lock is a folder", func(dir string) error { return os.MkdirAll(filepath.Join(dir, "lock"), 0o700) }, "failed to lock a data folder"},
		{"format is a folder", func(dir string) error { return os.MkdirAll(filepath.Join(dir, "format"), 0o700) }, "damaged or not a node's"},
	} {
		t.Run(c.about, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "parent", "data")
			if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := c.make(dir); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, dir, c.want)
		})
	}
}

// A parent that may not be read is no obstacle; one that cannot be synced is.
func TestParentNotSynced(t *testing.T) {
	for cause, ok := range map[error]bool{syscall.EACCES: true, syscall.EIO: false} {
		f := disktest.New()
		f.Fault(func(op disktest.Op, name string) error {
			if op == disktest.SyncDir && name == "/" {
				return cause
			}
			return nil
		})
		if _, _, err := disk.Open("/data", f); (err == nil) != ok {
			t.Errorf("%v: %v", cause, err)
		}
	}
}
