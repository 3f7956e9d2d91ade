package verifytest

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// Current is a status list token or an identifier list token as published.
type Current struct {
	URI       string
	Form      string // FormJWT, FormCWT or FormIdentifiers
	MediaType string
	Token     []byte
	IssuedAt  time.Time

	bytes []byte // the status list it was made of
	known int    // how many identifiers it holds
}

// next is when a token that follows this one is issued; ok is false if none is due.
func (c *Current) next(now time.Time, changed bool) (at time.Time, ok bool) {
	now = now.UTC().Truncate(time.Second)
	switch {
	case c == nil:
	case !changed && now.Sub(c.IssuedAt) < defaultTTL/2:
		return now, false
	case !now.After(c.IssuedAt):
		now = c.IssuedAt.Add(time.Second)
	}
	return now, true
}

// statusPublisher is a StatusList or an IdentifierList of a World's.
type statusPublisher interface {
	uri() string
	setStatus(ref Ref, value byte) error
	allocate(value byte) (Ref, error)
	publish(now time.Time) (Current, error)
}

// The default life of a token.
const (
	defaultTTL    = 5 * time.Minute
	defaultExpiry = 12 * time.Hour
)

// Publish returns the token for now. It is signed again only when the list has
// changed or half of its time to live is over, and each new one has a higher iat
// than the last, also within one second.
func (l *StatusList) Publish(form string, now time.Time) (Current, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.sent[form]
	now, due := last.next(now, last != nil && !bytes.Equal(last.bytes, l.bytes))
	if !due {
		return *last, nil
	}
	token, err := l.token(form, now, TokenOptions{})
	if err != nil {
		return Current{}, err
	}
	c := &Current{
		URI: l.URI, Form: form, MediaType: "application/statuslist+" + form,
		Token: token, IssuedAt: now, bytes: bytes.Clone(l.bytes),
	}
	l.sent[form] = c
	return *c, nil
}

// issuers are the authorities whose credentials have a status.
func (w *World) issuers() []*Authority {
	return slices.DeleteFunc(w.Authorities(), func(a *Authority) bool {
		return a.ID == "stranger" || len(a.Types) == 0
	})
}

// statusList returns the authority's list of a form under a base URL. The JWT list
// has two bits, so that it can say suspended; the CWT list has one, as MSOs demand
// it (ISO/IEC 18013-5 12.3.6.5).
func (w *World) statusList(base string, a *Authority, form string) statusPublisher {
	uri := strings.TrimSuffix(base, "/") + "/status/" + a.ID + "-" + form
	return w.list(uri, func() statusPublisher {
		if form == FormIdentifiers {
			return a.IdentifierList(uri).crowd()
		}
		bits := 1
		if form == FormJWT {
			bits = 2
		}
		return a.NewStatusList(uri, bits, DefaultEntries).crowd()
	})
}

// Status allocates an entry with the value in the list of an authority, published
// under StatusBase: FormJWT for an SD-JWT VC, FormCWT or FormIdentifiers for an mdoc.
func (w *World) Status(a *Authority, form string, value byte) (Ref, error) {
	return w.statusAt(w.StatusBase, a, form, value)
}

func (w *World) statusAt(base string, a *Authority, form string, value byte) (Ref, error) {
	return w.statusList(base, a, form).allocate(value)
}

// StatusURIs returns the URIs of the status lists under a base URL, "" for the
// World's: two for each PID provider, one for every other issuer. Identifier lists
// are not among them.
func (w *World) StatusURIs(base string) []string {
	if base == "" {
		base = w.StatusBase
	}
	var uris []string
	for _, a := range w.issuers() {
		if a.issuesSDJWT() {
			uris = append(uris, w.statusList(base, a, FormJWT).uri())
		}
		if a.issuesMdoc() {
			uris = append(uris, w.statusList(base, a, FormCWT).uri())
		}
	}
	return uris
}

// IdentifierURIs returns the URIs of the identifier lists under a base URL, "" for
// the World's: one for each issuer of mdocs.
func (w *World) IdentifierURIs(base string) (uris []string) {
	if base == "" {
		base = w.StatusBase
	}
	for _, a := range w.issuers() {
		if a.issuesMdoc() {
			uris = append(uris, w.statusList(base, a, FormIdentifiers).uri())
		}
	}
	return uris
}

// ListedStatusURIs returns the URIs of the status lists of the qualified providers,
// who stand in national trusted lists.
func (w *World) ListedStatusURIs(base string) (uris []string) {
	if base == "" {
		base = w.StatusBase
	}
	for _, cc := range []string{"DE", "NL"} {
		uris = append(uris, w.statusList(base, w.QEAA(cc), FormJWT).uri())
	}
	return uris
}

// StatusToken returns the current token of the list under a URI, with its media
// type, as an origin serves it; ok is false where no list is.
func (w *World) StatusToken(uri string, now time.Time) (token []byte, mediaType string, ok bool, err error) {
	w.mu.Lock()
	l, ok := w.status[uri]
	w.mu.Unlock()
	if !ok {
		return nil, "", false, nil
	}
	c, err := l.publish(now)
	return c.Token, c.MediaType, true, err
}

// StatusTokens returns the current tokens by URI, of status lists and of identifier
// lists: those under StatusBase, and those that samples were made with.
func (w *World) StatusTokens(now time.Time) (map[string]Current, error) {
	w.StatusURIs("")
	w.IdentifierURIs("")
	w.mu.Lock()
	lists := maps.Clone(w.status)
	w.mu.Unlock()
	tokens := make(map[string]Current, len(lists))
	for uri, l := range lists {
		c, err := l.publish(now)
		if err != nil {
			return nil, err
		}
		tokens[uri] = c
	}
	return tokens, nil
}

func (a *Authority) issuesSDJWT() bool { return a.Kind != trustlist.KindMDL }

func (a *Authority) issuesMdoc() bool {
	return a.Kind == trustlist.KindMDL || a.Kind == trustlist.KindPID
}
