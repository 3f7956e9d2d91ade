package verifytest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// Values of an entry (Token Status List section 7.1).
const (
	StatusGood      = 0
	StatusRevoked   = 1
	StatusSuspended = 2
)

// Sizes. A list of a World is no tiny one, which could point at a person.
const (
	DefaultEntries = 1 << 16
	revokedShare   = 100 // one entry in so many is revoked from the start
	suspendedShare = 400 // likewise suspended, where the list has two bits
)

// StatusList is a status list and whoever publishes it. It may be used
// concurrently.
type StatusList struct {
	URI  string
	Bits int

	authority *Authority

	mu    sync.Mutex
	bytes []byte
	taken map[uint64]bool     // handed out to a credential
	ready map[byte][]uint64   // entries that had the value from the start
	sent  map[string]*Current // by form: what was published last
}

// StatusList makes a list of the authority's with one bit per entry, as MSOs
// demand it, all entries good.
func (a *Authority) StatusList(uri string) *StatusList {
	return a.NewStatusList(uri, 1, DefaultEntries)
}

// NewStatusList makes a list with all entries good; entries fill whole bytes.
func (a *Authority) NewStatusList(uri string, bits, entries int) *StatusList {
	return &StatusList{
		URI: uri, Bits: bits, authority: a,
		bytes: make([]byte, (entries*bits+7)/8),
		taken: make(map[uint64]bool), ready: make(map[byte][]uint64), sent: make(map[string]*Current),
	}
}

// Len is the number of entries.
func (l *StatusList) Len() uint64 { return uint64(len(l.bytes)) * 8 / uint64(l.Bits) }

// Set writes an entry. Entries fill each byte from its least significant bit
// (Token Status List section 4.1).
func (l *StatusList) Set(index uint64, value byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.set(index, value)
}

func (l *StatusList) set(index uint64, value byte) error {
	if index >= l.Len() || int(value) >= 1<<l.Bits {
		return fmt.Errorf("a list of %d entries of %d bits has no such entry or value", l.Len(), l.Bits)
	}
	at, shift, mask := l.place(index)
	l.bytes[at] = l.bytes[at]&^(mask<<shift) | value<<shift
	return nil
}

// Get reads an entry; 0 beyond the end.
func (l *StatusList) Get(index uint64) byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if index >= l.Len() {
		return 0
	}
	at, shift, mask := l.place(index)
	return l.bytes[at] >> shift & mask
}

func (l *StatusList) place(index uint64) (at uint64, shift int, mask byte) {
	per := uint64(8 / l.Bits)
	return index / per, int(index%per) * l.Bits, byte(1<<l.Bits - 1)
}

// crowd gives the list the entries of other people: a share of them revoked and,
// where there is room for it, suspended. Samples that are revoked from the start
// take such entries, so that the first list a node fetches already says so.
func (l *StatusList) crowd() *StatusList {
	n := l.Len()
	for value, share := range map[byte]uint64{StatusRevoked: revokedShare, StatusSuspended: suspendedShare} {
		if int(value) >= 1<<l.Bits {
			continue
		}
		for range n / share {
			i := l.random()
			if l.taken[i] {
				continue
			}
			l.taken[i] = true
			l.ready[value] = append(l.ready[value], i)
			_ = l.set(i, value) // i and value are within the list
		}
	}
	return l
}

// Allocate hands out a random entry that has the value.
func (l *StatusList) Allocate(value byte) (Ref, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if have := l.ready[value]; len(have) > 0 {
		l.ready[value] = have[1:]
		return Ref{URI: l.URI, Index: have[0]}, nil
	}
	if uint64(len(l.taken)) >= l.Len() {
		return Ref{}, fmt.Errorf("all %d entries of the status list are taken", l.Len())
	}
	i := l.random()
	for l.taken[i] {
		i = (i + 1) % l.Len()
	}
	l.taken[i] = true
	return Ref{URI: l.URI, Index: i}, l.set(i, value)
}

func (l *StatusList) random() uint64 {
	return binary.BigEndian.Uint64(randomBytes(8)) % l.Len()
}

// deflate is the zlib stream (RFC 1950) of the list.
func (l *StatusList) deflate() ([]byte, error) {
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(l.bytes); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (l *StatusList) uri() string { return l.URI }

func (l *StatusList) setStatus(ref Ref, value byte) error {
	if ref.Identifier != nil {
		return fmt.Errorf("%q is a status list, and the reference has an identifier", l.URI)
	}
	return l.Set(ref.Index, value)
}

func (l *StatusList) allocate(value byte) (Ref, error) { return l.Allocate(value) }

func (l *StatusList) publish(now time.Time) (Current, error) { return l.Publish(l.form(), now) }

// form is that of a World's own list.
func (l *StatusList) form() string {
	if l.Bits > 1 {
		return FormJWT
	}
	return FormCWT
}
