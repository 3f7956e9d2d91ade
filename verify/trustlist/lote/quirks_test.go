package lote

import (
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// TestQuirks: each switch lets its own fault pass, with a warning where something
// is missing, and nothing else does. UnsafeSignerSchemeMismatch is in TestScheme,
// AllowMissingMembers in TestPresence, AllowNextUpdateAtIssue in TestTimes.
func TestQuirks(t *testing.T) {
	every := Options{AllowNoOuterMember: true, AllowPilotIdentifiers: true, AllowMissingMembers: true,
		AllowMissingServiceType: true, AllowNextUpdateAtIssue: true, UnsafeSignerSchemeMismatch: true}
	for _, c := range []struct {
		name    string
		profile string
		edit    func(*world)
		off     func(*Options)
		code    reason.Code
	}{
		{"no outer member", "pid", func(w *world) { w.doc = w.doc["LoTE"].(obj) },
			func(o *Options) { o.AllowNoOuterMember = false }, reason.TrustListMalformed},
		{"doubled type suffix", "registrar", func(w *world) {
			w.scheme()["LoTEType"] = base + "LoTEType/RegistrarsAndRegistersListProvidersList"
			delete(w.scheme(), "PointersToOtherLoTE")
		}, func(o *Options) { o.AllowPilotIdentifiers = false }, reason.TrustListWrongType},
		{"pilot's service type", "pid", func(w *world) { w.svcInfo(0)["ServiceTypeIdentifier"] = base + "SvcType/PIDProvider" },
			func(o *Options) { o.AllowPilotIdentifiers = false }, reason.TrustListProfileViolation},
		{"no service type", "pid", func(w *world) { delete(w.svcInfo(1), "ServiceTypeIdentifier") },
			func(o *Options) { o.AllowMissingServiceType = false }, reason.TrustListProfileViolation},
		{"NextUpdate at issue", "pid", func(w *world) { w.scheme()["NextUpdate"] = issuedText },
			func(o *Options) { o.AllowNextUpdateAtIssue = false }, reason.TrustListExpired},
		{"missing member", "pid", func(w *world) { delete(w.scheme(), "SchemeName") },
			func(o *Options) { o.AllowMissingMembers = false }, reason.TrustListProfileViolation},
		{"another organisation", "pid", func(w *world) { w.scheme()["SchemeOperatorName"] = ml("Other") },
			func(o *Options) { o.UnsafeSignerSchemeMismatch = false }, reason.TrustListSignerSchemeMismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.profile)
			c.edit(w)
			_, err := w.verify(t, every)
			want(t, err, "")
			_, err = w.verify(t, Options{})
			want(t, err, c.code)
			o := every
			c.off(&o)
			_, err = w.verify(t, o)
			want(t, err, c.code)
		})
	}
	t.Run("a good list is the same with every switch", func(t *testing.T) {
		for _, name := range Profiles() {
			w := newWorld(t, name)
			l, err := w.verify(t, every)
			want(t, err, "")
			checkScopes(t, w, l)
		}
	})
	t.Run("a service without type is for issuance", func(t *testing.T) {
		w := newWorld(t, "pid")
		delete(w.svcInfo(1), "ServiceTypeIdentifier")
		l, err := w.verify(t, Options{AllowMissingServiceType: true})
		want(t, err, "")
		for _, a := range l.Anchors {
			if a.Purpose != trustlist.Issuance {
				t.Errorf("purpose %q", a.Purpose)
			}
		}
	})
}
