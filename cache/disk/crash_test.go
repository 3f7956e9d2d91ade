package disk_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
)

// kept is what a folder holds under a key.
type kept struct{ state, body string }

func record(key string, k kept) disk.Record {
	r := disk.Record{Key: key, State: []byte(k.state)}
	if k.body != "" {
		r.Body, r.Digest = []byte(k.body), sha256.Sum256([]byte(k.body))
	}
	return r
}

// step is one change of a folder. A key without a state and a body is deleted.
type step map[string]kept

func (c step) do(s *disk.Store) error {
	var records []disk.Record
	var gone []string
	for key, k := range c {
		if k == (kept{}) {
			gone = append(gone, key)
		} else {
			records = append(records, record(key, k))
		}
	}
	if len(gone) > 0 {
		return s.Delete(gone...)
	}
	return s.Commit(records)
}

func (c step) apply(m map[string]kept) map[string]kept {
	m = maps.Clone(m)
	for key, k := range c {
		if m[key] = k; k == (kept{}) {
			delete(m, key)
		}
	}
	return m
}

// long makes a body that a cut can part.
func long(s string) string { return strings.Repeat(s, 1000) }

// story has every kind of change: first and later versions, a state alone, a body
// that stays, one that comes back, one that two keys share, a list without a body,
// deletion of the one and of several.
var story = []step{
	{"pid": {"1", long("pid one")}, "eu:DE": {"1", long("german one")}, "vical": {"1", ""}},
	{"pid": {"1 looked at", long("pid one")}},
	{"pid": {"2", long("pid two")}, "eu:FR": {"1", long("french one")}},
	{"eu:DE": {"2", long("german two")}, "copy": {"2", long("german two")}},
	{"eu:FR": {}},
	{"pid": {"3", long("pid one")}, "eu:DE": {"3", ""}},
	{"copy": {}, "vical": {}},
	{"eu:FR": {"2", long("french one")}, "eu:DE": {"4", long("german four")}, "pid": {"4", long("pid four")}},
}

// read opens a folder and returns all that it holds. Nothing may be damaged, and
// nothing unfinished left.
func read(t *testing.T, files disk.FS) (*disk.Store, map[string]kept) {
	t.Helper()
	s, c, err := disk.Open("/data", files)
	if err != nil {
		t.Fatal(err)
	}
	if all := entries(t, files); len(c.Problems) > 0 || strings.Contains(all, ".tmp") {
		t.Fatalf("problems %+v, files %s", c.Problems, all)
	}
	return s, holds(t, s, c)
}

func holds(t *testing.T, s *disk.Store, c *disk.Contents) map[string]kept {
	t.Helper()
	found := make(map[string]kept)
	for _, r := range c.Records {
		k := kept{state: string(r.State)}
		if r.Digest != [32]byte{} {
			k.body = string(body(t, s, r.Digest))
		}
		found[r.Key] = k
	}
	for _, digest := range c.Orphans {
		body(t, s, digest)
	}
	return found
}

func body(t *testing.T, s *disk.Store, digest [32]byte) []byte {
	t.Helper()
	b, err := s.Body(digest)
	if err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(b) != digest {
		t.Fatalf("body has another digest")
	}
	return b
}

// tell runs the story until something fails. It returns what the last change that
// succeeded left, and what the one that failed would have made of it.
func tell(files disk.FS) (told map[string]kept, next map[string]kept, left []step) {
	told = map[string]kept{}
	s, _, err := disk.Open("/data", files)
	if err != nil {
		return told, told, story
	}
	defer s.Close()
	for i, c := range story {
		if err := c.do(s); err != nil {
			return told, c.apply(told), story[i:]
		}
		told = c.apply(told)
	}
	return told, told, nil
}

// between checks that each key has what one of two moments gave it.
func between(found, old, next map[string]kept) error {
	keys := maps.Clone(old)
	maps.Copy(keys, next)
	maps.Copy(keys, found)
	for key := range keys {
		if found[key] != old[key] && found[key] != next[key] {
			return fmt.Errorf("key %s: state %q, want %q or %q, with its body", key, found[key].state, old[key].state, next[key].state)
		}
	}
	return nil
}

// The power is cut at every operation of the story. The machine finds for each key
// what was acknowledged or what was being written, whole; nothing counts as
// damaged; what was read stays after a second cut; and the story can go on.
func TestPowerCut(t *testing.T) {
	seeds := uint64(4)
	if os.Getenv("EDGETRUST_LONG") != "" {
		seeds = 50
	}
	whole := disktest.New()
	if _, _, left := tell(whole); left != nil {
		t.Fatal("the story cannot be told")
	}
	cuts := whole.Operations()
	for cut := 1; cut <= cuts+1; cut++ {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%d/%d", cut, seed), func(t *testing.T) {
				f := disktest.New()
				f.CrashAt(cut)
				old, next, left := tell(f)
				f = f.Reboot(seed)
				_, found := read(t, f)
				if err := between(found, old, next); err != nil {
					t.Fatal(err)
				}
				f = f.Reboot(seed)
				s, again := read(t, f)
				if !maps.Equal(found, again) {
					t.Fatalf("read %v, and after a second cut %v", found, again)
				}
				for _, c := range left {
					if err := c.do(s); err != nil {
						t.Fatal(err)
					}
					next = c.apply(next)
				}
				if _, found = read(t, f.Reboot(seed)); !maps.Equal(found, next) {
					t.Fatalf("at the end of the story %v, want %v", found, next)
				}
			})
		}
	}
	t.Logf("%d operations, %d seeds each", cuts, seeds)
}

// A process that is killed leaves what it wrote in view, durable or not. What the
// next process reads there must stay after a cut, because it has acted on it.
func TestKilledThenPowerCut(t *testing.T) {
	whole := disktest.New()
	tell(whole)
	for cut := 1; cut <= whole.Operations(); cut++ {
		for seed := range uint64(4) {
			f := disktest.New()
			f.CrashAt(cut)
			old, next, _ := tell(f)
			f = f.Restart()
			_, found := read(t, f)
			if err := between(found, old, next); err != nil {
				t.Fatalf("killed at %d: %v", cut, err)
			}
			if _, again := read(t, f.Reboot(seed)); !maps.Equal(found, again) {
				t.Fatalf("killed at %d, seed %d: read %v, and after a cut %v", cut, seed, found, again)
			}
		}
	}
}

// The power is cut while a folder is opened that an earlier cut left with work to
// do.
func TestPowerCutWhileOpening(t *testing.T) {
	whole := disktest.New()
	tell(whole)
	for _, first := range []int{whole.Operations() / 3, whole.Operations() / 2, whole.Operations() - 2} {
		for cut, opened := 1, false; !opened; cut++ {
			f := disktest.New()
			f.CrashAt(first)
			old, next, _ := tell(f)
			f = f.Reboot(1)
			f.CrashAt(cut)
			_, _, err := disk.Open("/data", f)
			if err != nil && !errors.Is(err, disktest.ErrDown) {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			_, found := read(t, f.Reboot(uint64(cut)))
			if err := between(found, old, next); err != nil {
				t.Fatalf("cut at %d and %d: %v", first, cut, err)
			}
			opened = f.Operations() < cut
		}
	}
}
