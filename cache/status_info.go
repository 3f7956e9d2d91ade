package cache

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
)

// StatusSum counts the status lists and identifier lists, and what they take.
type StatusSum struct {
	Followed, Held, Expired int
	Entries                 uint64
	Oldest                  time.Time // issue time of the oldest newest token; zero if none is held
	Tiny                    int       // issuers whose lists have so few entries that they could point at a person

	CRLsFollowed, CRLsHeld, CRLsExpired int

	Used, Max int64  // bytes
	Evicted   uint64 // lists that made room, since the start
	Refused   uint64 // lists that found none
	KeptOut   uint64 // that a limit kept out
}

// StatusLists sums up the status lists. It names none, because a list's URI
// belongs to the signed token and the operator's own view only.
func (s *Store) StatusLists(now time.Time) (sum StatusSum) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum.Followed, sum.CRLsFollowed = len(s.status), len(s.crls)
	sum.Used, sum.Max, sum.Evicted, sum.Refused, sum.KeptOut = s.used, s.opts.MaxMemory, s.evicted, s.memoryRefused, s.overflowed
	for _, h := range s.status {
		t := h.newest()
		if t == nil {
			continue
		}
		sum.Held++
		sum.Entries += t.Token.Len()
		if !now.Before(t.Token.ExpiresAt()) {
			sum.Expired++
		}
		if sum.Oldest.IsZero() || t.Token.IssuedAt.Before(sum.Oldest) {
			sum.Oldest = t.Token.IssuedAt
		}
	}
	for _, h := range s.crls {
		if len(h.lists) > 0 {
			sum.CRLsHeld++
			if now.After(h.lists[0].list.NextUpdate) {
				sum.CRLsExpired++
			}
		}
	}
	for _, u := range s.owners {
		if u.tiny {
			sum.Tiny++
		}
	}
	return sum
}

// Used is what status lists and revocation lists take of the memory, in bytes.
func (s *Store) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// newest is the token with the latest issue time, nil if none is held.
func (h *heldStatus) newest() *verify.StatusToken {
	if t := h.newestHeld(); t != nil {
		return t.token
	}
	return nil
}

func (h *heldStatus) newestHeld() (newest *heldToken) {
	for i, t := range h.tokens {
		if newest == nil || t.token.Token.IssuedAt.After(newest.token.Token.IssuedAt) {
			newest = &h.tokens[i]
		}
	}
	return newest
}

// Kept is what an operator wants to know of a list that is no trust list.
type Kept struct {
	ID      artefact.ID
	Came    Came
	Token   *verify.StatusToken // the newest; nil: none is held, or no status list
	CRL     *CRLInfo            // nil: none is held, or no revocation list
	Issuer  string              // the signer's subject, RFC 4514
	Lists   int                 // that an aggregation named last
	Bad     int                 // of which it could not follow
	Bytes   int64               // of memory
	Looked  time.Time
	From    string        // as Info says
	Spread  time.Duration // likewise
	Refused *Refusal
	Failure *Failure
	Durable bool // what is held would survive a crash now
	Small   bool // it is never written
}

// CRLInfo is what a revocation list says of itself.
type CRLInfo struct {
	Number                 string // decimal
	SHA256                 [32]byte
	ThisUpdate, NextUpdate time.Time
	Entries                int
}

// Kept returns what is known of every status list, identifier list, revocation list
// and aggregation that is followed, by kind and name.
func (s *Store) Kept() (list []Kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, h := range s.status {
		k := h.known(id)
		if t := h.newestHeld(); t != nil {
			k.Token, k.From, k.Spread = t.token, t.from, t.spread
			k.Issuer = k.Token.Leaf.Subject.String()
			k.Durable, k.Small = slices.Contains(h.stored, artefact.Digest(k.Token.SHA256)), h.small(k.Token.Token)
		}
		list = append(list, k)
	}
	for url, h := range s.crls {
		k := h.known(artefact.ID{Kind: artefact.CRL, Name: url})
		if len(h.issuers) > 0 {
			k.Issuer = h.issuers[0].Subject.String()
		}
		if len(h.lists) > 0 {
			l := h.lists[0]
			k.From, k.Spread = l.from, l.spread
			k.CRL = &CRLInfo{numberOf(l), l.digest, l.list.ThisUpdate, l.list.NextUpdate, l.list.Len()}
			k.Durable = slices.Contains(h.stored, l.digest)
		}
		list = append(list, k)
	}
	for uri, a := range s.aggregations {
		k := a.known(artefact.ID{Kind: artefact.Aggregation, Name: uri})
		k.Lists, k.Bad = a.lists, a.bad
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Kept) int {
		return strings.Compare(string(a.ID.Kind)+" "+a.ID.Name, string(b.ID.Kind)+" "+b.ID.Name)
	})
	return list
}

func (k *kept) known(id artefact.ID) Kept {
	return Kept{ID: id, Came: k.came, Bytes: k.size, Looked: k.looked, Refused: k.refusal, Failure: k.failure}
}

// numberOf is a CRL number as people compare it.
func numberOf(v crlVersion) string { return new(big.Int).SetBytes(v.list.Number[:]).String() }

// StatusToken is a signed status list or identifier list as it was received.
type StatusToken struct {
	Bytes    []byte
	Kind     artefact.Kind
	Token    *verify.StatusToken
	Received time.Time // when the origin was last seen to have nothing newer
}

// StatusToken returns the newest tokens that are held for a URI, of each mechanism and
// form one, newest first. Nothing is fetched, and that it was asked for is not noted.
// A small list that credentials alone led to is not among them: that it is held would
// say that one of its few holders was here.
func (s *Store) StatusToken(uri string) (tokens []StatusToken) {
	for _, kind := range []artefact.Kind{artefact.Status, artefact.IdentifierList} {
		for _, t := range s.newestOf(artefact.ID{Kind: kind, Name: uri}) {
			if t.Bytes == nil {
				b, err := s.disk.Body(t.Token.SHA256)
				if err != nil {
					continue // replaced a moment ago, or damaged: Tick and a restart tell
				}
				t.Bytes = b
			}
			tokens = append(tokens, t)
		}
	}
	slices.SortStableFunc(tokens, func(a, b StatusToken) int { return b.Token.Token.IssuedAt.Compare(a.Token.Token.IssuedAt) })
	return tokens
}

// newestOf is the newest token of each form, without bytes where the disk has them.
func (s *Store) newestOf(id artefact.ID) (tokens []StatusToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.status[id]
	if !ok {
		return nil
	}
	hidden := func(t heldToken) bool { return h.came == Found && h.small(t.token.Token) }
	for _, t := range h.tokens {
		d := artefact.Digest(t.token.SHA256)
		b := h.bytes[d]
		if b == nil {
			b = h.alone[d]
		}
		if b == nil && !slices.Contains(h.stored, d) || hidden(t) {
			continue
		}
		of := StatusToken{b, id.Kind, t.token, later(h.looked, h.elsewhere)}
		at := slices.IndexFunc(tokens, func(o StatusToken) bool { return o.Token.Token.Format == t.token.Token.Format })
		switch {
		case at < 0:
			tokens = append(tokens, of)
		case t.token.Token.IssuedAt.After(tokens[at].Token.Token.IssuedAt):
			tokens[at] = of
		}
	}
	return tokens
}
