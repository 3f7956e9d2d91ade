package cache

import (
	"github.com/dgraph-io/ristretto/v2"

	"github.com/edgetrust/edgetrust/verify"
)

// Chains remembers certificate paths that were built, in a ristretto cache.
// Ristretto may drop anything at any time, which is all right: a path can be built
// again. Nothing that says "good" by its presence belongs here.
type Chains struct {
	c *ristretto.Cache[string, *verify.Chain]
}

// NewChains returns a cache of at most maxBytes.
func NewChains(maxBytes int64) (*Chains, error) {
	c, err := ristretto.NewCache(&ristretto.Config[string, *verify.Chain]{
		NumCounters:        10 * maxBytes / 4096, // ten times the entries that fit
		MaxCost:            maxBytes,
		BufferItems:        64,
		IgnoreInternalCost: true,
	})
	if err != nil {
		return nil, err
	}
	return &Chains{c}, nil
}

// Get returns a path; the caller compares the whole key, since ristretto keeps
// only a hash of it.
func (c *Chains) Get(key [32]byte) (*verify.Chain, bool) { return c.c.Get(string(key[:])) }

// Put offers a path to the cache.
func (c *Chains) Put(key [32]byte, ch *verify.Chain) { c.c.Set(string(key[:]), ch, ch.Cost()) }

// Wait returns when everything offered so far was taken or dropped.
func (c *Chains) Wait() { c.c.Wait() }

// Close ends the cache's goroutines.
func (c *Chains) Close() { c.c.Close() }
