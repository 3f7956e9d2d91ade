package cache_test

import (
	"sync"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
)

func TestChains(t *testing.T) {
	c, err := cache.NewChains(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	a, b := [32]byte{1}, [32]byte{2}
	ch := &verify.Chain{}
	c.Put(a, ch)
	c.Wait()
	if got, ok := c.Get(a); !ok || got != ch {
		t.Errorf("%v %v", got, ok)
	}
	if got, ok := c.Get(b); ok || got != nil {
		t.Errorf("another key: %v %v", got, ok)
	}
	// What is too large for the cache is dropped, not kept.
	for i := range 10_000 {
		c.Put([32]byte{3, byte(i), byte(i >> 8)}, ch)
	}
	c.Wait()
	held := 0
	for i := range 10_000 {
		if _, ok := c.Get([32]byte{3, byte(i), byte(i >> 8)}); ok {
			held++
		}
	}
	if limit := 1 << 20 / int(ch.Cost()); held > limit {
		t.Errorf("%d paths are held, %d fit", held, limit)
	}
	c.Close()
	c.Put(a, ch)
	c.Wait()
	if _, ok := c.Get(a); ok {
		t.Error("a hit after Close")
	}
	if _, err := cache.NewChains(0); err == nil {
		t.Error("a cache of no bytes was made")
	}
}

// collider is a chain cache whose every key collides with every other.
type collider struct {
	mu   sync.Mutex
	ch   *verify.Chain
	hits int
}

func (c *collider) Get([32]byte) (*verify.Chain, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ch != nil {
		c.hits++
	}
	return c.ch, c.ch != nil
}

func (c *collider) Put(_ [32]byte, ch *verify.Chain) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ch = ch
}

// A hit compares the whole key: a path that a collision brings is not taken for
// the one that was asked for.
func TestChainsCollision(t *testing.T) {
	w := loaded(t, nil)
	c := &collider{}
	var err error
	if w.verifier, err = verify.New(verify.Options{Chains: c}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct{ sample, territory string }{{"sdjwt-pid-de", "DE"}, {"sdjwt-pid-fr", "FR"}, {"sdjwt-pid-de", "DE"}, {"sdjwt-pid-de", "DE"}} {
		req := w.sample(s.sample, w.Now)
		req.Policy.Status = verify.Skip
		res := w.verifier.Verify(w.store.View(), req, w.Now)
		if res.Verdict != verify.Valid || res.Credentials[0].Issuer.Territory != s.territory {
			t.Errorf("%s: %s, issuer %+v", s.sample, res.Verdict, res.Credentials[0].Issuer)
		}
	}
	if c.hits != 3 {
		t.Errorf("%d collisions were offered", c.hits)
	}
	// An issuer nobody knows gains nothing by it.
	v, codes := w.noStatus("unknown-issuer", w.Now)
	if v != verify.Invalid {
		t.Errorf("unknown issuer with a collision: %s %v", v, codes)
	}
}

// A cached path ends with the first of its certificates.
func TestChainsWindow(t *testing.T) {
	w := loaded(t, nil)
	for range 2 {
		v, codes := w.noStatus("eaa-membership", w.Now)
		wantVerdict(t, "now", v, codes, verify.Valid)
		w.chains.Wait()
	}
	req := w.sample("eaa-membership", w.Now)
	req.Policy.Status, req.Policy.KBMaxAge = verify.Skip, 1000*day
	end := w.EAA().Signer.Cert.NotAfter
	_, codes := outcome(w.verifier.Verify(w.store.View(), req, end.Add(time.Second)))
	if len(codes) == 0 || codes[0] != reason.ChainExpired {
		t.Errorf("a second after the leaf's end: %v", codes)
	}
}
