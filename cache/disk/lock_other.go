//go:build !unix || aix || solaris

package disk

import (
	"errors"
	"io"
)

// flock refuses: without a lock, and without a way to sync a folder, nothing
// that this package promises could be kept.
func flock(string) (io.Closer, error) {
	return nil, errors.New("a data folder needs a Unix system; without one a node runs from memory")
}
