package crl

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"testing"
)

// longList has n entries of 16 bytes serial numbers, with reasons.
func longList(t testing.TB, n int) []byte {
	tmpl := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: thisUpdate, NextUpdate: nextUpdate}
	for i := range n {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		tmpl.RevokedCertificateEntries = append(tmpl.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: new(big.Int).SetBytes(sum[:16]), RevocationTime: thisUpdate, ReasonCode: 1,
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, tmpl, issuer.cert, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A list of many entries is like one of a few.
func TestLongList(t *testing.T) {
	const n = 20_000
	der := longList(t, n)
	u, err := Parse(der)
	wantCode(t, err, "")
	checkAgainstStandard(t, der, u)
	l, err := u.Verify(issuer.cert)
	wantCode(t, err, "")
	if l.Len() != n || l.Size() != 16*n {
		t.Errorf("%d entries in %d bytes", l.Len(), l.Size())
	}
}

func BenchmarkCRL(b *testing.B) {
	der := longList(b, 10_000)
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(der)))
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("parse", func() error { _, err := Parse(der); return err })
	run("parse and verify", func() error { _, err := verify(der, issuer.cert); return err })
	run("standard library, parse", func() error { _, err := x509.ParseRevocationList(der); return err })
	run("standard library, parse and verify", func() error {
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			return err
		}
		return l.CheckSignatureFrom(issuer.cert)
	})
}

func BenchmarkRevoked(b *testing.B) {
	l, err := verify(longList(b, 10_000), issuer.cert)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		l.Revoked(serial20)
	}
}
