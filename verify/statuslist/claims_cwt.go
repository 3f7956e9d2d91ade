package statuslist

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// cwtClaims reads the payload of a CWT (section 5.2). It always returns claims,
// with what was readable before the error.
func cwtClaims(payload []byte) (c *claims, err error) {
	c = &claims{}
	var m map[any]cbor.RawMessage
	if !decode(payload, majorMap, &m) {
		return c, reason.Refuse(reason.StatusTokenMalformed, "the claims are not a map")
	}
	var uri string
	_ = decode(m[int64(claimSubject)], majorText, &uri) // else it stays empty, which set refuses
	if err := c.set(uri, cborClaim(m, claimIssuedAt), cborClaim(m, claimExpires), cborClaim(m, claimTTL)); err != nil {
		return c, err
	}
	list, ok := textMap(m[int64(claimList)])
	if !ok {
		return c, missing("the status list is not a map with text keys")
	}
	var bits int64
	ok = decode(list[memberBits], majorUint, &bits)
	if err := c.setBits(bits, ok); err != nil {
		return c, err
	}
	if v, has := list[memberAggregation]; has {
		ok := decode(v, majorText, &uri)
		if err := c.setAggregation(uri, ok); err != nil {
			return c, err
		}
	}
	if !decode(list[memberEntries], majorBytes, &c.list) {
		return c, missing("lst is not a byte string")
	}
	return c, nil
}

// cborClaim reads a NumericDate or a number of seconds: an integer or a float,
// untagged (RFC 8392 section 2), given as strictjson would give it.
func cborClaim(m map[any]cbor.RawMessage, label int64) claim {
	raw, has := m[label]
	switch major(raw) {
	case majorUint, majorInt:
		var n int64
		if strictcbor.Unmarshal(raw, &n) == nil {
			return claim{n, has}
		}
	case majorOther:
		var f float64
		if isFloat(raw[0]) && strictcbor.Unmarshal(raw, &f) == nil {
			return claim{f, has}
		}
	}
	return claim{nil, has}
}

// isFloat tells floats from the other simple values by the initial byte: null
// would decode into a float and leave it zero.
func isFloat(initial byte) bool { return 0xf9 <= initial && initial <= 0xfb }
