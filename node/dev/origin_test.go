package dev

import (
	"crypto/x509"
	"io"
	"net/http"
	"testing"
)

// get asks the origin.
func get(t *testing.T, url string) (status int, media string, answer []byte) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), answer
}

// Every certificate's revocation list is where the certificate says, and its CA
// signed it.
func TestOriginCRLs(t *testing.T) {
	d := startDemo(t)
	for _, a := range append(d.world.Authorities(), d.world.QEAA("NL"), d.world.State()) {
		for _, c := range []*x509.Certificate{a.Signer.Cert, a.RevocationCA.Cert} {
			ca := a.CA
			if c == a.RevocationCA.Cert {
				ca = a.RevocationCA
			}
			status, media, der := get(t, c.CRLDistributionPoints[0])
			if status != http.StatusOK || media != "application/pkix-crl" {
				t.Fatalf("%s: %d %s", c.Subject.CommonName, status, media)
			}
			l, err := x509.ParseRevocationList(der)
			if err != nil || l.CheckSignatureFrom(ca.Cert) != nil {
				t.Errorf("%s: %v", c.Subject.CommonName, err)
			}
		}
	}
	if status, _, _ := get(t, d.origin.url+"/crl/nobody.crl"); status != http.StatusNotFound {
		t.Errorf("the list of nobody: %d", status)
	}
}

// Identifier lists are served beside status lists.
func TestOriginIdentifierLists(t *testing.T) {
	d := startDemo(t)
	for _, uri := range d.identifierURIs() {
		if status, media, _ := get(t, uri); status != http.StatusOK || media != "application/identifierlist+cwt" {
			t.Errorf("%s: %d %s", uri, status, media)
		}
	}
	if status, _, _ := get(t, d.origin.url+"/status/eaa-identifiers"); status != http.StatusNotFound {
		t.Errorf("the identifier list of nobody: %d", status)
	}
}
