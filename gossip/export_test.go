package gossip

import (
	"crypto/ecdsa"
	"crypto/x509"
)

// Sizes are how much a Cluster remembers of what others said.
type Sizes struct {
	Members, Others, Looks, Inbox               int // of the cluster
	Lists, Wanted, Timers, Peers, Rates, Stamps int // of the core
}

// Sizes may be called only while nothing runs.
func (c *Cluster) Sizes() Sizes {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Sizes{
		Members: len(c.members), Others: len(c.others), Looks: len(c.looks), Inbox: len(*c.inbox.events),
		Lists: len(c.core.lists), Timers: len(c.core.due.q), Peers: len(c.core.peers),
		Rates: len(c.core.rates) + len(c.core.relayed), Stamps: len(c.core.looks) + len(c.core.beacons),
	}
	for _, l := range c.core.lists {
		s.Wanted += len(l.wanted)
	}
	return s
}

// Seal makes a packet as the holder of a key would, for whoever holds a certificate.
func Seal(key *ecdsa.PrivateKey, to *x509.Certificate, from, name string, kind byte, body []byte) []byte {
	shared, err := pairKey(key, to)
	if err != nil {
		panic(err)
	}
	return seal(shared, from, name, kind, body)
}

// Kinds of packets.
const (
	PacketAnnounce = packetAnnounce
	PacketLooks    = packetLooks
)

// TellMessage and CompareMessage are messages of these events.
func TellMessage(t Told) []byte { return mustMarshal(message{told: &t}) }

// CompareMessage is described with TellMessage.
func CompareMessage(s Summary) []byte { return mustMarshal(message{summary: &s}) }

func mustMarshal(m message) []byte {
	b, err := m.marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// MetaOf is what a member would say of itself.
func MetaOf(transfer uint16, zone string, fingerprint, inventory uint64) []byte {
	b, err := meta{transfer: transfer, zone: zone, fingerprint: fingerprint, inventory: inventory}.marshal()
	if err != nil {
		panic(err)
	}
	return b
}
