package verifytest

import (
	"slices"

	"github.com/edgetrust/edgetrust/verify/reason"
)

// What the verifier of a sample asks for. A wallet discloses that and no more.
var (
	pidRequested  = []string{"family_name", "given_name", "birthdate", "nationalities", "address", "issuing_country", "attestation_legal_category"}
	mdocRequested = map[string][]string{
		TypePIDMdoc: {"family_name", "given_name", "birth_date", "nationality", "portrait", "issuing_authority", "issuing_country", "attestation_legal_category"},
		NamespaceMDL: {
			"family_name", "given_name", "birth_date", "portrait", "document_number", "issue_date", "expiry_date", "driving_privileges",
			"age_over_18", "issuing_authority", "issuing_country", "issuing_jurisdiction", "un_distinguishing_sign",
		},
	}
)

const (
	pidDE = "urn:eudi:pid:de:1"
	pidFR = "urn:eudi:pid:fr:1"
)

func recipes() []recipe {
	return slices.Concat(goodSDJWT(), goodMdoc(), badStatus(), badIssuers(), badCredentials(), badBindings())
}

// good, bad and unsure make the part of a sample that is known beforehand.
func good(name, format, about string) Sample {
	return Sample{Name: name, About: about, Verdict: reason.Valid, Format: format}
}

func bad(name, format string, code reason.Code, about string) Sample {
	return Sample{Name: name, About: about, Verdict: reason.Invalid, Codes: []reason.Code{code}, Format: format}
}

func unsure(name, format string, code reason.Code, about string) Sample {
	return Sample{Name: name, About: about, Verdict: reason.Indeterminate, Codes: []reason.Code{code}, Format: format}
}

func goodSDJWT() []recipe {
	return []recipe{
		{
			Sample: good("sdjwt-pid-de", FormatSDJWT, "a German PID as SD-JWT VC, some claims disclosed"),
			by:     "de", typ: pidDE, expect: TypePID,
		},
		{
			Sample: good("sdjwt-pid-fr", FormatSDJWT, "a French PID as SD-JWT VC"),
			by:     "fr", typ: pidFR, expect: TypePID,
		},
		{
			Sample: good("sdjwt-batch-copy", FormatSDJWT, "one copy of a batch, with disclosures inside disclosures, array elements held back, and decoys"),
			by:     "de", typ: pidDE, expect: TypePID,
			issue: func(_ *maker, o *SDJWTOptions) {
				o.Decoys = 3
				o.SDAlg = "sha-384"
				o.Claims["nationalities"] = []any{Hidden{"DE"}, Hidden{"AT"}, Hidden{"CH"}}
				o.Claims["address"] = map[string]any{
					"country": "DE",
					"locality": Hidden{map[string]any{
						"name": Hidden{"Köln"}, "district": Hidden{"Porz"}, "former_names": []any{Hidden{"Urbach"}, "Elsdorf"},
					}},
					"street_address": Hidden{"Heidestraße 17"},
				}
			},
			present: func(_ *maker, p *Presentation) {
				p.Disclose = []string{"family_name", "birthdate", "nationalities.1", "address.locality.name", "address.locality.former_names.0"}
			},
		},
		{
			Sample: good("pubeaa-residence", FormatSDJWT, "a certificate of residence by a public body, whose signer the list names itself"),
			by:     "pubeaa", typ: TypeResidence,
		},
		{
			Sample: good("eaa-membership", FormatSDJWT, "a customer card by a bank that stands in a local bundle only"),
			by:     "eaa", typ: TypeMembership,
		},
		{
			Sample: good("short-lived", FormatSDJWT, "valid for less than 24 hours, so that it needs no status"),
			by:     "de", typ: pidDE, expect: TypePID, noStatus: true,
			issue: func(k *maker, o *SDJWTOptions) { o.NotAfter = o.NotBefore.Add(day - 2*validBefore) },
		},
		{
			Sample: good("transaction-data", FormatSDJWT, "a payment card that binds a payment"),
			by:     "eaa", typ: TypePayment, transaction: true,
		},
	}
}

func goodMdoc() []recipe {
	return []recipe{
		{
			Sample: good("mdoc-pid-de", FormatMdoc, "a German PID as mdoc, bound by a device signature"),
			by:     "de", typ: TypePIDMdoc,
		},
		{
			Sample: good("mdoc-pid-mac", FormatMdoc, "a French PID as mdoc, bound by a MAC; emac_key is needed to check it"),
			by:     "fr", typ: TypePIDMdoc, mac: true,
		},
		{
			Sample: good("mdl", FormatMdoc, "a driving licence of Utopia"),
			by:     "ut", typ: TypeMDL,
		},
		{
			Sample: good("mdoc-identifier-list", FormatMdoc, "a German PID as mdoc that names an identifier list and no status list"),
			by:     "de", typ: TypePIDMdoc, form: FormIdentifiers,
		},
		{
			Sample: good("mdoc-short-lived", FormatMdoc, "a German PID as mdoc, valid for less than 24 hours and without a status"),
			by:     "de", typ: TypePIDMdoc, noStatus: true,
			issueMdoc: func(_ *maker, o *MdocOptions) { o.ValidUntil = o.ValidFrom.Add(day - 2*validBefore) },
		},
	}
}
