package origin

import (
	"errors"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache"
	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
	"github.com/edgetrust/edgetrust/verify/reason"
)

var hourly = func(cache.Outcome) time.Duration { return time.Hour }

// draw waits many times and wants the waits to fill a span: none outside, some near
// either end.
func draw(t *testing.T, what string, want span, wait func() time.Duration) {
	t.Helper()
	least, most := wait(), time.Duration(0)
	for range 2000 {
		d := wait()
		least, most = min(least, d), max(most, d)
	}
	near := (want.most - want.least) / 20
	if least < want.least || most > want.most || least > want.least+near || most < want.most-near {
		t.Errorf("%s: waits from %v to %v, want %v to %v", what, least, most, want.least, want.most)
	}
}

// The jitter is a fifth either way; that of a failure is the whole wait, so that a
// fleet whose origin was gone does not come back as one.
func TestJitter(t *testing.T) {
	draw(t, "a good look", around(time.Hour), func() time.Duration {
		return new(schedule).wait(cache.Outcome{}, nil, hourly)
	})
	fetch := &FetchError{errors.New("timeout")}
	for failures, most := range []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second} {
		draw(t, "a failure", span{0, most}, func() time.Duration {
			return (&schedule{failures: failures}).wait(cache.Outcome{}, fetch, hourly)
		})
	}
	for _, failures := range []int{20, 1000} {
		draw(t, "many failures", span{0, maxRetry}, func() time.Duration {
			return (&schedule{failures: failures}).wait(cache.Outcome{}, fetch, hourly)
		})
	}
	draw(t, "many failures of a list that is due every minute", span{0, maxRetry}, func() time.Duration {
		return (&schedule{failures: 100}).wait(cache.Outcome{}, fetch, func(cache.Outcome) time.Duration { return time.Minute })
	})
	refusal := reason.Refuse(reason.TrustListMalformed, "bad")
	draw(t, "a refusal", around(refusedRetry), func() time.Duration { return new(schedule).wait(cache.Outcome{}, refusal, hourly) })
	draw(t, "a body that is too large", around(refusedRetry), func() time.Duration {
		return new(schedule).wait(cache.Outcome{}, &FetchError{ErrTooLarge}, hourly)
	})
	draw(t, "a failure after a refusal", span{0, firstRetry}, func() time.Duration {
		s := schedule{failures: 10}
		s.wait(cache.Outcome{}, refusal, hourly)
		return s.wait(cache.Outcome{}, fetch, hourly)
	})
	draw(t, "many refusals", around(time.Hour), func() time.Duration {
		return (&schedule{refusals: 1000}).wait(cache.Outcome{}, refusal, hourly)
	})
	draw(t, "a refusal of a list that is due every minute", around(time.Minute), func() time.Duration {
		return new(schedule).wait(cache.Outcome{}, refusal, func(cache.Outcome) time.Duration { return time.Minute })
	})
}

// A 429 or 503 that says when to come back is heeded, for an hour at most.
func TestRetryAfter(t *testing.T) {
	const never = "Fri, 31 Dec 9999 23:59:59 GMT"
	for _, c := range []struct {
		status int
		field  string
		least  time.Duration // 0: an ordinary back-off
	}{
		{503, "600", 10 * time.Minute},
		{429, "600", 10 * time.Minute},
		{503, "3600", time.Hour},
		{503, "3601", time.Hour},
		{503, "4000000000", time.Hour},
		{503, never, time.Hour},
		{500, "600", 0},
		{404, "600", 0},
		{503, "", 0},
		{503, "0", 0},
		{503, "-600", 0},
		{503, "600.5", 0},
		{503, "99999999999999999999", 0},
		{503, "soon", 0},
		{503, "Thu, 01 Jan 1970 00:00:00 GMT", 0},
	} {
		inTown(t, func(w *town) {
			w.follow(artefact.TL, "de")
			w.origin.Set("/de", cachetest.Document{Status: c.status, RetryAfter: c.field})
			w.run(3 * time.Hour)
			at := w.looks("de")
			want := span{c.least, c.least + c.least/5}
			if c.least == 0 {
				want = span{0, firstRetry}
			}
			if len(at) < 2 || !want.holds(at[1]) {
				t.Errorf("%d %q: looks at %v", c.status, c.field, at)
			}
		})
	}
	now := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	if d := retryAfter("Fri, 21 Aug 2026 12:10:00 GMT", now); d != 10*time.Minute {
		t.Errorf("a date in ten minutes: %v", d)
	}
}

// An hour of errors costs the origin a few dozen requests, and the other lists
// nothing.
func TestAnHourOfErrors(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.TL, "de", "fr", "it")
		w.follow(artefact.Status, "status")
		w.origin.Set("/de", cachetest.Document{Status: 500})
		w.origin.Set("/it", cachetest.Document{Body: []byte("bad")})
		w.change("fr", func(f *Followed) { f.Next = func(cache.Outcome) time.Duration { return time.Minute } })
		w.run(time.Hour)
		if n := len(w.looks("de")); n < 12 || n > 80 {
			t.Errorf("%d looks at an origin that fails", n)
		}
		if n := len(w.looks("it")); n < 3 || n > 6 {
			t.Errorf("%d looks at a list that is refused", n)
		}
		fr := w.looks("fr")
		for i := 1; i < len(fr); i++ {
			if !around(time.Minute).holds(fr[i] - fr[i-1]) {
				t.Errorf("a good list waited %v", fr[i]-fr[i-1])
			}
		}
		if len(fr) < 50 {
			t.Errorf("%d looks at a good list", len(fr))
		}
		w.firstLook("status", 0)
	})
}

// An origin that fails every second time is good enough.
func TestFlappingOrigin(t *testing.T) {
	inTown(t, func(w *town) {
		w.follow(artefact.TL, "de")
		w.origin.Change("/de", func(d *cachetest.Document) { d.Fault = cachetest.Flap })
		w.run(firstRetry)
		if got := w.events(); got != "[failed de admitted de]" {
			t.Errorf("events %s", got)
		}
	})
}
