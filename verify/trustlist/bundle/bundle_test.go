package bundle

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// certificate makes a self-signed certificate as PEM.
func certificate(t testing.TB, country string, ca bool) []byte {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lab", Country: []string{country}},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0), BasicConstraintsValid: ca, IsCA: ca,
	}
	return encode(t, tmpl, pub, key)
}

func encode(t testing.TB, tmpl *x509.Certificate, pub, key any) []byte {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

// unsupported has a key on P-224.
func unsupported(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return encode(t, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1<<32, 0)}, key.Public(), key)
}

var lab = Scope{Kind: trustlist.KindPID}

func TestRead(t *testing.T) {
	ca, direct := certificate(t, "el", true), certificate(t, "FR", false)
	garbage := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("garbage")})
	key := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("key")})
	params := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte("p")})
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	fill := func(n int) []byte { return append(bytes.Repeat([]byte{'\n'}, n-len(ca)), ca...) }
	for _, c := range []struct {
		name                       string
		file                       []byte
		scope                      Scope
		code                       reason.Code
		anchors, skipped, warnings int
	}{
		{"one CA, both purposes", ca, lab, "", 2, 0, 0},
		{"two", join(ca, direct), lab, "", 4, 0, 0},
		{"comments between", join([]byte("our lab\n"), ca, []byte("and another\n"), direct), lab, "", 4, 0, 0},
		{"the same twice", join(ca, ca), lab, "", 2, 0, 0},
		{"one purpose", ca, Scope{Kind: trustlist.KindPID, Purposes: []trustlist.Purpose{trustlist.Revocation, trustlist.Revocation}}, "", 1, 0, 0},
		{"unsupported beside a good one", join(unsupported(t), ca), lab, "", 2, 1, 0},
		{"garbage beside a good one", join(garbage, ca), lab, "", 2, 1, 0},
		{"cut off", join(ca, direct[:len(direct)-40]), lab, "", 2, 1, 0},
		{"damaged base64", join(ca, bytes.Replace(direct, []byte("M"), []byte("!"), 1)), lab, "", 2, 1, 0},
		{"another kind of block", join(params, ca), lab, "", 2, 0, 1},
		{"EAA without types", ca, Scope{Kind: trustlist.KindEAA}, "", 2, 0, 1},
		{"EAA with types", ca, Scope{Kind: trustlist.KindEAA, Types: []string{"urn:x"}}, "", 2, 0, 0},
		{"large as allowed", fill(MaxBundle), lab, "", 2, 0, 0},

		{"empty", nil, lab, reason.TrustListMalformed, 0, 0, 0},
		{"no PEM", []byte{0x30, 0x82}, lab, reason.TrustListMalformed, 0, 0, 0},
		{"nothing usable", join(unsupported(t), garbage), lab, reason.TrustListMalformed, 0, 0, 0},
		{"private key", join(ca, key), lab, reason.TrustListMalformed, 0, 0, 0},
		{"no kind", ca, Scope{}, reason.TrustListMalformed, 0, 0, 0},
		{"unknown kind", ca, Scope{Kind: "driver"}, reason.TrustListMalformed, 0, 0, 0},
		{"unknown purpose", ca, Scope{Kind: trustlist.KindPID, Purposes: []trustlist.Purpose{"signing"}}, reason.TrustListMalformed, 0, 0, 0},
		{"too large", fill(MaxBundle + 1), lab, reason.TrustListTooLarge, 0, 0, 0},
		{"too many", bytes.Repeat([]byte("-----BEGIN CERTIFICATE-----\n"), MaxCertificates+1), lab, reason.TrustListTooLarge, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := Read(c.file, c.scope)
			if reason.CodeOf(err) != c.code || (err == nil) != (c.code == "") {
				t.Fatalf("got %v, want %q", err, c.code)
			}
			if err != nil {
				if v.List() != nil {
					t.Error("a refused bundle is verified")
				}
				return
			}
			l := v.List()
			if len(l.Anchors) != c.anchors || len(l.Skipped) != c.skipped || len(l.Warnings) != c.warnings {
				t.Errorf("%d anchors, skipped %+v, warnings %q", len(l.Anchors), l.Skipped, l.Warnings)
			}
		})
	}
}

func TestScope(t *testing.T) {
	file := append(certificate(t, "el", true), certificate(t, "FR", false)...)
	v, err := Read(file, Scope{Kind: trustlist.KindMDL, Types: []string{"org.iso.18013.5.1.mDL"}})
	if err != nil {
		t.Fatal(err)
	}
	l := v.List()
	if l.Format != "anchors" || l.Signer != nil || l.Sequence != 0 || l.Payload == [32]byte{} {
		t.Errorf("list %+v", l)
	}
	for i, a := range l.Anchors {
		mode, territory := trustlist.PKIX, "GR"
		if i >= 2 {
			mode, territory = trustlist.Direct, "FR"
		}
		purpose := []trustlist.Purpose{trustlist.Issuance, trustlist.Revocation}[i%2]
		if a.Kind != trustlist.KindMDL || a.Purpose != purpose || a.Mode != mode || a.Territory != territory ||
			a.Entity != "bundle" || !a.Usable || !a.ServesType("org.iso.18013.5.1.mDL") || a.ServesType("x") {
			t.Errorf("anchor %d: %+v", i, a)
		}
	}
	v, err = Read(file, Scope{Kind: trustlist.KindPID, Territory: "el", Entity: "our lab"})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range v.List().Anchors {
		if a.Territory != "GR" || a.Entity != "our lab" {
			t.Errorf("anchor %+v", a)
		}
	}
}

// TestAdvice: refusals say what to do.
func TestAdvice(t *testing.T) {
	for file, advice := range map[string]string{
		"":                            "openssl x509 -inform DER",
		string(unsupported(t)):        "keys must be",
		"-----BEGIN CERTIFICATE-----": "can be used",
	} {
		if _, err := Read([]byte(file), lab); err == nil || !strings.Contains(err.Error(), advice) {
			t.Errorf("got %v, want advice %q", err, advice)
		}
	}
}

// TestVectors reads real anchors as bundles.
func TestVectors(t *testing.T) {
	dir := vectortest.Dir(t, "")
	for _, c := range []struct {
		file       string
		n, skipped int
		territory  []string
	}{
		{"iaca-aamva-2025-11.pem", 14, 0, []string{"CA", "US"}},
		{"eudi-pid-issuer-ca/pid-issuer-ca-02-pt.pem", 1, 0, []string{"PT"}},
		{"eudi-wallet-anchors/dc4eu.pem", 1, 0, []string{"EU"}},
	} {
		file, err := os.ReadFile(filepath.Join(dir, "x509", c.file))
		if err != nil {
			t.Fatal(err)
		}
		v, err := Read(file, Scope{Kind: trustlist.KindMDL, Purposes: []trustlist.Purpose{trustlist.Issuance}})
		if err != nil {
			t.Fatalf("%s: %v", c.file, err)
		}
		if l := v.List(); len(l.Anchors) != c.n || len(l.Skipped) != c.skipped {
			t.Errorf("%s: %d anchors, skipped %+v", c.file, len(l.Anchors), l.Skipped)
		}
		for _, a := range v.List().Anchors {
			if a.Mode != trustlist.PKIX || !slices.Contains(c.territory, a.Territory) {
				t.Errorf("%s: %q %q", c.file, a.Mode, a.Territory)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(certificate(f, "DE", true))
	f.Add(append(certificate(f, "DE", false), unsupported(f)...))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := Read(file, lab)
		if err == nil && len(v.List().Anchors) == 0 {
			t.Fatal("a bundle without anchors")
		}
		if err != nil && !strings.HasPrefix(string(reason.CodeOf(err)), "trustlist_") {
			t.Fatalf("got %v", err)
		}
	})
}
