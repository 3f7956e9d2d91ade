// Package vical reads Verified Issuer Certificate Authority Lists: ISO/IEC 18013-5
// Annex C, with the members that the draft of its second edition adds, signed as
// COSE_Sign1. Driving licence authorities outside the EU publish their issuing
// CAs this way (trust lists section 3).
//
// Most callers use Parse, then Verify with the roots pinned for the provider.
// Verify is the only way to the content: it builds the path from the signer to a
// pinned root, checks the signature over the bytes as received, and only then
// reads what the payload says.
//
// Each certificate answers for the document types that its entry names and for no
// other: org.iso.18013.5.1.mDL makes anchors of kind mdl, every other type anchors
// of kind eaa. A VICAL never makes anchors of another kind.
//
// Not here: what needs a history or only the clock (issued in the future, expired,
// rollback, conflict), which is the cache's, and lists of reader authorities
// (RICAL), which are refused.
//
// Refusals are vical_* codes.
package vical

import (
	"crypto/x509"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/cose"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Limits.
const (
	MaxList     = 16 << 20 // bytes of a VICAL as received
	MaxDepth    = 16       // nesting of the structure, and of the payload
	MaxEntries  = 10_000   // certificates
	MaxDocTypes = 64       // document types of one certificate

	// MaxAge is how long after its date a VICAL counts at most, whatever it says of
	// its next update (trust lists section 3, validate step 6).
	MaxAge = 90 * 24 * time.Hour

	maxMembers     = 64   // of a map that is read
	maxText        = 1024 // bytes of a text that is read
	maxSkippedPart = 2    // more than 1/2 of the certificates unparsable: the list is malformed
)

// algorithms are those a VICAL may be signed with; its signer's key is an EC key.
var algorithms = sigalg.Set{sigalg.ES256, sigalg.ES384, sigalg.ES512}

// Unverified is a VICAL of which only the form was looked at.
type Unverified struct {
	sign1   *cose.Sign1
	chain   []*x509.Certificate // x5chain, not yet compared to anything
	payload object
}

// Parse takes a COSE_Sign1 apart, with its tag or without. Encodings need not be
// deterministic; lengths are definite and no map holds a key twice.
//
// The refusals are vical_too_large, vical_malformed (form, an algorithm that is
// none of a VICAL's or not protected, x5chain absent, protected or unreadable) and
// vical_signer_untrusted (a chain too long, or with a key that is not supported).
func Parse(b []byte) (*Unverified, error) {
	if len(b) > MaxList {
		return nil, reason.Refuse(reason.VICALTooLarge, "the VICAL is larger than %d bytes", MaxList)
	}
	sign1, err := cose.ParseSign1(b, cose.TagAny)
	if err != nil {
		return nil, malformed("%v", err)
	}
	if err := strictcbor.Unique(b, MaxDepth); err != nil {
		return nil, malformed("the structure: %v", err)
	}
	if alg, ok := cose.AlgName(sign1.Protected.Alg); !ok || !algorithms.Has(alg) {
		return nil, malformed("the protected header names no algorithm that a VICAL is signed with")
	}
	u := &Unverified{sign1: sign1}
	if u.chain, err = chainOf(sign1); err != nil {
		return nil, err
	}
	if u.payload, err = payloadOf(sign1); err != nil {
		return nil, err
	}
	return u, nil
}

// chainOf parses x5chain, which is unprotected in a VICAL. A list of reader
// authorities protects it (Annex F), and its CAs issue no documents.
func chainOf(s *cose.Sign1) ([]*x509.Certificate, error) {
	switch {
	case len(s.Protected.X5Chain) > 0:
		return nil, malformed("x5chain is protected, which no VICAL's is")
	case len(s.Unprotected.X5Chain) == 0:
		return nil, malformed("there is no x5chain")
	}
	chain, err := pki.ParseChain(s.Unprotected.X5Chain)
	switch reason.CodeOf(err) {
	case "":
		return chain, nil
	case reason.ChainInvalid:
		return nil, malformed("x5chain: %v", err)
	default:
		return nil, untrusted("x5chain: %v", err)
	}
}

func payloadOf(s *cose.Sign1) (object, error) {
	if s.Detached {
		return nil, malformed("the payload is detached")
	}
	if strictcbor.Wellformed(s.Payload) != nil {
		return nil, malformed("the payload is not well-formed CBOR of definite lengths")
	}
	if err := strictcbor.Unique(s.Payload, MaxDepth); err != nil {
		return nil, malformed("the payload: %v", err)
	}
	o, ok := readObject(s.Payload)
	if !ok {
		return nil, malformed("the payload is not a map of at most %d members", maxMembers)
	}
	return o, nil
}

// Claims are what a VICAL says of itself before anybody has checked its signature:
// good for choosing which list it may be, and for nothing else.
type Claims struct {
	Provider string
	IssueID  uint64 // 0 when it has none
}

// Claims reads the unverified payload; what cannot be read stays zero.
func (u *Unverified) Claims() Claims {
	provider, _ := text(u.payload["vicalProvider"])
	id, _ := unsigned(u.payload["vicalIssueID"])
	return Claims{Provider: provider, IssueID: id}
}

func malformed(format string, args ...any) error {
	return reason.Refuse(reason.VICALMalformed, format, args...)
}

func untrusted(format string, args ...any) error {
	return reason.Refuse(reason.VICALSignerUntrusted, format, args...)
}
