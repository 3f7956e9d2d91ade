package cache_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// none leaves a store no status list to follow from the start.
func none(_ *verifytest.World, o *cache.Options) { o.Status = nil }

// sized leaves a store no status list, and so much memory.
func sized(bytes int64) func(*verifytest.World, *cache.Options) {
	return func(_ *verifytest.World, o *cache.Options) { o.Status, o.MaxMemory = nil, bytes }
}

func statusID(uri string) artefact.ID { return artefact.ID{Kind: artefact.Status, Name: uri} }
func idlistID(uri string) artefact.ID {
	return artefact.ID{Kind: artefact.IdentifierList, Name: uri}
}
func crlID(url string) artefact.ID { return artefact.ID{Kind: artefact.CRL, Name: url} }

// under is an anchor of an authority's.
func (w *world) under(a *verifytest.Authority) verify.AnchorRef {
	w.t.Helper()
	for _, k := range []*verifytest.Key{a.CA, a.Signer} { // a list names one or the other
		for _, t := range w.store.View().BySubject(string(k.Cert.RawSubject)) {
			return t.Ref()
		}
	}
	w.t.Fatalf("no anchor of %s", a.ID)
	return verify.AnchorRef{}
}

// lacking is what verification says of a credential of an authority's whose status
// list is not held.
func (w *world) lacking(a *verifytest.Authority, uris ...string) (list []verify.Lacking) {
	w.t.Helper()
	for _, uri := range uris {
		list = append(list, verify.Lacking{Mechanism: statuslist.StatusList, URI: uri, Anchor: w.under(a)})
	}
	return list
}

// find has lists followed that credentials of an authority's named.
func (w *world) find(a *verifytest.Authority, uris ...string) {
	w.t.Helper()
	w.store.Discover(w.lacking(a, uris...))
	w.store.FollowFound(w.Now)
}

func uris(prefix string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("https://%s.example/%d", prefix, i))
	}
	return list
}

// entries makes and admits a one-bit list of so many entries, all good.
func (w *world) entries(a *verifytest.Authority, uri string, n int, iat time.Time) (cache.Outcome, error) {
	w.t.Helper()
	b := w.token(a.NewStatusList(uri, 1, n), verifytest.FormJWT, iat, verifytest.TokenOptions{})
	return w.admit(artefact.Status, uri, artefact.Origin, b, w.Now)
}

func (w *world) mustEntries(a *verifytest.Authority, uri string, n int, iat time.Time) {
	w.t.Helper()
	w.must(w.entries(a, uri, n, iat))
}

func (w *world) held(m statuslist.Mechanism, uri string) []*verify.StatusToken {
	return w.store.View().Status(m, uri).Tokens
}

// followed says how a list came to be followed, "" if it is not.
func (w *world) followed(id artefact.ID) cache.Came {
	for _, t := range w.store.Targets() {
		if t.ID == id {
			return t.Came
		}
	}
	return ""
}

// keptInfo is what is known of a list that is no trust list.
func (w *world) keptInfo(id artefact.ID) (cache.Kept, bool) {
	for _, k := range w.store.Kept() {
		if k.ID == id {
			return k, true
		}
	}
	return cache.Kept{}, false
}

// wantCode wants a refusal with a code, "" for none.
func wantCode(t testing.TB, what string, err error, want reason.Code) {
	t.Helper()
	if got := reason.CodeOf(err); got != want {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

// crlSays says whether a list that is in force has a certificate of a CA's.
func (w *world) crlSays(ca *verifytest.Key, serial *verifytest.Key) bool {
	for _, l := range w.store.View().CRLs(crl.IssuerOf(ca.Cert)).Lists {
		if l.Revoked(serial.Cert.SerialNumber) {
			return true
		}
	}
	return false
}

func (w *world) crl(l *verifytest.CRL, o verifytest.CRLOptions) []byte {
	w.t.Helper()
	b, err := l.Sign(w.Now, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) identifiers(l *verifytest.IdentifierList, iat time.Time, o verifytest.IdentifierOptions) []byte {
	w.t.Helper()
	b, err := l.Token(iat, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// longList is an identifier list that is long enough for the disk.
func longList(a *verifytest.Authority, uri string) *verifytest.IdentifierList {
	l := a.IdentifierList(uri)
	for i := range cache.MinStored {
		l.Revoke(fmt.Appendf(nil, "identifier %d", i))
	}
	return l
}

func (w *world) mustEntriesAt(a *verifytest.Authority, uri string, n int, at time.Time) {
	w.t.Helper()
	w.admitStatus(uri, w.token(a.NewStatusList(uri, 1, n), verifytest.FormJWT, at, verifytest.TokenOptions{}), at)
}

// crlOf is what verification says of a credential whose issuer's revocation list is
// not held.
func crlOf(a *verifytest.Authority, url string, under verify.AnchorRef) []verify.Lacking {
	return []verify.Lacking{{URI: url, Anchor: under, Issuer: a.CA.Cert}}
}

// wantAccounts wants the memory that is accounted for to be what is taken.
func (w *world) wantAccounts(what string) {
	w.t.Helper()
	for _, fault := range w.store.OnlyForTestAccounts() {
		w.t.Errorf("%s: %s", what, fault)
	}
}
