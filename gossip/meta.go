package gossip

import (
	"encoding/binary"
	"errors"
)

// meta is what a member says of itself with memberlist: at most memberlist.MetaMaxSize
// bytes. Nothing of it is believed that matters: its certificate is asked for.
type meta struct {
	version     uint // of the wire
	transfer    uint16
	zone        string
	fingerprint uint64 // of its certificate
	inventory   uint64 // hash of the lists that it follows
}

// metaWire is a meta as it travels.
type metaWire struct {
	Version     uint   `cbor:"0,keyasint"`
	Transfer    uint16 `cbor:"1,keyasint"`
	Zone        string `cbor:"2,keyasint"`
	Fingerprint []byte `cbor:"3,keyasint"`
	Inventory   []byte `cbor:"4,keyasint"`
}

func (m meta) marshal() ([]byte, error) {
	return wireEncoding.Marshal(metaWire{
		WireVersion, m.transfer, m.zone,
		binary.BigEndian.AppendUint64(nil, m.fingerprint), binary.BigEndian.AppendUint64(nil, m.inventory),
	})
}

func parseMeta(b []byte) (meta, error) {
	var w metaWire
	if err := wireDecoding.Unmarshal(b, &w); err != nil || w.Version == 0 || w.Transfer == 0 || len(w.Zone) > MaxName || len(w.Fingerprint) != 8 || len(w.Inventory) != 8 {
		return meta{}, errors.New("what the member says of itself is malformed")
	}
	return meta{w.Version, w.Transfer, w.Zone, binary.BigEndian.Uint64(w.Fingerprint), binary.BigEndian.Uint64(w.Inventory)}, nil
}
