package cache_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Bytes without a name find their list by what they say of themselves, and are
// refused as that list would refuse them.
func TestOffer(t *testing.T) {
	w := realWorld(t, nil)
	offer := func(b []byte) (cache.Outcome, error) { return w.store.Offer(b, artefact.Publish, w.Now) }
	accepted := func(want string, b []byte) {
		t.Helper()
		if out, err := offer(b); err != nil || out.List != want {
			t.Errorf("%s: %q %v", want, out.List, err)
		}
	}
	refused := func(what string, b []byte, want reason.Code) {
		t.Helper()
		if _, err := offer(b); reason.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	refused("a national list before its LOTL", w.tl("DE", verifytest.TLOptions{}), reason.ArtefactUnknown)
	accepted(lotl, w.lotl(verifytest.LOTLOptions{}))
	accepted(tlName("DE"), w.tl("DE", verifytest.TLOptions{}))
	accepted(tlName("NL"), w.tl("NL", verifytest.TLOptions{}))
	accepted(vical, w.vical(verifytest.VICALOptions{}))
	for _, p := range verifytest.Profiles() { // all of one signer
		accepted(p, w.list(p, verifytest.ListOptions{}))
	}
	tokens, err := w.StatusTokens(w.Now)
	if err != nil {
		t.Fatal(err)
	}
	accepted("status", tokens[w.germanEntry().uri].Token)

	refused("an older version", w.list("mdl", verifytest.ListOptions{Issued: w.Now.Add(-time.Minute)}), reason.TrustListConflict)
	refused("a stranger's LoTE", w.list("pid", verifytest.ListOptions{Sequence: 2, Signer: w.Stranger().Signer}), reason.TrustListSignerUnknown)
	refused("a list of an unknown country", w.tl("FR", verifytest.TLOptions{}), reason.ArtefactUnknown)
	refused("a bundle", w.EAA().Bundle(), reason.ListUnsigned)
	refused("a bundle under a heading", append([]byte("Signers of the lists:\n"), w.EAA().Bundle()...), reason.ListUnsigned)
	refused("nothing", nil, reason.ArtefactUnknown)
	refused("text", []byte("<html>not found</html>"), reason.TrustListMalformed)
	refused("a document type", []byte("<!DOCTYPE x><TrustServiceStatusList/>"), reason.TrustListXMLDTDForbidden)
	refused("JSON", []byte(`{"LoTE": {}}`), reason.TrustListSignatureMissing)
	refused("CBOR of no kind", []byte{0xa0}, reason.VICALMalformed)
	refused("a large one", make([]byte, cache.MaxList+1), reason.TrustListTooLarge)
	for _, e := range w.events {
		if e.Type == cache.ListRefused && e.List != "unknown" && w.info(e.List, w.Now).Source.Name == "" {
			t.Errorf("an event of %q, which nobody follows", e.List)
		}
	}
	w.must(w.admit(artefact.Anchors, "eaa", artefact.File, w.EAA().Bundle(), w.Now))
	w.wantNoStatus("qeaa-diploma-de", w.Now, "valid")
}

// A pivot that a list waits for is told from a version of the list.
func TestOfferPivot(t *testing.T) {
	w := realWorld(t, onlyLOTL)
	second := w.listSigner(w.Now.Add(-time.Hour), w.Now.Add(10*day))
	url := w.ListBase + "/eu-lotl-pivot-2.xml"
	pivot := w.lotl(verifytest.LOTLOptions{Sequence: 2, SelfSigners: []*verifytest.Key{second}, Pivots: []string{url}})
	list := w.lotl(verifytest.LOTLOptions{Sequence: 3, Signer: second, Pivots: []string{url}})
	offer := func(b []byte) reason.Code {
		_, err := w.store.Offer(b, artefact.Publish, w.Now)
		return reason.CodeOf(err)
	}
	if got := offer(list); got != reason.TrustListPivotBroken {
		t.Fatalf("without its pivot: %q", got)
	}
	if got := offer(pivot); got != "" {
		t.Fatalf("the pivot: %q", got)
	}
	if got := offer(list); got != "" {
		t.Fatalf("with its pivot: %q", got)
	}
	if got := w.info(lotl, w.Now); got.State != verify.Fresh || got.Ref.Version != 3 {
		t.Errorf("%+v", got)
	}
}
