// Package lote reads Lists of Trusted Entities: ETSI TS 119 602 V1.1.1, JSON
// binding (Annex A), signed as compact JAdES baseline B, with the EU profiles of
// its Annexes D to I and the Commission's own profile for driving licences.
//
// Most callers use Parse, then Verify with the signers pinned for the list's
// place. Verify is the only way to the content: it compares the signer's
// certificate to the pinned ones to the octet, checks the signature over the bytes
// as received, and only then decodes the payload. What a list may say, and what
// its anchors are good for, stands in one table, profiles.
//
// Where the signers are pinned from the Official Journal and may have changed
// since, Pivots says which earlier releases lead to the current one, and
// VerifyPivot whom each of them names.
//
// Not here: the XML binding, and everything that needs a clock or a history
// (issued in the future, expired, rollback, conflict), which is the cache's.
//
// Refusals are trustlist_* codes, in the order of the specification's validate
// steps (trust lists section 1).
package lote

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/edgetrust/edgetrust/verify/internal/jose"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Limits.
const (
	MaxList        = 16 << 20 // bytes of a list as received
	MaxEntity      = 64 << 10 // bytes of one trusted entity
	MaxDepth       = 32       // nesting of the payload
	MaxMonths      = 6        // from ListIssueDateTime to NextUpdate (EU profiles)
	MaxPointers    = 256      // qualifiers of pointers to other lists
	maxSelfSigners = 32       // certificates in the pointer to the list itself
	maxSkippedPart = 2        // more than 1/2 of the certificates unparsable: the list is malformed
)

// Unverified is a list of which only the outer form was looked at.
type Unverified struct {
	jws    *jose.JWS
	signer *x509.Certificate // x5c[0], not yet compared to anything
}

// Parse takes a compact JWS apart; white space around it is tolerated. The
// refusals are trustlist_too_large, trustlist_malformed,
// trustlist_signature_missing and trustlist_alg_forbidden (an algorithm that is
// none of a list's, a key that no list may be signed with, or a critical header).
func Parse(b []byte) (*Unverified, error) {
	if len(b) > MaxList {
		return nil, reason.Refuse(reason.TrustListTooLarge, "the list is larger than %d bytes", MaxList)
	}
	compact := strings.Trim(string(b), " \t\r\n")
	switch {
	case strings.HasPrefix(compact, "{"):
		return nil, notCompact(compact)
	case strings.HasPrefix(compact, "<"), strings.HasPrefix(compact, "\ufeff<"):
		return nil, malformed("XML; the XML binding is not read, only a list signed as compact JWS")
	}
	jws, err := jose.Parse(compact)
	switch {
	case errors.Is(err, jose.ErrUnsigned):
		return nil, reason.Refuse(reason.TrustListSignatureMissing, "the JWS has no signature")
	case errors.Is(err, jose.ErrCritical):
		return nil, reason.Refuse(reason.TrustListAlgForbidden, "the JWS header marks something as critical that is not understood")
	case err != nil:
		return nil, malformed("not a compact JWS")
	case !sigalg.Lists.Has(sigalg.Alg(jws.Header.Alg)):
		return nil, reason.Refuse(reason.TrustListAlgForbidden, "the JWS algorithm is not allowed for trust lists")
	case !knownType(jws.Header.Typ):
		return nil, malformed("the JWS is typed as something else than a trust list")
	}
	signer, err := signerOf(jws)
	if err != nil {
		return nil, err
	}
	return &Unverified{jws: jws, signer: signer}, nil
}

// notCompact is for JSON where a compact JWS should be. Bare JSON is unsigned; a
// JSON serialisation, or the container of the WE BUILD pilot, is signed in a way
// that EU profiles do not know (trust lists 1.4, 1.6).
func notCompact(doc string) error {
	dec := jsontext.NewDecoder(strings.NewReader(doc))
	_, err := dec.ReadToken() // the brace
	signed := false
	for err == nil && dec.PeekKind() == '"' {
		var name jsontext.Token
		if name, err = dec.ReadToken(); err == nil {
			signed = signed || name.String() == "signature" || name.String() == "signatures"
			err = dec.SkipValue()
		}
	}
	if err == nil {
		_, err = dec.ReadToken() // the closing brace
	}
	if err != nil {
		return malformed("neither a compact JWS nor JSON")
	}
	if signed {
		return malformed("a JSON container with a signature; only compact JWS is accepted")
	}
	return reason.Refuse(reason.TrustListSignatureMissing, "bare JSON; only a list signed as compact JWS is accepted")
}

// types are the typ values seen on lists, without "application/". What the list
// is, its content says; this only keeps tokens of other kinds out.
var types = []string{"", "jades", "jose", "jose+json", "jwt"}

func knownType(typ string) bool {
	return slices.Contains(types, strings.TrimPrefix(strings.ToLower(typ), "application/"))
}

// With binds the options, so that a list can be verified by callers that know
// only the common model.
func (u *Unverified) With(o Options) trustlist.Unverified { return bound{u, o} }

type bound struct {
	u *Unverified
	o Options
}

func (b bound) Verify(pinned []*x509.Certificate) (trustlist.Verified, error) {
	return b.u.Verify(pinned, b.o)
}

func malformed(format string, args ...any) error {
	return reason.Refuse(reason.TrustListMalformed, format, args...)
}

func violation(format string, args ...any) error {
	return reason.Refuse(reason.TrustListProfileViolation, format, args...)
}
