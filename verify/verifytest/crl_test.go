package verifytest

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"
)

const testCRLBase = "https://crl.example"

func crlWorld(t *testing.T) *World {
	t.Helper()
	return must[*World](t)(NewAt(testNow, Options{CRLBase: testCRLBase + "/"}))
}

// openCRL reads a list as crypto/x509 does and checks that the CA signed it.
func openCRL(t *testing.T, der []byte, ca *Key) *x509.RevocationList {
	t.Helper()
	l := must[*x509.RevocationList](t)(x509.ParseRevocationList(der))
	if err := l.CheckSignatureFrom(ca.Cert); err != nil {
		t.Fatal(err)
	}
	return l
}

func lists(l *x509.RevocationList, c *x509.Certificate) bool {
	return slices.ContainsFunc(l.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(c.SerialNumber) == 0 })
}

// TestCRLs: every certificate names a list that its CA publishes, of the profile of
// ISO/IEC 18013-5 Annex B, and no list has anybody in it but the signer that is
// revoked from the start.
func TestCRLs(t *testing.T) {
	w := crlWorld(t)
	published := must[map[string][]byte](t)(w.CRLs(testNow))
	var urls []string
	for _, a := range w.everyone() {
		for _, k := range []*Key{a.CA, a.RevocationCA, a.Signer, a.Revocation, a.RevokedSigner} {
			if k == nil {
				continue
			}
			ca := k.Issuer
			if ca == nil {
				ca = k
			}
			points := k.Cert.CRLDistributionPoints
			if len(points) != 1 || points[0] != w.CRL(ca).URL || published[points[0]] == nil {
				t.Fatalf("%s: %q", k.Cert.Subject.CommonName, points)
			}
			urls = append(urls, points[0])
			l := openCRL(t, published[points[0]], ca)
			checkCRL(t, l, ca)
			if lists(l, k.Cert) != (k == a.RevokedSigner) {
				t.Errorf("%s: revoked or not", k.Cert.Subject.CommonName)
			}
		}
	}
	slices.Sort(urls)
	if n := len(slices.Compact(urls)); n != len(published) || published[testCRLBase+"/crl/de-revocation.crl"] == nil {
		t.Errorf("%d lists published, %d in certificates", len(published), n)
	}
}

func checkCRL(t *testing.T, l *x509.RevocationList, ca *Key) {
	t.Helper()
	if !bytes.Equal(l.RawIssuer, ca.Cert.RawSubject) || !bytes.Equal(l.AuthorityKeyId, ca.Cert.SubjectKeyId) || l.Number.Int64() != 1 ||
		!l.ThisUpdate.Equal(testNow) || l.NextUpdate.Sub(l.ThisUpdate) != crlLife || len(l.Extensions) != 2 {
		t.Errorf("%s: %+v", ca.Cert.Subject.CommonName, l)
	}
	for _, e := range l.RevokedCertificateEntries {
		if len(e.Extensions) > 0 || e.RevocationTime.After(l.ThisUpdate) {
			t.Errorf("%s: entry %+v", ca.Cert.Subject.CommonName, e)
		}
	}
}

// TestNoCRLBase: without a base nothing is published, and certificates are as they
// always were.
func TestNoCRLBase(t *testing.T) {
	w := testWorld(t)
	de := w.PID("DE")
	if published := must[map[string][]byte](t)(w.CRLs(testNow)); len(published) > 0 {
		t.Errorf("%d lists", len(published))
	}
	if p := de.Revocation.Cert.CRLDistributionPoints; len(p) != 1 || p[0] != de.URL+"/ca.crl" || de.CA.Cert.CRLDistributionPoints != nil {
		t.Errorf("distribution points %q", p)
	}
	if _, ok, err := w.CRLOf("", testNow); ok || err != nil {
		t.Error("a list under no URL")
	}
	if l := openCRL(t, must[[]byte](t)(de.CRL().Publish(testNow)), de.CA); !lists(l, de.RevokedSigner.Cert) {
		t.Error("a list that is published nowhere is empty")
	}
}

// TestCRLPublish: a list is kept while nothing changes, and each new one has a
// higher number.
func TestCRLPublish(t *testing.T) {
	w := crlWorld(t)
	a := w.MDL()
	url := a.Signer.Cert.CRLDistributionPoints[0]
	publish := func(at time.Time) *x509.RevocationList {
		t.Helper()
		der, ok, err := w.CRLOf(url, at)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return openCRL(t, der, a.CA)
	}
	first := publish(testNow)
	if again := publish(testNow.Add(crlLife/2 - time.Second)); !bytes.Equal(first.Raw, again.Raw) {
		t.Error("signed again without need")
	}
	a.CRL().Revoke(a.Signer.Cert)
	a.CRL().Revoke(a.Signer.Cert)
	second := publish(testNow.Add(-time.Hour))
	if second.Number.Int64() != 2 || second.ThisUpdate.Before(first.ThisUpdate) || !lists(second, a.Signer.Cert) || len(second.RevokedCertificateEntries) != 2 {
		t.Errorf("after a revocation: %+v", second)
	}
	third := publish(testNow.Add(crlLife / 2))
	if third.Number.Int64() != 3 || !third.ThisUpdate.Equal(testNow.Add(crlLife/2)) ||
		!third.RevokedCertificateEntries[1].RevocationTime.Equal(second.ThisUpdate) {
		t.Errorf("renewed: %+v", third)
	}
	if _, ok, _ := w.CRLOf(url+"x", testNow); ok || w.CRL(a.Signer) != nil || w.CRL(w.QEAA("DE").CA) == nil || w.CRL(w.State().CA) == nil {
		t.Error("a list of nobody's, or none of an authority's")
	}
}

// TestCRLOptions: each fault is in the list, and the rest is as it was.
func TestCRLOptions(t *testing.T) {
	w := crlWorld(t)
	ca, other := w.MDL().CA, w.PID("FR").CA
	extra := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}
	for name, c := range map[string]struct {
		o   CRLOptions
		has func(*x509.RevocationList) bool
	}{
		"number": {CRLOptions{Number: big.NewInt(77)}, func(l *x509.RevocationList) bool { return l.Number.Int64() == 77 }},
		"times": {CRLOptions{ThisUpdate: testNow.Add(-2 * day), NextUpdate: testNow.Add(-day)}, func(l *x509.RevocationList) bool {
			return l.ThisUpdate.Equal(testNow.Add(-2*day)) && l.NextUpdate.Equal(testNow.Add(-day))
		}},
		"no next update": {CRLOptions{NoNextUpdate: true}, func(l *x509.RevocationList) bool { return l.NextUpdate.IsZero() }},
		"no number":      {CRLOptions{NoNumber: true}, func(l *x509.RevocationList) bool { return l.Number == nil && len(l.Extensions) == 1 }},
		"no key id":      {CRLOptions{NoKeyID: true}, func(l *x509.RevocationList) bool { return l.AuthorityKeyId == nil }},
		"other signer": {CRLOptions{Signer: other}, func(l *x509.RevocationList) bool {
			return l.CheckSignatureFrom(ca.Cert) != nil && l.CheckSignatureFrom(other.Cert) == nil && bytes.Equal(l.RawIssuer, ca.Cert.RawSubject)
		}},
		"other issuer": {CRLOptions{Issuer: other}, func(l *x509.RevocationList) bool {
			return l.CheckSignatureFrom(ca.Cert) == nil && bytes.Equal(l.RawIssuer, other.Cert.RawSubject) && bytes.Equal(l.AuthorityKeyId, other.Cert.SubjectKeyId)
		}},
		"extension":       {CRLOptions{Extensions: []pkix.Extension{extra}}, func(l *x509.RevocationList) bool { return l.Extensions[2].Critical }},
		"entry extension": {CRLOptions{EntryExtensions: []pkix.Extension{extra}}, func(l *x509.RevocationList) bool { return l.RevokedCertificateEntries[0].Extensions[0].Critical }},
		"delta": {CRLOptions{BaseNumber: big.NewInt(1)}, func(l *x509.RevocationList) bool {
			return l.Extensions[2].Critical && l.Extensions[2].Id.Equal(oidDeltaCRLIndicator) && bytes.Equal(l.Extensions[2].Value, []byte{2, 1, 1})
		}},
		"scope": {CRLOptions{Scope: &CRLScope{URI: "u:1", OnlyUser: true, Indirect: true}}, func(l *x509.RevocationList) bool {
			want := []byte{0x30, 13, 0xa0, 7, 0xa0, 5, 0x86, 3, 'u', ':', '1', 0x81, 1, 0xff, 0x84, 1, 0xff}
			want[1] = byte(len(want) - 2)
			return l.Extensions[2].Critical && l.Extensions[2].Id.Equal(oidIssuingPoint) && bytes.Equal(l.Extensions[2].Value, want)
		}},
		"damage": {CRLOptions{Damage: DamageCertificate}, func(l *x509.RevocationList) bool { return l.CheckSignatureFrom(ca.Cert) != nil }},
	} {
		l := must[*x509.RevocationList](t)(x509.ParseRevocationList(must[[]byte](t)(w.CRL(ca).Sign(testNow, c.o))))
		if !c.has(l) || !lists(l, w.MDL().RevokedSigner.Cert) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if l := openCRL(t, must[[]byte](t)(w.CRL(ca).Publish(testNow)), ca); l.Number.Int64() != 1 {
		t.Error("a list that was not published counts")
	}
}

// TestCRLCurves: the algorithm is that of the key.
func TestCRLCurves(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		o := testWorld(t).MDL().CertOptions(testNow, "CA", nil)
		o.Curve = curve
		k := must[*Key](t)(Certify(o))
		l := &CRL{ca: k}
		openCRL(t, must[[]byte](t)(l.Publish(testNow)), k)
	}
}

// TestImpostorCRL: an impostor's list has the authority's names and URL.
func TestImpostorCRL(t *testing.T) {
	w := crlWorld(t)
	de := w.PID("DE")
	fake := must[*Authority](t)(de.Impostor(testNow))
	l := openCRL(t, must[[]byte](t)(fake.CRL().Publish(testNow)), fake.CA)
	if fake.CRL().URL != de.CRL().URL || !bytes.Equal(l.AuthorityKeyId, de.CA.Cert.SubjectKeyId) || len(l.RevokedCertificateEntries) > 0 {
		t.Errorf("%s: %+v", fake.CRL().URL, l)
	}
}

func TestCRLConcurrent(t *testing.T) {
	w := crlWorld(t)
	var wg sync.WaitGroup
	for _, a := range w.everyone() {
		wg.Go(func() {
			w.PID("DE").CRL().Revoke(a.Signer.Cert)
			if _, err := w.CRLs(testNow); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
