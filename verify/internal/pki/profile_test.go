package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestCheckLeaf(t *testing.T) {
	root := issue(t, "root", nil, true, nil)
	leaf := func(edit func(*x509.Certificate)) *x509.Certificate {
		return issue(t, "leaf", root, false, edit).cert
	}
	usage := func(u x509.KeyUsage) *x509.Certificate {
		return leaf(func(c *x509.Certificate) { c.KeyUsage = u })
	}
	eku := func(oids ...asn1.ObjectIdentifier) *x509.Certificate {
		return leaf(func(c *x509.Certificate) { c.UnknownExtKeyUsage = oids })
	}
	const sign, commit = x509.KeyUsageDigitalSignature, x509.KeyUsageContentCommitment
	required := Profile{Name: "p", RequireKeyUsage: true}
	mdl := Profile{Name: "p", RequireEKU: []asn1.ObjectIdentifier{OIDmdlDS, OIDmdocDS}}
	for _, c := range []struct {
		name string
		leaf *x509.Certificate
		p    Profile
		code reason.Code
	}{
		{"zero profile", usage(sign), Profile{}, ""},
		{"CA certificate", root.cert, Profile{}, reason.ChainProfileViolation},
		{"CA certificate that may sign", issue(t, "ca", root, true, func(c *x509.Certificate) { c.KeyUsage |= sign }).cert, Profile{}, reason.ChainProfileViolation},
		{"key usage absent, not required", usage(0), Profile{}, ""},
		{"key usage absent, required", usage(0), required, reason.ChainProfileViolation},
		{"key usage there, required", usage(sign), required, ""},
		{"key usage without digitalSignature", usage(x509.KeyUsageKeyAgreement), Profile{}, reason.ChainProfileViolation},
		{"contentCommitment alone", usage(commit), Profile{}, reason.ChainProfileViolation},
		{"contentCommitment accepted", usage(commit), Profile{AcceptContentCommitment: true}, ""},
		{"keyCertSign in an end entity", usage(sign | x509.KeyUsageCertSign), Profile{}, reason.ChainProfileViolation},
		{"more than digitalSignature", usage(sign | commit), Profile{OnlyDigitalSignature: true}, reason.ChainProfileViolation},
		{"digitalSignature only", usage(sign), Profile{OnlyDigitalSignature: true}, ""},
		{"extended key usage missing", usage(sign), mdl, reason.ChainProfileViolation},
		{"extended key usage, first of two", eku(OIDmdlDS), mdl, ""},
		{"extended key usage, second of two", eku(OIDmdocDS), mdl, ""},
		{"extended key usage among others", eku(asn1.ObjectIdentifier{1, 2, 3}, OIDmdocDS), mdl, ""},
		{"another extended key usage", eku(asn1.ObjectIdentifier{1, 2, 3}), mdl, reason.ChainProfileViolation},
		{"anyExtendedKeyUsage", leaf(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }), mdl, reason.ChainProfileViolation},
		{"a usage crypto/x509 knows", leaf(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
			Profile{RequireEKU: []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 1}}}, ""},
		{"forbidden extension", leaf(extension(false, []byte{2, 1, 0}, 2, 5, 29, 54)), Profile{}, reason.ChainProfileViolation},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := CheckLeaf(c.leaf, c.p)
			want(t, err, c.code)
		})
	}
}

// TestMaxValidity: one second below, at and above the longest validity.
func TestMaxValidity(t *testing.T) {
	root := issue(t, "root", nil, true, nil)
	for _, c := range []struct {
		name string
		d    time.Duration
		warn int
	}{
		{"below", 10*day - time.Second, 0},
		{"at", 10 * day, 0},
		{"above", 10*day + time.Second, 1},
	} {
		leaf := issue(t, "leaf", root, false, func(x *x509.Certificate) { x.NotAfter = x.NotBefore.Add(c.d) })
		warnings, err := CheckLeaf(leaf.cert, Profile{Name: "p", MaxValidity: 10 * day})
		if err != nil || len(warnings) != c.warn {
			t.Errorf("%s: %v, %v", c.name, warnings, err)
		}
	}
}

func TestProfileCheck(t *testing.T) {
	root := issue(t, "root", nil, true, nil)
	sub := issue(t, "sub", root, true, nil)
	leaf := issue(t, "leaf", sub, false, nil)
	chain := []*x509.Certificate{leaf.cert, sub.cert}
	_, err := Profile{ForbidIntermediates: true}.Check(chain)
	want(t, err, reason.ChainProfileViolation)
	_, err = Profile{ForbidIntermediates: true}.Check(chain[:1])
	want(t, err, "")
	_, err = Profile{}.Check(chain)
	want(t, err, "")
	_, err = Profile{}.Check(chain[1:])
	want(t, err, reason.ChainProfileViolation)
	_, err = Profile{}.Check(nil)
	want(t, err, reason.ChainInvalid)
}

func TestNames(t *testing.T) {
	root := issue(t, "root", nil, true, nil)
	other := issue(t, "root", nil, true, nil) // same name, other key
	leaf := issue(t, "leaf", root, false, nil)
	self := issue(t, "self", nil, false, nil)
	noID := issue(t, "root", nil, true, nil).cert
	noID.SubjectKeyId = nil
	for _, c := range []struct {
		name string
		got  bool
		want bool
	}{
		{"root is self-signed", SelfSigned(root.cert), true},
		{"end entity is self-signed", SelfSigned(self.cert), true},
		{"leaf is not self-signed", SelfSigned(leaf.cert), false},
		{"self-issued under another key is not self-signed", SelfSigned(issue(t, "root", root, true, func(c *x509.Certificate) { c.AuthorityKeyId = root.cert.SubjectKeyId }).cert), false},
		{"leaf agrees with its root", AgreesWithAnchor(leaf.cert, root.cert), true},
		{"leaf disagrees with another key", AgreesWithAnchor(leaf.cert, other.cert), false},
		{"leaf agrees with an anchor without key id", AgreesWithAnchor(leaf.cert, noID), true},
		{"leaf disagrees with another name", AgreesWithAnchor(leaf.cert, self.cert), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v", c.name, c.got)
		}
	}
}

func TestCountryAndState(t *testing.T) {
	for _, c := range []struct {
		country, state    []string
		wantCC, wantState string
	}{
		{nil, nil, "", ""},
		{[]string{"DE"}, []string{"Berlin"}, "DE", "Berlin"},
		{[]string{"el"}, nil, "GR", ""},
		{[]string{"EL"}, nil, "GR", ""},
		{[]string{"DE", "DE"}, []string{"A", "A"}, "DE", "A"},
		{[]string{"DE", "FR"}, []string{"A", "B"}, "", ""},
	} {
		cert := &x509.Certificate{Subject: pkix.Name{Country: c.country, Province: c.state}}
		if cc, st := Country(cert), State(cert); cc != c.wantCC || st != c.wantState {
			t.Errorf("%v %v: %q %q", c.country, c.state, cc, st)
		}
	}
}
