package xmldsig

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"
	"testing"
)

// edit replaces old, which has to be there, by new.
func edit(t *testing.T, doc, old, new string) string {
	t.Helper()
	if !strings.Contains(doc, old) {
		t.Fatalf("%s is not in the document", old)
	}
	return strings.Replace(doc, old, new, 1)
}

const (
	enveloped       = `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`
	excTransform    = `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`
	docReference    = `<ds:Reference Id="ref" URI="">`
	propsTransforms = `URI="#props"><ds:Transforms>` + excTransform + `</ds:Transforms>`
	propsReference  = `<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#props">`
	certV2          = `xades:SigningCertificateV2`
	thirdReference  = `<ds:Reference URI="#root">` + `<ds:Transforms>` + enveloped + excTransform +
		`</ds:Transforms><ds:DigestMethod Algorithm="` + digest256 + `"/><ds:DigestValue></ds:DigestValue></ds:Reference>`
)

// TestProfile changes one thing before signing, so that all digests and the
// signature value are right and only the check that is meant can refuse.
func TestProfile(t *testing.T) {
	s := newSigner(t, "signer", "P-256")
	other := newSigner(t, "other", "P-256")
	plainDoc := s.unsigned(ecdsaSHA256, digest256, signTime)
	reference, _, _ := strings.Cut(plainDoc[strings.Index(plainDoc, docReference):], "</ds:Reference>")
	reference += "</ds:Reference>"
	certLine, _, _ := strings.Cut(plainDoc[strings.Index(plainDoc, "<"+certV2):], "</"+certV2+">")
	certLine += "</" + certV2 + ">"
	certDigest := certLine[strings.Index(certLine, "<ds:DigestValue>"):strings.Index(certLine, "</xades:CertDigest>")]
	foreignDigest := func() string {
		line := other.unsigned(ecdsaSHA256, digest256, signTime)
		line = line[strings.Index(line, "<"+certV2):]
		return line[strings.Index(line, "<ds:DigestValue>"):strings.Index(line, "</xades:CertDigest>")]
	}()
	sha1Line := func(element string) string {
		sum := sha1.Sum(s.cert.Raw)
		line := strings.ReplaceAll(certLine, certV2, element)
		line = strings.Replace(line, digest256, "http://www.w3.org/2000/09/xmldsig#sha1", 1)
		return strings.Replace(line, certDigest, "<ds:DigestValue>"+base64.StdEncoding.EncodeToString(sum[:])+"</ds:DigestValue>", 1)
	}
	cert := strings.TrimSuffix(strings.TrimPrefix(certLine, "<"+certV2+">"), "</"+certV2+">")

	for name, c := range map[string]struct {
		old, new string
		want     error
	}{
		// What the profile allows.
		"the root by its identifier":           {docReference, `<ds:Reference URI="#root">`, nil},
		"an empty type":                        {docReference, `<ds:Reference Type="" URI="">`, nil},
		"properties without transforms":        {propsTransforms, `URI="#props">`, nil},
		"references in the other order":        {reference, "", nil}, // moved below
		"the first version of the property":    {certLine, strings.ReplaceAll(certLine, certV2, "xades:SigningCertificate"), nil},
		"SHA-1 in the first version":           {certLine, sha1Line("xades:SigningCertificate"), nil},
		"both versions":                        {certLine, strings.ReplaceAll(certLine, certV2, "xades:SigningCertificate") + certLine, nil},
		"the path after the signer":            {cert, cert + strings.Replace(cert, certDigest, foreignDigest, 1), nil},
		"other signed and unsigned properties": {`</xades:SignedProperties>`, `<xades:SignedDataObjectProperties/></xades:SignedProperties><xades:UnsignedProperties/>`, nil},
		"no KeyInfo":                           {`<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>`, ``, nil},
		"a foreign property":                   {certLine, certLine + `<f:SigningTime xmlns:f="urn:f">never</f:SigningTime>`, nil},

		// Canonicalisation and transforms.
		"inclusive SignedInfo":            {`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`, `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>`, ErrAlgorithm},
		"SignedInfo with comments":        {`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`, `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"/>`, ErrAlgorithm},
		"inclusive namespaces":            {`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`, `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><p:InclusiveNamespaces xmlns:p="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="l"/></ds:CanonicalizationMethod>`, ErrAlgorithm},
		"transform with a prefix list":    {enveloped + excTransform, enveloped + strings.Replace(excTransform, "/>", `><p:InclusiveNamespaces xmlns:p="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="l"/></ds:Transform>`, 1), ErrWrapping},
		"XPath":                           {enveloped + excTransform, enveloped + `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(self::x)</ds:XPath></ds:Transform>`, ErrWrapping},
		"XPath in third place":            {enveloped + excTransform, enveloped + excTransform + `<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"/>`, ErrWrapping},
		"base64":                          {enveloped + excTransform, enveloped + `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>`, ErrWrapping},
		"XSLT":                            {enveloped + excTransform, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>` + excTransform, ErrWrapping},
		"transforms in the other order":   {enveloped + excTransform, excTransform + enveloped, ErrWrapping},
		"the enveloped one alone":         {enveloped + excTransform, enveloped, ErrWrapping},
		"the document without transforms": {`<ds:Transforms>` + enveloped + excTransform + `</ds:Transforms>`, ``, ErrWrapping},
		"no transform in Transforms":      {propsTransforms, `URI="#props"><ds:Transforms/>`, ErrWrapping},
		"properties enveloped":            {propsTransforms, `URI="#props"><ds:Transforms>` + enveloped + `</ds:Transforms>`, ErrWrapping},
		"properties inclusive by name":    {propsTransforms, `URI="#props"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/></ds:Transforms>`, ErrWrapping},

		// References.
		"a third reference":                {`</ds:SignedInfo>`, thirdReference + `</ds:SignedInfo>`, ErrWrapping},
		"no reference to the document":     {reference, ``, ErrWrapping},
		"the document twice":               {propsReference, `<ds:Reference URI="">`, ErrWrapping},
		"properties twice":                 {docReference, `<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="">`, ErrWrapping},
		"properties without a type":        {propsReference, `<ds:Reference URI="#props">`, ErrWrapping},
		"a reference to a part":            {docReference, `<ds:Reference URI="#part">`, ErrWrapping},
		"a reference without URI":          {docReference, `<ds:Reference>`, ErrWrapping},
		"an empty fragment":                {docReference, `<ds:Reference URI="#">`, ErrWrapping},
		"an XPointer":                      {docReference, `<ds:Reference URI="#xpointer(/)">`, ErrWrapping},
		"an external reference":            {docReference, `<ds:Reference URI="https://example.com/list.xml">`, ErrWrapping},
		"a document reference with a type": {docReference, `<ds:Reference Type="http://www.w3.org/2000/09/xmldsig#Object" URI="">`, ErrWrapping},
		"properties of another name":       {`Target="#sig"><xades:SignedProperties Id="props">`, `Target="#sig"><xades:SignedProperties Id="others">`, ErrWrapping},
		"properties elsewhere":             {`<x xmlns=""/>`, `<x xmlns="" Id="props"/>`, ErrWrapping},
		"not a reference":                  {`</ds:SignedInfo>`, `<x/></ds:SignedInfo>`, ErrWrapping},
		"a manifest for a reference":       {reference, `<ds:Manifest/>`, ErrWrapping},

		// Structure.
		"properties of another signature":  {`Target="#sig"`, `Target="#gis"`, ErrWrapping},
		"properties without a target":      {` Target="#sig"`, ``, ErrWrapping},
		"two objects":                      {`<ds:Object>`, `<ds:Object/><ds:Object>`, ErrWrapping},
		"an identifier twice":              {`<x xmlns=""/>`, `<x xmlns="" ID="ref"/>`, ErrWrapping},
		"an identifier in xml: twice":      {`<x xmlns=""/>`, `<x xmlns="" xml:id="sig"/>`, ErrWrapping},
		"text in SignedInfo":               {`</ds:SignedInfo>`, `text</ds:SignedInfo>`, ErrMalformed},
		"no SigningTime":                   {`xades:SigningTime>2026-06-15T12:00:00Z</xades:SigningTime>`, `xades:Other/>`, ErrMalformed},
		"a SigningTime without a zone":     {`2026-06-15T12:00:00Z`, `2026-06-15T12:00:00`, ErrMalformed},
		"a SigningTime with white space":   {`2026-06-15T12:00:00Z`, "\n 2026-06-15T12:00:00Z\t", nil},
		"a SigningTime with milliseconds":  {`2026-06-15T12:00:00Z`, `2026-06-15T12:00:00.123Z`, nil},
		"a SigningTime with a comma":       {`2026-06-15T12:00:00Z`, `2026-06-15T12:00:00,5Z`, ErrMalformed},
		"a SigningTime of one digit":       {`2026-06-15T12:00:00Z`, `2026-06-15T1:00:00Z`, ErrMalformed},
		"a SigningTime at a far offset":    {`2026-06-15T12:00:00Z`, `2026-06-15T12:00:00+14:59`, nil},
		"a SigningTime beyond all offsets": {`2026-06-15T12:00:00Z`, `2026-06-15T12:00:00+15:00`, ErrMalformed},
		"a SigningTime on no day":          {`2026-06-15T12:00:00Z`, `2026-02-30T12:00:00Z`, ErrMalformed},
		"SigningTime twice":                {certLine, certLine + `<xades:SigningTime>2026-06-15T12:00:00Z</xades:SigningTime>`, ErrMalformed},
		"no SigningCertificate":            {certLine, ``, ErrMalformed},
		"an empty SigningCertificate":      {cert, ``, ErrMalformed},
		"SigningCertificate with too many": {cert, strings.Repeat(cert, maxCertDigest+1), ErrMalformed},
		"SHA-1 in the second version":      {certLine, sha1Line(certV2), ErrAlgorithm},
		"the digest of another":            {certDigest, foreignDigest, ErrSigner},
		"two versions that disagree":       {certLine, strings.Replace(strings.ReplaceAll(certLine, certV2, "xades:SigningCertificate"), certDigest, foreignDigest, 1) + certLine, ErrSigner},
		"the signer after another":         {cert, strings.Replace(cert, certDigest, foreignDigest, 1) + cert, ErrSigner},
	} {
		t.Run(name, func(t *testing.T) {
			doc := edit(t, plainDoc, c.old, c.new)
			switch name {
			case "references in the other order":
				doc = edit(t, doc, `</ds:SignedInfo>`, reference+`</ds:SignedInfo>`)
			case "properties elsewhere":
				doc = edit(t, doc, `Id="props">`, `Id="others">`)
			case "an identifier twice", "an identifier in xml: twice":
				check(t, doc, s.pins(), c.want) // refused before anybody could sign it
				return
			}
			check(t, s.sign(t, doc), s.pins(), c.want)
		})
	}
}

// TestTampering changes a signed document.
func TestTampering(t *testing.T) {
	s, mallory := newSigner(t, "signer", "P-256"), newSigner(t, "mallory", "P-256")
	doc := s.sign(t, s.unsigned(ecdsaSHA256, digest256, signTime))
	check(t, doc, s.pins(), nil)
	from, to := strings.Index(doc, "<ds:Signature "), strings.Index(doc, "</ds:Signature>")+len("</ds:Signature>")
	signature, bare := doc[from:to], doc[:from]+doc[to:]
	evil := edit(t, bare, ">7<", ">666<")
	inside := func(outer, inner string) string { return edit(t, outer, "</l:List>", inner+"</l:List>") }
	forged := signer{mallory.key, s.cert}

	for name, c := range map[string]struct {
		doc  string
		want error
	}{
		"text":                                {edit(t, doc, ">7<", ">8<"), ErrSignature},
		"white space":                         {edit(t, doc, ">7<", ">7 <"), ErrSignature},
		"an attribute":                        {edit(t, doc, ` b="2"`, ` b="3"`), ErrSignature},
		"a new attribute":                     {edit(t, doc, ` b="2"`, ` b="2" c=""`), ErrSignature},
		"a new element":                       {edit(t, doc, "<x>", "<y/><x>"), ErrSignature},
		"an element less":                     {edit(t, doc, "<x></x>", ""), ErrSignature},
		"a prefix bound to another namespace": {edit(t, doc, `xmlns:l="urn:list"`, `xmlns:l="urn:lost"`), ErrSignature},
		"a prefix renamed":                    {strings.NewReplacer("l:List", "k:List", "l:Number", "k:Number", "l:Tag", "k:Tag", "xmlns:l", "xmlns:k").Replace(doc), ErrSignature},
		"the signing time":                    {edit(t, doc, "T12:00:00Z", "T12:00:01Z"), ErrSignature},
		"a signed property more":              {edit(t, doc, `</xades:SignedSignatureProperties>`, `<xades:SignatureProductionPlaceV2/></xades:SignedSignatureProperties>`), ErrSignature},
		"a digest value":                      {edit(t, doc, "<ds:DigestValue>", "<ds:DigestValue>AAAA"), ErrSignature},
		"the reference's own identifier":      {edit(t, doc, `Id="ref"`, `Id="fer"`), ErrSignature},
		"signed by another key":               {forged.sign(t, forged.unsigned(ecdsaSHA256, digest256, signTime)), ErrSignature},
		"signed by another signer":            {mallory.sign(t, mallory.unsigned(ecdsaSHA256, digest256, signTime)), ErrSigner},

		"the signature taken out":              {bare, ErrUnsigned},
		"the signature twice":                  {inside(doc, strings.NewReplacer(`Id="sig"`, `Id="sig2"`, `Id="ref"`, `Id="ref2"`, `Id="props"`, `Id="props2"`).Replace(signature)), ErrWrapping},
		"the signature further down":           {edit(t, bare, "<x>", "<x>"+signature), ErrWrapping},
		"the original inside a new root":       {`<l:List xmlns:l="urn:list"><l:Number>666</l:Number>` + doc + `</l:List>`, ErrWrapping},
		"the original beside the signature":    {inside(evil, `<wrap>`+bare[strings.Index(bare, "<l:List"):]+`</wrap>`+signature), ErrWrapping},
		"the original inside the signature":    {inside(evil, edit(t, signature, "</ds:Object>", "</ds:Object><ds:Object>"+strings.Replace(bare, `Id="root"`, `Id="old"`, 1)+"</ds:Object>")), ErrWrapping},
		"the original with its Id in KeyInfo":  {inside(strings.Replace(evil, `Id="root"`, `Id="new"`, 1), edit(t, signature, "<ds:X509Data>", "<ds:X509Data>"+bare)), ErrSignature},
		"a signature without a prefix":         {inside(doc, `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`), ErrWrapping},
		"a signature in a namespace alike":     {inside(doc, `<Signature xmlns="http://www.w3.org/2000/09/xmldsig"/>`), ErrSignature},
		"a comment in a value":                 {edit(t, doc, ">7<", ">7<!-- -->8<"), ErrSignature},
		"a document type":                      {"<!DOCTYPE l:List>" + doc, ErrDTD},
		"a processing instruction":             {edit(t, doc, "<x>", "<?php 666?><x>"), ErrDTD},
		"an entity":                            {edit(t, doc, ">7<", ">&seven;<"), ErrDTD},
		"unsigned content in the signature":    {edit(t, doc, "<ds:X509Data>", "<ds:X509Data><l:Number>666</l:Number>"), nil},
		"a comment, which no signature covers": {edit(t, doc, "<x>", "<!-- fine --><x>"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			signed := check(t, c.doc, s.pins(), c.want)
			if signed != nil && strings.Contains(string(signed.Content), "666") {
				t.Error("unsigned content came through")
			}
		})
	}
}
