package crl

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// A good list, field by field.
func TestList(t *testing.T) {
	der := newList().sign(issuer)
	u, err := Parse(der)
	wantCode(t, err, "")
	if u.Issuer() != string(issuer.cert.RawSubject) {
		t.Errorf("issuer %q", u.Issuer())
	}
	l, err := u.Verify(issuer.cert)
	wantCode(t, err, "")
	if l.Issuer != IssuerOf(issuer.cert) || l.Number != [20]byte{19: 5} || l.Version() != 5 || l.Len() != 3 || l.Size() != 48 ||
		!l.ThisUpdate.Equal(thisUpdate) || !l.NextUpdate.Equal(nextUpdate) || l.Payload != sha256.Sum256(marshal(*newList())) {
		t.Errorf("unexpected list: %+v", l)
	}
	again, err := verify(newList().sign(issuer), issuer.cert)
	wantCode(t, err, "")
	if again.Payload != l.Payload {
		t.Error("two signatures over one list have different digests")
	}
	for s, want := range map[int64]bool{7: true, 0x1234: true, 0: false, 8: false, 0x0712: false, -7: false, math.MaxInt64: false} {
		if l.Revoked(big.NewInt(s)) != want {
			t.Errorf("serial %d: %v", s, !want)
		}
	}
	beyond := new(big.Int).Lsh(big.NewInt(7), 8*maxSerial)
	if !l.Revoked(serial20) || l.Revoked(new(big.Int).Neg(serial20)) || l.Revoked(beyond) {
		t.Error("long serial numbers")
	}
	if n := testing.AllocsPerRun(100, func() { l.Revoked(serial20) }); n != 0 {
		t.Errorf("Revoked allocates %v times", n)
	}
	clear(der)
	if !l.Revoked(serial20) {
		t.Error("a list shares memory with what was received")
	}
}

// What the standard library makes is read, in its forms of entries.
func TestStandardLibrarys(t *testing.T) {
	tmpl := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: thisUpdate, NextUpdate: time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range int64(11) {
		if i != removeFromCRL && i != 7 {
			tmpl.RevokedCertificateEntries = append(tmpl.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(100 + i), RevocationTime: thisUpdate, ReasonCode: int(i)})
		}
	}
	der, err := x509.CreateRevocationList(rand.Reader, tmpl, issuer.cert, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := verify(der, issuer.cert)
	wantCode(t, err, "")
	if l.Len() != 9 || !l.NextUpdate.Equal(tmpl.NextUpdate) {
		t.Errorf("%d entries, next update %v", l.Len(), l.NextUpdate)
	}
	for i := range int64(11) {
		if want := i != removeFromCRL && i != 7; l.Revoked(big.NewInt(100+i)) != want {
			t.Errorf("reason %d: %v", i, !want)
		}
	}
}

func TestParseRefused(t *testing.T) {
	const (
		bad     = reason.CRLMalformed
		unknown = reason.CRLCriticalExtensionUnknown
	)
	number := func(n *big.Int) func(*tbsList) {
		return func(l *tbsList) { l.Extensions[1] = extension(idNumber, false, n) }
	}
	extend := func(e ...pkix.Extension) func(*tbsList) {
		return func(l *tbsList) { l.Extensions = append(l.Extensions, e...) }
	}
	inEntry := func(e ...pkix.Extension) func(*tbsList) {
		return func(l *tbsList) { l.Entries[1].Extensions = e }
	}
	empty := struct{}{}
	tests := []struct {
		name   string
		change func(l *tbsList)
		code   reason.Code
	}{
		{"good", func(*tbsList) {}, ""},
		{"no entries", func(l *tbsList) { l.Entries = nil }, ""},
		{"serial zero", func(l *tbsList) { l.Entries[0].Serial = new(big.Int) }, ""},
		{"a serial twice", func(l *tbsList) { l.Entries[0] = l.Entries[1] }, ""},
		{"number of 20 bytes", number(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 160), big.NewInt(1))), ""},
		{"number 0", number(new(big.Int)), ""},
		{"number critical", func(l *tbsList) { l.Extensions[1].Critical = true }, ""},
		{"authority key absent", func(l *tbsList) { l.Extensions = l.Extensions[1:] }, ""},
		{"another extension", extend(extension(idOther, false, empty)), ""},
		{"a reason", inEntry(extension(idReason, false, asn1.Enumerated(1))), ""},
		{"another extension of an entry", inEntry(extension(idOther, false, empty)), ""},

		{"version 1", func(l *tbsList) { l.Version, l.Extensions = 0, nil }, bad},
		{"version 3", func(l *tbsList) { l.Version = 2 }, bad},
		{"next update absent", func(l *tbsList) { l.NextUpdate = time.Time{} }, bad},
		{"no extensions", func(l *tbsList) { l.Extensions = nil }, bad},
		{"authority key critical", func(l *tbsList) { l.Extensions[0].Critical = true }, bad}, // RFC 5280 section 4.2.1.1
		{"number absent", func(l *tbsList) { l.Extensions = l.Extensions[:1] }, bad},
		{"number below zero", number(big.NewInt(-1)), bad},
		{"number of 21 bytes", number(new(big.Int).Lsh(big.NewInt(1), 160)), bad},
		{"number no integer", func(l *tbsList) { l.Extensions[1] = extension(idNumber, false, "5") }, bad},
		{"number twice", extend(extension(idNumber, false, 5)), bad},
		{"another extension twice", extend(extension(idOther, false, empty), extension(idOther, false, empty)), bad},
		{"more after the extensions", func(l *tbsList) { l.More = asn1.RawValue{FullBytes: []byte{5, 0}} }, bad},
		{"serial below zero", func(l *tbsList) { l.Entries[0].Serial = big.NewInt(-7) }, bad},
		{"for removal", inEntry(extension(idReason, false, asn1.Enumerated(removeFromCRL))), bad},
		{"for removal, second reason", inEntry(extension(idReason, false, asn1.Enumerated(1)), extension(idReason, false, asn1.Enumerated(removeFromCRL))), bad},
		{"a reason that is no enumerated", inEntry(extension(idReason, false, 1)), bad},
		{"a reason and more", inEntry(pkix.Extension{Id: idReason, Value: []byte{10, 1, 1, 0}}), bad},
		{"more in an entry", func(l *tbsList) { l.Entries[0].More = asn1.RawValue{FullBytes: []byte{5, 0}} }, bad},
		{"an extension of an entry that is none", func(l *tbsList) { l.Entries[0].More = asn1.RawValue{FullBytes: []byte{0x30, 2, 0x30, 0}} }, bad},
		{"an extension of an entry with an identifier that is none", func(l *tbsList) {
			l.Entries[0].More = asn1.RawValue{FullBytes: []byte{0x30, 7, 0x30, 5, 6, 1, 0x80, 4, 0}}
		}, bad},
		{"the entries at the end", func(l *tbsList) {
			l.More = asn1.RawValue{FullBytes: marshal(l.Entries)}
			l.Entries = nil
		}, bad},
		{"too much beside the entries", extend(extension(idOther, false, make([]byte, maxBare))), bad},

		{"another extension critical", extend(extension(idOther, true, empty)), unknown},
		{"delta", extend(extension(oidDelta, true, 4)), unknown},
		{"delta, not critical", extend(extension(oidDelta, false, 4)), unknown},
		{"issuing distribution point", extend(extension(oidPoint, true, empty)), unknown},
		{"issuing distribution point, not critical", extend(extension(oidPoint, false, empty)), unknown},
		{"issuing distribution point and no number", func(l *tbsList) { l.Extensions = []pkix.Extension{extension(oidPoint, true, empty)} }, unknown},
		{"another extension of an entry critical", inEntry(extension(idOther, true, empty)), unknown},
		{"a reason critical", inEntry(extension(idReason, true, asn1.Enumerated(1))), unknown},
		{"an entry of another issuer", inEntry(extension(asn1.ObjectIdentifier{2, 5, 29, 29}, true, empty)), unknown},
		{"an entry of another issuer, not critical", inEntry(extension(asn1.ObjectIdentifier{2, 5, 29, 29}, false, empty)), unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newList()
			tt.change(l)
			u, err := Parse(l.sign(issuer))
			wantCode(t, err, tt.code)
			if err == nil {
				_, err = u.Verify(issuer.cert)
				wantCode(t, err, "")
			}
		})
	}
}

// Bytes that asn1 would not put out.
func TestParseBytes(t *testing.T) {
	good := newList().sign(issuer)
	signed := newList().signed(issuer)
	swap := func(old, new []byte) []byte {
		tbs := marshal(*newList())
		if bytes.Count(tbs, old) == 0 || len(old) != len(new) {
			t.Fatalf("%x is not there", old)
		}
		return marshal(signTBS(bytes.Replace(tbs, old, new, 1), newList().Algorithm, issuer))
	}
	more, algorithm := signed, signed
	more.More = asn1.RawValue{FullBytes: []byte{5, 0}}
	algorithm.Algorithm = pkix.AlgorithmIdentifier{Algorithm: ecdsaSHA1}
	date := marshal(thisUpdate)
	month13 := bytes.Replace(date, []byte("261101"), []byte("261301"), 1)
	next := marshal(nextUpdate)
	tbs := marshal(*newList())
	entries := tbs[bytes.Index(tbs, next):][:len(next)+3] // the head of the entries and of the first one
	entryDate := append([]byte{2, 1, 7}, date...)
	for _, tt := range []struct {
		name string
		der  []byte
	}{
		{"nothing", nil},
		{"an empty sequence", []byte{0x30, 0}},
		{"a byte after", append(bytes.Clone(good), 0)},
		{"more after the signature", marshal(more)},
		{"another algorithm outside", marshal(algorithm)},
		{"a certificate", issuer.cert.Raw},
		{"a date that is none", swap(append(bytes.Clone(date), marshal(nextUpdate)...), append(bytes.Clone(month13), marshal(nextUpdate)...))},
		{"an entry's date that is none", swap(entryDate, append([]byte{2, 1, 7}, month13...))},
		{"an entry's date of another type", swap(entryDate, append([]byte{2, 1, 7, 12}, date[1:]...))},
		{"a next update that is cut off", swap(next, append([]byte{0x17, 0x84, 0xff, 0xff}, next[4:]...))},
		{"entries that are cut off", swap(entries, append(bytes.Clone(entries[:len(entries)-3]), 0x30, 0x84, 0xff))},
		{"a serial with a leading zero", swap([]byte{2, 2, 0x12, 0x34}, []byte{2, 2, 0, 0x34})},
		{"a serial of another type", swap([]byte{2, 2, 0x12, 0x34}, []byte{4, 2, 0x12, 0x34})},
		{"at the size cap", make([]byte, MaxCRL)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.der)
			wantCode(t, err, reason.CRLMalformed)
		})
	}
	_, err := Parse(make([]byte, MaxCRL+1))
	wantCode(t, err, reason.CRLTooLarge)
	for i := range good {
		if _, err := Parse(good[:i]); reason.CodeOf(err) != reason.CRLMalformed {
			t.Fatalf("%d of %d bytes: %v", i, len(good), err)
		}
		b := bytes.Clone(good)
		b[i] ^= 1 << (i % 8)
		if l, err := verify(b, issuer.cert); err == nil {
			t.Fatalf("byte %d changed, and accepted: %+v", i, l)
		}
	}
}

// The rest of a list may be as long as it says, to the byte.
func TestBareLimit(t *testing.T) {
	size := func(pad int) (der []byte, bare int) {
		l := newList()
		l.Extensions = append(l.Extensions, extension(idOther, false, make([]byte, pad)))
		der = l.sign(issuer)
		p, ok := split(der)
		if !ok {
			t.Fatal("does not split")
		}
		return der, len(p.before) + len(p.after) + len(p.proof)
	}
	for pad := maxBare - 1000; ; pad++ {
		der, bare := size(pad)
		if bare < maxBare-2 {
			continue
		}
		if bare > maxBare+2 {
			break
		}
		_, err := Parse(der)
		if (err == nil) != (bare <= maxBare) {
			t.Errorf("%d bytes: %v", bare, err)
		}
	}
}

func TestVerifyRefused(t *testing.T) {
	const (
		mismatch  = reason.CRLIssuerMismatch
		signature = reason.CRLSignatureInvalid
	)
	good := newList().sign(issuer)
	sha1 := newList()
	sha1.Algorithm.Algorithm = ecdsaSHA1
	unknown := newList()
	unknown.Algorithm.Algorithm = idOther
	edited := func(edit func(c *x509.Certificate)) *x509.Certificate { return newAuthority(edit).cert }
	// The key is right, and the certificate is not.
	as := func(edit func(c *x509.Certificate)) *x509.Certificate {
		c := edited(edit)
		c.PublicKey = issuer.cert.PublicKey
		return c
	}
	noID := as(nil)
	noID.SubjectKeyId = nil // crypto/x509 makes certificates of CAs with one
	for _, tt := range []struct {
		name string
		der  []byte
		by   *x509.Certificate
		code reason.Code
	}{
		{"good", good, issuer.cert, ""},
		{"the certificate without key identifier", good, noID, ""},
		{"the certificate without key usage", good, as(func(c *x509.Certificate) { c.KeyUsage = 0 }), ""},
		{"no certificate", good, nil, mismatch},
		{"another name", good, as(func(c *x509.Certificate) { c.Subject.CommonName = "test iaca" }), mismatch},
		{"the name in another string type", good, as(func(c *x509.Certificate) { c.RawSubject = utf8Name(t) }), mismatch},
		{"another key identifier", good, as(func(c *x509.Certificate) { c.SubjectKeyId = []byte{1, 2, 3, 5} }), mismatch},
		{"another key", good, edited(nil), signature},
		{"no CA", good, as(func(c *x509.Certificate) { c.IsCA = false; c.KeyUsage = x509.KeyUsageCRLSign }), signature},
		{"no basic constraints", good, as(func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = false, false }), signature},
		{"without cRLSign", good, as(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }), signature},
		{"SHA-1", sha1.sign(issuer), issuer.cert, signature},
		{"an algorithm not known", unknown.sign(issuer), issuer.cert, signature},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := verify(tt.der, tt.by)
			wantCode(t, err, tt.code)
			if (l == nil) != (err != nil) {
				t.Errorf("list %v", l)
			}
		})
	}
	noKeyID := newList()
	noKeyID.Extensions = noKeyID.Extensions[1:]
	_, err := verify(noKeyID.sign(issuer), issuer.cert)
	wantCode(t, err, "")
}

func utf8Name(t *testing.T) []byte {
	t.Helper()
	name := bytes.Clone(issuer.cert.RawSubject)
	i := bytes.Index(name, []byte("\x13\x09Test IACA"))
	if i < 0 {
		t.Fatalf("%x", name)
	}
	name[i] = 0x0c
	return name
}

func TestIssuerOf(t *testing.T) {
	id := IssuerOf(issuer.cert)
	renewed := *issuer.cert
	renewed.Raw, renewed.SerialNumber = nil, big.NewInt(2)
	if IssuerOf(&renewed) != id {
		t.Error("a renewed certificate is another authority")
	}
	if IssuerOf(newAuthority(nil).cert) == id {
		t.Error("another key is the same authority")
	}
	if IssuerOf(newAuthority(func(c *x509.Certificate) { c.Subject.CommonName = "x" }).cert) == id {
		t.Error("another name is the same authority")
	}
	// Where the name ends counts.
	a := &x509.Certificate{RawSubject: []byte{1, 2}, RawSubjectPublicKeyInfo: []byte{3}}
	b := &x509.Certificate{RawSubject: []byte{1}, RawSubjectPublicKeyInfo: []byte{2, 3}}
	if IssuerOf(a) == IssuerOf(b) {
		t.Error("a name that ends elsewhere is the same authority")
	}
}

func TestVersion(t *testing.T) {
	for _, tt := range []struct {
		number [20]byte
		want   uint64
	}{
		{[20]byte{}, 0},
		{[20]byte{19: 5}, 5},
		{[20]byte{12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff, 16: 0xff, 17: 0xff, 18: 0xff, 19: 0xfe}, math.MaxUint64 - 1},
		{[20]byte{11: 1}, math.MaxUint64},
		{[20]byte{0: 1}, math.MaxUint64},
	} {
		if got := (&List{Number: tt.number}).Version(); got != tt.want {
			t.Errorf("%x: %d, want %d", tt.number, got, tt.want)
		}
	}
}
