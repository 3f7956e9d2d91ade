package cache_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestFaultsOfOthers are faults that were found in other implementations of trust
// lists. Each must stay impossible here.
func TestFaultsOfOthers(t *testing.T) {
	for _, c := range []struct {
		fault string
		run   func(t *testing.T)
	}{
		{"a list that cannot be had switches the check of issuers off", unreachableList},
		{"a list without anybody trusts everybody", emptyList},
		{"a restart without the origin has no anchors, and says that all is well", restartBlind},
		{"a text that looks like a signature counts as one", signatureInComment},
		{"the certificate in the document vouches for the document", ownCertificate},
		{"any national signer may sign the list of lists", nationalSignsLOTL},
		{"the signers of the list of lists may sign national lists", lotlSignsNational},
		{"signers that were replaced go on counting", replacedSigner},
		{"one failing country empties the others", oneCountryFails},
		{"a list is trusted until its next update, half a year without a look", longUnlooked},
		{"an older list comes back after a restart", rollbackAfterRestart},
		{"of several authorities of one country the last one counts alone", severalPerCountry},
		{"an authority answers for document types that nobody listed", docTypeLeftOut},
		{"issuance and revocation keys are one pool", purposesMixed},
		{"a certificate of the same subject and serial number passes for the listed one", sameSubject},
	} {
		t.Run(strings.ReplaceAll(c.fault, " ", "_"), c.run)
	}
}

func unreachableList(t *testing.T) {
	w := realWorld(t, nil)
	for _, src := range w.store.Sources() {
		w.store.Failed(src.ID(), w.Now, errTest)
	}
	for _, s := range append(verifytest.Samples(), verifytest.ListedSamples()...) {
		if v, codes := w.noStatus(s.Name, w.Now); v == verify.Valid {
			t.Errorf("%s is valid %v", s.Name, codes)
		}
	}
}

func emptyList(t *testing.T) {
	w := realWorld(t, func(_ *verifytest.World, o *cache.Options) { o.RemovalMin = 1 << 20 }) // nothing is held
	w.loadAll(w.Now)
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, Authorities: []*verifytest.Authority{w.PubEAA()}}, w.Now)
	w.admitTL("DE", verifytest.TLOptions{Sequence: 2, Without: []string{"qeaa-de", "tl-eaa-de"}}, w.Now)
	w.wantNoStatus("sdjwt-pid-de", w.Now, "invalid", "anchor_withdrawn")
	w.wantNoStatus("unknown-issuer", w.Now, "invalid", "anchor_not_found")
	w.wantNoStatus("qeaa-diploma-de", w.Now, "invalid", "anchor_withdrawn")
}

func restartBlind(t *testing.T) {
	w := realWorld(t, nil) // without a disk
	if why := w.store.NotReady(w.Now); len(why) == 0 {
		t.Error("ready without a list")
	}
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	k.restart(k.Now)
	if why := k.store.NotReady(k.Now); len(why) > 0 {
		t.Errorf("with a disk, not ready: %q", why)
	}
	k.wantNoStatus("qeaa-diploma-de", k.Now, "valid")
}

func signatureInComment(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.loadNational(w.Now)
	b := w.tl("DE", verifytest.TLOptions{Sequence: 2, Damage: func(b []byte) []byte {
		from, to := bytes.Index(b, []byte("<ds:Signature")), bytes.Index(b, []byte("</ds:Signature>"))
		return slices.Concat(b[:from], []byte("<!-- <ds:Signature>ds:Signature></ds:Signature> -->"), b[to+len("</ds:Signature>"):])
	}})
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, b, w.Now, reason.TrustListSignatureMissing)
}

func ownCertificate(t *testing.T) {
	w := realWorld(t, nil)
	w.loadAll(w.Now)
	stranger := w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(time.Hour)) // same names as the real one
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("DE", verifytest.TLOptions{Sequence: 2, Signer: stranger}), w.Now, reason.TrustListSignerUnknown)
	w.refuseList("pid", verifytest.ListOptions{Sequence: 2, Signer: stranger}, w.Now, reason.TrustListSignerUnknown)
	w.refuse(artefact.VICAL, vical, artefact.Origin, w.vical(verifytest.VICALOptions{IssueID: 2, Signer: stranger}), w.Now, reason.VICALSignerUntrusted)
}

func nationalSignsLOTL(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.loadNational(w.Now)
	german, err := w.TLSigner("DE")
	if err != nil {
		t.Fatal(err)
	}
	w.refuse(artefact.LOTL, lotl, artefact.Origin, w.lotl(verifytest.LOTLOptions{Sequence: 2, Signer: german}), w.Now, reason.TrustListSignerUnknown)
}

func lotlSignsNational(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.loadNational(w.Now)
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("DE", verifytest.TLOptions{Sequence: 2, Signer: w.Operator}), w.Now, reason.TrustListSignerUnknown)
}

func replacedSigner(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.loadNational(w.Now)
	successor := w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(time.Hour))
	w.admitLOTL(verifytest.LOTLOptions{Sequence: 2, PointerSigners: map[string][]*verifytest.Key{"DE": {successor}}}, w.Now)
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, w.tl("DE", verifytest.TLOptions{Sequence: 2}), w.Now, reason.TrustListSignerUnknown)
}

func oneCountryFails(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	w.loadNational(w.Now)
	w.store.Failed(artefact.NationalID(lotl, "DE"), w.Now, errTest)
	w.refuse(artefact.TL, tlName("DE"), artefact.Origin, []byte("<html/>"), w.Now, reason.TrustListMalformed)
	w.wantNoStatus("qeaa-diploma-nl", w.Now, "valid")
	w.wantNoStatus("qeaa-diploma-de", w.Now, "valid") // the last good one
}

func longUnlooked(t *testing.T) {
	w := realWorld(t, nil)
	w.loadAll(w.Now)
	w.wantNoStatus("sdjwt-pid-de", w.Now.Add(7*day-time.Second), "valid")
	w.wantNoStatus("sdjwt-pid-de", w.Now.Add(7*day), "indeterminate", "anchor_list_stale")
}

func rollbackAfterRestart(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	old := k.list("pid", verifytest.ListOptions{})
	k.admitList("pid", verifytest.ListOptions{Sequence: 2, Without: []string{"DE"}}, k.Now)
	k.restart(k.Now)
	k.refuse(artefact.LoTE, "pid", artefact.Origin, old, k.Now, reason.TrustListRollback)
}

func severalPerCountry(t *testing.T) {
	w := realWorld(t, func(_ *verifytest.World, o *cache.Options) {
		o.Sources = o.Sources[len(o.Sources)-1:] // the VICAL
	})
	second := *w.State()
	second.ID, second.Name = "us-mad", "Madison Department of Motor Vehicles"
	ca, err := verifytest.Certify(second.CertOptions(w.Now, "CA", nil))
	if err != nil {
		t.Fatal(err)
	}
	second.CA, second.Services = ca, []verifytest.Service{{Purpose: trustlist.Issuance, Certs: []*verifytest.Key{ca}}}
	for _, order := range [][]*verifytest.Authority{{w.State(), &second}, {&second, w.State()}} {
		w.store = cache.New(cache.Options{UnsafeTestAnchors: true, Sources: []cache.Source{vicalSource(w.World)}}, w.Now)
		w.admitVICAL(verifytest.VICALOptions{Authorities: order}, w.Now)
		w.wantNoStatus("mdl-vical", w.Now, "valid")
		if n := len(w.store.View().BySubject(string(ca.Cert.RawSubject))); n != 1 {
			t.Errorf("%d anchors of the second authority", n)
		}
	}
}

func docTypeLeftOut(t *testing.T) {
	w := realWorld(t, onlyVICAL)
	w.admitVICAL(verifytest.VICALOptions{DocTypes: []string{"org.iso.23220.photoid.1"}}, w.Now)
	w.wantNoStatus("mdl-vical", w.Now, "invalid", "vical_doctype_not_listed")
}

func purposesMixed(t *testing.T) {
	w := realWorld(t, nil)
	w.loadAll(w.Now)
	purposes := make(map[[32]byte][]trustlist.Purpose)
	for _, a := range w.Authorities() {
		for _, service := range a.Services {
			for _, key := range service.Certs {
				id := artefact.Sum(key.Cert.Raw)
				purposes[id] = append(purposes[id], service.Purpose)
			}
		}
	}
	seen := make(map[trustlist.Purpose]int)
	for id, listed := range purposes {
		for _, tr := range w.store.View().ByID(id) {
			seen[tr.Anchor.Purpose]++
			if tr.List.Name != "eaa" && !slices.Contains(listed, tr.Anchor.Purpose) {
				t.Errorf("an anchor for %s that was listed for %v", tr.Anchor.Purpose, listed)
			}
		}
	}
	if seen[trustlist.Issuance] == 0 || seen[trustlist.Revocation] == 0 {
		t.Errorf("anchors by purpose: %v", seen)
	}
}

func sameSubject(t *testing.T) {
	w := realWorld(t, nil)
	w.loadAll(w.Now)
	real := w.QEAA("NL").Signer // whom the list names itself
	twin, err := verifytest.Certify(verifytest.CertOptions{
		Subject: real.Cert.Subject, NotBefore: real.Cert.NotBefore, NotAfter: real.Cert.NotAfter,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.store.View().ByID(artefact.Sum(twin.Cert.Raw)); len(got) > 0 {
		t.Error("a certificate that nobody listed is an anchor")
	}
	if got := w.store.View().ByID(artefact.Sum(real.Cert.Raw)); len(got) != 1 || got[0].Anchor.Mode != trustlist.Direct {
		t.Errorf("the listed one: %+v", got)
	}
}
