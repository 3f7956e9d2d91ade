package gossip_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/gossip"
)

// hesitant does not know, the first time, who signed a body; it learns that while it
// still judges.
type hesitant struct {
	gossip.Store
	learned func()
	asked   int
}

func (h *hesitant) Take(a gossip.Arrival) gossip.Outcome {
	if h.asked++; h.asked == 1 {
		h.learned()
		time.Sleep(10 * time.Millisecond)
		return gossip.Waits
	}
	return h.Store.Take(a)
}

// What a body waits for may come between its judgement and the news of it.
func TestLearnedWhileJudging(t *testing.T) {
	inWorld(t, 1, lan, []string{"a"}, func(w *world) {
		first := w.add("m0", nil)
		var h *hesitant
		second := w.add("m1", func(o *gossip.ClusterOptions) {
			h = &hesitant{Store: o.Store}
			o.Store = h
		})
		h.learned = second.Cluster.Retry
		w.until(time.Minute, "both know one another", func() bool { return w.all(w.nodes, 1) })
		w.spread(first, "a", 3*time.Second)
		if h.asked < 2 {
			t.Errorf("judged %d times", h.asked)
		}
	})
}
