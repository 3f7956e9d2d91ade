package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// maxList bounds a list that is published or inspected, in bytes, as a node does.
const maxList = 16 << 20

// readList reads a list from a file; - is the standard input. It may be compressed
// with gzip, as archives keep it: what publishers sign is the bytes inside. One that
// is too large is refused as a node would refuse it.
func (s *streams) readList(path string) ([]byte, error) {
	src := s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, notReadable("", path, err)
		}
		defer f.Close()
		src = f
	}
	b, err := readUpTo(src, maxList)
	if err != nil && reason.CodeOf(err) == "" {
		err = notReadable("", named(path), err)
	}
	if err != nil || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		b, err = readUpTo(z, maxList)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.EOF) {
		return nil, reason.Refuse(reason.TrustListMalformed, "the gzip file is damaged")
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
