package gossip

import (
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// A packet is its form, its type, who it is from, a code that only that member and the
// one it is for can make, and what it carries. So who holds the gossip key alone can
// send nothing that is looked into, and who a packet is from is known for certain.
const (
	packetForm     = 1
	packetAnnounce = 1
	packetLooks    = 2
	packetBye      = 3
	packetRenewed  = 4
	codeSize       = 16
)

// switchAfter is how long a renewed certificate is made known before its key is used
// for packets and signatures.
const switchAfter = 15 * time.Second

// lastFor is how long a certificate still speaks for its member after another one has
// taken its place: packets and news of before are on their way, and others have yet to
// look. It is not for the rest of its life, since it may have been replaced because its
// key is no secret any more.
const lastFor = 10 * time.Minute

// pairing is this member's own credentials: those in use, those that will be, and those
// that were.
type pairing struct {
	current    Credentials
	next, last *Credentials
	since      time.Time // of next, or of current where there is none
}

// pairKeys are the keys that two members share, the one to send with first.
type pairKeys []sharedKey

// sharedKey is that of two certificates.
type sharedKey struct {
	own, other *x509.Certificate
	key        []byte
}

// of returns the key of two certificates, worked out unless it is there.
func (k pairKeys) of(own Credentials, other *x509.Certificate) (sharedKey, error) {
	for _, have := range k {
		if have.own.Equal(own.Certificate) && have.other.Equal(other) {
			return have, nil
		}
	}
	key, err := pairKey(own.Key, other)
	return sharedKey{own.Certificate, other, key}, err
}

// pairKey is what the holders of two node certificates can work out and nobody else:
// a static Diffie-Hellman secret, whose only use is to tell members' packets apart.
func pairKey(own *ecdsa.PrivateKey, other *x509.Certificate) ([]byte, error) {
	pub, ok := other.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("the certificate's key is not for P-256")
	}
	mine, err := own.ECDH()
	if err != nil {
		return nil, err
	}
	theirs, err := pub.ECDH()
	if err != nil {
		return nil, err
	}
	secret, err := mine.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, secret, nil, "edgetrust packet 1", sha256.Size)
}

// seal makes a packet.
func seal(key []byte, from, to string, kind byte, body []byte) []byte {
	b := make([]byte, 0, 3+len(from)+codeSize+len(body))
	b = append(b, packetForm, kind, byte(len(from)))
	b = append(b, from...)
	b = append(b, codeOf(key, kind, from, to, body)...)
	return append(b, body...)
}

func codeOf(key []byte, kind byte, from, to string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte{kind, byte(len(from))})
	h.Write([]byte(from))
	h.Write([]byte{byte(len(to))})
	h.Write([]byte(to))
	h.Write(body)
	return h.Sum(nil)[:codeSize]
}

// sealed is a packet that nobody has checked.
type sealed struct {
	kind byte
	from string
	code []byte
	body []byte
}

// parsePacket takes a packet apart.
func parsePacket(b []byte) (p sealed, ok bool) {
	if len(b) < 3 || b[0] != packetForm {
		return p, false
	}
	n := int(b[2])
	if n == 0 || n > MaxName || len(b) < 3+n+codeSize {
		return p, false
	}
	return sealed{b[1], string(b[3 : 3+n]), b[3+n : 3+n+codeSize], b[3+n+codeSize:]}, true
}

// isFrom says whether the packet is from who it says it is.
func (p sealed) isFrom(keys pairKeys, to string) bool {
	return slices.ContainsFunc(keys, func(k sharedKey) bool { return hmac.Equal(p.code, codeOf(k.key, p.kind, p.from, to, p.body)) })
}

// open makes an event of a packet; false: it is dropped. What this version does not
// know is passed over.
func (c *Cluster) open(b []byte) (Event, bool) {
	p, ok := parsePacket(b)
	if !ok || !p.isFrom(c.keysOf(p.from), c.o.Name) {
		c.count(func(n *Counters) { n.Stranger++ })
		c.doubt(p.from)
		return nil, false
	}
	switch p.kind {
	case packetAnnounce:
		if a, err := ParseAnnouncement(p.body); err == nil {
			return Heard{p.from, a}, true
		}
	case packetLooks:
		if n, err := ParseLookNews(p.body); err == nil {
			return HeardLooks{p.from, n}, true
		}
	case packetBye:
		if at, ok := parseBye(p.body); ok {
			c.heardBye(p.from, at)
			return nil, false
		}
	case packetRenewed:
		c.doubt(p.from)
		return nil, false
	default:
		return nil, false
	}
	c.count(func(n *Counters) { n.Malformed++ })
	return nil, false
}
