package transfer

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/edgetrust/edgetrust/cache/artefact"
)

// Limits of deltas.
const (
	maxDeltas     = 1024     // that are remembered, those that gain nothing as well
	maxDeltaBytes = 16 << 20 // of them
	maxAskers     = 4096     // whose share is remembered

	// What one peer may have compressed anew: bytes a second, and at once. It is much
	// more than lists change, and a small part of a core.
	compressRate  = 2 << 20
	compressBurst = 64 << 20
)

// deltas are bodies compressed against others. Many ask for the same one after a change,
// so that each is made once; and since any body that is held may be named as dictionary
// for any other, of which there are very many pairs, a peer has its share.
type deltas struct {
	mu    sync.Mutex // guards what follows
	made  map[pairOf]*delta
	order []pairOf // the oldest first
	bytes int
	share map[string]*rate.Limiter // of a peer
}

// pairOf is a body and its dictionary.
type pairOf struct{ body, before artefact.Digest }

// delta is one that is made or in the making.
type delta struct {
	done  chan struct{} // closed when what follows is there
	small []byte
	gains bool

	counted int // bytes; guarded as its deltas are
}

func newDeltas() *deltas {
	return &deltas{made: make(map[pairOf]*delta), share: make(map[string]*rate.Limiter)}
}

// get returns a body compressed for a peer; false: that gains nothing, or the peer has
// had its share.
func (d *deltas) get(from string, which pairOf, body, before []byte) ([]byte, bool) {
	d.mu.Lock()
	one, made := d.made[which]
	if !made {
		if !d.shareOf(from).AllowN(time.Now(), len(body)+len(before)) {
			d.mu.Unlock()
			return nil, false
		}
		one = &delta{done: make(chan struct{})}
		d.made[which] = one
		d.order = append(d.order, which)
	}
	d.mu.Unlock()
	if !made {
		if one.small, one.gains = compress(body, before); !one.gains {
			one.small = nil
		}
		close(one.done)
		d.count(which, one)
	}
	<-one.done
	return one.small, one.gains
}

// count counts one that is made, and forgets the oldest of too many.
func (d *deltas) count(which pairOf, one *delta) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made[which] == one { // not forgotten in the making
		one.counted = len(one.small)
		d.bytes += one.counted
	}
	for len(d.order) > maxDeltas || d.bytes > maxDeltaBytes {
		oldest := d.order[0]
		d.order = d.order[1:]
		d.bytes -= d.made[oldest].counted
		delete(d.made, oldest)
	}
}

// shareOf is a peer's; the caller holds mu.
func (d *deltas) shareOf(from string) *rate.Limiter {
	l, ok := d.share[from]
	if !ok {
		if len(d.share) >= maxAskers {
			clear(d.share)
		}
		l = rate.NewLimiter(compressRate, compressBurst)
		d.share[from] = l
	}
	return l
}
