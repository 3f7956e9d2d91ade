package verify_test

import (
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

type (
	obj = map[string]any
	arr = []any
)

// Short forms for the tables.
func payload(f func(obj)) sd {
	return sd{issue: func(o *verifytest.SDJWTOptions) { o.MutatePayload = f }}
}
func header(f func(obj)) sd {
	return sd{issue: func(o *verifytest.SDJWTOptions) { o.MutateHeader = f }}
}
func issued(f func(*verifytest.SDJWTOptions)) sd {
	return sd{issue: f}
}
func keyBinding(f func(h, p obj)) sd {
	return sd{present: func(p *verifytest.Presentation) { p.MutateKB = f }}
}
func disclosed(f func([]string) []string) sd {
	return sd{present: func(p *verifytest.Presentation) { p.Disclosures = f }}
}
func raw(presentation string) sd {
	return sd{request: func(r *verify.Request) { r.VPToken[queryID] = []string{presentation} }}
}

func badSDJWTs() []provocation {
	return []provocation{
		{code: reason.InputTooLarge, run: presented(raw(strings.Repeat("a", 256<<10+1)))},
		{code: reason.SDJWTMalformed, run: presented(raw("a.b.c"))},
		{code: reason.JWTAlgNotAllowed, run: presented(header(func(h obj) { h["alg"] = "HS256" }))},
		{code: reason.JWTAlgNotAllowed, run: presented(header(func(h obj) { h["alg"] = "none" }))},
		{code: reason.JWTCritUnsupported, run: presented(header(func(h obj) { h["crit"] = arr{"x"} }))},
		{code: reason.VCTypInvalid, run: presented(issued(func(o *verifytest.SDJWTOptions) { o.Typ = "vc+sd-jwt" }))},
		{code: reason.IssuerKeyUnresolved, run: presented(issued(func(o *verifytest.SDJWTOptions) { o.NoX5C = true }))},
		{code: reason.IssuerSignatureInvalid, run: presented(issued(func(o *verifytest.SDJWTOptions) { o.Rewrite = verifytest.DamageSignature }))},
		{code: reason.VCTMissing, run: presented(payload(func(p obj) { delete(p, "vct") }))},
		{code: reason.CredentialNotYetValid, run: presented(issued(func(o *verifytest.SDJWTOptions) { o.NotBefore = o.IssuedAt.Add(2 * time.Hour) }))},
		{code: reason.CredentialIATFuture, run: presented(issued(func(o *verifytest.SDJWTOptions) { o.IssuedAt = o.IssuedAt.Add(2 * time.Hour) }))},
		{code: reason.CredentialAudMismatch, run: presented(payload(func(p obj) { p["aud"] = "x509_san_dns:another.example" }))},
		{code: reason.ClaimMissing, run: presented(sd{request: func(r *verify.Request) {
			e := r.Expect[queryID]
			e.Claims = append(e.Claims, []any{"no_such_claim"})
			r.Expect[queryID] = e
		}})},
		{code: reason.VCTMismatch, run: presented(sd{request: func(r *verify.Request) {
			r.Expect[queryID] = verify.Expect{Kind: "pid", Types: []string{"urn:eudi:pid:2"}}
		}})},
		{code: reason.PIDVCTNotInNamespace, run: presented(sd{
			issue:   func(o *verifytest.SDJWTOptions) { o.VCT = "urn:example:pid" },
			request: func(r *verify.Request) { r.Expect[queryID] = verify.Expect{Kind: "pid"} },
		})},
		{code: reason.AttestationKindMismatch, run: presented(issued(func(o *verifytest.SDJWTOptions) { o.Claims["attestation_legal_category"] = "QEAA" }))},
		{code: reason.AttestationKindMismatch, run: presented(payload(func(p obj) { p["category"] = "urn:example:of-its-own" }))},
		{code: reason.IssuerMismatch, run: presented(issued(func(o *verifytest.SDJWTOptions) { o.Issuer = "https://another.issuer.example" }))},
		{code: reason.AnchorTerritoryMismatch, run: presented(issued(func(o *verifytest.SDJWTOptions) { o.Claims["issuing_country"] = "FR" }))},
		{code: reason.AlgNotAgreed, run: presented(sd{request: func(r *verify.Request) { r.Policy.Algorithms = []string{"ES384", "EdDSA"} }})},
	}
}

func badDisclosures() []provocation {
	change := func(path string, f func(arr) arr) sd {
		return issued(func(o *verifytest.SDJWTOptions) {
			o.MutateDisclosure = func(at string, d arr) arr {
				if at == path {
					return f(d)
				}
				return d
			}
		})
	}
	digests := func(f func(arr) any) sd {
		return payload(func(p obj) {
			var list arr
			for _, s := range p["_sd"].([]string) {
				list = append(list, s)
			}
			p["_sd"] = f(list)
		})
	}
	return []provocation{
		{code: reason.SDAlgUnsupported, run: presented(payload(func(p obj) { p["_sd_alg"] = "md5" }))},
		{code: reason.SDAlgNested, run: presented(payload(func(p obj) { p["x"] = obj{"_sd_alg": "sha-256"} }))},
		{code: reason.SDDigestMalformed, run: presented(digests(func(arr) any { return "x" }))},
		{code: reason.SDDigestMalformed, run: presented(payload(func(p obj) { p["x"] = arr{obj{"...": "x", "y": 1}} }))},
		{code: reason.SDDigestDuplicate, run: presented(digests(func(list arr) any { return append(list, list[0]) }))},
		{code: reason.DisclosureMalformed, run: presented(change("family_name", func(d arr) arr { return arr{1, d[1], d[2]} }))},
		{code: reason.DisclosureMalformed, run: presented(change("family_name", func(d arr) arr { return arr{d[0], d[2]} }))},
		{code: reason.DisclosureNameForbidden, run: presented(change("family_name", func(d arr) arr { return arr{d[0], "_sd", arr{}} }))},
		{code: reason.DisclosureClaimCollision, run: presented(change("family_name", func(d arr) arr { return arr{d[0], "given_name", d[2]} }))},
		{code: reason.DisclosureUnreferenced, run: presented(disclosed(func(list []string) []string {
			d, _ := verifytest.EncodeDisclosure("2GLC42sKQveCfGfryNRN9w", "family_name", "Musterfrau")
			return append(list, d)
		}))},
		{code: reason.DisclosureDuplicate, run: presented(disclosed(func(list []string) []string { return append(list, list[0]) }))},
		{code: reason.ClaimMustNotBeDisclosable, run: presented(issued(func(o *verifytest.SDJWTOptions) {
			o.Claims["exp"], o.NotAfter = o.NotAfter.Unix(), time.Time{}
		}))},
		{code: reason.ClaimMustNotBeDisclosable, run: presented(issued(func(o *verifytest.SDJWTOptions) {
			o.NoHolder = true
			o.Claims["cnf"] = obj{"kid": "x"}
		}))},
	}
}

func badKeyBindings() []provocation {
	return []provocation{
		{code: reason.KBUnexpected, run: presented(sd{request: func(r *verify.Request) { r.Policy.HolderBinding = verify.Forbidden }})},
		{code: reason.KBMalformed, run: presented(keyBinding(func(_, p obj) { p["exp"] = "never" }))},
		{code: reason.KBTypInvalid, run: presented(keyBinding(func(h, _ obj) { h["typ"] = "JWT" }))},
		{code: reason.KBClaimMissing, run: presented(keyBinding(func(_, p obj) { delete(p, "nonce") }))},
		{code: reason.KBClaimMissing, run: presented(keyBinding(func(_, p obj) { p["aud"] = arr{p["aud"]} }))},
		{code: reason.KBExpired, run: presented(keyBinding(func(_, p obj) { p["exp"] = p["iat"].(int64) - 61 }))},
		{code: reason.JWTAlgNotAllowed, run: presented(keyBinding(func(h, _ obj) { h["alg"] = "ES384" }))},
		{code: reason.CNFMissing, run: presented(payload(func(p obj) { delete(p, "cnf") }))},
		{code: reason.CNFUnsupported, run: presented(payload(func(p obj) { p["cnf"] = obj{"kid": "x"} }))},
	}
}
