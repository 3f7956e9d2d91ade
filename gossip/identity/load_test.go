package identity_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/gossip/identity"
	"github.com/edgetrust/edgetrust/gossip/identity/identitytest"
)

func TestLoad(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	write(t, a, dir, "edge-1", identitytest.Issue{Jurisdiction: "EU", DNS: []string{"hub.example"}})
	for _, o := range []identity.Options{
		options(dir, "edge-1"), options(dir, "edge-1", "EU"), options(dir, "edge-1", "CH", "EU"),
	} {
		for _, o.Jurisdiction = range []string{"", "EU"} {
			id, err := identity.Load(o)
			if err != nil {
				t.Fatal(err)
			}
			cert, key := id.Credentials()
			if identity.NameOf(cert) != "edge-1" || identity.JurisdictionOf(cert) != "EU" || !key.PublicKey.Equal(cert.PublicKey) || !id.NotAfter().Equal(cert.NotAfter) {
				t.Errorf("%s of %s until %v", identity.NameOf(cert), identity.JurisdictionOf(cert), id.NotAfter())
			}
		}
	}
}

// Keys come in both forms, with what else tools write into the file.
func TestKeyForms(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a, dir, "edge-1", identitytest.Issue{Key: key})
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parameters := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}})
	put(t, filepath.Join(dir, "node.key"), append(parameters, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})...))
	if _, err := identity.Load(options(dir, "edge-1")); err != nil {
		t.Error(err)
	}
}

// What is wrong is said with the member that is at fault and what to do.
func TestMistakes(t *testing.T) {
	a, others := newAuthority(t), newAuthority(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	now := time.Now()
	in := func(name string) func(dir string) string {
		return func(dir string) string { return filepath.Join(dir, name) }
	}
	cert, key, ca := in("node.crt"), in("node.key"), in("ca.pem")
	replaced := func(path func(string) string, b []byte) func(*testing.T, string, *identity.Options) {
		return func(t *testing.T, dir string, _ *identity.Options) { put(t, path(dir), b) }
	}
	another, err := a.Issue("edge-1", identitytest.Issue{Jurisdiction: "EU"})
	if err != nil {
		t.Fatal(err)
	}
	for what, k := range map[string]struct {
		issue  identitytest.Issue
		change func(*testing.T, string, *identity.Options)
		member string
		say    string
	}{
		"no certificate":           {change: func(_ *testing.T, dir string, _ *identity.Options) { _ = os.Remove(cert(dir)) }, member: "gossip.tls.cert", say: "no such file"},
		"no key":                   {change: func(_ *testing.T, dir string, _ *identity.Options) { _ = os.Remove(key(dir)) }, member: "gossip.tls.key", say: "no such file"},
		"no authority":             {change: func(_ *testing.T, dir string, _ *identity.Options) { _ = os.Remove(ca(dir)) }, member: "gossip.tls.ca", say: "no such file"},
		"certificate is not PEM":   {change: replaced(cert, []byte{0x30, 0x82}), member: "gossip.tls.cert", say: "-----BEGIN CERTIFICATE-----"},
		"certificate is garbage":   {change: replaced(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})), member: "gossip.tls.cert", say: "cannot be read"},
		"certificate is huge":      {change: replaced(cert, make([]byte, 256<<10+1)), member: "gossip.tls.cert", say: "more than"},
		"certificate has the key":  {change: replaced(cert, another.KeyPEM), member: "gossip.tls.cert", say: "a file of its own"},
		"101 certificates":         {change: replaced(cert, bytes.Repeat(another.CertPEM, 101)), member: "gossip.tls.cert", say: "more than 100"},
		"key is not PEM":           {change: replaced(key, []byte("x")), member: "gossip.tls.key", say: "-----BEGIN PRIVATE KEY-----"},
		"key is garbage":           {change: replaced(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})), member: "gossip.tls.key", say: "cannot be read"},
		"key is encrypted":         {change: replaced(key, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})), member: "gossip.tls.key", say: "without one"},
		"key of another":           {change: replaced(key, another.KeyPEM), member: "gossip.tls.key", say: "made together"},
		"RSA":                      {issue: identitytest.Issue{RSA: true}, member: "gossip.tls.key", say: "prime256v1"},
		"P-384":                    {issue: identitytest.Issue{Key: p384}, member: "gossip.tls.key", say: "prime256v1"},
		"authority of others":      {change: replaced(ca, others.PEM()), member: "gossip.tls.ca", say: "put the cluster's authority there"},
		"authority is a node":      {change: replaced(ca, another.CertPEM), member: "gossip.tls.ca", say: "not a node's"},
		"another name":             {change: func(_ *testing.T, _ string, o *identity.Options) { o.Name = "edge-2" }, member: "gossip.tls.cert", say: `"edge-1" and this node is "edge-2"`},
		"a further name":           {issue: identitytest.Issue{DNS: []string{"edge-2"}}, change: func(_ *testing.T, _ string, o *identity.Options) { o.Name = "edge-2" }, member: "gossip.tls.cert", say: "first DNS name"},
		"an address":               {change: func(_ *testing.T, _ string, o *identity.Options) { o.Name = "192.0.2.1" }, member: "name", say: "not an address"},
		"no name":                  {change: func(_ *testing.T, _ string, o *identity.Options) { o.Name = "" }, member: "name", say: "DNS name"},
		"expired":                  {issue: identitytest.Issue{NotBefore: now.Add(-2 * day), NotAfter: now.Add(-day)}, member: "gossip.tls.cert", say: "have another one issued"},
		"not yet valid":            {issue: identitytest.Issue{NotBefore: now.Add(day)}, member: "gossip.tls.cert", say: "clock"},
		"only for clients":         {issue: identitytest.Issue{Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, member: "gossip.tls.cert", say: "may not be used for serverAuth"},
		"only for servers":         {issue: identitytest.Issue{Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, member: "gossip.tls.cert", say: "may not be used for clientAuth"},
		"another jurisdiction":     {issue: identitytest.Issue{Jurisdiction: "CH"}, change: func(_ *testing.T, _ string, o *identity.Options) { o.Jurisdiction = "EU" }, member: "residency.jurisdiction", say: `names "CH"`},
		"no jurisdiction":          {change: func(_ *testing.T, _ string, o *identity.Options) { o.Jurisdiction = "EU" }, member: "residency.jurisdiction", say: "urn:edgetrust:jurisdiction:EU"},
		"no jurisdiction, allow":   {change: func(_ *testing.T, _ string, o *identity.Options) { o.Allow = []string{"EU"} }, member: "residency.allow", say: "names no jurisdiction"},
		"own is not allowed":       {issue: identitytest.Issue{Jurisdiction: "CH"}, change: func(_ *testing.T, _ string, o *identity.Options) { o.Allow = []string{"EU", "LI"} }, member: "residency.allow", say: `"CH"`},
		"a word as a jurisdiction": {change: func(_ *testing.T, _ string, o *identity.Options) { o.Jurisdiction = "Germany" }, member: "residency.jurisdiction", say: "ISO 3166"},
		"small letters to allow":   {change: func(_ *testing.T, _ string, o *identity.Options) { o.Allow = []string{"eu"} }, member: "residency.allow", say: "upper-case"},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			write(t, a, dir, "edge-1", k.issue)
			o := options(dir, "edge-1")
			if k.change != nil {
				k.change(t, dir, &o)
			}
			_, err := identity.Load(o)
			if err == nil || !strings.HasPrefix(err.Error(), k.member+": ") || !strings.Contains(err.Error(), k.say) {
				t.Errorf("%v\nwant %s: … %s …", err, k.member, k.say)
			}
		})
	}
}

// A second before it is valid, and a second after.
func TestLimitsOfValidity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		dir := t.TempDir()
		from := time.Now().Add(time.Hour)
		until := from.Add(time.Hour)
		write(t, a, dir, "edge-1", identitytest.Issue{NotBefore: from, NotAfter: until})
		for _, k := range []struct {
			at   time.Time
			good bool
		}{{from.Add(-time.Second), false}, {from, true}, {until, true}, {until.Add(time.Second), false}} {
			time.Sleep(time.Until(k.at))
			if _, err := identity.Load(options(dir, "edge-1")); (err == nil) != k.good {
				t.Errorf("at %v: %v", k.at, err)
			}
		}
	})
}

// An authority that ends before the certificate ends it.
func TestAuthorityEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		dir := t.TempDir()
		write(t, a, dir, "edge-1", identitytest.Issue{NotAfter: a.Cert.NotAfter.AddDate(1, 0, 0)})
		id, err := identity.Load(options(dir, "edge-1"))
		if err != nil {
			t.Fatal(err)
		}
		if !id.NotAfter().Equal(a.Cert.NotAfter) {
			t.Errorf("until %v", id.NotAfter())
		}
		time.Sleep(time.Until(a.Cert.NotAfter.Add(time.Second)))
		if _, err := identity.Load(options(dir, "edge-1")); err == nil || !strings.HasPrefix(err.Error(), "gossip.tls.ca: ") {
			t.Error(err)
		}
	})
}

func TestNames(t *testing.T) {
	a := newAuthority(t)
	const prefix = "urn:edgetrust:jurisdiction:"
	for what, k := range map[string]struct {
		name               string
		issue              identitytest.Issue
		want, jurisdiction string
	}{
		"one of each":           {"edge-1", identitytest.Issue{Jurisdiction: "EU", DNS: []string{"hub.example"}}, "edge-1", "EU"},
		"neither":               {"", identitytest.Issue{IPs: []net.IP{net.IPv4(192, 0, 2, 1)}}, "", ""},
		"another URI beside it": {"edge-1", identitytest.Issue{Jurisdiction: "GR", URIs: []string{"spiffe://edge/1"}}, "edge-1", "GR"},
		"the same twice":        {"edge-1", identitytest.Issue{Jurisdiction: "EU", URIs: []string{prefix + "EU"}}, "edge-1", "EU"},
		"two":                   {"edge-1", identitytest.Issue{Jurisdiction: "EU", URIs: []string{prefix + "CH"}}, "edge-1", ""},
		"small letters":         {"edge-1", identitytest.Issue{Jurisdiction: "eu"}, "edge-1", ""},
		"three letters":         {"edge-1", identitytest.Issue{Jurisdiction: "DEU"}, "edge-1", ""},
		"one and not one":       {"edge-1", identitytest.Issue{Jurisdiction: "EU", URIs: []string{prefix + "x"}}, "edge-1", ""},
		"with a fragment":       {"edge-1", identitytest.Issue{Jurisdiction: "EU#x"}, "edge-1", ""},
	} {
		issued, err := a.Issue(k.name, k.issue)
		if err != nil {
			t.Fatal(err)
		}
		if name, j := identity.NameOf(issued.TLS.Leaf), identity.JurisdictionOf(issued.TLS.Leaf); name != k.want || j != k.jurisdiction {
			t.Errorf("%s: %q of %q", what, name, j)
		}
	}
}
