package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// maxFiles bounds a folder that is published.
const maxFiles = 4096

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
		return []*published{r.fileToPublish(path, path)}, nil
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
			files = append(files, r.fileToPublish(e.Name(), name))
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
func (r *run) fileToPublish(name, path string) *published {
	return &published{File: name, Outcome: outcomeNotTried, read: func() ([]byte, error) { return r.readList(path) }}
}

// inputToPublish is read once, because it cannot be read twice.
func (r *run) inputToPublish() []*published {
	b, err := r.readList("-")
	return []*published{{File: "-", Outcome: outcomeNotTried, read: func() ([]byte, error) { return b, err }}}
}
