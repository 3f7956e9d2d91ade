package verify_test

import (
	"slices"
	"testing"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// provocation makes one code come out of an entry point.
type provocation struct {
	code reason.Code
	// run returns the codes that came out: of the whole answer, then of its
	// credentials; or the one of a refused artefact.
	run     func(t *testing.T) []reason.Code
	besides []reason.Code // other codes that come with it, in order
}

func provocations() []provocation {
	return slices.Concat(
		fromSamples(), badSDJWTs(), badDisclosures(), badKeyBindings(), badMdocs(), badAnswers(), badStatuses(),
		badChains(), badNodes(), badLists(), badRealLists(), badTokens(),
		badIdentifierLists(), badCRLs(),
	)
}

// TestEveryCode walks the registry: each code comes out of the product through an
// entry point, exactly as it is named, and nothing comes out that has no row.
func TestEveryCode(t *testing.T) {
	provoked := make(map[reason.Code]bool)
	for _, p := range provocations() {
		t.Run(string(p.code), func(t *testing.T) {
			want := append([]reason.Code{p.code}, p.besides...)
			got := p.run(t)
			for _, c := range got {
				if _, ok := reason.Lookup(c); !ok {
					t.Errorf("%q came out and is not in the registry", c)
				}
			}
			if !equal(got, want) {
				t.Fatalf("%q, want %q", got, want)
			}
			provoked[p.code] = true
		})
	}
	for _, e := range reason.Registry() {
		if !provoked[e.Code] {
			t.Errorf("nothing provokes %s", e.Code)
		}
	}
}

// fromSamples: what the samples of verifytest promise, TestSamples holds; here
// they provoke the codes that nothing below does better.
func fromSamples() (list []provocation) {
	for _, s := range verifytest.Samples() {
		if len(s.Codes) == 1 {
			list = append(list, provocation{code: s.Codes[0], run: func(t *testing.T) []reason.Code {
				w := commonWorld(t)
				_, req := w.make(t, s.Name, verifytest.Context{})
				return codes(w.verify(req))
			}})
		}
	}
	return list
}

// build is sd or md.
type builder interface {
	build(t testing.TB, w *world) *verify.Request
}

// presented verifies one credential in the common world.
func presented(b builder) func(t *testing.T) []reason.Code {
	return inWorld(func(*world) builder { return b })
}

// inWorld is presented for what needs the world's keys.
func inWorld(f func(*world) builder) func(t *testing.T) []reason.Code {
	return func(t *testing.T) []reason.Code {
		w := commonWorld(t)
		res := w.verify(f(w).build(t, w))
		assertSettled(t, res)
		return codes(res)
	}
}

// warnedIn is inWorld for warnings: the verdict must be valid.
func warnedIn(f func(*world) builder) func(t *testing.T) []reason.Code {
	return func(t *testing.T) []reason.Code {
		w := commonWorld(t)
		return warnings(t, w.verify(f(w).build(t, w)))
	}
}

func warnings(t *testing.T, res *verify.Result) (list []reason.Code) {
	t.Helper()
	assertSettled(t, res)
	if res.Verdict != verify.Valid {
		t.Errorf("%s %q", res.Verdict, codes(res))
	}
	for _, c := range res.Credentials {
		for _, w := range c.Warnings {
			list = append(list, w.Code)
		}
	}
	return list
}

// assertSettled: the verdicts follow from the reasons, and a verdict that is not
// valid has a reason.
func assertSettled(t testing.TB, res *verify.Result) {
	t.Helper()
	overall := verify.Valid
	worst := func(v verify.Verdict, reasons []verify.Reason) verify.Verdict {
		for _, r := range reasons {
			e, ok := reason.Lookup(r.Code)
			if !ok || e.Class != r.Class || e.Retry != r.Retry || r.Detail == "" {
				t.Errorf("reason %+v is not as registered", r)
			}
			v = reason.Worse(v, e.Verdict)
		}
		return v
	}
	for _, c := range res.Credentials {
		if v := worst(verify.Valid, c.Reasons); c.Verdict != v {
			t.Errorf("credential is %s, its reasons make it %s", c.Verdict, v)
		}
		if c.Verdict == verify.Invalid && c.Claims != nil {
			t.Error("claims of an invalid credential")
		}
		overall = reason.Worse(overall, c.Verdict)
	}
	if overall = worst(overall, res.Reasons); res.Verdict != overall {
		t.Errorf("the answer is %s, its parts make it %s", res.Verdict, overall)
	}
}
