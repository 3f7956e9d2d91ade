package disktest

import (
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"syscall"

	"github.com/edgetrust/edgetrust/cache/disk"
)

var _ disk.FS = (*FS)(nil)

// Mkdir makes a folder.
func (f *FS) Mkdir(dir string) error {
	return f.at(Mkdir, dir, func(folder *node, base string, n *node) error {
		if n != nil {
			return syscall.EEXIST
		}
		folder.set(base, newFolder())
		return nil
	})
}

// ReadDir lists a folder.
func (f *FS) ReadDir(dir string, limit int) (list []fs.DirEntry, err error) {
	err = f.at(ReadDir, dir, func(_ *node, _ string, n *node) error {
		if err := n.mustBeFolder(); err != nil {
			return err
		}
		for _, name := range n.names() {
			if len(list) < limit {
				list = append(list, fs.FileInfoToDirEntry(n.entries[name].info(name)))
			}
		}
		return nil
	})
	return list, err
}

// SyncDir makes a folder's entries durable, not what they hold.
func (f *FS) SyncDir(dir string) error {
	return f.at(SyncDir, dir, func(_ *node, _ string, n *node) error {
		if err := n.mustBeFolder(); err != nil {
			return err
		}
		clear(n.unsynced)
		return nil
	})
}

// Create makes a file for writing.
func (f *FS) Create(name string) (file disk.File, err error) {
	err = f.at(Create, name, func(folder *node, base string, n *node) error {
		if n != nil {
			return syscall.EEXIST
		}
		n = &node{}
		folder.set(base, n)
		file = &handle{fs: f, node: n, name: name, writes: true}
		return nil
	})
	return file, err
}

// Open opens a file for reading.
func (f *FS) Open(name string) (file disk.File, err error) {
	err = f.at(Open, name, func(_ *node, _ string, n *node) error {
		if n == nil {
			return syscall.ENOENT
		}
		file = &handle{fs: f, node: n, name: name}
		return nil
	})
	return file, err
}

// Stat describes a file or folder.
func (f *FS) Stat(name string) (info fs.FileInfo, err error) {
	err = f.at(Stat, name, func(_ *node, base string, n *node) error {
		if n == nil {
			return syscall.ENOENT
		}
		info = n.info(base)
		return nil
	})
	return info, err
}

// Rename moves a file or folder, in place of a file that may be there.
func (f *FS) Rename(from, to string) error {
	return f.at(Rename, from, func(folder *node, base string, n *node) error {
		if n == nil {
			return syscall.ENOENT
		}
		target, name, err := f.root.find(to)
		if err != nil {
			return err
		}
		if there := target.entries[name]; there != nil && (there.isFolder() || n.isFolder()) {
			return syscall.EEXIST
		}
		folder.set(base, nil)
		target.set(name, n)
		return nil
	})
}

// Remove removes a file or an empty folder.
func (f *FS) Remove(name string) error {
	return f.at(Remove, name, func(folder *node, base string, n *node) error {
		switch {
		case n == nil:
			return syscall.ENOENT
		case len(n.entries) > 0:
			return syscall.ENOTEMPTY
		}
		folder.set(base, nil)
		return nil
	})
}

// Lock locks a file until it is closed, the process restarts, or the machine does.
func (f *FS) Lock(name string) (lock io.Closer, err error) {
	name = path.Clean(filepath.ToSlash(name))
	err = f.at(Lock, name, func(folder *node, base string, n *node) error {
		if n == nil {
			folder.set(base, &node{})
		}
		if f.locks[name] {
			return disk.ErrLocked
		}
		f.locks[name] = true
		lock = unlocker{f, name}
		return nil
	})
	return lock, err
}

type unlocker struct {
	fs   *FS
	name string
}

func (u unlocker) Close() error {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	delete(u.fs.locks, u.name)
	return nil
}
