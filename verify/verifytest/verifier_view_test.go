package verifytest_test

import (
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/crl"
	"github.com/edgetrust/edgetrust/verify/statuslist"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/bundle"
	"github.com/edgetrust/edgetrust/verify/trustlist/lote"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// view is a verify.TrustView of what a World publishes, read by the verifier's own
// parsers: this is where the two meet.
type view struct {
	trusted []verify.Trusted
	lists   map[trustlist.Kind][]*verify.List
	status  map[string]verify.StatusSlot
	crls    map[crl.IssuerID]verify.CRLSlot
}

func (v *view) Epoch() uint64               { return 1 }
func (v *view) Seeded() bool                { return true }
func (v *view) ClockTrusted(time.Time) bool { return true }

func (v *view) BySubject(raw string) []verify.Trusted {
	return v.where(func(a *trustlist.Anchor) bool { return string(a.Cert.RawSubject) == raw })
}

func (v *view) ByID(id [32]byte) []verify.Trusted {
	return v.where(func(a *trustlist.Anchor) bool { return a.ID == id })
}

func (v *view) where(fits func(*trustlist.Anchor) bool) (found []verify.Trusted) {
	for _, t := range v.trusted {
		if fits(t.Anchor) {
			found = append(found, t)
		}
	}
	return found
}

func (v *view) Entity(list, entity string) (found []verify.Trusted) {
	for _, t := range v.trusted {
		if t.List.Name == list && t.Anchor.Entity == entity {
			found = append(found, t)
		}
	}
	return found
}

func (v *view) ListsFor(k trustlist.Kind) []*verify.List { return v.lists[k] }

func (v *view) Status(_ statuslist.Mechanism, uri string) verify.StatusSlot { return v.status[uri] }
func (v *view) CRLs(issuer crl.IssuerID) verify.CRLSlot                     { return v.crls[issuer] }

func (v *view) add(kind trustlist.Kind, name string, l *trustlist.List) {
	list := &verify.List{Name: name, Territory: l.Territory, Sequence: l.Sequence, NextUpdate: l.NextUpdate, Loaded: true, VICAL: l.Format == "vical"}
	v.lists[kind] = append(v.lists[kind], list)
	for _, a := range l.Anchors {
		v.trusted = append(v.trusted, verify.Trusted{Anchor: a, List: list})
	}
}

// viewOf loads every list of the World, the bundle of the EAA issuer, and the
// status lists as they are at now. A warning or a skipped certificate is a
// disagreement.
func viewOf(t testing.TB, w *verifytest.World, now time.Time) *view {
	t.Helper()
	v := &view{lists: make(map[trustlist.Kind][]*verify.List), status: make(map[string]verify.StatusSlot), crls: make(map[crl.IssuerID]verify.CRLSlot)}
	for _, profile := range verifytest.Profiles() {
		b, err := w.LoTE(profile, verifytest.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		u, err := lote.Parse(b)
		if err != nil {
			t.Fatalf("%s: %v", profile, err)
		}
		got, err := u.Verify([]*x509.Certificate{w.Operator.Cert}, lote.Options{Profile: profile})
		if err != nil {
			t.Fatalf("%s: %v", profile, err)
		}
		l := got.List()
		if len(l.Warnings) > 0 || len(l.Skipped) > 0 || len(l.Anchors) == 0 {
			t.Errorf("%s: %d anchors, warnings %q, skipped %v", profile, len(l.Anchors), l.Warnings, l.Skipped)
		}
		v.add(l.Anchors[0].Kind, profile, l)
	}
	eaa := w.EAA()
	local, err := bundle.Read(eaa.Bundle(), bundle.Scope{Kind: trustlist.KindEAA, Types: eaa.Types, Territory: eaa.Territory})
	if err != nil {
		t.Fatal(err)
	}
	v.add(trustlist.KindEAA, "local", local.List())
	v.loadStatus(t, w, now)
	v.loadCRLs(t, w, now)
	return v
}

func (v *view) loadCRLs(t testing.TB, w *verifytest.World, now time.Time) {
	t.Helper()
	published, err := w.CRLs(now)
	if err != nil {
		t.Fatal(err)
	}
	for url, b := range published {
		u, err := crl.Parse(b)
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		for _, a := range v.BySubject(u.Issuer()) {
			l, err := u.Verify(a.Anchor.Cert)
			if err != nil {
				t.Fatalf("%s: %v", url, err)
			}
			v.crls[l.Issuer] = verify.CRLSlot{Lists: []*crl.List{l}}
		}
	}
}

func (v *view) loadStatus(t testing.TB, w *verifytest.World, now time.Time) {
	t.Helper()
	for _, uri := range append(w.StatusURIs(""), w.IdentifierURIs("")...) {
		b, mediaType, ok, err := w.StatusToken(uri, now)
		if err != nil || !ok {
			t.Fatal(uri, ok, err)
		}
		var u *statuslist.Unverified
		switch mediaType {
		case statuslist.MediaTypeJWT:
			u, err = statuslist.ParseJWT(string(b))
		case statuslist.MediaTypeCWT:
			u, err = statuslist.ParseCWT(b)
		default:
			u, err = statuslist.ParseIdentifierList(b)
		}
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		ders, err := u.Chain()
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		signer, err := verify.StatusSigner(v, ders, now)
		if err != nil {
			if uri == w.StatusBase+"/status/pubeaa-withdrawn-jwt" {
				continue // its revocation service is withdrawn with it
			}
			t.Fatalf("%s: %v", uri, err)
		}
		token, err := u.Verify(signer.Leaf.PublicKey)
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		if token.URI != uri || token.Mechanism == statuslist.StatusList && token.Len() != verifytest.DefaultEntries {
			t.Errorf("%s: %d entries of %s", uri, token.Len(), token.URI)
		}
		st := &verify.StatusToken{StatusSignature: signer, Token: token, SHA256: sha256.Sum256(b)}
		v.status[uri] = verify.StatusSlot{Tokens: []*verify.StatusToken{st}}
	}
}
