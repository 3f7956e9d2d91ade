package verifytest

import "github.com/edgetrust/edgetrust/verify/reason"

func badStatus() []recipe {
	return []recipe{
		{
			Sample: bad("revoked", FormatSDJWT, reason.StatusRevoked, "a German PID that its issuer has revoked"),
			by:     "de", typ: pidDE, expect: TypePID, status: StatusRevoked,
		},
		{
			Sample: bad("mdoc-revoked", FormatMdoc, reason.StatusRevoked, "a driving licence that its issuer has revoked"),
			by:     "ut", typ: TypeMDL, status: StatusRevoked,
		},
		{
			// An MSO's list has one bit per entry, which cannot say suspended.
			Sample: bad("suspended", FormatSDJWT, reason.StatusSuspended, "a customer card that its issuer has suspended"),
			by:     "eaa", typ: TypeMembership, status: StatusSuspended,
		},
		{
			Sample: bad("status-out-of-range", FormatSDJWT, reason.StatusIndexOutOfRange, "its index lies beyond the end of the status list"),
			by:     "fr", typ: pidFR, expect: TypePID,
			issue: func(_ *maker, o *SDJWTOptions) { o.Status = &Ref{URI: o.Status.URI, Index: DefaultEntries} },
		},
		{
			Sample: unsure("unknown-status-list", FormatSDJWT, reason.StatusUnavailable, "names a status list that cannot be had"),
			by:     "de", typ: pidDE, expect: TypePID, noStatus: true,
			issue: func(k *maker, o *SDJWTOptions) {
				o.Status = &Ref{URI: k.c.StatusBase + "/status/unknown-jwt", Index: uint64(randomInt(DefaultEntries))}
			},
		},
		{
			Sample: unsure("no-status", FormatSDJWT, reason.StatusMissing, "valid for two weeks and names no status"),
			by:     "de", typ: pidDE, expect: TypePID, noStatus: true,
		},
		{
			Sample: unsure("mdoc-no-status", FormatMdoc, reason.StatusMissing, "a PID as mdoc, valid for two weeks, that names no status"),
			by:     "fr", typ: TypePIDMdoc, noStatus: true,
		},
	}
}
