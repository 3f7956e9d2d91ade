package statuslist

import "github.com/edgetrust/edgetrust/verify/reason"

// Value returns the status at an index of a status list; ok is false at Len and
// beyond, and for identifier lists. Entries fill each byte from its least
// significant bit (section 4.1). It allocates nothing.
func (t *Token) Value(index uint64) (value byte, ok bool) {
	if index >= 8*uint64(len(t.array)) {
		return 0, false // so that what follows does not overflow
	}
	bits := uint64(t.Bits) // which divides 8, so that no entry is cut: no division here
	at := index * bits
	if at>>3 >= uint64(len(t.array)) {
		return 0, false
	}
	return t.array[at>>3] >> (at & 7) & (1<<bits - 1), true
}

// Len is the capacity of a status list, the number of its entries with padding
// included, or the number of identifiers.
func (t *Token) Len() uint64 {
	if t.Mechanism == IdentifierList {
		return uint64(t.identifiers.Len())
	}
	return t.entries()
}

// Size is the memory that the token's content takes, in bytes: the array or the
// set.
func (t *Token) Size() int { return len(t.array) + t.identifiers.Size() }

func (t *Token) entries() uint64 {
	if t.Bits <= 0 {
		return 0 // an identifier list, or a Token that nobody verified
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
