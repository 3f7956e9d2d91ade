package disk_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
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

var lists = step{
	"pid":   {"high-water mark of pid", "list of pid providers"},
	"eu:DE": {"high-water mark of eu:DE", "german trusted list"},
	"vical": {"high-water mark of vical", ""},
}

// folder makes a folder of the operating system that holds lists, and says what
// each of its files holds: the key for a state, the body for a body.
func folder(t *testing.T) (dir string, files map[string]string) {
	t.Helper()
	dir, files = filepath.Join(t.TempDir(), "data"), make(map[string]string)
	s, _, err := disk.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for key, k := range lists {
		before := names(t, dir)
		if err := s.Commit([]disk.Record{record(key, k)}); err != nil {
			t.Fatal(err)
		}
		for name := range names(t, dir) {
			switch {
			case before[name]:
			case strings.HasPrefix(name, "states/"):
				files[name] = key
			default:
				files[name] = k.body
			}
		}
	}
	return dir, files
}

// names returns the files of states and bodies.
func names(t *testing.T, dir string) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	for _, sub := range []string{"states", "bodies"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			found[sub+"/"+e.Name()] = true
		}
	}
	return found
}

// survivors opens a folder and reads all that can be read. What cannot is reported
// by Open or by Body; either way the report names the file.
func survivors(t *testing.T, dir string, files disk.FS) (found map[string]kept, reports string) {
	t.Helper()
	s, c, err := disk.Open(dir, files)
	if err != nil {
		t.Fatalf("one bad file keeps the folder from opening: %v", err)
	}
	defer s.Close()
	found = make(map[string]kept)
	for _, r := range c.Records {
		k := kept{state: string(r.State)}
		if r.Digest != [32]byte{} {
			b, err := s.Body(r.Digest)
			if errors.Is(err, disk.ErrDamaged) {
				reports += err.Error() + "\n"
			} else if err != nil && !errors.Is(err, disk.ErrNotFound) {
				t.Fatal(err)
			}
			k.body = string(b)
		}
		found[r.Key] = k
	}
	for _, p := range c.Problems {
		reports += p.File + ": " + p.Why + "\n"
	}
	return found, reports
}

// without is what remains of lists when a file is lost.
func without(holds string) map[string]kept {
	m := maps.Clone(lists)
	delete(m, holds)
	for key, k := range m {
		if k.body == holds {
			m[key] = kept{state: k.state}
		}
	}
	return m
}

// harm is a way in which a file goes bad.
type harm struct {
	about string
	do    func(path string, content []byte) error
}

func harms() []harm {
	write := func(change func([]byte) []byte) func(string, []byte) error {
		return func(path string, b []byte) error { return os.WriteFile(path, change(b), 0o600) }
	}
	replace := func(by func(path string) error) func(string, []byte) error {
		return func(path string, _ []byte) error { return errors.Join(os.Remove(path), by(path)) }
	}
	return []harm{
		{"emptied", write(func([]byte) []byte { return nil })},
		{"one byte", write(func(b []byte) []byte { return b[:1] })},
		{"half", write(func(b []byte) []byte { return b[:len(b)/2] })},
		{"a byte short", write(func(b []byte) []byte { return b[:len(b)-1] })},
		{"a byte long", write(func(b []byte) []byte { return append(b, 0) })},
		{"zeros", write(func(b []byte) []byte { return make([]byte, len(b)) })},
		{"too large", func(path string, _ []byte) error { return os.Truncate(path, disk.MaxBody+1) }},
		{"foreign", write(func([]byte) []byte { return []byte("-----BEGIN CERTIFICATE-----\n") })},
		{"of another", func(path string, b []byte) error {
			others, err := os.ReadDir(filepath.Dir(path))
			for _, o := range others {
				if o.Name() != filepath.Base(path) {
					b, err = os.ReadFile(filepath.Join(filepath.Dir(path), o.Name()))
				}
			}
			return errors.Join(err, os.WriteFile(path, b, 0o600))
		}},
		{"a folder", replace(func(path string) error { return os.Mkdir(path, 0o700) })},
		{"a folder with a file", replace(func(path string) error {
			return errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "x"), nil, 0o600))
		})},
		{"a link to nothing", replace(func(path string) error { return os.Symlink("nowhere", path) })},
		{"a link to itself", replace(func(path string) error { return os.Symlink(path, path) })},
		{"a link to the same bytes elsewhere", func(path string, b []byte) error {
			elsewhere := filepath.Join(filepath.Dir(path), "..", "..", "elsewhere")
			return errors.Join(os.WriteFile(elsewhere, b, 0o600), os.Remove(path), os.Symlink(elsewhere, path))
		}},
		{"a pipe", replace(func(path string) error { return syscall.Mkfifo(path, 0o600) })},
	}
}

// Each file goes bad in each way. It costs what it held and nothing else, it is
// reported and out of the way, and the list can be kept again.
func TestDamage(t *testing.T) {
	dir, files := folder(t)
	for name, held := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range harms() {
			t.Run(filepath.Dir(name)+"/"+h.about, func(t *testing.T) {
				if err := h.do(path, bytes.Clone(content)); err != nil {
					t.Fatal(err)
				}
				wantLost(t, dir, name, held)
			})
		}
		for i := 0; i < len(content); i += 11 {
			t.Run(fmt.Sprintf("%s/bit %d of byte %d", filepath.Dir(name), i%8, i), func(t *testing.T) {
				flipped := bytes.Clone(content)
				flipped[i] ^= 1 << (i % 8)
				if err := os.WriteFile(path, flipped, 0o600); err != nil {
					t.Fatal(err)
				}
				wantLost(t, dir, name, held)
			})
		}
	}
}

// wantLost checks that a bad file costs what it held, and that after a Commit of
// the same lists nothing is amiss any more.
func wantLost(t *testing.T, dir, name, held string) {
	t.Helper()
	found, reports := survivors(t, dir, nil)
	if want := without(held); !maps.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	if !strings.Contains(reports, name) || !strings.Contains(reports, "moved to set-aside/1-") {
		t.Errorf("reported: %q", reports)
	}
	if names(t, dir)[name] {
		t.Errorf("%s is still there", name)
	}
	s, _, err := disk.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := lists.do(s); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if found, reports = survivors(t, dir, nil); !maps.Equal(found, lists) || reports != "" {
		t.Errorf("kept again, found %q; %s", found, reports)
	}
	if err := os.RemoveAll(filepath.Join(dir, "set-aside")); err != nil {
		t.Fatal(err)
	}
}

// A body that is gone is reported; the state it was made into is not lost with it.
func TestBodyMissing(t *testing.T) {
	dir, files := folder(t)
	for name, held := range files {
		if !strings.HasPrefix(name, "bodies/") {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		found, reports := survivors(t, dir, nil)
		if reports != name+": missing, though a state names it\n" || !maps.Equal(found, without(held)) {
			t.Errorf("found %q; %s", found, reports)
		}
		return
	}
}

// An orphan that is damaged is none, and nothing is made to rest on it.
func TestOrphanDamaged(t *testing.T) {
	f := disktest.New()
	s, _ := read(t, f)
	if err := lists.do(s); err != nil {
		t.Fatal(err)
	}
	r := record("pid", lists["pid"])
	name := fmt.Sprintf("bodies/%x", r.Digest)
	err := errors.Join(f.Remove(fmt.Sprintf("/data/states/%x", sha256.Sum256([]byte("pid")))), f.Remove("/data/"+name))
	if _, e := f.Create("/data/" + name); errors.Join(err, e) != nil {
		t.Fatal(err, e)
	}
	s, c, err := disk.Open("/data", f.Restart())
	if err != nil || len(c.Orphans) != 0 || len(c.Problems) != 1 || c.Problems[0].File != name {
		t.Fatalf("%+v: %v", c, err)
	}
	bare := r
	bare.Body = nil
	if err := s.Commit([]disk.Record{bare}); !errors.Is(err, disk.ErrNotFound) {
		t.Errorf("named without its bytes: %v", err)
	}
	if err := s.Commit([]disk.Record{r}); err != nil {
		t.Fatal(err)
	}
	body(t, s, r.Digest)
}

// A state that may not be read is a bad file like any other. A body stays, for it
// may be readable another time, until the same bytes are given again.
func TestNoPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("this user may read everything; TestUnreadable simulates one who may not")
	}
	dir, files := folder(t)
	for name, held := range files {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "states/") {
			wantLost(t, dir, name, held)
			continue
		}
		s, c, err := disk.Open(dir, nil)
		if err != nil || len(c.Problems) != 0 {
			t.Fatalf("%+v: %v", c, err)
		}
		if _, err := s.Body(sha256.Sum256([]byte(held))); !errors.Is(err, fs.ErrPermission) || errors.Is(err, disk.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if err := lists.do(s); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if found, reports := survivors(t, dir, nil); !maps.Equal(found, lists) || reports != "" {
			t.Errorf("given again, found %q; %s", found, reports)
		}
	}
}

// A state whose sectors cannot be read is a bad file, too.
func TestUnreadable(t *testing.T) {
	for _, cause := range []error{syscall.EACCES, syscall.EIO} {
		for _, op := range []disktest.Op{disktest.Open, disktest.Stat, disktest.Read} {
			f := disktest.New()
			s, _ := read(t, f)
			if err := lists.do(s); err != nil {
				t.Fatal(err)
			}
			f = f.Restart()
			bad := fmt.Sprintf("/data/states/%x", sha256.Sum256([]byte("pid")))
			f.Fault(func(o disktest.Op, name string) error {
				if o == op && name == bad {
					return cause
				}
				return nil
			})
			found, reports := survivors(t, "/data", f)
			if !maps.Equal(found, without("pid")) || !strings.Contains(reports, cause.Error()) || !strings.Contains(reports, "moved to set-aside/") {
				t.Errorf("%s, %v: found %q; %s", op, cause, found, reports)
			}
		}
	}
}

// A body that cannot be read just now is neither lost nor set aside.
func TestBodyReadFails(t *testing.T) {
	f := disktest.New()
	s, _ := read(t, f)
	if err := lists.do(s); err != nil {
		t.Fatal(err)
	}
	digest := record("pid", lists["pid"]).Digest
	for _, op := range []disktest.Op{disktest.Open, disktest.Stat, disktest.Read} {
		f.Fault(func(o disktest.Op, _ string) error {
			if o == op {
				return syscall.EIO
			}
			return nil
		})
		if _, err := s.Body(digest); !errors.Is(err, syscall.EIO) || errors.Is(err, disk.ErrDamaged) {
			t.Errorf("%s: %v", op, err)
		}
		f.Fault(nil)
		if got := string(body(t, s, digest)); got != lists["pid"].body {
			t.Errorf("body %q", got)
		}
	}
}

// A node without file descriptors does not take that for damage.
func TestExhausted(t *testing.T) {
	for _, sub := range []string{"states", "bodies"} {
		f := disktest.New()
		s, _ := read(t, f)
		if err := lists.do(s); err != nil {
			t.Fatal(err)
		}
		// An orphan is read when the folder is opened.
		if err := f.Remove(fmt.Sprintf("/data/states/%x", sha256.Sum256([]byte("pid")))); err != nil {
			t.Fatal(err)
		}
		f = f.Restart()
		f.Fault(func(op disktest.Op, name string) error {
			if op == disktest.Open && strings.Contains(name, sub) {
				return syscall.EMFILE
			}
			return nil
		})
		if _, _, err := disk.Open("/data", f); !errors.Is(err, syscall.EMFILE) {
			t.Errorf("%s: %v", sub, err)
		}
		f.Fault(nil)
		if _, found := read(t, f); !maps.Equal(found, without("pid")) {
			t.Errorf("%s: found %q", sub, found)
		}
	}
}
