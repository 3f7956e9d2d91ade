package strictcbor

import (
	"encoding/binary"
	"errors"
)

// Major types (RFC 8949 section 3.1).
const (
	majorNegative = 1
	majorBytes    = 2
	majorText     = 3
	majorArray    = 4
	majorMap      = 5
	majorTag      = 6
	majorSimple   = 7
)

const tagEncoded = 24 // encoded CBOR data item (RFC 8949 section 3.4.5.1)

var errLong = errors.New("CBOR not in its shortest form")

// Shortest checks that every integer, length and tag number in well-formed CBOR
// takes as few bytes as it can, which ISO/IEC 18013-5 demands and the decoder
// cannot be told to. Floating-point numbers are let through as they are, and the
// content of a byte string is not looked into.
//
// One pass without recursion: items of definite length lie in a row, whichever
// item holds them.
func Shortest(b []byte) error {
	for len(b) > 0 {
		h, rest, ok := readHead(b)
		switch {
		case !ok || !h.shortest:
			return errLong
		case h.major == majorBytes || h.major == majorText:
			if h.arg > uint64(len(rest)) {
				return errLong
			}
			rest = rest[h.arg:]
		}
		b = rest
	}
	return nil
}

// ByteString returns the content of one byte string of definite length, sharing
// its memory. Nothing may follow it.
func ByteString(item []byte) ([]byte, bool) {
	h, content, ok := readHead(item)
	if !ok || h.major != majorBytes || h.arg != uint64(len(content)) {
		return nil, false
	}
	return content, true
}

// Bytes24 returns the content of a tag 24 byte string, sharing its memory. Item is
// the whole of it as received.
func Bytes24(item []byte) ([]byte, bool) {
	h, rest, ok := readHead(item)
	if !ok || h.major != majorTag || h.arg != tagEncoded {
		return nil, false
	}
	return ByteString(rest)
}

// head is what begins every item: its type and its argument, which is a value, a
// length, a count or a tag number.
type head struct {
	major    byte
	arg      uint64
	shortest bool
}

// readHead is not ok at the end of the bytes, for an indefinite length and for the
// reserved forms.
func readHead(b []byte) (h head, rest []byte, ok bool) {
	if len(b) == 0 {
		return h, nil, false
	}
	h.major, h.shortest = b[0]>>5, true
	info, rest := b[0]&0x1f, b[1:]
	if info < 24 {
		h.arg = uint64(info)
		return h, rest, true
	}
	if info > 27 || len(rest) < 1<<(info-24) {
		return h, nil, false
	}
	var least uint64 // the smallest argument that needs as many bytes
	switch info {
	case 24:
		h.arg, least = uint64(rest[0]), 24
	case 25:
		h.arg, least = uint64(binary.BigEndian.Uint16(rest)), 1<<8
	case 26:
		h.arg, least = uint64(binary.BigEndian.Uint32(rest)), 1<<16
	case 27:
		h.arg, least = binary.BigEndian.Uint64(rest), 1<<32
	}
	h.shortest = h.arg >= least || h.major == majorSimple
	return h, rest[1<<(info-24):], true
}
