package etsitl

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// chains are the pivots of the corpus, oldest first.
var chains = []struct {
	oj     string
	base   string // of the URIs, %s the number
	pivots []string
}{
	{oj2016, "https://ec.europa.eu/information_society/policy/esignature/trusted-list/tl-pivot-%s-mp.xml", []string{"172", "191", "226", "247"}},
	{oj2019, "https://ec.europa.eu/tools/lotl/eu-lotl-pivot-%s.xml", []string{"282", "300", "335", "341"}},
}

// walkPivots verifies both chains and returns the signers that each file was
// verified with. The notice that introduced the signer of 172 is not in the corpus:
// it is pinned by its own certificate.
func walkPivots(t *testing.T) map[string][]*x509.Certificate {
	t.Helper()
	used := make(map[string][]*x509.Certificate)
	for _, c := range chains {
		signers := certificates(t, oj2019PEM)
		if c.oj == oj2016 {
			signers = own(t, vector(t, "pivots-real/eu-lotl-pivot-172.xml.gz"))
		}
		var older []string // newest first
		for _, number := range c.pivots {
			file := "pivots-real/eu-lotl-pivot-" + number + ".xml.gz"
			used[file] = signers
			u := mustParse(t, vector(t, file))
			older = append([]string{fmt.Sprintf(c.base, number)}, older...)
			if got, err := u.Pivots(c.oj); err != nil || !slices.Equal(got, older) {
				t.Errorf("%s names the pivots %q, %v", file, got, err)
			}
			v, err := u.VerifyPivot(signers, c.oj)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if signers = v.List().SelfSigners; len(signers) == 0 {
				t.Fatalf("%s introduces nobody", file)
			}
			if number == "226" {
				for _, name := range []string{"broken-sig", "missing-pivot", "no-sig", "with-bom"} {
					used["broken/tl_pivot_247_mp_"+name+".xml.gz"] = signers
				}
			}
		}
		used[c.oj] = signers
	}
	return used
}

// TestPivotsLeadToLOTLs: who the newest pivot of 2019 introduces signed LOTL 248,
// and the signer of LOTL 390 was introduced in 2024 already.
func TestPivotsLeadToLOTLs(t *testing.T) {
	used := walkPivots(t)
	_, err := mustParse(t, vector(t, lotl2019)).VerifyLOTL(used[oj2016], LOTLOptions{Location: lotlLocation, OJ: oj2019})
	want(t, err, "")
	_, err = mustParse(t, vector(t, lotl2026)).VerifyLOTL(used[oj2019], LOTLOptions{Location: lotlLocation, OJ: oj2026})
	want(t, err, "")
}

// TestNoPivots: both LOTLs name the notice that is in force first, so that its
// signers count at once; a node still configured for the older notice is told so.
func TestNoPivots(t *testing.T) {
	for file, c := range map[string]struct{ now, old string }{lotl2019: {oj2019, oj2016}, lotl2026: {oj2026, oj2019}} {
		u := mustParse(t, vector(t, file))
		if got, err := u.Pivots(c.now); err != nil || len(got) > 0 {
			t.Errorf("%s: %q, %v", file, got, err)
		}
		_, err := u.Pivots(c.old)
		want(t, err, reason.TrustListOJMismatch)
		_, err = u.VerifyLOTL(append(certificates(t, oj2019PEM), certificates(t, oj2026PEM)...), LOTLOptions{OJ: c.old})
		want(t, err, reason.TrustListOJMismatch)
	}
}

// TestPivots of lists made here.
func TestPivots(t *testing.T) {
	w := newWorld(t)
	const oj = verifytest.OfficialJournal
	pivot := func(n int) string { return fmt.Sprintf("https://lists.example/eu-lotl-pivot-%d.xml", n) }
	var most []string
	for n := range MaxPivots {
		most = append(most, pivot(MaxPivots-n))
	}
	for name, c := range map[string]struct {
		pivots []string
		oj     string // as configured
		want   int
		code   reason.Code
	}{
		"none":                            {nil, oj, 0, ""},
		"two":                             {[]string{pivot(2), pivot(1)}, oj, 2, ""},
		"plain http":                      {[]string{"http://lists.example/p.xml"}, oj, 1, ""},
		"the notice in another spelling":  {nil, strings.ToUpper(strings.Replace(oj, "https:", "http:", 1)) + "/", 0, ""},
		"another notice":                  {nil, "https://journal.example/eli/C/2020/1/oj", 0, reason.TrustListOJMismatch},
		"no notice configured":            {nil, "", 0, reason.TrustListOJMismatch},
		"a newer notice":                  {[]string{"https://journal.example/eli/C/2027/5/oj", pivot(1)}, oj, 0, reason.TrustListOJMismatch},
		"a pivot on the journal's host":   {[]string{"https://journal.example/lists/p.XML"}, oj, 1, ""},
		"as many as are followed":         {most, oj, MaxPivots, ""},
		"one more":                        {append([]string{pivot(MaxPivots + 1)}, most...), oj, 0, reason.TrustListPivotBroken},
		"a file":                          {[]string{"file:///etc/passwd"}, oj, 0, reason.TrustListPivotBroken},
		"credentials in the URL":          {[]string{"https://user:secret@lists.example/p.xml"}, oj, 0, reason.TrustListPivotBroken},
		"no host":                         {[]string{"https:///p.xml"}, oj, 0, reason.TrustListPivotBroken},
		"no URL":                          {[]string{"https://[::1"}, oj, 0, reason.TrustListPivotBroken},
		"relative":                        {[]string{"eu-lotl-pivot-1.xml"}, oj, 0, reason.TrustListPivotBroken},
		"empty":                           {[]string{""}, oj, 0, reason.TrustListPivotBroken},
		"none, and an empty notice":       {[]string{""}, "", 0, reason.TrustListOJMismatch},
		"the same host with another port": {[]string{"https://journal.example:8443/x"}, oj, 1, ""},
	} {
		u := mustParse(t, w.lotl(t, verifytest.LOTLOptions{Pivots: c.pivots}))
		got, err := u.Pivots(c.oj)
		if want(t, err, c.code); len(got) != c.want || err == nil && !slices.Equal(got, c.pivots) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		// The verified content says the same.
		_, err = u.VerifyLOTL(w.signers(), LOTLOptions{OJ: c.oj})
		want(t, err, c.code)
		_, err = u.VerifyPivot(w.signers(), c.oj)
		want(t, err, c.code)
	}
}

// TestPivotRules: a pivot may be late, old and of version 5; only the LOTL itself may
// not.
func TestPivotRules(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		o             verifytest.LOTLOptions
		lotl, pivoted reason.Code
	}{
		"seven months":      {verifytest.LOTLOptions{NextUpdate: issued.AddDate(0, 7, 0)}, reason.TrustListValidityTooLong, ""},
		"version 5":         {verifytest.LOTLOptions{Version: 5}, reason.TrustListVersionUnsupported, ""},
		"version 4":         {verifytest.LOTLOptions{Version: 4}, reason.TrustListVersionUnsupported, reason.TrustListVersionUnsupported},
		"another place":     {verifytest.LOTLOptions{Location: "https://lists.example/other.xml"}, reason.TrustListLocationConflict, ""},
		"a foreign signer":  {verifytest.LOTLOptions{Signer: w.key(t, nil)}, reason.TrustListSignerUnknown, reason.TrustListPivotBroken},
		"a broken envelope": {verifytest.LOTLOptions{Damage: replace("<TSLSequenceNumber>1<", "<TSLSequenceNumber>2<")}, reason.TrustListSignatureInvalid, reason.TrustListSignatureInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			u := mustParse(t, w.lotl(t, c.o))
			_, err := u.VerifyLOTL(w.signers(), LOTLOptions{Location: w.LOTLURL(), OJ: verifytest.OfficialJournal})
			want(t, err, c.lotl)
			_, err = u.VerifyPivot(w.signers(), verifytest.OfficialJournal)
			want(t, err, c.pivoted)
		})
	}
	// Whom it introduces replaces those before: nobody else is in SelfSigners.
	one, two := w.key(t, nil), w.key(t, nil)
	v, err := mustParse(t, w.lotl(t, verifytest.LOTLOptions{SelfSigners: []*verifytest.Key{one, two}})).VerifyPivot(w.signers(), verifytest.OfficialJournal)
	want(t, err, "")
	if got := v.List().SelfSigners; len(got) != 2 || !got[0].Equal(one.Cert) || !got[1].Equal(two.Cert) {
		t.Errorf("%d signers introduced", len(got))
	}
	if l := v.List(); l.Format != "lotl" || l.Anchors != nil || len(l.Pointers) != 2 || l.Pointers[0].Type != typeNational {
		t.Errorf("list %+v", l)
	}
}
