package disk_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
)

// What Commit does not take, and what is one byte smaller. A refusal comes before
// anything is touched, also what stands beside the bad record.
func TestLimits(t *testing.T) {
	with := func(body []byte) disk.Record {
		return disk.Record{Key: "k", State: []byte("s"), Body: body, Digest: sha256.Sum256(body)}
	}
	good, other := with([]byte("good")), with([]byte("other"))
	for _, c := range []struct {
		about string
		r     disk.Record
		want  string
	}{
		{"no key", disk.Record{State: []byte("s")}, "a key has 0 bytes"},
		{"longest key", disk.Record{Key: strings.Repeat("k", disk.MaxKey)}, ""},
		{"long key", disk.Record{Key: strings.Repeat("k", disk.MaxKey+1)}, "a key has 4097 bytes"},
		{"no state", disk.Record{Key: "k"}, ""},
		{"largest state", disk.Record{Key: "k", State: make([]byte, disk.MaxState)}, ""},
		{"large state", disk.Record{Key: "k", State: make([]byte, disk.MaxState+1)}, "65537 bytes: more than 65536"},
		{"largest body", with(make([]byte, disk.MaxBody)), ""},
		{"large body", with(make([]byte, disk.MaxBody+1)), "16777217 bytes: more than 16777216"},
		{"another body", disk.Record{Key: "k", Body: good.Body, Digest: other.Digest}, "its digest is another"},
		{"a body without a digest", disk.Record{Key: "k", Body: good.Body}, "its digest is another"},
		{"no body", disk.Record{Key: "k", Digest: good.Digest}, "none was given"},
		{"an empty body", with([]byte{}), "none was given"},
		{"a key twice", disk.Record{Key: "first"}, "stands twice"},
	} {
		t.Run(c.about, func(t *testing.T) {
			f := disktest.New()
			s, _ := read(t, f)
			done := f.Operations()
			err := s.Commit([]disk.Record{{Key: "first", State: []byte("1")}, c.r})
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || f.Operations() != done {
					t.Errorf("%v after %d operations, want %q after none", err, f.Operations()-done, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, found := read(t, f.Restart())
			want := kept{string(c.r.State), string(c.r.Body)}
			if len(found) != 2 || found["first"] != (kept{"1", ""}) || found[c.r.Key] != want {
				t.Errorf("%d records found, or another", len(found))
			}
		})
	}
}

// The number of keys is bounded. Those that are there may still change.
func TestMaxRecords(t *testing.T) {
	f := disktest.New()
	s, _ := read(t, f)
	all := make([]disk.Record, disk.MaxRecords)
	for i := range all {
		all[i] = disk.Record{Key: fmt.Sprint(i)}
	}
	if err := s.Commit(append(all, disk.Record{Key: "one more"})); err == nil || !strings.Contains(err.Error(), "more than 16384 keys") {
		t.Errorf("one too many: %v", err)
	}
	if err := s.Commit(all); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit([]disk.Record{{Key: "one more"}}); err == nil {
		t.Error("one too many was taken")
	}
	if err := s.Commit([]disk.Record{{Key: "7", State: []byte("new")}}); err != nil {
		t.Errorf("one that is there: %v", err)
	}
	_, found := read(t, f.Restart())
	if len(found) != disk.MaxRecords || found["7"].state != "new" {
		t.Errorf("%d records, state %q", len(found), found["7"].state)
	}
}

// A body need not be given again, comes back from the digest alone while it is
// held, and is written anew where the one in the folder was never looked at.
func TestBodyGivenOnce(t *testing.T) {
	f := disktest.New()
	s, _ := read(t, f)
	r := record("pid", kept{"1", "the list"})
	bare := disk.Record{Key: "copy", State: []byte("1"), Digest: r.Digest}
	written := func(r disk.Record) (bodies int) {
		t.Helper()
		f.Fault(func(op disktest.Op, name string) error {
			if op == disktest.Write && strings.Contains(name, "bodies") {
				bodies++
			}
			return nil
		})
		if err := s.Commit([]disk.Record{r}); err != nil {
			t.Fatal(err)
		}
		return bodies
	}
	if err := s.Commit([]disk.Record{bare}); !errors.Is(err, disk.ErrNotFound) {
		t.Errorf("a body nobody gave: %v", err)
	}
	if n := written(r); n != 1 {
		t.Errorf("first: %d written", n)
	}
	if n := written(r) + written(bare); n != 0 {
		t.Errorf("again, and by digest: %d written", n)
	}
	f = f.Restart()
	s, _, err := disk.Open("/data", f)
	if err != nil {
		t.Fatal(err)
	}
	if n := written(bare); n != 0 {
		t.Errorf("by digest, unread: %d written", n)
	}
	if n := written(r); n != 1 {
		t.Errorf("unread: %d written", n)
	}
	f = f.Restart()
	if s, _ = read(t, f); written(r) != 0 {
		t.Error("read, and written again")
	}
	if err := s.Delete("pid"); err != nil {
		t.Fatal(err)
	}
	body(t, s, r.Digest) // the copy names it
	if err := s.Delete("copy"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Body(r.Digest); !errors.Is(err, disk.ErrNotFound) {
		t.Errorf("a body that nobody names any more: %v", err)
	}
}

// Orphans are offered until the first change that succeeds; one that is named by
// then stays.
func TestOrphans(t *testing.T) {
	f := disktest.New()
	s, _ := read(t, f)
	if err := lists.do(s); err != nil {
		t.Fatal(err)
	}
	f = f.Restart()
	for _, key := range []string{"pid", "eu:DE"} {
		if err := f.Remove(fmt.Sprintf("/data/states/%x", sha256.Sum256([]byte(key)))); err != nil {
			t.Fatal(err)
		}
	}
	s, c, err := disk.Open("/data", f)
	if err != nil || len(c.Orphans) != 2 || len(c.Problems) != 0 {
		t.Fatalf("%+v: %v", c, err)
	}
	pid := record("pid", lists["pid"])
	pid.Body = nil
	if err := s.Commit([]disk.Record{{Key: ""}}); err == nil {
		t.Error("a record without a key was taken")
	}
	if err := s.Commit([]disk.Record{pid}); err != nil {
		t.Fatal(err)
	}
	body(t, s, pid.Digest)
	if _, err := s.Body(record("eu:DE", lists["eu:DE"]).Digest); !errors.Is(err, disk.ErrNotFound) {
		t.Errorf("an orphan that nobody named: %v", err)
	}
}

// A body that vanishes or goes bad under an open store is told apart, and can be
// given again.
func TestBodyGoesBad(t *testing.T) {
	for _, c := range []struct {
		about string
		harm  func(*disktest.FS, string) error
		want  error
	}{
		{"removed", (*disktest.FS).Remove, disk.ErrNotFound},
		{"emptied", func(f *disktest.FS, name string) error {
			if err := f.Remove(name); err != nil {
				return err
			}
			_, err := f.Create(name)
			return err
		}, disk.ErrDamaged},
		{"another's", func(f *disktest.FS, name string) error {
			return f.Rename(fmt.Sprintf("/data/bodies/%x", record("eu:DE", lists["eu:DE"]).Digest), name)
		}, disk.ErrDamaged},
	} {
		f := disktest.New()
		s, _ := read(t, f)
		if err := lists.do(s); err != nil {
			t.Fatal(err)
		}
		r := record("pid", lists["pid"])
		if err := c.harm(f, fmt.Sprintf("/data/bodies/%x", r.Digest)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Body(r.Digest); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.about, err, c.want)
		}
		if err := s.Commit([]disk.Record{r}); err != nil {
			t.Fatal(err)
		}
		if b := body(t, s, r.Digest); !bytes.Equal(b, r.Body) {
			t.Errorf("%s: given again, %q", c.about, b)
		}
	}
}

// Readers get a whole body or none while it comes and goes.
func TestConcurrent(t *testing.T) {
	f := disktest.New()
	s, _ := read(t, f)
	var wg sync.WaitGroup
	for i := range 4 {
		r := record(fmt.Sprint(i), kept{"1", long(fmt.Sprint(i))})
		wg.Go(func() {
			for range 100 {
				if err := errors.Join(s.Commit([]disk.Record{r}), s.Delete(r.Key)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 400 {
				if b, err := s.Body(r.Digest); err == nil && !bytes.Equal(b, r.Body) || err != nil && !errors.Is(err, disk.ErrNotFound) {
					t.Errorf("%d bytes, %v", len(b), err)
				}
			}
		})
	}
	wg.Wait()
	if _, found := read(t, f.Restart()); len(found) != 0 {
		t.Errorf("%d records are left", len(found))
	}
}
