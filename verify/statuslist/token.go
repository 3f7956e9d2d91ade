package statuslist

import (
	"crypto"
	"crypto/sha256"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/hashset"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Token is a verified token of a status list or an identifier list. It may be read
// concurrently; nobody changes it.
type Token struct {
	Mechanism      Mechanism
	URI            string // sub
	Format         Format
	IssuedAt       time.Time
	Expires        time.Time         // zero: none stated
	TTL            time.Duration     // 0: none stated
	Bits           int               // per entry: 1, 2, 4 or 8; 0: an identifier list
	AggregationURI string            // "": none stated
	Payload        [sha256.Size]byte // digest of the signed payload: two signatures over one payload share it

	array       []byte      // of a status list
	identifiers hashset.Set // of an identifier list
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
// and only then inflates the list (section 8.3) or builds the set of identifiers.
// Codes: status_token_signature_invalid, status_token_claim_missing,
// status_list_too_large; of a status list also status_token_malformed,
// status_bits_invalid, status_list_decompress_failed; of an identifier list also
// idlist_token_malformed, idlist_exp_missing, idlist_has_status_list.
func (u *Unverified) VerifyWith(key crypto.PublicKey, o Options) (*Token, error) {
	if err := u.verifySignature(key); err != nil {
		return nil, reason.Refuse(reason.StatusTokenSignatureInvalid, "%v", err)
	}
	if u.claimsErr != nil {
		return nil, u.claimsErr
	}
	c := u.claims
	t := &Token{
		Mechanism: u.mechanism, URI: c.uri, Format: u.format, IssuedAt: c.issuedAt, Expires: c.expires, TTL: c.ttl,
		Bits: c.bits, AggregationURI: c.aggregation, Payload: sha256.Sum256(u.payload),
	}
	var err error
	if u.mechanism == IdentifierList {
		t.identifiers, err = identifierSet(c.identifiers)
	} else {
		t.array, err = inflate(c.list, o.maxInflated())
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (o Options) maxInflated() int {
	if o.MaxInflated <= 0 {
		return MaxInflated
	}
	return o.MaxInflated
}

// identifierAlgorithms are what ISO/IEC 18013-5 12.3.6 allows: no RSA.
var identifierAlgorithms = sigalg.Set{sigalg.ES256, sigalg.ES384, sigalg.ES512, sigalg.EdDSA}

func (u *Unverified) verifySignature(key crypto.PublicKey) error {
	switch {
	case u.mechanism == IdentifierList:
		return u.sign1.Verify(key, identifierAlgorithms, nil, nil)
	case u.format == CWT:
		return u.sign1.Verify(key, sigalg.Credentials, nil, nil)
	}
	return u.jws.Verify(key, sigalg.Credentials)
}
