package disk

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// aside counts what lies in set-aside, which is bounded: the first files are kept,
// because they show how it began.
type aside struct {
	files int
	bytes int64
	last  int // number of the newest
}

func (s *Store) countAside() error {
	entries, err := s.list(asideDir, 4*maxAside)
	if err != nil {
		return fmt.Errorf("failed to list a data folder: %w", err)
	}
	for _, e := range entries {
		s.aside.files++
		if info, err := e.Info(); err == nil {
			s.aside.bytes += info.Size()
		}
		number, _, _ := strings.Cut(e.Name(), "-")
		if n, err := strconv.Atoi(number); err == nil {
			s.aside.last = max(s.aside.last, n)
		}
	}
	return nil
}

// setAside moves a file of states or bodies out of the way and says where to. If
// there is no more room, a file of ours is removed and a stranger's stays: it is
// not ours to delete, and nobody reads it. The caller holds writing, or is Open.
func (s *Store) setAside(name string) (where string) {
	base := path.Base(name)
	_, our := digestOf(base)
	if !our {
		base = "foreign" // names of others may be of any length
	}
	var size int64
	info, err := s.fs.Stat(s.path(name))
	if err == nil {
		size = info.Size()
		our = our && info.Mode().IsRegular()
	}
	full := s.aside.files >= maxAside || s.aside.bytes+size > maxAsideBytes
	if full && !our {
		return "it stays there, because " + asideDir + " is full: empty that, and move this file away"
	}
	if full {
		if err := s.fs.Remove(s.path(name)); err != nil {
			return fmt.Sprintf("it could not be removed: %v", err)
		}
		return "removed, because " + asideDir + " is full: empty that"
	}
	to := fmt.Sprintf("%s/%d-%s-%s", asideDir, s.aside.last+1, path.Dir(name), base)
	if err := s.fs.Rename(s.path(name), s.path(to)); err != nil {
		return fmt.Sprintf("it could not be set aside: %v", err)
	}
	s.aside.files++
	s.aside.bytes += size
	s.aside.last++
	return "moved to " + to
}
