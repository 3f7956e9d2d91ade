package gossip

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Limits of the wire form of looks.
const (
	MaxSeen     = 30   // looks in one packet
	MaxLookNews = 1200 // bytes: with what memberlist adds, one packet
	seenSize    = 16 + 8 + 8
)

// Seen is what a member saw at the origin of a list: a version, which may be the one
// that it held already. Of the digest its beginning is enough to tell whether another
// member holds the same.
type Seen struct {
	List    ListID
	Version uint64
	Digest  [8]byte
}

// SeenOf is a look that found a head.
func SeenOf(h Head) Seen { return Seen{h.List, h.Version, shortOf(h.Digest)} }

func shortOf(d artefact.Digest) [8]byte { return [8]byte(d[:8]) }

// LookNews is the news that a member has looked at origins. Looks that get lost are
// not told of again: the next ones will be.
type LookNews struct {
	Origin    string
	Stamp     int64 // of the origin member's clock, in milliseconds since 1970; it never says one twice
	Seen      []Seen
	Signature []byte
}

// SignedBytes are what the origin member signs with the key of its node certificate.
func (n LookNews) SignedBytes() []byte {
	b := append([]byte("edgetrust looks 1\x00"), n.Origin...)
	b = binary.BigEndian.AppendUint64(append(b, 0), uint64(n.Stamp))
	return append(b, n.packed()...)
}

// packed are the looks one after the other.
func (n LookNews) packed() []byte {
	b := make([]byte, 0, len(n.Seen)*seenSize)
	for _, s := range n.Seen {
		b = s.appendTo(b)
	}
	return b
}

func (s Seen) appendTo(b []byte) []byte {
	b = append(b, s.List[:]...)
	b = binary.BigEndian.AppendUint64(b, s.Version)
	return append(b, s.Digest[:]...)
}

func seenFrom(b []byte) Seen {
	return Seen{ListID(b[:16]), binary.BigEndian.Uint64(b[16:]), [8]byte(b[24:seenSize])}
}

// lookWire is news of looks as it travels.
type lookWire struct {
	Version   uint   `cbor:"0,keyasint"`
	Origin    string `cbor:"1,keyasint"`
	Stamp     int64  `cbor:"2,keyasint"`
	Seen      []byte `cbor:"3,keyasint"`
	Signature []byte `cbor:"4,keyasint"`
}

// Marshal is the wire form. The error says which bound the news passes.
func (n LookNews) Marshal() ([]byte, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	return wireEncoding.Marshal(lookWire{WireVersion, n.Origin, n.Stamp, n.packed(), n.Signature})
}

// ParseLookNews reads the wire form. Nothing of it was verified.
func ParseLookNews(b []byte) (n LookNews, err error) {
	if len(b) > MaxLookNews {
		return n, errors.New("news of looks larger than a packet takes")
	}
	var w lookWire
	if err := wireDecoding.Unmarshal(b, &w); err != nil {
		return n, errors.New("malformed news of looks")
	}
	if w.Version == 0 || len(w.Seen)%seenSize != 0 || len(w.Seen) > MaxSeen*seenSize {
		return n, errors.New("malformed news of looks: version or size")
	}
	n = LookNews{Origin: w.Origin, Stamp: w.Stamp, Signature: w.Signature}
	for one := range slices.Chunk(w.Seen, seenSize) {
		n.Seen = append(n.Seen, seenFrom(one))
	}
	return n, n.check()
}

func (n LookNews) check() error {
	switch {
	case n.Origin == "" || len(n.Origin) > MaxName:
		return errors.New("news of looks with a name of no bytes or too many")
	case len(n.Signature) > maxSignature:
		return errors.New("news of looks with too long a signature")
	case len(n.Seen) == 0 || len(n.Seen) > MaxSeen:
		return errors.New("news of no look, or of too many")
	}
	return nil
}

// look tells the others of looks.
func (c *Core) look(now time.Time, seen []Seen) {
	for some := range slices.Chunk(seen, MaxSeen) {
		n := LookNews{Origin: c.o.Self, Stamp: c.stampOf(now), Seen: some}
		n.Signature = c.o.Sign(n.SignedBytes())
		c.pushLooks(n, "")
	}
}

// stampOf is now, or a little later if that was said before.
func (c *Core) stampOf(now time.Time) int64 {
	c.stamp = max(c.stamp+1, now.UnixMilli())
	return c.stamp
}

// heardLooks passes news of looks on and tells of it, once.
func (c *Core) heardLooks(now time.Time, e HeardLooks) {
	heard, known := c.looks[e.Origin]
	switch {
	case e.Origin == c.o.Self || known && heard.has(e.Stamp):
		c.Stats.Repeated++
		return
	case !fresh(now, e.Stamp):
		c.Stats.Implausible++
		return
	case c.o.VerifyLooks == nil || !c.believed(now, e.From, e.Origin, func() bool { return c.o.VerifyLooks(e.LookNews) }):
		return
	case !known:
		heard = &stamps{}
		c.looks[e.Origin] = heard
	}
	heard.add(e.Stamp)
	c.do(Looked{e.Origin, e.Seen})
	c.pushLooks(e.LookNews, e.From)
}

func (c *Core) pushLooks(n LookNews, except string) {
	for _, to := range c.members.successors(byte(n.Stamp), 0, fanout(len(c.members.alive))) {
		if to != except && to != n.Origin {
			c.Stats.LookNews++
			c.do(TellLooks{to, n})
		}
	}
}

// stamps are those that were heard of one member: the latest few, and none that is
// older than they are, so that nothing counts twice.
type stamps struct {
	floor  int64
	latest []int64
}

const maxStamps = 64

func (s *stamps) has(stamp int64) bool { return stamp <= s.floor || slices.Contains(s.latest, stamp) }

func (s *stamps) add(stamp int64) {
	if s.latest = append(s.latest, stamp); len(s.latest) > maxStamps {
		slices.Sort(s.latest)
		s.floor, s.latest = s.latest[0], s.latest[1:]
	}
}
