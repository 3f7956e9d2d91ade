package cache_test

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
	"github.com/edgetrust/edgetrust/cache/disk/disktest"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// kept is a world whose store has a disk, and can be started again.
type kept struct {
	*world
	fs   *disktest.FS
	opts cache.Options
	disk *disk.Store
}

// keptWorld is a realWorld on a disk of its own, with nothing on it yet.
func keptWorld(t testing.TB, change func(*verifytest.World, *cache.Options)) *kept {
	t.Helper()
	k := &kept{fs: disktest.New()}
	k.world = realWorld(t, func(w *verifytest.World, o *cache.Options) {
		if change != nil {
			change(w, o)
		}
		k.opts = *o
	})
	k.start(k.Now)
	return k
}

// start opens the disk and makes a store of what is on it, as a process would.
func (k *kept) start(now time.Time) {
	k.t.Helper()
	var held *disk.Contents
	var err error
	if k.disk, held, err = disk.Open("data", k.fs); err != nil {
		k.t.Fatal(err)
	}
	k.store = cache.New(k.opts, now)
	k.store.Restore(k.disk, held, now)
}

// restart ends the process and starts it again at a time. The bundle is read from
// its own file, as at any start.
func (k *kept) restart(now time.Time) {
	k.t.Helper()
	k.fs = k.fs.Restart()
	k.start(now)
	if slices.ContainsFunc(k.opts.Sources, func(s cache.Source) bool { return s.Name == "eaa" }) {
		k.must(k.admit(artefact.Anchors, "eaa", artefact.File, k.EAA().Bundle(), now))
	}
}
