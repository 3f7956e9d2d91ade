package verifytest_test

import (
	"crypto/x509"
	"slices"
	"testing"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/trustlist/vical"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// readVICAL puts a World's VICAL through the verifier's own parser.
func readVICAL(t *testing.T, w *verifytest.World, o verifytest.VICALOptions) *trustlist.List {
	t.Helper()
	b, err := w.VICAL(o)
	if err != nil {
		t.Fatal(err)
	}
	u, err := vical.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := u.Verify([]*x509.Certificate{w.VICALRoot().Cert}, vical.Options{Provider: verifytest.VICALProvider}, now)
	if err != nil {
		t.Fatal(err)
	}
	return got.List()
}

// TestVICAL: the VICAL keeps to its profile without a warning, names Utopia, too,
// and all its certificates are marked.
func TestVICAL(t *testing.T) {
	w := world(t, now)
	l := readVICAL(t, w, verifytest.VICALOptions{IssueID: 7})
	if len(l.Warnings) > 0 || len(l.Skipped) > 0 || l.Sequence != 7 || l.Unnumbered || !l.Issued.Equal(w.Now) {
		t.Errorf("list %+v", l)
	}
	var territories []string
	for _, a := range l.Anchors {
		if a.Kind != trustlist.KindMDL || !trustlist.IsTest(a.Cert) {
			t.Errorf("anchor %+v", a)
		}
		territories = append(territories, a.Territory)
	}
	if !slices.Equal(territories, []string{"US", "UT"}) || !trustlist.IsTest(l.Signer) || !trustlist.IsTest(w.VICALRoot().Cert) {
		t.Errorf("territories %q", territories)
	}
	if slices.Contains(w.Authorities(), w.State()) || w.Authority("us-jf") != w.State() {
		t.Error("the State is among the authorities, or not found by its id")
	}
}

// TestMDLVICAL: the licence is good at a node that holds the VICAL, by somebody
// unknown at one that does not, and no good under a VICAL that lists the State for
// another document type or not at all.
func TestMDLVICAL(t *testing.T) {
	w := world(t, now)
	m, err := w.Make("mdl-vical", verifytest.Context{}, now)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := verify.New(verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		list *verifytest.VICALOptions
		code reason.Code
	}{
		{"no VICAL", nil, reason.AnchorNotFound},
		{"VICAL", &verifytest.VICALOptions{}, ""},
		{"VICAL without it", &verifytest.VICALOptions{Without: []string{"us-jf"}}, reason.AnchorNotFound},
		{"VICAL for another type", &verifytest.VICALOptions{DocTypes: []string{"org.iso.23220.photoid.1"}}, reason.VICALDocTypeNotListed},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := viewOf(t, w, now)
			if c.list != nil {
				v.add(trustlist.KindMDL, "vical", readVICAL(t, w, *c.list))
				v.loadCRLs(t, w, now)
			}
			res := verifier.Verify(v, request(m), now)
			s := verifytest.Sample{Verdict: reason.Valid, Format: verifytest.FormatMdoc}
			if c.code != "" {
				s.Verdict, s.Codes = reason.Invalid, []reason.Code{c.code}
			}
			checkOutcome(t, s, res)
		})
	}
	if slices.ContainsFunc(verifytest.Samples(), func(s verifytest.Sample) bool { return s.Name == "mdl-vical" }) {
		t.Error("mdl-vical is among the samples")
	}
}
