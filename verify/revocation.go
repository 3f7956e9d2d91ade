package verify

import (
	"crypto/x509"
	"math/big"
	"time"

	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// shortCertificate is the longest validity of a certificate that may do without a
// revocation list (ETSI EN 319 411-1; trust lists 5.2).
const shortCertificate = 7 * 24 * time.Hour

// link is a certificate below its anchor, with who could revoke it. An anchor itself
// is on no list that counts: it disappears from its trust list (credentials 6).
type link struct {
	serial *big.Int
	issuer crl.IssuerID
	by     *x509.Certificate // the issuer's
	points []string          // where the issuer publishes its list
	exempt bool              // nobody revokes it
}

// same says whether two are revoked by the same list entry.
func (l link) same(o link) bool { return l.issuer == o.issuer && l.serial.Cmp(o.serial) == 0 }

// linksOf returns the certificates of a chain that ends at the anchor.
func linksOf(chain []*x509.Certificate, t Trusted) []link {
	if t.Anchor.Mode == trustlist.Direct {
		return nil
	}
	links := make([]link, len(chain))
	for i, cert := range chain {
		by := t.Anchor.Cert
		if i+1 < len(chain) {
			by = chain[i+1]
		}
		links[i] = link{
			serial: cert.SerialNumber, issuer: crl.IssuerOf(by), by: by, points: pki.CRLPoints(cert),
			exempt: pki.NoRevocation(cert) || cert.NotAfter.Sub(cert.NotBefore) <= shortCertificate,
		}
	}
	return links
}

// revoked is the end of step 3 (credentials 6): whether the issuer's certificates
// were revoked. It says whether that ends the work.
func (c *check) revoked(f *finding, path *path, mode Mode) bool {
	err := c.chainStatus(path.links, mode)
	if reason.CodeOf(err) == reason.ChainRevoked {
		return f.refuse(err)
	}
	f.unsure(mode, err)
	return false
}

// chainStatus is nil if no certificate is revoked, chain_revoked if one is, and else
// why that cannot be known. Where the policy demands no list, a certificate that
// names none is not worth a warning.
func (c *check) chainStatus(links []link, mode Mode) (unsure error) {
	if mode == Skip {
		return nil
	}
	for _, l := range links {
		err := c.linkStatus(l)
		switch {
		case err == nil:
		case reason.CodeOf(err) == reason.ChainRevoked:
			return err
		case unsure == nil && (mode != BestEffort || len(l.points) > 0):
			unsure = err
		}
	}
	return unsure
}

// linkStatus looks a certificate up. That a list is not of the future the Store saw to,
// and whether now can be right is settled before anything else.
func (c *check) linkStatus(l link) error {
	slot := c.view.CRLs(l.issuer)
	usable := 0
	var late error
	for _, list := range slot.Lists {
		switch {
		case list.Revoked(l.serial):
			// Also in a list that is late: whoever keeps the next one back must not
			// thereby bring a certificate to life again.
			return reason.Refuse(reason.ChainRevoked, "a certificate of the issuer's chain was revoked by its authority")
		case c.now.After(list.NextUpdate):
			late = reason.Refuse(reason.CRLExpired, "the issuer's revocation list was to be replaced by %s", list.NextUpdate.UTC().Format(time.RFC3339))
		default:
			usable++
		}
	}
	switch {
	case usable > 0, l.exempt:
		return nil
	case late != nil:
		return late
	case slot.Refused != "":
		return reason.Refuse(slot.Refused, "the newest revocation list of the issuer's authority was refused")
	default:
		return reason.Refuse(reason.CRLUnavailable, "no revocation list of the issuer's authority is held")
	}
}

// Lacking is a list that is not held, with whom to hold responsible for its being
// asked for. It comes from a credential or a token whose signature was good, under an
// anchor that counts.
type Lacking struct {
	Mechanism statuslist.Mechanism // "" for a certificate revocation list
	URI       string
	Anchor    AnchorRef
	Issuer    *x509.Certificate // whose revocation list it is
}

// lacks notes what is not held, once.
func (c *check) lacks(l Lacking) {
	for _, have := range c.res.Lacking {
		if have.Mechanism == l.Mechanism && have.URI == l.URI {
			return
		}
	}
	c.res.Lacking = append(c.res.Lacking, l)
}

// lacksCRLs notes which revocation lists of the issuer's chain are not held.
func (c *check) lacksCRLs(path *path, mode Mode) {
	if mode == Skip || !path.trusted.UsableAt(c.now) {
		return
	}
	for _, l := range path.links {
		if len(l.points) > 0 && !l.exempt && len(c.view.CRLs(l.issuer).Lists) == 0 {
			for _, p := range pointsOf([]link{l}, path.trusted.Ref()) {
				c.lacks(p)
			}
		}
	}
}

// pointsOf is where the revocation lists of a chain are published.
func pointsOf(links []link, under AnchorRef) (points []Lacking) {
	for _, l := range links {
		for _, url := range l.points {
			points = append(points, Lacking{URI: url, Anchor: under, Issuer: l.by})
		}
	}
	return points
}

// OwnCRLs is where a self-signed anchor says that it publishes its revocation list,
// as the root of a driving licence authority does (ISO/IEC 18013-5 B.1).
func OwnCRLs(t Trusted) []Lacking {
	if cert := t.Anchor.Cert; t.Anchor.Mode == trustlist.PKIX && pki.SelfSigned(cert) {
		return pointsOf([]link{{by: cert, points: pki.CRLPoints(cert)}}, t.Ref())
	}
	return nil
}
