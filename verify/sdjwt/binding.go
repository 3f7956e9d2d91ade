package sdjwt

import (
	"crypto"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictjson"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Binding is what the relying party asked for, against which a KB-JWT is checked.
type Binding struct {
	Nonce    string // empty: matches nothing
	Audience string // with its prefix; empty: matches nothing
	// AllowAudienceSlash accepts a trailing slash after an "origin:" audience, as
	// the example of OpenID4VP 1.0 Final printed it.
	AllowAudienceSlash bool
	Now                time.Time
	Skew               time.Duration // how far ahead iat may lie; tolerance on exp and nbf
	MaxAge             time.Duration // how far back iat may lie; zero: not at all
	Allowed            sigalg.Set    // nothing is allowed when empty
}

// CheckBinding checks the KB-JWT (RFC 9901 sections 4.3 and 7.3 step 5). Codes:
// kb_*, cnf_missing, cnf_unsupported, jwt_alg_not_allowed, jwt_crit_unsupported,
// sd_hash_mismatch.
func (c *Credential) CheckBinding(b Binding) error {
	c.kb = nil
	if !c.p.HasKeyBinding() {
		return reason.Refuse(reason.KBMissing, "there is no KB-JWT after the last ~")
	}
	kb, err := c.parseKeyBinding()
	if err != nil {
		return err
	}
	claims, err := keyBindingClaims(kb.Payload)
	if err != nil {
		return err
	}
	if err := c.verifyHolder(kb, b.Allowed); err != nil {
		return err
	}
	if err := claims.checkTime(b); err != nil {
		return err
	}
	if b.Nonce == "" || !equal(claims.nonce, b.Nonce) {
		return reason.Refuse(reason.KBNonceMismatch, "nonce is not the one that was asked for")
	}
	if b.Audience == "" || !b.isAudience(claims.aud) {
		return reason.Refuse(reason.KBAudMismatch, "aud is not the audience that was asked for")
	}
	if !equal(claims.sdHash, c.hash.digest(c.p.bound)) {
		return reason.Refuse(reason.SDHashMismatch, "sd_hash does not cover what was presented")
	}
	c.kb = claims.all
	return nil
}

func (c *Credential) parseKeyBinding() (*jose.JWS, error) {
	kb, err := jose.Parse(c.p.keyBinding)
	if err != nil {
		return nil, refuseJWS(err, c.p.keyBinding, reason.KBMalformed, reason.KBSignatureInvalid)
	}
	if kb.Header.Typ != typKeyBinding {
		return nil, reason.Refuse(reason.KBTypInvalid, "the KB-JWT is not of typ %s", typKeyBinding)
	}
	return kb, nil
}

// kbClaims are the claims of a KB-JWT, present and of the right type.
type kbClaims struct {
	all                map[string]any
	nonce, aud, sdHash string
	iat, nbf, exp      time.Time
}

func keyBindingClaims(payload []byte) (k kbClaims, err error) {
	if k.all, err = strictjson.Object(payload); err != nil {
		return k, refuseJSON(payload, reason.KBMalformed, "the KB-JWT's payload", err)
	}
	for _, m := range []struct {
		name string
		to   *string
	}{{"nonce", &k.nonce}, {"aud", &k.aud}, {"sd_hash", &k.sdHash}} {
		if *m.to, _ = k.all[m.name].(string); *m.to == "" {
			return k, reason.Refuse(reason.KBClaimMissing, "%s is absent or not a string", m.name)
		}
	}
	var ok bool
	if k.iat, ok = readDate(k.all, "iat"); !ok || k.iat.IsZero() {
		return k, reason.Refuse(reason.KBClaimMissing, "iat is absent or not a NumericDate")
	}
	for _, m := range []struct {
		name string
		to   *time.Time
	}{{"nbf", &k.nbf}, {"exp", &k.exp}} {
		if *m.to, ok = readDate(k.all, m.name); !ok {
			return k, reason.Refuse(reason.KBMalformed, "%s is not a NumericDate", m.name)
		}
	}
	return k, nil
}

func (k kbClaims) checkTime(b Binding) error {
	latest := b.Now.Add(b.Skew)
	switch {
	case k.iat.After(latest):
		return reason.Refuse(reason.KBIATOutOfWindow, "iat is in the future")
	case k.iat.Before(b.Now.Add(-b.MaxAge)):
		return reason.Refuse(reason.KBIATOutOfWindow, "iat is longer ago than allowed")
	case !k.exp.IsZero() && !b.Now.Add(-b.Skew).Before(k.exp):
		return reason.Refuse(reason.KBExpired, "at or after the KB-JWT's exp")
	case !k.nbf.IsZero() && latest.Before(k.nbf):
		return reason.Refuse(reason.KBExpired, "before the KB-JWT's nbf")
	}
	return nil
}

// verifyHolder checks the KB-JWT's signature with the key in cnf (RFC 7800 section
// 3.2), which the issuer signed.
func (c *Credential) verifyHolder(kb *jose.JWS, allowed sigalg.Set) error {
	key, alg, err := c.holderKey()
	if err != nil {
		return err
	}
	if alg != "" && alg != kb.Header.Alg {
		return reason.Refuse(reason.JWTAlgNotAllowed, "the KB-JWT's alg is not the one cnf.jwk is for")
	}
	err = kb.Verify(key, allowed)
	switch {
	case errors.Is(err, jose.ErrAlg):
		return reason.Refuse(reason.JWTAlgNotAllowed, "the KB-JWT's alg is not allowed or does not fit the key in cnf")
	case err != nil:
		return reason.Refuse(reason.KBSignatureInvalid, "the KB-JWT's signature does not verify with the key in cnf")
	}
	return nil
}

// holderKey returns the key of cnf.jwk and the alg the JWK is limited to, if it
// says so.
func (c *Credential) holderKey() (key crypto.PublicKey, alg string, err error) {
	cnf, ok := c.claims["cnf"]
	if !ok {
		return nil, "", reason.Refuse(reason.CNFMissing, "the credential has no cnf")
	}
	m, _ := cnf.(map[string]any)
	jwk, ok := m["jwk"].(map[string]any)
	if !ok {
		return nil, "", reason.Refuse(reason.CNFUnsupported, "cnf has no jwk")
	}
	if key, err = jose.Key(jwk); err != nil {
		return nil, "", reason.Refuse(reason.CNFUnsupported, "cnf.jwk: %v", err)
	}
	if v, ok := jwk["alg"]; ok {
		if alg, ok = v.(string); !ok || alg == "" {
			return nil, "", reason.Refuse(reason.CNFUnsupported, "alg of cnf.jwk is not a string")
		}
	}
	return key, alg, nil
}

func (b Binding) isAudience(aud string) bool {
	if b.AllowAudienceSlash && strings.HasPrefix(b.Audience, "origin:") && equal(aud, b.Audience+"/") {
		return true
	}
	return equal(aud, b.Audience)
}

// equal compares octets in a time that tells only about their number.
func equal(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
