//go:build unix && !aix && !solaris

package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// flock locks a file. The kernel drops the lock when the process ends, however
// it ends. Reading suffices, so that a file system that has gone read-only can
// still be read.
func flock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrLocked
	}
	return nil, &fs.PathError{Op: "flock", Path: name, Err: err}
}
