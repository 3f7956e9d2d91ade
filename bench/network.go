package bench

import (
	"math"
	"math/rand/v2"
	"time"
)

// Network is what lies between simulated members.
type Network struct {
	Name string
	// Loss is the share of packets that get lost.
	Loss float64
	// Bursts is how long losses last that come together, on average: a member's own
	// link is bad for so long and then good for longer (the model of Gilbert and
	// Elliott). 0: each packet gets lost for itself.
	Bursts time.Duration
	// Delay is the one-way latency of a packet between two members; pair is a number
	// between 0 and 1 that is theirs, the same in both directions.
	Delay func(rnd *rand.Rand, pair float64) time.Duration
	// Rate is what a member's own link carries, in bytes a second, in each direction;
	// bodies wait for one another on it.
	Rate float64
	// Slow has one member of so many be at a slow branch: packets from and to it take
	// slowDelay more, and its link carries slowRate. 0: nobody is.
	Slow int
}

// Slow branches: a satellite's or a crowded mobile network's.
const (
	slowDelay = 150 * time.Millisecond
	slowRate  = 2e6 / 8
)

// Uniform delays are between two bounds, the same for all pairs.
func Uniform(least, most time.Duration, loss float64) Network {
	return Network{
		Name: "uniform", Loss: loss, Rate: 100e6 / 8,
		Delay: func(rnd *rand.Rand, _ float64) time.Duration {
			return least + time.Duration(rnd.Int64N(int64(most-least)))
		},
	}
}

// Links is the uniform network of the budget: 20 to 60 ms one way.
func Links(loss float64) Network {
	return Uniform(20*time.Millisecond, 60*time.Millisecond, loss)
}

// Bursty is that network with losses that last 300 ms.
func Bursty(loss float64) Network {
	n := Links(loss)
	n.Name, n.Bursts = "bursts", 300*time.Millisecond
	return n
}

// HeavyTailed pairs of members are, once and for all, around 30 ms from one another,
// some of them much farther (log-normal, at most 400 ms), and single packets take
// longer, few of them much (Pareto, at most 200 ms). Losses last 300 ms. One member in
// twenty is at a slow branch.
func HeavyTailed(loss float64) Network {
	return Network{
		Name: "heavy-tailed", Loss: loss, Bursts: 300 * time.Millisecond, Rate: 20e6 / 8, Slow: 20,
		Delay: func(rnd *rand.Rand, pair float64) time.Duration {
			far := math.Min(400, 30*math.Exp(0.6*math.Sqrt2*math.Erfinv(2*pair-1)))
			late := math.Min(200, 2*(math.Pow(1-rnd.Float64(), -1/1.5)-1))
			return time.Duration((far + late) * float64(time.Millisecond))
		},
	}
}

// Of the model of losses that come together: the share of packets that a member's link
// loses while it is bad, and how much of all its losses fall into good times.
const (
	lostWhileBad  = 0.7
	lostWhileGood = 0.1
)

// weather is whether a member's own link was bad when it was last looked at.
type weather struct {
	bad bool
	at  time.Time
}

// link carries packets between members.
type link struct {
	Network
	*clock
	rnd  *rand.Rand
	seed uint64
	sky  map[int]*weather
	used map[[2]int]time.Time // connections, by who asks and who answers: the last use
	// cut says whether nothing gets from one member to another now; nil: everything does.
	cut func(from, to int) bool
}

func newLink(n Network, seed, part uint64) *link {
	return &link{
		Network: n, clock: newClock(), rnd: rand.New(rand.NewPCG(seed, part)), seed: seed,
		sky: make(map[int]*weather), used: make(map[[2]int]time.Time),
	}
}

// lost says whether a packet gets lost that is sent now.
func (l *link) lost(from, to int) bool { return l.loses(l.now, l.above(from), l.above(to)) }

// loses says whether a packet gets lost that is sent then, under the weather at both
// ends.
func (l *link) loses(then time.Time, ends ...*weather) bool {
	if l.Loss == 0 {
		return false
	}
	if l.Bursts == 0 {
		return l.rnd.Float64() < l.Loss
	}
	own := 1 - math.Sqrt(1-l.Loss) // of either end, so that both together lose as said
	good := own * lostWhileGood
	share := (own - good) / (lostWhileBad - good) // of the time that is bad
	for _, w := range ends {
		l.turn(w, then, share)
		p := good
		if w.bad {
			p = lostWhileBad
		}
		if l.rnd.Float64() < p {
			return true
		}
	}
	return false
}

// above is the weather of a member's own link.
func (l *link) above(m int) *weather {
	w, known := l.sky[m]
	if !known {
		w = &weather{}
		l.sky[m] = w
	}
	return w
}

// turn lets time pass for a link that is bad for a share of it: that it still is what it
// was when last looked at is the likelier the shorter ago that was.
func (l *link) turn(w *weather, then time.Time, share float64) {
	switch dt := then.Sub(w.at); {
	case w.at.IsZero():
		w.bad = l.rnd.Float64() < share
	case dt <= 0:
		return
	default:
		// Both ways of changing together, by how long bad times last.
		rate := 1 / (l.Bursts.Seconds() * (1 - share))
		before := 0.0
		if w.bad {
			before = 1
		}
		w.bad = l.rnd.Float64() < share+(before-share)*math.Exp(-rate*dt.Seconds())
	}
	w.at = then
}

func (l *link) slow(m int) bool { return l.Slow > 0 && m%l.Slow == l.Slow-1 }

// rate is what a member's own link carries.
func (l *link) rate(m int) float64 {
	if l.slow(m) {
		return slowRate
	}
	return l.Rate
}

func (l *link) delay(from, to int) time.Duration {
	a, b := min(from, to), max(from, to)
	h := mixed(l.seed ^ mixed(uint64(a)<<32|uint64(b)))
	d := l.Delay(l.rnd, (float64(h>>11)+.5)/(1<<53))
	for _, m := range []int{from, to} {
		if l.slow(m) {
			d += slowDelay
		}
	}
	return d
}

// mixed is the finalizer of SplitMix64.
func mixed(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// packet delivers at most once.
func (l *link) packet(from, to int, deliver func()) {
	if l.cut != nil && l.cut(from, to) || l.lost(from, to) {
		return
	}
	l.after(l.delay(from, to), deliver)
}

// What a QUIC connection costs.
const (
	datagram      = 1200                  // bytes of payload that a packet carries
	ackDelay      = 25 * time.Millisecond // at most, of an acknowledgement: a lost last packet is noticed so much later
	connectionFor = 90 * time.Second      // that one stays open unused
	connectSize   = 8000                  // bytes of a handshake in which both show certificates, and of finding out how large packets may be: measured on package transfer
	connectCount  = 4                     // its packets one after the other that must not get lost, two each way
)

// stream delivers so many bytes for certain, unless the two are cut off from one another: each
// round of losses costs a round trip. It returns what was sent, headers and
// acknowledgements included.
func (l *link) stream(from, to, size int, deliver func()) (sent int) {
	packets := max(1, (size+datagram-1)/datagram)
	took, extra := l.rounds(from, to, packets)
	if l.cut == nil || !l.cut(from, to) {
		l.after(took, deliver)
	}
	return size + extra*min(size, datagram) + (packets+extra)*quicOverhead + (packets+extra+1)/2*ackSize
}

// rounds is how long so many packets take until each has come through, and how many
// were sent more than once for that. The weather changes meanwhile, as each call works
// out for itself.
func (l *link) rounds(from, to, packets int) (took time.Duration, again int) {
	d := l.delay(from, to)
	took = d
	a, b := *l.above(from), *l.above(to)
	for left := packets; ; {
		lost := 0
		for range left {
			if l.loses(l.now.Add(took-d), &a, &b) {
				lost++
			}
		}
		if left = lost; left == 0 || took > time.Minute {
			return took, again
		}
		again += lost
		took += 2*d + ackDelay
	}
}

// connect makes sure that there is a connection and says how long that takes and what
// it costs.
func (l *link) connect(from, to int) (took time.Duration, sent int) {
	pair := [2]int{from, to}
	last, was := l.used[pair]
	l.used[pair] = l.now
	if was && l.now.Sub(last) < connectionFor {
		return 0, 0
	}
	took, again := l.rounds(from, to, connectCount)
	return took + l.delay(to, from), connectSize + again*datagram
}
