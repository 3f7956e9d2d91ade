package origin

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// pool is the places for looks of one sort, and the targets that wait for their
// time, or for a place when it has come.
type pool struct {
	places  chan struct{} // holds one value for each look
	waiting queue
	hosts   share
}

// poolOf is where a target waits. The caller holds mu.
func (f *Follower) poolOf(g *following) *pool {
	if stageOf(g.target.ID.Kind) == statusLists {
		return &f.statuses
	}
	return &f.lists
}

// wait puts a target into its queue unless it is there. The caller holds mu.
func (f *Follower) wait(g *following) {
	if g.at < 0 {
		heap.Push(&f.poolOf(g).waiting, g)
	}
}

// leave takes a target out of its queue if it is there. The caller holds mu.
func (f *Follower) leave(g *following) {
	if g.at >= 0 {
		heap.Remove(&f.poolOf(g).waiting, g.at)
	}
}

// soon has a target looked at before all that wait. If a look is under way or the
// target is not started, its queue is entered when that is over. The caller holds mu.
func (f *Follower) soon(g *following) {
	g.due = time.Time{}
	if g.at >= 0 {
		heap.Fix(&f.poolOf(g).waiting, g.at)
	} else if g.started && g.current == nil {
		f.wait(g)
	}
	signal(f.ready)
}

// start begins the looks that are due and for which there are places, and says how
// long to wait for the next. What is due and has no place needs no timer: a look
// that ends says so.
func (f *Follower) start(ctx context.Context, looking *sync.WaitGroup) (wait time.Duration, any bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	asked := 0
	for _, p := range []*pool{&f.lists, &f.statuses} {
		for len(p.waiting) > 0 {
			g := p.waiting[0]
			if d := g.due.Sub(now); d > 0 {
				if !any || d < wait {
					wait, any = d, true
				}
				break
			}
			if g.current != nil { // one of Refresh, whose end puts it back
				f.leave(g)
				continue
			}
			if asked == turnsAtOnce {
				return 0, true
			}
			asked++
			if wait := f.leftFor(g); wait > 0 {
				g.due = now.Add(wait)
				heap.Fix(&p.waiting, g.at)
				continue
			}
			if !p.enter() {
				break
			}
			f.leave(g)
			host := hostOf(g.target.Target)
			if !p.hosts.enter(host) {
				<-p.places
				p.hosts.hold(host, g)
				continue
			}
			f.turn(ctx, g, host, looking)
		}
	}
	return wait, any
}

// turn begins a look at a target whose place is taken, among those of its host. The caller holds mu.
func (f *Follower) turn(ctx context.Context, g *following, host string, looking *sync.WaitGroup) {
	g.left, g.mine = false, false
	if g.hastened {
		g.hastened, g.schedule = false, schedule{}
	}
	g.current, g.next = g.next, nil
	if g.current == nil {
		g.current = newLook()
	}
	ctx, stop := context.WithCancel(ctx)
	g.stop = stop
	looking.Go(func() {
		defer stop()
		f.follow(ctx, g, host)
	})
}

// enter takes a place if one is free.
func (p *pool) enter() bool {
	select {
	case p.places <- struct{}{}:
		return true
	default:
		return false
	}
}

// queue is a heap of targets by when they are due.
type queue []*following

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

func (q *queue) Push(x any) {
	g := x.(*following)
	g.at = len(*q)
	*q = append(*q, g)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	g := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	g.at = -1
	return g
}
