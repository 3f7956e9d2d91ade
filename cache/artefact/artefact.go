// Package artefact names the signed things a node keeps and hands on: what kind,
// which one, which version, and the bytes as they were received. It holds no
// state and does no I/O.
package artefact

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Kind is the kind of an artefact.
type Kind string

// The kinds.
const (
	LoTE    Kind = "lote"    // list of trusted entities, TS 119 602
	Anchors Kind = "anchors" // local PEM bundle: unsigned, so it never leaves the node
	Status  Kind = "status"  // Token Status List token
)

// ID names an artefact across its versions: the configured source's name for a
// trust list, the list's URI for a status list.
type ID struct {
	Kind Kind
	Name string
}

// Digest is the SHA-256 of an artefact's bytes as received.
type Digest [sha256.Size]byte

// Sum returns the digest of b.
func Sum(b []byte) Digest { return sha256.Sum256(b) }

// String is lower-case hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Door is the way by which bytes came in. All doors lead to Admit.
type Door string

// The doors.
const (
	Origin  Door = "origin"
	Peer    Door = "peer"
	Disk    Door = "disk"
	Publish Door = "publish"
	File    Door = "file" // a local file that the configuration names
)

// Raw is bytes that nobody has checked.
type Raw struct {
	ID    ID
	Door  Door
	Bytes []byte
	At    time.Time // when they were received; with the monotonic clock
}

// Ref says which version of an artefact is held, without the bytes.
type Ref struct {
	ID      ID
	Version uint64 // sequence number, or issue time in Unix seconds for status lists
	Digest  Digest
	Size    int
}
