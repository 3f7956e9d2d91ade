package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func put(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pair makes a certificate and its key, PEM.
func pair(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	got, err := Tokens(put(t, dir, "good", "# ours\n\n  0123456789abcdef  \r\nfedcba9876543210\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != sha256.Sum256([]byte("0123456789abcdef")) || got[1] != sha256.Sum256([]byte("fedcba9876543210")) {
		t.Errorf("%d digests", len(got))
	}
	for content, says := range map[string]string{
		"": "no token", "# none\n": "no token", "0123456789abcde": "line 1: a token of at least 16", "\n0123456789 abcdef": "line 2: a token has no spaces",
		strings.Repeat("x", maxTokens+1): "larger",
	} {
		_, err := Tokens(put(t, dir, "bad", content))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: %v", content, err)
		}
		if err != nil && strings.Contains(err.Error(), "0123456789") { // fewer digits may be the folder's
			t.Errorf("a token is repeated: %v", err)
		}
	}
}

func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	a, key := pair(t)
	b, _ := pair(t)
	put(t, dir, "a.pem", "a comment\n"+a+key)
	put(t, dir, "b.pem", b+a)
	got, err := Certificates([]string{filepath.Join(dir, "*.pem"), filepath.Join(dir, "a.pem")})
	if err != nil || len(got) != 4 {
		t.Fatalf("%d, %v", len(got), err)
	}
	put(t, dir, "key.txt", key)
	put(t, dir, "cut.txt", a+b[:len(b)/2])
	put(t, dir, "der.txt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	for pattern, says := range map[string]string{"none*.pem": "no such file", "[": "malformed", "key.txt": "no certificate", "cut.txt": "damaged", "der.txt": "certificate 1"} {
		if _, err := Certificates([]string{filepath.Join(dir, pattern)}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}
