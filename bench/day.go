package bench

import (
	"encoding/binary"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/gossip"
)

// Day is a cluster in which little happens: lists are looked at, some are signed again
// with the same bits, and nothing else.
type Day struct {
	Network Network
	Members int
	Zones   int
	Lists   int
	Looks   time.Duration // between two looks of one feeder at a list that is not signed again
	Signed  int           // of the lists: status lists that are signed again
	Every   time.Duration // so often; between two looks of one feeder at them, too
	Body    int           // bytes of such a version against the one before
	Lasts   time.Duration // what is simulated; the result is for 24 hours
	Seed    uint64
}

// DayResult is what it costs in 24 hours.
type DayResult struct {
	Members  int           `json:"members"`
	Lists    int           `json:"lists"`
	Signed   int           `json:"signed_again"`
	Lasts    time.Duration `json:"simulated_ns"`
	Member   Traffic       `json:"bytes_per_member"`
	List     int           `json:"bytes_per_member_and_list"`
	Versions int           `json:"versions"`     // of all lists
	Requests int           `json:"origin_looks"` // of all members
	Missed   int           `json:"missed"`       // versions times members that did not hold them when the next came
	Bodies   float64       `json:"bodies_per_member_and_version"`
}

const (
	feeders   = gossip.FeederCount
	lookDelay = 200 * time.Millisecond // that looks wait for others to go out with
	beaconing = time.Minute
)

// Run simulates.
func (d Day) Run() DayResult {
	c := newCluster(d.Network, d.Members, d.Zones, d.Seed, func(int) role { return honest })
	s := &day{Day: d, cluster: c, looks: make([][]gossip.Seen, d.Members)}
	for n := range d.Lists {
		s.begin(n)
	}
	c.run(c.now.Add(settle), never)
	began := c.now
	c.traffic, c.missed, c.bodies = Traffic{}, 0, 0
	var beat func()
	beat = func() {
		c.step(c.honestOne(), gossip.Beat{})
		c.after(beaconing, beat)
	}
	beat()
	for n := range d.Lists {
		s.keepLooking(n)
	}
	c.run(began.Add(d.Lasts), never)
	scale := d.Lasts.Hours() / 24
	res := DayResult{Members: d.Members, Lists: d.Lists, Signed: d.Signed, Lasts: d.Lasts, Missed: c.missed}
	res.Member = c.traffic.over(float64(d.Members) * scale)
	res.List = res.Member.All() / d.Lists
	res.Versions, res.Requests = int(float64(s.versions)/scale), int(float64(s.requests)/scale)
	if s.versions > 0 {
		res.Bodies = float64(c.bodies) / float64(s.versions*d.Members)
	}
	return res
}

type day struct {
	Day
	*cluster
	looks              [][]gossip.Seen // that were not told of yet, by member
	versions, requests int
}

// begin has everybody hold a list, as from disk.
func (s *day) begin(n int) {
	h := gossip.Head{Kind: gossip.Closed, Version: 1, Digest: s.digest(), Size: uint32(s.Body)}
	sum := artefact.Sum(binary.BigEndian.AppendUint64(nil, uint64(n)))
	copy(h.List[:], sum[:])
	if n < s.Signed {
		h.Kind = gossip.Open
	}
	s.tracks[h.List] = &track{head: h, minor: n < s.Signed, heard: make([]bool, s.Members), held: make([]bool, s.Members), holds: s.count()}
	for i := range s.all {
		s.members[i].held[h.List] = h.Digest
		s.step(i, gossip.Held{Head: h, Quiet: true})
	}
}

// keepLooking has the feeders of a list look at its origin, half a period after one
// another. The second is of another zone than the first.
func (s *day) keepLooking(n int) {
	sum := artefact.Sum(binary.BigEndian.AppendUint64(nil, uint64(n)))
	list := gossip.ListID(sum[:16])
	period := s.Looks
	if n < s.Signed {
		period = s.Every
	}
	first := s.rnd.IntN(s.Members)
	second := first
	for second == first || s.Zones > 1 && s.all[second].Zone == s.all[first].Zone {
		second = s.rnd.IntN(s.Members)
	}
	began := s.now
	phase := time.Duration(s.rnd.Int64N(int64(period)))
	var signed time.Duration // after the beginning, when it is signed again
	if n < s.Signed {
		signed = time.Duration(s.rnd.Int64N(int64(s.Every)))
	}
	for k, i := range [feeders]int{first, second} {
		var look func()
		look = func() {
			s.requests++
			t := s.tracks[list]
			if since := s.now.Sub(began) - signed; n < s.Signed && since >= 0 {
				if v := uint64(since/s.Every) + 2; v > t.head.Version {
					h := t.head
					h.Version, h.Digest = v, s.digest()
					s.versions++
					t = s.publish(i, h, true)
				}
			}
			s.saw(i, t.head)
			s.after(period, look)
		}
		s.after((phase+time.Duration(k)*period/feeders)%period, look)
	}
}

// saw has a member tell of a look, with others that are made a little later.
func (s *day) saw(i int, h gossip.Head) {
	if len(s.looks[i]) == 0 {
		s.after(lookDelay, func() {
			seen := s.looks[i]
			s.looks[i] = nil
			s.step(i, gossip.Look{Seen: seen})
		})
	}
	s.looks[i] = append(s.looks[i], gossip.SeenOf(h))
}
