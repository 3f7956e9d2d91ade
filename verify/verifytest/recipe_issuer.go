package verifytest

import "github.com/edgetrust/edgetrust/verify/reason"

func badIssuers() []recipe {
	return []recipe{
		{
			Sample: bad("unknown-issuer", FormatSDJWT, reason.AnchorNotFound, "a PID by somebody whom no list names"),
			by:     "stranger", typ: pidDE, expect: TypePID, statusBy: "de",
		},
		{
			Sample: bad("mdoc-unknown-issuer", FormatMdoc, reason.AnchorNotFound, "a PID as mdoc by somebody whom no list names"),
			by:     "stranger", typ: TypePIDMdoc, statusBy: "de",
		},
		{
			Sample: bad("wrong-kind", FormatSDJWT, reason.AnchorScopeMismatch, "a PID signed under a listed CA for access certificates"),
			by:     "wrpac", typ: pidDE, expect: TypePID, statusBy: "de",
		},
		{
			Sample: bad("wrong-country", FormatSDJWT, reason.AnchorTerritoryMismatch, "the French provider issues what only Germany may: urn:eudi:pid:de:1"),
			by:     "fr", typ: pidDE, expect: TypePID,
		},
		{
			Sample: bad("withdrawn-issuer", FormatSDJWT, reason.AnchorWithdrawn, "a certificate of residence by a body that its list calls withdrawn"),
			by:     "pubeaa-withdrawn", typ: TypeResidence,
		},
		{
			// Its CA's list says so where there is one: in a World with a CRLBase.
			Sample: bad("issuer-revoked", FormatSDJWT, reason.ChainRevoked, "a German PID signed with a certificate that its CA has revoked"),
			by:     "de", typ: pidDE, expect: TypePID,
			issue: func(k *maker, o *SDJWTOptions) { o.Signer = k.w.Authority("de").RevokedSigner },
		},
		{
			Sample: bad("wrong-type", FormatSDJWT, reason.VCTMismatch, "a payment card where a customer card was asked for"),
			by:     "eaa", typ: TypePayment, expect: TypeMembership,
		},
	}
}
