package origin

import (
	"container/heap"
	"time"
)

// minLeft is how long a look is left to others at least before the Turn of its target is
// asked again.
const minLeft = 50 * time.Millisecond

// turnsAtOnce are asked before others may have the lock: each is a walk through the
// members of a cluster, and when those change all that is left to others is asked again.
const turnsAtOnce = 32

// Reconsider has the Turn of every target whose look is left to others asked again at
// once: those others may have changed. It never waits, and may be called from anywhere.
func (f *Follower) Reconsider() {
	f.init()
	signal(f.turns)
}

// askAgain makes what is left to others due.
func (f *Follower) askAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	for _, g := range f.followed {
		if g.left && g.at >= 0 && g.due.After(now) {
			g.due = now
			heap.Fix(&f.poolOf(g).waiting, g.at)
		}
	}
}

// leftFor asks for how long the look that is due is left to others; 0: it is this node's
// turn, or it is asked for out of turn. A look that others make holds up neither the
// stages nor whoever counts failures. The caller holds mu.
func (f *Follower) leftFor(g *following) time.Duration {
	if g.mine || g.due.IsZero() || g.target.Turn == nil { // soon makes it zero
		return 0
	}
	wait := g.target.Turn()
	g.left, g.mine = wait > 0, wait <= 0
	if g.mine {
		return 0
	}
	if !g.looked {
		g.looked = true
		signal(f.wake) // which may open the next stage
	}
	return max(jittered(wait), minLeft)
}
