package verifytest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/edgetrust/edgetrust/verify/reason"
)

func badCredentials() []recipe {
	return []recipe{
		{
			Sample: bad("expired", FormatSDJWT, reason.CredentialExpired, "its validity ended yesterday"),
			by:     "de", typ: pidDE, expect: TypePID,
			issue: func(k *maker, o *SDJWTOptions) {
				o.IssuedAt, o.NotAfter = span(k.now, 30*day, -day)
				o.NotBefore = o.IssuedAt
			},
		},
		{
			Sample: bad("mdoc-expired", FormatMdoc, reason.CredentialExpired, "a driving licence whose technical validity ended yesterday"),
			by:     "ut", typ: TypeMDL,
			issueMdoc: func(k *maker, o *MdocOptions) {
				o.Signed, o.ValidUntil = span(k.now, 30*day, -day)
				o.ValidFrom = o.Signed
			},
		},
		{
			Sample: bad("not-yet-valid", FormatSDJWT, reason.CredentialNotYetValid, "its validity begins the day after tomorrow"),
			by:     "de", typ: pidDE, expect: TypePID,
			issue: func(k *maker, o *SDJWTOptions) { o.NotBefore = k.now.Add(2 * day) },
		},
		{
			Sample: bad("tampered-issuer-jwt", FormatSDJWT, reason.IssuerSignatureInvalid, "the holder moved the end of its validity"),
			by:     "fr", typ: pidFR, expect: TypePID,
			issue: func(k *maker, o *SDJWTOptions) {
				o.Rewrite = func(jwt string) string {
					out, err := RewriteJWS(jwt, func(_, p map[string]any) { p["exp"] = k.now.Add(365 * day).Unix() })
					if err != nil {
						return jwt
					}
					return out
				}
			},
		},
		{
			Sample: bad("tampered-disclosure", FormatSDJWT, reason.DisclosureUnreferenced, "the holder wrote another family name into a disclosure"),
			by:     "de", typ: pidDE, expect: TypePID,
			present: func(_ *maker, p *Presentation) {
				p.Disclosures = func(list []string) []string { return ReplaceDisclosed(list, "family_name", "Musterfrau") }
			},
		},
		{
			Sample: bad("mdoc-tampered-element", FormatMdoc, reason.MdocDigestMismatch, "the holder wrote another family name into an element"),
			by:     "de", typ: TypePIDMdoc,
			presentMdoc: func(_ *maker, p *MdocPresentation) {
				p.Items = func(items []Item) []Item {
					for i := range items {
						if items[i].Element == "family_name" {
							// A name of the same length, so that only the digest can tell.
							items[i].Raw = bytes.Replace(items[i].Raw, []byte("Mustermann"), []byte("Musterfrau"), 1)
						}
					}
					return items
				}
			},
		},
	}
}

// ReplaceDisclosed rewrites the disclosure of a claim in a list of encoded ones;
// its salt stays.
func ReplaceDisclosed(list []string, name string, value any) []string {
	out := append([]string(nil), list...)
	for i, encoded := range out {
		b, err := base64.RawURLEncoding.DecodeString(encoded)
		var tuple []any
		if err != nil || json.Unmarshal(b, &tuple) != nil || len(tuple) != 3 || tuple[1] != name {
			continue
		}
		tuple[2] = value
		if e, err := EncodeDisclosure(tuple...); err == nil {
			out[i] = e
		}
	}
	return out
}
