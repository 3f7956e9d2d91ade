package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// FS is the file layer under a Store. It is wider than an interface should be
// because a test that cuts the power must see each step of making a file durable;
// package disktest has such a layer. Errors match those of io/fs.
type FS interface {
	Mkdir(dir string) error // private to the user
	// ReadDir returns at most n entries, in any order.
	ReadDir(dir string, n int) ([]fs.DirEntry, error)
	SyncDir(dir string) error
	Create(name string) (File, error) // private to the user; the file must not exist
	Open(name string) (File, error)
	Stat(name string) (fs.FileInfo, error) // of a link, not of what it points to
	Rename(from, to string) error          // replaces a file
	Remove(name string) error
	// Lock makes the file if there is none and locks it until it is closed or the
	// process ends. If somebody else holds the lock the error is ErrLocked.
	Lock(name string) (io.Closer, error)
}

// File is an open file: for reading after Open, for writing after Create.
type File interface {
	fs.File
	io.Writer
	Sync() error
}

// The names in the folder. In states and bodies every file is ours; what else lies
// beside these is not looked at.
const (
	lockFile   = "lock"
	formatFile = "format"
	bodyDir    = "bodies"
	stateDir   = "states"
	asideDir   = "set-aside"
	temporary  = ".tmp" // ends the name of a file that is not finished
)

var errTooLarge = errors.New("file is too large")

func (s *Store) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// read returns the content of a file of at most limit bytes. It allocates what the
// file needs and no more.
func (s *Store) read(name string, limit int64) ([]byte, error) {
	f, err := s.fs.Open(s.path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, errTooLarge
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, err
	}
	return b, nil
}

// write makes a file's content durable under a temporary name. Its own name it
// gets by rename, when all that belongs to the same change is written.
func (s *Store) write(name string, content []byte) error {
	path := s.path(name + temporary)
	f, err := s.fs.Create(path)
	if errors.Is(err, fs.ErrExist) { // left by a failure that could not clean up
		if err = s.fs.Remove(path); err == nil {
			f, err = s.fs.Create(path)
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// rename gives a written file its name. The folder is to be synced afterwards.
func (s *Store) rename(name string) error {
	return s.fs.Rename(s.path(name+temporary), s.path(name))
}

// sync makes the entries of all changed subfolders durable.
func (s *Store) sync() error {
	for _, dir := range []string{".", bodyDir, stateDir} {
		if !s.unsynced[dir] {
			continue
		}
		if err := s.fs.SyncDir(s.path(dir)); err != nil {
			return fmt.Errorf("failed to sync a folder: %w", err)
		}
		delete(s.unsynced, dir)
	}
	return nil
}

// list returns the entries of a subfolder in the order of their names.
func (s *Store) list(dir string, limit int) ([]fs.DirEntry, error) {
	entries, err := s.fs.ReadDir(s.path(dir), limit+1)
	if err != nil {
		return nil, err
	}
	if len(entries) > limit {
		return nil, fmt.Errorf("%s holds more than %d files: move away those that are not the node's", s.path(dir), limit)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// exhausted says that the node, not the file, is at fault: nothing is wrong with a
// file that could not be opened for want of descriptors.
func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}
