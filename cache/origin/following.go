package origin

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/edgetrust/edgetrust/cache"
)

// following is a target that is followed. What says nothing else is guarded by
// Follower.mu.
type following struct {
	target   Followed
	round    int       // of the last sync that found it
	started  bool      // it is on its schedule
	due      time.Time // the next look; zero: now, before all others
	at       int       // in its queue; -1: not there
	looked   bool      // once, however it came out
	hastened bool      // once more, even if a look is under way
	left     bool      // to others, until due
	mine     bool      // its Turn has come, and the look not yet
	unsigned int       // looks in a row that were refused since nobody knows who signed what came
	gone     outage

	current *look              // under way; nil: none
	stop    context.CancelFunc // ends it, if it is one of the schedule's
	next    *look              // that RefreshID waits for; nil: nobody does
	failed  *look              // the last, if it came to nothing
	came    *look              // the last, if it did not

	forget bool // the validators are those of another URL or revision
	begun  bool // a look was

	// Of the look that is under way.
	validators Validators // of the last, too
	schedule   schedule
}

// take notes what a target is now. The caller holds mu.
func (f *Follower) take(t Followed) *following {
	g, known := f.followed[t.ID]
	if !known {
		g = &following{target: t, at: -1, round: f.round}
		f.followed[t.ID] = g
		f.index(g)
		return g
	}
	if g.target.Target.URL != t.Target.URL || g.target.Revision != t.Revision {
		g.forget = true
		f.hasten(g)
	}
	moved := g.target.Target.URL != t.Target.URL
	if moved {
		f.unindex(g)
	}
	g.target, g.round = t, f.round
	if moved {
		f.index(g)
	}
	return g
}

// index has a target found by its URL, unless another is. The caller holds mu.
func (f *Follower) index(g *following) {
	if url := g.target.Target.URL; f.byURL[url] == nil {
		f.byURL[url] = g
	}
}

// unindex ends what index began. The caller holds mu.
func (f *Follower) unindex(g *following) {
	if url := g.target.Target.URL; f.byURL[url] == g {
		delete(f.byURL, url)
	}
}

// hasten has the target looked at at once, and forgets how it went before. The
// caller holds mu.
func (f *Follower) hasten(g *following) {
	g.hastened, g.failed, g.came = true, nil, nil
	f.soon(g)
}

// sync compares what is followed with Targets. What somebody takes while these are put
// together is of this round, too, and so is not taken for gone.
func (f *Follower) sync() {
	f.mu.Lock()
	f.round++
	f.mu.Unlock()
	targets := f.Targets()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range targets {
		f.take(t)
	}
	for _, g := range f.followed {
		if g.round != f.round {
			f.drop(g)
		}
	}
	for _, g := range f.statuses.hosts.release() { // whoever was to call them may be gone, or their URL another
		f.wait(g)
	}
	open := f.stage
	f.openStages()
	for _, g := range f.followed {
		if s := stageOf(g.target.ID.Kind); !g.started && s <= f.stage {
			f.enrol(g, s <= open)
		}
	}
}

// enrol puts a target on its schedule; late: its stage did not wait for it. The
// caller holds mu.
func (f *Follower) enrol(g *following, late bool) {
	g.started = true
	switch {
	case g.hastened:
	case late && g.target.Spread > 0:
		g.due = time.Now().Add(rand.N(g.target.Spread))
	default:
		g.due = time.Now()
	}
	f.wait(g)
}

// drop ends what is followed no more. The caller holds mu.
func (f *Follower) drop(g *following) {
	delete(f.followed, g.target.ID)
	f.unindex(g)
	f.leave(g)
	g.started = false
	g.refuse(ErrUnknown)
	if g.stop != nil {
		g.stop()
	}
	if c := f.crowdOf(g); c != nil {
		c.without(&g.gone)
	}
}

// refuse tells whoever waits for a look that there is none. The caller holds mu.
func (g *following) refuse(err error) {
	if g.next != nil {
		g.next.end(cache.Outcome{}, err)
		g.next = nil
	}
}
