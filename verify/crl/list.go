package crl

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"math"
	"math/big"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/hashset"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// List is a verified revocation list. It may be read concurrently; nobody changes it.
type List struct {
	Issuer     IssuerID
	Number     [numberSize]byte // the CRL number, big-endian: a newer list has a greater one
	ThisUpdate time.Time
	NextUpdate time.Time
	Payload    [sha256.Size]byte // digest of what is signed: two signatures over one list share it

	revoked hashset.Set // of serial numbers
}

// Verify checks that the list is of the authority of a certificate, which the caller
// trusts for it, and then the signature; only then is the set of serial numbers
// built. Names are compared to the octet, key identifiers where both are there.
// crypto/x509 would take SHA-1 here, which no certificate may be signed with either.
//
// The refusals are crl_issuer_mismatch and crl_signature_invalid (also a certificate
// that may not sign revocation lists, and an algorithm that is broken or not known).
func (u *Unverified) Verify(issuer *x509.Certificate) (*List, error) {
	switch {
	case issuer == nil || !bytes.Equal(u.bare.RawIssuer, issuer.RawSubject):
		return nil, reason.Refuse(reason.CRLIssuerMismatch, "the issuer of the list is not the certificate's subject")
	case len(u.bare.AuthorityKeyId) > 0 && len(issuer.SubjectKeyId) > 0 && !bytes.Equal(u.bare.AuthorityKeyId, issuer.SubjectKeyId):
		return nil, reason.Refuse(reason.CRLIssuerMismatch, "the authority key identifier of the list is not the certificate's key")
	case !pki.MaySignCRLs(issuer):
		return nil, reason.Refuse(reason.CRLSignatureInvalid, "the certificate may not sign revocation lists")
	case !pki.StrongAlgorithm(u.bare.SignatureAlgorithm):
		return nil, reason.Refuse(reason.CRLSignatureInvalid, "the list is signed with an algorithm that is broken or not supported")
	case issuer.CheckSignature(u.bare.SignatureAlgorithm, u.tbs, u.bare.Signature) != nil:
		return nil, reason.Refuse(reason.CRLSignatureInvalid, "the signature does not verify with the certificate's key")
	}
	return u.list(issuer), nil
}

func (u *Unverified) list(issuer *x509.Certificate) *List {
	return &List{
		Issuer: IssuerOf(issuer), Number: u.number, ThisUpdate: u.bare.ThisUpdate, NextUpdate: u.bare.NextUpdate,
		Payload: sha256.Sum256(u.tbs), revoked: serials(u.entries, u.count),
	}
}

// Revoked says whether a certificate's serial number is on the list. That the
// certificate was issued by the list's Issuer is the caller's to see to.
func (l *List) Revoked(serial *big.Int) bool {
	n := max(1, (serial.BitLen()+7)/8) // zero has a byte, as in DER
	switch {
	case serial.Sign() < 0:
		return false // Parse refused a list with such an entry
	case n > maxSerial:
		return l.revoked.Has(serial.Bytes())
	}
	var buf [maxSerial]byte
	return l.revoked.Has(serial.FillBytes(buf[:n]))
}

// Version is the CRL number, or the greatest there is for one beyond 64 bits.
func (l *List) Version() uint64 {
	const beyond = numberSize - 8
	if [beyond]byte(l.Number[:beyond]) != [beyond]byte{} {
		return math.MaxUint64
	}
	return binary.BigEndian.Uint64(l.Number[beyond:])
}

// Len is the number of certificates on the list.
func (l *List) Len() int { return l.revoked.Len() }

// Size is the memory that the serial numbers take, in bytes.
func (l *List) Size() int { return l.revoked.Size() }
