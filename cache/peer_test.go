package cache_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// whose is what a refusal's code says of who sent the bytes.
func whose(err error) string {
	switch w, p := cache.Waits(err), cache.PeersFault(err); {
	case w && p:
		return "both"
	case w:
		return "waits"
	case p:
		return "peer"
	}
	return "nobody"
}

// Of every code that says something of a list it is settled whose fault it is. A code
// that is new has to be put somewhere.
func TestFaults(t *testing.T) {
	want := map[string][]reason.Code{
		"waits": {
			reason.ArtefactUnknown, reason.TrustListSignerUnknown, reason.TrustListPivotBroken, reason.VICALSignerUntrusted,
			reason.StatusSignerUntrusted, reason.CRLIssuerMismatch,
		},
		"peer": {
			reason.TrustListTooLarge, reason.TrustListMalformed, reason.TrustListSignatureMissing, reason.TrustListSignatureInvalid,
			reason.TrustListAlgForbidden, reason.TrustListXMLDTDForbidden, reason.TrustListXMLWrapping, reason.ListUnsigned,
			reason.VICALMalformed, reason.VICALSignatureInvalid, reason.VICALTooLarge,
			reason.StatusTokenMalformed, reason.StatusTokenTypeInvalid, reason.StatusTokenClaimMissing, reason.StatusTokenSignatureInvalid,
			reason.StatusSubMismatch, reason.StatusListDecompressFailed, reason.StatusListTooLarge, reason.StatusBitsInvalid,
			reason.StatusAggregationMalformed, reason.IDListTokenMalformed, reason.IDListTypeInvalid, reason.IDListHasStatusList,
			reason.IDListX5ChainMissing, reason.IDListExpMissing, reason.CRLMalformed, reason.CRLTooLarge, reason.CRLSignatureInvalid,
		},
		// Late, or for others: their configuration, clock, memory or version is another.
		"nobody": {
			reason.TrustListSignerExpired, reason.TrustListSignerSchemeMismatch, reason.TrustListWrongType, reason.TrustListWrongTerritory,
			reason.TrustListVersionUnsupported, reason.TrustListNotYetValid, reason.TrustListExpired, reason.TrustListValidityTooLong,
			reason.TrustListRollback, reason.TrustListConflict, reason.TrustListSequenceJump, reason.TrustListCriticalExtensionUnknown,
			reason.TrustListProfileViolation, reason.TrustListStale, reason.TrustListOJMismatch, reason.TrustListLocationConflict,
			reason.TrustListPointerInvalid, reason.VICALRollback, reason.VICALConflict, reason.VICALExpired, reason.VICALDocTypeNotListed,
			reason.StatusTokenExpired, reason.StatusTokenRollback, reason.StatusMemoryFull, reason.CRLExpired, reason.CRLRollback,
			reason.CRLCriticalExtensionUnknown, reason.ClockUntrusted, reason.NodeNotSeeded, reason.InternalError,
			reason.AlgUnsupported, reason.ChainInvalid,
		},
	}
	class := make(map[reason.Code]string)
	for whose, codes := range want {
		for _, c := range codes {
			class[c] = whose
		}
	}
	// Reasons of a presentation, with which no list is refused.
	verdicts := []string{"anchor_", "chain_", "status_reference_", "idlist_reference_"}
	also := []reason.Code{
		reason.StatusMechanismUnsupported, reason.StatusMissing, reason.StatusUnavailable, reason.StatusStale, reason.StatusIndexOutOfRange,
		reason.StatusRevoked, reason.StatusSuspended, reason.StatusUnknownValue, reason.ShortLivedClaimInconsistent, reason.CRLUnavailable,
		reason.IssuerMismatch,
	}
	for _, e := range reason.Registry() {
		w, ok := class[e.Code]
		if ok {
			if got := whose(fmt.Errorf("wrapped: %w", reason.Refuse(e.Code, "x"))); got != w {
				t.Errorf("%s: %s, want %s", e.Code, got, w)
			}
			continue
		}
		of := slices.ContainsFunc(verdicts, func(p string) bool { return strings.HasPrefix(string(e.Code), p) })
		lists := e.Class == reason.ClassStatus || e.Class == reason.ClassTrust || e.Class == reason.ClassNode
		if lists && !of && !slices.Contains(also, e.Code) {
			t.Errorf("%s: nobody has said whose fault it is", e.Code)
		}
		if got := whose(reason.Refuse(e.Code, "x")); got != "nobody" {
			t.Errorf("%s: %s", e.Code, got)
		}
	}
	for _, err := range []error{nil, errors.New("ours")} {
		if got := whose(err); got != "nobody" {
			t.Errorf("%v: %s", err, got)
		}
	}
}

// What is issued in the future, by this node's clock, is nobody's fault.
func TestClockIsNobodysFault(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	for at, want := range map[time.Duration]string{cache.StatusSkew: "", cache.StatusSkew + time.Second: "nobody"} {
		_, err := w.fromPeer(statusID(e.uri), w.token(w.PID("DE").NewStatusList(e.uri, 1, cache.MinStored), verifytest.FormJWT, w.Now.Add(at), verifytest.TokenOptions{}), w.Now)
		if got := map[bool]string{true: "", false: whose(err)}[err == nil]; got != want {
			t.Errorf("%v ahead: %v, %q", at, err, got)
		}
	}
	de := w.PID("DE").CRL()
	_, err := w.fromPeer(crlID(de.URL), w.crl(de, verifytest.CRLOptions{ThisUpdate: w.Now.Add(cache.ListSkew + time.Second)}), w.Now)
	if err == nil || whose(err) != "nobody" {
		t.Errorf("a revocation list: %v", err)
	}
}

// A newer version that a peer sends counts as a look, and says who sent it; the same one
// again proves nothing, and keeps what is known of the origin.
func TestPeersVersion(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	de := w.PID("DE").CRL()
	token := func(iat time.Time) []byte {
		return w.token(w.PID("DE").NewStatusList(e.uri, 1, cache.MinStored), verifytest.FormJWT, iat, verifytest.TokenOptions{})
	}
	for _, c := range []struct {
		id   artefact.ID
		make func(version int) []byte
	}{
		{loteID("pid"), func(v int) []byte { return w.list("pid", verifytest.ListOptions{Sequence: uint64(v + 1)}) }},
		{statusID(e.uri), func(v int) []byte { return token(w.Now.Add(time.Duration(v) * time.Second)) }},
		{crlID(de.URL), func(v int) []byte { return w.crl(de, verifytest.CRLOptions{Number: big.NewInt(int64(v + 10))}) }},
	} {
		state := func() (from string, spread time.Duration, door artefact.Door) {
			if k, ok := w.keptInfo(c.id); ok {
				return k.From, k.Spread, artefact.Peer
			}
			i := w.info(c.id.Name, w.Now)
			return i.From, i.Spread, i.Door
		}
		want := func(what, note string, looked time.Time, from string) {
			t.Helper()
			own, _ := w.store.Looks(c.id)
			sender, spread, _ := state()
			if got := w.store.Note(c.id); got != note || !own.Equal(looked) || sender != from || spread != map[bool]time.Duration{true: 0, false: time.Second}[from == ""] {
				t.Errorf("%s, %s: note %q, looked %v (want %v), from %q after %v", c.id.Kind, what, got, own, looked, sender, spread)
			}
		}
		first, second, third := c.make(1), c.make(2), c.make(3)
		origin := func(b []byte, at time.Time, note string) {
			t.Helper()
			w.must(w.store.Admit(artefact.Raw{ID: c.id, Door: artefact.Origin, Bytes: b, At: at, Note: note}))
		}
		origin(first, w.Now, "one")
		want("from the origin", "one", w.Now, "")
		w.must(w.fromPeer(c.id, first, w.Now.Add(time.Second)))
		want("the same from a peer", "one", w.Now, "")
		w.must(w.fromPeer(c.id, second, w.Now.Add(2*time.Second)))
		want("a newer one from a peer", "", w.Now.Add(2*time.Second), "b")
		origin(second, w.Now.Add(3*time.Second), "two")
		want("the same from the origin", "two", w.Now.Add(3*time.Second), "b")
		_, err := w.fromPeer(c.id, first, w.Now.Add(4*time.Second))
		if err == nil || whose(err) != "nobody" {
			t.Errorf("an older one: %v", err)
		}
		want("an older one from a peer", "two", w.Now.Add(3*time.Second), "b")
		origin(third, w.Now.Add(5*time.Second), "three")
		want("the next from the origin", "three", w.Now.Add(5*time.Second), "")
	}
}

// Another signature over what is held, which a peer sends and which is kept, takes the
// origin's note with it: it belongs to other bytes.
func TestPeersSignature(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	l := w.PID("DE").NewStatusList(e.uri, 1, cache.MinStored)
	for _, c := range []struct {
		id   artefact.ID
		make func() []byte
	}{
		{loteID("pid"), func() []byte { return w.list("pid", verifytest.ListOptions{Sequence: 7}) }},
		{statusID(e.uri), func() []byte { return w.token(l, verifytest.FormJWT, w.Now, verifytest.TokenOptions{}) }},
	} {
		three := signatures(3, c.make)
		held := func(what string, b []byte, note string) {
			t.Helper()
			own, _ := w.store.Looks(c.id)
			if got := w.store.Note(c.id); w.store.HeldRefs(c.id)[0].Digest != artefact.Sum(b) || got != note || !own.Equal(w.Now) {
				t.Errorf("%s, %s: note %q, looked %v, held %v", c.id.Kind, what, got, own, w.store.HeldRefs(c.id))
			}
		}
		w.must(w.store.Admit(artefact.Raw{ID: c.id, Door: artefact.Origin, Bytes: three[1], At: w.Now, Note: "origin"}))
		held("the origin's", three[1], "origin")
		w.must(w.fromPeer(c.id, three[0], w.Now.Add(time.Hour)))
		held("one that is not preferred", three[1], "origin")
		w.must(w.fromPeer(c.id, three[2], w.Now.Add(time.Hour)))
		held("one that is", three[2], "")
	}
}

// That a peer is late, or knows of signers that this node does not, is no news of a list:
// nothing is kept of it, nobody is told, and it is counted.
func TestPeersLateAndWaiting(t *testing.T) {
	w := realWorld(t, nil)
	w.loadAll(w.Now)
	w.loadCRLs(w.Now)
	e := w.germanEntry()
	e.admit(0, w.Now, verifytest.TokenOptions{})
	w.admitList("pid", verifytest.ListOptions{Sequence: 2}, w.Now)
	stranger := w.Stranger()
	of := map[artefact.ID][]byte{
		loteID("pid"):                       w.list("pid", verifytest.ListOptions{Sequence: 3, Signer: stranger.Signer}),
		{Kind: artefact.VICAL, Name: vical}: w.vical(verifytest.VICALOptions{IssueID: 2, Signer: w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(time.Hour))}),
		statusID(e.uri):                     w.token(stranger.NewStatusList(e.uri, 1, cache.MinStored), verifytest.FormJWT, w.Now, verifytest.TokenOptions{}),
	}
	w.events = nil
	for id, b := range of {
		_, err := w.fromPeer(id, b, w.Now)
		if whose(err) != "waits" {
			t.Errorf("%v: %v", id, err)
		}
	}
	_, err := w.fromPeer(loteID("pid"), w.list("pid", verifytest.ListOptions{Sequence: 1}), w.Now)
	wantCode(t, "an older list", err, reason.TrustListRollback)
	_, err = w.fromPeer(statusID(e.uri), e.token(0, w.Now.Add(-time.Second), verifytest.TokenOptions{}), w.Now)
	wantCode(t, "an older status list", err, reason.StatusTokenRollback)
	if len(w.events) > 0 {
		t.Errorf("told of %+v", w.events)
	}
	if got := w.store.FromPeers(); got != (cache.FromPeers{Late: 2, Waiting: 3}) {
		t.Errorf("%+v", got)
	}
	for _, i := range w.store.Lists(w.Now) {
		if len(i.Refused) > 0 {
			t.Errorf("%s: %+v", i.Source.Name, i.Refused)
		}
	}
	if k, _ := w.keptInfo(statusID(e.uri)); k.Refused != nil {
		t.Errorf("%+v", k.Refused)
	}
	// From the origin it is what it was.
	w.refuse(artefact.LoTE, "pid", artefact.Origin, of[loteID("pid")], w.Now, reason.TrustListSignerUnknown)
}

// An authority that got another key under its name, which this node does not know yet:
// the list of an honest peer waits, whether it names the key or not. With the known key
// and another's signature it is nobody's list.
func TestPeersListOfARekeyedAuthority(t *testing.T) {
	w := loaded(t, nil)
	de := w.PID("DE")
	next, err := verifytest.Certify(verifytest.CertOptions{
		Subject: de.CA.Cert.Subject, CA: true, NotBefore: w.Now.AddDate(0, -1, 0), NotAfter: w.Now.AddDate(1, 0, 0),
		Edit: func(c *x509.Certificate) { c.RawSubject = de.CA.Cert.RawSubject },
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		o    verifytest.CRLOptions
		want string
	}{
		"its new key is named":     {verifytest.CRLOptions{Issuer: next, Signer: next}, "waits"},
		"no key is named":          {verifytest.CRLOptions{Issuer: next, Signer: next, NoKeyID: true}, "waits"},
		"a known one that did not": {verifytest.CRLOptions{Signer: next}, "peer"},
	} {
		if _, err := w.fromPeer(crlID(de.CRL().URL), w.crl(de.CRL(), c.o), w.Now); err == nil || whose(err) != c.want {
			t.Errorf("%s: %v, %s", what, err, whose(err))
		}
	}
}

// Whatever a peer sends, what it is refused for is never the reason of a verdict, and
// makes no list one that was looked at.
func TestPeersRefusalDecidesNothing(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	bad := map[string][]byte{
		"garbage":    []byte("x"),
		"expired":    e.token(0, w.Now.Add(-48*time.Hour), verifytest.TokenOptions{Expires: w.Now.Add(-time.Hour)}),
		"another's":  w.token(w.PID("FR").NewStatusList("https://fr.example/1", 1, cache.MinStored), verifytest.FormJWT, w.Now, verifytest.TokenOptions{}),
		"stranger's": w.token(w.Stranger().NewStatusList(e.uri, 1, cache.MinStored), verifytest.FormJWT, w.Now, verifytest.TokenOptions{}),
	}
	for what, b := range bad {
		if _, err := w.fromPeer(statusID(e.uri), b, w.Now); err == nil {
			t.Errorf("%s: admitted", what)
		}
		v, codes := w.verdict("sdjwt-pid-de", w.Now)
		wantVerdict(t, what, v, codes, verify.Indeterminate, reason.StatusUnavailable)
	}
	n := realWorld(t, onlyLOTL)
	n.admitLOTL(verifytest.LOTLOptions{}, n.Now)
	for _, cc := range []string{"DE", "NL"} {
		if _, err := n.fromPeer(artefact.ID{Kind: artefact.TL, Name: tlName(cc)}, []byte("x"), n.Now); err == nil {
			t.Error("admitted")
		}
	}
	if n.store.View().Seeded() {
		t.Error("a peer's garbage passes for a look at every national list")
	}
}

// Two lists with one number are evidence, whoever sends the second.
func TestPeersEquivocation(t *testing.T) {
	w := loaded(t, nil)
	w.events = nil
	_, err := w.fromPeer(loteID("pid"), w.list("pid", verifytest.ListOptions{Without: []string{"DE"}}), w.Now)
	wantCode(t, "another list with one number", err, reason.TrustListConflict)
	i := w.info("pid", w.Now)
	if count(w.events, cache.Equivocation) != 1 || i.Conflict == nil || len(i.Refused) != 1 || whose(err) != "nobody" {
		t.Errorf("%+v; %+v", w.events, i)
	}
}

// found makes a list that this node does not follow.
func (w *world) foundList(a *verifytest.Authority, uri string, n int, iat time.Time) []byte {
	w.t.Helper()
	return w.token(a.NewStatusList(uri, 1, n), verifytest.FormCWT, iat, verifytest.TokenOptions{})
}

func (w *world) admitFound(b []byte) (cache.Outcome, error) {
	return w.store.AdmitFound(artefact.Raw{Bytes: b, At: w.Now, From: "b", Spread: time.Second})
}

// A status list that a peer found is taken in under the URI that it names itself, and
// followed from then on.
func TestAdmitFound(t *testing.T) {
	grown := 0
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.Grown = nil, func() { grown++ }
	})
	uri := "https://found.example/1"
	b := w.foundList(w.PID("DE"), uri, cache.MinStored, w.Now)
	if id, err := cache.FoundID(b); err != nil || id != statusID(uri) {
		t.Errorf("%v %v", id, err)
	}
	grown = 0
	out := w.must(w.store.AdmitFound(artefact.Raw{ID: loteID("pid"), Door: artefact.Origin, Bytes: b, At: w.Now, From: "b", Spread: time.Second, Note: "x"}))
	if out.Ref.ID != statusID(uri) || out.Ref.Size != len(b) || w.followed(statusID(uri)) != cache.Found || grown != 1 {
		t.Errorf("%+v, followed %q, %d", out, w.followed(statusID(uri)), grown)
	}
	if k, _ := w.keptInfo(statusID(uri)); k.From != "b" || k.Spread != time.Second || w.store.Note(statusID(uri)) != "" {
		t.Errorf("%+v", k)
	}
	if len(w.shared(statusID(uri), w.Now)) != 1 || len(w.held(statuslist.StatusList, uri)) != 1 {
		t.Error("not handed on")
	}
	if out := w.must(w.admitFound(b)); !out.Unchanged {
		t.Error("the same is news")
	}
	w.must(w.admitFound(w.foundList(w.PID("DE"), uri, cache.MinStored, w.Now.Add(time.Second))))
	ids := "https://found.example/ids"
	l := longList(w.MDL(), ids)
	if out := w.must(w.admitFound(w.identifiers(l, w.Now, verifytest.IdentifierOptions{}))); out.Ref.ID != idlistID(ids) {
		t.Errorf("%+v", out)
	}
	w.wantAccounts("found")
}

// What may not be followed is not, and nothing is left of it.
func TestAdmitFoundRefused(t *testing.T) {
	uri := "https://found.example/1"
	no := "https://not-permitted.example/1"
	w := loaded(t, func(_ *verifytest.World, o *cache.Options) {
		o.Status, o.MaxMemory = nil, 8*listBytes
		o.Permit = func(id artefact.ID) bool { return id.Name != no }
	})
	good := w.foundList(w.PID("DE"), uri, cache.MinStored, w.Now)
	for what, c := range map[string]struct {
		b     []byte
		code  reason.Code
		whose string
	}{
		"few entries":                  {w.foundList(w.PID("DE"), uri, cache.MinStored-8, w.Now), reason.ArtefactUnknown, "nobody"},
		"few identifiers":              {w.identifiers(w.MDL().IdentifierList(uri), w.Now, verifytest.IdentifierOptions{}), reason.ArtefactUnknown, "nobody"},
		"a host that is not permitted": {w.foundList(w.PID("DE"), no, cache.MinStored, w.Now), reason.ArtefactUnknown, "nobody"},
		"a stranger's":                 {w.foundList(w.Stranger(), uri, cache.MinStored, w.Now), reason.StatusSignerUntrusted, "waits"},
		"garbage":                      {[]byte("x"), reason.StatusTokenMalformed, "peer"},
		"nothing":                      {nil, "", "peer"},
		"cut short":                    {good[:len(good)-1], "", "peer"},
		"too large":                    {make([]byte, cache.MaxStatus+1), reason.StatusListTooLarge, "peer"},
		"damaged":                      {slices.Concat(good[:len(good)-1], []byte{good[len(good)-1] ^ 1}), "", "peer"},
		"expired":                      {w.token(w.PID("DE").NewStatusList(uri, 1, cache.MinStored), verifytest.FormCWT, w.Now.Add(-time.Hour), verifytest.TokenOptions{Expires: w.Now}), reason.StatusTokenExpired, "nobody"},
		"no room":                      {w.foundList(w.PID("DE"), uri, 64*listEntries, w.Now), reason.StatusMemoryFull, "nobody"},
	} {
		before := len(w.store.Targets())
		_, err := w.admitFound(c.b)
		if got := reason.CodeOf(err); err == nil || c.code != "" && got != c.code || whose(err) != c.whose {
			t.Errorf("%s: %v, %s", what, err, whose(err))
		}
		if n := len(w.store.Targets()); n != before || w.followed(statusID(uri)) != "" || len(w.held(statuslist.StatusList, uri)) > 0 {
			t.Errorf("%s: followed", what)
		}
		w.wantAccounts(what)
	}
	w.must(w.admitFound(good))
}

// A list that nobody asked for here has none leave: it takes what is free.
func TestAdmitFoundEvictsNobody(t *testing.T) {
	w := loaded(t, sized(6*listBytes))
	w.find(w.PID("DE"), uris("here", 2)...)
	for _, uri := range uris("here", 2) {
		w.mustEntries(w.PID("DE"), uri, listEntries, w.Now)
	}
	w.store.Tick(w.Now.Add(2 * cache.RecentUse))
	kept := 0
	for i, a := range []*verifytest.Authority{w.PID("FR"), w.MDL(), w.PID("FR"), w.MDL(), w.PID("FR"), w.MDL()} {
		if _, err := w.admitFound(w.foundList(a, uris("there", 6)[i], listEntries, w.Now)); err == nil {
			kept++
		} else {
			wantCode(t, "no room", err, reason.StatusMemoryFull)
		}
	}
	if kept == 0 || kept == 6 || w.store.StatusLists(w.Now).Evicted > 0 {
		t.Errorf("%d were taken in, %d left", kept, w.store.StatusLists(w.Now).Evicted)
	}
	w.wantAccounts("full")
}

// Where a peer's version came from is of this process: after a restart it is the disk.
func TestFromAfterRestart(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	k.must(k.fromPeer(loteID("pid"), k.list("pid", verifytest.ListOptions{Sequence: 2}), k.Now))
	if i := k.info("pid", k.Now); i.From != "b" || i.Spread != time.Second || i.Door != artefact.Peer {
		t.Errorf("%+v", i)
	}
	k.restart(k.Now)
	if i := k.info("pid", k.Now); i.From != "" || i.Spread != 0 || i.Door != artefact.Disk || i.Ref.Version != 2 {
		t.Errorf("after a restart %+v", i)
	}
}

// What was learned that may turn a refusal that waits is counted, and nothing else is.
func TestLearned(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	was := w.store.Learned()
	learned := func(what string, want bool) {
		t.Helper()
		is := w.store.Learned()
		if (is != was) != want {
			t.Errorf("%s: learned %v", what, is != was)
		}
		was = is
	}
	w.admitLOTL(verifytest.LOTLOptions{}, w.Now)
	learned("who signs the national lists", true)
	w.admitTL("DE", verifytest.TLOptions{}, w.Now)
	learned("anchors", true)
	w.admitTL("DE", verifytest.TLOptions{}, w.Now)
	learned("the same list", false)
	w.store.Looked(artefact.ID{Kind: artefact.TL, Name: tlName("DE")}, w.Now.Add(time.Second))
	learned("a look", false)
	_, _ = w.fromPeer(artefact.ID{Kind: artefact.TL, Name: tlName("NL")}, []byte("x"), w.Now)
	learned("garbage", false)
}
