package verify

import (
	"crypto/x509"
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
		}
	}
	if len(s.Anchors) == 0 {
		return nil, reason.Refuse(reason.StatusSignerUntrusted, "the signer is under no anchor of a list that is held")
	}
	return s, nil
}

// StatusSignature is who signed a status list token, and the anchors that is
// under.
type StatusSignature struct {
	Leaf    *x509.Certificate
	Anchors []AnchorRef
}

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
