package cache

import (
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/disk"
)

// clock is the identity of the record of the newest signed issue time.
var clock = artefact.ID{Kind: "clock", Name: "floor"}

// recordKey names the record of an artefact on disk.
func recordKey(id artefact.ID) string { return string(id.Kind) + " " + id.Name }

// previousKey names the record of the version before the one in force, which is
// kept while its removed anchors are held.
func previousKey(id artefact.ID) string { return "previous " + recordKey(id) }

// record is the state of an artefact on disk, beside its bytes. Times are without
// the monotonic clock, which ends with the process.
type record struct {
	Kind    artefact.Kind `cbor:"1,keyasint"`
	Name    string        `cbor:"2,keyasint"`
	Version uint64        `cbor:"3,keyasint,omitempty"`
	Size    int           `cbor:"4,keyasint,omitempty"`
	Mark    mark          `cbor:"5,keyasint"`
	Looked  time.Time     `cbor:"6,keyasint"`
	Soaked  time.Time     `cbor:"7,keyasint"`
	Held    time.Time     `cbor:"8,keyasint"` // removed anchors are held until then
	Floor   time.Time     `cbor:"9,keyasint"` // of the clock's record
	Evident *Conflict     `cbor:"10,keyasint,omitempty"`
	Note    string        `cbor:"11,keyasint,omitempty"`
	Came    Came          `cbor:"12,keyasint,omitempty"`
}

var recordEncoding, recordDecoding = recordModes()

func recordModes() (cbor.EncMode, cbor.DecMode) {
	enc, err := cbor.EncOptions{Sort: cbor.SortCoreDeterministic, Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		panic(err) // constant options: a bug here, not an input
	}
	dec, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, MaxNestedLevels: 8, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField}.DecMode()
	if err != nil {
		panic(err)
	}
	return enc, dec
}

// under is the record as the disk takes it. The body is needed only if the disk has
// none of this digest.
func (r record) under(key string, digest artefact.Digest, body []byte) disk.Record {
	state, err := recordEncoding.Marshal(r)
	if err != nil {
		panic(err) // a struct of plain values always encodes
	}
	return disk.Record{Key: key, State: state, Digest: digest, Body: body}
}

func decodeRecord(b []byte) (r record, err error) {
	err = recordDecoding.Unmarshal(b, &r)
	return r, err
}
