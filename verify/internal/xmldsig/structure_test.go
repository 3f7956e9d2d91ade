package xmldsig

import "testing"

// TestStructure takes a signed document apart: what cannot be read is called
// malformed before anything is computed over it.
func TestStructure(t *testing.T) {
	s := newSigner(t, "signer", "P-256")
	doc := s.sign(t, s.unsigned(ecdsaSHA256, digest256, signTime))
	const (
		c14nMethod = `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">`
		digestOf   = `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>`
	)
	for name, c := range map[string]struct {
		old, new string
		want     error
	}{
		"as it is":                           {"", "", nil},
		"SignedInfo in another namespace":    {`<ds:SignedInfo>`, `<ds:SignedInfo xmlns:ds="urn:ds">`, ErrMalformed},
		"something before SignedInfo":        {`<ds:SignedInfo>`, `<ds:Object></ds:Object><ds:SignedInfo>`, ErrMalformed},
		"text in the signature":              {`<ds:SignedInfo>`, `x<ds:SignedInfo>`, ErrMalformed},
		"no properties at all":               {`<ds:Object>`, `</ds:Signature><ds:Object>`, ErrMalformed},
		"the method twice":                   {c14nMethod, `<ds:SignatureMethod></ds:SignatureMethod>` + c14nMethod, ErrMalformed},
		"a method without algorithm":         {c14nMethod, `<ds:CanonicalizationMethod>`, ErrMalformed},
		"a method with a namespaced one":     {c14nMethod, `<ds:CanonicalizationMethod ds:Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">`, ErrMalformed},
		"text in a method":                   {c14nMethod, c14nMethod + "x", ErrMalformed},
		"text in a reference":                {digestOf, "x" + digestOf, ErrMalformed},
		"a reference without a digest":       {digestOf, ``, ErrMalformed},
		"two digest methods":                 {digestOf, digestOf + digestOf, ErrMalformed},
		"a digest that is none":              {digestOf, `<ds:Digest></ds:Digest>`, ErrMalformed},
		"a digest method without algorithm":  {digestOf, `<ds:DigestMethod></ds:DigestMethod>`, ErrMalformed},
		"an empty digest":                    {`<ds:DigestValue>`, `<ds:DigestValue></ds:DigestValue><ds:DigestValue>`, ErrMalformed},
		"a digest that is not base64":        {`<ds:DigestValue>`, `<ds:DigestValue>!`, ErrMalformed},
		"text among transforms":              {`<ds:Transforms>`, `<ds:Transforms>x`, ErrMalformed},
		"a transform of another name":        {`<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>`, `<ds:Reform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Reform>`, ErrMalformed},
		"text in the object":                 {`<ds:Object>`, `<ds:Object>x`, ErrMalformed},
		"two kinds of properties":            {`<ds:Object>`, `<ds:Object><x></x>`, ErrMalformed},
		"properties of another XAdES":        {`xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"`, `xmlns:xades="http://uri.etsi.org/01903/v1.1.1#"`, ErrMalformed},
		"text in the properties":             {`<xades:SignedProperties `, `x<xades:SignedProperties `, ErrMalformed},
		"unsigned properties first":          {`<xades:SignedProperties `, `<xades:UnsignedProperties></xades:UnsignedProperties><xades:SignedProperties `, ErrMalformed},
		"no signature properties":            {`<xades:SignedSignatureProperties>`, `<xades:SignedDataObjectProperties></xades:SignedDataObjectProperties><xades:SignedSignatureProperties>`, ErrMalformed},
		"text in the signed properties":      {`<xades:SignedSignatureProperties>`, `x<xades:SignedSignatureProperties>`, ErrMalformed},
		"text in the signature properties":   {`<xades:SigningTime>`, `x<xades:SigningTime>`, ErrMalformed},
		"an element in the time":             {`<xades:SigningTime>`, `<xades:SigningTime><x></x>`, ErrMalformed},
		"text before Cert":                   {`<xades:Cert>`, `x<xades:Cert>`, ErrMalformed},
		"another element before Cert":        {`<xades:Cert>`, `<xades:URI></xades:URI><xades:Cert>`, ErrMalformed},
		"text before CertDigest":             {`<xades:CertDigest>`, `x<xades:CertDigest>`, ErrMalformed},
		"another element before CertDigest":  {`<xades:CertDigest>`, `<xades:IssuerSerial></xades:IssuerSerial><xades:CertDigest>`, ErrMalformed},
		"text in CertDigest":                 {`<xades:CertDigest>`, `<xades:CertDigest>x`, ErrMalformed},
		"three elements in CertDigest":       {`<xades:CertDigest>`, `<xades:CertDigest><x></x>`, ErrMalformed},
		"white space between all is nothing": {`<ds:X509Data>`, "\n <ds:X509Data>", nil},
	} {
		t.Run(name, func(t *testing.T) {
			changed := edit(t, doc, c.old, c.new)
			if name == "no properties at all" {
				changed = edit(t, changed, "</ds:Object></ds:Signature>", "</ds:Object>")
				changed = edit(t, changed, "</ds:Signature><ds:Object>", `</ds:Signature><ds:Object xmlns:ds="http://www.w3.org/2000/09/xmldsig#">`)
			}
			check(t, changed, s.pins(), c.want)
		})
	}
}
