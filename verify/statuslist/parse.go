package statuslist

import (
	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Unverified is a parsed token whose signature nobody has checked.
type Unverified struct {
	mechanism Mechanism
	format    Format
	jws       *jose.JWS
	sign1     *cose.Sign1
	payload   []byte
	claims    *claims
	claimsErr error // told only after the signature was found good
}

// ParseJWT reads a token in JWT form (section 5.1): size, form, critical headers
// and type. Codes: status_list_too_large, status_token_malformed,
// status_token_type_invalid.
func ParseJWT(compact string) (*Unverified, error) {
	if len(compact) > MaxToken {
		return nil, tooLarge(MaxToken, "of a token")
	}
	j, err := jose.Parse(compact)
	if err != nil {
		return nil, reason.Refuse(reason.StatusTokenMalformed, "%v", err)
	}
	if j.Header.Typ != TypeJWT {
		return nil, reason.Refuse(reason.StatusTokenTypeInvalid, "typ is not %s", TypeJWT)
	}
	u := &Unverified{mechanism: StatusList, format: JWT, jws: j, payload: j.Payload}
	u.claims, u.claimsErr = jwtClaims(j.Payload)
	return u, nil
}

// ParseCWT reads a token in CWT form (section 5.2): a COSE_Sign1 with its tag,
// never the CWT tag, and never a MAC, which everybody who can check it could also
// forge. Codes as for ParseJWT.
func ParseCWT(b []byte) (*Unverified, error) {
	s, err := parseSign1(b, TypeCWT, reason.StatusTokenMalformed, reason.StatusTokenTypeInvalid)
	if err != nil {
		return nil, err
	}
	u := &Unverified{mechanism: StatusList, format: CWT, sign1: s, payload: s.Payload}
	u.claims, u.claimsErr = cwtClaims(s.Payload)
	return u, nil
}

// ParseIdentifierList reads an identifier list token (ISO/IEC 18013-5 12.3.6, second
// edition, unconfirmed), which is a CWT like a status list's with a type of its own
// and its signer's certificates in the protected header. Codes:
// status_list_too_large, idlist_token_malformed, idlist_type_invalid,
// idlist_x5chain_missing.
func ParseIdentifierList(b []byte) (*Unverified, error) {
	s, err := parseSign1(b, TypeIdentifierList, reason.IDListTokenMalformed, reason.IDListTypeInvalid)
	if err != nil {
		return nil, err
	}
	if s.Protected.X5Chain == nil {
		return nil, reason.Refuse(reason.IDListX5ChainMissing, "the protected header has no x5chain")
	}
	u := &Unverified{mechanism: IdentifierList, format: CWT, sign1: s, payload: s.Payload}
	u.claims, u.claimsErr = identifierClaims(s.Payload)
	return u, nil
}

// parseSign1 reads what both kinds of CWT have in common.
func parseSign1(b []byte, typ string, malformed, wrongType reason.Code) (*cose.Sign1, error) {
	if len(b) > MaxToken {
		return nil, tooLarge(MaxToken, "of a token")
	}
	if !onlySign1Tag(b) {
		return nil, reason.Refuse(wrongType, "not a COSE_Sign1 with tag 18 and no other")
	}
	s, err := cose.ParseSign1(b, cose.TagRequired)
	switch {
	case err != nil:
		return nil, reason.Refuse(malformed, "%v", err)
	case s.Detached:
		return nil, reason.Refuse(malformed, "the payload is detached")
	case s.Protected.Type != typ:
		return nil, reason.Refuse(wrongType, "the protected type is not %s", typ)
	}
	return s, nil
}

// sign1Tag is tag 18 in its shortest form (RFC 8949 section 3.4).
const sign1Tag = majorTag<<5 | cose.TagSign1

// onlySign1Tag looks at the first bytes themselves, because the decoder reads
// through a second tag and through the self-described one: tag 61 must not be
// there on any level.
func onlySign1Tag(b []byte) bool {
	return len(b) > 1 && b[0] == sign1Tag && major(b[1:]) == majorArray
}

// Mechanism returns what kind of list the token carries.
func (u *Unverified) Mechanism() Mechanism { return u.mechanism }

// Format returns the token's form.
func (u *Unverified) Format() Format { return u.format }

// URI is what the token says it is for (sub), not yet verified; "" when it says
// nothing usable. That it equals the URI of a reference is the caller's to check.
func (u *Unverified) URI() string { return u.claims.uri }

// Chain returns the signer's certificates, DER, leaf first: x5c of a JWT, the
// protected x5chain of a CWT, where ISO/IEC 18013-5 12.3.6 wants it; nil when
// there is none. Code: status_token_malformed.
func (u *Unverified) Chain() ([][]byte, error) {
	if u.format == CWT {
		return u.sign1.Protected.X5Chain, nil
	}
	ders, err := u.jws.Chain()
	if err != nil {
		return nil, reason.Refuse(reason.StatusTokenMalformed, "x5c is not an array of standard base64")
	}
	return ders, nil
}
