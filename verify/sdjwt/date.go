package sdjwt

import (
	"math"
	"time"
)

// maxDate is the end of the year 9999, the last that RFC 3339 can write; without
// it a NumericDate could overflow a time and turn far future into past.
const maxDate = 253402300799

// readDate returns the NumericDate (RFC 7519 section 2) of a claim; the zero time
// if the claim is absent, false if it is no such number.
func readDate(claims map[string]any, name string) (time.Time, bool) {
	v, ok := claims[name]
	if !ok {
		return time.Time{}, true
	}
	switch v := v.(type) {
	case int64:
		return time.Unix(v, 0).UTC(), v >= 0 && v <= maxDate
	case float64:
		if !(v >= 0 && v <= maxDate) {
			return time.Time{}, false
		}
		sec, frac := math.Modf(v)
		return time.Unix(int64(sec), int64(frac*1e9)).UTC(), true
	}
	return time.Time{}, false
}
