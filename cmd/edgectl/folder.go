package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Limits of what is published or inspected.
const (
	maxList  = 16 << 20 // bytes, as a node reads
	maxFiles = 4096     // in a folder
)

// publishable returns the file, or every regular file of a folder, by name. Folders
// in it are passed over and said so.
func (r *run) publishable(path string) ([]*published, error) {
	if path == "-" {
		return r.inputToPublish(), nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, notReadable("", path, err)
	}
	if !info.IsDir() {
		return []*published{fileToPublish(path, path)}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, notReadable("", path, err)
	}
	var files []*published
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		switch info, err := os.Stat(name); {
		case err != nil:
			return nil, notReadable("", name, err)
		case info.Mode().IsRegular():
			files = append(files, fileToPublish(e.Name(), name))
		default:
			r.warn("%s is not a file and is passed over", name)
		}
	}
	switch {
	case len(files) == 0:
		return nil, &usageError{text: path + ": no file in this folder"}
	case len(files) > maxFiles:
		return nil, &usageError{text: fmt.Sprintf("%s: more than %d files; publish them in parts", path, maxFiles)}
	}
	return files, nil
}

// fileToPublish reads the file when its turn comes: a folder may be larger than
// memory, and a second try is rare.
func fileToPublish(name, path string) *published {
	return &published{File: name, Outcome: outcomeNotTried, read: func() ([]byte, error) { return readList(path) }}
}

// inputToPublish is read once, because it cannot be read twice.
func (r *run) inputToPublish() []*published {
	b, err := readUpTo(r.in, maxList)
	return []*published{{File: "-", Outcome: outcomeNotTried, read: func() ([]byte, error) { return b, err }}}
}

// readList reads a list from a file. One that is too large is refused as a node
// would refuse it.
func readList(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, notReadable("", path, err)
	}
	defer f.Close()
	b, err := readUpTo(f, maxList)
	if err != nil && reason.CodeOf(err) == "" {
		err = notReadable("", path, err)
	}
	return b, err
}

func readUpTo(src io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(src, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = reason.Refuse(reason.TrustListTooLarge, "larger than %d MiB", limit>>20)
	}
	return b, err
}
