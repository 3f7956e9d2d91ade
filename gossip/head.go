package gossip

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// ListID names a list in few bytes: the first of SHA-256 over its kind and name.
type ListID [16]byte

// IDOf returns the short name of an artefact's list.
func IDOf(id artefact.ID) ListID {
	sum := sha256.Sum256([]byte(string(id.Kind) + "\x00" + id.Name))
	return ListID(sum[:16])
}

// Head is one version of a list: what is spread. Two heads of one version and
// different digests are two, since a publisher may contradict itself.
type Head struct {
	List    ListID
	Version uint64
	Digest  artefact.Digest
	Size    uint32 // bytes of the body
}

// appendTo writes the head in a form of fixed length, for hashes and signatures.
func (h Head) appendTo(b []byte) []byte {
	b = append(b, h.List[:]...)
	b = binary.BigEndian.AppendUint64(b, h.Version)
	b = append(b, h.Digest[:]...)
	return binary.BigEndian.AppendUint32(b, h.Size)
}

func compareHeads(a, b Head) int {
	if c := bytes.Compare(a.List[:], b.List[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.Digest[:], b.Digest[:])
}
