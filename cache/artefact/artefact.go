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
	LOTL    Kind = "lotl"    // list of trusted lists, TS 119 612
	TL      Kind = "tl"      // national trusted list, TS 119 612, that a LOTL names
	Pivot   Kind = "pivot"   // earlier release of a list that introduces the signer of later ones
	LoTE    Kind = "lote"    // list of trusted entities, TS 119 602
	VICAL   Kind = "vical"   // verified issuer certificate authority list, ISO/IEC 18013-5 Annex C
	Anchors Kind = "anchors" // local PEM bundle: unsigned, so it never leaves the node
	Status  Kind = "status"  // Token Status List token

	IdentifierList Kind = "identifier_list" // identifier list token, ISO/IEC 18013-5
	CRL            Kind = "crl"             // certificate revocation list, RFC 5280
	Aggregation    Kind = "aggregation"     // list of status lists: unsigned, so it only says where to look
)

// ID names an artefact across its versions: the configured source's name for a
// trust list, that name with a colon and the territory for a national list
// (eu-lotl:DE), with a space and its URL for a pivot, the list's URI for a status
// list.
type ID struct {
	Kind Kind
	Name string
}

// NationalID names the list of a territory (ISO 3166) that a LOTL names.
func NationalID(lotl, territory string) ID { return ID{TL, lotl + ":" + territory} }

// PivotID names a pivot of a list by the URL that the list gives for it.
func PivotID(list, url string) ID { return ID{Pivot, list + " " + url} }

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
	// Note is the door's own note for the next time, such as what makes a request
	// conditional. The Store gives it back while it holds these bytes, also after a
	// restart; it means nothing to anybody else.
	Note string
	// From is the peer that sent them, "" for all doors but Peer, and Spread how long
	// that was after somebody first announced them; 0: not known.
	From   string
	Spread time.Duration
}

// Ref says which version of an artefact is held, without the bytes.
type Ref struct {
	ID      ID
	Version uint64 // sequence number, or issue time in Unix seconds for status lists
	Digest  Digest
	Size    int
}
