package verify_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const (
	onJWT = verifytest.FormJWT
	onCWT = verifytest.FormCWT
	onIDs = verifytest.FormIdentifiers
)

// TestTwoMechanisms: an MSO may name both; both are checked, either revokes, and the
// worse state is told (credentials 5).
func TestTwoMechanisms(t *testing.T) {
	base := commonWorld(t)
	const (
		good = iota
		revoked
		absent
		expired
		beyond
	)
	for _, c := range []struct {
		name      string
		list, ids int
		required  []reason.Code
		best      []reason.Code
		state     string
	}{
		{name: "both good", state: verify.StatusValid},
		{name: "the list revokes", list: revoked, required: []reason.Code{reason.StatusRevoked}, best: []reason.Code{reason.StatusRevoked}, state: verify.StatusRevoked},
		{name: "the identifiers revoke", ids: revoked, required: []reason.Code{reason.StatusRevoked}, best: []reason.Code{reason.StatusRevoked}, state: verify.StatusRevoked},
		{name: "both revoke", list: revoked, ids: revoked, required: []reason.Code{reason.StatusRevoked}, best: []reason.Code{reason.StatusRevoked}, state: verify.StatusRevoked},
		{name: "no list", list: absent, required: []reason.Code{reason.StatusUnavailable}, state: verify.StatusUndetermined},
		{name: "no identifiers", ids: absent, required: []reason.Code{reason.StatusUnavailable}, state: verify.StatusUndetermined},
		{name: "neither", list: absent, ids: absent, required: []reason.Code{reason.StatusUnavailable}, state: verify.StatusUndetermined},
		{name: "no list, and revoked", list: absent, ids: revoked, required: []reason.Code{reason.StatusUnavailable, reason.StatusRevoked}, best: []reason.Code{reason.StatusRevoked}, state: verify.StatusRevoked},
		{name: "revoked, and no identifiers", list: revoked, ids: absent, required: []reason.Code{reason.StatusRevoked, reason.StatusUnavailable}, best: []reason.Code{reason.StatusRevoked}, state: verify.StatusRevoked},
		{name: "expired identifiers", ids: expired, required: []reason.Code{reason.StatusTokenExpired}, state: verify.StatusUndetermined},
		{name: "out of range", list: beyond, required: []reason.Code{reason.StatusIndexOutOfRange}, best: []reason.Code{reason.StatusIndexOutOfRange}, state: verify.StatusUndetermined},
		{name: "out of range, and revoked", list: beyond, ids: revoked, required: []reason.Code{reason.StatusIndexOutOfRange, reason.StatusRevoked}, best: []reason.Code{reason.StatusIndexOutOfRange, reason.StatusRevoked}, state: verify.StatusRevoked},
		{name: "out of range, and no identifiers", list: beyond, ids: absent, required: []reason.Code{reason.StatusIndexOutOfRange, reason.StatusUnavailable}, best: []reason.Code{reason.StatusIndexOutOfRange}, state: verify.StatusUndetermined},
	} {
		w := base.emptied(t)
		w.loadCRLs(t)
		list := must(w.Status(w.PID("DE"), onCWT, verifytest.StatusGood))(t)
		ids := must(w.Status(w.PID("DE"), onIDs, verifytest.StatusGood))(t)
		at := w.now
		load := func(form string, state int, ref verifytest.Ref) {
			var o verifytest.IdentifierOptions
			var bad []verifytest.Ref
			switch state {
			case absent:
				return
			case revoked:
				bad = append(bad, ref)
			case expired:
				o.Expires = at.Add(time.Second)
			}
			if err := w.offerToken(t, "de", form, o, bad...); err != nil {
				t.Fatal(err)
			}
		}
		load(onCWT, c.list, list)
		load(onIDs, c.ids, ids)
		if c.list == beyond {
			list.Index = verifytest.DefaultEntries
		}
		list.Also = &ids
		req := w.named(t, "de", onCWT, list)
		for mode, want := range map[verify.Mode][]reason.Code{verify.Required: c.required, verify.BestEffort: c.best} {
			req.Policy.Status = mode
			res := w.verifier.Verify(w.store.View(), req, at.Add(2*time.Second))
			if !equal(codes(res), want) || res.Credentials[0].Status.State != c.state {
				t.Errorf("%s under %s: %q, state %s; want %q, %s", c.name, mode, codes(res), res.Credentials[0].Status.State, want, c.state)
			}
		}
	}
}

// TestMechanismsDoNotStandIn: a good token of one mechanism says nothing where the
// credential names the other, though the URI is the same.
func TestMechanismsDoNotStandIn(t *testing.T) {
	w := commonWorld(t).emptied(t)
	const uri = "https://status.example/shared"
	de := w.PID("DE")
	for _, form := range []string{onCWT, onIDs} {
		if err := w.offerTokenOf(t, de, uri, form, w.now, verifytest.IdentifierOptions{}); err != nil {
			t.Fatal(err)
		}
		for named, ref := range map[string]verifytest.Ref{onCWT: {URI: uri, Index: 7}, onIDs: {URI: uri, Identifier: []byte("0123456789abcdef")}} {
			var want []reason.Code
			if named != form && form == onCWT {
				want = []reason.Code{reason.StatusUnavailable}
			}
			if got := codes(w.verify(w.named(t, "de", named, ref))); !equal(got, want) {
				t.Errorf("held up to %s, named %s: %q, want %q", form, named, got, want)
			}
		}
	}
	// The bytes of one kind are refused where the other is expected.
	w = w.emptied(t)
	list, ids := de.NewStatusList(uri, 1, verifytest.DefaultEntries), de.IdentifierList(uri)
	w.follow(&verify.Result{Lacking: []verify.Lacking{{Mechanism: "status_list", URI: uri}, {Mechanism: "identifier_list", URI: uri}}})
	b := must(list.Token(onCWT, w.now, verifytest.TokenOptions{}))(t)
	if got := reason.CodeOf(w.offer(artefact.IdentifierList, uri, artefact.Origin, b)); got != reason.IDListTypeInvalid {
		t.Errorf("a status list as an identifier list: %q", got)
	}
	b = must(ids.Token(w.now, verifytest.IdentifierOptions{}))(t)
	if got := reason.CodeOf(w.offer(artefact.Status, uri, artefact.Origin, b)); got != reason.StatusTokenTypeInvalid {
		t.Errorf("an identifier list as a status list: %q", got)
	}
}

// TestNamedCertificate: whom an MSO names may sign the list it names, though its
// entity has a revocation service; nobody else may (ISO/IEC 18013-5 12.3.6).
func TestNamedCertificate(t *testing.T) {
	base := commonWorld(t)
	fr, de := base.PID("FR"), base.PID("DE")
	untrusted := []reason.Code{reason.StatusSignerUntrusted}
	for _, form := range []string{onCWT, onIDs} {
		for _, c := range []struct {
			name   string
			der    []byte
			signer *verifytest.Key
			want   []reason.Code
		}{
			{"nobody is named", nil, fr.Revocation, untrusted},
			{"the signer", fr.Revocation.Cert.Raw, fr.Revocation, nil},
			{"the signer's CA", fr.CA.Cert.Raw, fr.Revocation, nil},
			{"another signer of that CA", fr.Signer.Cert.Raw, fr.Revocation, untrusted},
			{"another CA", base.MDL().CA.Cert.Raw, fr.Revocation, untrusted},
			{"the issuer's own CA, its issuance key signs", de.CA.Cert.Raw, de.Signer, nil},
			{"a stranger, who signs", base.Stranger().CA.Cert.Raw, base.Stranger().Revocation, untrusted},
			{"no certificate at all", []byte("x"), fr.Revocation, untrusted},
			{"another one, the revocation service signs", fr.CA.Cert.Raw, de.Revocation, nil},
		} {
			w := base.emptied(t)
			w.loadCRLs(t)
			ref := must(w.Status(de, form, verifytest.StatusGood))(t)
			ref.Certificate = c.der
			_ = w.offerToken(t, "de", form, verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{Signer: c.signer}})
			res := w.verify(w.named(t, "de", form, ref))
			if !equal(codes(res), c.want) {
				t.Errorf("%s, %s: %q, want %q", form, c.name, codes(res), c.want)
			}
		}
	}
}

// TestStatusSignerRevoked: a list is not believed whose signer was revoked, and under
// crl: required only if that can be known.
func TestStatusSignerRevoked(t *testing.T) {
	base := commonWorld(t)
	for _, form := range []string{onJWT, onCWT, onIDs} {
		for _, c := range []struct {
			name           string
			signer, issuer bool // is held
			revoked        bool
			required       []reason.Code
		}{
			{name: "both held", signer: true, issuer: true},
			{name: "the signer's missing", issuer: true, required: []reason.Code{reason.CRLUnavailable}},
			{name: "the issuer's missing", signer: true, required: []reason.Code{reason.CRLUnavailable}},
			{name: "both missing", required: []reason.Code{reason.CRLUnavailable}},
			{name: "revoked", signer: true, issuer: true, revoked: true, required: []reason.Code{reason.StatusSignerUntrusted}},
		} {
			w := base.emptied(t)
			de := w.PID("DE")
			ref := must(w.Status(de, form, verifytest.StatusGood))(t)
			if err := w.offerToken(t, "de", form, verifytest.IdentifierOptions{}); err != nil {
				t.Fatal(err)
			}
			own := w.CRL(de.RevocationCA)
			l := de.RevocationCA.CRL(own.URL)
			if c.revoked {
				l.Revoke(de.Revocation.Cert)
			}
			if c.signer {
				w.admit(t, artefact.CRL, l.URL, artefact.Origin, must(l.Sign(w.now, verifytest.CRLOptions{}))(t))
			}
			if c.issuer {
				w.admit(t, artefact.CRL, de.CRL().URL, artefact.Origin, must(de.CRL().Publish(w.now))(t))
			}
			req := w.named(t, "de", form, ref)
			for mode, want := range map[verify.Mode][]reason.Code{verify.Required: c.required, verify.BestEffort: nil, verify.Skip: nil} {
				req.Policy.CRL = mode
				if c.revoked && mode != verify.Skip {
					want = c.required
				}
				if res := w.verify(req); !equal(codes(res), want) {
					t.Errorf("%s, %s, crl %s: %q, want %q", form, c.name, mode, codes(res), want)
				}
			}
		}
	}
}
