package api

import (
	"context"
	"sync/atomic"
	"time"
)

// maxAside is how many requests may wait for something other than the processor. Each
// holds its body, and what that may come to together Limits.BodyMemory bounds.
const maxAside = 4096

// gate bounds how many requests are evaluated at once, and how many wait. A body
// is read before, so a slow client holds no place.
type gate struct {
	slots   chan struct{}
	waiting atomic.Int64
	aside   atomic.Int64
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

// gateKey finds, in the context of a request that has a place, the gate.
type gateKey struct{}

// Aside runs wait, in which a request waits for something other than the processor.
// Its place among those that are evaluated is another's meanwhile: it is for an Engine
// to call, with the context that it was given or one made of that. When too many are
// aside already the place is kept, so that their number has a bound. Without a gate
// wait is all that happens.
func Aside(ctx context.Context, wait func()) {
	g, ok := ctx.Value(gateKey{}).(*gate)
	if !ok || !g.stepAside() {
		wait()
		return
	}
	defer g.comeBack()
	wait()
}

func (g *gate) stepAside() bool {
	if g.aside.Add(1) > maxAside {
		g.aside.Add(-1)
		return false
	}
	g.leave()
	return true
}

// comeBack waits for a place, however long: whoever has one is about to leave it.
func (g *gate) comeBack() {
	g.slots <- struct{}{}
	g.aside.Add(-1)
}

// overloaded is the 503 that a client should answer by waiting or going elsewhere.
func overloaded(detail string) *Problem {
	p := NewProblem(Overloaded, detail+"; try again, or another node")
	p.retryAfter = 1
	return p
}
