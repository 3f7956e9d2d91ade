package api

import (
	"context"
	"sync/atomic"
	"time"
)

// gate bounds how many requests are evaluated at once, and how many wait. A body
// is read before, so a slow client holds no place.
type gate struct {
	slots   chan struct{}
	waiting atomic.Int64
	queue   int64
	longest time.Duration
}

func newGate(slots, queue int, longest time.Duration) *gate {
	return &gate{slots: make(chan struct{}, slots), queue: int64(queue), longest: longest}
}

// enter waits for a turn; leave ends it.
func (g *gate) enter(ctx context.Context) (leave func(), p *Problem) {
	select {
	case g.slots <- struct{}{}:
		return g.leave, nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return nil, overloaded("too many requests are waiting")
	}
	timer := time.NewTimer(g.longest)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return g.leave, nil
	case <-ctx.Done():
		return nil, late()
	case <-timer.C:
		return nil, overloaded("the wait for a turn was too long")
	}
}

func (g *gate) leave() { <-g.slots }

// overloaded is the 503 that a client should answer by waiting or going elsewhere.
func overloaded(detail string) *Problem {
	p := NewProblem(Overloaded, detail+"; try again, or another node")
	p.retryAfter = 1
	return p
}
