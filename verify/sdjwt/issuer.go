package sdjwt

import (
	"crypto"
	"errors"

	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// The types of the two JWTs. RFC 7515 section 4.1.9 asks for the media type
// without "application/", and the profiles give these values literally, so they
// are compared to the octet.
const (
	typCredential       = "dc+sd-jwt"
	typCredentialLegacy = "vc+sd-jwt" // until November 2024
	typKeyBinding       = "kb+jwt"
)

// IssuerCheck is what the issuer's signature is checked against.
type IssuerCheck struct {
	Key            crypto.PublicKey // of the leaf, whose path the caller has built
	Allowed        sigalg.Set       // nothing is allowed when empty
	AllowLegacyTyp bool             // accept typ vc+sd-jwt too
}

// Issued is a presentation whose issuer signature is good. Its disclosures are not
// processed yet.
type Issued struct{ p *Presentation }

// VerifyIssuer checks typ, alg and the signature over the bytes as received. Codes:
// vc_typ_invalid, issuer_key_unresolved, jwt_alg_not_allowed,
// issuer_signature_invalid.
func (p *Presentation) VerifyIssuer(c IssuerCheck) (*Issued, error) {
	typ := p.issuer.Header.Typ
	if typ != typCredential && (!c.AllowLegacyTyp || typ != typCredentialLegacy) {
		return nil, reason.Refuse(reason.VCTypInvalid, "the issuer's JWT is not of typ %s", typCredential)
	}
	return p.verifySignature(c)
}

func (p *Presentation) verifySignature(c IssuerCheck) (*Issued, error) {
	if c.Key == nil {
		return nil, reason.Refuse(reason.IssuerKeyUnresolved, "no issuer key")
	}
	err := p.issuer.Verify(c.Key, c.Allowed)
	switch {
	case errors.Is(err, jose.ErrAlg):
		return nil, reason.Refuse(reason.JWTAlgNotAllowed, "the alg of the issuer's JWT is not allowed or does not fit the key")
	case err != nil:
		return nil, reason.Refuse(reason.IssuerSignatureInvalid, "the issuer's signature does not verify")
	}
	return &Issued{p}, nil
}

// Disclose processes the payload and the disclosures (RFC 9901 section 7.1) and
// checks the claims every SD-JWT VC must keep to. A second call returns what the
// first did. Codes: sd_alg_unsupported, sd_alg_nested, sd_digest_malformed,
// sd_digest_duplicate, disclosure_*, claim_must_not_be_disclosable, vct_missing,
// sdjwt_malformed for a registered claim of the wrong type, input_too_large.
func (i *Issued) Disclose() (*Credential, error) {
	p := i.p
	if !p.processed {
		p.processed = true
		if p.credential, p.err = process(p); p.err == nil {
			p.err = p.credential.readClaims()
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	return p.credential, nil
}
