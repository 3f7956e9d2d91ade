package verify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// What went wrong with status in other verifiers of the field, one test each.

// A list that cannot be fetched or read was reported as a revocation.
func TestFieldFetchErrorIsNotRevocation(t *testing.T) {
	for _, form := range []string{onJWT, onCWT, onIDs} {
		w := commonWorld(t).emptied(t)
		w.loadCRLs(t)
		ref := must(w.Status(w.PID("DE"), form, verifytest.StatusGood))(t)
		req := w.named(t, "de", form, ref)
		uri := statusURI(w, "de", form)
		kind := artefact.Status
		if form == onIDs {
			kind = artefact.IdentifierList
		}
		bodies := []string{"", "<html>404 Not Found</html>", `{"error":"rate limited"}`, "\x1f\x8b\x08", "null", "ey.ey.ey", "\xd2\x84"}
		for _, body := range bodies {
			if w.offer(kind, uri, artefact.Origin, []byte(body)) == nil {
				t.Errorf("%s: %q was admitted", form, body)
			}
			res := w.verify(req)
			if res.Verdict != verify.Indeterminate || res.Credentials[0].Status.State != verify.StatusUndetermined {
				t.Errorf("%s, %q: %s %q", form, body, res.Verdict, codes(res))
			}
		}
		// And what is held outlives them.
		if err := w.offerToken(t, "de", form, verifytest.IdentifierOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, body := range bodies {
			_ = w.offer(kind, uri, artefact.Origin, []byte(body))
			if res := w.verify(req); res.Verdict != verify.Valid {
				t.Errorf("%s, %q after a good one: %s %q", form, body, res.Verdict, codes(res))
			}
		}
	}
}

// The signature of a list was not verified, or a list without one was taken.
func TestFieldListSignatureIsVerified(t *testing.T) {
	w := commonWorld(t).emptied(t)
	uri := statusURI(w, "de", onJWT)
	list := w.PID("DE").NewStatusList(uri, 2, verifytest.DefaultEntries)
	jws := string(must(list.Token(onJWT, w.now, verifytest.TokenOptions{}))(t))
	parts := strings.Split(jws, ".")
	changed := must(verifytest.RewriteJWS(jws, func(_, p map[string]any) { p["iat"] = w.now.Unix() - 1 }))(t)
	unsigned := must(verifytest.RewriteJWS(jws, func(h, _ map[string]any) { h["alg"] = "none" }))(t)
	hmac := must(verifytest.RewriteJWS(jws, func(h, _ map[string]any) { h["alg"] = "HS256" }))(t)
	for name, b := range map[string]string{
		"changed": changed, "alg none": unsigned, "alg HS256": hmac, "no signature": parts[0] + "." + parts[1] + ".",
		"no signature, alg none": unsigned[:strings.LastIndexByte(unsigned, '.')+1], "payload alone": parts[1],
	} {
		if w.offer(artefact.Status, uri, artefact.Origin, []byte(b)) == nil {
			t.Errorf("%s was admitted", name)
		}
	}
	if len(w.store.View().Status("status_list", uri).Tokens) > 0 {
		t.Error("a token is held")
	}
}

// A list was believed under any trusted root: another entity's, another kind's, or
// the issuance key where the trust list names a revocation service.
func TestFieldListIsSignedByItsIssuersService(t *testing.T) {
	base := commonWorld(t)
	de := base.PID("DE")
	other := base.WRPAC().CertOptions(base.now, "Status List Signer", base.WRPAC().CA)
	for _, form := range []string{onJWT, onCWT, onIDs} {
		for name, signer := range map[string]*verifytest.Key{
			"another entity's service": base.PID("FR").Revocation, "another entity's issuer": base.PID("FR").Signer,
			"another kind's": must(verifytest.Certify(other))(t), "a local bundle's": base.EAA().Revocation,
			"the issuance key": de.Signer, "another leaf of the issuing CA": must(verifytest.Certify(de.CertOptions(base.now, "Other", de.CA)))(t),
		} {
			w := base.emptied(t)
			w.loadCRLs(t)
			ref := must(w.Status(de, form, verifytest.StatusGood))(t)
			req := w.named(t, "de", form, ref)
			// A good word is not believed, and neither is a bad one.
			for _, revoked := range [][]verifytest.Ref{nil, {ref}} {
				w := base.emptied(t)
				if err := w.offerToken(t, "de", form, verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{Signer: signer}}, revoked...); err != nil {
					t.Fatal(name, err)
				}
				if got := codes(w.verify(req)); !equal(got, []reason.Code{reason.StatusSignerUntrusted}) {
					t.Errorf("%s, %s: %q", form, name, got)
				}
			}
			// Beside the service's own it changes nothing, though it is newer.
			if err := w.offerToken(t, "de", form, verifytest.IdentifierOptions{}, ref); err != nil {
				t.Fatal(err)
			}
			o := verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{Signer: signer}}
			if err := w.offerTokenOf(t, de, statusURI(w, "de", form), form, w.now.Add(30*time.Second), o); err != nil {
				t.Fatal(name, err)
			}
			if got := codes(w.verify(req)); !equal(got, []reason.Code{reason.StatusRevoked}) {
				t.Errorf("%s, %s, after the service's revocation: %q", form, name, got)
			}
		}
	}
}

// ttl was read out of the list's own map, and the list out of ttl's claim.
func TestFieldTTLIsClaim65534(t *testing.T) {
	w := commonWorld(t).emptied(t)
	de := w.PID("DE")
	admit := func(kind artefact.Kind, uri string, b []byte) (time.Duration, error) {
		out, err := w.store.Admit(artefact.Raw{ID: artefact.ID{Kind: kind, Name: uri}, Door: artefact.Origin, Bytes: b, At: w.now})
		return out.TTL, err
	}
	const ttl = 100 * time.Second
	uri, ids := statusURI(w, "de", onCWT), statusURI(w, "de", onIDs)
	inside := func(claim int) func(map[any]any) {
		return func(c map[any]any) { c[claim].(map[string]any)["ttl"] = 7 }
	}
	list, identifiers := de.NewStatusList(uri, 1, verifytest.DefaultEntries), de.IdentifierList(ids)
	b := must(list.Token(onCWT, w.now, verifytest.TokenOptions{TTL: ttl, CWTClaims: inside(65533)}))(t)
	if got, err := admit(artefact.Status, uri, b); err != nil || got != ttl {
		t.Errorf("status list: ttl %s, %v", got, err)
	}
	w.follow(&verify.Result{Lacking: []verify.Lacking{{Mechanism: "identifier_list", URI: ids}}})
	b = must(identifiers.Token(w.now, verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{TTL: ttl, CWTClaims: inside(65530)}}))(t)
	if got, err := admit(artefact.IdentifierList, ids, b); err != nil || got != ttl {
		t.Errorf("identifier list: ttl %s, %v", got, err)
	}
	swap := func(c map[any]any) { c[65534] = c[65533]; delete(c, 65533) }
	b = must(list.Token(onCWT, w.now.Add(time.Second), verifytest.TokenOptions{CWTClaims: swap}))(t)
	if _, err := admit(artefact.Status, uri, b); err == nil {
		t.Error("a list in claim 65534 was admitted")
	}
}

// A switch for SD-JWT VC turned the status of mdocs off with it.
func TestFieldNoSwitchTurnsMdocStatusOff(t *testing.T) {
	w := bareWorld(t, verify.Options{})
	w.loadLists(t)
	_, listed := w.make(t, "mdoc-revoked", verifytest.Context{})
	_, identified := w.make(t, "mdoc-identifier-revoked", verifytest.Context{})
	w.loadStatus(t)
	signer := md{issue: func(o *verifytest.MdocOptions) { o.Signer = w.PID("DE").RevokedSigner }}.build(t, w)
	skip := verify.Revocation{Status: verify.Skip, CRL: verify.Skip}
	for name, change := range map[string]func(*verify.Policy){
		"legacy typ":         func(p *verify.Policy) { p.AllowLegacyTyp = true },
		"no holder binding":  func(p *verify.Policy) { p.HolderBinding = verify.Skip },
		"outlives its cert":  func(p *verify.Policy) { p.AllowValidUntilAfterCert = true },
		"audience slash":     func(p *verify.Policy) { p.AllowAudienceSlash = true },
		"a day's short life": func(p *verify.Policy) { p.ShortLived = 1000 * time.Hour },
		"an SD-JWT type's":   func(p *verify.Policy) { p.Types = map[string]verify.Revocation{verifytest.TypePID: skip, "": skip} },
		"another kind's": func(p *verify.Policy) {
			p.Kinds = map[trustlist.Kind]verify.Revocation{trustlist.KindEAA: skip, "": skip}
		},
		"best effort":  func(p *verify.Policy) { p.Status, p.CRL = verify.BestEffort, verify.BestEffort },
		"nothing said": func(p *verify.Policy) { p.Revocation = verify.Revocation{} },
	} {
		for _, c := range []struct {
			req  *verify.Request
			want reason.Code
		}{{listed, reason.StatusRevoked}, {identified, reason.StatusRevoked}, {signer, reason.ChainRevoked}} {
			c.req.Policy = verify.DefaultPolicy()
			change(&c.req.Policy)
			if got := codes(w.verify(c.req)); !equal(got, []reason.Code{c.want}) {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		listed.IncludeClaims = !listed.IncludeClaims
	}
}

// Two URIs shared what was cached.
func TestFieldURIsShareNothing(t *testing.T) {
	w := commonWorld(t).emptied(t)
	de := w.PID("DE")
	const uri = "https://status.example/lists/A?x=1"
	if err := w.offerTokenOf(t, de, uri, onJWT, w.now, verifytest.IdentifierOptions{}); err != nil {
		t.Fatal(err)
	}
	token := w.store.View().Status("status_list", uri).Tokens[0]
	if token == nil {
		t.Fatal("not held")
	}
	verdict := func(uri string) []reason.Code {
		return codes(w.verify(w.named(t, "de", onJWT, verifytest.Ref{URI: uri, Index: 7})))
	}
	if got := verdict(uri); got != nil {
		t.Errorf("the list's own URI: %q", got)
	}
	list := de.NewStatusList(uri, 2, verifytest.DefaultEntries)
	b := must(list.Token(onJWT, w.now, verifytest.TokenOptions{}))(t)
	for _, other := range []string{
		"https://status.example/lists/a?x=1", "https://STATUS.example/lists/A?x=1", "HTTPS://status.example/lists/A?x=1",
		"https://status.example/lists/A/?x=1", "https://status.example/lists/A", "https://status.example/lists/A?x=1&", "https://status.example/lists/A?x=2",
		"https://status.example/lists/A?x=1#", "https://status.example/lists/A?x=1#f", "https://status.example/lists/%41?x=1",
		"https://status.example:443/lists/A?x=1", "https://status.example/lists/./A?x=1", " " + uri, uri + " ", uri + "\x00",
	} {
		if got := verdict(other); !equal(got, []reason.Code{reason.StatusUnavailable}) {
			t.Errorf("%q: %q", other, got)
		}
		w.follow(&verify.Result{Lacking: []verify.Lacking{{Mechanism: "status_list", URI: other}}})
		if got := reason.CodeOf(w.offer(artefact.Status, other, artefact.Origin, b)); got != reason.StatusSubMismatch {
			t.Errorf("%q takes the other's bytes: %q", other, got)
		}
		if got := verdict(other); !equal(got, []reason.Code{reason.StatusSubMismatch}) {
			t.Errorf("%q afterwards: %q", other, got)
		}
	}
	// Another list under a URI that differs in case revokes there and not here.
	other := "https://status.example/lists/a?x=1"
	if err := w.offerTokenOf(t, de, other, onJWT, w.now, verifytest.IdentifierOptions{}, verifytest.Ref{Index: 7}); err != nil {
		t.Fatal(err)
	}
	if got := verdict(other); !equal(got, []reason.Code{reason.StatusRevoked}) {
		t.Errorf("the other list: %q", got)
	}
	if got := verdict(uri); got != nil {
		t.Errorf("the first list beside it: %q", got)
	}
}
