package disktest_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
)

// put writes a file in as many steps of durability as are asked for.
func put(t *testing.T, f *disktest.FS, name, content string, sync, syncDir bool) {
	t.Helper()
	file, err := f.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(file, content)
	if sync {
		err = errors.Join(err, file.Sync())
	}
	if syncDir {
		err = errors.Join(err, f.SyncDir("/"))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// get reads a file; none is "none".
func get(t *testing.T, f *disktest.FS, name string) string {
	t.Helper()
	file, err := f.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "none"
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// outcomes collects what a file may be after a cut.
func outcomes(t *testing.T, prepare func(f *disktest.FS) *disktest.FS, name string) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	for seed := range uint64(200) {
		found[get(t, prepare(disktest.New()).Reboot(seed), name)] = true
	}
	return found
}

func wantOutcomes(t *testing.T, about string, found map[string]bool, want ...string) {
	t.Helper()
	for _, w := range want {
		if !found[w] {
			t.Errorf("%s: never %q", about, w)
		}
		delete(found, w)
	}
	for f := range found {
		t.Errorf("%s: also %q", about, f)
	}
}

// What a cut leaves of a file depends on what was synced, and a program that
// leaves out a sync is found out.
func TestReboot(t *testing.T) {
	for _, c := range []struct {
		about         string
		sync, syncDir bool
		want          []string
	}{
		{"nothing synced", false, false, []string{"none", "", "a", "ab", "\x00\x00", "a\x00"}},
		{"the file is", true, false, []string{"none", "ab"}},
		{"the folder is", false, true, []string{"", "a", "ab", "\x00\x00", "a\x00"}},
		{"both are", true, true, []string{"ab"}},
	} {
		wantOutcomes(t, c.about, outcomes(t, func(f *disktest.FS) *disktest.FS {
			put(t, f, "/x", "ab", c.sync, c.syncDir)
			return f
		}, "/x"), c.want...)
	}
}

// A rename is durable with its folder; until then each name is old or new. So is a
// removal.
func TestRebootRename(t *testing.T) {
	for _, synced := range []bool{false, true} {
		prepare := func(f *disktest.FS) *disktest.FS {
			put(t, f, "/x", "old", true, true)
			put(t, f, "/x.tmp", "new", true, true)
			put(t, f, "/gone", "gone", true, true)
			err := errors.Join(f.Rename("/x.tmp", "/x"), f.Remove("/gone"))
			if synced {
				err = errors.Join(err, f.SyncDir("/"))
			}
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		for name, want := range map[string][2][]string{
			"/x":     {{"old", "new"}, {"new"}},
			"/x.tmp": {{"new", "none"}, {"none"}},
			"/gone":  {{"gone", "none"}, {"none"}},
		} {
			i := map[bool]int{synced: 1}[true]
			wantOutcomes(t, name, outcomes(t, prepare, name), want[i]...)
		}
	}
}

// A folder goes with all that is in it, if nobody synced its parent.
func TestRebootFolder(t *testing.T) {
	found := outcomes(t, func(f *disktest.FS) *disktest.FS {
		if err := f.Mkdir("/d"); err != nil {
			t.Fatal(err)
		}
		put(t, f, "/d/x", "ab", true, false)
		if err := f.SyncDir("/d"); err != nil {
			t.Fatal(err)
		}
		return f
	}, "/d/x")
	wantOutcomes(t, "a file in a new folder", found, "none", "ab")
}

// A seed is a course of events.
func TestRebootRepeats(t *testing.T) {
	for seed := range uint64(20) {
		var found [2]string
		for i := range found {
			f := disktest.New()
			for _, name := range strings.Split("abcdefgh", "") {
				put(t, f, name, "content of "+name, false, false)
			}
			f = f.Reboot(seed)
			for _, name := range strings.Split("abcdefgh", "") {
				found[i] += get(t, f, name) + "\n"
			}
		}
		if found[0] != found[1] {
			t.Errorf("seed %d: %q and %q", seed, found[0], found[1])
		}
	}
}

// A restart loses nothing but the lock; what was not durable still is not.
func TestRestart(t *testing.T) {
	f := disktest.New()
	put(t, f, "/x", "ab", false, false)
	if _, err := f.Lock("/lock"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Lock("/lock"); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("locked twice: %v", err)
	}
	g := f.Restart()
	if got := get(t, g, "/x"); got != "ab" {
		t.Errorf("found %q", got)
	}
	lock, err := g.Lock("/lock")
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Lock("/lock"); err != nil {
		t.Errorf("after unlocking: %v", err)
	}
	if _, err := f.Open("/x"); !errors.Is(err, disktest.ErrDown) {
		t.Errorf("the old process goes on: %v", err)
	}
	wantOutcomes(t, "a cut after a restart", outcomes(t, func(f *disktest.FS) *disktest.FS {
		put(t, f, "/x", "a", false, true)
		return f.Restart()
	}, "/x"), "", "a", "\x00")
}

// From the n-th operation on nothing works, and nothing has an effect.
func TestCrashAt(t *testing.T) {
	f := disktest.New()
	put(t, f, "/x", "ab", true, true) // four operations
	f.CrashAt(f.Operations() + 2)
	if err := f.Mkdir("/d"); err != nil {
		t.Errorf("the operation before: %v", err)
	}
	for range 2 {
		if err := f.Remove("/x"); !errors.Is(err, disktest.ErrDown) {
			t.Errorf("the operation: %v", err)
		}
	}
	if got := get(t, f.Reboot(1), "/x"); got != "ab" || f.Operations() != 7 {
		t.Errorf("found %q after %d operations", got, f.Operations())
	}
}

// A full disk takes what fits, and more when something was removed.
func TestCapacity(t *testing.T) {
	f := disktest.New()
	put(t, f, "/old", "1234", true, true)
	f.Capacity(6)
	file, err := f.Create("/new")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.WriteString(file, "abc"); n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d bytes: %v", n, err)
	}
	if err := f.Remove("/old"); err != nil {
		t.Fatal(err)
	}
	if n, err := io.WriteString(file, "cdef"); n != 4 || err != nil {
		t.Errorf("wrote %d bytes: %v", n, err)
	}
	if got := get(t, f, "/new"); got != "abcdef" {
		t.Errorf("found %q", got)
	}
}

// Errors are those of a real file system.
func TestErrors(t *testing.T) {
	f := disktest.New()
	if err := f.Mkdir("/d"); err != nil {
		t.Fatal(err)
	}
	put(t, f, "/d/x", "ab", false, false)
	open := func(name string) error { _, err := f.Open(name); return err }
	create := func(name string) error { _, err := f.Create(name); return err }
	stat := func(name string) error { _, err := f.Stat(name); return err }
	list := func(name string) error { _, err := f.ReadDir(name, 1); return err }
	for _, c := range []struct {
		about string
		got   error
		want  error
	}{
		{"open nothing", open("/nothing"), fs.ErrNotExist},
		{"open in nothing", open("/nothing/x"), fs.ErrNotExist},
		{"open in a file", open("/d/x/y"), syscall.ENOTDIR},
		{"stat nothing", stat("/nothing"), fs.ErrNotExist},
		{"create twice", create("/d/x"), fs.ErrExist},
		{"make twice", f.Mkdir("/d"), fs.ErrExist},
		{"list nothing", list("/nothing"), fs.ErrNotExist},
		{"list a file", list("/d/x"), syscall.ENOTDIR},
		{"sync nothing", f.SyncDir("/nothing"), fs.ErrNotExist},
		{"rename nothing", f.Rename("/nothing", "/x"), fs.ErrNotExist},
		{"rename into nothing", f.Rename("/d/x", "/nothing/x"), fs.ErrNotExist},
		{"rename over a folder", f.Rename("/d/x", "/d"), fs.ErrExist},
		{"remove nothing", f.Remove("/nothing"), fs.ErrNotExist},
		{"remove a full folder", f.Remove("/d"), syscall.ENOTEMPTY},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.about, c.got, c.want)
		}
	}
	entries, err := f.ReadDir("/", 10)
	if err != nil || len(entries) != 1 || !entries[0].IsDir() || entries[0].Name() != "d" {
		t.Errorf("root: %v, %v", entries, err)
	}
}
