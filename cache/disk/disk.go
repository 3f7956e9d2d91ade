// Package disk keeps, in one folder, what must survive a crash: for each key (the
// identity of a list) a small state, which is the cache's own and opaque here, and
// the list's bytes as they were received. Most callers need Open at start, Commit
// after a change, and Body where bytes are served.
//
// A Commit that returned nil stands after a loss of power; one that was cut off
// leaves, for each key, the old state or the new one, and the body of the one it
// leaves.
//
// The folder is trusted for nothing that a signature proves: checksums notice
// damage, not malice, and the cache verifies all that is read back. Who can write
// to the folder can make a node forget lists and the marks that rule out older
// ones; he cannot make it believe a list that nobody signed.
package disk

import (
	"errors"
	"io"
	"sync"
)

// Limits.
const (
	MaxKey     = 4096     // bytes of a key
	MaxState   = 64 << 10 // bytes of a state
	MaxBody    = 16 << 20 // bytes of a body: the largest list the cache admits
	MaxRecords = 16_384   // keys in the folder

	maxAside      = 32        // files kept in set-aside
	maxAsideBytes = 128 << 20 // and their bytes
	parallel      = 8         // files written at a time: a file system gathers syncs that coincide
)

// What a caller may match. An error of the file layer is wrapped, so that
// errors.Is finds a full disk (syscall.ENOSPC) in it.
var (
	ErrLocked   = errors.New("folder is locked")
	ErrNotFound = errors.New("no such body")
	ErrDamaged  = errors.New("file is damaged")
	ErrClosed   = errors.New("store is closed")
)

// Record is what is kept under a key.
type Record struct {
	Key   string
	State []byte
	// Digest is the SHA-256 of the body; zero: there is none.
	Digest [32]byte
	// Body is for Commit, which needs it only if the store does not hold Digest
	// yet. Contents never carries it.
	Body []byte
}

// Contents is what Open found.
type Contents struct {
	// Records are sorted by key. Their bodies are read one at a time with
	// Store.Body, so that memory stays small. A record whose body is missing is
	// here all the same, for the sake of its state.
	Records []Record
	// Orphans are undamaged bodies that no record names: their state was lost, or
	// a crash brought back what had been forgotten. The cache may try to admit
	// them; the first Commit or Delete that succeeds forgets those still unnamed.
	Orphans [][32]byte
	// Problems are for the operator: each was set aside, or the text says
	// otherwise.
	Problems []Problem
}

// Problem is a file that could not be used.
type Problem struct {
	File string // relative to the folder
	Why  string
}

// Store is an open folder. It may be used concurrently; Commit and Delete wait for
// one another, Body waits for neither.
type Store struct {
	dir  string
	fs   FS
	lock io.Closer

	writing  sync.Mutex          // held by whoever changes the folder; guards what follows
	named    map[string][32]byte // what the state file of each key names
	unsynced map[string]bool     // subfolders whose entries may not be durable yet
	aside    aside

	mu     sync.Mutex        // guards what follows; never held during I/O
	held   map[[32]byte]bool // bodies in the folder; true: seen to be undamaged
	closed bool
}

// Close unlocks the folder. Every later call answers ErrClosed, but for Close
// itself.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	if was {
		return nil
	}
	return s.lock.Close()
}

// usable says whether the store may still be used.
func (s *Store) usable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	return nil
}
