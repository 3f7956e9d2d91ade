package statuslist

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/internal/hashset"
	"github.com/edgetrust/edgetrust/verify/internal/strictcbor"
	"github.com/edgetrust/edgetrust/verify/reason"
)

// Has says whether an identifier list names the identifier, which revokes what
// refers to it by that; false for status lists. It allocates nothing.
func (t *Token) Has(id []byte) bool { return t.identifiers.Has(id) }

// identifierClaims reads the payload of an identifier list token (credentials 5). It
// always returns claims, with what was readable before the error.
func identifierClaims(payload []byte) (c *claims, err error) {
	c = &claims{}
	m, ok := members(payload, int64(claimIdentifierList))
	if !ok {
		return c, badList("the claims are not a map of distinct labels")
	}
	var uri string
	_ = decode(m[int64(claimSubject)], majorText, &uri) // else it stays empty, which set refuses
	exp := cborClaim(m, claimExpires)
	_, dated := numericDate(exp.value)
	exp.present = dated // without a date it is as good as absent, and has a code of its own
	if err := c.set(uri, cborClaim(m, claimIssuedAt), exp, cborClaim(m, claimTTL)); err != nil {
		return c, err
	}
	if !dated {
		return c, reason.Refuse(reason.IDListExpMissing, "exp is not a date in seconds since 1970")
	}
	if _, has := m[int64(claimList)]; has {
		return c, reason.Refuse(reason.IDListHasStatusList, "there is a status list among the claims")
	}
	list, has := m[int64(claimIdentifierList)]
	if !has {
		return c, missing("there is no identifier list among the claims")
	}
	return c, c.setIdentifiers(list)
}

func (c *claims) setIdentifiers(list []byte) error {
	m, ok := members(list, memberIdentifiers)
	if !ok {
		return badList("the identifier list is not a map of distinct names")
	}
	if v, has := m[memberAggregation]; has {
		var uri string
		ok := decode(v, majorText, &uri)
		if c.setAggregation(uri, ok) != nil {
			return badList("aggregation_uri is not a URI of 1 to 2048 bytes")
		}
	}
	c.identifiers = m[memberIdentifiers]
	n, ok := strictcbor.Pairs(c.identifiers)
	switch {
	case !ok:
		return badList("the identifiers are not a map")
	case n > MaxIdentifiers:
		return reason.Refuse(reason.StatusListTooLarge, "more than %d identifiers", MaxIdentifiers)
	case !strictcbor.EachPair(c.identifiers, isIdentifier):
		return badList("an identifier is not a byte string with a map")
	}
	return nil
}

// isIdentifier checks one of possibly a million. Nothing is said yet of what the map
// beside an identifier holds.
func isIdentifier(key, value []byte) bool {
	if _, ok := strictcbor.ByteString(key); !ok {
		return false
	}
	return len(value) == 1 && value[0] == majorMap<<5 || major(value) == majorMap && sound(value)
}

// identifierSet is where identifiers that come twice are found: as many as there
// can be, they are not all remembered before the signature was found good.
func identifierSet(identifiers []byte) (hashset.Set, error) {
	n, _ := strictcbor.Pairs(identifiers)
	set := hashset.Of(int(n), func(yield func([]byte) bool) {
		strictcbor.EachPair(identifiers, func(key, _ []byte) bool {
			id, _ := strictcbor.ByteString(key)
			return yield(id)
		})
	})
	if uint64(set.Len()) != n {
		return hashset.Set{}, badList("an identifier comes twice")
	}
	return set, nil
}

// members takes a map apart of which one value, that of the key large, may be larger
// than the decoder allows. That one is left to be checked, and all others are sound.
func members(item []byte, large any) (map[any]cbor.RawMessage, bool) {
	parts, ok := strictcbor.Split(item, maxMembers)
	if !ok || major(item) != majorMap {
		return nil, false
	}
	m := make(map[any]cbor.RawMessage, len(parts)/2)
	for ; len(parts) > 0; parts = parts[2:] {
		l, ok := strictcbor.ReadLabel(parts[0])
		var key any = l.Int
		if l.IsText {
			key = l.Text
		}
		if _, again := m[key]; !ok || again || key != large && !sound(parts[1]) {
			return nil, false
		}
		m[key] = parts[1]
	}
	return m, true
}

// sound says whether an item is well-formed and no map in it has a key twice.
func sound(item []byte) bool {
	return strictcbor.Wellformed(item) == nil && strictcbor.Unique(item, strictcbor.MaxDepth) == nil
}

func badList(what string) error { return reason.Refuse(reason.IDListTokenMalformed, "%s", what) }
