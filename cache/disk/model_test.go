package disk_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
)

// changes draws one Commit, or one Delete.
func changes(t *rapid.T) step {
	c := step{}
	gone := rapid.IntRange(0, 3).Draw(t, "delete") == 0
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "../e"}), 0, 4, rapid.ID).Draw(t, "keys") {
		c[key] = kept{}
		if !gone {
			c[key] = kept{
				state: rapid.StringN(1, 20, -1).Draw(t, "state"),
				body:  strings.Repeat(rapid.SampledFrom([]string{"", "x", "y", "z"}).Draw(t, "body"), 100),
			}
		}
	}
	return c
}

// Whatever is committed, deleted, closed, killed, cut off from power or failed and
// done again, the folder is the map that the same changes make.
func TestFolderIsMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := disktest.New()
		s, _ := read(t, f)
		model := map[string]kept{}
		change := func(c step) {
			if err := c.do(s); err != nil {
				rt.Fatal(err)
			}
			model = c.apply(model)
		}
		reopen := func() {
			var found map[string]kept
			if s, found = read(t, f); !maps.Equal(found, model) {
				rt.Fatalf("found %q, want %q", found, model)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"change": func(rt *rapid.T) { change(changes(rt)) },
			"fail and retry": func(rt *rapid.T) {
				c, after := changes(rt), rapid.IntRange(0, 20).Draw(rt, "after")
				full := f.Operations() + after
				f.Fault(func(op disktest.Op, name string) error {
					if f.Operations() > full {
						return disktest.ReadOnly(op, name)
					}
					return nil
				})
				_ = c.do(s) // may have succeeded before the fault
				f.Fault(nil)
				change(c)
			},
			"close": func(*rapid.T) {
				if err := s.Close(); err != nil {
					rt.Fatal(err)
				}
				reopen()
			},
			"kill": func(*rapid.T) { f = f.Restart(); reopen() },
			"cut":  func(rt *rapid.T) { f = f.Reboot(rapid.Uint64().Draw(rt, "seed")); reopen() },
		})
		f = f.Restart()
		reopen()
		if err := s.Commit(nil); err != nil {
			rt.Fatal(err)
		}
		wantBodies(rt, f, model)
	})
}

// wantBodies checks that a folder holds the bodies that are named and no others.
func wantBodies(t interface{ Errorf(string, ...any) }, files disk.FS, model map[string]kept) {
	want := map[string]bool{}
	for _, k := range model {
		if k.body != "" {
			want[k.body] = true
		}
	}
	entries, err := files.ReadDir("/data/bodies", disk.MaxRecords)
	if err != nil || len(entries) != len(want) {
		t.Errorf("%d bodies are kept, want %d: %v", len(entries), len(want), err)
	}
}

// A Commit that fails at any one operation says what failed and leaves the folder
// as it was or as it was to be. The store stays usable, and the same Commit can
// succeed, whether the process lives on or not.
func TestEveryFailure(t *testing.T) {
	old := step{"a": {"1", long("a one")}, "b": {"1", long("b one")}}
	next := step{"a": {"2", long("a two")}, "b": {"2", long("b one")}, "c": {"1", long("c one")}}
	was := old.apply(map[string]kept{})
	will := next.apply(was)
	for _, lives := range []bool{true, false} {
		for at, failed := 1, true; failed; at++ {
			f := disktest.New()
			s, _ := read(t, f)
			if err := old.do(s); err != nil {
				t.Fatal(err)
			}
			var op disktest.Op
			var count atomic.Int32
			f.Fault(func(o disktest.Op, _ string) error {
				if count.Add(1) != int32(at) {
					return nil
				}
				op = o
				return syscall.EIO
			})
			err := next.do(s)
			f.Fault(nil)
			// To forget what is no longer named is no part of the promise.
			if failed = op != ""; !failed || op == disktest.Remove {
				if err != nil {
					t.Fatalf("%s, operation %d: %v", op, at, err)
				}
			} else if !errors.Is(err, syscall.EIO) || !strings.HasPrefix(err.Error(), "failed to ") {
				t.Fatalf("%s, operation %d: %v", op, at, err)
			}
			if !lives {
				f = f.Restart()
				var found map[string]kept
				s, found = read(t, f)
				if err := between(found, was, will); err != nil {
					t.Fatalf("%s, operation %d: %v", op, at, err)
				}
			}
			if err := next.do(s); err != nil {
				t.Fatal(err)
			}
			f = f.Reboot(uint64(at))
			if _, found := read(t, f); !maps.Equal(found, will) {
				t.Fatalf("%s, operation %d, again: %v", op, at, found)
			}
		}
	}
}

// Commits that fail one after the other do not fill the disk.
func TestFailuresDoNotAddUp(t *testing.T) {
	for _, c := range []struct {
		op  disktest.Op
		dir string
	}{
		{disktest.Create, "/data/states"},
		{disktest.Sync, "/data/bodies"},
		{disktest.Rename, "/data/bodies"},
		{disktest.SyncDir, "/data/bodies"},
		{disktest.Rename, "/data/states"},
		{disktest.SyncDir, "/data/states"},
	} {
		f := disktest.New()
		s, _ := read(t, f)
		if err := lists.do(s); err != nil {
			t.Fatal(err)
		}
		f.Fault(func(op disktest.Op, name string) error {
			if op == c.op && strings.HasPrefix(name, c.dir) {
				return syscall.EIO
			}
			return nil
		})
		for i := range 10 {
			if err := (step{"pid": {"2", long(fmt.Sprint(i))}}).do(s); !errors.Is(err, syscall.EIO) {
				t.Fatal(err)
			}
		}
		// At most the first new version is there: it may be named already.
		if all := strings.Fields(entries(t, f)); len(all) > 6 {
			t.Errorf("%s in %s fails: %d files", c.op, c.dir, len(all))
		}
	}
}

// A state that was replaced may come back as long as its folder was not synced, so
// its body stays, whatever else fails meanwhile.
func TestOldBodyStaysUntilSynced(t *testing.T) {
	for seed := range uint64(20) {
		f := disktest.New()
		s, _ := read(t, f)
		first, second := step{"pid": {"1", long("one")}}, step{"pid": {"2", long("two")}}
		if err := first.do(s); err != nil {
			t.Fatal(err)
		}
		f = f.Restart()
		s, _, err := disk.Open("/data", f) // and no body is read
		if err != nil {
			t.Fatal(err)
		}
		fail := func(dir string, c step) {
			t.Helper()
			f.Fault(func(op disktest.Op, name string) error {
				if op == disktest.SyncDir && name == dir {
					return syscall.EIO
				}
				return nil
			})
			if err := c.do(s); !errors.Is(err, syscall.EIO) {
				t.Fatal(err)
			}
		}
		fail("/data/states", second)
		fail("/data/bodies", first)
		if _, found := read(t, f.Reboot(seed)); found["pid"] != first["pid"] && found["pid"] != second["pid"] {
			t.Errorf("seed %d: found state %q, body of %d bytes", seed, found["pid"].state, len(found["pid"].body))
		}
	}
}
