package origin

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// MaxRetryAfter is how long an origin's Retry-After is heeded at most: one that
// says a year must not end the looks.
const MaxRetryAfter = time.Hour

// StatusError is an answer that is neither the list nor that it is unchanged. It
// holds nothing that the origin wrote.
type StatusError struct {
	Code       int
	RetryAfter time.Duration // of 429 and 503, at most MaxRetryAfter; 0: not said
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the origin answered %d %s", e.Code, http.StatusText(e.Code))
}

func statusError(resp *http.Response) *StatusError {
	e := &StatusError{Code: resp.StatusCode}
	if e.Code == http.StatusTooManyRequests || e.Code == http.StatusServiceUnavailable {
		e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	return e
}

// retryAfter reads the field of RFC 9110 section 10.2.3: seconds, or a date. What
// cannot be read says nothing.
func retryAfter(field string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(field, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, MaxRetryAfter)
	}
	at, err := http.ParseTime(field)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter)
}
