package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"github.com/edgetrust/edgetrust/verify/internal/pki"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// ChainCache remembers certificate paths. It may lose any entry at any time; it
// only ever holds what can be built again.
type ChainCache interface {
	Get(key [32]byte) (*Chain, bool)
	Put(key [32]byte, c *Chain)
}

type noCache struct{}

func (noCache) Get([32]byte) (*Chain, bool) { return nil, false }
func (noCache) Put([32]byte, *Chain)        {}

// Chain is a path that was built and checked, except for time: what it says holds
// for as long as now lies in its window and its anchor is usable.
type Chain struct {
	key                 [32]byte // the whole key, compared on a hit
	leaf                *x509.Certificate
	certs               []*x509.Certificate
	anchor              AnchorRef
	notBefore, notAfter time.Time
	warnings            []error
	links               []link // certs, each with who could revoke it

	subject, fingerprint string // of the leaf, as an answer names it
}

// Cost is roughly the bytes a cached chain takes.
func (ch *Chain) Cost() int64 {
	n := 512
	for _, c := range ch.certs {
		n += 4 * len(c.Raw)
	}
	return int64(n)
}

// path is a chain with the anchor as it stands in this view.
type path struct {
	*Chain
	trusted Trusted
}

// path is step 3: the presented chain up to an anchor of the expected kind.
func (c *check) path(kind trustlist.Kind, p presented) (*path, error) {
	typ := p.unverifiedType()
	key := chainKey(p.chainText(), p.format(), kind, typ, c.view.Epoch())
	if ch, ok := c.chains.Get(key); ok && ch.key == key && ch.within(c.now) {
		if t, ok := c.lookup(ch.anchor); ok && rank(t, c.now) == rankUsable {
			return &path{ch, t}, nil
		}
	}
	ders, err := p.chain()
	if err != nil {
		return nil, err
	}
	path, err := c.build(ders, kind, typ, p.format())
	if err != nil {
		return nil, err
	}
	path.key = key
	c.chains.Put(key, path.Chain)
	return path, nil
}

func (c *check) build(ders [][]byte, kind trustlist.Kind, typ, format string) (*path, error) {
	certs, err := pki.ParseChain(ders)
	if err != nil {
		return nil, err
	}
	ch := &Chain{leaf: certs[0], certs: certs, subject: certs[0].Subject.String(), fingerprint: fingerprint(certs[0])}
	if n := c.anchorWithin(certs); n > 0 {
		// Forbidden by HAIP and ISO/IEC 18013-5, harmless once it is cut off.
		ch.certs = certs[:n]
		ch.warnings = append(ch.warnings, reason.Refuse(reason.ChainContainsAnchor, "the presented chain contains its anchor"))
	}
	anchors, err := c.anchorsFor(ch.certs, kind, typ)
	if err != nil {
		return nil, err
	}
	profile := c.profiles.leaf(kind, typ, format)
	var t Trusted
	for _, t = range anchors {
		if err = c.reaches(ch, t, profile); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	warnings, err := pki.CheckLeaf(ch.leaf, profile)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		ch.warnings = append(ch.warnings, reason.Refuse(reason.ChainProfileViolation, "%s", w))
	}
	if err := checkLeafCountry(ch.leaf, kind, t.Anchor); err != nil {
		return nil, err
	}
	ch.anchor = t.Ref()
	if t.Anchor.Mode == trustlist.Direct {
		ch.certs = ch.certs[:1]
	}
	ch.links = linksOf(ch.certs, t)
	ch.notBefore, ch.notAfter = window(append(slices.Clip(ch.certs), t.Anchor.Cert))
	return &path{ch, t}, nil
}

// reaches checks the path from the leaf to one anchor.
func (c *check) reaches(ch *Chain, t Trusted, profile pki.Profile) error {
	if t.Anchor.Mode == trustlist.Direct {
		return pki.CheckDirect(ch.leaf, c.now)
	}
	if profile.ForbidIntermediates && len(ch.certs) > 1 {
		return reason.Refuse(reason.ChainProfileViolation, "the document signer must be issued by the anchor directly")
	}
	return pki.BuildPath(ch.certs, t.Anchor.Cert, c.now)
}

func (ch *Chain) within(now time.Time) bool {
	return !now.Before(ch.notBefore) && !now.After(ch.notAfter)
}

// window is the time in which all certificates are valid.
func window(certs []*x509.Certificate) (from, to time.Time) {
	from, to = certs[0].NotBefore, certs[0].NotAfter
	for _, c := range certs[1:] {
		if c.NotBefore.After(from) {
			from = c.NotBefore
		}
		if c.NotAfter.Before(to) {
			to = c.NotAfter
		}
	}
	return from, to
}

// notes says what about the anchor's list makes the outcome indeterminate.
func (p *path) notes(now time.Time, pol Policy) (errs []error) {
	l := p.trusted.List
	switch {
	case l.Quarantined:
		errs = append(errs, reason.Refuse(reason.AnchorListUnavailable, "list %q, which names the issuer, is in quarantine", l.Name))
	case l.StateAt(now) == Expired:
		errs = append(errs, reason.Refuse(reason.AnchorListStale, "list %q, which names the issuer, is past its limits", l.Name))
	case pol.MaxListAge > 0 && now.Sub(l.LookedAt) > pol.MaxListAge:
		errs = append(errs, reason.Refuse(reason.AnchorListStale, "list %q was looked at longer ago than the policy's max_list_age", l.Name))
	}
	if p.trusted.Removed {
		errs = append(errs, reason.Refuse(reason.AnchorChangeHeld, "the issuer vanished in a sudden change of list %q that waits for an operator", l.Name))
	}
	return errs
}

// listWarnings says what about the anchor's list a relying party may want to know.
func (p *path) listWarnings(now time.Time) (errs []error) {
	l := p.trusted.List
	if l.StateAt(now) == Stale {
		errs = append(errs, reason.Refuse(reason.TrustListStale, "nobody has looked at the origin of list %q for too long, or its successor is late", l.Name))
	}
	if !l.SignerNotAfter.IsZero() && now.After(l.SignerNotAfter) {
		errs = append(errs, reason.Refuse(reason.TrustListSignerExpired, "the signer of list %q has expired since", l.Name))
	}
	return errs
}

func (p *path) issuer() *Issuer {
	return &Issuer{
		Subject:   p.subject,
		Territory: p.trusted.Anchor.Territory, Entity: p.trusted.Anchor.EntityName,
		CertificateSHA256: p.Chain.fingerprint,
	}
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// chainKey covers everything that decides about a path except time.
func chainKey(chain []string, format string, kind trustlist.Kind, typ string, epoch uint64) [32]byte {
	b := make([]byte, 0, 4096)
	b = binary.BigEndian.AppendUint64(b, epoch)
	for _, s := range append([]string{format, string(kind), typ}, chain...) {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	return sha256.Sum256(b)
}
