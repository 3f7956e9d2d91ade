package cache

import (
	"bytes"
	"slices"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
)

// succession is how a token follows what is held of its entity.
type succession int

const (
	newer         succession = iota // it replaces what was held
	same                            // it says what is held already
	contradicting                   // it stands beside what is held
)

// follow is the sequence rule for status lists, whose version is iat: a higher one
// replaces what its entity had; equal and different keeps both, since issuers do
// publish twice in a second; at use the worst answer counts. It returns what is to be
// held, this token's entity last.
func (h *heldStatus) follow(n heldToken) (next []heldToken, how succession, err error) {
	t := n.token
	var others, mine []heldToken
	for _, have := range h.tokens {
		if have.entity == n.entity {
			mine = append(mine, have)
		} else {
			others = append(others, have)
		}
	}
	for i, have := range mine {
		was := have.token.Token
		switch {
		case t.Token.IssuedAt.Before(was.IssuedAt):
			return nil, same, reason.Refuse(reason.StatusTokenRollback, "an older token than the one held")
		case t.Token.IssuedAt.Equal(was.IssuedAt) && t.Token.Payload == was.Payload:
			if bytes.Compare(t.SHA256[:], have.token.SHA256[:]) < 0 {
				n.minor = true
				mine[i] = n
			}
			return append(others, mine...), same, nil
		}
	}
	switch {
	case len(mine) > 0 && t.Token.IssuedAt.Equal(mine[0].token.Token.IssuedAt):
		if len(mine) >= MaxSameTime {
			return nil, same, reason.Refuse(reason.StatusTokenRollback, "too many tokens with one issue time")
		}
		return append(append(others, mine...), n), contradicting, nil
	case len(mine) == 0 && entities(others) >= MaxPerStatus:
		return nil, same, reason.Refuse(reason.StatusSignerUntrusted, "too many issuers sign this list")
	}
	n.minor = len(mine) > 0 && !slices.ContainsFunc(mine, func(have heldToken) bool { return !sameEntries(t, have.token) })
	return append(others, n), newer, nil
}

// sameEntries says whether two status lists differ in nothing but what they say of
// themselves. Of identifier lists it is not known.
func sameEntries(a, b *verify.StatusToken) bool {
	if a.Token.Mechanism == statuslist.IdentifierList {
		return false
	}
	changed, _ := a.Token.Flips(b.Token)
	return changed == 0
}

// entities counts the signers, some of whom have several tokens.
func entities(tokens []heldToken) int {
	seen := make(map[entity]bool, len(tokens))
	for _, t := range tokens {
		seen[t.entity] = true
	}
	return len(seen)
}
