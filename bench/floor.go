package bench

import (
	"math"
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
	gossipInterval   = 200 * time.Millisecond
	gossipNodes      = 3
	retransmitMult   = 4
	probeInterval    = time.Second
	pushPullInterval = 30 * time.Second
	pushPullMembers  = 32 // up to which that is the interval
)

// pushPull is between two exchanges of all state that a member begins: the longer the
// more members there are, in memberlist's own steps.
func pushPull(members int) time.Duration {
	if members <= pushPullMembers {
		return pushPullInterval
	}
	return pushPullInterval * time.Duration(math.Ceil(math.Log2(float64(members))-math.Log2(pushPullMembers))+1)
}

// Memberlist models the broadcast queue of stock memberlist: every 200 ms each member
// sends what it has to three others, in packets with room for it, each message
// 4·⌈log10(N+1)⌉ times in all; probes and their answers carry it, too; and twice a
// minute or more seldom a member exchanges all that it knows with another. It returns
// when the last member has heard, a minute if one never did. It sends one message at a
// time, which a packet of 1,400 bytes always has room for.
func (s Spread) Memberlist() (last []time.Duration) {
	return s.simple(func(l *link, heard []bool, tell func(int)) func(int) {
		n := len(heard)
		limit := retransmitMult * int(math.Ceil(math.Log10(float64(n+1))))
		left := make([]int, n) // times that a member still sends it
		send := func(from, to int) {
			if left[from] > 0 {
				left[from]--
				l.packet(from, to, func() { tell(to) })
			}
		}
		other := func(i int) int { return (i + 1 + l.rnd.IntN(n-1)) % n }
		every := func(period time.Duration, do func()) {
			var again func()
			again = func() { do(); l.after(period, again) }
			l.after(time.Duration(l.rnd.Int64N(int64(period))), again)
		}
		for i := range n {
			every(gossipInterval, func() {
				to := make(map[int]bool, gossipNodes)
				for left[i] > 0 && len(to) < min(gossipNodes, n-1) {
					if o := other(i); !to[o] {
						to[o] = true
						send(i, o)
					}
				}
			})
			every(probeInterval, func() {
				o := other(i)
				send(i, o) // on the ping
				l.packet(i, o, func() { send(o, i) })
			})
			every(pushPull(n), func() {
				o := other(i)
				l.stream(i, o, datagram, func() {
					if heard[i] {
						tell(o)
					}
					l.stream(o, i, datagram, func() {
						if heard[o] {
							tell(i)
						}
					})
				})
			})
		}
		return func(i int) { left[i] = limit }
	})
}

// simple runs a scheme, which says what a member does that hears.
func (s Spread) simple(scheme func(l *link, heard []bool, tell func(int)) func(int)) (last []time.Duration) {
	for u := range s.Updates {
		l := newLink(s.Network, s.Seed, uint64(u)+2)
		start := l.now
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
		tell(l.rnd.IntN(s.Members))
		l.run(start.Add(lastFor), func() bool { return count == s.Members })
		if count < s.Members {
			at = start.Add(lastFor)
		}
		last = append(last, at.Sub(start))
	}
	return last
}
