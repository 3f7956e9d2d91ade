package verify_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const unheardOf = "https://status.example/unheard-of"

// namesUnheardOf is a PID under a list that nobody holds.
func namesUnheardOf(o *verifytest.SDJWTOptions) {
	o.Status = &verifytest.Ref{URI: unheardOf, Index: 918_273_645}
}

// TestLacking: what is asked for is the list's URI and who vouches for it, each list
// once, and nothing of which credential it was for.
func TestLacking(t *testing.T) {
	w := commonWorld(t).emptied(t)
	de := w.PID("DE")
	id := []byte("an identifier's!")
	both := verifytest.Ref{URI: unheardOf, Index: 918_273_645, Also: &verifytest.Ref{URI: unheardOf, Identifier: id}}
	req := md{issue: func(o *verifytest.MdocOptions) { o.Status = &both }}.build(t, w)
	second := issued(namesUnheardOf).build(t, w)
	req.VPToken["d"], req.Expect["d"] = second.VPToken[queryID], second.Expect[queryID]
	res := w.verify(req)
	want := map[verify.Lacking]bool{
		{Mechanism: statuslist.StatusList, URI: unheardOf}:     true,
		{Mechanism: statuslist.IdentifierList, URI: unheardOf}: true,
		{URI: de.CRL().URL}: true,
	}
	for _, l := range res.Lacking {
		if l.Anchor.List != "pid" || l.Anchor.ID != sha256.Sum256(de.CA.Cert.Raw) || l.Anchor.Entity == "" {
			t.Errorf("anchor %+v", l.Anchor)
		}
		if (l.Mechanism == "") != (l.Issuer != nil) || l.Issuer != nil && !l.Issuer.Equal(de.CA.Cert) {
			t.Errorf("%q: issuer %v", l.URI, l.Issuer)
		}
		key := verify.Lacking{Mechanism: l.Mechanism, URI: l.URI}
		if !want[key] {
			t.Errorf("%+v is there, or there twice", key)
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("missing %v", want)
	}
	// Not in an answer of either encoding.
	answer := must(json.Marshal(res))(t)
	packed := must(cbor.Marshal(res))(t)
	for _, b := range [][]byte{answer, packed} {
		for _, secret := range []string{"unheard-of", "Lacking", "lacking", "crl.example", "918273645", string(id)} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("an answer holds %q", secret)
			}
		}
	}
}

// TestLackingNothing: nobody is asked anything on behalf of a credential that is not
// good as far as can be known, or that no anchor which counts vouches for.
func TestLackingNothing(t *testing.T) {
	base := commonWorld(t)
	type options = verifytest.SDJWTOptions
	bad := func(change func(o *options)) sd {
		return issued(func(o *options) {
			namesUnheardOf(o)
			change(o)
		})
	}
	good := func(*options) {}
	unbound := bad(good)
	unbound.present = func(p *verifytest.Presentation) { p.Nonce = "another session's" }
	unasked := bad(good)
	unasked.request = asked(dcql.FormatSDJWT, func(q *dcql.Credential) { q.Meta.VCTValues = []string{"urn:eudi:pid:fr:1"} })
	skips := bad(good)
	skips.request = func(r *verify.Request) { r.Policy.Status, r.Policy.CRL = verify.Skip, verify.Skip }
	for name, b := range map[string]sd{
		"a stranger's":        bad(func(o *options) { o.Signer = base.Stranger().Signer }),
		"expired":             bad(func(o *options) { o.NotAfter = base.now.Add(-time.Hour) }),
		"not yet valid":       bad(func(o *options) { o.NotBefore = base.now.Add(time.Hour) }),
		"for another session": unbound,
		"not what was asked":  unasked,
		"skipped":             skips,
	} {
		w := base.emptied(t)
		res := w.verify(b.build(t, w))
		if name != "skipped" && res.Verdict != verify.Invalid {
			t.Errorf("%s: %s %q", name, res.Verdict, codes(res))
		}
		if len(res.Lacking) > 0 {
			t.Errorf("%s: %d lacking", name, len(res.Lacking))
		}
	}

	w := base.emptied(t)
	req := bad(good).build(t, w)
	jws, rest, _ := strings.Cut(req.VPToken[queryID][0], "~")
	req.VPToken[queryID][0] = verifytest.DamageSignature(jws) + "~" + rest
	if res := w.verify(req); len(res.Lacking) > 0 {
		t.Errorf("bad signature: %q, %d lacking", codes(res), len(res.Lacking))
	}

	// Revoked by one mechanism: the other is not asked for.
	ids := must(w.Status(w.PID("DE"), onIDs, verifytest.StatusGood))(t)
	if err := w.offerToken(t, "de", onIDs, verifytest.IdentifierOptions{}, ids); err != nil {
		t.Fatal(err)
	}
	ref := verifytest.Ref{URI: unheardOf, Index: 1, Also: &ids}
	if res := w.verify(w.named(t, "de", onCWT, ref)); res.Verdict != verify.Invalid || len(res.Lacking) > 0 {
		t.Errorf("revoked otherwise: %s, %d lacking", res.Verdict, len(res.Lacking))
	}

	// Vouched for by an anchor that is held back, and by a list past its limits.
	w = base.emptied(t)
	w.admit(t, artefact.LoTE, "pid", artefact.Origin, w.list(t, verifytest.ListOptions{Sequence: 2, Without: []string{"DE", "FR"}}))
	if res := w.verify(bad(good).build(t, w)); res.Verdict != verify.Indeterminate || len(res.Lacking) > 0 {
		t.Errorf("held: %s %q, %d lacking", res.Verdict, codes(res), len(res.Lacking))
	}
	w = base.emptied(t)
	old := bad(good)
	old.request = patient
	if res := w.verifier.Verify(w.store.View(), old.build(t, w), w.now.Add(8*24*time.Hour)); res.Verdict != verify.Indeterminate || len(res.Lacking) > 0 {
		t.Errorf("stale: %s %q, %d lacking", res.Verdict, codes(res), len(res.Lacking))
	}
}
