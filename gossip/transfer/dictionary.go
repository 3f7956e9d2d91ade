package transfer

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// encoding is Dictionary-Compressed Zstandard (RFC 9842 section 5).
const encoding = "dcz"

// magic begins a body in that encoding; the digest of the dictionary follows, then the
// Zstandard frame.
var magic = []byte{0x5e, 0x2a, 0x4d, 0x18, 0x20, 0x00, 0x00, 0x00}

// available is the field by which the asker says which dictionary it has: a byte
// sequence of structured fields (RFC 9842 section 2.2; RFC 9651 section 3.3.5).
func available(d artefact.Digest) string {
	return ":" + base64.StdEncoding.EncodeToString(d[:]) + ":"
}

func parseAvailable(field string) (d artefact.Digest, ok bool) {
	inner, found := strings.CutPrefix(strings.TrimSpace(field), ":")
	inner, closed := strings.CutSuffix(inner, ":")
	if !found || !closed {
		return d, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(inner)
	if err != nil || len(b) != len(d) {
		return d, false
	}
	return artefact.Digest(b), true
}

// compress writes a body against its predecessor; false if that gains nothing.
func compress(body, before []byte) ([]byte, bool) {
	if len(before) == 0 || len(before) > maxDictionary || len(body) > maxDictionary {
		return nil, false
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithEncoderDictRaw(0, before), zstd.WithWindowSize(windowFor(len(body)+len(before))), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, false
	}
	sum := artefact.Sum(before)
	out := append(append(make([]byte, 0, len(body)/2), magic...), sum[:]...)
	out = w.EncodeAll(body, out)
	return out, len(out) < len(body)*3/4
}

// windowFor is a window over both the body and its dictionary.
func windowFor(n int) int {
	window := zstd.MinWindowSize
	for window < n {
		window *= 2
	}
	return window
}

var (
	errEncoding = errors.New("the peer's answer is not compressed as it says")
	// errBroke says that the way to the peer ended before the answer did, which is
	// nobody's fault.
	errBroke = errors.New("a compressed body broke off")
)

// decompress reads what compress wrote, of at most size bytes.
func decompress(r io.Reader, before []byte, size int) ([]byte, error) {
	f := &failing{Reader: r}
	b, err := inflate(f, before, size)
	if f.err != nil { // what the decoder made of it is of no interest
		return nil, fmt.Errorf("%w: %w", errBroke, f.err)
	}
	return b, err
}

func inflate(r io.Reader, before []byte, size int) ([]byte, error) {
	head := make([]byte, len(magic)+len(artefact.Digest{}))
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, errEncoding
	}
	sum := artefact.Sum(before)
	if !bytes.Equal(head[:len(magic)], magic) || !bytes.Equal(head[len(magic):], sum[:]) {
		return nil, errEncoding
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(uint64(windowFor(size+len(before)))), zstd.WithDecoderDictRaw(0, before))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	b, err := io.ReadAll(io.LimitReader(z, int64(size)+1))
	switch {
	case err != nil:
		return nil, errEncoding
	case len(b) > size:
		return nil, ErrWrong
	}
	return b, nil
}

// failing is a reader that remembers how it failed, whatever who reads makes of that.
type failing struct {
	io.Reader
	err error // nil: it did not
}

func (f *failing) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}
