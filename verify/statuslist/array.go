package statuslist

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Value returns the status at an index, ok false beyond the capacity. Entries fill
// each byte from its least significant bit (section 4.1). It allocates nothing.
func (t *Token) Value(index uint64) (value byte, ok bool) {
	bits := uint64(t.Bits)
	per := 8 / bits
	at := index / per
	if at >= uint64(len(t.array)) {
		return 0, false
	}
	return t.array[at] >> (index % per * bits) & (1<<bits - 1), true
}

// Len is the capacity: the number of entries, padding included.
func (t *Token) Len() uint64 { return uint64(len(t.array)) * 8 / uint64(t.Bits) }

// Status types (section 7.1).
const (
	statusValid     = 0
	statusInvalid   = 1
	statusSuspended = 2
)

// CodeOf maps a status value to its code, "" for a good one. Application-specific
// and reserved values are not good, because no profile here says what they mean.
func CodeOf(value byte) reason.Code {
	switch value {
	case statusValid:
		return ""
	case statusInvalid:
		return reason.StatusRevoked
	case statusSuspended:
		return reason.StatusSuspended
	default:
		return reason.StatusUnknownValue
	}
}

// inflate decompresses a zlib stream (RFC 1950) of at most max bytes. The stream
// is read to its checksum; a preset dictionary, a truncated stream and bytes after
// it are refused, and no more than the cap is ever held.
func inflate(compressed []byte, max int) ([]byte, error) {
	if len(compressed) > MaxCompressed {
		return nil, reason.Refuse(reason.StatusListTooLarge, "more than %d compressed bytes", MaxCompressed)
	}
	src := bytes.NewReader(compressed)
	z, err := zlib.NewReader(src)
	if err != nil {
		return nil, failed("not a zlib stream without a preset dictionary")
	}
	defer z.Close()
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(z, int64(max)+1))
	switch {
	case n > int64(max):
		return nil, reason.Refuse(reason.StatusListTooLarge, "more than %d inflated bytes", max)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, failed("the zlib stream is truncated")
	case err != nil:
		return nil, failed("the zlib stream is corrupt")
	case src.Len() > 0:
		return nil, failed("bytes after the zlib stream")
	}
	// The buffer grew by doubling; keep no more than the array itself.
	return bytes.Clone(out.Bytes()), nil
}

func failed(what string) error {
	return reason.Refuse(reason.StatusListDecompressFailed, "%s", what)
}
