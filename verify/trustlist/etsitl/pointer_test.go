package etsitl

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// unsupportedKey is a certificate that parses and whose key no list may use, as the
// brainpool keys of Germany.
func unsupportedKey(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: issued, NotAfter: issued.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func encoded(k *verifytest.Key) string { return base64.StdEncoding.EncodeToString(k.Cert.Raw) }

// TestPointers: what the pointers of a LOTL may say. The second of each territory is
// the one to XML, and the last is to NL.
func TestPointers(t *testing.T) {
	w := newWorld(t)
	text := string(w.lotl(t, verifytest.LOTLOptions{}))
	var all []string // self, DE in PDF, DE, NL in PDF, NL
	for rest := text; ; {
		from := strings.Index(rest, "<OtherTSLPointer>")
		if from < 0 {
			break
		}
		to := strings.Index(rest, "</OtherTSLPointer>") + len("</OtherTSLPointer>")
		all, rest = append(all, rest[from:to]), rest[to:]
	}
	// in changes one pointer, behind adds one.
	in := func(at int, old, new string) func(string) string {
		return exchange(all[at], exchange(old, new)(all[at]))
	}
	behind := func(pointer string) func(string) string {
		return exchange("</PointersToOtherTSL>", pointer+"</PointersToOtherTSL>")
	}
	twice := func(name string) func(string) string { return exchange(all[2], double(name)(all[2])) }
	const media = ">application/vnd.etsi.tsl+xml<"
	other := func(cc string) string { return exchange(">NL</SchemeTerritory>", ">"+cc+"</SchemeTerritory>")(all[4]) }
	var many strings.Builder
	for n := range MaxPointers - len(all) {
		many.WriteString(other(string([]byte{'A' + byte(n/26), 'a' + byte(n%26), '1'})))
	}
	for name, c := range map[string]struct {
		mutate func(string) string
		code   reason.Code
	}{
		"as they are":               {func(xml string) string { return xml }, ""},
		"no media type":             {in(2, `<OtherInformation><add:MimeType xmlns:add="http://uri.etsi.org/02231/v2/additionaltypes#">application/vnd.etsi.tsl+xml</add:MimeType></OtherInformation>`, ""), reason.TrustListPointerInvalid},
		"an unknown media type":     {in(2, media, ">application/xml<"), reason.TrustListPointerInvalid},
		"two media types":           {in(2, `</add:MimeType>`, `</add:MimeType><add:MimeType xmlns:add="http://uri.etsi.org/02231/v2/additionaltypes#">application/pdf</add:MimeType>`), reason.TrustListPointerInvalid},
		"the media type of no one":  {in(2, "02231/v2/additionaltypes#", "02231/v2/othertypes#"), reason.TrustListPointerInvalid},
		"media type in upper case":  {in(2, media, ">APPLICATION/vnd.etsi.TSL+xml<"), ""},
		"no certificate":            {func(xml string) string { return exchange(all[2], drop("ServiceDigitalIdentities")(all[2]))(xml) }, reason.TrustListPointerInvalid},
		"an empty identity":         {func(xml string) string { return exchange(all[2], drop("DigitalId")(all[2]))(xml) }, reason.TrustListPointerInvalid},
		"no certificate in PDF's":   {func(xml string) string { return exchange(all[1], drop("DigitalId")(all[1]))(xml) }, ""},
		"no territory":              {func(xml string) string { return exchange(all[2], drop("SchemeTerritory")(all[2]))(xml) }, reason.TrustListPointerInvalid},
		"two territories":           {twice("SchemeTerritory"), reason.TrustListPointerInvalid},
		"a territory twice":         {behind(all[2]), reason.TrustListPointerInvalid},
		"Greece by both codes":      {func(xml string) string { return behind(other("EL") + other("gr"))(xml) }, reason.TrustListPointerInvalid},
		"one more":                  {behind(other("EL")), ""},
		"no location":               {func(xml string) string { return exchange(all[2], drop("TSLLocation")(all[2]))(xml) }, reason.TrustListPointerInvalid},
		"two locations":             {twice("TSLLocation"), reason.TrustListMalformed},
		"two locations, one empty":  {in(2, "<TSLLocation>", "<TSLLocation></TSLLocation><TSLLocation>"), reason.TrustListMalformed},
		"two groups of identities":  {twice("ServiceDigitalIdentities"), reason.TrustListMalformed},
		"two groups of information": {twice("AdditionalInformation"), reason.TrustListMalformed},
		"two operators":             {twice("SchemeOperatorName"), reason.TrustListPointerInvalid},
		"an identity of another name": {func(xml string) string {
			return exchange(all[2], rename("ServiceDigitalIdentity", "Identity")(all[2]))(xml)
		}, reason.TrustListPointerInvalid},
		"a media type of other name": {func(xml string) string {
			return exchange(all[2], strings.ReplaceAll(all[2], "OtherInformation>", "TextualInformation>"))(xml)
		}, reason.TrustListPointerInvalid},
		"a file":                      {in(2, "<TSLLocation>https:", "<TSLLocation>file:"), reason.TrustListPointerInvalid},
		"credentials in the location": {in(2, "<TSLLocation>https://", "<TSLLocation>https://u:p@"), reason.TrustListPointerInvalid},
		"plain http":                  {in(2, "<TSLLocation>https:", "<TSLLocation>http:"), ""},
		"none to itself":              {exchange(all[0], ""), reason.TrustListPointerInvalid},
		"no pointers":                 {drop("PointersToOtherTSL"), reason.TrustListPointerInvalid},
		"two to itself":               {behind(all[0]), reason.TrustListPointerInvalid},
		"to itself, of a country":     {in(0, ">EU</SchemeTerritory>", ">FR</SchemeTerritory>"), reason.TrustListPointerInvalid},
		"a country's, to the LOTL":    {in(4, "TSLType/EUgeneric", "TSLType/EUlistofthelists"), reason.TrustListPointerInvalid},
		"as many as are read":         {behind(many.String()), ""},
		"one beyond":                  {behind(many.String() + other("EL")), reason.TrustListTooLarge},
		"itself elsewhere":            {in(0, "/eu-lotl.xml<", "/eu-lotl-2.xml<"), reason.TrustListLocationConflict},
		"itself by another scheme":    {in(0, "<TSLLocation>https:", "<TSLLocation>HTTP:"), ""},
		"itself in another spelling":  {in(0, "/eu-lotl.xml<", "/EU-lotl.xml/<"), ""},
		"providers":                   {exchange("</TrustServiceStatusList>", "<TrustServiceProviderList></TrustServiceProviderList></TrustServiceStatusList>"), reason.TrustListProfileViolation},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.readLOTL(t, verifytest.LOTLOptions{Mutate: c.mutate})
			want(t, err, c.code)
		})
	}

	l, err := w.readLOTL(t, verifytest.LOTLOptions{Mutate: in(4, "TSLType/EUgeneric", "TSLType/Martian")})
	if want(t, err, ""); len(l.Pointers) != 1 || len(l.Warnings) != 1 {
		t.Errorf("a pointer of an unknown type: %d pointers, warnings %q", len(l.Pointers), l.Warnings)
	}
}

// TestPointerCertificates: one that cannot be used is counted and costs nothing else,
// until most of them do not parse.
func TestPointerCertificates(t *testing.T) {
	w := newWorld(t)
	signer, err := w.TLSigner("DE")
	want(t, err, "")
	certificate := func(text string) string {
		return "<ServiceDigitalIdentity><DigitalId><X509Certificate>" + text + "</X509Certificate></DigitalId></ServiceDigitalIdentity>"
	}
	// The LOTL has 3 certificates in pointers to XML: its own and those of DE and NL.
	with := func(texts ...string) verifytest.LOTLOptions {
		var added strings.Builder
		for _, text := range texts {
			added.WriteString(certificate(text))
		}
		return verifytest.LOTLOptions{Mutate: func(xml string) string {
			at := strings.LastIndex(xml[:strings.LastIndex(xml, encoded(signer))], "<ServiceDigitalIdentity>")
			return xml[:at] + added.String() + xml[at:]
		}}
	}
	for name, c := range map[string]struct {
		added []string
		why   []string
		code  reason.Code
	}{
		"wrapped and blank":     {[]string{" &#xD;\n" + encoded(signer)[:64] + "\n\t" + encoded(signer)[64:]}, nil, ""},
		"an unsupported key":    {[]string{unsupportedKey(t)}, []string{unsupported}, ""},
		"not base64":            {[]string{"****"}, []string{unparsable}, ""},
		"not a certificate":     {[]string{"AAAA"}, []string{unparsable}, ""},
		"empty":                 {[]string{""}, []string{unparsable}, ""},
		"half of all":           {[]string{"AAAA", "BBBB", "CCCC"}, []string{unparsable, unparsable, unparsable}, ""},
		"too long":              {[]string{strings.Repeat("A", MaxText+1)}, nil, reason.TrustListTooLarge},
		"more than are read":    {slices.Repeat([]string{""}, MaxCertificates-2), nil, reason.TrustListTooLarge},
		"more than half of all": {[]string{"AAAA", "BBBB", "CCCC", "DDDD"}, nil, reason.TrustListMalformed},
		"many unsupported":      {slices.Repeat([]string{unsupportedKey(t)}, 5), slices.Repeat([]string{unsupported}, 5), ""},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := w.readLOTL(t, with(c.added...))
			if want(t, err, c.code); err != nil {
				return
			}
			var why []string
			for _, s := range l.Skipped {
				if why = append(why, s.Why); s.Entity != "DE" || s.SHA256 == [32]byte{} {
					t.Errorf("skipped %+v", s)
				}
			}
			if !slices.Equal(why, c.why) {
				t.Errorf("skipped because of %q", why)
			}
			if p := pointerTo(t, l, "DE"); !p.Signers[len(p.Signers)-1].Equal(signer.Cert) {
				t.Error("the good certificate is gone")
			}
		})
	}

	// A country of which nobody can sign stays named; its list is refused.
	l, err := w.readLOTL(t, verifytest.LOTLOptions{Mutate: func(xml string) string { return strings.ReplaceAll(xml, encoded(signer), unsupportedKey(t)) }})
	want(t, err, "")
	p := pointerTo(t, l, "DE")
	if len(p.Signers) > 0 || len(l.Warnings) != 1 {
		t.Errorf("%d signers, warnings %q", len(p.Signers), l.Warnings)
	}
	_, err = mustParse(t, w.tl(t, "DE", verifytest.TLOptions{})).VerifyNational(NationalOptions{Pointer: p})
	want(t, err, reason.TrustListSignerUnknown)
}

// TestHistoricKeys: a pivot may introduce signers with RSA keys of 1024 bits, which
// the LOTL may not.
func TestHistoricKeys(t *testing.T) {
	b := vector(t, "pivots-real/eu-lotl-pivot-172.xml.gz")
	short := own(t, b)
	text := base64.StdEncoding.EncodeToString(short[0].Raw)
	w := newWorld(t)
	old := exchange("<ServiceDigitalIdentity>", "<ServiceDigitalIdentity><DigitalId><X509Certificate>"+text+"</X509Certificate></DigitalId>")
	u := mustParse(t, w.lotl(t, verifytest.LOTLOptions{Mutate: old}))
	names := func(v trustlist.Verified, err error) bool {
		want(t, err, "")
		return slices.ContainsFunc(v.List().SelfSigners, short[0].Equal)
	}
	if !names(u.VerifyPivot(w.signers(), verifytest.OfficialJournal)) {
		t.Error("a pivot does not introduce the short key")
	}
	if names(u.VerifyLOTL(w.signers(), LOTLOptions{OJ: verifytest.OfficialJournal})) {
		t.Error("a LOTL introduces the short key")
	}
	_, err := mustParse(t, b).VerifyLOTL(short, LOTLOptions{OJ: oj2016})
	want(t, err, reason.TrustListAlgForbidden)
}
