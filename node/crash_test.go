package node

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// version is one version of a list of the story below.
type version struct {
	list     string
	sequence uint64
	b        []byte
}

// versions are successive versions of four lists.
func (l *realLab) versions(first, n uint64) (list []version) {
	l.t.Helper()
	for seq := first; seq < first+n; seq++ {
		list = append(list,
			version{"eu-lotl", seq, l.must(l.LOTL(verifytest.LOTLOptions{Sequence: seq}))},
			version{"eu-lotl:DE", seq, l.must(l.TL("DE", verifytest.TLOptions{Sequence: seq}))},
			version{"us-vical", seq, l.must(l.VICAL(verifytest.VICALOptions{IssueID: seq}))},
			version{"pid", seq, l.must(l.LoTE("pid", verifytest.ListOptions{Sequence: seq}))},
		)
	}
	return list
}

// A node that is killed at random moments, while its lists change, serves after
// each start every version whose publication it had acknowledged, or a newer one.
func TestKilled(t *testing.T) {
	kills := 12
	within := 60 * time.Millisecond
	if testing.Short() { // under the race detector, where everything takes longer
		kills, within = 3, 600*time.Millisecond
	}
	if os.Getenv("EDGETRUST_LONG") == "1" {
		kills = 300
	}
	l := newDeadLab(t)
	rng := rand.New(rand.NewPCG(1, 2))
	stock := l.versions(1, 10)
	acknowledged := make(map[string]uint64)
	published, withChanges := 0, 0
	next := 0
	for range kills {
		p := startProcess(t, l.dir)
		if len(acknowledged) > 0 {
			p.waitRestored(t, acknowledged)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var mu sync.Mutex
		before := published
		wg.Go(func() {
			for ctx.Err() == nil && next < len(stock) {
				v := stock[next]
				refused, err := p.publish(ctx, v.b)
				if refused {
					t.Errorf("%s %d: %v", v.list, v.sequence, err)
				}
				if err != nil {
					return // killed in between: offered again after the restart
				}
				mu.Lock()
				acknowledged[v.list] = v.sequence
				published++
				mu.Unlock()
				next++
			}
		})
		time.Sleep(time.Duration(rng.Int64N(int64(within))))
		p.kill()
		cancel()
		wg.Wait()
		if published > before {
			withChanges++
		}
		if next == len(stock) {
			next, stock = 0, l.versions(stock[len(stock)-1].sequence+1, 10)
		}
	}
	p := startProcess(t, l.dir)
	p.waitRestored(t, acknowledged)
	t.Logf("%d kills, %d of them while something was acknowledged, %d versions published", kills, withChanges, published)
	if published == 0 {
		t.Error("nothing was ever published: the test shows nothing")
	}
}

// waitRestored waits until the disk is loaded and wants every acknowledged version.
func (p *process) waitRestored(t *testing.T, acknowledged map[string]uint64) {
	t.Helper()
	eventually(t, "the node serves what it acknowledged", func() bool {
		got := p.sequences(t)
		for list, seq := range acknowledged {
			if got[list] < seq {
				return false
			}
		}
		return true
	})
}
