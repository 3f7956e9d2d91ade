package lote

import (
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// TestMDLRow: the Commission's URIs as the specification prints them, the service
// type of the acceptance list included (trust lists 1.3).
func TestMDLRow(t *testing.T) {
	p := profileNamed("mdl")
	for _, c := range []struct {
		uri  string
		good bool
		of   func(uri string) bool
	}{
		{"http://trust.ec.europa.eu/lists/mDL/mDLProvidersListType", true, func(u string) bool { return p.types.accept(u, Options{}) }},
		{"http://trust.ec.europa.eu/lists/mDL/mDLProvidersListStatusDetn", true, func(u string) bool { return p.status.accept(u, Options{}) }},
		{"http://trust.ec.europa.eu/lists/mDL/schemerules", true, func(u string) bool { return p.rules.accept(u, Options{}) }},
		{"http://trust.ec.europa.eu/lists/mDL/SvcType/Issuance", true, p.issues},
		{"http://uri.etsi.org/19602/SvcType/mDL/Issuance", true, p.issues},
		{"http://trust.ec.europa.eu/lists/SvcType/Issuance", false, p.issues},
		{"http://trust.ec.europa.eu/lists/mDL/mDL/SvcType/Issuance", false, p.issues},
		{"http://trust.ec.europa.eu/lists/mDL/SvcType/Revocation", false, p.issues},
	} {
		if c.of(c.uri) != c.good {
			t.Errorf("%s: accepted is %v", c.uri, !c.good)
		}
	}
}

func (p *profile) issues(uri string) bool {
	purpose, ok := p.purposeOf(uri, Options{})
	return ok && purpose == trustlist.Issuance
}

// renamed is a Commission's list in which every URI lacks its mDL part.
func renamed(t *testing.T) *world {
	w := newWorld(t, "mdl")
	w.scheme()["LoTEType"] = short + "mDLProvidersListType"
	w.scheme()["StatusDeterminationApproach"] = short + "mDLProvidersListStatusDetn"
	w.scheme()["SchemeTypeCommunityRules"] = mlu(short + "schemerules")
	self := selfPointer(w, w.signer, "EU")
	self[0].(obj)["LoTEQualifiers"].(arr)[0].(obj)["LoTEType"] = short + "mDLProvidersListType"
	w.scheme()["PointersToOtherLoTE"] = self
	w.svcInfo(0)["ServiceTypeIdentifier"] = short + "SvcType/Issuance"
	return w
}

const short = "http://trust.ec.europa.eu/lists/"

func shortAliases() map[string]string {
	aliases := make(map[string]string)
	for _, end := range []string{"mDLProvidersListType", "mDLProvidersListStatusDetn", "schemerules", "SvcType/Issuance"} {
		aliases[short+end] = commission + end
	}
	return aliases
}

// TestAliases: a renamed URI is accepted where the operator says so, each of them
// is needed, and what comes out has the official ones.
func TestAliases(t *testing.T) {
	w := renamed(t)
	_, err := w.verify(t, Options{})
	want(t, err, reason.TrustListWrongType)

	l, err := w.verify(t, Options{Aliases: shortAliases()})
	want(t, err, "")
	if l.Type != commission+"mDLProvidersListType" || len(l.SelfSigners) != 1 {
		t.Errorf("type %q, %d signers in the pointer to itself", l.Type, len(l.SelfSigners))
	}
	if a := l.Anchors[0]; a.Service != commission+"SvcType/Issuance" || a.Purpose != trustlist.Issuance || a.Kind != trustlist.KindMDL {
		t.Errorf("anchor %+v", a)
	}

	for uri := range shortAliases() {
		aliases := shortAliases()
		delete(aliases, uri)
		if _, err := w.verify(t, Options{Aliases: aliases}); err == nil {
			t.Errorf("accepted without the alias of %s", uri)
		}
	}
}

// TestAliasOfStatus: a status is in good standing if its official name is.
func TestAliasOfStatus(t *testing.T) {
	w := newWorld(t, "pubeaa")
	w.svcInfo(0)["ServiceStatus"] = "https://operator.example/good"
	w.svcInfo(1)["ServiceStatus"] = "https://operator.example/bad"
	l, err := w.verify(t, Options{Aliases: map[string]string{
		"https://operator.example/good": base + "PubEAAProvidersList/SvcStatus/notified",
		"https://operator.example/bad":  base + "PubEAAProvidersList/SvcStatus/withdrawn",
	}})
	want(t, err, "")
	if !l.Anchors[0].Usable || l.Anchors[1].Usable {
		t.Errorf("usable: %v, %v", l.Anchors[0].Usable, l.Anchors[1].Usable)
	}
}

// TestAliasOfOfficial: an alias makes no list one of another profile, by no URI that
// has a meaning, and never one of a profile that is not configured.
func TestAliasOfOfficial(t *testing.T) {
	const pid, wallet = base + "LoTEType/EUPIDProvidersList", base + "LoTEType/EUWalletProvidersList"
	aliases := map[string]string{
		wallet: pid,
		base + "WalletProvidersList/StatusDetn/EU":  base + "PIDProvidersList/StatusDetn/EU",
		base + "WalletProvidersList/schemerules/EU": base + "PIDProviders/schemerules/EU",
		base + "SvcType/WalletSolution/Issuance":    base + "SvcType/PID/Issuance",
		base + "SvcType/WalletSolution/Revocation":  base + "SvcType/PID/Issuance",
		goodStatus[0]:             "https://operator.example/bad",
		"https://example/mixture": wallet,
	}
	w := newWorld(t, "wallet")
	_, err := w.verify(t, Options{Profile: "pid", Aliases: aliases})
	want(t, err, reason.TrustListWrongType)
	for _, o := range []Options{{Aliases: aliases}, {Aliases: aliases, Profile: "wallet"}} {
		l, err := w.verify(t, o)
		want(t, err, "")
		checkScopes(t, w, l)
	}
	w = newWorld(t, "pid")
	w.scheme()["LoTEType"] = "https://example/mixture"
	_, err = w.verify(t, Options{Profile: "pid", Aliases: aliases})
	want(t, err, reason.TrustListWrongType)
	w = newWorld(t, "pubeaa")
	l, err := w.verify(t, Options{Aliases: aliases})
	want(t, err, "")
	checkScopes(t, w, l)
}
