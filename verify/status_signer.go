package verify

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// StatusSigner checks who signed a status list token: its chain must end at an
// anchor of any kind, for issuance or for revocation, that counts at now. Which
// credentials the token may speak for is decided at use. The codes are those of
// the status tables.
func StatusSigner(view TrustView, ders [][]byte, now time.Time) (*StatusSignature, error) {
	certs, err := pki.ParseChain(ders)
	if err != nil {
		return nil, reason.Refuse(reason.StatusSignerUntrusted, "the signer's certificates cannot be used")
	}
	c := &check{view: view, now: now}
	if n := c.anchorWithin(certs); n > 0 {
		certs = certs[:n]
	}
	s := &StatusSignature{Leaf: certs[0]}
	checked := make(map[[32]byte]bool)
	for _, t := range c.candidates(certs) {
		if !t.UsableAt(now) {
			continue
		}
		good, seen := checked[t.Anchor.ID]
		if !seen {
			good = leadsTo(certs, t, now)
			checked[t.Anchor.ID] = good
		}
		if good {
			s.Anchors = append(s.Anchors, t.Ref())
			if t.Anchor.Mode == trustlist.PKIX && s.links == nil {
				// The same for each: their key is that of the chain's end.
				s.links = linksOf(certs, t)
				s.notBefore, s.notAfter = window(certs)
			}
		}
	}
	if len(s.Anchors) == 0 {
		return nil, reason.Refuse(reason.StatusSignerUntrusted, "the signer is under no anchor of a list that is held")
	}
	return s, nil
}

// StatusSignature is who signed a status list token, and the anchors that the
// signer's chain ends at.
type StatusSignature struct {
	Leaf    *x509.Certificate
	Anchors []AnchorRef

	// Of the chain up to a CA anchor: its certificates, and when all of them are valid.
	links               []link
	notBefore, notAfter time.Time
}

// reaches says whether the chain still leads to one of Anchors, each of which it led
// to when it was checked.
func (s *StatusSignature) reaches(t Trusted, now time.Time) bool {
	return t.Anchor.Mode == trustlist.Direct || !now.Before(s.notBefore) && !now.After(s.notAfter)
}

// Same says whether two signatures are by one certificate over the same chain, under
// the same anchors, so that one of them need not be kept.
func (s *StatusSignature) Same(o *StatusSignature) bool {
	return s.Leaf.Equal(o.Leaf) && slices.Equal(s.Anchors, o.Anchors) && slices.EqualFunc(s.links, o.links, link.same) &&
		s.notBefore.Equal(o.notBefore) && s.notAfter.Equal(o.notAfter)
}

// CRLs are where the revocation lists of the signer's chain are published.
func (s *StatusSignature) CRLs() []Lacking { return pointsOf(s.links, s.Anchors[0]) }

// leadsTo says whether a signer's chain ends at the anchor.
func leadsTo(certs []*x509.Certificate, t Trusted, now time.Time) bool {
	if t.Anchor.Mode == trustlist.Direct {
		return pki.CheckDirect(certs[0], now) == nil
	}
	if pki.BuildPath(certs, t.Anchor.Cert, now) != nil {
		return false
	}
	_, err := pki.CheckLeaf(certs[0], pki.Profile{Name: "status list signer"})
	return err == nil
}
