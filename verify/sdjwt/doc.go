// Package sdjwt verifies SD-JWT VC presentations: Selective Disclosure for JWTs
// (RFC 9901), SD-JWT-based Verifiable Credentials (draft-ietf-oauth-sd-jwt-vc-18
// with the edits of -19), key binding, and the transaction data of OpenID4VP 1.0.
//
// The order is the order of the types, so that a step cannot be left out:
//
//	p, err := sdjwt.Parse(s, sdjwt.Limits{})      // form, limits, strict decoding
//	chain, err := p.Chain()                       // x5c, for the caller to judge
//	i, err := p.VerifyIssuer(sdjwt.IssuerCheck{…}) // typ, alg, signature
//	c, err := i.Disclose()                        // digests, disclosures, claims
//	err = c.CheckTime(now, skew)
//	err = c.CheckAudience(audience)
//	err = c.CheckBinding(sdjwt.Binding{…})        // KB-JWT
//	err = c.CheckTransactionData(sent)
//
// Every refusal is a *reason.Refusal whose detail never quotes what was presented.
//
// Only the compact form is read; the JSON serialisation is refused. Issuer keys
// come from x5c alone: there is no metadata retrieval, no Type Metadata, and no
// certificate path here. The credential's status is the caller's to look up.
//
// The values of this package are not for concurrent use: Disclose processes the
// decoded payload in place.
package sdjwt
