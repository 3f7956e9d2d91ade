package api

import (
	"container/list"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rates holds one bucket for each client seen lately. The table is bounded: the
// client not seen for longest is forgotten first, which at worst gives him a full
// bucket again.
type rates struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex // guards what follows
	buckets map[string]*list.Element
	order   *list.List // of *bucket, the latest first
}

type bucket struct {
	client  string
	limiter *rate.Limiter
}

func newRates(r Rate) *rates {
	return &rates{limit: rate.Limit(r.PerSecond), burst: r.Burst, buckets: make(map[string]*list.Element), order: list.New()}
}

// take pays for n requests of a client, or says when to come back. More than a
// full bucket is paid for with a full bucket, or a large batch could never pass.
func (r *rates) take(client string, n int) *Problem {
	now := time.Now()
	res := r.bucket(client).ReserveN(now, min(n, r.burst))
	wait := res.DelayFrom(now)
	if res.OK() && wait == 0 {
		return nil
	}
	res.CancelAt(now)
	p := NewProblem(RateLimited, "this client has used up its rate; Retry-After says when to come back")
	p.retryAfter = int(min(3600, max(1, math.Ceil(wait.Seconds()))))
	return p
}

func (r *rates) bucket(client string) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.buckets[client]; ok {
		r.order.MoveToFront(e)
		return e.Value.(*bucket).limiter
	}
	if r.order.Len() >= maxClients {
		last := r.order.Back()
		delete(r.buckets, last.Value.(*bucket).client)
		r.order.Remove(last)
	}
	b := &bucket{client, rate.NewLimiter(r.limit, r.burst)}
	r.buckets[client] = r.order.PushFront(b)
	return b.limiter
}
