package verifytest

import (
	"crypto/x509"
	"math/big"
	"sync"
	"time"
)

// crlLife is the default time from one revocation list to the next.
const crlLife = 24 * time.Hour

// CRL is the certificate revocation list of a CA, and whoever publishes it. It may
// be used concurrently.
type CRL struct {
	URL string // in the certificates of the CA; "": published nowhere

	ca *Key

	mu      sync.Mutex
	revoked []revokedSerial
	sent    sentCRL
}

// revokedSerial is an entry; its date is that of the first list published with it.
type revokedSerial struct {
	serial *big.Int
	since  time.Time
}

// sentCRL is the list published last.
type sentCRL struct {
	der     []byte // nil: none yet
	number  int64
	at      time.Time
	revoked int // how many entries it has
}

// Revoke puts a certificate into the list.
func (l *CRL) Revoke(c *x509.Certificate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.revoked {
		if r.serial.Cmp(c.SerialNumber) == 0 {
			return
		}
	}
	l.revoked = append(l.revoked, revokedSerial{serial: c.SerialNumber})
}

// Publish returns the list for now. It is signed again only when a certificate was
// revoked or half of its life is over, and each new one has a higher number.
func (l *CRL) Publish(now time.Time) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now = now.UTC().Truncate(time.Second)
	if l.sent.der != nil {
		if l.sent.revoked == len(l.revoked) && now.Sub(l.sent.at) < crlLife/2 {
			return l.sent.der, nil
		}
		if now.Before(l.sent.at) {
			now = l.sent.at
		}
	}
	for i := range l.revoked {
		if l.revoked[i].since.IsZero() {
			l.revoked[i].since = now
		}
	}
	der, err := l.sign(now, CRLOptions{})
	if err != nil {
		return nil, err
	}
	l.sent = sentCRL{der: der, number: l.sent.number + 1, at: now, revoked: len(l.revoked)}
	return der, nil
}

// Sign signs the list as it stands. Unlike Publish it remembers nothing, so that
// two lists of one number may contradict each other.
func (l *CRL) Sign(now time.Time, o CRLOptions) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sign(now.UTC().Truncate(time.Second), o)
}

// CRL is the list of a CA that belongs to no authority.
func (k *Key) CRL(url string) *CRL { return &CRL{URL: url, ca: k} }
