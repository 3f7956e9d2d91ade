package cache_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Every file of a data_dir is truncated, emptied, bit-flipped and deleted in turn.
// Each time the node starts, costs at most the list the file is of, serves no older
// version of it, makes nothing valid that is not, and says what it found.
func TestDamagedFiles(t *testing.T) {
	var opts cache.Options
	w := realWorld(t, func(_ *verifytest.World, o *cache.Options) { opts = *o })
	good := t.TempDir()
	start := func(dir string) (*world, func()) {
		d, held, err := disk.Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := *w
		s.store = cache.New(opts, w.Now)
		s.store.Restore(d, held, w.Now)
		return &s, func() { _ = d.Close() }
	}
	first, stop := start(good)
	first.loadAll(w.Now)
	first.admitList("pid", verifytest.ListOptions{Sequence: 2}, w.Now)
	names := first.infos(w.Now)
	stop()

	files := 0
	err := filepath.WalkDir(good, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Base(path) == "lock" || filepath.Base(path) == "format" {
			return err
		}
		files++
		rel, _ := filepath.Rel(good, path)
		for what, damage := range damages {
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				return err
			}
			if err := damage(filepath.Join(dir, rel)); err != nil {
				return err
			}
			after, stop := start(dir)
			lost := 0
			for name, was := range names {
				is := after.info(name, w.Now)
				switch {
				case was.Source.Type == artefact.Anchors:
				case is.List == nil:
					lost++
				case is.Ref.Version != was.Ref.Version:
					t.Errorf("%s %s: %s has version %d", rel, what, name, is.Ref.Version)
				}
			}
			// A LOTL takes the lists that it alone names with it.
			if lost > 1 && after.info(lotl, w.Now).List != nil {
				t.Errorf("%s %s: %d lists are lost", rel, what, lost)
			}
			if lost > 0 && len(after.store.Degraded(w.Now)) == 0 {
				t.Errorf("%s %s: nothing is said", rel, what)
			}
			for _, sample := range []string{"unknown-issuer", "expired", "wrong-country"} {
				if v, codes := after.noStatus(sample, w.Now); v == verify.Valid {
					t.Errorf("%s %s: %s is valid %v", rel, what, sample, codes)
				}
			}
			stop()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d kinds of damage", files, len(damages))
	if files < 2*len(names)-2 {
		t.Errorf("only %d files of %d lists", files, len(names))
	}
}

// damages are what can happen to a file.
var damages = map[string]func(path string) error{
	"truncated": func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()/2)
	},
	"emptied": func(path string) error { return os.Truncate(path, 0) },
	"deleted": os.Remove,
	"bit-flipped": func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return os.WriteFile(path, b, 0o600)
	},
	"replaced by another": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("x", 1000)), 0o600) },
}
