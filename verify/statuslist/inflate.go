package statuslist

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// How the array is sized before its length is known: no DEFLATE stream grows more
// than 1032-fold, and 2^20 entries of one bit are the commonest list.
const (
	maxRatio   = 1032
	firstArray = 128 << 10
)

// inflate decompresses a zlib stream (RFC 1950) of at most limit bytes into its
// final array. The stream is read to its checksum; a preset dictionary, a
// truncated stream and bytes after it are refused. A stream that would grow past
// the limit is given up at the limit.
func inflate(compressed []byte, limit int) ([]byte, error) {
	if len(compressed) > MaxCompressed {
		return nil, tooLarge(MaxCompressed, "of a compressed list")
	}
	src := bytes.NewReader(compressed)
	z, err := zlib.NewReader(src)
	if err != nil {
		return nil, failed("not a zlib stream without a preset dictionary")
	}
	array, err := readAll(z, min(firstArray, maxRatio*len(compressed)), limit)
	switch {
	case errors.Is(err, errLimit):
		return nil, tooLarge(limit, "of an inflated list")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, failed("the zlib stream is truncated")
	case err != nil:
		return nil, failed("the zlib stream is corrupt")
	case src.Len() > 0:
		return nil, failed("bytes follow the zlib stream")
	}
	return array, nil
}

var errLimit = errors.New("limit reached")

// readAll reads to the end, doubling the array only when a byte more has come: a
// list whose size is a power of two, as most are, is never copied to be trimmed.
func readAll(r io.Reader, first, limit int) ([]byte, error) {
	array := make([]byte, min(first, limit))
	var next [1]byte
	for n := 0; ; {
		into := array[n:]
		if len(into) == 0 {
			into = next[:]
		}
		m, err := r.Read(into)
		if m > 0 && n == len(array) {
			if n == limit {
				return nil, errLimit
			}
			grown := make([]byte, min(2*n, limit))
			copy(grown, array)
			grown[n] = next[0]
			array = grown
		}
		n += m
		switch {
		case err == io.EOF && n < len(array):
			return bytes.Clone(array[:n]), nil // the memory is what the list needs
		case err == io.EOF:
			return array, nil
		case err != nil:
			return nil, err
		}
	}
}

func failed(what string) error {
	return reason.Refuse(reason.StatusListDecompressFailed, "%s", what)
}

func tooLarge(limit int, what string) error {
	return reason.Refuse(reason.StatusListTooLarge, "more than %d bytes %s", limit, what)
}
