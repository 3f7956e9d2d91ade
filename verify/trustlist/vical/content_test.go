package vical

import (
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestProvider: step 5 as far as it needs no clock.
func TestProvider(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("p", maxText)
	for _, c := range []struct {
		name     string
		change   func(obj)
		provider string // configured
		code     reason.Code
	}{
		{"good", func(obj) {}, verifytest.VICALProvider, ""},
		{"not compared", func(obj) {}, "", ""},
		{"another", func(obj) {}, "AAMVA", reason.VICALSignerUntrusted},
		{"another case", func(obj) {}, strings.ToUpper(verifytest.VICALProvider), reason.VICALSignerUntrusted},
		{"missing", func(p obj) { delete(p, "vicalProvider") }, "", reason.VICALMalformed},
		{"empty", func(p obj) { p["vicalProvider"] = "" }, "", reason.VICALMalformed},
		{"bytes", func(p obj) { p["vicalProvider"] = []byte("x") }, "", reason.VICALMalformed},
		{"long as allowed", func(p obj) { p["vicalProvider"] = long }, long, ""},
		{"longer", func(p obj) { p["vicalProvider"] = long + "p" }, "", reason.VICALMalformed},
		{"no UTF-8", func(p obj) { p["vicalProvider"] = cbor.RawMessage{0x61, 0xff} }, "", reason.VICALMalformed},
		{"version missing", func(p obj) { delete(p, "version") }, "", reason.VICALMalformed},
		{"version 2.0", func(p obj) { p["version"] = "2.0" }, "", reason.VICALMalformed},
		{"version as a number", func(p obj) { p["version"] = 1 }, "", reason.VICALMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := must(w.VICAL(verifytest.VICALOptions{Mutate: c.change}))
			_, err := verify(b, Options{Provider: c.provider}, now, w.root())
			want(t, err, c.code)
		})
	}
}

// TestTimes: a tdate is tag 0 over an RFC 3339 date-time and nothing else.
func TestTimes(t *testing.T) {
	w := newWorld(t)
	tag := func(n uint64, v any) cbor.Tag { return cbor.Tag{Number: n, Content: v} }
	good := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		value any
		want  time.Time // zero: refused
	}{
		{"UTC", tag(0, "2026-11-24T10:00:00Z"), good},
		{"offset", tag(0, "2026-11-24T12:30:00+02:30"), good},
		{"fraction", tag(0, "2026-11-24T10:00:00.5Z"), good.Add(time.Second / 2)},
		{"tag in two bytes", cbor.RawMessage(append([]byte{0xd8, 0, 0x74}, "2026-11-24T10:00:00Z"...)), good},
		{"untagged", "2026-11-24T10:00:00Z", time.Time{}},
		{"a number", tag(1, 1795514400), time.Time{}},
		{"a number under tag 0", tag(0, 1795514400), time.Time{}},
		{"under tag 1", tag(1, "2026-11-24T10:00:00Z"), time.Time{}},
		{"under the tag of dates", tag(1004, "2026-11-24T10:00:00Z"), time.Time{}},
		{"under two tags", tag(0, tag(0, "2026-11-24T10:00:00Z")), time.Time{}},
		{"a date", tag(0, "2026-11-24"), time.Time{}},
		{"no offset", tag(0, "2026-11-24T10:00:00"), time.Time{}},
		{"comma", tag(0, "2026-11-24T10:00:00,5Z"), time.Time{}},
		{"hour of one digit", tag(0, "2026-11-24T9:00:00Z"), time.Time{}},
		{"before the year 0", tag(0, "0000-01-01T00:00:00+00:01"), time.Time{}},
		{"after the year 9999", tag(0, "9999-12-31T23:59:59-00:01"), time.Time{}},
		{"no such day", tag(0, "2026-02-30T10:00:00Z"), time.Time{}},
		{"something follows", tag(0, "2026-11-24T10:00:00Z "), time.Time{}},
		{"null", nil, time.Time{}},
	} {
		for _, name := range []string{"date", "nextUpdate", "notAfter"} {
			t.Run(c.name+" as "+name, func(t *testing.T) {
				l, err := w.mutate(func(p obj) { p[name] = c.value })
				if c.want.IsZero() {
					wantDetail(t, err, reason.VICALMalformed, name)
					return
				}
				want(t, err, "")
				got := map[string]time.Time{"date": l.Issued, "nextUpdate": l.NextUpdate, "notAfter": l.NotAfter}[name]
				if !got.Equal(c.want) || got.Location() != time.UTC {
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		}
	}
	t.Run("no date", func(t *testing.T) {
		_, err := w.mutate(func(p obj) { delete(p, "date") })
		wantDetail(t, err, reason.VICALMalformed, "date")
	})
	t.Run("no next update", func(t *testing.T) {
		l, err := w.mutate(func(p obj) { delete(p, "nextUpdate") })
		want(t, err, "")
		if !l.NextUpdate.IsZero() {
			t.Errorf("next update %v", l.NextUpdate)
		}
	})
}

// TestNumber: vicalIssueID, and the date where there is none.
func TestNumber(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		change func(obj)
		want   uint64
		bare   bool // unnumbered
		code   reason.Code
	}{
		{"one", func(obj) {}, 1, false, ""},
		{"zero", func(p obj) { p["vicalIssueID"] = 0 }, 0, false, ""},
		{"of 64 bits", func(p obj) { p["vicalIssueID"] = ^uint64(0) }, ^uint64(0), false, ""},
		{"one in nine bytes", func(p obj) { p["vicalIssueID"] = cbor.RawMessage{0x1b, 0, 0, 0, 0, 0, 0, 0, 1} }, 1, false, ""},
		{"missing", func(p obj) { delete(p, "vicalIssueID") }, uint64(now.Unix()), true, ""},
		{"missing, and a date in the first second", func(p obj) { delete(p, "vicalIssueID"); p["date"] = verifytest.DateTime(time.Unix(0, 0)) }, 0, true, ""},
		{"missing, and a date a second earlier", func(p obj) { delete(p, "vicalIssueID"); p["date"] = verifytest.DateTime(time.Unix(-1, 0)) }, 0, false, reason.VICALMalformed},
		{"negative", func(p obj) { p["vicalIssueID"] = -1 }, 0, false, reason.VICALMalformed},
		{"bignum", func(p obj) { p["vicalIssueID"] = cbor.Tag{Number: 2, Content: []byte{1}} }, 0, false, reason.VICALMalformed},
		{"text", func(p obj) { p["vicalIssueID"] = "1" }, 0, false, reason.VICALMalformed},
		{"null", func(p obj) { p["vicalIssueID"] = nil }, 0, false, reason.VICALMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := w.mutate(c.change)
			want(t, err, c.code)
			if err == nil && (l.Sequence != c.want || l.Unnumbered != c.bare) {
				t.Errorf("got %d, unnumbered %v", l.Sequence, l.Unnumbered)
			}
		})
	}
}

// TestUnknownMembers: a provider's own members, and those of the second edition's
// draft, are no hindrance.
func TestUnknownMembers(t *testing.T) {
	w := newWorld(t)
	before, err := w.read(verifytest.VICALOptions{})
	want(t, err, "")
	body := func(b []byte) []byte { // an integer for a key, as no VICAL has
		b[0]++
		return append(b, 0x01, 0x02)
	}
	l, err := w.read(verifytest.VICALOptions{Raw: body, Mutate: func(p obj) {
		p["vicalURL"], p["extensions"] = "https://vical.example/1", obj{"x": 1.5}
		p["Version"], p["of the provider's own"] = "2.0", []any{nil, true, obj{"a": obj{}}}
	}})
	want(t, err, "")
	if len(l.Anchors) != len(before.Anchors) || len(l.Warnings) > 0 || len(l.Skipped) > 0 {
		t.Errorf("%d anchors, warnings %q, skipped %v", len(l.Anchors), l.Warnings, l.Skipped)
	}
}
