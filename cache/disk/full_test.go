package disk_test

import (
	"errors"
	"maps"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
)

// A disk that fills up, wherever within a Commit that is, costs the new lists and
// not the old ones, leaves nothing behind, and takes the lists once there is room.
func TestDiskFull(t *testing.T) {
	next := step{"pid": {"2", long("pid two")}, "eu:DE": {"2", long("german two")}}
	will := next.apply(lists)
	used := int64(1000) // about what the folder has before
	for room, full := used, true; full; room += 500 {
		f := disktest.New()
		s, _ := read(t, f)
		if err := lists.do(s); err != nil {
			t.Fatal(err)
		}
		before := entries(t, f)
		f.Capacity(room)
		err := next.do(s)
		if full = err != nil; full {
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "no space left") {
				t.Fatalf("with %d bytes: %v", room, err)
			}
			if got := entries(t, f); got != before {
				t.Errorf("with %d bytes: %s, before %s", room, got, before)
			}
			// Also a start needs no room.
			var found map[string]kept
			f = f.Restart()
			f.Capacity(0)
			if s, found = read(t, f); !maps.Equal(found, lists) {
				t.Errorf("with %d bytes: found %q", room, found)
			}
		}
		f.Capacity(-1)
		if err := next.do(s); err != nil {
			t.Fatal(err)
		}
		if _, found := read(t, f.Reboot(uint64(room))); !maps.Equal(found, will) {
			t.Errorf("with room again: found %q", found)
		}
	}
}

func entries(t *testing.T, files disk.FS) string {
	t.Helper()
	var all []string
	for _, dir := range []string{"/data/states", "/data/bodies"} {
		list, err := files.ReadDir(dir, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			all = append(all, e.Name())
		}
	}
	return strings.Join(all, " ")
}

// A file system that goes read-only makes Commit and Delete fail and Body go on. A
// node can start from it, and is told that it cannot keep anything; set-aside then
// has to wait.
func TestReadOnly(t *testing.T) {
	f := disktest.New()
	s, _ := read(t, f)
	if err := lists.do(s); err != nil {
		t.Fatal(err)
	}
	f.Fault(disktest.ReadOnly)
	for about, err := range map[string]error{"Commit": lists.do(s), "Delete": s.Delete("pid")} {
		if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "read-only file system") {
			t.Errorf("%s: %v", about, err)
		}
	}
	if got := string(body(t, s, record("pid", lists["pid"]).Digest)); got != lists["pid"].body {
		t.Errorf("body %q", got)
	}
	f.Fault(nil)
	if _, err := f.Create("/data/states/strange"); err != nil {
		t.Fatal(err)
	}
	f = f.Restart()
	f.Fault(disktest.ReadOnly)
	found, reports := survivors(t, "/data", f)
	if !maps.Equal(found, lists) {
		t.Errorf("found %q", found)
	}
	for _, want := range []string{"may not survive a loss of power", "states/strange: not a file of this folder; it could not be set aside"} {
		if !strings.Contains(reports, want) {
			t.Errorf("%q is not reported: %s", want, reports)
		}
	}
	f.Fault(nil)
	found, reports = survivors(t, "/data", f)
	if !maps.Equal(found, lists) || !strings.Contains(reports, "moved to set-aside/1-states-foreign") {
		t.Errorf("when it can be written again: found %q; %s", found, reports)
	}
}

// A slow disk holds up whoever commits, and nobody who reads.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := disktest.New()
		s, _ := read(t, f)
		if err := lists.do(s); err != nil {
			t.Fatal(err)
		}
		f.Fault(func(op disktest.Op, _ string) error {
			if op == disktest.Sync || op == disktest.SyncDir {
				time.Sleep(time.Second)
			}
			return nil
		})
		start := time.Now()
		var took time.Duration
		go func() {
			if err := (step{"pid": {"2", long("pid two")}}).do(s); err != nil {
				t.Error(err)
			}
			took = time.Since(start)
		}()
		time.Sleep(time.Millisecond)
		if got := string(body(t, s, record("pid", lists["pid"]).Digest)); got != lists["pid"].body {
			t.Errorf("body %q", got)
		}
		if waited := time.Since(start); waited != time.Millisecond {
			t.Errorf("a reader waited until %v", waited)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if took != 3*time.Second {
			t.Errorf("Commit took %v: want one sync of files, and one of each folder", took)
		}
	})
}

// The syncs of one Commit run side by side.
func TestSyncsCoincide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := disktest.New()
		s, _ := read(t, f)
		f.Fault(func(op disktest.Op, _ string) error {
			if op == disktest.Sync {
				time.Sleep(time.Second)
			}
			return nil
		})
		var records []disk.Record
		for i := range 32 {
			records = append(records, record(string(rune('a'+i)), kept{"1", ""}))
		}
		start := time.Now()
		if err := s.Commit(records); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("32 states took %v, want 8 at a time", took)
		}
	})
}
