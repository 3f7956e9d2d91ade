package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// tlv is one DER item; contents are put together by hand, so that they can be wrong.
func tlv(tag byte, parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	out, err := asn1.Marshal(asn1.RawValue{Tag: int(tag & 0x1f), Class: int(tag >> 6), IsCompound: tag&0x20 != 0, Bytes: content})
	if err != nil {
		panic(err)
	}
	return out
}

func uri(s string) []byte { return tlv(0x86, []byte(s)) }

// named is the distributionPoint of a DistributionPoint, with a fullName.
func named(names ...[]byte) []byte { return tlv(0xa0, tlv(0xa0, names...)) }

func point(parts ...[]byte) []byte { return tlv(0x30, parts...) }

func TestCRLPoints(t *testing.T) {
	const a, b = "http://a.example/1.crl", "https://b.example/2.crl"
	reasons := tlv(0x81, []byte{1, 2})
	cRLIssuer := tlv(0xa2, tlv(0xa4, tlv(0x30)))
	good := point(named(uri(a)))
	urls := func(n int) (points [][]byte, want []string) {
		for i := range n {
			s := a + strings.Repeat("x", i)
			points, want = append(points, point(named(uri(s)))), append(want, s)
		}
		return points, want
	}
	most, wantMost := urls(maxCRLPoints)
	more, _ := urls(maxCRLPoints + 1)
	long := a + strings.Repeat("x", maxCRLURL-len(a))
	for _, tt := range []struct {
		name  string
		value []byte
		want  []string
	}{
		{"one", tlv(0x30, good), []string{a}},
		{"two points", tlv(0x30, good, point(named(uri(b)))), []string{a, b}},
		{"two names of a point", tlv(0x30, point(named(uri(a), uri(b)))), []string{a, b}},
		{"scheme in capitals", tlv(0x30, point(named(uri("HTTP://A.example/")))), []string{"HTTP://A.example/"}},
		{"as many as are taken", tlv(0x30, most...), wantMost},
		{"one more", tlv(0x30, more...), wantMost},
		{"as long as is taken", tlv(0x30, point(named(uri(long)))), []string{long}},
		{"one byte longer", tlv(0x30, point(named(uri(long+"x"))), good), []string{a}},

		{"reasons", tlv(0x30, point(named(uri(a)), reasons)), nil},
		{"cRLIssuer", tlv(0x30, point(named(uri(a)), cRLIssuer)), nil},
		{"reasons and cRLIssuer, then one without", tlv(0x30, point(named(uri(b)), reasons, cRLIssuer), good), []string{a}},
		{"cRLIssuer alone", tlv(0x30, point(cRLIssuer), good), []string{a}},
		{"no names", tlv(0x30, point(named())), nil},
		{"a relative name", tlv(0x30, point(tlv(0xa0, tlv(0xa1))), good), []string{a}},
		{"ldap", tlv(0x30, point(named(uri("ldap://a.example/CN=x")), named()), point(named(uri("ldap://a.example/"), uri(a)))), []string{a}},
		{"a directory name", tlv(0x30, point(named(tlv(0xa4, tlv(0x30)), uri(a)))), []string{a}},
		{"no host", tlv(0x30, point(named(uri("http://")))), nil},
		{"no scheme", tlv(0x30, point(named(uri("a.example/1.crl")))), nil},
		{"a space", tlv(0x30, point(named(uri("http://a.example/1 .crl")))), nil},
		{"a line break", tlv(0x30, point(named(uri("http://a.example/\r\n")))), nil},
		{"not ASCII", tlv(0x30, point(named(uri("http://ä.example/")))), nil},
		{"no points", tlv(0x30), nil},

		{"empty", nil, nil},
		{"not a sequence", tlv(0x31, good), nil},
		{"a byte after", append(tlv(0x30, good), 0), nil},
		{"a point that is none", tlv(0x30, good, tlv(0x31)), nil},
		{"cut off in a name", tlv(0x30, good, point(tlv(0xa0, tlv(0xa0, []byte{0x86, 9})))), nil},
		{"two names in place of one", tlv(0x30, good, point(tlv(0xa0, tlv(0xa0, uri(b)), tlv(0xa0, uri(b))))), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &x509.Certificate{}
			extension(false, tt.value, 2, 5, 29, 31)(c)
			c.Extensions = c.ExtraExtensions
			if got := CRLPoints(c); !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if got := CRLPoints(issue(t, "without", nil, false, nil).cert); got != nil {
		t.Errorf("%q without the extension", got)
	}
	// What crypto/x509 says of a point for some reasons only: the reason for reading
	// the extension once more.
	cert := issue(t, "reasons", nil, false, extension(false, tlv(0x30, point(named(uri(a)), reasons, cRLIssuer)), 2, 5, 29, 31)).cert
	if got := CRLPoints(cert); got != nil || len(cert.CRLDistributionPoints) != 1 {
		t.Errorf("%q, crypto/x509 has %q", got, cert.CRLDistributionPoints)
	}
}

// What the README says of the certificates of others.
func TestCRLPointsOfOthers(t *testing.T) {
	const eudi = "https://preprod.pki.eudiw.dev/crl/pid_CA_"
	for file, want := range map[string][]string{
		"eudi-pid-issuer-ca/pid-issuer-ca-ut-01.pem": {eudi + "UT_01.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-cz-01.pem": {eudi + "CZ_01.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-02-cz.pem": {eudi + "CZ_02.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-02-ut.pem": {eudi + "UT_02.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-eu-01.pem": {eudi + "EU_01.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-02-lu.pem": {eudi + "LU_02.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-02-ee.pem": {eudi + "EE_02.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-ee-01.pem": {eudi + "EE_01.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-02-eu.pem": {eudi + "EU_02.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-02-pt.pem": {eudi + "PT_02.crl"},
		"eudi-pid-issuer-ca/pid-issuer-ca-02-nl.pem": {eudi + "NL_02.crl"},
		"isomdl/isomdl_iaca_signer.pem":              {"https://example.com/ISOmDL.crl"},
		"eudi-wallet-anchors/dc4eu.pem":              {"https://wwwallet.org/iaca/crl/wwwallet_org_iaca.crl"},
		"crl/D-TRUST_Root_CA_1_2017.crt":             {"http://crl.d-trust.net/crl/d-trust_root_ca_1_2017.crl"}, // and one in LDAP
		"crl/belgiumrs2.crt":                         {"http://secure.globalsign.net/crl/root.crl"},
		"crl/EE-GovCA2018.pem.crt":                   nil,
		"crl/DSS-2039-cert.pem":                      nil,
	} {
		c := vectortest.Certificates(t, "x509", file)[0]
		if got := CRLPoints(c); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
		if NoRevocation(c) {
			t.Errorf("%s: no revocation", file)
		}
	}
}

func TestNoRevocation(t *testing.T) {
	null := []byte{5, 0}
	for _, tt := range []struct {
		name string
		edit func(*x509.Certificate)
		want bool
	}{
		{"neither", nil, false},
		{"noRevAvail", extension(false, null, 2, 5, 29, 56), true},
		{"validity assured", extension(false, null, 0, 4, 0, 194121, 2, 1), true},
		{"another of ETSI's", extension(false, null, 0, 4, 0, 194121, 2, 2), false},
	} {
		if got := NoRevocation(issue(t, tt.name, nil, false, tt.edit).cert); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestMaySignCRLs(t *testing.T) {
	usage := func(u x509.KeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.KeyUsage = u }
	}
	for _, tt := range []struct {
		name string
		ca   bool
		edit func(*x509.Certificate)
		want bool
	}{
		{"CA", true, nil, true},
		{"cRLSign alone", true, usage(x509.KeyUsageCRLSign), true},
		{"no key usage", true, usage(0), true},
		{"no cRLSign", true, usage(x509.KeyUsageCertSign), false},
		{"key usage of nothing", true, func(c *x509.Certificate) { usage(0)(c); extension(true, []byte{3, 1, 0}, 2, 5, 29, 15)(c) }, false},
		{"no CA", false, usage(x509.KeyUsageCRLSign), false},
	} {
		if got := MaySignCRLs(issue(t, tt.name, nil, tt.ca, tt.edit).cert); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	short := *issue(t, "unsupported key", nil, true, nil).cert
	short.PublicKey = nil
	if MaySignCRLs(&short) {
		t.Error("a key that nobody can use")
	}
}

func TestStrongAlgorithm(t *testing.T) {
	for a, want := range map[x509.SignatureAlgorithm]bool{
		x509.ECDSAWithSHA256: true, x509.SHA512WithRSAPSS: true, x509.PureEd25519: true,
		x509.SHA1WithRSA: false, x509.ECDSAWithSHA1: false, x509.MD5WithRSA: false, x509.UnknownSignatureAlgorithm: false,
	} {
		if StrongAlgorithm(a) != want {
			t.Errorf("%v: %v", a, !want)
		}
	}
}

// FuzzCRLPoints: whatever is in the extension, few and short URLs come out, each of
// which stands in it.
func FuzzCRLPoints(f *testing.F) {
	f.Add(tlv(0x30, point(named(uri("http://a.example/"), uri("ldap://b"))), point(named(uri("https://c.example/")), tlv(0x81, []byte{1, 2}))))
	if _, err := vectortest.Find(); err == nil {
		for _, file := range []string{"crl/D-TRUST_Root_CA_1_2017.crt", "eudi-pid-issuer-ca/pid-issuer-ca-02-ut.pem"} {
			for _, e := range vectortest.Certificates(f, "x509", file)[0].Extensions {
				if e.Id.Equal(oidCRLPoints) {
					f.Add(e.Value)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		c := &x509.Certificate{}
		extension(false, value, 2, 5, 29, 31)(c)
		c.Extensions = c.ExtraExtensions
		urls := CRLPoints(c)
		if len(urls) > maxCRLPoints {
			t.Fatalf("%d URLs", len(urls))
		}
		for _, u := range urls {
			if len(u) > maxCRLURL || !isWebURL(u) || !bytes.Contains(value, []byte(u)) {
				t.Fatalf("%q", u)
			}
		}
	})
}
