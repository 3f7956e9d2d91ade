// Package disktest is a file system in memory whose power can be cut: the
// counterpart of package disk in tests. It keeps apart what programs see and what
// a sync has made durable, and after a crash it shows no more than the standard
// promises: what was not synced may be there, in part, as garbage, or not at all.
//
// It can also be full, slow, or fail where a test wants it to.
package disktest

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/edgetrust/edgetrust/cache/disk"
)

// Op is a kind of operation.
type Op string

// The operations. Closing a file is none.
const (
	Mkdir   Op = "mkdir"
	ReadDir Op = "readdir"
	SyncDir Op = "syncdir"
	Create  Op = "create"
	Open    Op = "open"
	Stat    Op = "stat"
	Rename  Op = "rename"
	Remove  Op = "remove"
	Lock    Op = "lock"
	Read    Op = "read"
	Write   Op = "write"
	Sync    Op = "sync"
)

// ErrDown is the error of every operation from a crash on.
var ErrDown = errors.New("the machine is down")

// FS is the file system. It may be used concurrently.
type FS struct {
	mu       sync.Mutex
	root     *node
	locks    map[string]bool
	done     int // operations so far
	crashAt  int // 0: never
	capacity int64
	fault    func(Op, string) error
}

var _ disk.FS = (*FS)(nil)

// New returns an empty file system without limits.
func New() *FS { return &FS{root: newFolder(), locks: make(map[string]bool), capacity: -1} }

// Operations returns how many operations were begun.
func (f *FS) Operations() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// CrashAt makes the n-th operation, counted from the first of all, and every later
// one fail without effect. Zero: none.
func (f *FS) CrashAt(n int) {
	f.mu.Lock()
	f.crashAt = n
	f.mu.Unlock()
}

// Capacity bounds the bytes of all files together: a write beyond it writes what
// fits and fails with ENOSPC. Negative: no bound.
func (f *FS) Capacity(bytes int64) {
	f.mu.Lock()
	f.capacity = bytes
	f.mu.Unlock()
}

// Fault is asked before each operation and may make it fail, or wait to make it
// slow. Nil: nothing fails.
func (f *FS) Fault(fault func(op Op, name string) error) {
	f.mu.Lock()
	f.fault = fault
	f.mu.Unlock()
}

// ReadOnly is a fault: a file system that has gone read-only.
func ReadOnly(op Op, _ string) error {
	switch op {
	case Create, Write, Rename, Remove, Sync, SyncDir:
		return syscall.EROFS
	}
	return nil
}

// begin counts an operation, and says what is wrong with it. If nothing is it
// returns with mu locked.
func (f *FS) begin(op Op, name string) error {
	f.mu.Lock()
	f.done++
	number, fault := f.done, f.fault
	f.mu.Unlock()
	var err error
	if fault != nil {
		err = fault(op, name)
	}
	f.mu.Lock()
	if f.crashAt != 0 && number >= f.crashAt {
		err = ErrDown
	}
	if err != nil {
		f.mu.Unlock()
	}
	return pathError(op, name, err)
}

// at runs an operation on an entry of a folder, whose node may be nil.
func (f *FS) at(op Op, name string, do func(folder *node, base string, n *node) error) error {
	if err := f.begin(op, name); err != nil {
		return err
	}
	defer f.mu.Unlock()
	folder, base, err := f.root.find(name)
	if err == nil {
		err = do(folder, base, folder.entries[base])
	}
	return pathError(op, name, err)
}

func pathError(op Op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: string(op), Path: name, Err: err}
}

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
