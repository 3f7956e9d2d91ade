package crl

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// FuzzParseCRL holds Parse against the standard library's: what it accepts that
// accepts too, and finds the same in it. Bytes that the issuer has not signed are
// never a list.
func FuzzParseCRL(f *testing.F) {
	good := newList().sign(issuer)
	f.Add(good)
	if dir, err := vectortest.Find(); err == nil {
		names, err := filepath.Glob(filepath.Join(dir, "x509", "crl", "*crl*"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			if block, _ := pem.Decode(b); block != nil {
				b = block.Bytes
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		u, err := Parse(der)
		if err != nil {
			if !strings.HasPrefix(string(reason.CodeOf(err)), "crl_") {
				t.Fatalf("got %v", err)
			}
			return
		}
		checkAgainstStandard(t, der, u)
		if _, err := u.Verify(issuer.cert); err == nil && !bytes.Equal(der, good) {
			p, _ := split(good)
			if !bytes.Equal(u.tbs, p.tbs) {
				t.Fatal("a list that nobody signed")
			}
		}
	})
}

func checkAgainstStandard(t *testing.T, der []byte, u *Unverified) {
	t.Helper()
	want, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatalf("the standard library says %v", err)
	}
	l := u.list(issuer.cert)
	if u.Issuer() != string(want.RawIssuer) || !bytes.Equal(u.tbs, want.RawTBSRevocationList) || !bytes.Equal(u.bare.Signature, want.Signature) ||
		u.bare.SignatureAlgorithm != want.SignatureAlgorithm || !bytes.Equal(u.bare.AuthorityKeyId, want.AuthorityKeyId) ||
		!l.ThisUpdate.Equal(want.ThisUpdate) || !l.NextUpdate.Equal(want.NextUpdate) || !bytes.Equal(bytes.TrimLeft(l.Number[:], "\x00"), want.Number.Bytes()) {
		t.Fatalf("%+v is not %+v", u.bare, want)
	}
	serials := make(map[string]bool)
	for _, e := range want.RevokedCertificateEntries {
		serials[e.SerialNumber.String()] = true
		if !l.Revoked(e.SerialNumber) || e.ReasonCode == removeFromCRL {
			t.Fatalf("serial %d, reason %d", e.SerialNumber, e.ReasonCode)
		}
	}
	if u.count != len(want.RevokedCertificateEntries) || l.Len() != len(serials) {
		t.Fatalf("%d entries, %d serials, want %d and %d", u.count, l.Len(), len(want.RevokedCertificateEntries), len(serials))
	}
}
