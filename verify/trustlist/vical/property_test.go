package vical

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestScopes: whatever a list says of a few certificates and types, an anchor
// serves a type if, and only if, an entry with its certificate names it.
func TestScopes(t *testing.T) {
	w := newWorld(t)
	cas := []*verifytest.Key{w.State().CA, w.MDL().CA, w.EAA().CA}
	all := []string{mdl, photoID, verifytest.TypePIDMdoc, "org.iso.7367.1.mVRC"}
	rapid.Check(t, func(t *rapid.T) {
		type pair struct{ ca, typ string }
		listed := make(map[pair]bool)
		infos := []any{}
		for range rapid.IntRange(0, 6).Draw(t, "entries") {
			ca := rapid.SampledFrom(cas).Draw(t, "certificate").Cert
			types := rapid.SliceOfN(rapid.SampledFrom(all), 1, 4).Draw(t, "types")
			info := verifytest.CertificateInfo(ca, types...)
			info["issuingAuthority"] = rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "authority")
			infos = append(infos, info)
			for _, typ := range types {
				listed[pair{string(ca.Raw), typ}] = true
			}
		}
		l, err := w.entries(infos...)
		if err != nil {
			t.Fatal(err)
		}
		served := make(map[pair]bool)
		for _, a := range l.Anchors {
			for _, typ := range all {
				if !a.ServesType(typ) {
					continue
				}
				served[pair{string(a.Cert.Raw), typ}] = true
				if (a.Kind == trustlist.KindMDL) != (typ == mdl) || a.Kind != trustlist.KindMDL && a.Kind != trustlist.KindEAA {
					t.Fatalf("%s is served by an anchor of kind %s", typ, a.Kind)
				}
			}
		}
		if len(served) != len(listed) {
			t.Fatalf("%d pairs served, %d listed", len(served), len(listed))
		}
		for p := range served {
			if !listed[p] {
				t.Fatalf("%s is served and not listed", p.typ)
			}
		}
	})
}
