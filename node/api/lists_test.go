package api

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// national is a description with every member filled.
func national() ListInfo {
	durable := false
	return ListInfo{
		Name: "eu-lotl:DE", Type: "tl", Parent: "eu-lotl", Territory: "DE", Profile: "pubeaa", URL: "https://tl.example.de/tl.xml", State: "held",
		Sequence: 145, Version: 6, SHA256: hex64, Issued: noon, NextUpdate: noon,
		Signer:   &SignerInfo{Subject: "CN=Signer,C=DE", CertificateSHA256: hex64, NotAfter: noon},
		LookedAt: noon, AgeSeconds: 60, CameFrom: "peer", From: "edge-ams-1", SpreadSeconds: 0.25, Durable: &durable,
		Anchors: 41, Services: 212, Skipped: 1, Warnings: []string{"no language"},
		LastError: &FailureInfo{At: noon, Detail: "503 from the origin"}, HeldUntil: noon, SoaksUntil: noon,
		Quarantined: &QuarantinedInfo{Sequence: 9000, SHA256: hex64, Code: "trustlist_sequence_jump"},
		Conflict:    &ConflictInfo{Sequence: 145, Kept: hex64, Refused: hex64},
		Refused:     []RefusedInfo{{At: noon, Door: "peer", Code: "trustlist_conflict", Detail: "another content"}},
	}
}

// both asks for a document in both encodings, which have to agree.
func both(t *testing.T, h http.Handler, path string) map[string]any {
	t.Helper()
	var answers []map[string]any
	for _, accept := range []string{"application/json", "application/cbor"} {
		w := call(t, h, get(path, "Accept", accept))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != accept {
			t.Fatalf("%s as %s: %d %s", path, accept, w.Code, w.Body)
		}
		answers = append(answers, decodeAnswer(t, w))
	}
	if d := cmp.Diff(answers[0], answers[1]); d != "" {
		t.Errorf("%s: %s", path, d)
	}
	return answers[0]
}

func TestListsShowEveryMember(t *testing.T) {
	h := newHandler(t, fake{lists: []ListInfo{national(), {Name: "lab", Type: "anchors", URL: "file:lab.pem", State: "absent"}}})
	lists := both(t, h, "/v1/lists")["lists"].([]any)
	const at = "2026-11-23T11:00:00Z"
	want := map[string]any{
		"name": "eu-lotl:DE", "type": "tl", "parent": "eu-lotl", "territory": "DE", "profile": "pubeaa", "url": "https://tl.example.de/tl.xml", "state": "held",
		"sequence": int64(145), "version": int64(6), "sha256": hex64, "issued": at, "next_update": at,
		"signer":    map[string]any{"subject": "CN=Signer,C=DE", "certificate_sha256": hex64, "not_after": at},
		"looked_at": at, "age_seconds": int64(60), "came_from": "peer", "from": "edge-ams-1", "spread_seconds": 0.25, "durable": false,
		"anchors": int64(41), "services": int64(212), "skipped": int64(1), "warnings": []any{"no language"},
		"last_error": map[string]any{"at": at, "detail": "503 from the origin"}, "held_until": at, "soaks_until": at,
		"quarantined": map[string]any{"sequence": int64(9000), "sha256": hex64, "code": "trustlist_sequence_jump"},
		"conflict":    map[string]any{"sequence": int64(145), "kept": hex64, "refused": hex64},
		"refused":     []any{map[string]any{"at": at, "door": "peer", "code": "trustlist_conflict", "detail": "another content"}},
	}
	if d := cmp.Diff(want, lists[0]); d != "" {
		t.Error(d)
	}
	if n := len(lists[1].(map[string]any)); n != 7 {
		t.Errorf("a list without anything has %d members: %v", n, lists[1])
	}
}

// What the clocks of two nodes say of a spread can be nonsense, and is left out then.
func TestSpreadIsSayable(t *testing.T) {
	year := maxSpread.Seconds()
	for spread, want := range map[float64]any{0: nil, -1: nil, math.NaN(): nil, math.Inf(1): nil, year + 1: nil, year - 0.5: year - 0.5, 0.5: 0.5} {
		l := ListInfo{Name: "lab", Type: "lote", URL: "https://lists.example/lab", State: "fresh", From: "\xff", SpreadSeconds: spread, Refused: []RefusedInfo{}}
		shownList := both(t, newHandler(t, fake{lists: []ListInfo{l}}), "/v1/lists")["lists"].([]any)[0].(map[string]any)
		if got := shownList["spread_seconds"]; got != want {
			t.Errorf("%v: %v (%T), want %v", spread, got, got, want)
		}
		if shownList["from"] != "\uFFFD" {
			t.Errorf("from %q", shownList["from"])
		}
	}
}

// What a signer wrote into his list is shown within bounds, and never keeps the
// others from being shown.
func TestTextsOfListsAreBounded(t *testing.T) {
	l := national()
	l.Signer.Subject = "CN=\xff\xfe latin"
	l.Warnings = make([]string, maxWarnings+1)
	for i := range l.Warnings {
		l.Warnings[i] = strings.Repeat("ä", maxText)
	}
	l.NextUpdate = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)
	shownList := both(t, newHandler(t, fake{lists: []ListInfo{l}}), "/v1/lists")["lists"].([]any)[0].(map[string]any)
	if got := shownList["signer"].(map[string]any)["subject"]; got != "CN=\uFFFD latin" {
		t.Errorf("%q", got)
	}
	warnings := shownList["warnings"].([]any)
	if len(warnings) != maxWarnings || len(warnings[0].(string)) != maxText {
		t.Errorf("%d warnings, the first of %d bytes", len(warnings), len(warnings[0].(string)))
	}
	if _, there := shownList["next_update"]; there {
		t.Error("a year beyond 9999 is not RFC 3339")
	}
	if len(l.Warnings[0]) != 2*maxText || l.Signer.Subject != "CN=\xff\xfe latin" {
		t.Error("the engine's own values were changed")
	}
}

func TestShown(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"Ärger":                            "Ärger",
		"a\xffb":                           "a\uFFFDb",
		strings.Repeat("x", maxText):       strings.Repeat("x", maxText),
		strings.Repeat("x", maxText+1):     strings.Repeat("x", maxText),
		"x" + strings.Repeat("ä", maxText): "x" + strings.Repeat("ä", maxText/2-1),
	} {
		if got := shown(in); got != want || !utf8.ValidString(got) {
			t.Errorf("%.20q: %d bytes, want %d", in, len(got), len(want))
		}
	}
	if got := shown(strings.Repeat("\x80", maxText+9)); len(got) > 3*maxText || !utf8.ValidString(got) {
		t.Errorf("nonsense becomes %d bytes", len(got))
	}
}

func TestSigner(t *testing.T) {
	if Signer(nil) != nil {
		t.Error("an unsigned list has no signer")
	}
	got := Signer(&x509.Certificate{Raw: []byte("test"), Subject: pkix.Name{CommonName: "x"}, NotAfter: noon})
	if d := cmp.Diff(&SignerInfo{"CN=x", hex64, noon}, got); d != "" {
		t.Error(d)
	}
}
