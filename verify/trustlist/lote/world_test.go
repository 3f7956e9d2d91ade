package lote

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestWorld: the lists of the demonstration ecosystem, which another hand encodes,
// keep to their profiles without a warning.
func TestWorld(t *testing.T) {
	now := time.Now()
	w, err := verifytest.New(now)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Profiles() {
		b, err := w.LoTE(name, verifytest.ListOptions{Sequence: 3})
		if err != nil {
			t.Fatal(err)
		}
		u, err := Parse(b)
		want(t, err, "")
		v, err := u.Verify([]*x509.Certificate{w.Operator.Cert}, Options{Profile: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		l := v.List()
		if len(l.Warnings) > 0 || len(l.Skipped) > 0 || l.Sequence != 3 {
			t.Errorf("%s: warnings %q, skipped %+v, sequence %d", name, l.Warnings, l.Skipped, l.Sequence)
		}
		for _, a := range l.Anchors {
			if !trustlist.IsTest(a.Cert) || a.Territory == "" || a.Usable == strings.HasSuffix(a.Status, "/withdrawn") {
				t.Errorf("%s: anchor %+v", name, a)
			}
		}
		t.Logf("%s: %d anchors", name, len(l.Anchors))
	}
}
