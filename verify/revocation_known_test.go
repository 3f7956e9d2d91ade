package verify_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestUnfitTokenHidesNothing: of two tokens of one second one cannot be used for an
// mdoc. What the other revokes is revoked, in whatever order they came.
func TestUnfitTokenHidesNothing(t *testing.T) {
	base := commonWorld(t)
	de := base.PID("DE")
	uri := statusURI(base, "de", onCWT)
	ref := must(base.Status(de, onCWT, verifytest.StatusGood))(t)
	fit, wide := de.NewStatusList(uri, 1, verifytest.DefaultEntries), de.NewStatusList(uri, 2, verifytest.DefaultEntries)
	short := de.NewStatusList(uri, 1, 8)
	if err := fit.Set(ref.Index, verifytest.StatusRevoked); err != nil {
		t.Fatal(err)
	}
	good := must(fit.Token(onCWT, base.now, verifytest.TokenOptions{}))(t)
	for name, unfit := range map[string][]byte{
		"two bits":  must(wide.Token(onCWT, base.now, verifytest.TokenOptions{}))(t),
		"no exp":    must(fit.Token(onCWT, base.now, verifytest.TokenOptions{NoExpiry: true}))(t),
		"too short": must(short.Token(onCWT, base.now, verifytest.TokenOptions{}))(t),
	} {
		for _, order := range [][][]byte{{good, unfit}, {unfit, good}} {
			w := base.emptied(t)
			w.loadCRLs(t)
			for _, b := range order {
				w.admit(t, artefact.Status, uri, artefact.Origin, b)
			}
			req := w.named(t, "de", onCWT, ref)
			for _, mode := range []verify.Mode{verify.Required, verify.BestEffort} {
				req.Policy.Status = mode
				if res := w.verify(req); !equal(codes(res), []reason.Code{reason.StatusRevoked}) || res.Credentials[0].Status.State != verify.StatusRevoked {
					t.Errorf("%s under %s: %s %q", name, mode, res.Verdict, codes(res))
				}
			}
		}
	}
}

// TestChainCacheForgetsRevocation: a chain that is remembered is looked up in the
// revocation lists again each time.
func TestChainCacheForgetsRevocation(t *testing.T) {
	chains := must(cache.NewChains(1 << 20))(t)
	t.Cleanup(chains.Close)
	w := bareWorld(t, verify.Options{Chains: chains})
	w.loadLists(t)
	req := sd{request: func(r *verify.Request) { r.Policy.Status, r.Policy.CRL = verify.Skip, verify.Required }}.build(t, w)
	l := w.PID("DE").CRL()
	expect := func(when string, want ...reason.Code) {
		t.Helper()
		for range 2 {
			if got := codes(w.verify(req)); !equal(got, want) {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
			chains.Wait()
		}
	}
	publish := func(number int64) {
		t.Helper()
		w.admit(t, artefact.CRL, l.URL, artefact.Origin, must(l.Sign(w.now, verifytest.CRLOptions{Number: big.NewInt(number)}))(t))
	}
	expect("no list", reason.CRLUnavailable)
	publish(1)
	expect("a list")
	l.Revoke(w.PID("DE").Signer.Cert)
	publish(2)
	expect("revoked", reason.ChainRevoked)
}

// TestConflictingCRLs: two lists of one number contradict each other; what either
// revokes is revoked, late or not, in whatever order they came.
func TestConflictingCRLs(t *testing.T) {
	base := commonWorld(t)
	de := base.PID("DE")
	with, without := de.CA.CRL(de.CRL().URL), de.CA.CRL(de.CRL().URL)
	with.Revoke(de.Signer.Cert)
	o := verifytest.CRLOptions{Number: big.NewInt(9)}
	late := o
	late.NextUpdate = base.now.Add(time.Second)
	bad, good := must(with.Sign(base.now, late))(t), must(without.Sign(base.now, o))(t)
	for _, order := range [][][]byte{{bad, good}, {good, bad}} {
		w := base.emptied(t)
		req := sd{request: func(r *verify.Request) { r.Policy.Status = verify.Skip }}.build(t, w)
		for _, b := range order {
			w.admit(t, artefact.CRL, de.CRL().URL, artefact.Origin, b)
		}
		w.checkCRL(t, "contradiction", req, w.now, reason.ChainRevoked, false)
		w.checkCRL(t, "contradiction, one late", req, w.now.Add(time.Minute), reason.ChainRevoked, false)
	}
}

// TestSerialOfAnotherAuthority: one serial number under two authorities is revoked by
// its own alone, also where both have one name.
func TestSerialOfAnotherAuthority(t *testing.T) {
	w := commonWorld(t).emptied(t)
	de := w.PID("DE")
	namesake := must(verifytest.Certify(de.CertOptions(w.now, "CA", nil)))(t)
	o := de.CertOptions(w.now, "Signer", namesake)
	o.Edit = nil
	twin := must(verifytest.Certify(o))(t)
	// The namesake lists the serial of the real signer; so does France.
	w.store = cache.New(cache.Options{UnsafeTestAnchors: true, Permit: func(artefact.ID) bool { return true }, Sources: []cache.Source{{
		Name: "lab", Type: artefact.Anchors, Kind: trustlist.KindPID, Purposes: []trustlist.Purpose{trustlist.Issuance}, Territory: "DE",
	}}}, w.now)
	w.admit(t, artefact.Anchors, "lab", artefact.File, append(de.CA.PEM(), namesake.PEM()...))
	for i, k := range []*verifytest.Key{namesake, de.CA} {
		l := k.CRL(de.CRL().URL) // both publish under one URL
		if i == 0 {
			l.Revoke(de.Signer.Cert)
		}
		w.admit(t, artefact.CRL, l.URL, artefact.Origin, must(l.Sign(w.now, verifytest.CRLOptions{Number: big.NewInt(int64(9 - i))}))(t))
	}
	for name, signer := range map[string]*verifytest.Key{"the authority's": de.Signer, "the namesake's": twin} {
		req := sd{issue: func(o *verifytest.SDJWTOptions) { o.Signer = signer }, request: func(r *verify.Request) {
			r.Policy.Status = verify.Skip
		}}.build(t, w)
		w.checkCRL(t, name, req, w.now, "", false)
	}
}

// TestSignerIntermediate: a status signer's intermediate is looked at whenever its
// list is used: whether it has expired since, and whether it was revoked; another
// certificate of the same intermediate key is another one.
func TestSignerIntermediate(t *testing.T) {
	w, h := hierarchical(t)
	a := w.EAA()
	const uri = "https://status.example/lab"
	end := w.now.Truncate(time.Second).Add(time.Hour)
	o := a.CertOptions(w.now, "Intermediate", h.root)
	o.CA, o.Private, o.NotAfter, o.CRL = true, h.inter.Private, end, h.rootCRL.URL
	brief := must(verifytest.Certify(o))(t) // the same key, for an hour
	leaf := must(verifytest.Certify(func() verifytest.CertOptions {
		o := a.CertOptions(w.now, "Status List Signer", brief)
		o.CRL = h.interCRL.URL
		return o
	}()))(t)
	build := func() *verify.Request {
		b := h.credential()
		issue := b.issue
		b.issue = func(o *verifytest.SDJWTOptions) {
			issue(o)
			o.Status = &verifytest.Ref{URI: uri, Index: 7}
		}
		b.request = patient
		return b.build(t, w)
	}
	req := build()
	w.follow(w.verify(req))
	token := func(at time.Time, inter *verifytest.Key, revoked ...verifytest.Ref) {
		t.Helper()
		o := verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{
			Signer: leaf, Chain: [][]byte{leaf.Cert.Raw, inter.Cert.Raw}, Expires: w.now.Add(5 * time.Hour),
		}}
		if err := w.offerTokenOf(t, a, uri, onJWT, at, o, revoked...); err != nil {
			t.Fatal(err)
		}
	}
	at := func(when string, now time.Time, want ...reason.Code) {
		t.Helper()
		if got := codes(w.verifier.Verify(w.store.View(), req, now)); !equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	token(w.now, brief)
	at("good", w.now)
	at("at the intermediate's end", end)
	at("a second later", end.Add(time.Second), reason.StatusSignerUntrusted)
	// The intermediate's key is certified anew; the old certificate is revoked.
	h.rootCRL.Revoke(brief.Cert)
	w.admit(t, artefact.CRL, h.rootCRL.URL, artefact.Origin, must(h.rootCRL.Publish(w.now))(t))
	at("the intermediate was revoked", w.now, reason.StatusSignerUntrusted)
	w.now = w.now.Add(2 * time.Second)
	token(w.now, h.inter)
	at("with the new certificate", w.now)
	at("after the old one's end", end.Add(time.Second))
}

// TestSignerAtItsEnd: a list is believed up to the second at which its signer's
// certificate ends.
func TestSignerAtItsEnd(t *testing.T) {
	w := commonWorld(t).emptied(t)
	de := w.PID("DE")
	end := w.now.Truncate(time.Second).Add(time.Minute)
	o := de.CertOptions(w.now, "Status List Signer", de.RevocationCA)
	o.NotAfter = end
	signer := must(verifytest.Certify(o))(t)
	for _, form := range []string{onJWT, onCWT, onIDs} {
		ref := must(w.Status(de, form, verifytest.StatusGood))(t)
		if err := w.offerToken(t, "de", form, verifytest.IdentifierOptions{TokenOptions: verifytest.TokenOptions{Signer: signer}}); err != nil {
			t.Fatal(err)
		}
		req := w.named(t, "de", form, ref)
		for at, want := range map[time.Time][]reason.Code{end: nil, end.Add(time.Second): {reason.StatusSignerUntrusted}} {
			if got := codes(w.verifier.Verify(w.store.View(), req, at)); !equal(got, want) {
				t.Errorf("%s at %s: %q, want %q", form, at, got, want)
			}
		}
	}
}

// TestSignerWithdrawn: a list counts no more once its signer's anchor is withdrawn or
// its trust list is past its limits, at once and without the list being read again.
func TestSignerWithdrawn(t *testing.T) {
	w := newWorld(t, verify.Options{})
	req := sd{by: "pubeaa", typ: verifytest.TypeResidence}.build(t, w)
	if got := codes(w.verify(req)); got != nil {
		t.Fatalf("%q", got)
	}
	list := func(sequence uint64, change func(services []any)) {
		t.Helper()
		b := must(w.LoTE("pubeaa", verifytest.ListOptions{Sequence: sequence, Mutate: func(doc map[string]any) {
			for _, e := range doc["LoTE"].(obj)["TrustedEntitiesList"].([]any) {
				change(e.(obj)["TrustedEntityServices"].([]any))
			}
		}}))(t)
		w.admit(t, artefact.LoTE, "pubeaa", artefact.Origin, b)
	}
	withdraw := func(purpose int) func([]any) {
		return func(services []any) {
			services[purpose].(obj)["ServiceInformation"].(obj)["ServiceStatus"] = "http://uri.etsi.org/19602/PubEAAProvidersList/SvcStatus/withdrawn"
		}
	}
	list(2, withdraw(1))
	if got := codes(w.verify(req)); !equal(got, []reason.Code{reason.StatusSignerUntrusted}) {
		t.Errorf("the revocation service is withdrawn: %q", got)
	}
	list(3, func([]any) {})
	if got := codes(w.verify(req)); got != nil {
		t.Errorf("and back: %q", got)
	}
	list(4, withdraw(0))
	if got := codes(w.verify(req)); !equal(got, []reason.Code{reason.AnchorWithdrawn}) {
		t.Errorf("the issuer is withdrawn: %q", got)
	}
}

// TestTwoFormats: what the other format's token says is not heard, good or bad.
func TestTwoFormats(t *testing.T) {
	w := commonWorld(t).emptied(t)
	de := w.PID("DE")
	const uri = "https://status.example/both"
	ref := verifytest.Ref{URI: uri, Index: 7}
	if err := w.offerTokenOf(t, de, uri, onJWT, w.now, verifytest.IdentifierOptions{}, ref); err != nil {
		t.Fatal(err)
	}
	if err := w.offerTokenOf(t, de, uri, onCWT, w.now.Add(time.Second), verifytest.IdentifierOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := codes(w.verify(w.named(t, "de", onJWT, ref))); !equal(got, []reason.Code{reason.StatusRevoked}) {
		t.Errorf("SD-JWT VC: %q", got)
	}
	if got := codes(w.verify(w.named(t, "de", onCWT, ref))); got != nil {
		t.Errorf("mdoc: %q", got)
	}
}

// TestCRLOfFastClock: an authority's clock may be as far ahead as the store lets
// pass. Its newest list has replaced the one before and must count at once.
func TestCRLOfFastClock(t *testing.T) {
	w := commonWorld(t).emptied(t)
	de := w.PID("DE")
	good := sd{request: func(r *verify.Request) { r.Policy.Status = verify.Skip }}
	bad := good
	bad.issue = func(o *verifytest.SDJWTOptions) { o.Signer = de.RevokedSigner }
	b := must(de.CRL().Sign(w.now, verifytest.CRLOptions{ThisUpdate: w.now.Add(cache.ListSkew - time.Second)}))(t)
	w.admit(t, artefact.CRL, de.CRL().URL, artefact.Origin, b)
	w.checkCRL(t, "good", good.build(t, w), w.now, "", false)
	w.checkCRL(t, "revoked", bad.build(t, w), w.now, reason.ChainRevoked, false)
}
