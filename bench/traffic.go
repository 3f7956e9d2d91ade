package bench

// Traffic is what members sent, in bytes on the wire: with the headers of IP and UDP,
// the encryption, acknowledgements, and what was sent again. What memberlist sends of
// its own accord to keep the membership is not in it.
type Traffic struct {
	Announcements int `json:"announcements"` // packets with news of versions
	Looks         int `json:"looks"`         // packets with news of looks at origins
	Beacons       int `json:"beacons"`
	Repair        int `json:"repair"`      // comparisons, and what was told after them
	Bodies        int `json:"bodies"`      // with questions for them
	Connections   int `json:"connections"` // handshakes
	CrossZone     int `json:"cross_zone"`  // of all these, between members of two zones
}

// All is the sum.
func (t Traffic) All() int {
	return t.Announcements + t.Looks + t.Beacons + t.Repair + t.Bodies + t.Connections
}

// over is one so-manieth of it.
func (t Traffic) over(n float64) Traffic {
	each := func(v int) int { return int(float64(v)/n + .5) }
	return Traffic{
		each(t.Announcements), each(t.Looks), each(t.Beacons), each(t.Repair), each(t.Bodies), each(t.Connections), each(t.CrossZone),
	}
}

func (t *Traffic) add(o Traffic) {
	t.Announcements += o.Announcements
	t.Looks += o.Looks
	t.Beacons += o.Beacons
	t.Repair += o.Repair
	t.Bodies += o.Bodies
	t.Connections += o.Connections
	t.CrossZone += o.CrossZone
}

// Sizes on the wire, in bytes.
const (
	packetOverhead = 20 + 8 + 29 + 1 // IPv4, UDP, memberlist's encryption and type
	quicOverhead   = 20 + 8 + 32     // IPv4, UDP, QUIC
	ackSize        = quicOverhead + 8
	askHeader      = 200 // HTTP's of a question
	answerHeader   = 100
	summarySize    = 8 * 64 // gossip.Buckets
	headSize       = 69     // a head with its stamp
)
