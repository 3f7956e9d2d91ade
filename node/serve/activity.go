package serve

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// activity counts the requests in progress.
type activity struct {
	running atomic.Int64
	last    atomic.Int64 // when the latest ended, Unix nanoseconds
}

func (a *activity) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.running.Add(1)
		defer func() {
			a.last.Store(time.Now().UnixNano())
			a.running.Add(-1)
		}()
		next.ServeHTTP(w, r)
	})
}

// waitQuiet returns once no request has been in progress for a while, because one
// may still be on its way from a client that has not heard of the end. It also
// returns when ctx or done ends.
func (a *activity) waitQuiet(ctx context.Context, done <-chan struct{}, quiet time.Duration) {
	begin := time.Now()
	tick := time.NewTicker(quiet / 10)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-done:
			return
		case now := <-tick.C:
			idle := min(now.Sub(begin), now.Sub(time.Unix(0, a.last.Load())))
			if a.running.Load() == 0 && idle >= quiet {
				return
			}
		}
	}
}
