package vical

import (
	"bytes"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

const photoID = "org.iso.23220.photoid.1"

// TestEntries: what one entry, damaged in one way, yields beside a good one.
func TestEntries(t *testing.T) {
	w := newWorld(t)
	ca := w.State().CA.Cert
	other := w.MDL().CA.Cert // the good entry's
	const (
		wrongSKI     = "the ski of a certificate is missing or not its own; its own counts"
		wrongCountry = "the issuingCountry of a certificate is not its own country, which counts"
	)
	long := strings.Repeat("x", maxText)
	set := func(name string, v any) any { return w.entry(func(i obj) { i[name] = v }) }
	drop := func(name string) any { return w.entry(func(i obj) { delete(i, name) }) }
	for _, c := range []struct {
		name    string
		entry   any
		skipped string // why; "": one anchor
		warning string
	}{
		{"good", w.entry(nil), "", ""},

		{"serial number as bignum", set("serialNumber", cbor.Tag{Number: 2, Content: ca.SerialNumber.Bytes()}), "", ""},
		{"serial number as unsigned integer", set("serialNumber", 7), "", ""},
		{"negative serial number", set("serialNumber", -7), "", ""},
		{"negative bignum", set("serialNumber", new(big.Int).Neg(ca.SerialNumber)), "", ""},
		{"another's serial number", set("serialNumber", other.SerialNumber), "", ""},
		{"serial number as text", set("serialNumber", "7"), "", ""},
		{"no serial number", drop("serialNumber"), "", ""},

		{"another's ski", set("ski", other.SubjectKeyId), "", wrongSKI},
		{"ski in its own DER, as AAMVA's", set("ski", append([]byte{4, 20}, ca.SubjectKeyId...)), "", wrongSKI},
		{"ski as text", set("ski", "ski"), "", wrongSKI},
		{"no ski", drop("ski"), "", wrongSKI},

		{"no certificate", drop("certificate"), "entry without a certificate", ""},
		{"certificate as text", set("certificate", "MII"), "entry without a certificate", ""},
		{"certificate in an array", set("certificate", [][]byte{ca.Raw}), "entry without a certificate", ""},
		{"no certificate in it", set("certificate", []byte("MII")), "unparsable", ""},
		{"something follows it", set("certificate", append(bytes.Clone(ca.Raw), 0)), "unparsable", ""},
		{"too large", set("certificate", make([]byte, 16<<10+1)), "unparsable", ""},
		{"key of a curve that is not supported", set("certificate", oddCurve(t, w)), "unsupported key", ""},
		{"end entity", set("certificate", w.State().Signer.Cert.Raw), "not a CA", ""},
		{"signer of the list", set("certificate", w.VICALSigner().Cert.Raw), "the list's signer, or a CA above it", ""},
		{"root of the list", set("certificate", w.root().Raw), "the list's signer, or a CA above it", ""},

		{"no docType", drop("docType"), "malformed docType", ""},
		{"empty docType", set("docType", []string{}), "malformed docType", ""},
		{"docType is a text", set("docType", mdl), "malformed docType", ""},
		{"an empty text in docType", set("docType", []string{mdl, ""}), "malformed docType", ""},
		{"a number in docType", set("docType", []any{mdl, 1}), "malformed docType", ""},
		{"as many types as allowed", set("docType", types(MaxDocTypes)), "", ""},
		{"more types", set("docType", types(MaxDocTypes+1)), "malformed docType", ""},
		{"type long as allowed", set("docType", []string{long}), "", ""},
		{"longer type", set("docType", []string{long + "x"}), "malformed docType", ""},
		{"type named twice", set("docType", []string{mdl, mdl}), "", ""},

		{"another country", set("issuingCountry", "CA"), "", wrongCountry},
		{"no country", drop("issuingCountry"), "", ""},
		{"empty country", set("issuingCountry", ""), "", ""},
		{"country in lower case", set("issuingCountry", "us"), "", ""},
		{"country as a number", set("issuingCountry", 840), "malformed entry", ""},
		{"empty state, as Austroads'", set("stateOrProvinceName", ""), "", ""},
		{"state as bytes", set("stateOrProvinceName", []byte("JF")), "malformed entry", ""},
		{"authority long as allowed", set("issuingAuthority", long), "", ""},
		{"longer authority", set("issuingAuthority", long+"x"), "malformed entry", ""},

		{"unknown members", w.entry(func(i obj) { i["CertificateProfile"], i["Extensions"] = []string{"urn:x"}, obj{} }), "", ""},
		{"as many members as are read", w.entry(func(i obj) { pad(i, maxMembers) }), "", ""},
		{"more members", w.entry(func(i obj) { pad(i, maxMembers+1) }), "malformed entry", ""},
		{"a text for an entry", "entry", "malformed entry", ""},
		{"null", nil, "malformed entry", ""},
		{"an empty map", obj{}, "entry without a certificate", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := w.entries(c.entry, verifytest.CertificateInfo(other, mdl))
			want(t, err, "")
			if l.Services != 2 {
				t.Errorf("%d certificates", l.Services)
			}
			anchors := slices.DeleteFunc(l.Anchors, func(a *trustlist.Anchor) bool { return a.Cert.Equal(other) })
			if c.skipped != "" {
				if len(anchors) > 0 || len(l.Skipped) != 1 || l.Skipped[0].Why != c.skipped || len(l.Warnings) > 0 {
					t.Fatalf("%d anchors, skipped %+v, warnings %q", len(anchors), l.Skipped, l.Warnings)
				}
				return
			}
			if len(anchors) != 1 || len(l.Skipped) > 0 {
				t.Fatalf("%d anchors, skipped %+v", len(anchors), l.Skipped)
			}
			if got := strings.Join(l.Warnings, "; "); got != c.warning {
				t.Errorf("warnings %q, want %q", got, c.warning)
			}
			if a := anchors[0]; !a.Cert.Equal(ca) || a.Territory != "US" || a.Mode != trustlist.PKIX || !a.Usable || a.Purpose != trustlist.Issuance || a.Service != "" {
				t.Errorf("anchor %+v", a)
			}
		})
	}
}

// TestNoSignerIsAnAnchor: a root that is pinned and not used this time is no anchor
// either.
func TestNoSignerIsAnAnchor(t *testing.T) {
	w := newWorld(t)
	spare := authority("Next Root", nil, -1)
	b := must(w.VICAL(verifytest.VICALOptions{Mutate: func(p obj) {
		p["certificateInfos"] = []any{w.entry(nil), verifytest.CertificateInfo(spare.Cert, mdl)}
	}}))
	l, err := verify(b, Options{}, now, w.root(), nil, spare.Cert)
	want(t, err, "")
	if len(l.Anchors) != 1 || len(l.Skipped) != 1 || l.Skipped[0].Why != "the list's signer, or a CA above it" {
		t.Errorf("%d anchors, skipped %+v", len(l.Anchors), l.Skipped)
	}
}

func types(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint("org.example.", i))
	}
	return list
}

func pad(info obj, n int) {
	for i := 0; len(info) < n; i++ {
		info[fmt.Sprint("of our own ", i)] = i
	}
}

// TestKinds: an anchor for driving licences, one for all other types, and never
// one of another kind, whatever a list calls a document.
func TestKinds(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		types []string
		want  map[trustlist.Kind][]string
	}{
		{[]string{mdl}, map[trustlist.Kind][]string{trustlist.KindMDL: {mdl}}},
		{[]string{photoID}, map[trustlist.Kind][]string{trustlist.KindEAA: {photoID}}},
		{[]string{photoID, mdl, "org.iso.7367.1.mVRC"}, map[trustlist.Kind][]string{
			trustlist.KindMDL: {mdl}, trustlist.KindEAA: {photoID, "org.iso.7367.1.mVRC"},
		}},
		{[]string{verifytest.TypePIDMdoc, verifytest.TypePID}, map[trustlist.Kind][]string{
			trustlist.KindEAA: {verifytest.TypePIDMdoc, verifytest.TypePID},
		}},
		{[]string{"ORG.ISO.18013.5.1.MDL"}, map[trustlist.Kind][]string{trustlist.KindEAA: {"ORG.ISO.18013.5.1.MDL"}}},
	} {
		t.Run(fmt.Sprint(c.types), func(t *testing.T) {
			l, err := w.read(verifytest.VICALOptions{DocTypes: c.types, Without: []string{"UT"}})
			want(t, err, "")
			got := make(map[trustlist.Kind][]string)
			for _, a := range l.Anchors {
				got[a.Kind] = append(got[a.Kind], a.Types...)
				if a.ServesType("org.example.another") {
					t.Errorf("anchor of kind %s serves any type", a.Kind)
				}
			}
			if len(l.Anchors) != len(c.want) || fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestEntities: each authority of a country stays, and each certificate of an
// authority. A peer's map by country kept the last one of all (trust lists 3.3).
func TestEntities(t *testing.T) {
	w := newWorld(t)
	second := must(verifytest.Certify(w.State().CertOptions(now, "CA", nil))) // same names, another key
	l, err := w.entries(
		w.entry(nil),
		w.entry(func(i obj) { i["certificate"] = second.Cert.Raw }),
		w.entry(func(i obj) { i["stateOrProvinceName"] = "US-JG" }),
		w.entry(func(i obj) { i["issuingAuthority"] = "Another Authority" }),
		w.entry(func(i obj) { i["issuingCountry"] = "CA" }),
		w.entry(func(i obj) { delete(i, "issuingAuthority") }),
		w.entry(func(i obj) { i["certificate"] = second.Cert.Raw; delete(i, "issuingAuthority") }),
	)
	want(t, err, "")
	entities := make(map[string][]string)
	for _, a := range l.Anchors {
		entities[a.Entity] = append(entities[a.Entity], a.EntityName)
	}
	if len(l.Anchors) != 7 || len(entities) != 6 {
		t.Errorf("%d anchors of %d entities", len(l.Anchors), len(entities))
	}
	if l.Anchors[0].Entity != l.Anchors[1].Entity || l.Anchors[0].EntityName != w.State().Name {
		t.Error("two certificates of one authority are of two entities")
	}
	if name := l.Anchors[5].EntityName; name != w.State().CA.Cert.Subject.CommonName {
		t.Errorf("name %q", name)
	}
}

// TestNames: what an authority is called whose entry does not say.
func TestNames(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		subject pkix.Name
		want    string
	}{
		{pkix.Name{CommonName: "CA", Organization: []string{"Org"}}, "CA"},
		{pkix.Name{Organization: []string{"Org", "Other"}}, "Org"},
		{pkix.Name{Country: []string{"US"}}, ""},
	} {
		ca := must(verifytest.Certify(verifytest.CertOptions{Subject: c.subject, CA: true, NotBefore: now, NotAfter: now.Add(day)}))
		l, err := w.entries(verifytest.CertificateInfo(ca.Cert, mdl))
		want(t, err, "")
		if l.Anchors[0].EntityName != c.want || l.Anchors[0].Entity == "" {
			t.Errorf("%v: %q", c.subject, l.Anchors[0].EntityName)
		}
	}
}

// TestTerritory: the certificate's country, else the entry's, if that is one.
func TestTerritory(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		own    []string
		listed any
		want   string
	}{
		{[]string{"GR"}, "EL", "GR"},
		{[]string{"US"}, "CA", "US"},
		{[]string{"US"}, "USA", "US"},
		{nil, "el", "GR"},
		{nil, "USA", ""},
		{nil, "", ""},
		{[]string{"US", "CA"}, "CA", "CA"},
	} {
		ca := must(verifytest.Certify(verifytest.CertOptions{
			Subject: pkix.Name{CommonName: "CA", Country: c.own}, CA: true, NotBefore: now, NotAfter: now.Add(day),
		}))
		info := verifytest.CertificateInfo(ca.Cert, mdl)
		info["issuingCountry"] = c.listed
		l, err := w.entries(info)
		want(t, err, "")
		if got := l.Anchors[0].Territory; got != c.want {
			t.Errorf("%v listed under %q: %q, want %q", c.own, c.listed, got, c.want)
		}
	}
}

// TestTwice: a certificate that is listed twice with one scope is one anchor, for
// the types of both entries and no more than MaxDocTypes.
func TestTwice(t *testing.T) {
	w := newWorld(t)
	of := func(types ...string) any { return w.entry(func(i obj) { i["docType"] = types }) }
	l, err := w.entries(of(mdl), of(mdl, photoID), of(photoID, "org.example.0"))
	want(t, err, "")
	if len(l.Anchors) != 2 || !slices.Equal(l.Anchors[0].Types, []string{mdl}) || !slices.Equal(l.Anchors[1].Types, []string{photoID, "org.example.0"}) {
		t.Errorf("anchors %+v", l.Anchors)
	}
	l, err = w.entries(of(types(MaxDocTypes)...), of(types(MaxDocTypes)...))
	want(t, err, "")
	if len(l.Anchors) != 1 || len(l.Anchors[0].Types) != MaxDocTypes || len(l.Warnings) > 0 {
		t.Errorf("%d types, warnings %q", len(l.Anchors[0].Types), l.Warnings)
	}
	l, err = w.entries(of(types(MaxDocTypes)...), of(photoID))
	want(t, err, "")
	if len(l.Anchors) != 1 || len(l.Anchors[0].Types) != MaxDocTypes || len(l.Warnings) != 1 {
		t.Errorf("%d types, warnings %q", len(l.Anchors[0].Types), l.Warnings)
	}
}

// TestExpiredCA: validity is asked when an anchor is used, so that a list does not
// have to be read again as its certificates come and go.
func TestExpiredCA(t *testing.T) {
	w := newWorld(t)
	for from, to := range map[time.Time]time.Time{now.Add(-2 * day): now.Add(-day), now.Add(day): now.Add(2 * day)} {
		ca := must(verifytest.Certify(verifytest.CertOptions{Subject: pkix.Name{CommonName: "CA"}, CA: true, NotBefore: from, NotAfter: to}))
		l, err := w.entries(verifytest.CertificateInfo(ca.Cert, mdl))
		want(t, err, "")
		if len(l.Anchors) != 1 || l.Anchors[0].ValidAt(now) {
			t.Errorf("anchors %+v", l.Anchors)
		}
	}
}

// TestMostParse: half of the certificates may be damaged and no more; a key that is
// merely unsupported is not damage.
func TestMostParse(t *testing.T) {
	w := newWorld(t)
	bad := w.entry(func(i obj) { i["certificate"] = []byte{0x30} })
	odd := w.entry(func(i obj) { i["certificate"] = oddCurve(t, w) })
	for _, c := range []struct {
		name    string
		entries []any
		code    reason.Code
	}{
		{"none", []any{}, ""},
		{"half", []any{bad, w.entry(nil)}, ""},
		{"one more", []any{bad, nil, w.entry(nil)}, reason.VICALMalformed},
		{"all", []any{bad}, reason.VICALMalformed},
		{"all unsupported", []any{odd, odd, odd}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.entries(c.entries...)
			wantDetail(t, err, c.code, "do not parse")
		})
	}
}

// TestNumberOfEntries: as many as are allowed are looked at, all of them.
func TestNumberOfEntries(t *testing.T) {
	w := newWorld(t)
	infos := func(head ...byte) func(obj) {
		n := int(head[1])<<8 | int(head[2])
		return func(p obj) { p["certificateInfos"] = cbor.RawMessage(append(head, bytes.Repeat([]byte{0xa0}, n)...)) }
	}
	_, err := w.mutate(infos(0x99, MaxEntries>>8, MaxEntries&0xff))
	wantDetail(t, err, reason.VICALMalformed, "10000 of 10000")
	_, err = w.mutate(infos(0x99, (MaxEntries+1)>>8, (MaxEntries+1)&0xff))
	wantDetail(t, err, reason.VICALTooLarge, "10000")
	for name, change := range map[string]func(obj){
		"absent": func(p obj) { delete(p, "certificateInfos") },
		"a map":  func(p obj) { p["certificateInfos"] = obj{} },
		"null":   func(p obj) { p["certificateInfos"] = nil },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.mutate(change)
			wantDetail(t, err, reason.VICALMalformed, "not an array")
		})
	}
}
