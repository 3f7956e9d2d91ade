package crl

import (
	"crypto/x509"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// Unverified is a parsed list whose signature nobody has checked.
type Unverified struct {
	bare    *x509.RevocationList // without entries
	number  [numberSize]byte
	tbs     []byte // what is signed
	entries []byte
	count   int
}

// Parse reads the DER of a list: size, form, and that it is a full list, of version
// 2, with a number and a next update. It takes no memory for the entries.
//
// The refusals are crl_too_large, crl_malformed (also an entry for removal, or with a
// serial number below zero, which no certificate has) and
// crl_critical_extension_unknown (also a delta list, and one of a part of the
// issuer's certificates or of another issuer's).
func Parse(der []byte) (*Unverified, error) {
	if len(der) > MaxCRL {
		return nil, reason.Refuse(reason.CRLTooLarge, "more than %d bytes", MaxCRL)
	}
	p, ok := split(der)
	if !ok {
		return nil, malformed("not a CertificateList in DER")
	}
	bare, err := p.bare()
	if err != nil {
		return nil, err
	}
	u := &Unverified{bare: bare, tbs: p.tbs, entries: p.entries}
	if err := checkExtensions(bare); err != nil {
		return nil, err
	}
	if bare.NextUpdate.IsZero() {
		return nil, malformed("there is no next update")
	}
	if u.number, ok = number(bare.Number); !ok {
		return nil, malformed("there is no CRL number of 1 to 20 bytes")
	}
	u.count, err = checkEntries(p.entries)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// Issuer returns the DER of the name of whoever says that it issued the list, not yet
// verified.
func (u *Unverified) Issuer() string { return string(u.bare.RawIssuer) }

// NamesKey says whether the list says with which of its issuer's keys it was signed, as
// RFC 5280 section 5.2.1 asks for and some authorities do not.
func (u *Unverified) NamesKey() bool { return len(u.bare.AuthorityKeyId) > 0 }

// parts is a list taken apart.
type parts struct {
	tbs                    []byte // with its head
	before, entries, after []byte // the contents of tbs
	proof                  []byte // algorithm and signature
}

// split finds the entries, of which there can be a million, so that nothing else has
// to be done a million times before the signature was found good.
func split(der []byte) (p parts, ok bool) {
	input := cryptobyte.String(der)
	var list, tbs, body, entries cryptobyte.String
	if !input.ReadASN1(&list, asn1.SEQUENCE) || !input.Empty() || !list.ReadASN1Element(&tbs, asn1.SEQUENCE) {
		return p, false
	}
	p.tbs, p.proof = tbs, list
	if !list.SkipASN1(asn1.SEQUENCE) || !list.SkipASN1(asn1.BIT_STRING) || !list.Empty() || !tbs.ReadASN1(&body, asn1.SEQUENCE) {
		return p, false
	}
	start := body
	if !body.SkipOptionalASN1(asn1.INTEGER) || !body.SkipASN1(asn1.SEQUENCE) || !body.SkipASN1(asn1.SEQUENCE) || !skipTime(&body) {
		return p, false
	}
	if isTime(body) && !skipTime(&body) {
		return p, false
	}
	p.before = start[:len(start)-len(body)]
	if !body.ReadOptionalASN1(&entries, nil, asn1.SEQUENCE) {
		return p, false
	}
	p.entries, p.after = entries, body
	return p, body.SkipOptionalASN1(tagExtensions) && body.Empty()
}

var tagExtensions = asn1.Tag(0).ContextSpecific().Constructed()

func isTime(s cryptobyte.String) bool {
	return s.PeekASN1Tag(asn1.UTCTime) || s.PeekASN1Tag(asn1.GeneralizedTime)
}

func skipTime(s *cryptobyte.String) bool {
	var tag asn1.Tag
	var content cryptobyte.String
	return isTime(*s) && s.ReadAnyASN1(&content, &tag)
}

// bare has the standard library read the list as if it had no entries.
func (p parts) bare() (*x509.RevocationList, error) {
	if len(p.before)+len(p.after)+len(p.proof) > maxBare {
		return nil, malformed("more than 65536 bytes beside the entries")
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(list *cryptobyte.Builder) {
		list.AddASN1(asn1.SEQUENCE, func(tbs *cryptobyte.Builder) {
			tbs.AddBytes(p.before)
			tbs.AddBytes(p.after)
		})
		list.AddBytes(p.proof)
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, err // no input does that
	}
	bare, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, malformed("not a CertificateList of version 2 in DER")
	}
	return bare, nil
}

// checkExtensions refuses what is not understood, and what makes the list say less
// than that whatever is not on it is not revoked.
func checkExtensions(list *x509.RevocationList) error {
	seen := make(map[string]bool)
	for _, e := range list.Extensions {
		known := e.Id.Equal(oidAuthorityKey) || e.Id.Equal(oidNumber)
		switch id := e.Id.String(); {
		case seen[id]:
			return malformed("an extension comes twice")
		case e.Id.Equal(oidDelta):
			return notUnderstood("a delta list")
		case e.Id.Equal(oidPoint):
			return notUnderstood("a list of a part of the certificates, or an indirect one")
		case e.Critical && !known:
			return notUnderstood("an extension is critical and not understood")
		default:
			seen[id] = true
		}
	}
	return nil
}

func number(n *big.Int) (out [numberSize]byte, ok bool) {
	if n == nil || n.Sign() < 0 || n.BitLen() > 8*numberSize {
		return out, false
	}
	n.FillBytes(out[:])
	return out, true
}

func malformed(what string) error { return reason.Refuse(reason.CRLMalformed, "%s", what) }

func notUnderstood(what string) error {
	return reason.Refuse(reason.CRLCriticalExtensionUnknown, "%s", what)
}
