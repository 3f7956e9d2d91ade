package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// maxNamesakes bounds the anchors that are tried: a CA that changed its key keeps
// its name, and a leaf need not say which key signed it.
const maxNamesakes = 4

// anchorsFor picks the anchors that the chain names as its issuer, or that are its
// leaf: those that count most, and different ones. Nothing is computed over a
// signature here. Where none will do, the answer says why as exactly as the lists
// allow.
func (c *check) anchorsFor(certs []*x509.Certificate, kind trustlist.Kind, typ string) ([]Trusted, error) {
	var best []Trusted
	found := -1
	for _, t := range c.candidates(certs) {
		r := rankScope
		switch {
		case inScope(t.Anchor, kind, trustlist.Issuance, typ):
			r = rank(t, c.now)
		case t.Removed:
			continue // what it was trusted for no longer matters
		}
		switch {
		case found < 0 || r < found:
			best, found = []Trusted{t}, r
		case r == found && len(best) < maxNamesakes && !slices.ContainsFunc(best, func(o Trusted) bool { return o.Anchor.ID == t.Anchor.ID }):
			best = append(best, t)
		}
	}
	switch found {
	case -1:
		return nil, c.unknownIssuer(certs[0], kind)
	case rankScope:
		if best[0].List.VICAL && !best[0].Anchor.ServesType(typ) {
			return nil, reason.Refuse(reason.VICALDocTypeNotListed, "VICAL %q names the issuer's authority for other document types", best[0].List.Name)
		}
		return nil, reason.Refuse(reason.AnchorScopeMismatch, "the issuer is trusted for another kind, purpose or type than %s", kind)
	case rankWithdrawn:
		return nil, reason.Refuse(reason.AnchorWithdrawn, "the issuer is no longer in good standing in list %q", best[0].List.Name)
	default:
		return best, nil
	}
}

// candidates returns the anchors, of any scope, that are the leaf itself or bear
// the name and key identifier of the issuer of the chain's last certificate.
func (c *check) candidates(certs []*x509.Certificate) []Trusted {
	var list []Trusted
	for _, t := range c.view.ByID(sha256.Sum256(certs[0].Raw)) {
		if t.Anchor.Mode == trustlist.Direct {
			list = append(list, t)
		}
	}
	top := certs[len(certs)-1]
	for _, t := range c.view.BySubject(string(top.RawIssuer)) {
		if t.Anchor.Mode == trustlist.PKIX && pki.AgreesWithAnchor(top, t.Anchor.Cert) {
			list = append(list, t)
		}
	}
	return list
}

// Ranks of a candidate, best first.
const (
	rankUsable = iota
	rankHeld
	rankExpired
	rankWithdrawn
	rankScope
)

func rank(t Trusted, now time.Time) int {
	switch {
	case t.Removed && !now.Before(t.HeldUntil), !t.Anchor.GoodAt(now):
		return rankWithdrawn
	case !t.List.counts(now):
		return rankExpired
	case t.Removed:
		return rankHeld
	default:
		return rankUsable
	}
}

func inScope(a *trustlist.Anchor, kind trustlist.Kind, purpose trustlist.Purpose, typ string) bool {
	return a.Kind == kind && a.Purpose == purpose && a.ServesType(typ)
}

// unknownIssuer says why no list names the issuer: because we cannot know, or
// because it is in none.
func (c *check) unknownIssuer(leaf *x509.Certificate, kind trustlist.Kind) error {
	country := pki.Country(leaf)
	known := false
	var stale *List
	for _, l := range c.view.ListsFor(kind) {
		if l.Territory != "" && l.Territory != "EU" && country != "" && l.Territory != country {
			continue
		}
		switch {
		case !l.Loaded:
			return reason.Refuse(reason.AnchorListUnavailable, "list %q has not been loaded yet", l.Name)
		case l.Quarantined:
			return reason.Refuse(reason.AnchorListUnavailable, "list %q is in quarantine", l.Name)
		case l.StateAt(c.now) == Expired:
			stale = l
		}
		known = true
	}
	switch {
	case !known:
		return reason.Refuse(reason.AnchorListUnavailable, "no list for kind %s is configured", kind)
	case stale != nil:
		return reason.Refuse(reason.AnchorListStale, "list %q is past its limits and a newer one may name the issuer", stale.Name)
	case pki.SelfSigned(leaf):
		return reason.Refuse(reason.ChainSelfSigned, "the issuer's certificate is self-signed and in no list for kind %s", kind)
	default:
		return reason.Refuse(reason.AnchorNotFound, "the issuer is in no list for kind %s", kind)
	}
}

// anchorWithin returns the position of the first certificate behind the leaf that
// is itself a CA anchor, 0 if there is none.
func (c *check) anchorWithin(certs []*x509.Certificate) int {
	for i := 1; i < len(certs); i++ {
		for _, t := range c.view.ByID(sha256.Sum256(certs[i].Raw)) {
			if t.Anchor.Mode == trustlist.PKIX {
				return i
			}
		}
	}
	return 0
}

// checkLeafCountry: a PID or mDL chain of one country under the anchor of another
// is refused (trust lists 9; credentials 2.4).
func checkLeafCountry(leaf *x509.Certificate, kind trustlist.Kind, a *trustlist.Anchor) error {
	if kind != trustlist.KindPID && kind != trustlist.KindMDL {
		return nil
	}
	if cc := pki.Country(leaf); cc != "" && a.Territory != "" && cc != a.Territory {
		return reason.Refuse(reason.AnchorTerritoryMismatch, "the issuer's certificate is of another country than its anchor")
	}
	if cc, anchorCC := pki.Country(leaf), pki.Country(a.Cert); kind == trustlist.KindMDL && cc != anchorCC {
		return reason.Refuse(reason.AnchorTerritoryMismatch, "the document signer is of another country than its IACA")
	}
	if st, anchorST := pki.State(leaf), pki.State(a.Cert); kind == trustlist.KindMDL && st != "" && anchorST != "" && st != anchorST {
		return reason.Refuse(reason.AnchorTerritoryMismatch, "the document signer is of another state than its IACA")
	}
	return nil
}

// lookup finds an anchor named in an earlier view in this one.
func (c *check) lookup(ref AnchorRef) (Trusted, bool) {
	for _, t := range c.view.ByID(ref.ID) {
		if t.Ref() == ref {
			return t, true
		}
	}
	return Trusted{}, false
}
