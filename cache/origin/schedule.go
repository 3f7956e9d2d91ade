package origin

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/edgetrust/edgetrust/cache"
)

// Jitter is the share by which a wait is made shorter or longer, so that a fleet
// that started together does not ask together.
const Jitter = 0.2

// Back-off of a target that failed.
const (
	// An origin that cannot be had is asked again soon, because a node that starts
	// beside a slow one should not be blind for an hour, and then ever less often.
	// The wait is anything up to a bound that doubles from firstRetry to maxRetry:
	// of all jitter, the full one keeps a fleet apart best after an outage. A list
	// that is looked at more often than maxRetry is left alone for longer while its
	// origin is down.
	firstRetry = 2 * time.Second // a second on average
	maxRetry   = 5 * time.Minute
	// Bytes that were refused, or too many, do not get better by being fetched again
	// at once: the publisher has to act. The wait doubles from refusedRetry to the
	// interval.
	refusedRetry = 5 * time.Minute
)

// schedule is how one target's looks went lately.
type schedule struct {
	failures int // in a row
	refusals int // in a row
}

// wait is how long to wait after a look that came out like this. next is the
// target's own interval.
func (s *schedule) wait(out cache.Outcome, err error, next func(cache.Outcome) time.Duration) time.Duration {
	interval := next(out)
	var fetch *FetchError
	switch {
	case err == nil:
		*s = schedule{}
		return jittered(interval)
	case errors.As(err, &fetch) && !errors.Is(err, ErrTooLarge):
		s.failures++
		return max(rand.N(bound(firstRetry, s.failures, maxRetry)), heeded(err))
	default:
		s.failures, s.refusals = 0, s.refusals+1
		return jittered(bound(refusedRetry, s.refusals, interval))
	}
}

// bound doubles from first with each time, up to most.
func bound(first time.Duration, times int, most time.Duration) time.Duration {
	return min(first<<min(times-1, 20), most)
}

// heeded is how long the origin asked to be left alone, and a little longer, so
// that not all it said it to come back together.
func heeded(err error) time.Duration {
	var status *StatusError
	if !errors.As(err, &status) {
		return 0
	}
	return time.Duration(float64(status.RetryAfter) * (1 + Jitter*rand.Float64()))
}

func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 - Jitter + 2*Jitter*rand.Float64()))
}
