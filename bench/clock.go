package bench

import (
	"container/heap"
	"time"
)

// clock is virtual time: what happens next happens in its order.
type clock struct {
	now   time.Time
	queue happenings
	seq   uint64
}

// newClock begins at the same time in every run.
func newClock() *clock { return &clock{now: time.Unix(1_800_000_000, 0)} }

type happening struct {
	at  time.Time
	seq uint64 // of two at one time the one that was thought of first
	do  func()
}

func (c *clock) after(d time.Duration, do func()) {
	c.seq++
	heap.Push(&c.queue, happening{c.now.Add(max(0, d)), c.seq, do})
}

// run lets things happen until the time, or until done, which is asked after each.
// Whichever it is, that is the time then.
func (c *clock) run(until time.Time, done func() bool) {
	for !done() {
		if len(c.queue) == 0 || c.queue[0].at.After(until) {
			c.now = until
			return
		}
		h := heap.Pop(&c.queue).(happening)
		c.now = h.at
		h.do()
	}
}

func never() bool { return false }

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
