package api

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/verify/trustlist"
)

// anchorsOf makes so many anchors, of the kinds and territories in turn.
func anchorsOf(n int) (all []AnchorInfo) {
	for i := range n {
		all = append(all, AnchorInfo{
			CertificateSHA256: fmt.Sprintf("%064x", i), SPKISHA256: hex64, SKI: "0a", Subject: fmt.Sprintf("CN=%d", i), Mode: "pkix",
			Kind: []string{"pid", "qeaa"}[i%2], Purpose: []string{"issuance", "issuance", "revocation"}[i%3], Territory: []string{"DE", "GR"}[i/2%2],
			Usable: true, Standing: InForce,
		})
	}
	return all
}

func listOf(n int) ListAnchors {
	return ListAnchors{
		List: "eu-lotl:DE", Type: "tl", URL: "https://tl.example.de/tl.xml", State: "fresh", Sequence: 145, SHA256: hex64, Issued: noon, NextUpdate: noon,
		Signer: &SignerInfo{Subject: "CN=Signer", CertificateSHA256: hex64, NotAfter: noon}, SignedAt: noon, CameFrom: "origin",
		Anchors: anchorsOf(n), Skipped: []SkippedInfo{{"Provider", hex64, "unsupported key"}}, Warnings: []string{"no language"},
	}
}

func TestAnchorsShowEveryMember(t *testing.T) {
	l := listOf(0)
	l.Anchors = []AnchorInfo{{
		CertificateSHA256: hex64, SPKISHA256: hex64, SKI: "0a0b", Subject: "CN=CA", Mode: "direct", Kind: "eaa", Purpose: "revocation", Territory: "DE",
		Types: []string{"urn:x"}, Entity: "VATDE-1", EntityName: "Provider", Service: "http://service", Status: "http://status", StatusSince: noon,
		Usable: false, Standing: NotInGoodStanding, HeldUntil: noon, NotBefore: noon, NotAfter: noon, SeenAt: noon,
	}}
	const at = "2026-11-23T11:00:00Z"
	want := map[string]any{
		"list": "eu-lotl:DE", "type": "tl", "url": "https://tl.example.de/tl.xml", "state": "fresh", "sequence": int64(145), "sha256": hex64,
		"issued": at, "next_update": at, "signed_at": at, "came_from": "origin",
		"signer": map[string]any{"subject": "CN=Signer", "certificate_sha256": hex64, "not_after": at},
		"anchors": []any{map[string]any{
			"certificate_sha256": hex64, "spki_sha256": hex64, "ski": "0a0b", "subject": "CN=CA", "mode": "direct", "kind": "eaa", "purpose": "revocation",
			"territory": "DE", "types": []any{"urn:x"}, "entity": "VATDE-1", "entity_name": "Provider", "service": "http://service",
			"status": "http://status", "status_since": at, "usable": false, "standing": "not_in_good_standing", "held_until": at,
			"not_before": at, "not_after": at, "seen_at": at,
		}},
		"skipped":  []any{map[string]any{"entity": "Provider", "sha256": hex64, "why": "unsupported key"}},
		"warnings": []any{"no language"}, "total": int64(1),
	}
	got := both(t, newHandler(t, fake{anchors: map[string]ListAnchors{l.List: l}}), "/v1/lists/eu-lotl:DE/anchors")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A list that never came has no anchors, and says so with empty arrays.
func TestAnchorsOfAnAbsentList(t *testing.T) {
	h := newHandler(t, fake{anchors: map[string]ListAnchors{"pid": {List: "pid", Type: "lote", URL: "https://h/l", State: "absent"}}})
	want := map[string]any{"list": "pid", "type": "lote", "url": "https://h/l", "state": "absent", "anchors": []any{}, "skipped": []any{}, "warnings": []any{}, "total": int64(0)}
	if d := cmp.Diff(want, both(t, h, "/v1/lists/pid/anchors")); d != "" {
		t.Error(d)
	}
}

func TestAnchorsByName(t *testing.T) {
	named := make(map[string]ListAnchors)
	for _, name := range []string{"pid", "eu-lotl:DE", "a b", "50%", "a/b", "ä"} {
		named[name] = ListAnchors{List: name, State: "fresh"}
	}
	h := newHandler(t, fake{anchors: named})
	for name := range named {
		if got := both(t, h, "/v1/lists/"+url.PathEscape(name)+"/anchors")["list"]; got != name {
			t.Errorf("%q gives %v", name, got)
		}
	}
	if got := both(t, h, "/v1/lists/eu-lotl%3ADE/anchors")["list"]; got != "eu-lotl:DE" {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"PID", "eu-lotl:", "eu-lotl:FR", "CANARY", "..", "pid%00"} {
		p := want(t, call(t, h, get("/v1/lists/"+name+"/anchors")), NotFound, "")
		if !strings.Contains(p.Detail, "/v1/lists") || strings.Contains(p.Detail, "CANARY") {
			t.Errorf("%s: %s", name, p.Detail)
		}
	}
	for _, path := range []string{"/v1/lists/", "/v1/lists/anchors", "/v1/lists//anchors", "/v1/lists/pid", "/v1/lists/pid/", "/v1/lists/pid/anchors/"} {
		want(t, call(t, h, get(path)), NotFound, "")
	}
}

func TestAnchorFilters(t *testing.T) {
	h := newHandler(t, fake{anchors: map[string]ListAnchors{"l": listOf(12)}})
	for query, total := range map[string]int64{
		"": 12, "kind=pid": 6, "kind=mdl": 0, "territory=DE": 6, "territory=gr": 6, "territory=EL": 6, "territory=FR": 0, "purpose=revocation": 4,
		"kind=qeaa&territory=DE": 3, "kind=qeaa&territory=DE&purpose=issuance": 2, "after=0": 12, "after=2147483647": 12,
	} {
		got := both(t, h, "/v1/lists/l/anchors?"+query)
		if got["total"] != total {
			t.Errorf("%q: %v, want %d", query, got["total"], total)
		}
	}
	for _, query := range []string{
		"knd=pid", "kind=pid&x=", "KIND=pid", "kind=", "kind=CANARY", "kind=PID", "kind=pid&kind=pid", "territory=", "territory=D", "territory=DEU", "territory=D1", "territory=%C3%84",
		"purpose=", "purpose=Issuance", "after=", "after=-1", "after=+1", "after=1.0", "after=0x1", "after=2147483648", "after=CANARY", "kind=pid;after=1", "%zz", "CANARY=1",
	} {
		p := want(t, call(t, h, get("/v1/lists/l/anchors?"+query)), MalformedRequest, "")
		if strings.Contains(p.Detail, "CANARY") {
			t.Errorf("%q is quoted: %s", query, p.Detail)
		}
	}
}

// Pages hold every anchor once, at and around the limit of one.
func TestAnchorPages(t *testing.T) {
	for _, n := range []int{0, 1, maxAnchors - 1, maxAnchors, maxAnchors + 1, 2 * maxAnchors, 2*maxAnchors + 1} {
		h := newHandler(t, fake{anchors: map[string]ListAnchors{"l": listOf(n)}})
		var seen []any
		after, pages := int64(0), 0
		for more := true; more; pages++ {
			a := both(t, h, fmt.Sprintf("/v1/lists/l/anchors?after=%d", after))
			page := a["anchors"].([]any)
			if len(page) > maxAnchors || a["total"] != int64(n) {
				t.Fatalf("%d: a page of %d, total %v", n, len(page), a["total"])
			}
			if first := pages == 0; (len(a["skipped"].([]any)) == 1) != first || (len(a["warnings"].([]any)) == 1) != first {
				t.Errorf("%d: page %d: skipped and warnings stand on the first page alone", n, pages)
			}
			seen = append(seen, page...)
			after, more = a["next"].(int64)
		}
		if len(seen) != n || pages != max(1, (n+maxAnchors-1)/maxAnchors) {
			t.Errorf("%d anchors in %d pages, want %d", len(seen), pages, n)
		}
		for i, a := range seen {
			if a.(map[string]any)["certificate_sha256"] != fmt.Sprintf("%064x", i) {
				t.Fatalf("%d: anchor %d is another", n, i)
			}
		}
	}
}

// A signer may write as much as he likes: one answer holds a bounded part of it.
func TestAnchorsAreBounded(t *testing.T) {
	long := strings.Repeat("\xffä", maxText)
	l := listOf(maxAnchors)
	for i := range l.Anchors {
		a := &l.Anchors[i]
		a.Subject, a.Entity, a.EntityName, a.Service, a.Status = long, long, long, long, long
		a.NotAfter = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	l.Anchors[0].Types = strings.Split(strings.Repeat("x,", maxTypes), ",")
	l.Skipped = make([]SkippedInfo, maxSkipped+1)
	for i := range l.Skipped {
		l.Skipped[i] = SkippedInfo{long, hex64, long}
	}
	h := newHandler(t, fake{anchors: map[string]ListAnchors{"l": l}})
	w := call(t, h, get("/v1/lists/l/anchors"))
	if w.Code != 200 || w.Body.Len() > 8<<20 {
		t.Fatalf("%d, %d bytes", w.Code, w.Body.Len())
	}
	a := decodeAnswer(t, w)
	first := a["anchors"].([]any)[0].(map[string]any)
	if len(first["types"].([]any)) != maxTypes || len(a["skipped"].([]any)) != maxSkipped {
		t.Error("tables are cut to their bounds")
	}
	if _, there := first["not_after"]; there {
		t.Error("a year beyond 9999 is not RFC 3339")
	}
	if l.Anchors[0].Subject != long || l.Skipped[0].Why != long {
		t.Error("the engine's own values were changed")
	}
}

func TestAnchorDescribesTheCertificate(t *testing.T) {
	cert := &x509.Certificate{
		Raw: []byte("test"), RawSubjectPublicKeyInfo: []byte("test"), SubjectKeyId: []byte{10, 11}, Subject: pkix.Name{CommonName: "CA", Country: []string{"DE"}},
		BasicConstraintsValid: true, IsCA: true, NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0),
	}
	a := trustlist.NewAnchor(cert)
	a.Kind, a.Purpose, a.Territory, a.Types = trustlist.KindEAA, trustlist.Issuance, "DE", []string{"urn:x"}
	a.Entity, a.EntityName, a.Service, a.Status, a.StatusSince = "VATDE-1", "Provider", "http://service", "http://status", noon
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte("test")))
	want := AnchorInfo{
		CertificateSHA256: digest, SPKISHA256: digest, SKI: "0a0b", Subject: "CN=CA,C=DE", Mode: "pkix", Kind: "eaa", Purpose: "issuance", Territory: "DE",
		Types: []string{"urn:x"}, Entity: "VATDE-1", EntityName: "Provider", Service: "http://service", Status: "http://status", StatusSince: noon,
		Usable: true, NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0),
	}
	if d := cmp.Diff(want, Anchor(a)); d != "" {
		t.Error(d)
	}
}
