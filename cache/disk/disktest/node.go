package disktest

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// node is a file, or a folder.
type node struct {
	// Of a file: what is read, and what a sync last made durable.
	data, synced []byte

	// Of a folder: what programs see, and for each name that changed since the last
	// sync all that it has stood for, the durable first. A nil node: nothing.
	entries  map[string]*node
	unsynced map[string][]*node
}

func newFolder() *node {
	return &node{entries: make(map[string]*node), unsynced: make(map[string][]*node)}
}

func (n *node) isFolder() bool { return n.entries != nil }

func (n *node) names() []string { return slices.Sorted(maps.Keys(n.entries)) }

func (n *node) mustBeFolder() error {
	switch {
	case n == nil:
		return syscall.ENOENT
	case !n.isFolder():
		return syscall.ENOTDIR
	}
	return nil
}

// set changes what a name stands for.
func (n *node) set(name string, to *node) {
	was := n.unsynced[name]
	if was == nil {
		was = []*node{n.entries[name]}
	}
	n.unsynced[name] = append(was, to)
	if to == nil {
		delete(n.entries, name)
	} else {
		n.entries[name] = to
	}
}

// find returns the folder of a path, and the path's last element. The root is
// found as an entry of itself.
func (n *node) find(name string) (folder *node, base string, err error) {
	name = strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(name)), "/")
	if name == "" {
		return &node{entries: map[string]*node{"": n}}, "", nil
	}
	dirs := strings.Split(name, "/")
	base = dirs[len(dirs)-1]
	for _, dir := range dirs[:len(dirs)-1] {
		n = n.entries[dir]
		if err := n.mustBeFolder(); err != nil {
			return nil, "", err
		}
	}
	return n, base, nil
}

// size is that of all files below.
func (n *node) size() (sum int64) {
	for _, e := range n.entries {
		sum += e.size()
	}
	return sum + int64(len(n.data))
}

// clone copies a tree, all that is not durable included.
func (n *node) clone(made map[*node]*node) *node {
	if n == nil || made[n] != nil {
		return made[n]
	}
	c := &node{data: bytes.Clone(n.data), synced: bytes.Clone(n.synced)}
	made[n] = c
	if n.isFolder() {
		c.entries, c.unsynced = make(map[string]*node), make(map[string][]*node)
	}
	for name, e := range n.entries {
		c.entries[name] = e.clone(made)
	}
	for name, was := range n.unsynced {
		for _, e := range was {
			c.unsynced[name] = append(c.unsynced[name], e.clone(made))
		}
	}
	return c
}

// info describes a node that stands under a name.
func (n *node) info(name string) fs.FileInfo {
	return info{name, int64(len(n.data)), n.isFolder()}
}

type info struct {
	name   string
	size   int64
	folder bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.folder }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
