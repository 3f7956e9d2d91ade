package sdjwt

import (
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Credential is an SD-JWT VC that its issuer signed, with the disclosures in
// place. That the moment, the audience and the holder are right, its Check methods
// say.
type Credential struct {
	p      *Presentation
	hash   hashName
	claims map[string]any

	types    []string // vct, then aka_vcts
	nbf      time.Time
	exp      time.Time
	iat      time.Time
	audience []string // nil: no aud

	kb map[string]any // payload of the KB-JWT, once CheckBinding found it good
}

// Claims is the processed payload: disclosed claims in place, no _sd, ... or
// _sd_alg left, cnf, status and the times included. Values are map[string]any,
// []any, string, bool, nil, int64 and float64. The caller must not change it.
func (c *Credential) Claims() map[string]any { return c.claims }

// PublicClaims is what an answer may show: the processed payload without status,
// which could name the person at the issuer, and cnf, the holder's key.
func (c *Credential) PublicClaims() map[string]any {
	m := make(map[string]any, len(c.claims))
	for name, v := range c.claims {
		if name != "status" && name != "cnf" {
			m[name] = v
		}
	}
	return m
}

// Type is vct.
func (c *Credential) Type() string { return c.types[0] }

// Types is vct, then the members of aka_vcts.
func (c *Credential) Types() []string { return slices.Clone(c.types) }

// NotBefore is nbf, zero if there is none.
func (c *Credential) NotBefore() time.Time { return c.nbf }

// NotAfter is exp, zero if there is none. The credential is not valid at that
// moment any more.
func (c *Credential) NotAfter() time.Time { return c.exp }

// IssuedAt is iat, zero if there is none or if it was not disclosed.
func (c *Credential) IssuedAt() time.Time { return c.iat }

// CheckTime checks nbf, exp and iat with skew as tolerance. Codes:
// credential_not_yet_valid, credential_expired, credential_iat_future.
func (c *Credential) CheckTime(now time.Time, skew time.Duration) error {
	latest, earliest := now.Add(skew), now.Add(-skew)
	switch {
	case !c.nbf.IsZero() && latest.Before(c.nbf):
		return reason.Refuse(reason.CredentialNotYetValid, "before nbf")
	case !c.exp.IsZero() && !earliest.Before(c.exp):
		return reason.Refuse(reason.CredentialExpired, "at or after exp")
	case !c.iat.IsZero() && latest.Before(c.iat):
		return reason.Refuse(reason.CredentialIATFuture, "iat is in the future")
	}
	return nil
}

// CheckAudience checks that a credential with aud names aud, to the octet. An
// audience array whose entries are all concealed names nobody.
func (c *Credential) CheckAudience(aud string) error {
	if c.audience != nil && !slices.Contains(c.audience, aud) {
		return reason.Refuse(reason.CredentialAudMismatch, "the credential's aud does not name this audience")
	}
	return nil
}

// readClaims checks and keeps the registered claims (SD-JWT VC section 2.2.2).
func (c *Credential) readClaims() error {
	vct, _ := c.claims["vct"].(string)
	if vct == "" {
		return reason.Refuse(reason.VCTMissing, "vct is absent or not a string")
	}
	c.types = []string{vct}
	if err := c.readOtherTypes(); err != nil {
		return err
	}
	if iss, ok := c.claims["iss"]; ok {
		if _, ok := iss.(string); !ok {
			return reason.Refuse(reason.SDJWTMalformed, "iss is not a string")
		}
	}
	for _, d := range []struct {
		name string
		to   *time.Time
	}{{"nbf", &c.nbf}, {"exp", &c.exp}, {"iat", &c.iat}} {
		var ok bool
		if *d.to, ok = readDate(c.claims, d.name); !ok {
			return reason.Refuse(reason.SDJWTMalformed, "%s is not a NumericDate from 1970 to 9999", d.name)
		}
	}
	return c.readAudience()
}

func (c *Credential) readOtherTypes() error {
	v, ok := c.claims["aka_vcts"]
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return reason.Refuse(reason.SDJWTMalformed, "aka_vcts is not a non-empty array")
	}
	for _, v := range list {
		s, ok := v.(string)
		if !ok || s == "" {
			return reason.Refuse(reason.SDJWTMalformed, "aka_vcts holds something other than type names")
		}
		if s == c.types[0] {
			return reason.Refuse(reason.SDJWTMalformed, "aka_vcts repeats vct")
		}
		c.types = append(c.types, s)
	}
	return nil
}

func (c *Credential) readAudience() error {
	switch aud := c.claims["aud"].(type) {
	case string:
		c.audience = []string{aud}
		return nil
	case []any:
		c.audience = make([]string, 0, len(aud))
		for _, v := range aud {
			s, ok := v.(string)
			if !ok {
				return reason.Refuse(reason.SDJWTMalformed, "aud holds something other than strings")
			}
			c.audience = append(c.audience, s)
		}
		return nil
	}
	if _, ok := c.claims["aud"]; ok {
		return reason.Refuse(reason.SDJWTMalformed, "aud is neither a string nor an array")
	}
	return nil
}
