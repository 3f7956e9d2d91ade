package verifytest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

const (
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsXAdES     = "http://uri.etsi.org/01903/v1.3.2#"

	algExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algSHA256    = "http://www.w3.org/2001/04/xmlenc#sha256"
)

// sign puts an enveloped XAdES baseline B signature before the end of a list (EN
// 319 132-1, trust lists 2.3). What is digested is the text as it stands, which is
// why it has to be canonical.
func (l trustedList) sign(xml string) ([]byte, error) {
	body, ok := strings.CutSuffix(xml, rootEnd)
	if !ok {
		return nil, fmt.Errorf("a trusted list that does not end in %s cannot be signed", rootEnd)
	}
	properties := l.signedProperties()
	info := el(`ds:SignedInfo xmlns:ds="`+nsSignature+`"`,
		algorithm("ds:CanonicalizationMethod", algExclusive),
		algorithm("ds:SignatureMethod", algXML(l.signer)),
		reference(`Id="document" URI=""`, xml, nsSignature+"enveloped-signature", algExclusive),
		reference(`Type="http://uri.etsi.org/01903#SignedProperties" URI="#properties"`, properties, algExclusive),
	)
	value, err := sign(l.signer.Private, []byte(info))
	if err != nil {
		return nil, err
	}
	signature := el(`ds:Signature xmlns:ds="`+nsSignature+`" Id="signature"`,
		info,
		el("ds:SignatureValue", base64.StdEncoding.EncodeToString(value)),
		el("ds:KeyInfo", el("ds:X509Data", el("ds:X509Certificate", base64.StdEncoding.EncodeToString(l.signer.Cert.Raw)))),
		el("ds:Object", el(`xades:QualifyingProperties xmlns:xades="`+nsXAdES+`" Target="#signature"`, properties)),
	)
	return []byte(body + signature + rootEnd), nil
}

// signedProperties declares its namespaces itself, so that it is canonical by itself
// too.
func (l trustedList) signedProperties() string {
	ds := ` xmlns:ds="` + nsSignature + `"`
	sum := sha256.Sum256(l.signer.Cert.Raw)
	digest := el("xades:CertDigest",
		el("ds:DigestMethod"+ds+` Algorithm="`+algSHA256+`"`),
		el("ds:DigestValue"+ds, base64.StdEncoding.EncodeToString(sum[:])))
	certificate := el("xades:SigningCertificateV2", el("xades:Cert", digest))
	if l.oldCertificate {
		certificate = el("xades:SigningCertificate", el("xades:Cert", digest, el("xades:IssuerSerial",
			el("ds:X509IssuerName"+ds, l.signer.Cert.Issuer.String()),
			el("ds:X509SerialNumber"+ds, l.signer.Cert.SerialNumber.String()))))
	}
	return el(`xades:SignedProperties xmlns:xades="`+nsXAdES+`" Id="properties"`,
		el("xades:SignedSignatureProperties", el("xades:SigningTime", dateTime(l.signed)), certificate),
		el("xades:SignedDataObjectProperties",
			el(`xades:DataObjectFormat ObjectReference="#document"`, el("xades:MimeType", "text/xml"))))
}

func reference(attributes, digested string, transforms ...string) string {
	var steps string
	for _, t := range transforms {
		steps += algorithm("ds:Transform", t)
	}
	sum := sha256.Sum256([]byte(digested))
	return el("ds:Reference "+attributes,
		el("ds:Transforms", steps),
		algorithm("ds:DigestMethod", algSHA256),
		el("ds:DigestValue", base64.StdEncoding.EncodeToString(sum[:])))
}

func algorithm(tag, uri string) string { return el(tag + ` Algorithm="` + uri + `"`) }

// algXML is the algorithm of the key's curve (RFC 9231 section 2.3.6).
func algXML(k *Key) string {
	return fmt.Sprintf("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha%d", 8*hashOf(k.Private).Size())
}
