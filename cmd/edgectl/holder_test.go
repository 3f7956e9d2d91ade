package main

import (
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/node/config"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/dcql"
	"github.com/edgetrust/edgetrust/verify/trustlist"
)

const manySources = `
public: {listen: "127.0.0.1:0"}
trust:
  sources:
    - {name: eu-lotl, type: lotl, url: "https://ec.example/lotl", signers: [oj.pem], territories: [DE, EL], types: ["urn:member:1"]}
    - {name: seals, type: lotl, url: "https://other.example/lotl", signers: [oj.pem], services: {"http://uri.etsi.org/TrstSvc/Svctype/EDS/Q": pubeaa}}
    - {name: us-vical, type: vical, url: "https://vical.example/", signers: [root.pem]}
    - {name: pid, type: lote, profile: pid, url: "https://lists.example/pid", signers: [s.pem]}
    - {name: any, type: lote, url: "https://lists.example/any", signers: [s.pem]}
`

// Which of many sources could hold an anchor, by kind, format, type and country.
func TestConfigured(t *testing.T) {
	cfg, err := config.Parse([]byte(manySources), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind                 trustlist.Kind
		format, typ, country string
		want                 string
	}{
		{trustlist.KindPID, dcql.FormatSDJWT, "urn:eudi:pid:1", "DE", "pid may, any may"},
		{trustlist.KindQEAA, dcql.FormatSDJWT, "urn:diploma:1", "DE", "eu-lotl may"},
		{trustlist.KindQEAA, dcql.FormatSDJWT, "urn:diploma:1", "GR", "eu-lotl may"},
		{trustlist.KindQEAA, dcql.FormatSDJWT, "urn:diploma:1", "FR", "eu-lotl not"},
		{trustlist.KindQEAA, dcql.FormatSDJWT, "urn:diploma:1", "", "eu-lotl may"},
		{trustlist.KindEAA, dcql.FormatSDJWT, "urn:member:1", "DE", "eu-lotl may"},
		{trustlist.KindEAA, dcql.FormatSDJWT, "urn:member:2", "DE", "eu-lotl not"},
		{trustlist.KindEAA, dcql.FormatMdoc, "org.example.card", "DE", "eu-lotl not, us-vical may"},
		{trustlist.KindPubEAA, dcql.FormatSDJWT, "urn:residence:1", "FR", "seals may, any may"},
		{trustlist.KindMDL, dcql.FormatMdoc, "org.iso.18013.5.1.mDL", "US", "us-vical may, any may"},
		{trustlist.KindMDL, dcql.FormatSDJWT, "urn:mdl:1", "US", "any may"},
	} {
		e := verify.Explanation{Kind: c.kind, Format: c.format, Type: c.typ}
		e.Issuer.Country = c.country
		if got := outline(configured(cfg, e)); got != c.want {
			t.Errorf("%+v: %s, want %s", c, got, c.want)
		}
	}
	e := verify.Explanation{Kind: trustlist.KindQEAA, Format: dcql.FormatSDJWT}
	e.Issuer.Country = "EL"
	if got := configured(cfg, e)[0].Note; !strings.Contains(got, "eu-lotl:GR") {
		t.Errorf("the national list is not named: %s", got)
	}
}

// outline is the names of lists, and whether they may hold the anchor.
func outline(list []holder) string {
	var parts []string
	for _, h := range list {
		word := "may"
		if h.Holds != nil {
			word = map[bool]string{true: "does", false: "not"}[*h.Holds]
		}
		parts = append(parts, h.Name+" "+word)
	}
	return strings.Join(parts, ", ")
}

// Which lists of a running node hold an anchor, and what is against it.
func TestHeldBy(t *testing.T) {
	e := verify.Explanation{Kind: trustlist.KindQEAA, Type: "urn:diploma:1"}
	e.Issuer = verify.Needed{Country: "DE", SHA256: "leaf", AnchorName: "CN=A", AnchorKeyID: "01"}
	good := client.Anchor{Subject: "CN=A", SKI: "01", Kind: "qeaa", Purpose: "issuance", Territory: "DE", Standing: "in_force"}
	but := func(edit func(*client.Anchor)) []client.Anchor {
		a := good
		edit(&a)
		return []client.Anchor{a}
	}
	for name, c := range map[string]struct {
		anchors []client.Anchor
		older   bool
		want    string
		says    string
	}{
		"it":             {anchors: []client.Anchor{good}, want: "l does", says: "fresh"},
		"none":           {want: "l not"},
		"not told":       {older: true, want: "l may"},
		"the signer":     {anchors: but(func(a *client.Anchor) { a.Subject, a.CertificateSHA256 = "CN=B", "leaf" }), want: "l does"},
		"another name":   {anchors: but(func(a *client.Anchor) { a.Subject = "CN=B" }), want: "l not"},
		"another key":    {anchors: but(func(a *client.Anchor) { a.SKI = "02" }), want: "l not"},
		"an unknown key": {anchors: but(func(a *client.Anchor) { a.SKI = "" }), want: "l does"},
		"another kind":   {anchors: but(func(a *client.Anchor) { a.Kind = "pid" }), want: "l does", says: "for another kind (pid)"},
		"revocation":     {anchors: but(func(a *client.Anchor) { a.Purpose = "revocation" }), want: "l does", says: "not for issuance"},
		"other types":    {anchors: but(func(a *client.Anchor) { a.Types = []string{"x"} }), want: "l does", says: "limited to other types"},
		"another land":   {anchors: but(func(a *client.Anchor) { a.Territory = "FR" }), want: "l does", says: "for another territory (FR)"},
		"withdrawn":      {anchors: but(func(a *client.Anchor) { a.Standing = "not_in_good_standing" }), want: "l does", says: "which is not in good standing"},
		"the best":       {anchors: append(but(func(a *client.Anchor) { a.Kind = "pid" }), good), want: "l does", says: "fresh"},
	} {
		f := followed{anchors: c.anchors, known: !c.older}
		f.Name, f.State = "l", "fresh"
		got := heldBy([]followed{f}, e)
		if outline(got) != c.want || !strings.HasPrefix(got[0].Note, c.says) {
			t.Errorf("%s: %s, %q; want %s, %q", name, outline(got), got[0].Note, c.want, c.says)
		}
	}
	abroad := followed{known: true}
	abroad.Name, abroad.Parent, abroad.Territory = "eu:FR", "eu", "FR"
	if got := heldBy([]followed{abroad}, e); len(got) != 0 {
		t.Errorf("another country's list is in the way: %s", outline(got))
	}
	abroad.anchors = []client.Anchor{good}
	if got := heldBy([]followed{abroad}, e); outline(got) != "eu:FR does" {
		t.Errorf("what holds the anchor is left out: %s", outline(got))
	}
}
