package node

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgetrust/edgetrust/node/client"
	"github.com/edgetrust/edgetrust/verify/verifytest"
)

// canaries are values that must not come out of a node, by what they are.
type canaries map[string][]string

// add registers a value with the forms in which it could be quoted.
func (c canaries) add(what string, v []byte) {
	forms := []string{hex.EncodeToString(v), strings.ToUpper(hex.EncodeToString(v))}
	if !bytes.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
		forms = append(forms, string(v))
	}
	// Within a longer text its base64 depends on where it begins.
	for shift := range 3 {
		padded := append(make([]byte, shift), v...)
		for _, enc := range []*base64.Encoding{base64.RawURLEncoding, base64.RawStdEncoding} {
			s := enc.EncodeToString(padded[:len(padded)/3*3])
			forms = append(forms, s[(shift*8+5)/6:])
		}
	}
	c[what] = append(c[what], forms...)
}

func (c canaries) text(what string) string {
	v := "Canary" + strings.ToLower(rand.Text())
	c.add(what, []byte(v))
	return v
}

// in returns what of the canaries a text holds.
func (c canaries) in(text string) (found []string) {
	for what, forms := range c {
		for _, f := range forms {
			if strings.Contains(text, f) {
				found = append(found, what)
				break
			}
		}
	}
	return found
}

func (c canaries) none(t *testing.T, where, text string) {
	t.Helper()
	if found := c.in(text); len(found) > 0 {
		t.Errorf("%s: shows %v: %.400s", where, found, text)
	}
}

const (
	canaryIndex  = 11117        // below every port and beyond what a counter here reaches
	canaryBeyond = 918273645546 // beyond the end of every list
)

// canaryCase is a request all of whose values are canaries.
type canaryCase struct {
	name string
	body map[string]any
}

func TestNothingPresentedIsShown(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	c := make(canaries)
	path := "/status/" + c.text("status list path")
	var list *verifytest.StatusList
	l := newLab(t, labOptions{prefetch: []string{path}, extra: "log: {level: debug}", setup: func(l *lab) {
		list = l.PID("DE").StatusList(l.origin.URL + path)
		l.origin.serve(path, func(w http.ResponseWriter, r *http.Request) {
			token, err := list.Publish(verifytest.FormJWT, time.Now())
			if err != nil {
				http.Error(w, "failed", http.StatusInternalServerError)
				return
			}
			respond(w, r, token.MediaType, token.Token)
		})
	}})
	before := files(t, l.dir, temp)
	cases := canaryCases(t, l, c, list.URI)
	for _, protocol := range []string{client.HTTP3, client.HTTP2} {
		cl := l.client(t, protocol)
		askAll(t, cl, c, cases)
		askMalformed(t, cl, c)
	}
	cl := l.client(t, client.HTTP2)
	for _, p := range []string{"/v1/lists", "/v1/info"} {
		resp, err := cl.Do(t.Context(), "GET", p, "", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.none(t, p, string(resp.Body))
	}
	for _, p := range []string{"/metrics", "/readyz", "/debug/pprof/cmdline"} {
		resp, err := cl.DoAdmin(t.Context(), "GET", p, "", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.none(t, p, string(resp.Body))
	}
	l.origin.serve(path, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := cl.Refresh(t.Context(), list.URI); err == nil {
		t.Error("refresh of a list whose origin fails: no error")
	}
	l.origin.serve(path, func(w http.ResponseWriter, r *http.Request) {
		respond(w, r, "application/statuslist+jwt", []byte("e30.e30.e30"))
	})
	if _, err := cl.Refresh(t.Context(), list.URI); err == nil {
		t.Error("refresh of a list whose bytes are bad: no error")
	}

	logs := l.logs.String()
	if n := strings.Count(logs, `"level":"DEBUG"`); n < 10 {
		t.Errorf("%d debug lines: the logger is not what the node uses", n)
	}
	index := regexp.MustCompile(fmt.Sprintf(`(^|[^0-9.])%d([^0-9]|$)`, canaryIndex))
	for line := range strings.Lines(logs) {
		c.none(t, "log", line)
		if index.MatchString(line) {
			t.Errorf("log: shows a status index: %s", line)
		}
	}
	for name, content := range files(t, l.dir, temp) {
		if old, known := before[name]; known && bytes.Equal(old, content) {
			continue
		}
		c.none(t, "file "+name, name+" "+string(content))
	}
	t.Logf("%d canaries, %d requests, %d log lines", len(c), len(cases), strings.Count(logs, "\n"))
}

// TestFailingStatusListIsNotNamed: a status list that cannot be fetched goes by its
// kind in the log, because its URI stands in credentials.
func TestFailingStatusListIsNotNamed(t *testing.T) {
	c := make(canaries)
	path := "/status/" + c.text("status list path")
	bad := "/status/" + c.text("status list path")
	l := newLab(t, labOptions{originDown: true, prefetch: []string{path, bad}, extra: "log: {level: debug}", setup: func(l *lab) {
		l.origin.serve(bad, func(w http.ResponseWriter, r *http.Request) { respond(w, r, "text/plain", []byte("e30.e30.e30")) })
	}})
	// Trust lists and two status lists, each of which fails.
	eventually(t, "all looks have failed", func() bool {
		return strings.Count(l.logs.String(), "list not fetched") >= len(verifytest.Profiles())+len(l.statusURIs())+2
	})
	l.origin.setDown(false)
	eventually(t, "a token is refused", func() bool { return strings.Contains(l.logs.String(), "refused") })
	for line := range strings.Lines(l.logs.String()) {
		c.none(t, "log", line)
	}
}

// files reads everything below the folders.
func files(t *testing.T, dirs ...string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(p)
			all[p] = b
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// canaryCases makes presentations, good and bad, all of whose values are canaries.
func canaryCases(t *testing.T, l *lab, c canaries, uri string) (cases []canaryCase) {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		b, err := k.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		c.add("holder key", b[1:33])
		c.add("holder key", b[33:])
		c.add("holder key", verifytest.Thumbprint(&k.PublicKey))
		return k
	}
	c["status index"] = []string{fmt.Sprint(canaryBeyond)}
	thumb := []byte(rand.Text())[:16]
	thumb = append(thumb, thumb...)
	c.add("thumbprint", thumb)
	var context verifytest.Context
	add := func(name string, change func(*verifytest.SDJWTOptions, *verifytest.Presentation), changeBody ...func(map[string]any)) {
		now := time.Now()
		o, err := l.SDJWT(l.PID("DE"), "urn:eudi:pid:de:1", now)
		if err != nil {
			t.Fatal(err)
		}
		o.Claims["family_name"], o.Claims["given_name"] = c.text("family name"), c.text("given name")
		o.Claims[c.text("claim name")] = map[string]any{"x": c.text("claim value")}
		o.Open = map[string]any{"open": c.text("open claim")}
		o.Holder = key()
		o.Status = &verifytest.Ref{URI: uri, Index: canaryIndex}
		o.MutateDisclosure = func(_ string, d []any) []any { d[0] = c.text("salt"); return d }
		context = verifytest.Context{
			Nonce: c.text("nonce"), ClientID: "x509_san_dns:" + strings.ToLower(c.text("client_id")) + ".example", ResponseURI: "https://rp.example/" + c.text("response_uri"),
			JWKThumbprint: thumb,
		}
		c.add("client_id", []byte(context.ClientID))
		p := verifytest.Presentation{Nonce: context.Nonce, Audience: context.Audience(), IssuedAt: now}
		if _, err := context.WithDefaults(); err != nil {
			t.Fatal(err)
		}
		change(&o, &p)
		cred, err := l.PID("DE").IssueSDJWT(o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := cred.Present(p)
		if err != nil {
			t.Fatal(err)
		}
		body := map[string]any{
			"vp_token": map[string]any{"pid": []any{text}}, "expect": map[string]any{"pid": map[string]any{"kind": "pid", "types": []any{verifytest.TypePID}}},
			"flow": "redirect", "nonce": context.Nonce, "client_id": context.ClientID, "response_uri": context.ResponseURI,
			"jwk_thumbprint": verifytest.URL64(context.JWKThumbprint), "include": []any{"claims"},
		}
		for _, f := range changeBody {
			f(body)
		}
		cases = append(cases, canaryCase{name, body})
	}
	nothing := func(*verifytest.SDJWTOptions, *verifytest.Presentation) {}
	add("good", nothing)
	add("good, without claims", nothing, func(b map[string]any) { delete(b, "include") })
	add("wrong nonce", nothing, func(b map[string]any) { b["nonce"] = c.text("nonce") })
	add("wrong audience", nothing, func(b map[string]any) { b["client_id"] = "x509_san_dns:" + c.text("client_id") })
	add("no context", nothing, func(b map[string]any) { delete(b, "nonce"); delete(b, "client_id") })
	add("missing claim", nothing, func(b map[string]any) {
		b["expect"] = map[string]any{"pid": map[string]any{"claims": []any{[]any{c.text("claim path")}}}}
	})
	add("query", nothing, func(b map[string]any) {
		delete(b, "expect")
		b["dcql_query"] = map[string]any{"credentials": []any{map[string]any{
			"id": "pid", "format": "dc+sd-jwt", "meta": map[string]any{"vct_values": []any{c.text("vct asked for")}},
			"claims": []any{map[string]any{"path": []any{"family_name"}, "values": []any{c.text("value asked for")}}},
		}}}
	})
	add("another holder", func(_ *verifytest.SDJWTOptions, p *verifytest.Presentation) { p.HolderKey = key() })
	add("no key binding", func(_ *verifytest.SDJWTOptions, p *verifytest.Presentation) { p.NoKeyBinding = true })
	add("index beyond", func(o *verifytest.SDJWTOptions, _ *verifytest.Presentation) {
		o.Status = &verifytest.Ref{URI: uri, Index: canaryBeyond}
	})
	add("unknown list", func(o *verifytest.SDJWTOptions, _ *verifytest.Presentation) {
		o.Status = &verifytest.Ref{URI: l.origin.URL + "/status/" + c.text("status list path"), Index: canaryIndex}
	})
	add("list elsewhere", func(o *verifytest.SDJWTOptions, _ *verifytest.Presentation) {
		o.Status = &verifytest.Ref{URI: "ftp://user:" + c.text("status list path") + "@h/\x01", Index: canaryIndex}
	})
	add("vct", func(o *verifytest.SDJWTOptions, _ *verifytest.Presentation) { o.VCT = "urn:" + c.text("vct presented") })
	add("header", func(o *verifytest.SDJWTOptions, _ *verifytest.Presentation) {
		o.MutateHeader = func(h map[string]any) {
			h["alg"], h["typ"], h["kid"] = c.text("alg"), c.text("typ"), c.text("kid")
		}
	})
	add("crit", func(o *verifytest.SDJWTOptions, _ *verifytest.Presentation) {
		o.MutateHeader = func(h map[string]any) { h["crit"] = []any{c.text("crit")} }
	})
	add("payload of wrong types", func(o *verifytest.SDJWTOptions, _ *verifytest.Presentation) {
		o.MutatePayload = func(p map[string]any) { p["exp"], p["status"] = c.text("exp"), c.text("status") }
	})
	add("disclosure unreferenced", func(_ *verifytest.SDJWTOptions, p *verifytest.Presentation) {
		p.Disclosures = func(list []string) []string {
			return verifytest.ReplaceDisclosed(list, "family_name", c.text("family name"))
		}
	})
	add("disclosure no JSON", func(_ *verifytest.SDJWTOptions, p *verifytest.Presentation) {
		p.Disclosures = func(list []string) []string {
			return append(list, verifytest.URL64([]byte(`["`+c.text("salt")+`", "`+c.text("claim name"))))
		}
	})
	add("binding of wrong types", func(_ *verifytest.SDJWTOptions, p *verifytest.Presentation) {
		p.MutateKB = func(_, payload map[string]any) { payload["iat"], payload["sd_hash"] = c.text("iat"), c.text("sd_hash") }
	})
	add("cut", nothing, func(b map[string]any) {
		text := b["vp_token"].(map[string]any)["pid"].([]any)[0].(string)
		b["vp_token"] = map[string]any{"pid": []any{text[:len(text)/2]}}
	})
	add("no presentation", nothing, func(b map[string]any) {
		b["vp_token"] = map[string]any{"pid": []any{c.text("presentation"), c.text("presentation") + "~" + c.text("presentation") + ".a.b"}}
	})
	cases = append(cases, mdocCases(t, l, c, key)...)
	return cases
}

func mdocCases(t *testing.T, l *lab, c canaries, key func() *ecdsa.PrivateKey) (cases []canaryCase) {
	t.Helper()
	add := func(name string, change func(*verifytest.MdocOptions, *verifytest.MdocPresentation)) {
		now := time.Now()
		o, err := l.Mdoc(l.PID("DE"), verifytest.TypePIDMdoc, now)
		if err != nil {
			t.Fatal(err)
		}
		o.NameSpaces[verifytest.TypePIDMdoc]["family_name"] = c.text("family name")
		o.NameSpaces["ns."+c.text("name space")] = map[string]any{c.text("element name"): []byte(c.text("element value"))}
		o.Holder = key()
		o.MutateItem = func(_ string, item map[string]any) { item["random"] = []byte(c.text("salt")) }
		ref, err := l.Status(l.PID("DE"), verifytest.FormCWT, verifytest.StatusGood)
		if err != nil {
			t.Fatal(err)
		}
		o.Status = &ref
		ctx := verifytest.Context{Nonce: c.text("nonce"), ClientID: "x509_hash:" + c.text("client_id"), ResponseURI: "https://rp.example/" + c.text("response_uri")}
		ctx, err = ctx.WithDefaults()
		if err != nil {
			t.Fatal(err)
		}
		transcript, err := ctx.Transcript()
		if err != nil {
			t.Fatal(err)
		}
		p := verifytest.MdocPresentation{Transcript: transcript}
		change(&o, &p)
		cred, err := l.PID("DE").IssueMdoc(o)
		if err != nil {
			t.Fatal(err)
		}
		response, err := cred.Present(p)
		if err != nil {
			t.Fatal(err)
		}
		body := map[string]any{
			"vp_token": map[string]any{"pid": []any{verifytest.URL64(response)}},
			"expect":   map[string]any{"pid": map[string]any{"kind": "pid", "types": []any{verifytest.TypePIDMdoc}}},
			"flow":     "redirect", "nonce": ctx.Nonce, "client_id": ctx.ClientID, "response_uri": ctx.ResponseURI, "include": []any{"claims"},
		}
		cases = append(cases, canaryCase{"mdoc, " + name, body})
	}
	nothing := func(*verifytest.MdocOptions, *verifytest.MdocPresentation) {}
	add("good", nothing)
	add("another holder", func(_ *verifytest.MdocOptions, p *verifytest.MdocPresentation) { p.HolderKey = key() })
	add("element changed", func(_ *verifytest.MdocOptions, p *verifytest.MdocPresentation) {
		p.Items = func(items []verifytest.Item) []verifytest.Item {
			items[0].Raw = verifytest.FlipBit(items[0].Raw, -1)
			return items
		}
	})
	add("index beyond", func(o *verifytest.MdocOptions, _ *verifytest.MdocPresentation) {
		o.Status = &verifytest.Ref{URI: o.Status.URI, Index: canaryBeyond}
	})
	add("docType", func(o *verifytest.MdocOptions, _ *verifytest.MdocPresentation) { o.DocType = c.text("docType") })
	add("MSO", func(o *verifytest.MdocOptions, _ *verifytest.MdocPresentation) {
		o.MutateMSO = func(m map[string]any) {
			m["version"], m["digestAlgorithm"] = c.text("MSO version"), c.text("digest algorithm")
		}
	})
	add("device-signed element", func(_ *verifytest.MdocOptions, p *verifytest.MdocPresentation) {
		p.DeviceElements = map[string]map[string]any{"ns." + c.text("name space"): {c.text("element name"): c.text("element value")}}
	})
	add("cut", func(_ *verifytest.MdocOptions, p *verifytest.MdocPresentation) {
		p.Damage = func(b []byte) []byte { return b[:len(b)*2/3] }
	})
	return cases
}

// askAll sends every case alone in both encodings, then all in one batch.
func askAll(t *testing.T, cl *client.Client, c canaries, cases []canaryCase) {
	t.Helper()
	var items []any
	for _, k := range cases {
		items = append(items, k.body)
		for media, body := range map[string][]byte{client.JSON: asJSON(t, k.body), client.CBOR: asCBOR(t, k.body)} {
			resp, err := cl.Do(t.Context(), "POST", "/v1/verify", media, client.JSON, body)
			if err != nil {
				t.Fatal(err)
			}
			checkShown(t, c, k, resp.Status, resp.Body)
			c.none(t, k.name+": header", fmt.Sprint(resp.Header))
		}
	}
	resp, err := cl.Do(t.Context(), "POST", "/v1/verify/batch", "", "", asJSON(t, map[string]any{"items": items}))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Items []json.RawMessage }
	if err := json.Unmarshal(resp.Body, &answer); err != nil || len(answer.Items) != len(cases) {
		t.Fatalf("batch: %d: %v: %.300s", resp.Status, err, resp.Body)
	}
	for i, k := range cases {
		checkShown(t, c, k, 200, answer.Items[i])
	}
}

// checkShown takes from an answer what may repeat the request: the nonce and the
// audience that were checked, and claims that were asked for. The type that was
// presented is told as a type. Nothing else may hold a canary.
func checkShown(t *testing.T, c canaries, k canaryCase, status int, body []byte) {
	t.Helper()
	m, ok := fromJSON(t, body).(map[string]any)
	if !ok || status != 200 {
		c.none(t, k.name, string(body))
		t.Errorf("%s: status %d: %.300s", k.name, status, body)
		return
	}
	if strings.HasPrefix(k.name, "good") || k.name == "mdoc, good" {
		if m["verdict"] != "valid" {
			t.Errorf("%s: %.600s", k.name, body)
		}
	} else if m["verdict"] == "valid" {
		t.Errorf("%s: valid", k.name)
	}
	if checked, ok := m["checked"].(map[string]any); ok {
		for name, asked := range map[string]any{"nonce": k.body["nonce"], "audience": k.body["client_id"]} {
			if v, shown := checked[name]; shown && v != asked {
				t.Errorf("%s: checked.%s is not what the request said", k.name, name)
			}
			delete(checked, name)
		}
	}
	creds, _ := m["credentials"].([]any)
	asked := k.body["include"] != nil
	for _, e := range creds {
		cred := e.(map[string]any)
		claims, shown := cred["claims"]
		if shown && (!asked || cred["verdict"] == "invalid") {
			t.Errorf("%s: claims that nobody may see", k.name)
		}
		text := string(asJSON(t, claims))
		if shown && !slices.Contains(c.in(text), "family name") {
			t.Errorf("%s: the canaries are not in the claims, so this test finds none: %.300s", k.name, text)
		}
		hidden := maps.Clone(c)
		for _, may := range []string{"family name", "given name", "claim name", "claim value", "open claim", "name space", "element name", "element value"} {
			delete(hidden, may)
		}
		hidden.none(t, k.name+": claims", text)
		delete(cred, "claims")
		delete(cred, "type")
	}
	c.none(t, k.name, string(asJSON(t, m)))
	if strings.Contains(string(body), fmt.Sprint(canaryBeyond)) || regexp.MustCompile(`[^0-9.]`+fmt.Sprint(canaryIndex)+`[^0-9]`).Match(body) {
		t.Errorf("%s: shows a status index", k.name)
	}
}

// askMalformed sends what is no request, with canaries in every place that a
// problem or a log line could quote.
func askMalformed(t *testing.T, cl *client.Client, c canaries) {
	t.Helper()
	text := func() string { return c.text("malformed body") }
	member := func(name string, v string) string {
		return `{"vp_token": {"pid": ["x"]}, "flow": "redirect", "` + name + `": ` + v + `}`
	}
	bodies := []string{
		text(), `"` + text() + `"`, `["` + text() + `"]`, `{"` + text(), `{"nonce": "` + text(), `{"nonce": "` + text() + `"} ` + text(),
		`{"a b` + text() + `": 1}`, `{"nonce": "` + text() + `", "nonce": "` + text() + `"}`, `{"nonce": "` + text() + "\xff" + `"}`,
		member("flow", `"`+text()+`"`), member("policy", `"`+text()+`"`), member("include", `["`+text()+`"]`), member("include", `"`+text()+`"`),
		member("jwk_thumbprint", `"`+text()+`"`), member("emac_key", `"`+text()+`"`), member("session_transcript", `"`+text()+`!"`),
		member("nonce", `["`+text()+`"]`), member("nonce", `{"x": "`+text()+`"}`), member("transaction_data", `"`+text()+`"`),
		member("vp_token", `"`+text()+`"`), member("vp_token", `{"pid": "`+text()+`"}`), member("vp_token", `{"p d/`+text()+`": 1}`),
		member("expect", `{"pid": {"kind": "`+text()+`"}}`), member("expect", `{"pid": {"claims": ["`+text()+`"]}}`),
		member("dcql_query", `{"credentials": [{"id": "`+text()+` ", "format": "f"}]}`), member("dcql_query", `{"credentials": "`+text()+`"}`),
		member("dcql_query", `{"credentials": [{"id": "a", "format": "dc+sd-jwt", "claim_sets": [["`+text()+`"]]}]}`),
		member("dcql_query", `{"credentials": [{"id": "a", "format": "dc+sd-jwt"}], "credential_sets": [{"options": [["`+text()+`"]]}]}`),
	}
	check := func(path, media string, body []byte) {
		resp, err := cl.Do(t.Context(), "POST", path, media, client.JSON, body)
		if err != nil {
			t.Fatal(err)
		}
		if path == "/v1/verify" && (resp.Status < 400 || resp.Status >= 500) {
			t.Errorf("status %d: %.200s", resp.Status, body)
		}
		c.none(t, "problem", string(resp.Body))
		c.none(t, "header of a problem", fmt.Sprint(resp.Header))
	}
	for _, b := range bodies {
		check("/v1/verify", client.JSON, []byte(b))
		check("/v1/verify", client.CBOR, []byte(b))
		check("/v1/verify", "application/"+text(), []byte(b))
		check("/v1/verify/batch", client.JSON, []byte(`{"items": [`+b+`]}`))
		check("/v1/verify/batch", client.JSON, []byte(b))
		var v any
		if json.Unmarshal([]byte(b), &v) == nil {
			check("/v1/verify", client.CBOR, asCBOR(t, v))
			check("/v1/verify/batch", client.CBOR, asCBOR(t, map[string]any{"items": []any{v}}))
		}
	}
	for _, r := range [][2]string{{"GET", "/v1/" + text()}, {"GET", "/" + text() + "/x"}, {"CANARY" + text(), "/v1/verify"}, {"DELETE", "/v1/lists"}} {
		resp, err := cl.Do(t.Context(), r[0], r[1], "", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Status < 400 {
			t.Errorf("%s: %d", r[0], resp.Status)
		}
		c.none(t, "problem", string(resp.Body))
	}
}
