// Package crl is the full X.509 revocation list (RFC 5280 section 5; ISO/IEC 18013-5
// B.1): parsing, the signature of the authority whose certificates it is about, and
// whether a serial number is on it.
//
// Most callers use Parse, then Verify with the certificate of the issuer, then
// Revoked. A list is Unverified until its signature was found good; only then is the
// set of serial numbers built that Revoked looks into, and nothing of the list as it
// was received is kept. A List never changes.
//
// Delta lists, indirect lists and lists of a part of an authority's certificates are
// refused, because the absence of a serial number from one of those says nothing.
// Why and when a certificate was revoked is not kept: what is listed is refused. Not
// decided here: whether a list is fresh enough, and whether another is newer. There
// is no clock.
package crl

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
)

// Limits.
const (
	MaxCRL    = 16 << 20 // bytes of a list as sent
	maxBare   = 64 << 10 // bytes of a list without its entries: names, extensions, signature
	maxSerial = 64       // bytes of a serial number that is looked up without allocating; RFC 5280 allows 20
)

// numberSize is how many bytes a CRL number may have (RFC 5280 section 5.2.3).
const numberSize = 20

// Extensions of a list (RFC 5280 section 5.2).
var (
	oidAuthorityKey = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidNumber       = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidDelta        = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidPoint        = asn1.ObjectIdentifier{2, 5, 29, 28}
)

// Extensions of an entry (RFC 5280 section 5.3), as their content octets.
var (
	rawReason = []byte{0x55, 0x1d, 0x15} // 2.5.29.21
	rawIssuer = []byte{0x55, 0x1d, 0x1d} // 2.5.29.29
)

// removeFromCRL is the reason that only a delta list may give (RFC 5280 section
// 5.3.1).
const removeFromCRL = 8

// IssuerID names an authority by what it signs with: two certificates of one name
// and one key are one authority.
type IssuerID [sha256.Size]byte

// IssuerOf returns the identity of the authority that a certificate is of.
func IssuerOf(cert *x509.Certificate) IssuerID {
	subject, key := cert.RawSubject, cert.RawSubjectPublicKeyInfo
	b := make([]byte, 0, 8+len(subject)+len(key))
	b = binary.BigEndian.AppendUint64(b, uint64(len(subject)))
	return sha256.Sum256(append(append(b, subject...), key...))
}
