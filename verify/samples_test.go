package verify_test

import (
	"testing"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// Every sample comes out as its author says, over both flows of OpenID4VP.
func TestSamples(t *testing.T) {
	w := bareWorld(t, verify.Options{})
	w.loadLists(t)
	type one struct {
		made *verifytest.Made
		req  *verify.Request
	}
	var all []one
	for _, flow := range []string{verifytest.FlowRedirect, verifytest.FlowDCAPI} {
		for _, s := range verifytest.Samples() {
			made, req := w.make(t, s.Name, verifytest.Context{Flow: flow})
			all = append(all, one{made, req})
		}
	}
	w.loadStatus(t) // after the samples have set their entries
	for _, o := range all {
		s := o.made.Sample
		res := w.verify(o.req)
		if res.Verdict != s.Verdict || !equal(codes(res), s.Codes) {
			t.Errorf("%s over %s: %s %v, want %s %v; reasons %+v", s.Name, o.made.Context.Flow, res.Verdict, codes(res), s.Verdict, s.Codes, res.Credentials)
		}
	}
}
