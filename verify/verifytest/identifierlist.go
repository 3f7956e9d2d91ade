package verifytest

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Sizes. An identifier is as long as no two of them can be the same by chance.
const (
	identifierLength = 16
	identifierCrowd  = 400 // identifiers that are revoked from the start
)

// IdentifierList is an identifier list (ISO/IEC 18013-5 12.3.6, second edition) and
// whoever publishes it: an identifier in it is revoked, and stays so. It may be used
// concurrently.
type IdentifierList struct {
	URI string

	authority *Authority

	mu      sync.Mutex
	revoked map[cbor.ByteString]bool
	ready   [][]byte // revoked from the start and not handed out
	sent    *Current // what was published last
}

// IdentifierList makes a list of the authority's that is empty.
func (a *Authority) IdentifierList(uri string) *IdentifierList {
	return &IdentifierList{URI: uri, authority: a, revoked: make(map[cbor.ByteString]bool)}
}

// Revoke puts an identifier into the list.
func (l *IdentifierList) Revoke(id []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revoked[cbor.ByteString(id)] = true
}

// Revoked says whether an identifier is in the list.
func (l *IdentifierList) Revoked(id []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revoked[cbor.ByteString(id)]
}

// Allocate hands out an identifier that is not in the list.
func (l *IdentifierList) Allocate() Ref {
	return Ref{URI: l.URI, Identifier: randomBytes(identifierLength)}
}

// AllocateRevoked hands out one that is: of the crowd, as long as there are any.
func (l *IdentifierList) AllocateRevoked() Ref {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ready) == 0 {
		ref := l.Allocate()
		l.revoked[cbor.ByteString(ref.Identifier)] = true
		return ref
	}
	id := l.ready[0]
	l.ready = l.ready[1:]
	return Ref{URI: l.URI, Identifier: bytes.Clone(id)}
}

// crowd puts the identifiers of other people into the list, of which samples that
// are revoked from the start take theirs, as in StatusList.
func (l *IdentifierList) crowd() *IdentifierList {
	for range identifierCrowd {
		id := randomBytes(identifierLength)
		l.ready = append(l.ready, id)
		l.revoked[cbor.ByteString(id)] = true
	}
	return l
}

// Publish returns the token for now, on the terms of StatusList.Publish.
func (l *IdentifierList) Publish(now time.Time) (Current, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := len(l.revoked)
	now, due := l.sent.next(now, l.sent != nil && l.sent.known != known)
	if !due {
		return *l.sent, nil
	}
	token, err := l.token(now, IdentifierOptions{})
	if err != nil {
		return Current{}, err
	}
	l.sent = &Current{URI: l.URI, Form: FormIdentifiers, MediaType: mediaTypeIdentifiers, Token: token, IssuedAt: now, known: known}
	return *l.sent, nil
}

func (l *IdentifierList) uri() string { return l.URI }

// setStatus revokes, or leaves what is good as it is.
func (l *IdentifierList) setStatus(ref Ref, value byte) error {
	switch {
	case ref.Identifier == nil:
		return fmt.Errorf("%q is an identifier list, and the reference has an index", l.URI)
	case value == StatusRevoked:
		l.Revoke(ref.Identifier)
		return nil
	case value == StatusGood && !l.Revoked(ref.Identifier):
		return nil
	default:
		return fmt.Errorf("an identifier list can revoke, once and for all, and not say %d", value)
	}
}

func (l *IdentifierList) allocate(value byte) (Ref, error) {
	switch value {
	case StatusGood:
		return l.Allocate(), nil
	case StatusRevoked:
		return l.AllocateRevoked(), nil
	default:
		return Ref{}, fmt.Errorf("an identifier list cannot say %d", value)
	}
}

func (l *IdentifierList) publish(now time.Time) (Current, error) { return l.Publish(now) }
