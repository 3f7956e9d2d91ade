package cache_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

func aggregationOf(t testing.TB, lists ...any) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"status_lists": append([]any{}, lists...)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What configuration and lists of lists name may turn out to be an identifier list,
// once its signature was good and not before.
func TestTurn(t *testing.T) {
	const prefetched, named = "https://p.example/ids", "https://a.example/ids"
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.Aggregations = []string{prefetched}, []string{aggregation}
	})
	w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, named), w.Now))
	for uri, came := range map[string]cache.Came{prefetched: cache.Prefetched, named: cache.Aggregated} {
		l := w.MDL().IdentifierList(uri)
		good := w.identifiers(l, w.Now, verifytest.IdentifierOptions{})
		for _, bad := range []struct {
			o    verifytest.IdentifierOptions
			door artefact.Door
			want reason.Code
		}{
			{verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{Damage: func(b []byte) []byte { return verifytest.FlipBit(b, -1) }}}, artefact.Origin, reason.StatusTokenSignatureInvalid},
			{verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{Subject: "https://other.example"}}, artefact.Origin, reason.StatusSubMismatch},
			{verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{Signer: w.Stranger().Revocation}}, artefact.Origin, reason.StatusSignerUntrusted},
			{verifytest.IdentifierOptions{}, artefact.Peer, reason.StatusTokenTypeInvalid},
		} {
			_, err := w.admit(artefact.Status, uri, bad.door, w.identifiers(l, w.Now, bad.o), w.Now)
			wantCode(t, uri, err, bad.want)
			if w.followed(statusID(uri)) != came || w.followed(idlistID(uri)) != "" {
				t.Fatalf("turned by what was refused as %s", bad.want)
			}
		}
		out := w.must(w.admit(artefact.Status, uri, artefact.Origin, good, w.Now))
		if out.Ref.ID != idlistID(uri) || w.followed(statusID(uri)) != "" || w.followed(idlistID(uri)) != came || len(w.held(statuslist.IdentifierList, uri)) != 1 {
			t.Errorf("%s: %+v, %v", uri, out, w.store.Targets())
		}
		// Who began to fetch it before that brings it under the old identity.
		if out := w.must(w.admit(artefact.Status, uri, artefact.Origin, good, w.Now)); out.Ref.ID != idlistID(uri) || !out.Unchanged {
			t.Errorf("%s, fetched before it turned: %+v", uri, out)
		}
		_, err := w.admit(artefact.Status, uri, artefact.Peer, good, w.Now)
		wantCode(t, "a peer, under the old identity", err, reason.ArtefactUnknown)
	}
	// Nobody turns back, and the list of lists does not follow it twice.
	w.must(w.admit(artefact.Aggregation, aggregation, artefact.Origin, aggregationOf(t, named), w.Now))
	if w.followed(statusID(named)) != "" {
		t.Error("followed as both")
	}
	w.wantAccounts("after turns")
}

// A list that a credential named is what the credential says it is, and so is one that
// holds a token.
func TestNoTurn(t *testing.T) {
	const found, held = "https://found.example/1", "https://p.example/1"
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) { o.Status = []string{held} })
	w.find(w.MDL(), found)
	w.mustEntries(w.MDL(), held, 4096, w.Now)
	for _, uri := range []string{found, held} {
		_, err := w.admit(artefact.Status, uri, artefact.Origin, w.identifiers(w.MDL().IdentifierList(uri), w.Now, verifytest.IdentifierOptions{}), w.Now)
		wantCode(t, uri, err, reason.StatusTokenTypeInvalid)
		if w.followed(statusID(uri)) == "" {
			t.Errorf("%s turned", uri)
		}
	}
	if len(w.held(statuslist.StatusList, held)) != 1 {
		t.Error("what was held is lost")
	}
}

// The sequence rule of identifier lists is that of status lists.
func TestIdentifierSequence(t *testing.T) {
	w := loaded(t, nil)
	uri := w.IdentifierURIs("")[0]
	l := w.MDL().IdentifierList(uri)
	iat := w.Now.Add(-time.Hour)
	old := w.identifiers(l, iat.Add(-time.Second), verifytest.IdentifierOptions{})
	empty := w.identifiers(l, iat, verifytest.IdentifierOptions{})
	l.Revoke([]byte("one"))
	full := w.identifiers(l, iat, verifytest.IdentifierOptions{})
	says := func() bool {
		return slices.ContainsFunc(w.held(statuslist.IdentifierList, uri), func(t *verify.StatusToken) bool { return t.Token.Has([]byte("one")) })
	}
	w.must(w.admit(artefact.Status, uri, artefact.Origin, empty, w.Now)) // which turns it
	w.must(w.admit(artefact.IdentifierList, uri, artefact.Origin, full, w.Now))
	if n := count(w.events, cache.Equivocation); n != 1 || !says() {
		t.Errorf("%d equivocations told; revoked %v", n, says())
	}
	for _, again := range [][]byte{empty, full, full, empty} {
		if out := w.must(w.admit(artefact.IdentifierList, uri, artefact.Peer, again, w.Now)); !out.Unchanged || !says() {
			t.Fatal("the worse answer counts no longer")
		}
	}
	w.refuse(artefact.IdentifierList, uri, artefact.Peer, old, w.Now, reason.StatusTokenRollback)
	w.must(w.admit(artefact.IdentifierList, uri, artefact.Peer, w.identifiers(w.MDL().IdentifierList(uri), iat.Add(time.Second), verifytest.IdentifierOptions{}), w.Now))
	if says() || len(w.held(statuslist.IdentifierList, uri)) != 1 {
		t.Error("a higher iat did not end it")
	}
}
