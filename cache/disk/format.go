package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// The format file says whose folder this is. It is the first thing in a new folder,
// so that a node which was given somebody else's leaves that as it is.
const (
	formatOwner = "edgetrust cache "
	formatLine  = formatOwner + "1\n"
)

// checkFormat accepts a folder of this format, and makes a new one of it if it is
// empty.
func (s *Store) checkFormat() error {
	b, err := s.read(formatFile, int64(len(formatLine))+16)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.begin()
	case err != nil && !errors.Is(err, errTooLarge):
		return fmt.Errorf("failed to read the format of a data folder: %w", err)
	case string(b) == formatLine:
		return nil
	case strings.HasPrefix(string(b), formatOwner):
		return fmt.Errorf("%s is of another version than this program's (%q): run the program that wrote it, "+
			"or give this node a new data_dir, which it fills again", s.dir, strings.TrimSpace(formatLine))
	}
	return fmt.Errorf("%s is damaged or not a node's: write the line %q into it if the folder is one, "+
		"or give this node a new data_dir, which it fills again", s.path(formatFile), strings.TrimSpace(formatLine))
}

// begin makes a new folder durable before anything is put there.
func (s *Store) begin() error {
	entries, err := s.list(".", 64)
	if err != nil {
		return fmt.Errorf("failed to list a data folder: %w", err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == lockFile, name == formatFile+temporary: // of a start that was cut off
		case name == "lost+found", strings.HasPrefix(name, "."): // the file system's own
		default:
			return fmt.Errorf("%s holds files and no file %q, so it is not a node's: give the node a data_dir of its own", s.dir, formatFile)
		}
	}
	// A parent that may not be read is of an administrator, who made the folder.
	err = s.fs.SyncDir(filepath.Dir(filepath.Clean(s.dir)))
	if err == nil || errors.Is(err, fs.ErrPermission) {
		err = s.write(formatFile, []byte(formatLine))
	}
	if err == nil {
		err = s.rename(formatFile)
	}
	if err == nil {
		err = s.fs.SyncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("failed to begin a data folder: %w", err)
	}
	return nil
}
