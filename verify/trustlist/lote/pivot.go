package lote

import (
	"crypto/x509"
	"slices"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// MaxPivots bounds the pivots that one list may name.
const MaxPivots = 32

// Pivots returns the URIs that stand before oj, the Official Journal's, in
// SchemeInformationURI: the earlier releases at which the list's signers changed,
// newest first (trust lists 1.5, after TS 119 615 clause 4.1). A pivot may name
// itself first. The payload is not verified yet, so they only say what to fetch:
// whom to trust, VerifyPivot finds out.
//
// The refusals are trustlist_malformed, trustlist_oj_mismatch (oj is not there)
// and trustlist_pivot_broken (more than MaxPivots).
func (u *Unverified) Pivots(oj string) ([]string, error) {
	o, ok := u.outline()
	if !ok {
		return nil, malformed("the payload is not a list")
	}
	var pivots []string
	for _, link := range o.InformationURI {
		switch {
		case link.URI == oj:
			return pivots, nil
		case len(pivots) == MaxPivots:
			return nil, reason.Refuse(reason.TrustListPivotBroken, "more than %d pivots", MaxPivots)
		}
		pivots = append(pivots, link.URI)
	}
	return nil, ojMismatch()
}

// VerifyPivot checks an earlier release: signed by one of those who were entitled
// then, of the type that o expects, naming the same Official Journal. What counts
// is List.SelfSigners, who may sign from then on. It need not name its own signer
// among them, since a pivot is how a signer steps down; a signer that no newer
// release names is no longer trusted (trust lists 1.5).
//
// The list has no anchors and no rule of freshness is applied to it, so that an
// old release can never be taken for the current one.
//
// The refusals are those of Verify, and trustlist_pivot_broken where the signer is
// none of signers or no successor is named.
func (u *Unverified) VerifyPivot(signers []*x509.Certificate, o Options) (trustlist.Verified, error) {
	signer, signedAt, err := u.checkSigner(signers)
	switch {
	case reason.CodeOf(err) == reason.TrustListSignerUnknown:
		return trustlist.Verified{}, reason.Refuse(reason.TrustListPivotBroken, "the pivot's signer is none of the %d who could sign it", len(signers))
	case err != nil:
		return trustlist.Verified{}, err
	}
	return u.read(signers, signer, signedAt, o, (*reader).pivot)
}

// pivot reads no more of the list than says who may sign the next one.
func (r *reader) pivot(body *list) error {
	return r.steps(body, r.times, r.aliases, r.kind, r.journal, r.operator, r.pointers, r.successors)
}

func (r *reader) successors(*list) error {
	if len(r.out.SelfSigners) == 0 {
		return reason.Refuse(reason.TrustListPivotBroken, "the pivot names nobody who may sign the next release")
	}
	return nil
}

// journal: the list names the notice that its signers were pinned from.
func (r *reader) journal(body *list) error {
	named := func(l link) bool { return *l.URI == r.o.OJ }
	if r.o.OJ != "" && !slices.ContainsFunc(body.Scheme.InformationURI, named) {
		return ojMismatch()
	}
	return nil
}

func ojMismatch() error {
	return reason.Refuse(reason.TrustListOJMismatch, "SchemeInformationURI does not name the Official Journal notice that the signers are pinned from")
}
