// Package disktest is a file system in memory whose power can be cut: the
// counterpart of package disk in tests. It keeps apart what programs see and what
// a sync has made durable, and after a crash it shows no more than the standard
// promises: what was not synced may be there, in part, as garbage, or not at all.
//
// It can also be full, slow, or fail where a test wants it to.
package disktest

import (
	"errors"
	"io/fs"
	"sync"
	"syscall"
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
