package gossip

import (
	"crypto/x509"
	"errors"
	"time"

	"github.com/edgetrust/edgetrust/gossip/transfer"
)

// How certificates that members have shown are judged again.
const (
	maxCerts    = 2 // of a member: the current one and the last
	judgePeriod = 5 * time.Second
)

// shown is a certificate that a member has shown.
type shown struct {
	*x509.Certificate
	chain []*x509.Certificate // with those between it and the authority, itself first
	until time.Time           // that it speaks for the member
}

var errLapsed = errors.New("its certificate has expired: see that it renews it")

// note takes note of what a member has shown. The caller holds mu.
func (c *Cluster) note(m *member, chain []*x509.Certificate) {
	if now := time.Now(); len(m.certs) == 0 || !m.certs[0].Equal(chain[0]) {
		certs := []shown{{chain[0], chain, chain[0].NotAfter}}
		for _, old := range m.certs[:min(len(m.certs), maxCerts-1)] {
			old.until = first(old.until, now.Add(lastFor))
			certs = append(certs, old)
		}
		m.certs = certs
	}
	for _, cert := range m.certs {
		c.judging = first(c.judging, cert.until)
	}
	c.share(m)
}

// judge looks again at the certificates that members have shown, when one ends and every
// few seconds: the authorities may be others than when they were shown. Who has no good one
// left is nobody until it shows another.
func (c *Cluster) judge(now time.Time) {
	type finding struct {
		m    *member
		peer transfer.Peer
		all  []shown
		good []shown
		why  error
	}
	var found []finding
	c.mu.Lock()
	if now.Before(c.judging) {
		c.mu.Unlock()
		return
	}
	c.judging = now.Add(judgePeriod)
	for _, m := range c.members {
		if len(m.certs) > 0 && m.dead.IsZero() { // of who is dead when it comes back, or it would be missed by nobody
			found = append(found, finding{m: m, peer: m.peer, all: m.certs})
		}
	}
	c.mu.Unlock()
	var refused []transfer.Peer
	for _, f := range found { // which takes its time when all of them have to be verified
		next := now.Add(judgePeriod)
		for i, cert := range f.all {
			err := c.stillGood(f.peer, cert, now)
			switch {
			case err == nil:
				f.good = append(f.good, cert)
				next = first(next, cert.until)
			case i == 0:
				f.why = err
			}
		}
		c.mu.Lock()
		c.judging = first(c.judging, next)
		switch {
		case len(f.m.certs) != len(f.all) || f.m.certs[0].Certificate != f.all[0].Certificate: // it has shown another meanwhile
		case f.why != nil:
			c.refuse(f.m, f.why)
			refused = append(refused, f.peer)
			c.log.Warn("a member's certificate is accepted no longer", "member", f.m.name, "err", f.why)
		case len(f.good) < len(f.all):
			f.m.certs = f.good
			c.share(f.m)
		}
		c.mu.Unlock()
	}
	for _, p := range refused {
		c.o.Reach.Forget(p)
	}
	if len(refused) > 0 {
		c.meet()
	}
}

// stillGood says why a certificate does not speak for its member any more; nil: it does.
func (c *Cluster) stillGood(p transfer.Peer, cert shown, now time.Time) error {
	if now.After(cert.until) {
		return errLapsed
	}
	return c.o.Reach.Judge(p, cert.chain)
}

// refuse has a member be nobody until it has shown a good certificate, which it may at
// once. What it showed before does not make up for one that is refused: it may be that
// which has been stolen. The caller holds mu.
func (c *Cluster) refuse(m *member, why error) {
	if len(m.certs) == 0 {
		return
	}
	m.certs, m.keys, m.known, m.tries, m.retry, m.why = nil, nil, 0, 0, time.Time{}, why
	c.alone = time.Now()
}

// first is the earlier of two times, of which the zero one does not count.
func first(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
