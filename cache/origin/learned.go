package origin

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"github.com/edgetrust/edgetrust/cache"
)

// Learned has whatever tells of revocations looked at again soon if it was refused
// because nobody knew who had signed it: they may be known now. A status list may be
// fetched a moment before the trust list of its signer, and the wait after a refusal is
// for publishers who have to act. It never waits, and may be called from anywhere.
func (f *Follower) Learned() {
	f.init()
	signal(f.known)
}

// lookAgain makes those due soon.
func (f *Follower) lookAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.learned++
	now := time.Now()
	for _, g := range f.followed {
		if g.unsigned == 0 || g.at < 0 {
			continue
		}
		if due := now.Add(g.soonAgain()); due.Before(g.due) {
			g.due = due
			heap.Fix(&f.poolOf(g).waiting, g.at)
		}
	}
}

// soonAgain is that of a failure, so that one whose signer never comes to be known is
// asked for ever less often, however often trust lists change.
func (g *following) soonAgain() time.Duration {
	return rand.N(bound(firstRetry, g.unsigned, refusedRetry))
}

func (f *Follower) learnedSoFar() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.learned
}

// unsigned notes whether a look was refused because nobody knows who signed what came,
// and returns how long to wait for the next: not as long as was meant if something was
// learned since the look began. The caller holds mu.
func (f *Follower) unsigned(g *following, err error, learned int, wait time.Duration) time.Duration {
	if stageOf(g.target.ID.Kind) != statusLists || !cache.Waits(err) {
		g.unsigned = 0
		return wait
	}
	g.unsigned++
	if f.learned != learned {
		wait = min(wait, g.soonAgain())
	}
	return wait
}
