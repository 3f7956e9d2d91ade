package disk

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Open locks the folder dir, which it makes if only its parent exists, and reads
// what is there. Files may be nil: the operating system's.
//
// Leftovers of unfinished writes are removed. A file that is damaged, or in states
// and bodies not ours, is set aside, reported in Contents.Problems, and disturbs no
// other. Bodies that a record names are checked when they are read, by Body.
//
// An error means that the folder cannot be used at all: it is in use (ErrLocked),
// it is not a node's, it was written by a newer version, or the file layer failed.
// A folder that can be read and not written opens with a Problem.
func Open(dir string, files FS) (*Store, *Contents, error) {
	if files == nil {
		files = system{}
	}
	s := &Store{
		dir: dir, fs: files,
		named:    make(map[string][32]byte),
		unsynced: map[string]bool{".": true, bodyDir: true, stateDir: true},
		held:     make(map[[32]byte]bool),
	}
	if err := s.mkdir("."); err != nil {
		return nil, nil, err
	}
	lock, err := files.Lock(s.path(lockFile))
	if errors.Is(err, ErrLocked) {
		return nil, nil, fmt.Errorf("%s is in use by another node: stop it, or give this node a data_dir of its own: %w", dir, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("failed to lock a data folder: %w", err)
	}
	s.lock = lock
	contents, err := s.load()
	if err != nil {
		lock.Close()
		return nil, nil, err
	}
	return s, contents, nil
}

func (s *Store) mkdir(name string) error {
	if err := s.fs.Mkdir(s.path(name)); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("failed to make a data folder: %w", err)
	}
	return nil
}

func (s *Store) load() (*Contents, error) {
	if err := s.checkFormat(); err != nil {
		return nil, err
	}
	for _, dir := range []string{bodyDir, stateDir, asideDir} {
		if err := s.mkdir(dir); err != nil {
			return nil, err
		}
	}
	c := &Contents{}
	// A process that was killed may have left entries that are seen and yet not
	// durable. The cache acts on what is read here, so they must be.
	if err := s.sync(); err != nil {
		c.Problems = append(c.Problems, Problem{".", fmt.Sprintf("what it holds may not survive a loss of power: %v", err)})
	}
	if err := s.countAside(); err != nil {
		return nil, err
	}
	if err := s.loadStates(c); err != nil {
		return nil, err
	}
	if err := s.loadBodies(c); err != nil {
		return nil, err
	}
	slices.SortFunc(c.Records, func(a, b Record) int { return cmp.Compare(a.Key, b.Key) })
	return c, nil
}

func (s *Store) loadStates(c *Contents) error {
	names, err := s.ours(stateDir, c)
	if err != nil {
		return err
	}
	for _, name := range names {
		r, err := s.readState(name)
		if exhausted(err) {
			return fmt.Errorf("failed to read a state: %w", err)
		}
		if err != nil {
			s.reject(c, name, err.Error())
			continue
		}
		s.named[r.Key] = r.Digest
		c.Records = append(c.Records, r)
	}
	return nil
}

func (s *Store) readState(name string) (Record, error) {
	b, err := s.read(name, int64(maxStateFile))
	if err != nil {
		return Record{}, err
	}
	r, err := decodeState(b)
	if err == nil && stateName(r.Key) != name {
		err = errors.New("the state of another file")
	}
	return r, err
}

// reject sets a file aside and reports it.
func (s *Store) reject(c *Contents, name, why string) {
	c.Problems = append(c.Problems, Problem{name, why + "; " + s.setAside(name)})
}

// loadBodies takes stock of the bodies. Those that no state names are read here
// and now, because nobody will ask for them.
func (s *Store) loadBodies(c *Contents) error {
	names, err := s.ours(bodyDir, c)
	if err != nil {
		return err
	}
	wanted := s.wanted()
	for _, name := range names {
		digest, _ := digestOf(filepath.Base(name))
		s.held[digest] = false
		if wanted[digest] {
			continue
		}
		_, err := s.readBody(digest)
		switch {
		case exhausted(err):
			return fmt.Errorf("failed to read a body: %w", err)
		case err != nil:
			delete(s.held, digest)
			s.reject(c, name, err.Error())
		default:
			c.Orphans = append(c.Orphans, digest)
		}
	}
	for _, r := range c.Records {
		if _, ok := s.held[r.Digest]; !ok && r.Digest != ([32]byte{}) {
			c.Problems = append(c.Problems, Problem{bodyName(r.Digest), "missing, though a state names it"})
		}
	}
	return nil
}

// ours returns the names of the files of states or bodies that may be read,
// removes leftovers, and sets aside what nobody but a stranger put there.
func (s *Store) ours(dir string, c *Contents) (names []string, err error) {
	entries, err := s.list(dir, 3*MaxRecords) // old, new and unfinished
	if err != nil {
		return nil, fmt.Errorf("failed to list a data folder: %w", err)
	}
	for _, e := range entries {
		name := dir + "/" + e.Name()
		base, unfinished := strings.CutSuffix(e.Name(), temporary)
		_, isDigest := digestOf(base)
		switch {
		case !isDigest || !e.Type().IsRegular():
			s.reject(c, name, "not a file of this folder")
		case !unfinished:
			names = append(names, name)
		default:
			// Harmless if it stays: write removes it when it is in the way.
			_ = s.fs.Remove(s.path(name))
		}
	}
	return names, nil
}
