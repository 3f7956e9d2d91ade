package gossip

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"time"
)

// sign signs as this member: ECDSA with P-256 and SHA-256, in ASN.1.
func (c *Cluster) sign(b []byte) []byte {
	c.mu.Lock()
	key := c.pair.current.Key
	c.mu.Unlock()
	sum := sha256.Sum256(b)
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil { // of a key that is not one, or of a machine without randomness
		c.log.Error("failed to sign", "err", err)
	}
	return sig
}

func (c *Cluster) verify(a Announcement) bool {
	return c.signed(a.Origin, a.SignedBytes(), a.Signature)
}

func (c *Cluster) verifyLooks(n LookNews) bool {
	return c.signed(n.Origin, n.SignedBytes(), n.Signature)
}

// signed says whether a member has signed, with its certificate or with the last one.
func (c *Cluster) signed(name string, b, sig []byte) bool {
	c.mu.Lock()
	var certs []shown
	if m, ok := c.members[name]; ok {
		certs = append(certs, m.certs...)
	}
	c.mu.Unlock()
	sum := sha256.Sum256(b)
	for _, cert := range certs {
		if pub, ok := cert.PublicKey.(*ecdsa.PublicKey); ok && ecdsa.VerifyASN1(pub, sum[:], sig) {
			return true
		}
	}
	c.doubt(name)
	return false
}

// fingerprint tells a member's certificates apart.
func fingerprint(cert *x509.Certificate) uint64 {
	sum := sha256.Sum256(cert.Raw)
	return binary.BigEndian.Uint64(sum[:])
}

// renew takes up a certificate that was renewed: the others are told of it at once, and
// its key is used when they have had time to look.
func (c *Cluster) renew(ctx context.Context, now time.Time) {
	have := c.o.Credentials()
	c.mu.Lock()
	told := false
	switch p := &c.pair; {
	case p.next == nil && !have.Certificate.Equal(p.current.Certificate),
		p.next != nil && !have.Certificate.Equal(p.next.Certificate):
		p.next, p.since = &have, now
		for _, m := range c.members {
			c.share(m)
		}
		told = true
	case p.next != nil && now.Sub(p.since) >= switchAfter:
		last := p.current
		p.current, p.next, p.last, p.since = *p.next, nil, &last, now
		for _, m := range c.members {
			c.share(m)
		}
		c.log.Info("the renewed node certificate is in use", "not_after", p.current.Certificate.NotAfter)
	case p.last != nil && now.Sub(p.since) >= lastFor:
		p.last = nil
		for _, m := range c.members {
			c.share(m)
		}
	}
	c.mu.Unlock()
	if told {
		// What memberlist spreads does not reach everybody at once.
		c.wg.Go(func() { c.sayToAll(ctx, packetRenewed, nil, time.Second) })
		c.inbox.put(metaChanged{})
	}
}

// share works out what this member shares with another: with the key in use and the
// other's newest certificate, which is sent with, with the next key, which the other may
// use already, with the last one, which the other may still use, and with the other's last
// certificate. What is of none of these is forgotten. The caller holds mu.
func (c *Cluster) share(m *member) {
	creds := []Credentials{c.pair.current}
	for _, other := range []*Credentials{c.pair.next, c.pair.last} {
		if other != nil {
			creds = append(creds, *other)
		}
	}
	var keys pairKeys
	for _, cert := range m.certs {
		for _, own := range creds {
			if key, err := m.keys.of(own, cert.Certificate); err == nil {
				keys = append(keys, key)
			}
		}
	}
	m.keys = keys
}
