package verifytest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// CRLOptions change a certificate revocation list. The zero value makes a good one
// of the profile of ISO/IEC 18013-5 Annex B: full, with an authority key identifier
// and a number, and no entry extensions.
type CRLOptions struct {
	Number       *big.Int // nil: the one after the last that was published
	NoNumber     bool
	ThisUpdate   time.Time // zero: now
	NextUpdate   time.Time // zero: a day after ThisUpdate
	NoNextUpdate bool
	Issuer       *Key // whose name and key identifier it bears; nil: the CA
	Signer       *Key // nil: the CA
	NoKeyID      bool // without an authority key identifier

	BaseNumber *big.Int  // makes it a delta CRL to the one with the number
	Scope      *CRLScope // makes it one of some certificates only
	// Extensions and EntryExtensions are added to the list and to each entry.
	Extensions, EntryExtensions []pkix.Extension
	// Damage changes the finished list.
	Damage func([]byte) []byte
}

// CRLScope is an issuing distribution point, a critical extension (RFC 5280 section
// 5.2.5).
type CRLScope struct {
	URI                          string // distributionPoint; "": left out
	OnlyUser, OnlyCA, OnlyAttrib bool   // kinds of certificates
	Indirect                     bool
}

// CertificateList and its parts, in which RFC 5280 section 5.1 is written down;
// crypto/x509 writes no list without a number or a next update.
type certificateList struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

type tbsCertList struct {
	Version    int
	Signature  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	ThisUpdate time.Time
	NextUpdate time.Time        `asn1:"optional"`
	Revoked    []revokedEntry   `asn1:"optional,omitempty"`
	Extensions []pkix.Extension `asn1:"explicit,tag:0,optional,omitempty"`
}

type revokedEntry struct {
	Serial     *big.Int
	Date       time.Time
	Extensions []pkix.Extension `asn1:"optional,omitempty"`
}

var (
	oidCRLNumber         = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidDeltaCRLIndicator = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidIssuingPoint      = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidAuthorityKeyID    = asn1.ObjectIdentifier{2, 5, 29, 35}
)

func (o CRLOptions) withDefaults(l *CRL, now time.Time) CRLOptions {
	if o.Number == nil {
		o.Number = big.NewInt(l.sent.number + 1)
	}
	if o.ThisUpdate.IsZero() {
		o.ThisUpdate = now
	}
	if o.NextUpdate.IsZero() && !o.NoNextUpdate {
		o.NextUpdate = o.ThisUpdate.Add(crlLife)
	}
	if o.NoNextUpdate {
		o.NextUpdate = time.Time{}
	}
	if o.Issuer == nil {
		o.Issuer = l.ca
	}
	if o.Signer == nil {
		o.Signer = l.ca
	}
	return o
}

// sign is called with mu held.
func (l *CRL) sign(now time.Time, o CRLOptions) ([]byte, error) {
	o = o.withDefaults(l, now)
	extensions, err := o.extensions()
	if err != nil {
		return nil, err
	}
	tbs := tbsCertList{
		Version: 1, Signature: algX509(o.Signer.Private), Issuer: asn1.RawValue{FullBytes: o.Issuer.Cert.RawSubject},
		ThisUpdate: o.ThisUpdate.UTC(), NextUpdate: o.NextUpdate.UTC(), Extensions: extensions,
	}
	for _, r := range l.revoked {
		e := revokedEntry{Serial: r.serial, Date: r.since, Extensions: o.EntryExtensions}
		if e.Date.IsZero() {
			e.Date = tbs.ThisUpdate
		}
		tbs.Revoked = append(tbs.Revoked, e)
	}
	der, err := tbs.sign(o.Signer.Private)
	if err == nil && o.Damage != nil {
		der = o.Damage(der)
	}
	return der, err
}

func (t tbsCertList) sign(key *ecdsa.PrivateKey) ([]byte, error) {
	tbs, err := asn1.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("failed to encode a CRL: %w", err)
	}
	h := hashOf(key).New()
	h.Write(tbs)
	sig, err := ecdsa.SignASN1(rand.Reader, key, h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("failed to sign a CRL: %w", err)
	}
	return asn1.Marshal(certificateList{
		TBS: asn1.RawValue{FullBytes: tbs}, Algorithm: t.Signature, Signature: asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)},
	})
}

// algX509 is ecdsa-with-SHA256, -SHA384 or -SHA512, by the key's curve (RFC 5758).
func algX509(key *ecdsa.PrivateKey) pkix.AlgorithmIdentifier {
	last := map[int]int{384: 3, 521: 4}[key.Params().BitSize]
	if last == 0 {
		last = 2
	}
	return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, last}}
}

func (o CRLOptions) extensions() (list []pkix.Extension, err error) {
	add := func(id asn1.ObjectIdentifier, critical bool, v any) {
		if err != nil {
			return
		}
		var der []byte
		der, err = asn1.Marshal(v)
		list = append(list, pkix.Extension{Id: id, Critical: critical, Value: der})
	}
	if !o.NoKeyID {
		add(oidAuthorityKeyID, false, struct {
			ID []byte `asn1:"tag:0"`
		}{o.Issuer.Cert.SubjectKeyId})
	}
	if !o.NoNumber {
		add(oidCRLNumber, false, o.Number)
	}
	if o.BaseNumber != nil {
		add(oidDeltaCRLIndicator, true, o.BaseNumber)
	}
	if o.Scope != nil {
		add(oidIssuingPoint, true, o.Scope.asn1())
	}
	return append(list, o.Extensions...), err
}

// asn1 is an IssuingDistributionPoint.
func (s CRLScope) asn1() any {
	type point struct {
		FullName []asn1.RawValue `asn1:"tag:0,optional,omitempty"`
	}
	out := struct {
		Point      point `asn1:"tag:0,optional"`
		OnlyUser   bool  `asn1:"tag:1,optional"`
		OnlyCA     bool  `asn1:"tag:2,optional"`
		Indirect   bool  `asn1:"tag:4,optional"`
		OnlyAttrib bool  `asn1:"tag:5,optional"`
	}{OnlyUser: s.OnlyUser, OnlyCA: s.OnlyCA, OnlyAttrib: s.OnlyAttrib, Indirect: s.Indirect}
	if s.URI != "" {
		out.Point.FullName = []asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(s.URI)}}
	}
	return out
}
