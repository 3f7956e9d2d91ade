package disktest

import (
	"bytes"
	"math/rand/v2"
	"slices"
)

// Restart ends the process and not the machine: everything written is still seen,
// durable or not, and locks are free. The old file system is down.
func (f *FS) Restart() *FS {
	return f.next(func(root *node) *node { return root.clone(make(map[*node]*node)) })
}

// Reboot cuts the power and returns the file system as the machine finds it. Each
// entry that was not synced is what it was at some moment since the last sync, each
// apart from the others; each file that was not synced is old, new, a part, filled
// with zeros, or empty. The seed decides, so that a failure can be repeated. The
// old file system is down.
func (f *FS) Reboot(seed uint64) *FS {
	c := crash{rand.New(rand.NewPCG(seed, 0)), make(map[*node]*node)}
	return f.next(c.survivor)
}

func (f *FS) next(root func(*node) *node) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := New()
	g.root = root(f.root)
	f.crashAt = 1
	return g
}

type crash struct {
	rng  *rand.Rand
	made map[*node]*node
}

// survivor returns what is left of a file or folder.
func (c crash) survivor(n *node) *node {
	if n == nil || c.made[n] != nil {
		return c.made[n]
	}
	if !n.isFolder() {
		data := c.content(n)
		left := &node{data: data, synced: bytes.Clone(data)}
		c.made[n] = left
		return left
	}
	left := newFolder()
	c.made[n] = left
	names := n.names()
	for name := range n.unsynced {
		if n.entries[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names) // for the seed's sake
	for _, name := range names {
		e := n.entries[name]
		if was := n.unsynced[name]; was != nil {
			e = was[c.rng.IntN(len(was))]
		}
		if e = c.survivor(e); e != nil {
			left.entries[name] = e
		}
	}
	return left
}

func (c crash) content(n *node) []byte {
	if bytes.Equal(n.data, n.synced) {
		return bytes.Clone(n.synced)
	}
	part := c.rng.IntN(len(n.data) + 1)
	switch c.rng.IntN(5) {
	case 0:
		return bytes.Clone(n.synced)
	case 1:
		return bytes.Clone(n.data)
	case 2:
		return bytes.Clone(n.data[:part])
	case 3: // the length was written, the data was not
		return append(bytes.Clone(n.data[:part]), make([]byte, len(n.data)-part)...)
	default:
		return nil
	}
}
