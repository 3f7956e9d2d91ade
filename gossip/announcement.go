package gossip

import (
	"encoding/binary"
	"errors"

	"github.com/fxamacker/cbor/v2"
)

// Limits of the wire form.
const (
	MaxAnnouncement = 320 // bytes: with what memberlist adds, one packet
	MaxName         = 64  // bytes of a member's name
	maxSignature    = 80  // bytes: P-256 in any encoding

	// WireVersion is that of what this package writes. Fields are only ever added, and
	// one that is not known is passed over.
	WireVersion = 1
)

// Announcement is the news that somebody holds a head. Origin, the member whose news
// it is, has signed it; Holder, who can deliver the body, changes on the way.
type Announcement struct {
	Head
	Holder    string
	Origin    string
	Stamp     int64 // of the origin member's clock, in milliseconds since 1970: when it announced this
	Signature []byte
}

// SignedBytes are what the origin member signs with the key of its node certificate.
func (a Announcement) SignedBytes() []byte {
	b := append([]byte("edgetrust announcement 1\x00"), a.Origin...)
	b = binary.BigEndian.AppendUint64(append(b, 0), uint64(a.Stamp))
	return a.appendTo(b)
}

// announcementWire is an announcement as it travels.
type announcementWire struct {
	Version   uint   `cbor:"0,keyasint"`
	List      []byte `cbor:"1,keyasint"`
	Sequence  uint64 `cbor:"2,keyasint"`
	Digest    []byte `cbor:"3,keyasint"`
	Size      uint32 `cbor:"4,keyasint"`
	Holder    string `cbor:"5,keyasint"`
	Origin    string `cbor:"6,keyasint"`
	Signature []byte `cbor:"7,keyasint"`
	Kind      Kind   `cbor:"8,keyasint"`
	Stamp     int64  `cbor:"9,keyasint"`
}

var wireEncoding, wireDecoding = wireModes()

func wireModes() (cbor.EncMode, cbor.DecMode) {
	enc, err := cbor.EncOptions{Sort: cbor.SortCoreDeterministic, IndefLength: cbor.IndefLengthForbidden}.EncMode()
	if err != nil {
		panic(err) // constant options: a bug here, not an input
	}
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		UTF8: cbor.UTF8RejectInvalid, MaxNestedLevels: 4, MaxMapPairs: 32, MaxArrayElements: 16,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return enc, dec
}

// Marshal is the wire form. The error says which bound the announcement passes.
func (a Announcement) Marshal() ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	b, err := wireEncoding.Marshal(announcementWire{
		WireVersion, a.List[:], a.Version, a.Digest[:], a.Size, a.Holder, a.Origin, a.Signature, a.Kind, a.Stamp,
	})
	if err == nil && len(b) > MaxAnnouncement {
		err = errors.New("announcement larger than a packet takes")
	}
	return b, err
}

// ParseAnnouncement reads the wire form. Nothing of it was verified.
func ParseAnnouncement(b []byte) (a Announcement, err error) {
	if len(b) > MaxAnnouncement {
		return a, errors.New("announcement larger than a packet takes")
	}
	var w announcementWire
	if err := wireDecoding.Unmarshal(b, &w); err != nil {
		return a, errors.New("malformed announcement")
	}
	if w.Version == 0 || len(w.List) != len(a.List) || len(w.Digest) != len(a.Digest) {
		return a, errors.New("malformed announcement: version, list or digest")
	}
	a = Announcement{
		Head:   Head{ListID(w.List), w.Kind, w.Sequence, [32]byte(w.Digest), w.Size},
		Holder: w.Holder, Origin: w.Origin, Stamp: w.Stamp, Signature: w.Signature,
	}
	return a, a.check()
}

func (a Announcement) check() error {
	switch {
	case a.Holder == "" || len(a.Holder) > MaxName || a.Origin == "" || len(a.Origin) > MaxName:
		return errors.New("announcement with a name of no bytes or too many")
	case len(a.Signature) > maxSignature:
		return errors.New("announcement with too long a signature")
	case a.Kind != Beacon && !a.possible():
		return errors.New("announcement of a body that is empty or too large")
	}
	return nil
}
