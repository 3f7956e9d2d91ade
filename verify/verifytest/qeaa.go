package verifytest

import (
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// TypeDiploma is issued by qualified providers.
const TypeDiploma = "urn:example:diploma:1"

// trusted are the authorities that stand in national trusted lists: qualified
// providers, whose CA or whose signer the list names, and one that is not
// qualified. A trusted list has no revocation services: status lists are signed
// under the issuing CA, or by the signer itself.
var trusted = []charter{
	{id: "qeaa-de", name: "Demo Diploma Register Deutschland", territory: "DE", tradeID: "VATDE-900000050", kind: trustlist.KindQEAA,
		types: []string{TypeDiploma}, person: erika, sharedRevocation: true},
	{id: "qeaa-nl", name: "Demo Diploma Register Nederland", territory: "NL", tradeID: "NTRNL-90000041", kind: trustlist.KindQEAA,
		types: []string{TypeDiploma}, person: sanne, direct: true, sharedRevocation: true},
	{id: "tl-eaa-de", name: "Demo Attestation Bureau", territory: "DE", tradeID: "NTRDE-HRB900041", kind: trustlist.KindEAA,
		types: []string{TypeMembership}, person: erika, sharedRevocation: true},
}

func establishTrusted(now time.Time, crlBase string) (list []*Authority, err error) {
	for _, c := range trusted {
		a, err := c.establish(now, crlBase)
		if err != nil {
			return nil, err
		}
		if c.direct {
			a.Revocation = a.Signer
		}
		list = append(list, a)
	}
	return list, nil
}

// QEAA is the qualified provider of a country, DE or NL, that stands in its
// national trusted list; nil for others.
func (w *World) QEAA(territory string) *Authority {
	for _, a := range w.trusted {
		if a.Kind == trustlist.KindQEAA && a.Territory == territory {
			return a
		}
	}
	return nil
}

// qualified are samples for nodes that follow the World's LOTL; they are not among
// Samples, whose nodes follow lists of trusted entities only.
func qualified() []recipe {
	return []recipe{
		{
			Sample: good("qeaa-diploma-de", FormatSDJWT, "a diploma by a qualified provider, whose CA the German trusted list names"),
			by:     "qeaa-de", typ: TypeDiploma,
		},
		{
			Sample: good("qeaa-diploma-nl", FormatSDJWT, "a diploma by a qualified provider, whose signer the Dutch trusted list names itself"),
			by:     "qeaa-nl", typ: TypeDiploma,
		},
	}
}

// diploma are the claims of a university degree.
func (p person) diploma() map[string]any {
	return map[string]any{
		"family_name": p.familyName, "given_name": p.givenName, "birthdate": p.birthDate,
		"title": "Master of Science", "field": "Mathematics", "awarded_on": "1989-09-29", "awarding_body": "University of " + p.city,
	}
}
