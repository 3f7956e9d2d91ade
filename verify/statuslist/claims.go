package statuslist

import (
	"math"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// claims is the claims set of a token in either form.
type claims struct {
	uri         string
	issuedAt    time.Time
	expires     time.Time
	ttl         time.Duration
	bits        int
	list        []byte // compressed
	aggregation string
}

func missing(what string) error {
	return reason.Refuse(reason.StatusTokenClaimMissing, "%s", what)
}

func jwtClaims(payload []byte) (*claims, error) {
	m, err := strictjson.Object(payload)
	if err != nil {
		return nil, reason.Refuse(reason.StatusTokenMalformed, "claims: %v", err)
	}
	c := &claims{}
	c.uri, _ = m["sub"].(string)
	exp, hasExp := m["exp"]
	ttl, hasTTL := m["ttl"]
	if err := c.common(c.uri, m["iat"], exp, hasExp, ttl, hasTTL); err != nil {
		return nil, err
	}
	list, ok := m[memberList].(map[string]any)
	if !ok {
		return nil, missing("status_list is not an object")
	}
	if err := c.setBits(list["bits"]); err != nil {
		return nil, err
	}
	lst, ok := list["lst"].(string)
	if !ok {
		return nil, missing("lst is not a string")
	}
	if c.list, err = b64.URL(lst); err != nil {
		return nil, reason.Refuse(reason.StatusListDecompressFailed, "lst is %v", err)
	}
	if a, has := list["aggregation_uri"]; has {
		if c.aggregation, ok = a.(string); !ok {
			return nil, missing("aggregation_uri is not a string")
		}
	}
	return c, nil
}

func cwtClaims(payload []byte) (*claims, error) {
	var m map[any]cbor.RawMessage
	if strictcbor.Unmarshal(payload, &m) != nil || m == nil {
		return nil, reason.Refuse(reason.StatusTokenMalformed, "claims are not a map")
	}
	c := &claims{}
	if raw := m[int64(claimSubject)]; major(raw) == 3 {
		_ = strictcbor.Unmarshal(raw, &c.uri)
	}
	exp, hasExp := number(m, claimExpires)
	ttl, hasTTL := number(m, claimTTL)
	iat, _ := number(m, claimIssuedAt)
	if err := c.common(c.uri, iat, exp, hasExp, ttl, hasTTL); err != nil {
		return nil, err
	}
	var list map[string]cbor.RawMessage
	if raw := m[int64(claimList)]; major(raw) != 5 || strictcbor.Unmarshal(raw, &list) != nil {
		return nil, missing("the status list is not a map with text keys")
	}
	var bits any
	if major(list["bits"]) == 0 {
		var n int64
		if strictcbor.Unmarshal(list["bits"], &n) == nil {
			bits = n
		}
	}
	if err := c.setBits(bits); err != nil {
		return nil, err
	}
	if major(list["lst"]) != 2 || strictcbor.Unmarshal(list["lst"], &c.list) != nil {
		return nil, missing("lst is not a byte string")
	}
	if a, has := list["aggregation_uri"]; has {
		if major(a) != 3 || strictcbor.Unmarshal(a, &c.aggregation) != nil {
			return nil, missing("aggregation_uri is not text")
		}
	}
	return c, nil
}

// number reads an integer or floating claim as strictjson would give it.
func number(m map[any]cbor.RawMessage, label int64) (any, bool) {
	raw, has := m[label]
	switch major(raw) {
	case 0, 1:
		var n int64
		if strictcbor.Unmarshal(raw, &n) == nil {
			return n, true
		}
	case 7:
		var f float64
		if strictcbor.Unmarshal(raw, &f) == nil {
			return f, true
		}
	}
	return nil, has
}

func (c *claims) common(uri string, iat, exp any, hasExp bool, ttl any, hasTTL bool) error {
	if !validURI(uri) {
		return missing("sub is not a URI of 1 to 2048 bytes")
	}
	var ok bool
	if c.issuedAt, ok = numericDate(iat); !ok {
		return missing("iat is not a NumericDate")
	}
	if c.expires, ok = numericDate(exp); hasExp && !ok {
		return missing("exp is not a NumericDate")
	}
	if hasTTL {
		seconds, ok := asFloat(ttl)
		if !ok || seconds <= 0 || seconds > maxNumericDate {
			return missing("ttl is not a positive number of seconds")
		}
		c.ttl = time.Duration(min(seconds, float64(math.MaxInt64/time.Second)) * float64(time.Second))
	}
	return nil
}

func (c *claims) setBits(v any) error {
	n, ok := v.(int64)
	if !ok || (n != 1 && n != 2 && n != 4 && n != 8) {
		return reason.Refuse(reason.StatusBitsInvalid, "bits is not 1, 2, 4 or 8")
	}
	c.bits = int(n)
	return nil
}

// numericDate is seconds since 1970, with or without a fraction (RFC 7519 section
// 2), which is cut off.
func numericDate(v any) (time.Time, bool) {
	f, ok := asFloat(v)
	if !ok || f < 0 || f > maxNumericDate {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}

func asFloat(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, !math.IsNaN(x)
	}
	return 0, false
}
