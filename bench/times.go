package bench

import (
	"fmt"
	"slices"
	"time"
)

// Times sums up how long something took, in milliseconds.
type Times struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// timesOf sums durations up; of none all is zero.
func timesOf(d []time.Duration) Times {
	if len(d) == 0 {
		return Times{}
	}
	d = slices.Sorted(slices.Values(d))
	at := func(p float64) float64 {
		return float64(d[min(len(d)-1, int(p*float64(len(d))))]) / float64(time.Millisecond)
	}
	return Times{at(.5), at(.99), at(1)}
}

// String is for tables: p50/p99/max in whole milliseconds.
func (t Times) String() string { return fmt.Sprintf("%.0f/%.0f/%.0f", t.P50, t.P99, t.Max) }
