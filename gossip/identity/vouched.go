package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"
)

// vouched remembers which chains some authorities vouch for, and until when. A connection
// outlives the authorities under which it was made, so its certificates are judged again
// with each request, which has to cost no signature. What is refused is not remembered:
// anybody may show that.
type vouched struct {
	mu    sync.Mutex
	until map[chain]time.Time
}

// chain is what was shown, and for which side of a connection.
type chain struct {
	sum   [sha256.Size]byte
	usage x509.ExtKeyUsage
}

// vouches says whether certificates, a peer's own first, lead to one of the authorities.
func (m *material) vouches(certs []*x509.Certificate, usage x509.ExtKeyUsage, now time.Time) error {
	h := sha256.New()
	for _, c := range certs {
		h.Write(c.Raw)
	}
	shown := chain{usage: usage}
	h.Sum(shown.sum[:0])
	v := &m.vouched
	v.mu.Lock()
	until, known := v.until[shown]
	v.mu.Unlock()
	if known && !now.After(until) {
		return nil
	}
	chains, err := verify(certs, m.pool, usage, now)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.until == nil || len(v.until) >= maxVouched {
		v.until = make(map[chain]time.Time)
	}
	v.until[shown] = longest(chains)
	return nil
}
