package cache_test

import (
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// truth is what a node with the right time says of a presentation.
type truth struct {
	name string
	req  *verify.Request
	good bool
}

// A node whose clock is wrong, from the start, with lists on disk or without, never
// calls valid what is not: presentations that are expired, not valid yet, revoked or
// by a stranger now are made now, and looked at by clocks that are off.
func TestClockSetWrong(t *testing.T) {
	k := keptWorld(t, nil)
	k.loadAll(k.Now)
	var all []truth
	for _, s := range append(verifytest.Samples(), verifytest.ListedSamples()...) {
		req := k.sample(s.Name, k.Now)
		req.Policy.Status = verify.Skip
		good := k.verifier.Verify(k.store.View(), req, k.Now).Verdict == verify.Valid
		all = append(all, truth{s.Name, req, good})
	}
	for what, clock := range map[string]time.Time{
		"an hour behind": k.Now.Add(-time.Hour), "an hour ahead": k.Now.Add(time.Hour),
		"a year behind": k.Now.AddDate(-1, 0, 0), "a year ahead": k.Now.AddDate(1, 0, 0), "1970": time.Unix(0, 0), "the end of 2038": time.Unix(1<<31, 0),
	} {
		k.restart(clock)
		valid := k.wantNoneFalse(t, what+", restarted", all, clock)
		if trusted := k.store.View().ClockTrusted(clock); clock.Before(k.Now) && (trusted || valid > 0) {
			t.Errorf("%s: the clock is trusted (%v), %d valid", what, trusted, valid)
		}
		// Without a disk, at the first start, and with an origin that works.
		fresh := realWorld(t, nil)
		fresh.World, fresh.verifier = k.World, k.verifier
		fresh.loadWhatIsTaken(clock)
		fresh.wantNoneFalse(t, what+", first start", all, clock)
	}
	// Stepped while it runs: the monotonic clock tells.
	now := time.Now()
	k.restart(now)
	if n := k.wantNoneFalse(t, "not stepped", all, now); n == 0 {
		t.Error("nothing is valid by the right clock")
	}
	for _, step := range []time.Duration{-365 * day, -time.Hour, time.Hour, 365 * day} {
		stepped := skewed(t, now, step)
		if n := k.wantNoneFalse(t, "stepped by "+step.String(), all, stepped); n > 0 || k.store.View().ClockTrusted(stepped) {
			t.Errorf("stepped by %v: %d valid", step, n)
		}
	}
}

// wantNoneFalse wants nothing to be valid that is not, and counts what is.
func (w *world) wantNoneFalse(t *testing.T, what string, all []truth, clock time.Time) (valid int) {
	t.Helper()
	for _, p := range all {
		r := w.verifier.Verify(w.store.View(), p.req, clock)
		if r.Verdict != verify.Valid {
			continue
		}
		valid++
		if !p.good {
			t.Errorf("%s: %s is valid", what, p.name)
		}
	}
	return valid
}

// loadWhatIsTaken offers every list by a clock that may refuse some.
func (w *world) loadWhatIsTaken(clock time.Time) {
	w.t.Helper()
	for _, s := range w.story() {
		_, _ = w.admit(s.id.Kind, s.id.Name, "origin", s.b, clock)
	}
	for _, p := range verifytest.Profiles() {
		_, _ = w.admit("lote", p, "origin", w.list(p, verifytest.ListOptions{Sequence: 3}), clock)
	}
	_, _ = w.admit("anchors", "eaa", "file", w.EAA().Bundle(), clock)
	_, _ = w.admit("tl", tlName("NL"), "origin", w.tl("NL", verifytest.TLOptions{}), clock)
}
