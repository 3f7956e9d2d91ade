package verifytest

import (
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Of an identifier list token (credentials 5).
const (
	mediaTypeIdentifiers = "application/identifierlist+cwt"
	claimIdentifierList  = 65530
	claimMisplacedType   = 16 // where an early library put the type
	tagCWT               = 61
)

// IdentifierOptions change an identifier list token. The zero value makes a good
// one.
type IdentifierOptions struct {
	// TokenOptions are shared with status lists. Of their members those count that a
	// CWT has; Bits and Deflated do not.
	TokenOptions

	Type          any  // in the protected header; nil: the media type
	TypeInClaims  bool // it stands among the claims and not in the header
	StatusList    bool // the token holds a status list, too
	CWTTag        bool // the CWT tag stands before the token
	DuplicateID   bool // an identifier stands twice in the list, and no other
	NoIdentifiers bool // the list has no such member
	// Identifiers, unless nil, replaces the map of identifiers.
	Identifiers any
	// List, unless nil, replaces the IdentifierList map.
	List any
}

// Token signs the list as it stands. Unlike Publish it remembers nothing.
func (l *IdentifierList) Token(now time.Time, o IdentifierOptions) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.token(now, o)
}

func (l *IdentifierList) token(now time.Time, o IdentifierOptions) ([]byte, error) {
	o.TokenOptions = o.TokenOptions.withDefaults(l.URI, l.authority, now)
	if o.Type == nil {
		o.Type = mediaTypeIdentifiers
	}
	list, err := o.identifierList(l.revoked)
	if err != nil {
		return nil, err
	}
	claims := map[any]any{claimIdentifierList: list}
	if o.TypeInClaims {
		claims[claimMisplacedType], o.Type = o.Type, nil
	}
	if o.StatusList {
		if claims[claimStatusList], err = strayList(l.authority); err != nil {
			return nil, err
		}
	}
	token, err := o.cwt(o.Type, claims, now)
	if err == nil && o.CWTTag {
		token, err = encode(cbor.RawTag{Number: tagCWT, Content: token})
	}
	if err == nil && o.Damage != nil {
		token = o.Damage(token)
	}
	return token, err
}

// identifierList is the IdentifierList map.
func (o IdentifierOptions) identifierList(revoked map[cbor.ByteString]bool) (any, error) {
	if o.List != nil {
		return o.List, nil
	}
	none := map[string]any{} // what is said of an identifier: nothing as yet
	identifiers := make(map[cbor.ByteString]any, len(revoked))
	for id := range revoked {
		identifiers[id] = none
	}
	list := map[string]any{"identifiers": identifiers}
	if o.Identifiers != nil {
		list["identifiers"] = o.Identifiers
	}
	if o.DuplicateID {
		id := anyKey(identifiers)
		twice, err := RawMap(id, none, id, none)
		if err != nil {
			return nil, err
		}
		list["identifiers"] = twice
	}
	if o.NoIdentifiers {
		delete(list, "identifiers")
	}
	if o.Aggregation != "" {
		list["aggregation_uri"] = o.Aggregation
	}
	return list, nil
}

// anyKey is an identifier of the list, or a new one if it is empty.
func anyKey(identifiers map[cbor.ByteString]any) cbor.ByteString {
	for id := range identifiers {
		return id
	}
	return cbor.ByteString(randomBytes(identifierLength))
}

// strayList is a good status list where none may be.
func strayList(a *Authority) (any, error) {
	lst, err := a.StatusList("").deflate()
	return TokenOptions{Bits: 1}.list(lst), err
}
