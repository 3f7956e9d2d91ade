package statuslist

import "github.com/edgetrust/edgetrust/verify/reason"

// Value returns the status at an index; ok is false at Len and beyond. Entries
// fill each byte from its least significant bit (section 4.1). It allocates
// nothing.
func (t *Token) Value(index uint64) (value byte, ok bool) {
	if index >= t.Len() {
		return 0, false
	}
	bits := uint64(t.Bits)
	at := index * bits // below 8 times the array's length, so no overflow
	return t.array[at>>3] >> (at & 7) & (1<<bits - 1), true
}

// Len is the capacity: the number of entries, padding included.
func (t *Token) Len() uint64 {
	if t.Bits <= 0 {
		return 0 // a Token that nobody verified
	}
	return uint64(len(t.array)) * 8 / uint64(t.Bits)
}

// Status types (section 7.1).
const (
	statusValid     = 0x00
	statusInvalid   = 0x01
	statusSuspended = 0x02
)

// CodeOf maps a status value to its code, "" for a good one (credentials 4.7).
// Application-specific and reserved values are not good, because no profile here
// says what they mean.
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
