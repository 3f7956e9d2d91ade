package cache_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/statuslist"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// entry is a credential with the list that its status is in.
type entry struct {
	w    *world
	req  *verify.Request
	uri  string
	form string
	list *verifytest.StatusList
	at   uint64
}

// newEntry issues a sample of an authority, with a list that is the test's own.
func (w *world) newEntry(sample, form string, a *verifytest.Authority, at time.Time) *entry {
	w.t.Helper()
	req, ref := w.sampleRef(sample, at)
	bits := 1
	if form == verifytest.FormJWT {
		bits = 2
	}
	return &entry{w, req, ref.URI, form, a.NewStatusList(ref.URI, bits, verifytest.DefaultEntries), ref.Index}
}

func (w *world) germanEntry() *entry {
	return w.newEntry("sdjwt-pid-de", verifytest.FormJWT, w.PID("DE"), w.Now)
}

// token signs the list with the value in the credential's entry.
func (e *entry) token(value byte, iat time.Time, o verifytest.TokenOptions) []byte {
	e.w.t.Helper()
	if err := e.list.Set(e.at, value); err != nil {
		e.w.t.Fatal(err)
	}
	return e.w.token(e.list, e.form, iat, o)
}

func (e *entry) admit(value byte, iat time.Time, o verifytest.TokenOptions) cache.Outcome {
	e.w.t.Helper()
	return e.w.admitStatus(e.uri, e.token(value, iat, o), e.w.Now)
}

func (e *entry) refuse(b []byte, at time.Time, want reason.Code) {
	e.w.t.Helper()
	held := e.w.store.View().Status(statuslist.StatusList, e.uri).Tokens
	e.w.refuse(artefact.Status, e.uri, artefact.Origin, b, at, want)
	if !slices.Equal(held, e.w.store.View().Status(statuslist.StatusList, e.uri).Tokens) {
		e.w.t.Errorf("the refusal %s changed what is held", want)
	}
}

func (e *entry) want(what string, want verify.Verdict, codes ...reason.Code) {
	e.w.t.Helper()
	e.wantAt(what, e.w.Now, want, codes...)
}

func (e *entry) wantAt(what string, at time.Time, want verify.Verdict, codes ...reason.Code) {
	e.w.t.Helper()
	req := *e.req
	req.Policy.KBMaxAge = 1000 * day // the presentation is not what ages here
	v, got := outcome(e.w.verifier.Verify(e.w.store.View(), &req, at))
	wantVerdict(e.w.t, what, v, got, want, codes...)
}

// Both forms are admitted, and what they say is what counts.
func TestStatusForms(t *testing.T) {
	w := loaded(t, nil)
	for _, c := range []struct {
		sample, form string
		by           *verifytest.Authority
	}{
		{"sdjwt-pid-de", verifytest.FormJWT, w.PID("DE")}, {"mdoc-pid-de", verifytest.FormCWT, w.PID("DE")},
		{"sdjwt-pid-fr", verifytest.FormJWT, w.PID("FR")}, {"mdl", verifytest.FormCWT, w.MDL()},
		{"pubeaa-residence", verifytest.FormJWT, w.PubEAA()}, {"eaa-membership", verifytest.FormJWT, w.EAA()},
	} {
		t.Run(c.sample, func(t *testing.T) {
			w.t = t
			e := w.newEntry(c.sample, c.form, c.by, w.Now)
			e.want("nothing held", verify.Indeterminate, reason.StatusUnavailable)
			out := e.admit(verifytest.StatusGood, w.Now.Add(-time.Minute), verifytest.TokenOptions{TTL: 7 * time.Minute})
			if out.Unchanged || out.List != "status" || out.TTL != 7*time.Minute || out.Ref.Version != uint64(w.Now.Add(-time.Minute).Unix()) {
				t.Errorf("%+v", out)
			}
			e.want("good", verify.Valid)
			looked := w.store.Looked(artefact.ID{Kind: artefact.Status, Name: e.uri}, w.Now)
			if !looked.Unchanged || looked.TTL != 7*time.Minute || looked.Ref.Digest != out.Ref.Digest || looked.Ref.Version != out.Ref.Version {
				t.Errorf("looked: %+v", looked)
			}
			e.admit(verifytest.StatusRevoked, w.Now, verifytest.TokenOptions{})
			e.want("revoked", verify.Invalid, reason.StatusRevoked)
		})
	}
}

// What a token is refused for. With nothing held, the verdict carries the newest
// refusal; with a good token held, that one is used.
func TestStatusRefused(t *testing.T) {
	w := loaded(t, nil)
	const s = time.Second
	for _, c := range []struct {
		about string
		iat   time.Duration
		o     verifytest.TokenOptions
		want  reason.Code // "": admitted
	}{
		{"iat at the tolerance", cache.StatusSkew, verifytest.TokenOptions{}, ""},
		{"iat a second before the tolerance", cache.StatusSkew - s, verifytest.TokenOptions{}, ""},
		{"iat a second past the tolerance", cache.StatusSkew + s, verifytest.TokenOptions{}, reason.StatusTokenClaimMissing},
		{"a second before exp", -s, verifytest.TokenOptions{Expires: w.Now.Add(s)}, ""},
		{"at exp", -s, verifytest.TokenOptions{Expires: w.Now}, reason.StatusTokenExpired},
		{"a second past exp", -2 * s, verifytest.TokenOptions{Expires: w.Now.Add(-s)}, reason.StatusTokenExpired},
		{"no exp, a second before 24 hours", -day + s, verifytest.TokenOptions{NoExpiry: true}, ""},
		{"no exp, 24 hours", -day, verifytest.TokenOptions{NoExpiry: true}, reason.StatusTokenExpired},
		{"another sub", 0, verifytest.TokenOptions{Subject: "https://status.example/other"}, reason.StatusSubMismatch},
		{"damaged", 0, verifytest.TokenOptions{Damage: func(b []byte) []byte { return []byte(verifytest.DamageSignature(string(b))) }}, reason.StatusTokenSignatureInvalid},
		{"no certificate", 0, verifytest.TokenOptions{NoChain: true}, reason.StatusSignerUntrusted},
		{"a stranger's", 0, verifytest.TokenOptions{Signer: w.Stranger().Revocation}, reason.StatusSignerUntrusted},
		{"by an issuer that lost its standing", 0, verifytest.TokenOptions{Signer: w.Withdrawn().Revocation}, reason.StatusSignerUntrusted},
		{"another type", 0, verifytest.TokenOptions{Header: func(h map[string]any) { h["typ"] = "jwt" }}, reason.StatusTokenTypeInvalid},
	} {
		t.Run(c.about, func(t *testing.T) {
			w := *w
			w.t = t
			fresh := cache.New(w.options(), w.Now)
			w.store = fresh
			for _, p := range []string{"pid", "pubeaa"} {
				w.admitList(p, verifytest.ListOptions{}, w.Now)
			}
			e := w.germanEntry()
			b := e.token(verifytest.StatusGood, w.Now.Add(c.iat), c.o)
			if c.want == "" {
				w.admitStatus(e.uri, b, w.Now)
				e.want("admitted", verify.Valid)
				return
			}
			e.refuse(b, w.Now, c.want)
			e.want("refused, nothing held", verify.Indeterminate, c.want)
			e.admit(verifytest.StatusGood, w.Now.Add(-time.Hour), verifytest.TokenOptions{Expires: w.Now.Add(time.Hour)})
			e.want("admitted after a refusal", verify.Valid)
			e.wantAt("expired, nothing refused since", w.Now.Add(time.Hour), verify.Indeterminate, reason.StatusTokenExpired)
			e.refuse(b, w.Now, c.want)
			e.want("refused, one held", verify.Valid)
			e.wantAt("the held one has expired", w.Now.Add(time.Hour), verify.Indeterminate, c.want)
		})
	}
}

// options of a store like the world's, for tests that start afresh with its keys.
func (w *world) options() cache.Options {
	o := cache.Options{UnsafeTestAnchors: true, Status: w.StatusURIs("")}
	for _, i := range w.store.Lists(w.Now) {
		i.Source.Required = false
		if i.Source.Name == "pid" || i.Source.Name == "pubeaa" {
			o.Sources = append(o.Sources, i.Source)
		}
	}
	return o
}

// A token that has expired since is not used.
func TestStatusExpiresAtUse(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	end := w.Now.Add(time.Hour)
	e.admit(verifytest.StatusGood, w.Now, verifytest.TokenOptions{Expires: end})
	e.wantAt("a second before", end.Add(-time.Second), verify.Valid)
	e.wantAt("at exp", end, verify.Indeterminate, reason.StatusTokenExpired)
	e.wantAt("a second after", end.Add(time.Second), verify.Indeterminate, reason.StatusTokenExpired)
}

// The sequence rule of status lists.
func TestStatusSequence(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	iat := w.Now.Add(-time.Hour)
	old := e.token(verifytest.StatusGood, iat.Add(-time.Second), verifytest.TokenOptions{})
	e.admit(verifytest.StatusRevoked, iat, verifytest.TokenOptions{})
	e.refuse(old, w.Now, reason.StatusTokenRollback)
	e.want("after a rollback", verify.Invalid, reason.StatusRevoked)
	e.admit(verifytest.StatusGood, iat.Add(time.Second), verifytest.TokenOptions{})
	e.want("after a higher iat", verify.Valid)
	if n := len(w.store.View().Status(statuslist.StatusList, e.uri).Tokens); n != 1 {
		t.Errorf("%d tokens held", n)
	}
}

// A rollback says nothing about the newest token, so no verdict carries it.
func TestStatusRollbackIsNotNewest(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	old := e.token(verifytest.StatusGood, w.Now.Add(-time.Minute), verifytest.TokenOptions{})
	end := w.Now.Add(time.Minute)
	e.admit(verifytest.StatusGood, w.Now, verifytest.TokenOptions{Expires: end})
	e.refuse(old, w.Now, reason.StatusTokenRollback)
	e.wantAt("expired", end, verify.Indeterminate, reason.StatusTokenExpired)
}

// Two signatures over one payload: no change, and the lower digest is kept
// whatever the order.
func TestStatusResigned(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	a := e.token(verifytest.StatusGood, w.Now, verifytest.TokenOptions{})
	b := e.token(verifytest.StatusGood, w.Now, verifytest.TokenOptions{})
	lower := slices.MinFunc([]artefact.Digest{artefact.Sum(a), artefact.Sum(b)}, func(x, y artefact.Digest) int { return bytes.Compare(x[:], y[:]) })
	for _, order := range [][][]byte{{a, b}, {b, a}, {a, b, a}} {
		w.store = cache.New(w.options(), w.Now)
		w.admitList("pid", verifytest.ListOptions{}, w.Now)
		for i, token := range order {
			if out := w.admitStatus(e.uri, token, w.Now); out.Unchanged != (i > 0) {
				t.Errorf("token %d: unchanged %v", i, out.Unchanged)
			}
		}
		held := w.store.View().Status(statuslist.StatusList, e.uri).Tokens
		if len(held) != 1 || held[0].SHA256 != lower {
			t.Errorf("%d tokens held, the first not the lower", len(held))
		}
	}
}

// Two lists with one issue time contradict each other: both are kept, the worse
// answer counts in either order, and a higher iat ends it.
func TestStatusSameTime(t *testing.T) {
	for _, order := range [][]byte{
		{verifytest.StatusGood, verifytest.StatusRevoked}, {verifytest.StatusRevoked, verifytest.StatusGood},
		{verifytest.StatusGood, verifytest.StatusSuspended, verifytest.StatusRevoked},
	} {
		w := loaded(t, nil)
		e := w.germanEntry()
		w.events = nil
		for i, value := range order {
			if out := e.admit(value, w.Now, verifytest.TokenOptions{}); out.Unchanged {
				t.Errorf("token %d: unchanged", i)
			}
		}
		if last := w.events[len(w.events)-1]; last.Type != "equivocation" || last.List != "status" {
			t.Errorf("event %+v", last)
		}
		e.want("revoked in one", verify.Invalid, reason.StatusRevoked)
		e.admit(verifytest.StatusGood, w.Now.Add(time.Second), verifytest.TokenOptions{})
		e.want("after a higher iat", verify.Valid)
	}
}

// There is an end to the lists of one issue time.
func TestStatusSameTimeBounded(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	other := func(i int) []byte {
		if err := e.list.Set((e.at+1+uint64(i))%e.list.Len(), verifytest.StatusRevoked); err != nil {
			t.Fatal(err)
		}
		return e.token(verifytest.StatusGood, w.Now, verifytest.TokenOptions{})
	}
	for i := range cache.MaxSameTime {
		w.admitStatus(e.uri, other(i), w.Now)
	}
	e.refuse(other(cache.MaxSameTime), w.Now, reason.StatusTokenRollback)
	e.want("all good", verify.Valid)
}

// A trusted issuer that signs somebody else's URI gets an entry of its own and
// disturbs nobody.
func TestStatusForeignSigner(t *testing.T) {
	foreign := func(w *world) verifytest.TokenOptions {
		return verifytest.TokenOptions{Signer: w.PID("FR").Revocation}
	}
	t.Run("alone", func(t *testing.T) {
		w := loaded(t, nil)
		e := w.germanEntry()
		e.admit(verifytest.StatusGood, w.Now, foreign(w))
		e.want("only the foreign one", verify.Indeterminate, reason.StatusSignerUntrusted)
	})
	for _, foreignFirst := range []bool{true, false} {
		w := loaded(t, nil)
		e := w.germanEntry()
		if foreignFirst {
			e.admit(verifytest.StatusRevoked, w.Now, foreign(w))
		}
		e.admit(verifytest.StatusGood, w.Now.Add(-time.Hour), verifytest.TokenOptions{})
		if !foreignFirst {
			e.admit(verifytest.StatusRevoked, w.Now, foreign(w))
		}
		e.want("beside a newer foreign one", verify.Valid)
		if n := len(w.store.View().Status(statuslist.StatusList, e.uri).Tokens); n != 2 {
			t.Errorf("%d tokens held", n)
		}
		// And the other way round: it cannot hide a revocation.
		e.admit(verifytest.StatusRevoked, w.Now.Add(-time.Minute), verifytest.TokenOptions{})
		e.admit(verifytest.StatusGood, w.Now.Add(time.Minute), foreign(w))
		e.want("revoked by the rightful one", verify.Invalid, reason.StatusRevoked)
	}
}

// Many issuers that sign one URI meet a limit.
func TestStatusSignersBounded(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	crowd := w.crowd("SE", cache.MaxPerStatus+1)
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: append(w.Authorities(), crowd...)}, w.Now)
	for i, a := range crowd {
		signer, err := verifytest.Certify(a.CertOptions(w.Now, "Status List Signer", a.CA))
		if err != nil {
			t.Fatal(err)
		}
		b := e.token(verifytest.StatusGood, w.Now, verifytest.TokenOptions{Signer: signer})
		if i < cache.MaxPerStatus {
			w.admitStatus(e.uri, b, w.Now)
		} else {
			e.refuse(b, w.Now, reason.StatusSignerUntrusted)
		}
	}
}

// Where the list names a revocation service, the issuance key may not speak, and
// cannot displace what the service says either.
func TestStatusByIssuanceKey(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	o := verifytest.TokenOptions{Signer: w.PID("DE").Signer}
	e.admit(verifytest.StatusGood, w.Now, o)
	e.want("by the issuance key", verify.Indeterminate, reason.StatusSignerUntrusted)
	e.admit(verifytest.StatusRevoked, w.Now.Add(-time.Hour), verifytest.TokenOptions{})
	e.want("by the service, older", verify.Invalid, reason.StatusRevoked)
	e.admit(verifytest.StatusGood, w.Now.Add(time.Minute), o)
	e.want("by the issuance key again", verify.Invalid, reason.StatusRevoked)
}

// A token counts no longer once the anchor it was admitted under is withdrawn,
// and again when the anchor is back.
func TestStatusAnchorWithdrawn(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	e.admit(verifytest.StatusGood, w.Now, verifytest.TokenOptions{})
	e.want("before", verify.Valid)
	without := *w.PID("DE")
	without.Services = without.Services[:1] // issuance alone
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: []*verifytest.Authority{&without, w.PID("FR")}}, w.Now)
	e.want("the revocation service has gone", verify.Indeterminate, reason.StatusSignerUntrusted)
	w.admitList("pid", verifytest.ListOptions{Sequence: 3}, w.Now)
	e.want("it is back", verify.Valid)
}

// Nor when the anchor's certificate has expired.
func TestStatusAnchorExpired(t *testing.T) {
	w := loaded(t, nil)
	e := w.germanEntry()
	a := *w.PID("DE")
	end := w.Now.Add(time.Hour)
	o := a.CertOptions(w.Now, "Short-lived Revocation CA", nil)
	o.NotAfter = end
	ca, err := verifytest.Certify(o)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := verifytest.Certify(a.CertOptions(w.Now, "Status List Signer", ca))
	if err != nil {
		t.Fatal(err)
	}
	a.Services = []verifytest.Service{a.Services[0], {Purpose: a.Services[1].Purpose, Certs: []*verifytest.Key{ca}}}
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: []*verifytest.Authority{&a, w.PID("FR")}}, w.Now)
	e.admit(verifytest.StatusGood, w.Now, verifytest.TokenOptions{Signer: signer})
	e.wantAt("at its last second", end, verify.Valid)
	e.wantAt("a second after", end.Add(time.Second), verify.Indeterminate, reason.StatusSignerUntrusted)
}

// The sum over all status lists names none.
func TestStatusInfo(t *testing.T) {
	w := loaded(t, nil)
	if i := w.store.StatusLists(time.Now()); i.Followed != len(w.StatusURIs(""))+len(w.IdentifierURIs("")) || i.Held != 0 || !i.Oldest.IsZero() || i.Entries != 0 {
		t.Errorf("%+v", i)
	}
	e := w.germanEntry()
	e.admit(verifytest.StatusGood, w.Now.Add(-time.Hour), verifytest.TokenOptions{})
	if i := w.store.StatusLists(time.Now()); i.Held != 1 || i.Entries != e.list.Len() || !i.Oldest.Equal(w.Now.Add(-time.Hour)) {
		t.Errorf("%+v", i)
	}
}
