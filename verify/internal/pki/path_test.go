package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestBuildPath(t *testing.T) {
	root := issue(t, "root", nil, true, nil)
	sub := issue(t, "sub", root, true, nil)
	sub2 := issue(t, "sub 2", sub, true, nil)
	leaf := issue(t, "leaf", sub, false, nil)
	direct := issue(t, "leaf", root, false, nil)
	impostor := issue(t, "root", nil, true, func(c *x509.Certificate) { c.SubjectKeyId = root.cert.SubjectKeyId })
	noPath := issue(t, "root", nil, true, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	onePath := issue(t, "root", nil, true, func(c *x509.Certificate) { c.MaxPathLen = 1 })
	selfIssued := func(by *holder) *holder { return issue(t, "root", by, true, nil) }
	noCA := issue(t, "no CA", root, false, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	caNoSign := issue(t, "root", nil, true, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	caNoUsage := issue(t, "root", nil, true, func(c *x509.Certificate) { c.KeyUsage = 0 })
	again := func(name string, ski []byte) *x509.Certificate { // the root's key once more
		tmpl := *root.cert
		tmpl.Subject.CommonName, tmpl.RawSubject, tmpl.SubjectKeyId = name, nil, ski
		raw, err := x509.CreateCertificate(rand.Reader, &tmpl, &tmpl, root.key.Public(), root.key)
		if err != nil {
			t.Fatal(err)
		}
		return parsed(t, raw)
	}
	v1 := *direct.cert
	v1.Version = 1

	type certs = []*x509.Certificate
	under := func(by *holder) *x509.Certificate { return issue(t, "leaf", by, false, nil).cert }
	chained := func(by *holder, n int) (chain certs) { // leaf first, n intermediates
		for i := range n {
			by = issue(t, string(rune('a'+i)), by, true, nil)
			chain = append(certs{by.cert}, chain...)
		}
		return append(certs{under(by)}, chain...)
	}
	edited := func(edit func(*x509.Certificate)) *x509.Certificate {
		return issue(t, "leaf", root, false, edit).cert
	}
	for _, c := range []struct {
		name   string
		chain  certs
		anchor *x509.Certificate
		code   reason.Code
	}{
		{"leaf under the anchor", certs{direct.cert}, root.cert, ""},
		{"one intermediate", certs{leaf.cert, sub.cert}, root.cert, ""},
		{"an intermediate as anchor", certs{leaf.cert}, sub.cert, ""},
		{"as long as allowed", chained(root, MaxChain-1), root.cert, ""},
		{"too long", chained(root, MaxChain), root.cert, reason.ChainTooLong},
		{"empty", nil, root.cert, reason.ChainInvalid},
		{"no anchor", certs{direct.cert}, nil, reason.ChainInvalid},
		{"intermediate missing", certs{leaf.cert}, root.cert, reason.ChainInvalid},
		{"wrong order", certs{under(sub2), sub.cert, sub2.cert}, root.cert, reason.ChainInvalid},
		{"one too many", certs{direct.cert, sub.cert}, root.cert, reason.ChainInvalid},
		{"anchor with the same name, other key id", certs{direct.cert}, issue(t, "root", nil, true, nil).cert, reason.ChainInvalid},
		{"anchor with the same name and key id", certs{direct.cert}, impostor.cert, reason.ChainInvalid},
		{"anchor with the same key, other name", certs{direct.cert}, again("other", root.cert.SubjectKeyId), reason.ChainInvalid},
		{"anchor with the same key, other key id", certs{direct.cert}, again("root", []byte("other")), reason.ChainInvalid},
		{"anchor issued again", certs{direct.cert}, again("root", root.cert.SubjectKeyId), ""},
		{"tampered signature", certs{tamper(t, direct.cert)}, root.cert, reason.ChainInvalid},
		{"tampered intermediate", certs{leaf.cert, tamper(t, sub.cert)}, root.cert, reason.ChainInvalid},
		{"anchor is no CA", certs{under(noCA)}, noCA.cert, reason.ChainInvalid},
		{"intermediate is no CA", certs{under(noCA), noCA.cert}, root.cert, reason.ChainInvalid},
		{"anchor may not sign certificates", certs{under(caNoSign)}, caNoSign.cert, reason.ChainInvalid},
		{"anchor without key usage", certs{under(caNoUsage)}, caNoUsage.cert, ""},
		{"path length 0, none", certs{under(noPath)}, noPath.cert, ""},
		{"path length 0, one", chained(noPath, 1), noPath.cert, reason.ChainInvalid},
		{"path length 1, one", chained(onePath, 1), onePath.cert, ""},
		{"path length 1, two", chained(onePath, 2), onePath.cert, reason.ChainInvalid},
		{"path length 0, one self-issued", func() certs { s := selfIssued(noPath); return certs{under(s), s.cert} }(), noPath.cert, ""},
		{"path length of an intermediate", func() certs {
			s := issue(t, "narrow", root, true, func(c *x509.Certificate) { c.MaxPathLenZero, c.MaxPathLen = true, 0 })
			return append(chained(s, 1), s.cert)
		}(), root.cert, reason.ChainInvalid},
		{"version 1", certs{&v1}, root.cert, reason.ChainInvalid},
		{"serial number of 21 octets", certs{func() *x509.Certificate {
			c := *direct.cert
			c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 167)
			return &c
		}()}, root.cert, reason.ChainInvalid},
		{"unknown critical extension in the leaf", certs{edited(extension(true, []byte{5, 0}, 1, 2, 3, 4))}, root.cert, reason.ChainInvalid},
		{"unknown extension, not critical", certs{edited(extension(false, []byte{5, 0}, 1, 2, 3, 4))}, root.cert, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			want(t, BuildPath(c.chain, c.anchor, midYear), c.code)
		})
	}
}

func TestSHA1(t *testing.T) {
	c := *parsed(t, der(t, pemSha1))
	c.BasicConstraintsValid, c.IsCA = true, true
	now := c.NotBefore
	want(t, BuildPath([]*x509.Certificate{&c}, &c, now), reason.ChainInvalid)
	d := c
	d.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	want(t, BuildPath([]*x509.Certificate{&d}, &c, now), reason.AlgUnsupported)
	// Direct trust rests on no signature, so its algorithm does not matter.
	want(t, CheckDirect(&c, now), "")
}

// tamper flips a bit of the signature.
func tamper(t *testing.T, c *x509.Certificate) *x509.Certificate {
	t.Helper()
	raw := bytes.Clone(c.Raw)
	raw[len(raw)-1] ^= 1
	out, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestExtensionsEverywhere: an extension that is forbidden, or critical and
// unknown, counts wherever in the path it stands.
func TestExtensionsEverywhere(t *testing.T) {
	mappings := []byte{0x30, 0x0a, 0x30, 0x08, 0x06, 0x02, 0x2a, 0x03, 0x06, 0x02, 0x2a, 0x04}
	constraints := []byte{0x30, 0x03, 0x80, 0x01, 0x00}
	names := []byte{0x30, 0x0a, 0xa0, 0x08, 0x30, 0x06, 0x82, 0x04, 'a', '.', 'd', 'e'}
	freshest := []byte{0x30, 0x0d, 0x30, 0x0b, 0xa0, 0x09, 0xa0, 0x07, 0x86, 0x05, 'h', ':', '/', '/', 'x'}
	for _, e := range []struct {
		name string
		edit func(*x509.Certificate)
		code reason.Code
	}{
		{"unknown critical", extension(true, []byte{5, 0}, 1, 2, 3, 4), reason.ChainInvalid},
		{"PolicyMappings", extension(true, mappings, 2, 5, 29, 33), reason.ChainProfileViolation},
		{"PolicyMappings, not critical", extension(false, mappings, 2, 5, 29, 33), reason.ChainProfileViolation},
		{"PolicyConstraints", extension(true, constraints, 2, 5, 29, 36), reason.ChainProfileViolation},
		{"InhibitAnyPolicy", extension(true, []byte{2, 1, 0}, 2, 5, 29, 54), reason.ChainProfileViolation},
		{"FreshestCRL", extension(false, freshest, 2, 5, 29, 46), reason.ChainProfileViolation},
		{"NameConstraints", extension(true, names, 2, 5, 29, 30), reason.ChainProfileViolation},
	} {
		t.Run(e.name, func(t *testing.T) {
			edit := func(at, here int) func(*x509.Certificate) {
				if at == here {
					return e.edit
				}
				return nil
			}
			for at := range 3 {
				root := issue(t, "root", nil, true, edit(at, 2))
				sub := issue(t, "sub", root, true, edit(at, 1))
				leaf := issue(t, "leaf", sub, false, edit(at, 0))
				want(t, BuildPath([]*x509.Certificate{leaf.cert, sub.cert}, root.cert, midYear), e.code)
				if at == 0 {
					want(t, CheckDirect(leaf.cert, midYear), e.code)
				}
			}
		})
	}
}

// TestValidity: one second before and after each end of each certificate's
// validity, the anchor's included.
func TestValidity(t *testing.T) {
	narrow := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = midYear, midYear.Add(time.Hour)
	}
	for at, name := range []string{"leaf", "intermediate", "anchor"} {
		edit := func(here int) func(*x509.Certificate) {
			if at == here {
				return narrow
			}
			return nil
		}
		root := issue(t, "root", nil, true, edit(2))
		sub := issue(t, "sub", root, true, edit(1))
		leaf := issue(t, "leaf", sub, false, edit(0))
		chain := []*x509.Certificate{leaf.cert, sub.cert}
		for _, c := range []struct {
			name string
			now  time.Time
			code reason.Code
		}{
			{"a second before", midYear.Add(-time.Second), reason.ChainExpired},
			{"at the start", midYear, ""},
			{"a second after the start", midYear.Add(time.Second), ""},
			{"a second before the end", midYear.Add(time.Hour - time.Second), ""},
			{"at the end", midYear.Add(time.Hour), ""},
			{"a second after the end", midYear.Add(time.Hour + time.Second), reason.ChainExpired},
		} {
			t.Run(name+" "+c.name, func(t *testing.T) {
				want(t, BuildPath(chain, root.cert, c.now), c.code)
				if at == 0 {
					want(t, CheckDirect(leaf.cert, c.now), c.code)
				}
			})
		}
	}
}

func TestCheckDirectNil(t *testing.T) {
	want(t, CheckDirect(nil, midYear), reason.ChainInvalid)
}

func TestCutAnchor(t *testing.T) {
	root := issue(t, "root", nil, true, nil)
	sub := issue(t, "sub", root, true, nil)
	leaf := issue(t, "leaf", sub, false, nil)
	chain := []*x509.Certificate{leaf.cert, sub.cert, root.cert}
	for _, c := range []struct {
		name   string
		anchor *x509.Certificate
		n      int
		cut    bool
	}{
		{"root", root.cert, 2, true},
		{"intermediate", sub.cert, 1, true},
		{"leaf itself", leaf.cert, 3, false},
		{"another", issue(t, "root", nil, true, nil).cert, 3, false},
	} {
		rest, cut := CutAnchor(chain, c.anchor)
		if len(rest) != c.n || cut != c.cut {
			t.Errorf("%s: %d certificates, cut %v", c.name, len(rest), cut)
		}
	}
}

// BenchmarkBuildPath holds a path of two links against two bare verifications.
func BenchmarkBuildPath(b *testing.B) {
	root := issue(b, "root", nil, true, nil)
	sub := issue(b, "sub", root, true, nil)
	leaf := issue(b, "leaf", sub, false, nil)
	chain := []*x509.Certificate{leaf.cert, sub.cert}
	b.Run("path of two", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := BuildPath(chain, root.cert, midYear); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("two VerifyASN1", func(b *testing.B) {
		for b.Loop() {
			for i, key := range []any{sub.cert.PublicKey, root.cert.PublicKey} {
				d := sha256.Sum256(chain[i].RawTBSCertificate)
				if !ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), d[:], chain[i].Signature) {
					b.Fatal("does not verify")
				}
			}
		}
	})
}
