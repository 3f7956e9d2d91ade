package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// system is the operating system's file layer.
type system struct{}

func (system) Mkdir(dir string) error                { return os.Mkdir(dir, 0o700) }
func (system) Stat(name string) (fs.FileInfo, error) { return os.Lstat(name) }
func (system) Rename(from, to string) error          { return os.Rename(from, to) }
func (system) Remove(name string) error              { return os.Remove(name) }
func (system) Lock(name string) (io.Closer, error)   { return flock(name) }

func (system) Create(name string) (File, error) {
	return opened(os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600))
}

func (system) Open(name string) (File, error) { return opened(os.Open(name)) }

// opened keeps a nil file from becoming an interface that is not nil.
func opened(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (system) ReadDir(dir string, n int) ([]fs.DirEntry, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(n)
	if errors.Is(err, io.EOF) { // empty
		err = nil
	}
	return entries, err
}

func (system) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
