package crl

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

var (
	thisUpdate = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	nextUpdate = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
)

// authority is a CA that signs lists.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(edit func(*x509.Certificate)) authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test IACA", Country: []string{"UT"}},
		NotBefore: thisUpdate, NotAfter: nextUpdate, BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1, 2, 3, 4},
	}
	if edit != nil {
		edit(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return authority{cert, key}
}

var issuer = newAuthority(nil)

// tbsList and entry are spelled out here, so that they can be wrong.
type tbsList struct {
	Version    int `asn1:"optional,default:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	ThisUpdate time.Time
	NextUpdate time.Time        `asn1:"optional"`
	Entries    []entry          `asn1:"optional"`
	Extensions []pkix.Extension `asn1:"tag:0,optional,explicit"`
	More       asn1.RawValue    `asn1:"optional"`
}

type entry struct {
	Serial     *big.Int
	Date       time.Time
	Extensions []pkix.Extension `asn1:"optional"`
	More       asn1.RawValue    `asn1:"optional"`
}

var (
	idKeyID  = asn1.ObjectIdentifier{2, 5, 29, 35}
	idNumber = asn1.ObjectIdentifier{2, 5, 29, 20}
	idReason = asn1.ObjectIdentifier{2, 5, 29, 21}
	idOther  = asn1.ObjectIdentifier{1, 2, 3}

	ecdsaSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	ecdsaSHA1   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}
)

func marshal(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// extension has the DER of value for its content.
func extension(id asn1.ObjectIdentifier, critical bool, value any) pkix.Extension {
	return pkix.Extension{Id: id, Critical: critical, Value: marshal(value)}
}

// newList is a good list with three entries.
func newList() *tbsList {
	return &tbsList{
		Version: 1, Algorithm: pkix.AlgorithmIdentifier{Algorithm: ecdsaSHA256}, Issuer: asn1.RawValue{FullBytes: issuer.cert.RawSubject},
		ThisUpdate: thisUpdate, NextUpdate: nextUpdate,
		Entries: []entry{{Serial: big.NewInt(7), Date: thisUpdate}, {Serial: big.NewInt(0x1234), Date: thisUpdate}, {Serial: serial20, Date: thisUpdate}},
		Extensions: []pkix.Extension{
			extension(idKeyID, false, asn1.RawValue{FullBytes: []byte{0x30, 6, 0x80, 4, 1, 2, 3, 4}}),
			extension(idNumber, false, 5),
		},
	}
}

// serial20 has the most bytes that RFC 5280 allows, and its highest bit set.
var serial20 = new(big.Int).SetBit(big.NewInt(9), 159, 1)

// certificateList is what sign returns the DER of.
type certificateList struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
	More      asn1.RawValue `asn1:"optional"`
}

func (l *tbsList) sign(by authority) []byte {
	return marshal(l.signed(by))
}

func (l *tbsList) signed(by authority) certificateList {
	return signTBS(marshal(*l), l.Algorithm, by)
}

func signTBS(tbs []byte, algorithm pkix.AlgorithmIdentifier, by authority) certificateList {
	sum := sha256.Sum256(tbs)
	sig, err := by.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return certificateList{TBS: asn1.RawValue{FullBytes: tbs}, Algorithm: algorithm, Signature: asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}}
}

func wantCode(t testing.TB, err error, want reason.Code) {
	t.Helper()
	if got := reason.CodeOf(err); got != want || (want == "" && err != nil) {
		t.Fatalf("code %q, want %q (%v)", got, want, err)
	}
}

// verify goes the whole way.
func verify(der []byte, by *x509.Certificate) (*List, error) {
	u, err := Parse(der)
	if err != nil {
		return nil, err
	}
	return u.Verify(by)
}
