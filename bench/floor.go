package bench

import (
	"math"
	"math/rand/v2"
	"time"
)

// Flood is the least that is possible: whoever hears sends to everybody else. It
// returns when the last member has heard.
func (s Spread) Flood() (last []time.Duration) {
	return s.simple(func(l *link, heard []bool, tell func(int)) func(int) {
		return func(i int) {
			for to := range heard {
				if to != i {
					l.packet(i, to, func() { tell(to) })
				}
			}
		}
	})
}

// The settings of memberlist's profile for local networks.
const (
	gossipInterval = 200 * time.Millisecond
	gossipNodes    = 3
	retransmitMult = 4
)

// Memberlist models the broadcast queue of stock memberlist: every 200 ms each member
// sends what it has to three others, each message so many times. It returns when the
// last member has heard, a minute if one never did.
func (s Spread) Memberlist() (last []time.Duration) {
	return s.simple(func(l *link, heard []bool, tell func(int)) func(int) {
		limit := retransmitMult * int(math.Ceil(math.Log10(float64(len(heard)+1))))
		return func(i int) {
			left := limit
			var round func()
			round = func() {
				for range gossipNodes {
					to := l.rnd.IntN(len(heard))
					if to == i || left == 0 {
						continue
					}
					left--
					l.packet(i, to, func() { tell(to) })
				}
				if left > 0 {
					l.after(gossipInterval, round)
				}
			}
			l.after(time.Duration(l.rnd.Int64N(int64(gossipInterval))), round)
		}
	})
}

// simple runs a scheme in which all that a member does begins when it hears.
func (s Spread) simple(scheme func(l *link, heard []bool, tell func(int)) func(int)) (last []time.Duration) {
	for u := range s.Updates {
		start := time.Unix(1_800_000_000, 0)
		l := &link{Network: s.Network, clock: &clock{now: start}, rnd: rand.New(rand.NewPCG(s.Seed, uint64(u)+2)), bad: make(map[int]time.Time)}
		heard := make([]bool, s.Members)
		count, at := 0, start
		var hears func(int)
		tell := func(i int) {
			if !heard[i] {
				heard[i] = true
				count++
				at = l.now
				hears(i)
			}
		}
		hears = scheme(l, heard, tell)
		l.weather(s.Members)
		tell(l.rnd.IntN(s.Members))
		l.run(start.Add(lastFor), func() bool { return count == s.Members })
		if count < s.Members {
			at = start.Add(lastFor)
		}
		last = append(last, at.Sub(start))
	}
	return last
}
