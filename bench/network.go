package bench

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"
)

// Network is what lies between simulated members.
type Network struct {
	Name string
	// Loss is the share of packets that get lost.
	Loss float64
	// Delay is the one-way latency of a packet between two members.
	Delay func(rnd *rand.Rand, from, to int) time.Duration
	// Bad is the share of the time, in stretches of a second, in which a member's link
	// loses half of all packets; 0: loss is independent.
	Bad float64
	// Uplink is in bytes a second; bodies wait for one another on it.
	Uplink float64
}

// Uniform delays are between two bounds, the same for all links.
func Uniform(least, most time.Duration, loss float64) Network {
	return Network{
		Name: "uniform", Loss: loss, Uplink: 100e6 / 8,
		Delay: func(rnd *rand.Rand, _, _ int) time.Duration {
			return least + time.Duration(rnd.Int64N(int64(most-least)))
		},
	}
}

// HeavyTailed delays are log-normal around 30 ms, with slow branches, one member in
// twenty, whose packets take 150 ms more; losses come in stretches.
func HeavyTailed(loss float64) Network {
	return Network{
		Name: "heavy-tailed", Loss: loss, Bad: loss / 4, Uplink: 20e6 / 8,
		Delay: func(rnd *rand.Rand, from, to int) time.Duration {
			d := 30 * math.Exp(0.6*rnd.NormFloat64())
			for _, member := range []int{from, to} {
				if member%20 == 19 {
					d += 150
				}
			}
			return time.Duration(min(d, 1000) * float64(time.Millisecond))
		},
	}
}

// clock is virtual time: what happens next happens in its order.
type clock struct {
	now   time.Time
	queue happenings
	seq   uint64
}

type happening struct {
	at  time.Time
	seq uint64 // of two at one time the one that was thought of first
	do  func()
}

func (c *clock) after(d time.Duration, do func()) {
	c.seq++
	heap.Push(&c.queue, happening{c.now.Add(max(0, d)), c.seq, do})
}

// run lets things happen until the time, or until done.
func (c *clock) run(until time.Time, done func() bool) {
	for len(c.queue) > 0 && !c.queue[0].at.After(until) && !done() {
		h := heap.Pop(&c.queue).(happening)
		c.now = h.at
		h.do()
	}
}

type happenings []happening

func (q happenings) Len() int { return len(q) }
func (q happenings) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].seq < q[j].seq
}
func (q happenings) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *happenings) Push(x any)   { *q = append(*q, x.(happening)) }

func (q *happenings) Pop() any {
	last := len(*q) - 1
	h := (*q)[last]
	(*q)[last] = happening{}
	*q = (*q)[:last]
	return h
}

// link carries packets between members.
type link struct {
	Network
	*clock
	rnd *rand.Rand
	bad map[int]time.Time // members whose link is, until then
}

// lost says whether a packet gets lost.
func (l *link) lost(from, to int) bool {
	p := l.Loss
	for _, m := range []int{from, to} {
		if l.Bad > 0 && l.now.Before(l.bad[m]) {
			p = max(p, 0.5)
		}
	}
	return l.rnd.Float64() < p
}

// weather makes links bad and good.
func (l *link) weather(members int) {
	if l.Bad == 0 {
		return
	}
	for m := range members {
		if l.rnd.Float64() < l.Bad {
			l.bad[m] = l.now.Add(time.Second)
		}
	}
	l.after(time.Second, func() { l.weather(members) })
}

// packet delivers at most once.
func (l *link) packet(from, to int, deliver func()) {
	if !l.lost(from, to) {
		l.after(l.Delay(l.rnd, from, to), deliver)
	}
}

// stream delivers so many packets' worth for certain: each round of losses costs a
// round trip.
func (l *link) stream(from, to, packets int, deliver func()) {
	d := l.Delay(l.rnd, from, to)
	total := d
	for left := packets; ; {
		lost := 0
		for range left {
			if l.lost(from, to) {
				lost++
			}
		}
		if left = lost; left == 0 {
			break
		}
		total += 2*d + 25*time.Millisecond
	}
	l.after(total, deliver)
}
