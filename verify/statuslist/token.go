package statuslist

import (
	"crypto"
	"crypto/sha256"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Token is a verified Status List Token.
type Token struct {
	URI            string // sub
	Format         Format
	IssuedAt       time.Time
	Expires        time.Time     // zero: none stated
	TTL            time.Duration // 0: none stated
	Bits           int
	AggregationURI string
	Payload        [sha256.Size]byte // digest of the signed payload: two signatures over one payload share it

	array []byte
}

// ExpiresAt is when the token may no longer be relied on: exp, else 24 hours after
// iat.
func (t *Token) ExpiresAt() time.Time {
	if !t.Expires.IsZero() {
		return t.Expires
	}
	return t.IssuedAt.Add(defaultLifetime)
}

// Unverified is a parsed token whose signature nobody has checked.
type Unverified struct {
	format  Format
	jws     *jose.JWS
	sign1   *cose.Sign1
	payload []byte
	uri     string
}

// ParseJWT reads a token in JWT form: form, type and critical headers only
// (section 5.1). Codes: status_token_malformed, status_token_type_invalid.
func ParseJWT(compact string) (*Unverified, error) {
	j, err := jose.Parse(compact)
	if err != nil {
		return nil, reason.Refuse(reason.StatusTokenMalformed, "%v", err)
	}
	if j.Header.Typ != TypeJWT {
		return nil, reason.Refuse(reason.StatusTokenTypeInvalid, "typ is not %s", TypeJWT)
	}
	u := &Unverified{format: JWT, jws: j, payload: j.Payload}
	if c, err := jwtClaims(j.Payload); err == nil {
		u.uri = c.uri
	}
	return u, nil
}

// ParseCWT reads a token in CWT form: COSE_Sign1 with its tag, never the CWT tag
// and never a MAC, which everybody who can check could also forge (section 5.2).
func ParseCWT(b []byte) (*Unverified, error) {
	s, err := cose.ParseSign1(b, cose.TagRequired)
	switch {
	case err == cose.ErrTag:
		return nil, reason.Refuse(reason.StatusTokenTypeInvalid, "not a COSE_Sign1 with tag 18")
	case err != nil:
		return nil, reason.Refuse(reason.StatusTokenMalformed, "%v", err)
	case s.Detached:
		return nil, reason.Refuse(reason.StatusTokenMalformed, "the payload is missing")
	case s.Protected.Type != TypeCWT:
		return nil, reason.Refuse(reason.StatusTokenTypeInvalid, "the protected type is not %s", TypeCWT)
	}
	u := &Unverified{format: CWT, sign1: s, payload: s.Payload}
	if c, err := cwtClaims(s.Payload); err == nil {
		u.uri = c.uri
	}
	return u, nil
}

// Format returns the token's form.
func (u *Unverified) Format() Format { return u.format }

// URI is what the token says it is for; "" when it says nothing readable.
func (u *Unverified) URI() string { return u.uri }

// Chain returns the signer's certificates, DER, leaf first: x5c of a JWT, the
// protected x5chain of a CWT; nil if there is none.
func (u *Unverified) Chain() ([][]byte, error) {
	if u.format == CWT {
		return u.sign1.Protected.X5Chain, nil
	}
	ders, err := u.jws.Chain()
	if err != nil {
		return nil, reason.Refuse(reason.StatusTokenMalformed, "x5c is not standard base64")
	}
	return ders, nil
}

// Verify checks the signature, then the claims, then inflates the list (section
// 8.3). Codes: status_token_signature_invalid, _malformed, _claim_missing,
// status_bits_invalid, status_list_decompress_failed, status_list_too_large.
func (u *Unverified) Verify(key crypto.PublicKey) (*Token, error) {
	var err error
	if u.format == CWT {
		err = u.sign1.Verify(key, sigalg.Credentials, nil, nil)
	} else {
		err = u.jws.Verify(key, sigalg.Credentials)
	}
	if err != nil {
		return nil, reason.Refuse(reason.StatusTokenSignatureInvalid, "%v", err)
	}
	var c *claims
	if u.format == CWT {
		c, err = cwtClaims(u.payload)
	} else {
		c, err = jwtClaims(u.payload)
	}
	if err != nil {
		return nil, err
	}
	array, err := inflate(c.list, MaxInflated)
	if err != nil {
		return nil, err
	}
	return &Token{
		URI: c.uri, Format: u.format, IssuedAt: c.issuedAt, Expires: c.expires, TTL: c.ttl,
		Bits: c.bits, AggregationURI: c.aggregation, Payload: sha256.Sum256(u.payload), array: array,
	}, nil
}
