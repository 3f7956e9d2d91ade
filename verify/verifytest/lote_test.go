package verifytest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/jsonschema/v6"

	"github.com/edgetrust/edgetrust/verify/verifytest/vectortest"
)

func openLoTE(t *testing.T, w *World, profile string, o ListOptions) (header, doc map[string]any) {
	t.Helper()
	return openJWS(t, string(must[[]byte](t)(w.LoTE(profile, o))), &w.Operator.Private.PublicKey)
}

// TestLoTESchema holds the lists against ETSI's own JSON schema.
func TestLoTESchema(t *testing.T) {
	dir := filepath.Join(vectortest.Dir(t, "lote-ts119602"), "schema")
	c := jsonschema.NewCompiler()
	for _, path := range []string{
		"1960201_json_schema.json", "1960201_json_schema_sie.json", "1960201_json_schema_tie.json",
		"rfcs/rfc7517.json", // where the first one looks for it
	} {
		b, err := os.ReadFile(filepath.Join(dir, filepath.Base(path)))
		if err != nil {
			t.Fatal(err)
		}
		schema := must[any](t)(jsonschema.UnmarshalJSON(bytes.NewReader(b)))
		if err := c.AddResource("file:///"+path, schema); err != nil {
			t.Fatal(err)
		}
	}
	schema := must[*jsonschema.Schema](t)(c.Compile("file:///1960201_json_schema.json"))
	w := testWorld(t)
	for _, profile := range Profiles() {
		for name, o := range map[string]ListOptions{"full": {}, "empty": {Authorities: []*Authority{}}} {
			_, doc := openLoTE(t, w, profile, o)
			if err := schema.Validate(any(doc)); err != nil {
				t.Errorf("%s, %s: %v", profile, name, err)
			}
			delete(doc["LoTE"].(map[string]any)["ListAndSchemeInformation"].(map[string]any), "NextUpdate")
			if schema.Validate(any(doc)) == nil {
				t.Errorf("%s, %s: the schema does not miss NextUpdate", profile, name)
			}
		}
	}
}

// TestLoTEMembers checks the presence table (trust lists 1.3).
func TestLoTEMembers(t *testing.T) {
	w := testWorld(t)
	entities := map[string]int{"pid": 2, "wallet": 1, "wrpac": 1, "wrprc": 1, "pubeaa": 2, "registrar": 1, "mdl": 1}
	for _, profile := range Profiles() {
		header, doc := openLoTE(t, w, profile, ListOptions{Sequence: 7})
		chain := header["x5c"].([]any)
		if header["alg"] != "ES256" || header["iat"] != float64(testNow.Unix()) || chain[0] != base64.StdEncoding.EncodeToString(w.Operator.Cert.Raw) {
			t.Errorf("%s: header %v", profile, header)
		}
		list := doc["LoTE"].(map[string]any)
		scheme := list["ListAndSchemeInformation"].(map[string]any)
		issued, _ := time.Parse(time.RFC3339, scheme["ListIssueDateTime"].(string))
		next, _ := time.Parse(time.RFC3339, scheme["NextUpdate"].(string))
		if scheme["LoTESequenceNumber"] != 7.0 || scheme["SchemeTerritory"] != "EU" || !next.After(issued) || next.After(issued.AddDate(0, 6, 0)) {
			t.Errorf("%s: scheme %v", profile, scheme)
		}
		_, pointer := scheme["PointersToOtherLoTE"]
		_, history := scheme["HistoricalInformationPeriod"]
		if pubEAA := profile == "pubeaa"; pointer == pubEAA || history != pubEAA {
			t.Errorf("%s: pointer %v, historical period %v", profile, pointer, history)
		}
		if got := list["TrustedEntitiesList"].([]any); len(got) != entities[profile] {
			t.Errorf("%s: %d entities", profile, len(got))
		}
	}
}

func TestLoTEOptions(t *testing.T) {
	w := testWorld(t)
	_, doc := openLoTE(t, w, "pid", ListOptions{Without: []string{"DE"}})
	b := must[[]byte](t)(json.Marshal(doc))
	if strings.Contains(string(b), "PIDProvider/DE") || !strings.Contains(string(b), "PIDProvider/FR") {
		t.Error("Without")
	}
	_, doc = openLoTE(t, w, "pid", ListOptions{Without: []string{"de", "fr"}})
	if _, there := doc["LoTE"].(map[string]any)["TrustedEntitiesList"]; there {
		t.Error("an empty TrustedEntitiesList is not absent")
	}
	header, doc := openLoTE(t, w, "pid", ListOptions{
		Alg: "HS256", Header: func(h map[string]any) { h["crit"] = []string{"b64"} },
		Mutate: func(d map[string]any) { d["extra"] = true },
	})
	if header["alg"] != "HS256" || header["crit"] == nil || doc["extra"] != true {
		t.Errorf("%v", header)
	}
	raw := must[[]byte](t)(w.LoTE("pid", ListOptions{Raw: func([]byte) []byte { return []byte("{}") }, Damage: bytes.ToUpper}))
	if !bytes.Equal(raw, bytes.ToUpper(raw)) {
		t.Error("Damage")
	}
	if _, err := w.LoTE("no such list", ListOptions{}); err == nil {
		t.Error("a list of no profile")
	}
}

func TestWithdrawn(t *testing.T) {
	w := testWorld(t)
	_, doc := openLoTE(t, w, "pubeaa", ListOptions{})
	var statuses []string
	for _, e := range doc["LoTE"].(map[string]any)["TrustedEntitiesList"].([]any) {
		for _, s := range e.(map[string]any)["TrustedEntityServices"].([]any) {
			statuses = append(statuses, s.(map[string]any)["ServiceInformation"].(map[string]any)["ServiceStatus"].(string))
		}
	}
	want := []string{statusNotified, statusNotified, statusWithdrawn, statusWithdrawn}
	if !slices.Equal(statuses, want) {
		t.Errorf("%q", statuses)
	}
}
