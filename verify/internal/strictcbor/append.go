package strictcbor

import "encoding/binary"

// AppendHead appends the shortest initial bytes of an item of a major type and
// length (RFC 8949 section 4.2.1). What is signed over is put together by hand, so
// that the parts received stay as they are.
func AppendHead(out []byte, major byte, n int) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(out, major|byte(n))
	case n < 1<<8:
		return append(out, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, major|25), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(out, major|26), uint32(n))
	}
}
