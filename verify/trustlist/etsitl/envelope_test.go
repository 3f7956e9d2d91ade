package etsitl

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestEnvelope: what is refused before any value is read, of a LOTL and of a
// national list alike.
func TestEnvelope(t *testing.T) {
	w := newWorld(t)
	signature := func(b []byte) []byte {
		from := bytes.Index(b, []byte("<ds:Signature "))
		to := bytes.Index(b, []byte("</ds:Signature>")) + len("</ds:Signature>")
		return b[from:to]
	}
	for name, c := range map[string]struct {
		damage func([]byte) []byte
		code   reason.Code
	}{
		"nothing":               {nil, ""},
		"a byte order mark":     {func(b []byte) []byte { return append([]byte("\xEF\xBB\xBF"), b...) }, ""},
		"an XML declaration":    {func(b []byte) []byte { return append([]byte(`<?xml version="1.0" encoding="UTF-8"?>`), b...) }, ""},
		"comments":              {replace("<SchemeInformation>", "<!-- a --><SchemeInformation><!-- b -->"), ""},
		"other quotes and ends": {replace(`Id="list"`, `Id='list' `), ""},
		"too large":             {func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 16<<20)...) }, reason.TrustListTooLarge},
		"too deep":              {replace("<SchemeInformation>", strings.Repeat("<a>", 64)+strings.Repeat("</a>", 64)+"<SchemeInformation>"), reason.TrustListTooLarge},
		"empty":                 {func([]byte) []byte { return nil }, reason.TrustListMalformed},
		"half of it":            {func(b []byte) []byte { return b[:len(b)/2] }, reason.TrustListMalformed},
		"JSON":                  {func([]byte) []byte { return []byte(`{"LoTE":{}}`) }, reason.TrustListMalformed},
		"Latin-1":               {func(b []byte) []byte { return append([]byte(`<?xml version="1.0" encoding="ISO-8859-1"?>`), b...) }, reason.TrustListMalformed},
		"XML 1.1":               {func(b []byte) []byte { return append([]byte(`<?xml version="1.1"?>`), b...) }, reason.TrustListMalformed},
		"a document type":       {func(b []byte) []byte { return append([]byte(`<!DOCTYPE TrustServiceStatusList>`), b...) }, reason.TrustListXMLDTDForbidden},
		"an external entity": {func(b []byte) []byte {
			return append([]byte(`<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>`), b...)
		}, reason.TrustListXMLDTDForbidden},
		"an entity":         {replace("demonstration &amp; trusts", "demonstration &e; trusts"), reason.TrustListXMLDTDForbidden},
		"an instruction":    {replace("<SchemeInformation>", "<?php evil ?><SchemeInformation>"), reason.TrustListXMLDTDForbidden},
		"another namespace": {replace(`xmlns="http://uri.etsi.org/02231/v2#"`, `xmlns="http://uri.etsi.org/02231/v3#"`), reason.TrustListMalformed},
		"no namespace":      {replace(` xmlns="http://uri.etsi.org/02231/v2#"`, ``), reason.TrustListMalformed},
		"another root": {func(b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("TrustServiceStatusList"), []byte("TrustServiceList"))
		}, reason.TrustListMalformed},
		"unsigned": {func(b []byte) []byte { return bytes.Replace(b, signature(b), nil, 1) }, reason.TrustListSignatureMissing},
		"two signatures": {func(b []byte) []byte {
			return bytes.Replace(b, []byte("</TrustServiceStatusList>"), []byte(`<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"></ds:Signature></TrustServiceStatusList>`), 1)
		}, reason.TrustListXMLWrapping},
		"the signature deeper": {func(b []byte) []byte {
			return bytes.Replace(b, signature(b), append(append([]byte("<x>"), signature(b)...), "</x>"...), 1)
		}, reason.TrustListXMLWrapping},
		"an identifier twice":    {replace("<SchemeInformation>", `<SchemeInformation Id="list">`), reason.TrustListXMLWrapping},
		"the original moved":     {wrap, reason.TrustListXMLWrapping},
		"an XPath transform":     {replace("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xpath-19991116"), reason.TrustListXMLWrapping},
		"a part referred to":     {replace(`Id="document" URI=""`, `Id="document" URI="#properties"`), reason.TrustListXMLWrapping},
		"SHA-1":                  {replace("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"), reason.TrustListAlgForbidden},
		"inclusive form":         {replace(`CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"`, `CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"`), reason.TrustListAlgForbidden},
		"another sequence":       {replace("<TSLSequenceNumber>1<", "<TSLSequenceNumber>9<"), reason.TrustListSignatureInvalid},
		"another signing time":   {replace("<xades:SigningTime>2026-08-21", "<xades:SigningTime>2026-08-22"), reason.TrustListSignatureInvalid},
		"another signature":      {replace("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), reason.TrustListSignatureInvalid},
		"white space in content": {replace("<SchemeInformation>", "<SchemeInformation> "), reason.TrustListSignatureInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.readLOTL(t, verifytest.LOTLOptions{Damage: c.damage})
			want(t, err, c.code)
			_, err = w.readTL(t, "DE", verifytest.TLOptions{Damage: c.damage})
			want(t, err, c.code)
		})
	}
}

// wrap puts a signed list inside a forged one, whose own values are others.
func wrap(b []byte) []byte {
	forged := bytes.Replace(bytes.Replace(b, []byte(`Id="list"`), []byte(`Id="forged"`), 1), []byte("<TSLSequenceNumber>1<"), []byte("<TSLSequenceNumber>9<"), 1)
	from := bytes.Index(forged, []byte("<ds:Signature "))
	return append(append(append([]byte{}, forged[:from]...), b...), "</TrustServiceStatusList>"...)
}

// TestSigner: a list is signed by one of those pinned for it, within its validity,
// and by nobody else.
func TestSigner(t *testing.T) {
	w := newWorld(t)
	from, to := issued.AddDate(-1, 0, 0), issued.AddDate(1, 0, 0)
	signer := w.key(t, nil)
	read := func(at time.Time, pinned ...*x509.Certificate) error {
		o := verifytest.TLOptions{Signer: signer, SigningTime: at}
		_, err := mustParse(t, w.tl(t, "DE", o)).VerifyNational(NationalOptions{Pointer: trustlist.Pointer{Territory: "DE", Signers: pinned}})
		return err
	}
	want(t, read(issued), reason.TrustListSignerUnknown)
	want(t, read(issued, w.Operator.Cert), reason.TrustListSignerUnknown)
	want(t, read(issued, nil, w.Operator.Cert, signer.Cert), "")
	want(t, read(from, signer.Cert), "")
	want(t, read(from.Add(-time.Second), signer.Cert), reason.TrustListSignerExpired)
	want(t, read(to, signer.Cert), "")
	want(t, read(to.Add(time.Second), signer.Cert), reason.TrustListSignerExpired)

	// The signer of a national list signs the LOTL that names it.
	national, err := w.TLSigner("DE")
	want(t, err, "")
	_, err = w.readLOTL(t, verifytest.LOTLOptions{Signer: national})
	want(t, err, reason.TrustListSignerUnknown)
	// The signer of the LOTL, or of another country, signs a national list.
	_, err = w.readTL(t, "DE", verifytest.TLOptions{Signer: w.Operator})
	want(t, err, reason.TrustListSignerUnknown)
	other, err := w.TLSigner("NL")
	want(t, err, "")
	_, err = w.readTL(t, "DE", verifytest.TLOptions{Signer: other})
	want(t, err, reason.TrustListSignerUnknown)
	// A certificate with the signer's name, number and key, and another validity.
	twin := w.key(t, func(o *verifytest.CertOptions) {
		o.Private = signer.Private
		o.Edit = func(c *x509.Certificate) { c.SerialNumber = signer.Cert.SerialNumber; c.NotAfter = to.AddDate(1, 0, 0) }
	})
	want(t, read(issued, twin.Cert), reason.TrustListSignerUnknown)
}

// TestSwapped: a good list in the place of another.
func TestSwapped(t *testing.T) {
	w := newWorld(t)
	signer, err := w.TLSigner("DE")
	want(t, err, "")
	o := w.national(t, "DE")

	_, err = mustParse(t, w.lotl(t, verifytest.LOTLOptions{Signer: signer})).VerifyNational(o)
	want(t, err, reason.TrustListWrongType)
	_, err = mustParse(t, w.tl(t, "NL", verifytest.TLOptions{Signer: signer})).VerifyNational(o)
	want(t, err, reason.TrustListWrongTerritory)
	_, err = mustParse(t, w.tl(t, "DE", verifytest.TLOptions{Signer: w.Operator})).VerifyLOTL(w.signers(), LOTLOptions{OJ: verifytest.OfficialJournal})
	want(t, err, reason.TrustListWrongType)
	o.Pointer.Type = typeLOTL
	_, err = mustParse(t, w.tl(t, "DE", verifytest.TLOptions{})).VerifyNational(o)
	want(t, err, reason.TrustListWrongType)
	_, err = w.readLOTL(t, verifytest.LOTLOptions{Mutate: exchange("<SchemeTerritory>EU<", "<SchemeTerritory>DE<")})
	want(t, err, reason.TrustListWrongTerritory)
}
