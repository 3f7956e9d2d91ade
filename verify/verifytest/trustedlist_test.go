package verifytest

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// trustedLists makes lists of every kind, signed on each curve.
func trustedLists(t *testing.T, w *World, see func(name string, signer *Key, list []byte)) {
	t.Helper()
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		from, to := span(testNow, day, day)
		signer := must[*Key](t)(Certify(CertOptions{NotBefore: from, NotAfter: to, Curve: curve}))
		pivots := []string{w.ListBase + "/eu-lotl-pivot-2.xml"}
		see("LOTL "+name, signer, must[[]byte](t)(w.LOTL(LOTLOptions{Signer: signer, Pivots: pivots})))
		for _, cc := range []string{"DE", "NL", "GR"} {
			o := TLOptions{Signer: signer, OldSigningCertificate: cc == "NL", Version: 5}
			see(cc+" "+name, signer, must[[]byte](t)(w.TL(cc, o)))
		}
	}
}

// TestTrustedListXmlsec has another implementation check the signatures.
func TestTrustedListXmlsec(t *testing.T) {
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		t.Skip("xmlsec1 is not installed (Debian: xmlsec1)")
	}
	dir := t.TempDir()
	key, file := filepath.Join(dir, "key.pem"), filepath.Join(dir, "list.xml")
	verify := func(signer *Key, list []byte) error {
		der := must[[]byte](t)(x509.MarshalPKIXPublicKey(signer.Private.Public()))
		for name, b := range map[string][]byte{key: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), file: list} {
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return exec.Command("xmlsec1", "--verify", "--pubkey-pem", key, "--id-attr:Id", nsXAdES+":SignedProperties", file).Run()
	}
	trustedLists(t, testWorld(t), func(name string, signer *Key, list []byte) {
		if err := verify(signer, list); err != nil {
			t.Errorf("%s: xmlsec1: %v", name, err)
		}
		for part, change := range map[string][2]string{
			"content":           {"<TSLSequenceNumber>1<", "<TSLSequenceNumber>2<"},
			"signed properties": {"<xades:SigningTime>2026", "<xades:SigningTime>2025"},
		} {
			bad := strings.Replace(string(list), change[0], change[1], 1)
			if bad == string(list) || verify(signer, []byte(bad)) == nil {
				t.Errorf("%s: xmlsec1 does not notice changed %s", name, part)
			}
		}
	})
}

// TestTrustedListXmllint: what is digested is canonical as it stands.
func TestTrustedListXmllint(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	canonical := func(xml string) []byte {
		cmd := exec.Command("xmllint", "--nonet", "--exc-c14n", "-")
		cmd.Stdin = strings.NewReader(xml)
		return must[[]byte](t)(cmd.Output())
	}
	w := testWorld(t)
	var text string
	keep := func(xml string) string { text = xml; return xml }
	lists := map[string]func() ([]byte, error){
		"LOTL": func() ([]byte, error) { return w.LOTL(LOTLOptions{Mutate: keep}) },
		"DE":   func() ([]byte, error) { return w.TL("DE", TLOptions{Mutate: keep, NoNextUpdate: true}) },
	}
	for name, list := range lists {
		signed := must[[]byte](t)(list())
		if got := canonical(text); !bytes.Equal(got, []byte(text)) {
			t.Errorf("%s\ngot  %s\nwant %s", name, got, text)
		}
		if !bytes.HasPrefix(signed, []byte(strings.TrimSuffix(text, rootEnd))) {
			t.Errorf("%s: the signed list does not begin with its text", name)
		}
	}
}

func TestTrustedListWithoutEnd(t *testing.T) {
	w := testWorld(t)
	if _, err := w.TL("DE", TLOptions{Mutate: func(string) string { return "<r></r>" }}); err == nil {
		t.Error("a list without its end was signed")
	}
}
