package gossip

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// Limits of what members send one another over connections.
const (
	MaxWait      = 25 * time.Second // that an answer is waited for until something differs
	MaxInventory = 100_000          // lists that a member says it follows

	headSize      = 16 + 1 + 8 + 32 + 4 + 8 // with its stamp
	inventorySize = 8
)

// message is what members send one another over connections, both as a question and as
// an answer. What is not there is not meant.
type message struct {
	summary *Summary // a comparison
	// wait is how long the answer may be put off until the summaries differ: 0 to
	// MaxWait.
	wait time.Duration
	told *Told // heads; From is who sent the message
	// state is what all that the one who answers holds comes to, as a number; with a
	// comparison it is the one that the asker was told last, so that what the two do not
	// have in common on purpose is not told of for ever. 0: not known.
	state uint64

	askInventory bool
	inventory    []uint64 // the lists that a member follows, see shortID, in order
	askLooks     bool
	looks        []aged

	askHeld  []ListID  // of which lists the versions are asked for that are held
	held     []Holding // of those
	saysHeld bool      // held is an answer
}

// aged is what a member has seen at an origin, or believes of others, and how long ago.
type aged struct {
	Seen
	ago time.Duration // to the second
}

// messageWire is a message as it travels.
type messageWire struct {
	Version      uint   `cbor:"0,keyasint"`
	Summary      []byte `cbor:"1,keyasint,omitempty"`
	WaitMS       uint32 `cbor:"2,keyasint,omitempty"`
	Parts        uint64 `cbor:"3,keyasint,omitempty"`
	Heads        []byte `cbor:"4,keyasint,omitempty"`
	AskInventory bool   `cbor:"5,keyasint,omitempty"`
	Inventory    []byte `cbor:"6,keyasint,omitempty"`
	AskLooks     bool   `cbor:"7,keyasint,omitempty"`
	Looks        []byte `cbor:"8,keyasint,omitempty"`
	Told         bool   `cbor:"9,keyasint,omitempty"` // of Parts and Heads, which may be none
	State        uint64 `cbor:"10,keyasint,omitempty"`
	heldWire
}

func (m message) marshal() ([]byte, error) {
	w := messageWire{
		Version: WireVersion, WaitMS: uint32(m.wait.Milliseconds()),
		AskInventory: m.askInventory, AskLooks: m.askLooks, State: m.state, heldWire: heldToWire(m),
	}
	if m.summary != nil {
		for _, part := range m.summary {
			w.Summary = binary.BigEndian.AppendUint64(w.Summary, part)
		}
	}
	if m.told != nil {
		w.Told, w.Parts = true, m.told.Parts
		for i, h := range m.told.Heads {
			w.Heads = h.appendTo(w.Heads)
			stamp := int64(0)
			if i < len(m.told.Stamps) {
				stamp = m.told.Stamps[i]
			}
			w.Heads = binary.BigEndian.AppendUint64(w.Heads, uint64(stamp))
		}
	}
	for _, id := range m.inventory {
		w.Inventory = binary.BigEndian.AppendUint64(w.Inventory, id)
	}
	for _, l := range m.looks {
		w.Looks = l.Seen.appendTo(w.Looks)
		w.Looks = binary.BigEndian.AppendUint32(w.Looks, uint32(l.ago/time.Second))
	}
	return wireEncoding.Marshal(w)
}

var errMessage = errors.New("malformed message of a member")

// parseMessage reads what came from a member. Its heads are no more than MaxTold.
func parseMessage(b []byte) (m message, err error) {
	var w messageWire
	if len(b) > transfer.MaxMessage || wireDecoding.Unmarshal(b, &w) != nil {
		return m, errMessage
	}
	if w.Version == 0 || len(w.Heads)%headSize != 0 || len(w.Heads) > MaxTold*headSize ||
		len(w.Inventory)%inventorySize != 0 || len(w.Inventory) > MaxInventory*inventorySize || len(w.Looks)%(seenSize+4) != 0 {
		return m, errMessage
	}
	m = message{
		wait: min(time.Duration(w.WaitMS)*time.Millisecond, MaxWait), askInventory: w.AskInventory, askLooks: w.AskLooks, state: w.State,
	}
	switch len(w.Summary) {
	case 0:
	case 8 * Buckets:
		m.summary = new(Summary)
		for i := range m.summary {
			m.summary[i] = binary.BigEndian.Uint64(w.Summary[8*i:])
		}
	default:
		return message{}, errMessage
	}
	if w.Told {
		m.told = &Told{Parts: w.Parts}
		for one := range slices.Chunk(w.Heads, headSize) {
			m.told.Heads = append(m.told.Heads, headFrom(one))
			m.told.Stamps = append(m.told.Stamps, int64(binary.BigEndian.Uint64(one[headSize-8:])))
		}
	}
	if !w.heldWire.into(&m) {
		return message{}, errMessage
	}
	for one := range slices.Chunk(w.Inventory, inventorySize) {
		m.inventory = append(m.inventory, binary.BigEndian.Uint64(one))
	}
	for one := range slices.Chunk(w.Looks, seenSize+4) {
		m.looks = append(m.looks, aged{seenFrom(one), time.Duration(binary.BigEndian.Uint32(one[seenSize:])) * time.Second})
	}
	return m, nil
}

// headFrom reads what Head.appendTo wrote.
func headFrom(b []byte) (h Head) {
	copy(h.List[:], b)
	h.Kind = Kind(b[16])
	h.Version = binary.BigEndian.Uint64(b[17:])
	copy(h.Digest[:], b[25:])
	h.Size = binary.BigEndian.Uint32(b[57:])
	return h
}

// state is a summary as one number.
func (s Summary) state() uint64 { return hashOf(s[:]) }

// empty says that an answer says nothing.
func (m message) empty() bool {
	return m.summary == nil && m.told == nil && m.inventory == nil && m.looks == nil && !m.saysHeld
}

// shortID is as much of a list's ID as tells whether a member follows it.
func shortID(id ListID) uint64 { return binary.BigEndian.Uint64(id[:]) }

// inventoryOf is what a member says that it follows, and the hash by which it is known.
func inventoryOf(ids []ListID) (list []uint64, hash uint64) {
	for _, id := range ids {
		list = append(list, shortID(id))
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return list, hashOf(list)
}

// hashOf is that of an inventory.
func hashOf(list []uint64) uint64 {
	h := sha256.New()
	for _, id := range list {
		_ = binary.Write(h, binary.BigEndian, id) // a hash never fails
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}
