package statuslist

import (
	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// jwtClaims reads the payload of a JWT (section 5.1). It always returns claims,
// with what was readable before the error.
func jwtClaims(payload []byte) (c *claims, err error) {
	c = &claims{}
	m, err := strictjson.Object(payload)
	if err != nil {
		return c, reason.Refuse(reason.StatusTokenMalformed, "claims: %v", err)
	}
	uri, _ := m["sub"].(string)
	if err := c.set(uri, jsonClaim(m, "iat"), jsonClaim(m, "exp"), jsonClaim(m, "ttl")); err != nil {
		return c, err
	}
	list, ok := m[memberList].(map[string]any)
	if !ok {
		return c, missing("status_list is not an object")
	}
	bits, ok := list[memberBits].(int64)
	if err := c.setBits(bits, ok); err != nil {
		return c, err
	}
	if v, has := list[memberAggregation]; has {
		uri, ok := v.(string)
		if err := c.setAggregation(uri, ok); err != nil {
			return c, err
		}
	}
	lst, ok := list[memberEntries].(string)
	if !ok {
		return c, missing("lst is not a string")
	}
	if c.list, err = b64.URL(lst); err != nil {
		return c, reason.Refuse(reason.StatusListDecompressFailed, "lst is %v", err)
	}
	return c, nil
}

func jsonClaim(m map[string]any, name string) claim {
	v, has := m[name]
	return claim{v, has}
}
