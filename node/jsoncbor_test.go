package node

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// TestJSONAndCBORAgree sends the same requests, good ones and damaged ones, in
// both encodings: what a node says must not depend on how it was asked.
func TestJSONAndCBORAgree(t *testing.T) {
	requests := 10_000
	if testing.Short() {
		requests = 1_000
	}
	l := newLab(t, labOptions{unstarted: true, extra: "policies:\n  lenient: {status: best_effort, holder_binding: if_present}\n  bare: {status: skip, holder_binding: skip}\n"})
	h := l.handler()
	bases := l.bases(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := &damager{Rand: rand.New(rand.NewPCG(seed, 2)), bases: bases}
	outcomes := make(map[string]int)
	for i := range requests {
		base := bases[g.IntN(len(bases))]
		body, done := g.damaged(base)
		j, c := asJSON(t, body), asCBOR(t, body)
		sj, aj := exchange(t, h, client.JSON, j)
		sc, ac := exchange(t, h, client.CBOR, c)
		if sj != sc || sj >= 500 || !reflect.DeepEqual(aj, ac) {
			t.Fatalf("request %d (%s): JSON %d, CBOR %d: %s", i, strings.Join(done, ", "), sj, sc, cmp.Diff(aj, ac))
		}
		m, _ := aj.(map[string]any)
		outcome := fmt.Sprint(sj)
		if v, ok := m["verdict"].(string); ok {
			outcome += " " + v
			if len(done) == 0 && v != base.verdict {
				t.Fatalf("%s, undamaged: %s, want %s", base.name, v, base.verdict)
			}
		}
		outcomes[outcome]++
	}
	for _, needed := range []string{"200 valid", "200 invalid", "200 indeterminate", "400"} {
		if outcomes[needed] < requests/200 {
			t.Errorf("only %d requests of %d came out as %s", outcomes[needed], requests, needed)
		}
	}
	t.Logf("%d requests from %d presentations: %v", requests, len(bases), outcomes)
}

type basis struct {
	name, verdict string
	body          map[string]any
}

// bases makes every sample in one flow at least, good mdocs in all.
func (l *lab) bases(t *testing.T) (list []basis) {
	add := func(name, flow string) {
		made, body := l.sample(t, name, verifytest.Context{Flow: flow})
		m := fromJSON(t, body).(map[string]any)
		list = append(list, basis{name + "/" + flow, string(made.Sample.Verdict), m})
		if flow != "" {
			return
		}
		delete(m, "include")
		// The same with a query in the place of expect.
		q := maps.Clone(m)
		delete(q, "expect")
		q["dcql_query"] = queryFor(made)
		if made.Sample.Verdict != verify.Valid {
			q["expect"] = m["expect"]
		}
		if made.Sample.Verdict == verify.Valid {
			list = append(list, basis{name + "/query", "valid", q})
		}
	}
	for _, s := range verifytest.Samples() {
		add(s.Name, "")
	}
	add("sdjwt-pid-de", verifytest.FlowDCAPI)
	for _, flow := range []string{verifytest.FlowDCAPI, verifytest.FlowProximity, verifytest.FlowISO7B, verifytest.FlowISO7C} {
		add("mdoc-pid-de", flow)
	}
	add("mdoc-pid-mac", verifytest.FlowProximity)
	return list
}

func queryFor(made *verifytest.Made) map[string]any {
	var credentials []any
	for id, e := range made.Expect {
		types := e.(map[string]any)["types"].([]string)
		meta := map[string]any{"vct_values": []any{types[0]}}
		if made.Sample.Format == verifytest.FormatMdoc {
			meta = map[string]any{"doctype_value": types[0]}
		}
		credentials = append(credentials, map[string]any{"id": id, "format": made.Sample.Format, "meta": meta})
	}
	return map[string]any{"credentials": credentials}
}

// damager changes requests at random.
type damager struct {
	*rand.Rand
	bases []basis
}

// damaged returns a copy of a request with up to three changes, and their names.
func (g *damager) damaged(b basis) (body map[string]any, done []string) {
	body = clone(b.body).(map[string]any)
	n := g.IntN(8)
	if n > 3 {
		n = 1 // mostly one, so that the deeper checks are reached
	}
	for range n {
		d := damages[g.IntN(len(damages))]
		d.do(g, body)
		done = append(done, d.name)
	}
	return body, done
}

func clone(v any) any {
	switch x := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(x))
		for k, e := range x {
			m[k] = clone(e)
		}
		return m
	case []any:
		a := make([]any, len(x))
		for i, e := range x {
			a[i] = clone(e)
		}
		return a
	}
	return v
}

var damages = []struct {
	name string
	do   func(*damager, map[string]any)
}{
	{"presentation: text", func(g *damager, b map[string]any) { g.presentation(b, g.text) }},
	{"presentation: bits", func(g *damager, b map[string]any) { g.presentation(b, g.bits) }},
	{"presentation: parts", func(g *damager, b map[string]any) { g.presentation(b, g.parts) }},
	{"presentation of another", func(g *damager, b map[string]any) {
		b["vp_token"] = clone(g.bases[g.IntN(len(g.bases))].body["vp_token"])
	}},
	{"presentation twice", func(g *damager, b map[string]any) {
		for id, v := range entries(b) {
			if a, ok := v.([]any); ok {
				entries(b)[id] = append(a, a...)
			}
		}
	}},
	{"another id", func(g *damager, b map[string]any) { entries(b)["other"] = []any{"a.b.c~"} }},
	{"no presentation", func(g *damager, b map[string]any) { b["vp_token"] = map[string]any{} }},
	{"member away", func(g *damager, b map[string]any) { delete(b, g.member(b)) }},
	{"member of another type", func(g *damager, b map[string]any) { b[g.member(b)] = g.value(2) }},
	{"member deep", func(g *damager, b map[string]any) { g.deep(b) }},
	{"member of another request", func(g *damager, b map[string]any) {
		other := g.bases[g.IntN(len(g.bases))].body
		name := g.member(other)
		b[name] = clone(other[name])
	}},
	{"member changed", func(g *damager, b map[string]any) {
		name := g.member(b)
		if s, ok := b[name].(string); ok {
			b[name] = g.text(s)
		}
	}},
	{"unknown member", func(g *damager, b map[string]any) {
		b[g.one("x", "Nonce", "vp token", "a/b", "~", strings.Repeat("n", 70), "é")] = g.value(2)
	}},
	{"nonce", func(g *damager, b map[string]any) { b["nonce"] = g.one("", "another-nonce", "é", "\u0000") }},
	{"client_id", func(g *damager, b map[string]any) {
		b["client_id"] = g.one("", "x509_san_dns:evil.example", "x509_hash:")
	}},
	{"flow", func(g *damager, b map[string]any) {
		b["flow"] = g.one("redirect", "dc_api", "proximity", "iso_7_b", "iso_7_c", "", "none")
	}},
	{"policy", func(g *damager, b map[string]any) { b["policy"] = g.one("default", "lenient", "bare", "", "nobody") }},
	{"include", func(g *damager, b map[string]any) { b["include"] = []any{g.one("claims", "all")} }},
	{"thumbprint", func(g *damager, b map[string]any) {
		b["jwk_thumbprint"] = g.one("", "AAAA", strings.Repeat("A", 43), strings.Repeat("A", 42)+"B", "*")
	}},
	{"mac key", func(g *damager, b map[string]any) { b["emac_key"] = g.one("", strings.Repeat("A", 43), "x") }},
	{"transcript", func(g *damager, b map[string]any) {
		b["session_transcript"] = g.one("", "gfY", "g_b2gPY", "_____w", "h-_v")
	}},
	{"transaction data", func(g *damager, b map[string]any) {
		b["transaction_data"] = []any{g.one("", "e30", "eyJ0eXBlIjoieCIsImNyZWRlbnRpYWxfaWRzIjpbInBpZCJdfQ", "{}")}
	}},
	{"expect", func(g *damager, b map[string]any) {
		b["expect"] = map[string]any{g.one("pid", "mdl", "x"): map[string]any{"kind": g.one("pid", "mdl", "eaa", "none"), "types": []any{g.one("urn:eudi:pid:1", "x")}}}
	}},
	{"expect claims", func(g *damager, b map[string]any) {
		for _, e := range values(b["expect"]) {
			if m, ok := e.(map[string]any); ok {
				m["claims"] = []any{[]any{g.one("family_name", "address", "eu.europa.ec.eudi.pid.1"), g.value(1)}}
			}
		}
	}},
	{"query claims", func(g *damager, b map[string]any) {
		q, _ := b["dcql_query"].(map[string]any)
		list, _ := q["credentials"].([]any)
		for _, e := range list {
			if m, ok := e.(map[string]any); ok {
				m["claims"] = []any{map[string]any{"path": []any{g.one("family_name", "nationalities", "eu.europa.ec.eudi.pid.1"), g.value(1)}, "values": []any{g.value(1)}}}
			}
		}
	}},
	{"query member", func(g *damager, b map[string]any) {
		if q, ok := b["dcql_query"].(map[string]any); ok {
			q[g.one("credentials", "credential_sets", "x")] = g.value(3)
		}
	}},
}

func entries(b map[string]any) map[string]any {
	m, ok := b["vp_token"].(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	return m
}

func values(v any) []any {
	m, _ := v.(map[string]any)
	return slices.Collect(maps.Values(m))
}

func (g *damager) one(of ...string) string { return of[g.IntN(len(of))] }

func (g *damager) member(b map[string]any) string {
	names := slices.Sorted(maps.Keys(b))
	if len(names) == 0 {
		return "nonce"
	}
	return names[g.IntN(len(names))]
}

// value is any value that both encodings can say. A whole number is an integer,
// because JSON has no other way to write it.
func (g *damager) value(depth int) any {
	switch g.IntN(11) {
	case 0:
		return nil
	case 1:
		return g.IntN(2) == 0
	case 2:
		return g.Int64N(1000) - 500
	case 3:
		return int64(1)<<62 + g.Int64N(1<<60)
	case 4:
		return 0.5 + float64(g.IntN(100))
	case 5, 6, 7:
		return g.one("", "a", "é", "\u0000", "\U0001F600", strings.Repeat("x", 300), "2026-01-01T00:00:00Z")
	case 8:
		if depth > 0 {
			return []any{g.value(depth - 1), g.value(depth - 1)}
		}
		return []any{}
	default:
		if depth > 0 {
			return map[string]any{"a": g.value(depth - 1), "claims": g.value(depth - 1)}
		}
		return map[string]any{}
	}
}

// deep replaces something further inside.
func (g *damager) deep(v any) {
	switch x := v.(type) {
	case map[string]any:
		name := g.member(x)
		switch x[name].(type) {
		case map[string]any, []any:
			if g.IntN(3) > 0 {
				g.deep(x[name])
				return
			}
		}
		x[name] = g.value(2)
	case []any:
		if len(x) == 0 {
			return
		}
		i := g.IntN(len(x))
		switch x[i].(type) {
		case map[string]any, []any:
			if g.IntN(3) > 0 {
				g.deep(x[i])
				return
			}
		}
		x[i] = g.value(2)
	}
}

// presentation changes one presentation.
func (g *damager) presentation(b map[string]any, change func(string) string) {
	for _, v := range entries(b) {
		if a, ok := v.([]any); ok && len(a) > 0 {
			i := g.IntN(len(a))
			if s, ok := a[i].(string); ok {
				a[i] = change(s)
			}
		}
	}
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=+/ \n\"é"

// text changes, cuts, inserts or removes something.
func (g *damager) text(s string) string {
	if s == "" {
		return g.one("x", "~", ".")
	}
	at := g.IntN(len(s))
	r := []rune(letters)
	c := string(r[g.IntN(len(r))])
	out := s
	switch g.IntN(5) {
	case 0:
		out = s[:at] + c + s[at+1:]
	case 1:
		out = s[:at]
	case 2:
		out = s[:at] + c + s[at:]
	case 3:
		out = s[:at] + s[at+1:]
	case 4:
		end := min(len(s), at+1+g.IntN(64))
		out = s[:end] + s[at:]
	}
	return strings.ToValidUTF8(out, "?")
}

// bits flips a bit below the base64 of one part.
func (g *damager) bits(s string) string {
	split := func(c rune) bool { return c == '.' || c == '~' }
	parts := strings.FieldsFunc(s, split)
	if len(parts) == 0 {
		return s
	}
	part := parts[g.IntN(len(parts))]
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || len(raw) == 0 {
		return s
	}
	raw[g.IntN(len(raw))] ^= 1 << g.IntN(8)
	return strings.Replace(s, part, base64.RawURLEncoding.EncodeToString(raw), 1)
}

// parts drops, repeats or swaps what tildes join.
func (g *damager) parts(s string) string {
	parts := strings.Split(s, "~")
	i, j := g.IntN(len(parts)), g.IntN(len(parts))
	switch g.IntN(3) {
	case 0:
		parts = slices.Delete(parts, i, i+1)
	case 1:
		parts = slices.Insert(parts, j, parts[i])
	case 2:
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, "~")
}

func asCBOR(t testing.TB, v any) []byte {
	t.Helper()
	b, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// exchange sends a body to the handler and returns the answer, decoded and without
// its volatile members.
func exchange(t testing.TB, h http.Handler, media string, body []byte) (int, any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v1/verify", bytes.NewReader(body))
	r.Header.Set("Content-Type", media)
	r.Header.Set("Accept", media)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got := w.Header().Get("Content-Type")
	if want := strings.Replace(media, "/", "/problem+", 1); w.Code == http.StatusOK && got != media || w.Code != http.StatusOK && got != want {
		t.Fatalf("status %d with Content-Type %q", w.Code, got)
	}
	if media == client.JSON {
		return w.Code, plainTree(fromJSON(t, w.Body.Bytes()))
	}
	mode, _ := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
	var v any
	if err := mode.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return w.Code, plainTree(v)
}

// plainTree drops volatile members and turns every number into float64.
func plainTree(v any) any {
	switch x := settled(v).(type) {
	case map[string]any:
		for k, e := range x {
			x[k] = plainTree(e)
		}
		return x
	case []any:
		for i, e := range x {
			x[i] = plainTree(e)
		}
		return x
	case uint64:
		return float64(x)
	case int64:
		return float64(x)
	case float32:
		return float64(x)
	default:
		return x
	}
}
