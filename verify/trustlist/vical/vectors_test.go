package vical

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/trustlist"
	"github.com/edgetrust/edgetrust/verify/verifytest"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

const (
	aamva      = "aamva-2025-11-18.cbor"
	aamvaRoot  = "aamva_ca_root.crt"
	aamvaInter = "aamva_ca_intermediate.crt"
	austroads  = "austroads.cbor"
	austrRoot  = "austroads_root.pem"
)

// vectorTable has the files of the vical folder, each with the clocks and pins
// under which its verdict is known.
var vectorTable = []struct {
	file   string
	at     time.Time
	pinned []string
	parse  reason.Code
	code   reason.Code
}{
	{file: aamva, at: date(2025, 12, 1), pinned: []string{aamvaRoot}},
	{file: aamva, at: date(2025, 12, 1), pinned: []string{aamvaInter}},
	{file: aamva, at: date(2025, 12, 1), pinned: []string{austrRoot, aamvaRoot}},
	{file: aamva, at: date(2025, 12, 1), code: reason.VICALSignerUntrusted},
	{file: aamva, at: date(2025, 12, 1), pinned: []string{austrRoot}, code: reason.VICALSignerUntrusted},
	{file: aamva, at: date(2026, 4, 17), pinned: []string{aamvaRoot}},
	{file: aamva, at: date(2026, 4, 19), pinned: []string{aamvaRoot}, code: reason.VICALSignerUntrusted}, // its signer has expired
	{file: aamva, at: date(2026, 4, 19), pinned: []string{aamvaInter}, code: reason.VICALSignerUntrusted},
	{file: aamva, at: date(2023, 4, 17), pinned: []string{aamvaRoot}, code: reason.VICALSignerUntrusted},
	{file: austroads, at: date(2024, 12, 18), pinned: []string{austrRoot}},
	{file: austroads, at: date(2027, 12, 2), pinned: []string{austrRoot}},
	{file: austroads, at: date(2027, 12, 4), pinned: []string{austrRoot}, code: reason.VICALSignerUntrusted},
	{file: austroads, at: date(2024, 12, 18), pinned: []string{aamvaRoot, aamvaInter}, code: reason.VICALSignerUntrusted},
	{file: aamvaRoot, parse: reason.VICALMalformed},
	{file: aamvaInter, parse: reason.VICALMalformed},
	{file: austrRoot, parse: reason.VICALMalformed},
}

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func vector(t testing.TB, file string) []byte {
	t.Helper()
	return vectortest.Read(t, "vical", file)
}

func certificate(t testing.TB, file string) *x509.Certificate {
	t.Helper()
	return vectortest.Certificates(t, "vical", file)[0]
}

func certificates(t testing.TB, files []string) (certs []*x509.Certificate) {
	for _, f := range files {
		certs = append(certs, certificate(t, f))
	}
	return certs
}

// TestVectorTable: every file of the folder's index is in the table.
func TestVectorTable(t *testing.T) {
	var files []string
	for _, v := range vectorTable {
		files = append(files, v.file)
	}
	vectortest.WantRows(t, "vical", files)
}

func TestVectors(t *testing.T) {
	for _, v := range vectorTable {
		t.Run(fmt.Sprint(v.file, " ", v.at.Format(time.DateOnly), " ", v.pinned), func(t *testing.T) {
			b := vector(t, v.file)
			if v.parse != "" {
				_, err := Parse(b)
				want(t, err, v.parse)
				return
			}
			_, err := verify(b, Options{}, v.at, certificates(t, v.pinned)...)
			want(t, err, v.code)
			_, err = verify(b, Options{}, v.at, append(certificates(t, v.pinned), nil)...)
			want(t, err, v.code)
			if v.code != "" {
				return
			}
			damaged := verifytest.FlipBit(b, -1) // in the signature
			_, err = verify(damaged, Options{}, v.at, certificates(t, v.pinned)...)
			want(t, err, reason.VICALSignatureInvalid)
		})
	}
}

// TestVectorContent logs what the two real lists hold, and checks what their
// README says of them.
func TestVectorContent(t *testing.T) {
	for _, c := range []struct {
		file, root, provider string
		at                   time.Time
		id                   uint64
		date, next, notAfter string
		certificates         int
		mdl, eaa             int // anchors
		skipped              int
	}{
		{aamva, aamvaRoot, "AAMVA", date(2025, 12, 1), 227602, "2025-11-18T18:38:12Z", "2025-11-19T18:38:12Z", "2026-02-16T18:38:12Z",
			14, 14, 0, 0},
		{austroads, austrRoot, "Austroads", date(2024, 12, 18), 27, "2024-12-17T22:40:31Z", "", "2025-03-17T22:40:31Z",
			40, 35, 18, 4},
	} {
		t.Run(c.provider, func(t *testing.T) {
			b := vector(t, c.file)
			if got := must(Parse(b)).Claims(); got != (Claims{c.provider, c.id}) {
				t.Errorf("claims %+v", got)
			}
			l, err := verify(b, Options{Provider: c.provider}, c.at, certificate(t, c.root))
			want(t, err, "")
			t.Logf("%s | %d | %s | %s | %s | skipped %d | warnings %q", l.Operator, l.Sequence, stamp(l.Issued), stamp(l.NextUpdate), byScope(l), len(l.Skipped), l.Warnings)
			if l.Operator != c.provider || l.Sequence != c.id || l.Unnumbered || stamp(l.Issued) != c.date || stamp(l.NextUpdate) != c.next ||
				stamp(l.NotAfter) != c.notAfter || l.Services != c.certificates || len(l.Skipped) != c.skipped {
				t.Errorf("list %+v", l)
			}
			for _, s := range l.Skipped {
				t.Logf("skipped %x: %s", s.SHA256[:4], s.Why)
			}
			kinds := make(map[trustlist.Kind]int)
			for _, a := range l.Anchors {
				kinds[a.Kind]++
				if a.Purpose != trustlist.Issuance || a.Mode != trustlist.PKIX || a.Entity == "" || a.EntityName == "" || len(a.Types) == 0 {
					t.Errorf("anchor %+v", a)
				}
			}
			if kinds[trustlist.KindMDL] != c.mdl || kinds[trustlist.KindEAA] != c.eaa || len(kinds) > 2 {
				t.Errorf("anchors by kind: %v", kinds)
			}
			_, err = verify(b, Options{Provider: "Another"}, c.at, certificate(t, c.root))
			want(t, err, reason.VICALSignerUntrusted)
		})
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// byScope is the number of anchors by kind and territory.
func byScope(l *trustlist.List) string {
	n := make(map[string]int)
	for _, a := range l.Anchors {
		n[string(a.Kind)+" "+a.Territory]++
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%s: %d", k, n[k]))
	}
	return strings.Join(parts, ", ")
}
