package cache_test

import (
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// The epoch is raised when the set of anchors changes in content, and by nothing
// else.
func TestEpoch(t *testing.T) {
	w := newWorld(t, nil)
	last := w.store.View().Epoch()
	step := func(what string, raised bool, do func()) {
		t.Helper()
		do()
		now := w.store.View().Epoch()
		if (now > last) != raised || now < last {
			t.Errorf("%s: epoch %d after %d", what, now, last)
		}
		last = now
	}
	list := func(o verifytest.ListOptions) func() { return func() { w.admitList("pid", o, w.Now) } }
	step("first list", true, list(verifytest.ListOptions{}))
	step("re-issue", false, list(verifytest.ListOptions{Sequence: 2}))
	step("re-issue with other times", false, list(verifytest.ListOptions{Sequence: 3, Issued: w.Now.Add(time.Minute)}))
	step("look", false, func() { w.store.Looked(artefact.ID{Kind: artefact.LoTE, Name: "pid"}, w.Now.Add(time.Hour)) })
	step("another list", true, func() { w.admitList("pubeaa", verifytest.ListOptions{}, w.Now) })
	step("status list", false, func() { w.germanEntry().admit(verifytest.StatusGood, w.Now, verifytest.TokenOptions{}) })
	step("removal", true, list(verifytest.ListOptions{Sequence: 4, Without: []string{"DE"}}))
	step("the same again", false, list(verifytest.ListOptions{Sequence: 5, Without: []string{"DE"}}))
	step("back", true, list(verifytest.ListOptions{Sequence: 6}))
	step("standing", true, func() {
		a := *w.PubEAA()
		a.Withdrawn = true
		w.admitList("pubeaa", verifytest.ListOptions{Sequence: 2, Authorities: []*verifytest.Authority{&a, w.Withdrawn()}}, w.Now)
	})
	step("refusal", false, func() {
		w.refuseList("pid", verifytest.ListOptions{Sequence: 1}, w.Now, reason.TrustListRollback)
	})
	step("bundle", true, func() {
		w.must(w.admit(artefact.Anchors, "eaa", artefact.File, w.EAA().Bundle(), w.Now))
	})
	step("bundle with a comment", false, func() {
		w.must(w.admit(artefact.Anchors, "eaa", artefact.File, append(w.EAA().Bundle(), "# same\n"...), w.Now))
	})
}

// A node is seeded once everything required was loaded; everything there is, when
// nothing is required. That it was is never undone.
func TestSeeded(t *testing.T) {
	for _, required := range []bool{false, true} {
		w := newWorld(t, func(_ *verifytest.World, o *cache.Options) {
			o.Sources = o.Sources[:2] // pid and wallet
			o.Sources[0].Required = required
		})
		want := func(what string, seeded bool) {
			t.Helper()
			if w.store.View().Seeded() != seeded {
				t.Errorf("required %v, %s: seeded %v", required, what, !seeded)
			}
			v, codes := w.noStatus("unknown-issuer", w.Now)
			if !seeded && (v == verify.Valid || codes[0] != reason.NodeNotSeeded) {
				t.Errorf("required %v, %s: %s %v", required, what, v, codes)
			}
		}
		want("nothing", false)
		w.admitList("wallet", verifytest.ListOptions{}, w.Now)
		want("what is not required", false)
		w.refuseList("pid", verifytest.ListOptions{Issued: w.Now.Add(time.Hour)}, w.Now, reason.TrustListNotYetValid)
		want("a refusal", false)
		w.admitList("pid", verifytest.ListOptions{}, w.Now)
		want("all", true)
		w.refuseList("pid", verifytest.ListOptions{Sequence: 1 << 30}, w.Now, reason.TrustListSequenceJump)
		want("all, one in quarantine", true)
	}
	w := newWorld(t, func(_ *verifytest.World, o *cache.Options) { o.Sources[0].Required = true })
	w.admitList("pid", verifytest.ListOptions{}, w.Now)
	if !w.store.View().Seeded() {
		t.Error("not seeded with the required list")
	}
}

// A clock well before something that was signed cannot be right, and then no
// answer is anything but indeterminate.
func TestClockFloor(t *testing.T) {
	w := loaded(t, nil)
	floor := w.Now.Add(time.Hour)
	trusted := func(what string, now time.Time, want bool) {
		t.Helper()
		if got := w.store.View().ClockTrusted(now); got != want {
			t.Errorf("%s: trusted %v", what, got)
		}
	}
	bounds := func(what string) {
		t.Helper()
		trusted(what+": a second before the tolerance", floor.Add(-cache.ClockBehind-time.Second), false)
		trusted(what+": at the tolerance", floor.Add(-cache.ClockBehind), true)
		trusted(what+": a second inside", floor.Add(-cache.ClockBehind+time.Second), true)
		trusted(what+": much later", floor.Add(1000*day), true)
	}
	w.admitList("pid", verifytest.ListOptions{Sequence: 2, Issued: floor}, floor)
	bounds("trust list")
	w.admitList("mdl", verifytest.ListOptions{Sequence: 2, Issued: w.Now}, floor)
	w.refuseList("pid", verifytest.ListOptions{Sequence: 3, Issued: floor.Add(time.Hour)}, floor, reason.TrustListNotYetValid)
	bounds("after an older list and a refused one")

	late := floor.Add(-cache.ClockBehind - time.Second)
	for _, sample := range []string{"sdjwt-pid-de", "mdoc-pid-de", "unknown-issuer", "expired"} {
		v, codes := w.verdict(sample, late)
		wantVerdict(t, sample, v, codes, verify.Indeterminate, reason.ClockUntrusted)
	}
	if got := w.store.Degraded(late); len(got) != 2 || !strings.HasPrefix(got[0], "the clock") { // and no status list is held
		t.Errorf("degraded: %q", got)
	}

	e := w.germanEntry()
	floor = floor.Add(time.Hour)
	w.admitStatus(e.uri, e.token(verifytest.StatusGood, floor, verifytest.TokenOptions{}), floor)
	bounds("status list")
}

// skewed returns t with a wall clock that is d ahead of what its monotonic clock
// says, as after a step of the system's clock. Package time offers no way to make
// such a value; the layout is that of its Time.
func skewed(t testing.TB, from time.Time, d time.Duration) time.Time {
	t.Helper()
	if from == from.Round(0) {
		t.Fatal("a time without a monotonic reading")
	}
	at := from.Add(d)
	(*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&at)).ext -= int64(d)
	if got := at.Sub(from); got != 0 {
		t.Skipf("package time has another layout than this test knows: %v", got)
	}
	if got := at.Round(0).Sub(from.Round(0)); got != d {
		t.Fatalf("the wall clock moved by %v", got)
	}
	return at
}

// A wall clock that was stepped, against the monotonic one, cannot be told from a
// wrong one.
func TestClockJump(t *testing.T) {
	w := newWorld(t, nil)
	start := time.Now()
	w.store = cache.New(w.options(), start)
	w.admitList("pid", verifytest.ListOptions{}, start)
	w.admitList("pubeaa", verifytest.ListOptions{}, start)
	view := w.store.View()
	for d, want := range map[time.Duration]bool{
		0: true, cache.ClockJump: true, cache.ClockJump + time.Second: false, 8 * day: false,
		-cache.ClockJump + time.Second: true, -cache.ClockJump - time.Second: false,
	} {
		if got := view.ClockTrusted(skewed(t, start, d)); got != want {
			t.Errorf("stepped by %v: trusted %v", d, got)
		}
		// Time that has passed on both clocks is no step.
		if got := view.ClockTrusted(skewed(t, start.Add(100*day), d)); d >= 0 && got != want {
			t.Errorf("stepped by %v after 100 days: trusted %v", d, got)
		}
	}
	// Without a monotonic reading nothing can be said of steps.
	if !view.ClockTrusted(start.Round(0).Add(8 * day)) {
		t.Error("a time without a monotonic clock is taken for a step")
	}
	stepped := skewed(t, start, 8*day)
	v, codes := w.noStatus("sdjwt-pid-de", stepped)
	wantVerdict(t, "stepped", v, codes, verify.Indeterminate, reason.ClockUntrusted)
	// Ages are measured by the monotonic clock: the step made no list old.
	for _, l := range view.Lists() {
		if got := l.StateAt(stepped); got != verify.Fresh {
			t.Errorf("list %s is %s after a step of the wall clock", l.Name, got)
		}
	}
}
