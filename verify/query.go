package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"slices"

	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/internal/b64"
	"github.com/edgetrust/edgetrust/verify/internal/sigalg"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// query is step 8: type, country, category, claims, authorities and transaction
// data, against what was asked for. All faults are reported, in this order.
func (c *check) query(w wanted, kind trustlist.Kind, path *path, p presented) []error {
	if errs := c.typeMatches(w, kind, p); len(errs) > 0 {
		return errs
	}
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	add(nationalCountry(kind, path.trusted.Anchor, p))
	add(p.checkCountry(path.leaf, kind, path.trusted.Anchor.Territory))
	add(category(kind, p))
	if w.expect != nil && len(w.expect.Claims) > 0 {
		claims := p.claims()
		for i, at := range w.expect.Claims {
			if len(at.Select(claims)) == 0 {
				add(reason.Refuse(reason.ClaimMissing, "claim %d of expect was not presented", i))
			}
		}
	}
	if w.query != nil {
		if len(w.query.Claims) > 0 {
			errs = append(errs, w.query.Match(p.claims())...)
		}
		if !authorityMatches(w.query.TrustedAuthorities, path) {
			add(reason.Refuse(reason.DCQLAuthorityMismatch, "the issuer is under none of the query's trusted authorities"))
		}
	}
	add(c.bindsTransactions(w.id, kind, p))
	return errs
}

// typeMatches compares the type with expect and with the query, each by its own
// code.
func (c *check) typeMatches(w wanted, kind trustlist.Kind, p presented) (errs []error) {
	types := p.types()
	if kind == trustlist.KindMDL && p.format() != dcql.FormatMdoc {
		return []error{reason.Refuse(reason.VPFormatMismatch, "a driving licence is an mdoc")}
	}
	if kind == trustlist.KindPID && p.format() == dcql.FormatSDJWT {
		for _, t := range types[:1] {
			if k, ok := c.kindOf(t); !ok || k != trustlist.KindPID {
				return []error{reason.Refuse(reason.PIDVCTNotInNamespace, "a PID was expected and the vct is no PID type")}
			}
		}
	}
	any := func(asked []string) bool {
		return slices.ContainsFunc(asked, func(t string) bool { return satisfies(t, types) })
	}
	if w.expect != nil && len(w.expect.Types) > 0 && !any(w.expect.Types) {
		code := reason.VCTMismatch
		if p.format() == dcql.FormatMdoc {
			code = reason.MdocDocTypeMismatch
		}
		errs = append(errs, reason.Refuse(code, "the credential is of none of the types that expect names"))
	}
	if w.query != nil {
		asked := w.query.Meta.VCTValues
		if p.format() == dcql.FormatMdoc {
			asked = nil
			if w.query.Meta.DocType != "" {
				asked = []string{w.query.Meta.DocType}
			}
		}
		if len(asked) > 0 && !any(asked) {
			errs = append(errs, reason.Refuse(reason.DCQLTypeMismatch, "the credential is of none of the types that the query names"))
		}
	}
	return errs
}

// nationalCountry: a national PID type belongs to its country's providers alone
// (trust lists 5.3).
func nationalCountry(kind trustlist.Kind, a *trustlist.Anchor, p presented) error {
	if kind != trustlist.KindPID {
		return nil
	}
	for _, t := range p.types() {
		if cc, ok := nationalPID(t); ok && cc != a.Territory {
			return reason.Refuse(reason.AnchorTerritoryMismatch, "the type is another country's than the issuer is trusted for")
		}
	}
	return nil
}

// category compares what the credential calls itself with the kind expected
// (credentials 7.6 step 3): the URIs of ETSI TS 119 472-1 or the names of the PID
// Rulebook.
func category(kind trustlist.Kind, p presented) error {
	var want trustlist.Kind
	switch p.legalCategory() {
	case "":
		return nil
	case "urn:etsi:esi:eaa:eu:qualified", "QEAA":
		want = trustlist.KindQEAA
	case "urn:etsi:esi:eaa:eu:pub", "PuB-EAA", "PubEAA":
		want = trustlist.KindPubEAA
	case "PID":
		want = trustlist.KindPID
	case "EAA", "non-qualified EAA":
		want = trustlist.KindEAA
	}
	// A driving licence is an attestation of one of these categories.
	if want != kind && (kind != trustlist.KindMDL || want == trustlist.KindPID || want == "") {
		return reason.Refuse(reason.AttestationKindMismatch, "the credential calls itself another kind of attestation than %s", kind)
	}
	return nil
}

// authorityMatches checks trusted_authorities (OpenID4VP 1.0 section 6.1.1): aki
// against every certificate of the chain, etsi_tl against the URL of the list the
// anchor stands in. OpenID Federation is not supported, so it never matches.
func authorityMatches(authorities []dcql.TrustedAuthority, path *path) bool {
	if len(authorities) == 0 {
		return true
	}
	for _, a := range authorities {
		switch a.Type {
		case "aki":
			for _, cert := range append(path.certs[:len(path.certs):len(path.certs)], path.trusted.Anchor.Cert) {
				if len(cert.AuthorityKeyId) > 0 && slices.Contains(a.Values, b64.EncodeURL(cert.AuthorityKeyId)) {
					return true
				}
			}
		case "etsi_tl":
			if slices.Contains(a.Values, path.trusted.List.URL) {
				return true
			}
		}
	}
	return false
}

// agreed checks a signature key against the policy's agreed algorithms (ECCG
// Agreed Cryptographic Mechanisms; ARF OIA_03). Each key fits one family only.
func (c *check) agreed(key crypto.PublicKey) error {
	if len(c.req.Policy.Algorithms) == 0 {
		return nil
	}
	for _, name := range c.req.Policy.Algorithms {
		if sigalg.Check(sigalg.Alg(name), key) == nil {
			return nil
		}
	}
	return reason.Refuse(reason.AlgNotAgreed, "%s is not among the algorithms the policy agrees to", family(key))
}

func family(key crypto.PublicKey) string {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA on " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	case *rsa.PublicKey:
		return "RSA"
	default:
		return "the key"
	}
}
