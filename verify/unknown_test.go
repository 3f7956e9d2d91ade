package verify_test

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestNothingKnown: what a node cannot check is never the fault of whoever presents
// it. A good presentation is indeterminate at a node without lists, or with a clock
// that cannot be right, whatever else was asked for beside it.
func TestNothingKnown(t *testing.T) {
	bare, late := bareWorld(t, verify.Options{}), newWorld(t, verify.Options{})
	for _, s := range append(verifytest.Samples(), verifytest.ListedSamples()...) {
		if s.Verdict != verify.Valid {
			continue
		}
		if r := bare.verify(second(bare.make(t, s.Name, verifytest.Context{}))); r.Verdict != verify.Indeterminate {
			t.Errorf("%s without lists: %s %v", s.Name, r.Verdict, codes(r))
		}
		_, req := late.make(t, s.Name, verifytest.Context{})
		if r := late.verifier.Verify(late.store.View(), req, late.now.Add(-time.Hour)); r.Verdict != verify.Indeterminate {
			t.Errorf("%s before the lists were issued: %s %v", s.Name, r.Verdict, codes(r))
		}
	}
}

func second(_ *verifytest.Made, req *verify.Request) *verify.Request { return req }

// TestTransactionUnbound: of several credentials that could bind a transaction one
// has to. While one of them cannot be checked, nobody knows whether it does.
func TestTransactionUnbound(t *testing.T) {
	w := newWorld(t, verify.Options{Kinds: map[string]trustlist.Kind{}})
	card := func(c verifytest.Context, ids string) (*verifytest.Made, *verify.Request) {
		c.TransactionData = []string{verifytest.URL64([]byte(`{"type":"t","credential_ids":[` + ids + `]}`))}
		return w.make(t, "transaction-data-missing", c)
	}
	made, req := card(verifytest.Context{}, `"a","b"`)
	_, other := card(made.Context, `"b","a"`)
	req.VPToken["b"] = other.VPToken["b"]
	for kind, want := range map[trustlist.Kind]verify.Verdict{
		trustlist.KindEAA: verify.Invalid,
		"":                verify.Indeterminate, // nobody says whose it has to be
	} {
		req.Expect["b"] = verify.Expect{Kind: kind}
		r := w.verify(req)
		if missing := slices.Contains(codes(r), reason.TransactionDataMissing); r.Verdict != want || missing != (want == verify.Invalid) {
			t.Errorf("the other is %q: %s %v, want %s", kind, r.Verdict, codes(r), want)
		}
	}
}
