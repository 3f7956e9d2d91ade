package verify_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// offered offers bytes, after good ones, to a node that follows a LOTL and a VICAL.
func offered(kind artefact.Kind, name string, make func(t *testing.T, w *world) (before, b []byte)) func(t *testing.T) []reason.Code {
	return func(t *testing.T) []reason.Code {
		w := bareWorld(t, verify.Options{})
		w.store = cache.New(cache.Options{UnsafeTestAnchors: true, Sources: []cache.Source{
			{Name: "lotl", Type: artefact.LOTL, URL: w.LOTLURL(), OJ: verifytest.OfficialJournal, Signers: []*x509.Certificate{w.Operator.Cert}},
			{Name: "vical", Type: artefact.VICAL, URL: "https://vical.example/vc", Signers: []*x509.Certificate{w.VICALRoot().Cert}},
		}}, w.now)
		before, b := make(t, w)
		if before != nil {
			w.admit(t, kind, name, artefact.Origin, before)
		}
		err := w.offer(kind, name, artefact.Origin, b)
		if err == nil {
			t.Fatal("admitted")
		}
		return []reason.Code{reason.CodeOf(err)}
	}
}

// lotl offers a LOTL.
func lotl(o verifytest.LOTLOptions) func(t *testing.T) []reason.Code {
	return offered(artefact.LOTL, "lotl", func(t *testing.T, w *world) (before, b []byte) { return nil, must(w.LOTL(o))(t) })
}

// vical offers a VICAL after one with the issue number 7.
func vical(change func(w *world, o *verifytest.VICALOptions)) func(t *testing.T) []reason.Code {
	return offered(artefact.VICAL, "vical", func(t *testing.T, w *world) (before, b []byte) {
		o := verifytest.VICALOptions{IssueID: 7}
		before = must(w.VICAL(o))(t)
		change(w, &o)
		return before, must(w.VICAL(o))(t)
	})
}

// badRealLists are the codes of XML lists, pivots and VICALs.
func badRealLists() []provocation {
	type vicalOptions = verifytest.VICALOptions
	return []provocation{
		{code: reason.TrustListXMLDTDForbidden, run: lotl(verifytest.LOTLOptions{Damage: func(b []byte) []byte {
			return append([]byte("<!DOCTYPE x [<!ENTITY e \"e\">]>"), b...)
		}})},
		{code: reason.TrustListXMLWrapping, run: lotl(verifytest.LOTLOptions{Damage: func(b []byte) []byte {
			text := string(b) // a second signature beside the first
			from, end := strings.Index(text, "<ds:Signature"), strings.LastIndex(text, "</")
			return []byte(text[:end] + text[from:end] + text[end:])
		}})},
		{code: reason.TrustListPivotBroken, run: lotl(verifytest.LOTLOptions{Pivots: []string{"https://lists.example/pivot-1.xml"}})},
		{code: reason.TrustListOJMismatch, run: lotl(verifytest.LOTLOptions{OJ: "https://journal.example/another"})},
		{code: reason.TrustListLocationConflict, run: lotl(verifytest.LOTLOptions{Location: "https://elsewhere.example/eu-lotl.xml"})},
		{code: reason.TrustListPointerInvalid, run: lotl(verifytest.LOTLOptions{Territories: []string{"DE", "DE"}})},
		{code: reason.VICALMalformed, run: vical(func(_ *world, o *vicalOptions) {
			o.Damage = func(b []byte) []byte { return b[:len(b)-1] }
		})},
		{code: reason.VICALSignatureInvalid, run: vical(func(_ *world, o *vicalOptions) {
			o.Damage = func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
		})},
		{code: reason.VICALSignerUntrusted, run: vical(func(w *world, o *vicalOptions) { o.Signer = w.Operator })},
		{code: reason.VICALRollback, run: vical(func(_ *world, o *vicalOptions) { o.IssueID = 6 })},
		{code: reason.VICALConflict, run: vical(func(_ *world, o *vicalOptions) { o.Without = []string{"us-jf"} })},
		{code: reason.VICALExpired, run: vical(func(w *world, o *vicalOptions) {
			o.IssueID, o.Date, o.NotAfter = 8, w.now.Add(-time.Hour), w.now.Add(-time.Second)
		})},
		{code: reason.VICALTooLarge, run: vical(func(_ *world, o *vicalOptions) {
			o.Damage = func([]byte) []byte { return make([]byte, cache.MaxList+1) }
		})},
		{code: reason.VICALDocTypeNotListed, run: func(t *testing.T) []reason.Code {
			w := newWorld(t, verify.Options{})
			w.store = cache.New(cache.Options{UnsafeTestAnchors: true, Sources: []cache.Source{
				{Name: "vical", Type: artefact.VICAL, URL: "https://vical.example/vc", Signers: []*x509.Certificate{w.VICALRoot().Cert}},
			}}, w.now)
			w.admit(t, artefact.VICAL, "vical", artefact.Origin, must(w.VICAL(vicalOptions{DocTypes: []string{"org.iso.23220.photoid.1"}}))(t))
			_, req := w.make(t, "mdl-vical", verifytest.Context{})
			return codes(w.verify(req))
		}},
	}
}
