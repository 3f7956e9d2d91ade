package crl

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// vector is one file of the crl folder.
type vector struct {
	file    string
	issuer  string // file of the certificate; "": the README has none
	pem     bool   // RFC 5280 section 4.2.1.13 has lists published in DER
	signed  bool   // the README found the signature good
	parse   reason.Code
	verify  reason.Code
	number  string // hexadecimal
	entries int
	revoked string // a serial number on it, hexadecimal
	absent  string // one that is not
	why     string // why it is not what the README expects
	other   string // why the file is no list
}

var vectors = []vector{
	{file: "crl/belgium2.crl", issuer: "crl/belgiumrs2.crt", signed: true, parse: reason.CRLMalformed, why: "version 1, and SHA-1"},
	{file: "crl/d-trust_root_ca_1_2017.crl", issuer: "crl/D-TRUST_Root_CA_1_2017.crt", pem: true, signed: true, number: "1ec", entries: 0, absent: "fe49d"},
	{file: "crl/EE-GovCA2018.crl", issuer: "crl/EE-GovCA2018.pem.crt", signed: true, number: "03", entries: 1,
		revoked: "2496ad10d10cd58b5b8fa14982be15c8", absent: "30b3b0957a11d2815b8f9da7991b277b"},
	{file: "crl/DSS-2039-crl.der", issuer: "crl/DSS-2039-ca.pem", signed: true, parse: reason.CRLMalformed, why: "version 1"},
	{file: "crl/LTRCA.crl", pem: true, number: "30", entries: 3, revoked: "0323", absent: "0324"},
	{file: "crl/pt_crl_with_critical_extension.crl", parse: reason.CRLCriticalExtensionUnknown},

	{file: "crl/belgiumrs2.crt", other: "issuer of belgium2.crl"},
	{file: "crl/D-TRUST_Root_CA_1_2017.crt", other: "issuer of d-trust_root_ca_1_2017.crl"},
	{file: "crl/EE-GovCA2018.pem.crt", other: "issuer of EE-GovCA2018.crl"},
	{file: "crl/DSS-2039-ca.pem", other: "issuer of DSS-2039-crl.der"},
	{file: "crl/DSS-2039-cert.pem", other: "a certificate of somebody else, whose serial number is on no list here"},
}

func TestVectors(t *testing.T) {
	var files []string
	for _, v := range vectors {
		files = append(files, v.file)
		if v.other != "" {
			vectortest.Certificates(t, "x509", v.file)
			continue
		}
		t.Run(v.file, func(t *testing.T) { v.check(t) })
	}
	vectortest.WantFolder(t, "x509", "crl/", files)
}

func (v vector) check(t *testing.T) {
	der := v.der(t)
	var by *x509.Certificate
	if v.issuer != "" {
		by = v.certificate(t)
		if got := signatureOf(t, der, by); got != v.signed {
			t.Errorf("the signature is good: %v", got)
		}
	}
	u, err := Parse(der)
	wantCode(t, err, v.parse)
	if err != nil {
		return
	}
	if by == nil {
		_, err = u.Verify(issuer.cert)
		wantCode(t, err, reason.CRLIssuerMismatch)
		v.compare(t, u.list(issuer.cert))
		return
	}
	l, err := u.Verify(by)
	wantCode(t, err, v.verify)
	v.compare(t, l)
}

func (v vector) der(t *testing.T) []byte {
	t.Helper()
	b := vectortest.Read(t, "x509", v.file)
	if !v.pem {
		return b
	}
	_, err := Parse(b)
	wantCode(t, err, reason.CRLMalformed)
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "X509 CRL" {
		t.Fatal("no PEM block of a list")
	}
	return block.Bytes
}

// certificate also reads keys that are marked for RSASSA-PSS alone.
func (v vector) certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	c, err := pki.ParseListSigner(vectortest.Certificates(t, "x509", v.issuer)[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (v vector) compare(t *testing.T, l *List) {
	t.Helper()
	number, _ := new(big.Int).SetString(v.number, 16)
	if l.Len() != v.entries || l.Version() != number.Uint64() || !l.NextUpdate.After(l.ThisUpdate) {
		t.Errorf("%d entries, number %x, from %v to %v", l.Len(), l.Number, l.ThisUpdate, l.NextUpdate)
	}
	for s, want := range map[string]bool{v.revoked: true, v.absent: false} {
		if serial, ok := new(big.Int).SetString(s, 16); ok && l.Revoked(serial) != want {
			t.Errorf("serial %s: %v", s, !want)
		}
	}
}

// signatureOf checks the signature by itself, of lists of any version too.
func signatureOf(t *testing.T, der []byte, by *x509.Certificate) bool {
	t.Helper()
	input := cryptobyte.String(der)
	var list, tbs, algorithm, bits cryptobyte.String
	if !input.ReadASN1(&list, asn1.SEQUENCE) || !list.ReadASN1Element(&tbs, asn1.SEQUENCE) ||
		!list.ReadASN1Element(&algorithm, asn1.SEQUENCE) || !list.ReadASN1(&bits, asn1.BIT_STRING) {
		t.Fatal("no list")
	}
	alg := x509.SHA256WithRSA
	switch u, err := Parse(der); {
	case err == nil:
		alg = u.bare.SignatureAlgorithm
	case strings.Contains(string(algorithm), "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"):
		alg = x509.SHA1WithRSA
	}
	return by.CheckSignature(alg, tbs, bits[1:]) == nil
}

// As a trust anchor, the key of D-Trust's root is of a form that no path is built on.
func TestPSSKeyAsAnchor(t *testing.T) {
	der := vector{file: "crl/d-trust_root_ca_1_2017.crl", pem: true}.der(t)
	_, err := verify(der, vectortest.Certificates(t, "x509", "crl/D-TRUST_Root_CA_1_2017.crt")[0])
	wantCode(t, err, reason.CRLSignatureInvalid)
}
