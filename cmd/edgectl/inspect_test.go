package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/verify/reason"
	"github.com/edgetrust/edgetrust/verify/verifytest"
	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

// inspectFile runs the command and returns what it says.
func inspectFile(t *testing.T, want int, args ...string) (i inspection) {
	t.Helper()
	var out, errs bytes.Buffer
	got := execute(t.Context(), slices.Concat([]string{"--json", "inspect"}, args), &streams{strings.NewReader(""), &out, &errs})
	if got != want {
		t.Fatalf("%v: exit code %d, want %d\n%s%s", args, got, want, &out, &errs)
	}
	if err := json.Unmarshal(out.Bytes(), &i); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return i
}

const (
	oj2019   = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2019.276.01.0001.01.ENG"
	at2019   = "--at=2019-09-10T00:00:00Z"
	at2026   = "--at=2026-08-21T12:00:00Z"
	trustXML = "trustlists-ts119612/"
)

// Real lists of every kind, good and bad, with what a node makes of them. An empty
// code: admitted, in the state named.
func TestInspectVectors(t *testing.T) {
	vectors := vectortest.Dir(t, "")
	now := []string{at2026, "--signers=" + trustXML + "2026-08/oj-C-2026-1944-signers.pem"}
	national := append(slices.Clone(now), "--lotl="+trustXML+"2026-08/eu-lotl-390.xml.gz")
	then := []string{at2019, "--oj=" + oj2019, "--signers=" + trustXML + "2019-09/oj-C-2019-276-signers.pem"}
	nationalThen := append(slices.Clone(then), "--lotl="+trustXML+"2019-09/eu-lotl-248.xml.gz")
	pivoted := slices.Concat([]string{"--at=2024-06-10T00:00:00Z"}, then[1:])
	for _, n := range []string{"341", "282", "335", "300"} {
		pivoted = append(pivoted, "--pivot="+trustXML+"pivots-real/eu-lotl-pivot-"+n+".xml.gz")
	}
	for _, c := range []struct {
		file  string
		flags []string
		kind  artefact.Kind
		state string
		code  reason.Code
	}{
		{trustXML + "2026-08/eu-lotl-390.xml.gz", now, artefact.LOTL, "fresh", ""},
		{trustXML + "2026-08/eu-lotl-390.xml.gz", nil, artefact.LOTL, "", reason.TrustListSignerUnknown},
		{trustXML + "2026-08/eu-lotl-390.xml.gz", append(slices.Clone(now), "--oj="+oj2019), artefact.LOTL, "", reason.TrustListOJMismatch},
		{trustXML + "2026-08/eu-lotl-390.xml.gz", append(slices.Clone(now), "--at=2027-01-27T13:16:37Z"), artefact.LOTL, "fresh", ""},
		{trustXML + "2026-08/eu-lotl-390.xml.gz", append(slices.Clone(now), "--at=2027-01-27T13:16:38Z"), artefact.LOTL, "expired", reason.TrustListExpired},
		{trustXML + "2026-08/eu-lotl-390.xml.gz", append(slices.Clone(now), "--at=2026-08-03T13:11:37Z"), artefact.LOTL, "fresh", reason.TrustListNotYetValid},
		{trustXML + "2026-08/TL-CZ.xml.gz", national, artefact.TL, "fresh", ""},
		{trustXML + "2026-08/TL-EL.xml.gz", national, artefact.TL, "fresh", ""},
		{trustXML + "2026-08/TL-NL.xml.gz", national, artefact.TL, "expired", ""},
		{trustXML + "2026-08/TL-UK.xml.gz", national, artefact.TL, "expired", ""},
		{trustXML + "2026-08/TL-HR.xml.gz", national, artefact.TL, "", reason.TrustListSignerUnknown},
		{trustXML + "2026-08/TL-CZ.xml.gz", append(slices.Clone(national), "--at=2027-01-28T00:00:00Z"), artefact.TL, "expired", reason.TrustListExpired},
		{trustXML + "2026-08/TL-CZ.xml.gz", now, artefact.TL, "", reason.TrustListSignerUnknown}, // the LOTL's signers sign no national list
		{trustXML + "2019-09/eu-lotl-248.xml.gz", then, artefact.LOTL, "fresh", ""},
		{trustXML + "2019-09/TL-FI.xml.gz", nationalThen, artefact.TL, "fresh", ""},
		{trustXML + "pivots-real/eu-lotl-pivot-341.xml.gz", pivoted, artefact.LOTL, "fresh", ""},
		{trustXML + "pivots-real/eu-lotl-pivot-341.xml.gz", pivoted[:len(pivoted)-1], artefact.LOTL, "", reason.TrustListPivotBroken},
		{trustXML + "broken/eu-lotl_xml-directive-removed.xml.gz", then, artefact.LOTL, "fresh", ""},
		{trustXML + "broken/eu-lotl_broken-sig.xml.gz", then, artefact.LOTL, "", reason.TrustListSignatureInvalid},
		{trustXML + "broken/eu-lotl_not-parsable.xml.gz", then, artefact.TL, "", reason.TrustListMalformed},
		{trustXML + "broken/CZ_two-sigs.xml.gz", nationalThen, artefact.TL, "", reason.TrustListXMLWrapping},
		{trustXML + "broken/CZ_empty.xml.gz", nationalThen, "", "", reason.TrustListMalformed},
		{trustXML + "broken/fi-v6.xml.gz", nationalThen, artefact.TL, "", reason.TrustListSignerUnknown},
		{trustXML + "broken/tl-ecdsa-brainpool.xml.gz", nationalThen, artefact.TL, "", reason.ArtefactUnknown},
		{"vical/aamva-2025-11-18.cbor", []string{"--at=2025-11-19T00:00:00Z", "--signers=vical/aamva_ca_root.crt"}, artefact.VICAL, "fresh", ""},
		{"vical/aamva-2025-11-18.cbor", []string{"--at=2025-11-23T00:00:00Z", "--signers=vical/aamva_ca_root.crt"}, artefact.VICAL, "stale", ""},
		{"vical/aamva-2025-11-18.cbor", []string{"--at=2026-11-23T00:00:00Z", "--signers=vical/aamva_ca_root.crt"}, artefact.VICAL, "", reason.VICALSignerUntrusted},
		{"vical/aamva-2025-11-18.cbor", []string{"--at=2025-11-19T00:00:00Z", "--signers=vical/austroads_root.pem"}, artefact.VICAL, "", reason.VICALSignerUntrusted},
		{"vical/aamva-2025-11-18.cbor", nil, artefact.VICAL, "", reason.VICALSignerUntrusted},
		{"vical/austroads.cbor", []string{"--at=2026-11-23T00:00:00Z", "--signers=vical/austroads_root.pem"}, artefact.VICAL, "expired", reason.VICALExpired},
		{"lote-ts119602/eudi-refimpl-pid-providers-2026-03-16.json", nil, artefact.LoTE, "", reason.TrustListSignatureMissing},
		{"lote-ts119602/wp4trust-pid_providers.json.jws", []string{"--signers=lote-ts119602/wp4trust-signer.pem"}, artefact.LoTE, "", reason.TrustListSignerSchemeMismatch},
		{"x509/iaca-aamva-2025-11.pem", []string{"--at=2025-11-23T00:00:00Z"}, artefact.Anchors, "", ""},
	} {
		t.Chdir(vectors)
		want := exitDone
		if c.code != "" {
			want = exitFailed
		}
		i := inspectFile(t, want, append(slices.Clone(c.flags), c.file)...)
		if i.Code != c.code || i.Kind != string(c.kind) || i.State != c.state {
			t.Errorf("%s %v: %q %s %q, want %q %s %q", c.file, c.flags, i.Code, i.Kind, i.State, c.code, c.kind, c.state)
		}
		if known := i.Verified || c.kind == artefact.Anchors; (i.Signer != nil) != i.Verified || c.code == "" && !known {
			t.Errorf("%s %v: verified is %v, signed by %v", c.file, c.flags, i.Verified, i.Signer)
		}
	}
}

// A list of our own is counted to the anchor, and every way to it is the same.
func TestInspectMadeList(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	w, err := verifytest.New(now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.LoTE("pid", verifytest.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(b)
	_ = z.Close()
	for name, content := range map[string][]byte{"list": b, "list.gz": packed.Bytes(), "cut.gz": packed.Bytes()[:packed.Len()-9], "signer.pem": w.Operator.PEM()} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	at := "--at=" + now.UTC().Format(time.RFC3339)
	plain := inspectFile(t, exitDone, "--signers=signer.pem", at, "list")
	if !plain.Verified || plain.Sequence != 1 || plain.State != "fresh" || plain.Signer.Trusted != "one of --signers" {
		t.Errorf("%+v", plain)
	}
	// Its anchors are a demonstration's, which a node does not take.
	if len(plain.Anchors) != 0 || len(plain.Skipped) != 1 || plain.Skipped[0].Why != "test anchor" {
		t.Errorf("%+v %+v", plain.Anchors, plain.Skipped)
	}
	compressed := inspectFile(t, exitDone, "--signers=signer.pem", at, "list.gz")
	if compressed.SHA256 != plain.SHA256 {
		t.Error("the bytes inside a gzip file are not those that are judged")
	}
	var said strings.Builder
	if code := execute(t.Context(), []string{"inspect", "cut.gz"}, &streams{nil, io.Discard, &said}); code != exitFailed || !strings.Contains(said.String(), "the gzip file is damaged") {
		t.Errorf("a gzip file that was cut: exit code %d, %s", code, said.String())
	}
	if i := inspectFile(t, exitFailed, at, "list"); i.Code != reason.TrustListSignerUnknown || i.Sequence != 1 || i.Verified {
		t.Errorf("%+v", i)
	}
}

// A gzip file that grows beyond what a node reads is refused while it grows.
func TestInspectBomb(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	zeros := make([]byte, 1<<20)
	for range maxList>>20 + 1 {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	path := filepath.Join(t.TempDir(), "bomb.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := execute(t.Context(), []string{"inspect", path}, &streams{nil, &out, &errs}); code != exitFailed || !strings.Contains(errs.String(), "trustlist_too_large: larger than 16 MiB") {
		t.Errorf("exit code %d\n%s%s", code, &out, &errs)
	}
}

func TestSpan(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		30 * time.Second: "in 30 s", -3 * time.Hour: "3 h ago", 59 * day: "in 59 days", 60 * day: "in 2 months", -729 * day: "24 months ago", 730 * day: "in 2 years",
	} {
		if got := distance(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
