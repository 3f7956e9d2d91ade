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
			Sample: bad("mdoc-identifier-revoked", FormatMdoc, reason.StatusRevoked, "a driving licence whose identifier stands in its issuer's identifier list"),
			by:     "ut", typ: TypeMDL, form: FormIdentifiers, status: StatusRevoked,
		},
		{
			Sample: bad("mdoc-both-mechanisms-revoked", FormatMdoc, reason.StatusRevoked, "a PID as mdoc that its status list calls good and its identifier list revoked"),
			by:     "fr", typ: TypePIDMdoc,
			issueMdoc: func(k *maker, o *MdocOptions) {
				if also, err := k.w.statusAt(k.c.StatusBase, k.w.Authority("fr"), FormIdentifiers, StatusRevoked); err == nil {
					o.Status.Also = &also
				}
			},
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
