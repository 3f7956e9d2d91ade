package etsitl

import (
	"crypto/x509"
	"testing"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// The corpus: real lists of the EU, and broken ones made of them.
const (
	oj2016 = "http://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2016.233.01.0001.01.ENG"
	oj2019 = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2019.276.01.0001.01.ENG"
	oj2026 = "https://eur-lex.europa.eu/eli/C/2026/1944/oj"

	lotl2019  = "2019-09/eu-lotl-248.xml.gz"
	lotl2026  = "2026-08/eu-lotl-390.xml.gz"
	oj2019PEM = "2019-09/oj-C-2019-276-signers.pem"
	oj2026PEM = "2026-08/oj-C-2026-1944-signers.pem"

	lotlLocation = "https://ec.europa.eu/tools/lotl/eu-lotl.xml"
)

const topic = "trustlists-ts119612"

// vector returns a file of the corpus, uncompressed.
func vector(t testing.TB, name string) []byte {
	t.Helper()
	return vectortest.Read(t, topic, name)
}

// certificates returns those of a PEM file of the corpus.
func certificates(t testing.TB, name string) []*x509.Certificate {
	t.Helper()
	return vectortest.Certificates(t, topic, name)
}

func mustParse(t testing.TB, b []byte) *Unverified {
	t.Helper()
	u, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// lotl returns a LOTL of the corpus, verified with the signers of the notice.
func lotl(t testing.TB, name string) *trustlist.List {
	t.Helper()
	signers, oj := oj2026PEM, oj2026
	if name == lotl2019 {
		signers, oj = oj2019PEM, oj2019
	}
	v, err := mustParse(t, vector(t, name)).VerifyLOTL(certificates(t, signers), LOTLOptions{Location: lotlLocation, OJ: oj})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v.List()
}

// pointer returns what a LOTL says of a territory.
func pointerTo(t testing.TB, l *trustlist.List, territory string) trustlist.Pointer {
	t.Helper()
	for _, p := range l.Pointers {
		if p.Territory == territory {
			return p
		}
	}
	t.Fatalf("the list of lists names no list of %s", territory)
	return trustlist.Pointer{}
}

func want(t testing.TB, err error, code reason.Code) {
	t.Helper()
	if got := reason.CodeOf(err); got != code || code == "" && err != nil {
		t.Errorf("got %v, want %q", err, code)
	}
}
