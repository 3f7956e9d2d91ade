package gossip

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// ListID names a list in few bytes: the first of SHA-256 over its kind and name.
type ListID [16]byte

// IDOf returns the short name of an artefact's list.
func IDOf(id artefact.ID) ListID {
	sum := sha256.Sum256([]byte(string(id.Kind) + "\x00" + id.Name))
	return ListID(sum[:16])
}

// Kind says what a list is, as far as whoever hears of it has to know: Open ones may
// be taken in by members that do not follow them yet, since what comes says itself
// where it was published.
type Kind uint8

// The kinds.
const (
	Closed Kind = 1 // a trust list, a pivot or a revocation list
	Open   Kind = 2 // a status list
	Beacon Kind = 3 // no list at all: news that is sent for the time it takes
)

// Head is one version of a list: what is spread. Two heads of one version and
// different digests are two, since a publisher may contradict itself.
type Head struct {
	List    ListID
	Kind    Kind
	Version uint64
	Digest  artefact.Digest
	Size    uint32 // bytes of the body
}

// possible says that a body of that size can be: who says otherwise would have others
// fail to deliver it.
func (h Head) possible() bool { return h.Size > 0 && h.Size <= transfer.MaxBody }

// appendTo writes the head in a form of fixed length, for hashes and signatures.
func (h Head) appendTo(b []byte) []byte {
	b = append(b, h.List[:]...)
	b = append(b, byte(h.Kind))
	b = binary.BigEndian.AppendUint64(b, h.Version)
	b = append(b, h.Digest[:]...)
	return binary.BigEndian.AppendUint32(b, h.Size)
}
