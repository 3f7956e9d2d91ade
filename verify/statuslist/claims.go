package statuslist

import (
	"math"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// claims is the claims set of a token in either form.
type claims struct {
	uri         string // sub; set whenever it is usable, whatever else is wrong
	issuedAt    time.Time
	expires     time.Time
	ttl         time.Duration
	bits        int
	list        []byte // compressed
	identifiers []byte // of an identifier list: the map, shares the payload's memory
	aggregation string
}

func missing(what string) error {
	return reason.Refuse(reason.StatusTokenClaimMissing, "%s", what)
}

// claim is a number of a claims set: int64, float64, or nil for anything else.
type claim struct {
	value   any
	present bool
}

// set checks what both forms have in common (credentials 4.3 and 4.6 step 4).
func (c *claims) set(uri string, iat, exp, ttl claim) error {
	if !validURI(uri) {
		return missing("sub is not a URI of 1 to 2048 bytes")
	}
	c.uri = strings.Clone(uri) // the decoder's strings share one copy of the whole payload
	var ok bool
	if c.issuedAt, ok = numericDate(iat.value); !ok {
		return missing("iat is not a date in seconds since 1970")
	}
	if exp.present {
		if c.expires, ok = numericDate(exp.value); !ok {
			return missing("exp is not a date in seconds since 1970")
		}
	}
	if ttl.present {
		if c.ttl, ok = duration(ttl.value); !ok {
			return missing("ttl is not a positive number of seconds")
		}
	}
	return nil
}

func (c *claims) setBits(n int64, ok bool) error {
	if !ok || (n != 1 && n != 2 && n != 4 && n != 8) {
		return reason.Refuse(reason.StatusBitsInvalid, "bits is not 1, 2, 4 or 8")
	}
	c.bits = int(n)
	return nil
}

func (c *claims) setAggregation(uri string, ok bool) error {
	if !ok || !validURI(uri) {
		return missing("aggregation_uri is not a URI of 1 to 2048 bytes")
	}
	c.aggregation = strings.Clone(uri)
	return nil
}

// numericDate is seconds since 1970 (RFC 7519 section 2), up to the year 9999. A
// fraction is cut off, which makes a token expire early rather than late.
func numericDate(v any) (time.Time, bool) {
	f, ok := seconds(v)
	if !ok || f < 0 || f > maxNumericDate {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0).UTC(), true
}

// maxSeconds is what a Duration can hold.
const maxSeconds = math.MaxInt64 / int64(time.Second)

// duration is a positive number of seconds, rounded up: 0 would say that there is
// none. More than a Duration can hold is as good as the most.
func duration(v any) (time.Duration, bool) {
	f, ok := seconds(v)
	if !ok || f <= 0 || f > maxNumericDate {
		return 0, false
	}
	return time.Duration(min(int64(math.Ceil(f)), maxSeconds)) * time.Second, true
}

func seconds(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, !math.IsNaN(x)
	}
	return 0, false
}
