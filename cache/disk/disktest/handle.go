package disktest

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"syscall"

	"github.com/edgetrust/edgetrust/cache/disk"
)

// handle is an open file.
type handle struct {
	fs     *FS
	node   *node
	name   string
	at     int // bytes read
	writes bool
}

var _ disk.File = (*handle)(nil)

func (h *handle) Close() error { return nil }

func (h *handle) do(op Op, do func() error) error {
	if err := h.fs.begin(op, h.name); err != nil {
		return err
	}
	defer h.fs.mu.Unlock()
	return pathError(op, h.name, do())
}

func (h *handle) Stat() (info fs.FileInfo, err error) {
	err = h.do(Stat, func() error {
		info = h.node.info(path.Base(h.name))
		return nil
	})
	return info, err
}

func (h *handle) Read(b []byte) (n int, err error) {
	end := false
	err = h.do(Read, func() error {
		if h.node.isFolder() {
			return syscall.EISDIR
		}
		n = copy(b, h.node.data[h.at:])
		h.at += n
		end = n == 0 && len(b) > 0
		return nil
	})
	if err == nil && end {
		err = io.EOF
	}
	return n, err
}

func (h *handle) Write(b []byte) (n int, err error) {
	err = h.do(Write, func() error {
		if !h.writes {
			return syscall.EBADF
		}
		n = len(b)
		if c := h.fs.capacity; c >= 0 {
			n = int(min(int64(n), max(0, c-h.fs.root.size())))
		}
		h.node.data = append(h.node.data, b[:n]...)
		if n < len(b) {
			return syscall.ENOSPC
		}
		return nil
	})
	return n, err
}

func (h *handle) Sync() error {
	return h.do(Sync, func() error {
		h.node.synced = bytes.Clone(h.node.data)
		return nil
	})
}
