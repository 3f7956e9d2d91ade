package etsitl

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// issued is when the lists of the worlds here are issued.
var issued = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

// world is an ecosystem whose lists another hand writes.
type world struct{ *verifytest.World }

func newWorld(t testing.TB) world {
	t.Helper()
	w, err := verifytest.New(issued)
	if err != nil {
		t.Fatal(err)
	}
	return world{w}
}

func (w world) signers() []*x509.Certificate { return []*x509.Certificate{w.Operator.Cert} }

func (w world) lotl(t testing.TB, o verifytest.LOTLOptions) []byte {
	t.Helper()
	b, err := w.LOTL(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w world) tl(t testing.TB, territory string, o verifytest.TLOptions) []byte {
	t.Helper()
	b, err := w.TL(territory, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readLOTL reads a LOTL as the World publishes it.
func (w world) readLOTL(t testing.TB, o verifytest.LOTLOptions) (*trustlist.List, error) {
	t.Helper()
	u, err := Parse(w.lotl(t, o))
	if err != nil {
		return nil, err
	}
	v, err := u.VerifyLOTL(w.signers(), LOTLOptions{Location: w.LOTLURL(), OJ: verifytest.OfficialJournal})
	return v.List(), err
}

// national returns the options for a territory's list that the LOTL yields.
func (w world) national(t testing.TB, territory string) NationalOptions {
	t.Helper()
	l, err := w.readLOTL(t, verifytest.LOTLOptions{Territories: []string{territory}})
	if err != nil {
		t.Fatal(err)
	}
	return NationalOptions{Pointer: pointerTo(t, l, territory), Types: []string{verifytest.TypeMembership}}
}

func (w world) readTL(t testing.TB, territory string, o verifytest.TLOptions) (*trustlist.List, error) {
	t.Helper()
	u, err := Parse(w.tl(t, territory, o))
	if err != nil {
		return nil, err
	}
	v, err := u.VerifyNational(w.national(t, territory))
	return v.List(), err
}

// key makes a certificate that is valid around the time of issue.
func (w world) key(t testing.TB, edit func(*verifytest.CertOptions)) *verifytest.Key {
	t.Helper()
	o := verifytest.CertOptions{
		Subject:   pkix.Name{CommonName: "somebody"},
		NotBefore: issued.AddDate(-1, 0, 0), NotAfter: issued.AddDate(1, 0, 0),
	}
	if edit != nil {
		edit(&o)
	}
	k, err := verifytest.Certify(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// replace changes a list, once it is signed.
func replace(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return []byte(exchange(old, new)(string(b))) }
}

// exchange changes the first occurrence of a text, before the list is signed; a test
// in which nothing changes is a mistake.
func exchange(old, new string) func(string) string {
	return func(xml string) string {
		out := strings.Replace(xml, old, new, 1)
		if out == xml {
			panic("nothing to change: " + old)
		}
		return out
	}
}

// TestWorld: the lists of the demonstration ecosystem keep to their profiles without
// a warning, and say what it means them to.
func TestWorld(t *testing.T) {
	w := newWorld(t)
	l, err := w.readLOTL(t, verifytest.LOTLOptions{Sequence: 7})
	want(t, err, "")
	if l.Format != "lotl" || l.Type != typeLOTL || l.Version != 6 || l.Territory != "EU" || l.Sequence != 7 || l.Operator != verifytest.OperatorName ||
		!l.Issued.Equal(issued) || !l.SignedAt.Equal(issued) || !l.Signer.Equal(w.Operator.Cert) || l.Closed || l.Anchors != nil || l.Services != 0 ||
		len(l.Warnings) > 0 || len(l.Skipped) > 0 || len(l.SelfSigners) != 1 || !l.SelfSigners[0].Equal(w.Operator.Cert) {
		t.Errorf("LOTL %+v", l)
	}
	for i, cc := range []string{"DE", "NL"} {
		signer, err := w.TLSigner(cc)
		want(t, err, "")
		p := l.Pointers[i]
		if len(l.Pointers) != 2 || p.Location != w.TLURL(cc) || p.Territory != cc || p.Type != typeNational || p.MimeType != mediaXML ||
			len(p.Signers) != 1 || !p.Signers[0].Equal(signer.Cert) || len(p.Operators) != 1 {
			t.Errorf("pointer %+v", p)
		}
		tl, err := w.readTL(t, cc, verifytest.TLOptions{})
		want(t, err, "")
		if tl.Format != "tl" || tl.Territory != cc || tl.Version != 6 || len(tl.Warnings) > 0 || len(tl.Skipped) > 0 || tl.Pointers != nil {
			t.Errorf("%s: %+v", cc, tl)
		}
	}
}

// TestAnchors: what the services of a list become.
func TestAnchors(t *testing.T) {
	w := newWorld(t)
	de, err := w.readTL(t, "DE", verifytest.TLOptions{})
	want(t, err, "")
	if len(de.Anchors) != 2 || de.Services != 4 {
		t.Fatalf("%d anchors of %d services", len(de.Anchors), de.Services)
	}
	for i, c := range []struct {
		id     string
		kind   trustlist.Kind
		types  []string
		status string
	}{
		{"qeaa-de", trustlist.KindQEAA, nil, statusGranted},
		{"tl-eaa-de", trustlist.KindEAA, []string{verifytest.TypeMembership}, statusRecognised},
	} {
		a, by := de.Anchors[i], w.Authority(c.id)
		if !a.Cert.Equal(by.CA.Cert) || a.Mode != trustlist.PKIX || a.Kind != c.kind || a.Purpose != trustlist.Issuance || a.Territory != "DE" ||
			a.Entity != by.TradeID || a.EntityName != by.Name || strings.Join(a.Types, " ") != strings.Join(c.types, " ") ||
			!a.Usable || a.Status != c.status || !a.StatusSince.Equal(issued.AddDate(0, 0, -30)) || a.ID != trustlist.NewAnchor(by.CA.Cert).ID {
			t.Errorf("%s: %+v", c.id, a)
		}
	}
	nl, err := w.readTL(t, "NL", verifytest.TLOptions{})
	want(t, err, "")
	if len(nl.Anchors) != 1 || nl.Anchors[0].Mode != trustlist.Direct || !nl.Anchors[0].Cert.Equal(w.QEAA("NL").Signer.Cert) {
		t.Errorf("anchors of NL %+v", nl.Anchors)
	}
	none, err := w.readTL(t, "GR", verifytest.TLOptions{})
	want(t, err, "")
	if none.Anchors != nil || none.Services != 0 || none.Territory != "EL" {
		t.Errorf("a list of nobody: %+v", none)
	}
}
