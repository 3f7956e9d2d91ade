package origin

import (
	"context"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// stage is when, at the start, a target has its first look: a national list is
// found through a list of lists, and a status list cannot be verified before the
// anchors of its signer are known.
type stage int

const (
	listsOfLists stage = iota
	trustLists
	statusLists
)

func stageOf(k artefact.Kind) stage {
	switch k {
	case artefact.LOTL:
		return listsOfLists
	case artefact.Status:
		return statusLists
	default:
		return trustLists
	}
}

// following is a target that is followed.
type following struct {
	busy       chan struct{} // holds one value during a look: one at a time
	validators Validators    // of that look, and of the next

	changed chan struct{} // holds one value: look at once

	// Guarded by Follower.mu.
	target Followed
	forget bool // the validators are those of another URL or revision
	begun  bool // a look was
	ctx    context.Context
	stop   context.CancelFunc // nil: not started
	looked bool               // once, however it came out
}

// take notes what a target is now. The caller holds mu.
func (f *Follower) take(t Followed) *following {
	g, known := f.followed[t.ID]
	if !known {
		g = &following{busy: make(chan struct{}, 1), changed: make(chan struct{}, 1), target: t}
		f.followed[t.ID] = g
		return g
	}
	if g.target.Target.URL != t.Target.URL || g.target.Revision != t.Revision {
		g.forget = true
		g.hasten()
	}
	g.target = t
	return g
}

// hasten has the target looked at at once. It never waits.
func (g *following) hasten() {
	select {
	case g.changed <- struct{}{}:
	default: // it will be anyway
	}
}

// sync compares what is followed with Targets, and returns what is to be started.
func (f *Follower) sync(ctx context.Context) (start []*following) {
	targets := f.Targets()
	f.mu.Lock()
	defer f.mu.Unlock()
	current := make(map[*following]bool, len(targets))
	for _, t := range targets {
		current[f.take(t)] = true
	}
	for id, g := range f.followed {
		if !current[g] {
			delete(f.followed, id)
			if g.stop != nil {
				g.stop()
			}
		}
	}
	f.openStages()
	for g := range current {
		if g.stop == nil && stageOf(g.target.ID.Kind) <= f.stage {
			g.ctx, g.stop = context.WithCancel(ctx)
			start = append(start, g)
		}
	}
	return start
}

// openStages opens the next stage when all of the earlier ones had their first
// look, or when patience is over. The caller holds mu.
func (f *Follower) openStages() {
	for f.stage < statusLists && (f.allLooked() || time.Since(f.opened) >= patience) {
		f.stage++
		f.opened = time.Now()
	}
}

func (f *Follower) allLooked() bool {
	for _, g := range f.followed {
		if !g.looked && stageOf(g.target.ID.Kind) <= f.stage {
			return false
		}
	}
	return true
}

// firstLooked notes that a target had its look, which may open the next stage.
func (f *Follower) firstLooked(g *following) {
	f.mu.Lock()
	first := !g.looked
	g.looked = true
	f.mu.Unlock()
	if first {
		f.Sync()
	}
}

// impatience tells when the open stage has held up the next for long enough; nil,
// which never does, when none is held up.
func (f *Follower) impatience() <-chan time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stage == statusLists {
		return nil
	}
	return time.After(time.Until(f.opened.Add(patience)))
}
