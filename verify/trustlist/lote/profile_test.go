package lote

import (
	"slices"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// TestTable holds the profile table against the specification's, written out
// here a second time without its shorthands.
func TestTable(t *testing.T) {
	const B = "http://uri.etsi.org/19602/"
	const T = "http://trust.ec.europa.eu/lists/mDL/"
	for _, c := range []struct {
		name, typ, status, rules, issuance, revocation, role string
		kind                                                 trustlist.Kind
	}{
		{"pid", B + "LoTEType/EUPIDProvidersList", B + "PIDProvidersList/StatusDetn/EU", B + "PIDProviders/schemerules/EU",
			B + "SvcType/PID/Issuance", B + "SvcType/PID/Revocation", B + "ListOfTrustedEntities/PIDProvider/", "pid"},
		{"wallet", B + "LoTEType/EUWalletProvidersList", B + "WalletProvidersList/StatusDetn/EU", B + "WalletProvidersList/schemerules/EU",
			B + "SvcType/WalletSolution/Issuance", B + "SvcType/WalletSolution/Revocation", B + "ListOfTrustedEntities/WalletProvider/", "wallet"},
		{"wrpac", B + "LoTEType/EUWRPACProvidersList", B + "WRPACProvidersList/StatusDetn/EU", B + "WRPACProvidersList/schemerules/EU",
			B + "SvcType/WRPAC/Issuance", B + "SvcType/WRPAC/Revocation", B + "ListOfTrustedEntities/WRPACProvider/", "wrpac"},
		{"wrprc", B + "LoTEType/EUWRPRCProvidersList", B + "WRPRCrovidersList/StatusDetn/EU", B + "WRPRCProvidersList/schemerules/EU",
			B + "SvcType/WRPRC/Issuance", B + "SvcType/WRPRC/Revocation", B + "ListOfTrustedEntities/WRPRCProvider/", "wrprc"},
		{"pubeaa", B + "LoTEType/EUPubEAAProvidersList", B + "PubEAAProvidersList/StatusDetn/EU", B + "PubEAAProvidersList/schemerules/EU",
			B + "SvcType/PubEAA/Issuance", B + "SvcType/PubEAA/Revocation", B + "ListOfTrustedEntities/PubEAAProvider/", "pubeaa"},
		{"registrar", B + "LoTEType/EURegistrarsAndRegistersList", B + "RegistrarsAndRegistersList/StatusDetn/EU", B + "RegistrarsAndRegistersList/schemerules/EU",
			B + "SvcType/Register", "", B + "ListOfTrustedEntities/Registrar/", "register"},
		{"mdl", T + "mDLProvidersListType", T + "mDLProvidersListStatusDetn", T + "schemerules",
			T + "SvcType/Issuance", T + "SvcType/Revocation", "", "mdl"},
	} {
		p := profileOf(c.typ, Options{})
		if p == nil {
			t.Errorf("%s: no row", c.name)
			continue
		}
		if p.name != c.name || p.kind != c.kind || p.territory != "EU" || p.role != c.role {
			t.Errorf("%s: %+v", c.name, *p)
		}
		if !p.status.accept(c.status, Options{}) || !p.rules.accept(c.rules, Options{}) {
			t.Errorf("%s: status or rules not accepted", c.name)
		}
		if got, _ := p.purposeOf(c.issuance, Options{}); got != trustlist.Issuance {
			t.Errorf("%s: issuance is %q", c.name, got)
		}
		if got, ok := p.purposeOf(c.revocation, Options{}); ok != (c.revocation != "") || ok && got != trustlist.Revocation {
			t.Errorf("%s: revocation is %q", c.name, got)
		}
	}
	if got := Profiles(); !slices.Equal(got, []string{"pid", "wallet", "wrpac", "wrprc", "pubeaa", "registrar", "mdl"}) {
		t.Errorf("profiles: %v", got)
	}
}

// TestProfiles: a list that keeps to its profile is good under its own name and
// under none, gives anchors with their scope, and is refused under other names.
func TestProfiles(t *testing.T) {
	for _, name := range Profiles() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, name)
			b := w.list(t)
			for _, other := range append(Profiles(), "no such profile") {
				_, err := verify(b, Options{Profile: other}, w.signer.cert)
				if other == name {
					want(t, err, "")
				} else {
					want(t, err, reason.TrustListWrongType)
				}
			}
			l, err := verify(b, Options{}, w.signer.cert)
			want(t, err, "")
			checkScopes(t, w, l)
			if len(l.Warnings) > 0 || len(l.Skipped) > 0 {
				t.Errorf("warnings %q, skipped %v", l.Warnings, l.Skipped)
			}
		})
	}
}

func checkScopes(t *testing.T, w *world, l *trustlist.List) {
	t.Helper()
	if l.Format != "lote" || l.Type != w.p.types.official[0] || l.Operator != "Operator" || l.Territory != "EU" ||
		l.Sequence != 12 || !l.Issued.Equal(issued) || !l.SignedAt.Equal(issued) || l.Signer == nil {
		t.Errorf("list: %+v", l)
	}
	purposes := map[trustlist.Purpose]bool{}
	for _, s := range w.p.services {
		if !s.pilot {
			purposes[s.purpose] = true
		}
	}
	if l.Services != len(w.entityAt(0)["TrustedEntityServices"].(arr)) {
		t.Errorf("%d services", l.Services)
	}
	if len(l.Anchors) != len(purposes) {
		t.Fatalf("%d anchors for %d purposes", len(l.Anchors), len(purposes))
	}
	for _, a := range l.Anchors {
		delete(purposes, a.Purpose)
		if a.Kind != w.p.kind || a.Kind != KindOf(w.p.name) || a.Territory != "DE" || a.Entity != "VATDE-123" || a.EntityName != "Provider" ||
			!a.Usable || a.Mode != trustlist.PKIX || !a.Cert.Equal(w.provider.cert) {
			t.Errorf("anchor: %+v", a)
		}
		if purpose, ok := w.p.purposeOf(a.Service, Options{}); !ok || purpose != a.Purpose {
			t.Errorf("service type: %q", a.Service)
		}
		if since := map[bool]time.Time{true: issued}[w.p.serviceStatus == required]; !a.StatusSince.Equal(since) {
			t.Errorf("status since %v", a.StatusSince)
		}
		if isMDL := w.p.name == "mdl"; isMDL != slices.Equal(a.Types, []string{"org.iso.18013.5.1.mDL"}) || !isMDL && a.Types != nil {
			t.Errorf("types: %v", a.Types)
		}
	}
	if len(purposes) > 0 {
		t.Errorf("no anchor for %v", purposes)
	}
}

func TestKindOf(t *testing.T) {
	if k := KindOf("mdl"); k != trustlist.KindMDL {
		t.Errorf("mdl: %q", k)
	}
	if k := KindOf("qeaa"); k != "" {
		t.Errorf("no profile: %q", k)
	}
}

// TestRows: each value of a row is checked, and the two spellings of Annex G's
// status URI and the driving licence alias are good.
func TestRows(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile string
		edit    func(*world)
		code    reason.Code
	}{
		{"status approach of another list", "pid", func(w *world) {
			w.scheme()["StatusDeterminationApproach"] = base + "WalletProvidersList/StatusDetn/EU"
		}, reason.TrustListWrongType},
		{"rules of another list", "pid", func(w *world) {
			w.scheme()["SchemeTypeCommunityRules"] = mlu(base + "WalletProvidersList/schemerules/EU")
		}, reason.TrustListWrongType},
		{"one more rule", "pid", func(w *world) {
			w.scheme()["SchemeTypeCommunityRules"] = mlu(base+"PIDProviders/schemerules/EU", "https://rules.example")
		}, reason.TrustListWrongType},
		{"rules as the other annexes spell them", "pid", func(w *world) {
			w.scheme()["SchemeTypeCommunityRules"] = mlu(base + "PIDProvidersList/schemerules/EU")
		}, reason.TrustListWrongType},
		{"Annex G without the misprint", "wrprc", func(w *world) {
			w.scheme()["StatusDeterminationApproach"] = base + "WRPRCProvidersList/StatusDetn/EU"
		}, ""},
		{"Annex G with the misprint", "wrprc", func(w *world) {
			w.scheme()["StatusDeterminationApproach"] = base + "WRPRCrovidersList/StatusDetn/EU"
		}, ""},
		{"the misprint in another annex", "wrpac", func(w *world) {
			w.scheme()["StatusDeterminationApproach"] = base + "WRPACrovidersList/StatusDetn/EU"
		}, reason.TrustListWrongType},
		{"another territory", "pid", func(w *world) { w.scheme()["SchemeTerritory"] = "DE" }, reason.TrustListWrongTerritory},
		{"version 2", "pid", func(w *world) { w.scheme()["LoTEVersionIdentifier"] = 2 }, reason.TrustListVersionUnsupported},
		{"version 2 with members unknown to version 1", "pid", func(w *world) {
			w.scheme()["LoTEVersionIdentifier"] = 2
			w.scheme()["NewInVersion2"] = true
		}, reason.TrustListVersionUnsupported},
		{"no type", "pid", func(w *world) { delete(w.scheme(), "LoTEType") }, reason.TrustListWrongType},
		{"type of a list of lists", "pid", func(w *world) { w.scheme()["LoTEType"] = base + "LoTLType/EUListOfTrustedLists" }, reason.TrustListWrongType},
		{"type of the unofficial EAA list", "pid", func(w *world) { w.scheme()["LoTEType"] = base + "LoTEType/EUEAAProvidersList" }, reason.TrustListWrongType},
		{"service type of another list", "pid", func(w *world) {
			w.svcInfo(0)["ServiceTypeIdentifier"] = base + "SvcType/WRPAC/Issuance"
		}, reason.TrustListProfileViolation},
		{"driving licence alias", "mdl", func(w *world) {
			w.svcInfo(0)["ServiceTypeIdentifier"] = base + "SvcType/mDL/Issuance"
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.profile)
			c.edit(w)
			_, err := w.verify(t, Options{})
			want(t, err, c.code)
		})
	}
}
