package etsitl

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/internal/xmldsig"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// refused wants an error to be a trustlist_* code.
func refused(t *testing.T, err error) {
	t.Helper()
	if !strings.HasPrefix(string(reason.CodeOf(err)), "trustlist_") {
		t.Fatalf("got %v", err)
	}
}

// FuzzParse: any bytes end in a list or a trustlist_* code, and bytes that nobody
// pinned has signed never in a verified list.
func FuzzParse(f *testing.F) {
	w := newWorld(f)
	f.Add(w.lotl(f, verifytest.LOTLOptions{}))
	f.Add(w.tl(f, "NL", verifytest.TLOptions{}))
	if _, err := vectortest.Find(); err == nil {
		for _, small := range []string{"2019-09/TL-DK.xml.gz", "other/ee-test-lotl-TSL.xml", "g119612/test-trust-list-with-sig.xml", "broken/CZ_empty.xml.gz"} {
			f.Add(vector(f, small))
		}
	}
	stranger := []*x509.Certificate{newWorld(f).Operator.Cert}
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := Parse(b)
		if err != nil {
			refused(t, err)
			return
		}
		if uris, err := u.Pivots(verifytest.OfficialJournal); err != nil {
			refused(t, err)
		} else if len(uris) > MaxPivots {
			t.Fatalf("%d pivots", len(uris))
		}
		_, err = u.VerifyLOTL(stranger, LOTLOptions{OJ: verifytest.OfficialJournal})
		refused(t, err)
		_, err = u.VerifyPivot(stranger, verifytest.OfficialJournal)
		refused(t, err)
		_, err = u.VerifyNational(NationalOptions{Pointer: trustlist.Pointer{Signers: stranger, Territory: u.Claims().Territory}})
		refused(t, err)
	})
}

// FuzzContent starts behind the signature.
func FuzzContent(f *testing.F) {
	w := newWorld(f)
	add := func(xml string) string { f.Add([]byte(xml)); return xml }
	w.lotl(f, verifytest.LOTLOptions{Mutate: add, Pivots: []string{"https://lists.example/p.xml"}})
	w.tl(f, "DE", verifytest.TLOptions{Mutate: add})
	w.tl(f, "NL", verifytest.TLOptions{Mutate: add, NoNextUpdate: true})
	o := w.national(f, "DE")
	f.Fuzz(func(t *testing.T, content []byte) {
		signed := &xmldsig.Signed{Content: content, Signer: w.Operator.Cert, SigningTime: issued, SigningCertificateV2: true}
		r := newReader("lotl", signed)
		if err := r.lotl(LOTLOptions{OJ: verifytest.OfficialJournal}); err != nil {
			refused(t, err)
		} else if len(r.out.Anchors) > 0 || len(r.out.Pointers) > MaxPointers {
			t.Fatalf("%d anchors, %d pointers", len(r.out.Anchors), len(r.out.Pointers))
		}
		r = newReader("tl", signed)
		if err := r.national(o); err != nil {
			refused(t, err)
			return
		}
		if r.out.Territory != "DE" || r.out.Services > MaxServices {
			t.Fatalf("list %+v", r.out)
		}
		for _, a := range r.out.Anchors {
			if a.Kind == "" || a.Purpose != trustlist.Issuance || a.Entity == "" || a.Cert == nil || a.Territory != "DE" || a.StatusSince.IsZero() {
				t.Fatalf("anchor without scope: %+v", a)
			}
		}
	})
}
