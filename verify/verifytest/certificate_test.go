package verifytest

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

func TestCertificates(t *testing.T) {
	w := testWorld(t)
	for _, a := range w.Authorities() {
		for _, ca := range []*Key{a.CA, a.RevocationCA} {
			c := ca.Cert
			if !c.IsCA || c.MaxPathLen != 0 || !c.MaxPathLenZero || c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
				t.Errorf("%s: CA profile", a.ID)
			}
			if c.CheckSignatureFrom(c) != nil || ca.Issuer != nil || !bytes.Equal(c.RawSubject, c.RawIssuer) {
				t.Errorf("%s: CA is not self-signed", a.ID)
			}
		}
		for _, leaf := range []*Key{a.Signer, a.Revocation} {
			c := leaf.Cert
			if c.CheckSignatureFrom(leaf.Issuer.Cert) != nil || !bytes.Equal(c.AuthorityKeyId, leaf.Issuer.Cert.SubjectKeyId) || len(c.SubjectKeyId) == 0 {
				t.Errorf("%s: leaf is not under its CA", a.ID)
			}
			if c.IsCA || c.KeyUsage != x509.KeyUsageDigitalSignature || c.Subject.Country[0] != a.Territory {
				t.Errorf("%s: leaf profile", a.ID)
			}
			if c.NotAfter.Sub(c.NotBefore) > 457*24*time.Hour || len(c.CRLDistributionPoints) != 1 || len(c.URIs) != 1 || c.URIs[0].String() != a.URL {
				t.Errorf("%s: leaf validity, CRL or name", a.ID)
			}
			if len(leaf.Chain()) != 1 || len(c.UnhandledCriticalExtensions) != 0 {
				t.Errorf("%s: chain of %d", a.ID, len(leaf.Chain()))
			}
		}
		for _, k := range []*Key{a.CA, a.RevocationCA, a.Signer, a.Revocation} {
			if !trustlist.IsTest(k.Cert) || testNow.Before(k.Cert.NotBefore) || testNow.After(k.Cert.NotAfter) {
				t.Errorf("%s: not marked, or not valid now", a.ID)
			}
		}
	}
	if o := w.Operator.Cert; o.Subject.Country[0] != "EU" || o.Subject.Organization[0] != OperatorName || o.IsCA || !trustlist.IsTest(o) ||
		!slices.ContainsFunc(o.UnknownExtKeyUsage, OIDTSL.Equal) || len(o.SubjectKeyId) == 0 {
		t.Error("list signer profile")
	}
}

// TestDocumentSigners: key usages of ISO/IEC 18013-5 Annex B, critical for an mDL.
func TestDocumentSigners(t *testing.T) {
	w := testWorld(t)
	for _, c := range []struct {
		a        *Authority
		critical bool
	}{{w.PID("DE"), false}, {w.PID("FR"), false}, {w.MDL(), true}} {
		cert := c.a.Signer.Cert
		for _, oid := range []asn1.ObjectIdentifier{OIDmdlDS, OIDmdocDS} {
			if !slices.ContainsFunc(cert.UnknownExtKeyUsage, oid.Equal) {
				t.Errorf("%s: no %v", c.a.ID, oid)
			}
		}
		for _, e := range cert.Extensions {
			if e.Id.Equal(oidExtKeyUsage) && e.Critical != c.critical {
				t.Errorf("%s: critical is %v", c.a.ID, e.Critical)
			}
		}
	}
	if st := w.MDL().Signer.Cert.Subject.Province; len(st) != 1 || st[0] != w.MDL().CA.Cert.Subject.Province[0] {
		t.Error("state of the document signer")
	}
}

func TestImpostor(t *testing.T) {
	w := testWorld(t)
	de := w.PID("DE")
	fake := must[*Authority](t)(de.Impostor(testNow))
	c := fake.Signer.Cert
	if !bytes.Equal(c.RawIssuer, de.CA.Cert.RawSubject) || !bytes.Equal(c.AuthorityKeyId, de.CA.Cert.SubjectKeyId) {
		t.Error("an impostor's signer names the real CA")
	}
	if c.CheckSignatureFrom(de.CA.Cert) == nil || fake.Services != nil {
		t.Error("an impostor is under the real CA")
	}
}

func TestCertify(t *testing.T) {
	w := testWorld(t)
	o := w.PID("DE").CertOptions(testNow, "Subordinate CA", nil)
	o.Issuer, o.Unmarked = w.PID("DE").CA, true
	sub := must[*Key](t)(Certify(o))
	leaf := must[*Key](t)(Certify(w.PID("DE").CertOptions(testNow, "Signer", sub)))
	if chain := leaf.Chain(); len(chain) != 2 || !bytes.Equal(chain[1], sub.Cert.Raw) || trustlist.IsTest(sub.Cert) {
		t.Error("a chain of two")
	}
	der := DamageCertificate(leaf.Cert.Raw)
	damaged := must[*x509.Certificate](t)(x509.ParseCertificate(der))
	if damaged.CheckSignatureFrom(sub.Cert) == nil {
		t.Error("a damaged certificate verifies")
	}
}
