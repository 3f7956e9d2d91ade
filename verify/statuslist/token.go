package statuslist

import (
	"crypto"
	"crypto/sha256"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Token is a verified Status List Token. It may be read concurrently; nobody
// changes it.
type Token struct {
	URI            string // sub
	Format         Format
	IssuedAt       time.Time
	Expires        time.Time         // zero: none stated
	TTL            time.Duration     // 0: none stated
	Bits           int               // per entry: 1, 2, 4 or 8
	AggregationURI string            // "": none stated
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

// Options are what an operator may set. The zero value is the default.
type Options struct {
	MaxInflated int // bytes of the inflated array; 0: the constant of that name
}

// Verify is VerifyWith with the default options.
func (u *Unverified) Verify(key crypto.PublicKey) (*Token, error) {
	return u.VerifyWith(key, Options{})
}

// VerifyWith checks the signature with a key the caller trusts, then the claims,
// and only then inflates the list (section 8.3). Codes:
// status_token_signature_invalid, status_token_malformed,
// status_token_claim_missing, status_bits_invalid, status_list_decompress_failed,
// status_list_too_large.
func (u *Unverified) VerifyWith(key crypto.PublicKey, o Options) (*Token, error) {
	if err := u.verifySignature(key); err != nil {
		return nil, reason.Refuse(reason.StatusTokenSignatureInvalid, "%v", err)
	}
	if u.claimsErr != nil {
		return nil, u.claimsErr
	}
	limit := o.MaxInflated
	if limit <= 0 {
		limit = MaxInflated
	}
	c := u.claims
	array, err := inflate(c.list, limit)
	if err != nil {
		return nil, err
	}
	return &Token{
		URI: c.uri, Format: u.format, IssuedAt: c.issuedAt, Expires: c.expires, TTL: c.ttl,
		Bits: c.bits, AggregationURI: c.aggregation, Payload: sha256.Sum256(u.payload), array: array,
	}, nil
}

func (u *Unverified) verifySignature(key crypto.PublicKey) error {
	if u.format == CWT {
		return u.sign1.Verify(key, sigalg.Credentials, nil, nil)
	}
	return u.jws.Verify(key, sigalg.Credentials)
}
