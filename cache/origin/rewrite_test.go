package origin

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/cache/cachetest"
)

var rewrites = []Rewrite{
	{From: "https://ec.europa.eu/", To: "https://ours.example/ec/"},
	{From: "https://ec.europa.eu/tools/lotl", To: "https://ours.example:8443/lotl/"},
	{From: "https://EC.Europa.EU:443/tools/lotl/archive/", To: "https://archive.example"},
	{From: "http://tl.nbu.gov.sk/kca/", To: "https://ours.example/sk"},
}

// rewritten is where a URL is asked for, if it is; "" if nothing was sent.
func rewritten(t *testing.T, o *cachetest.Origin, f *Fetcher, u string) (string, error) {
	t.Helper()
	before := len(o.Requests(""))
	_, err := f.Fetch(t.Context(), Target{URL: u, Max: 10, Learned: true}, Validators{})
	sent := o.Requests("")[before:]
	if len(sent) == 0 {
		return "", err
	}
	return sent[0].Host + sent[0].Path, err
}

// The longest rule that applies is taken, at the boundary of a segment, for the
// host it names and no other.
func TestRewrite(t *testing.T) {
	o := &cachetest.Origin{}
	f := newFetcher(t, Options{Transport: o, Rewrites: rewrites})
	for u, want := range map[string]string{
		"https://ec.europa.eu":                               "ours.example/ec",
		"https://ec.europa.eu/":                              "ours.example/ec/",
		"https://ec.europa.eu/tools/list.xml":                "ours.example/ec/tools/list.xml",
		"https://ec.europa.eu/tools/lotl":                    "ours.example:8443/lotl",
		"https://ec.europa.eu/tools/lotl/eu-lotl.xml":        "ours.example:8443/lotl/eu-lotl.xml",
		"https://ec.europa.eu/tools/lotl/archive/1.xml":      "archive.example/1.xml",
		"https://ec.europa.eu/tools/lotl/archive":            "archive.example",
		"https://ec.europa.eu/tools/lotl-old/eu-lotl.xml":    "ours.example/ec/tools/lotl-old/eu-lotl.xml",
		"https://ec.europa.eu/Tools/lotl/eu-lotl.xml":        "ours.example/ec/Tools/lotl/eu-lotl.xml",
		"HTTPS://EC.EUROPA.EU/tools/lotl/eu-lotl.xml":        "ours.example:8443/lotl/eu-lotl.xml",
		"https://ec.europa.eu:443/tools/lotl/eu-lotl.xml":    "ours.example:8443/lotl/eu-lotl.xml",
		"https://ec.europa.eu./tools/lotl/eu-lotl.xml":       "ours.example:8443/lotl/eu-lotl.xml",
		"https://ec.europa.eu/%74ools/lotl/eu-lotl.xml":      "ours.example:8443/lotl/eu-lotl.xml",
		"http://tl.nbu.gov.sk/kca/tsl/tsl.xml":               "ours.example/sk/tsl/tsl.xml",
		"https://tl.nbu.gov.sk/kca/tsl/tsl.xml":              "tl.nbu.gov.sk/kca/tsl/tsl.xml",
		"https://ec.europa.eu.evil.example/tools/lotl/x.xml": "ec.europa.eu.evil.example/tools/lotl/x.xml",
		"https://evil.example/https://ec.europa.eu/tools/":   "evil.example/https://ec.europa.eu/tools/",
		"https://xec.europa.eu/tools/lotl/x.xml":             "xec.europa.eu/tools/lotl/x.xml",
	} {
		if got, _ := rewritten(t, o, f, u); got != want {
			t.Errorf("%s: asked for %q, want %q", u, got, want)
		}
	}
	// What only looks as if it were below a rule is asked for nowhere.
	for u, want := range map[string]string{
		"https://ec.europa.eu@evil.example/tools/lotl/x.xml":     "credentials",
		"https://evil.example@ec.europa.eu/tools/lotl/x.xml":     "credentials",
		"https://ec.europa.eu/tools/lotl/../../x.xml":            "dot segments",
		"https://ec.europa.eu/./tools/x.xml":                     "dot segments",
		"https://ec.europa.eu/tools/lotl/%2e%2e/x.xml":           "encoded",
		"https://ec.europa.eu/tools/lotl/%2E%2E/x.xml":           "encoded",
		"https://ec.europa.eu/tools%2Flotl/x.xml":                "encoded",
		"https://ec.europa.eu/tools/lotl/..%2fx.xml":             "encoded",
		"https://ec.europa.eu/tools/lotl/..%5cx.xml":             "encoded",
		"https://ec.europa.eu/tools/lotl/..\\x.xml":              "encoded",
		"https://ec.europa.eu//tools/lotl/x.xml":                 "segments",
		"https://ec.europa.eu:8443/tools/lotl/x.xml":             "port 443", // no rule's, and learned
		"http://ec.europa.eu/tools/lotl/x.xml":                   "not allowed",
		"https://ec.europa.eu\\@evil.example/tools/lotl/x.xml":   "cannot be parsed",
		"https://[::ffff:127.0.0.1]/tools/lotl/x.xml":            "not public",
		"https:ec.europa.eu/tools/lotl/x.xml":                    "no host",
		"https://ec.europa.eu%2f@evil.example/tools/lotl/x.xml":  "credentials",
		"https://ec.europa.eu%2f.evil.example/tools/lotl/x.xml":  "cannot be parsed",
		"https://ec.europa.eu%00.evil.example/tools/lotl/x.xml":  "cannot be parsed",
		"https://ec.europa.eu:443@evil.example/tools/lotl/x.xml": "credentials",
	} {
		got, err := rewritten(t, o, f, u)
		if got != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: asked for %q, %v, want %q", u, got, err, want)
		}
	}
}

// A query goes with the URL.
func TestRewriteKeepsTheQuery(t *testing.T) {
	rules, err := newRules(Options{Rewrites: rewrites})
	if err != nil {
		t.Fatal(err)
	}
	u, err := (&Fetcher{rules: rules}).first(Target{URL: "https://ec.europa.eu/a%20b?c=%2e%2e&d"})
	if err != nil || u.url.String() != "https://ours.example/ec/a%20b?c=%2e%2e&d" {
		t.Errorf("%v %v", u.url, err)
	}
}

// A rule that cannot be meant is an error at the start.
func TestRewriteRules(t *testing.T) {
	const good = "https://lists.example/a/"
	for _, r := range []Rewrite{
		{From: "", To: good},
		{From: good, To: ""},
		{From: "lists.example/", To: good},
		{From: "ftp://lists.example/", To: good},
		{From: "file:///lists/", To: good},
		{From: good, To: "file:///lists/"},
		{From: "https://user@lists.example/", To: good},
		{From: good, To: "https://user:secret@lists.example/"},
		{From: good + "?a=b", To: good},
		{From: good + "?", To: good},
		{From: good, To: good + "#a"},
		{From: good, To: good + "../"},
		{From: good + "%2e%2e/", To: good},
		{From: good, To: "http://lists.example/"},
		{From: good, To: "https://10.0.0.1/"},
		{From: good, To: "https://[::1]/"},
		{From: good, To: "https://127.1/", AllowPrivate: true},
	} {
		_, err := NewFetcher(Options{Rewrites: []Rewrite{r}})
		if err == nil || !strings.HasPrefix(err.Error(), "rewrite 0: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if _, err := NewFetcher(Options{Rewrites: make([]Rewrite, MaxRewrites+1)}); err == nil {
		t.Error("any number of rules is taken")
	}
}

// Who vouches for the operator's origin, and that it has a private address, is the
// rule's own: no other request gains by it.
func TestRewriteToAPrivateOrigin(t *testing.T) {
	o, address, opts := secure(t)
	rule := Rewrite{From: "https://ec.europa.eu/", To: "https://" + address + "/", AllowPrivate: true, CAs: opts.CAs}
	f := newFetcher(t, Options{Rewrites: []Rewrite{rule}})
	if a, err := get(f, "https://ec.europa.eu/list", Validators{}); err != nil || string(a.Bytes) != "list" {
		t.Errorf("%q %v", a.Bytes, err)
	}
	if _, err := get(f, "https://"+address+"/list", Validators{}); !errors.Is(err, ErrNotPublic) {
		t.Errorf("the same address without the rule: %v", err)
	}
	private := Target{URL: "https://" + address + "/list", Max: 4, AllowPrivate: true}
	if _, err := f.Fetch(t.Context(), private, Validators{}); err == nil {
		t.Error("the rule's authority vouches for others, too")
	}
	if n := len(o.Requests("")); n != 1 {
		t.Errorf("%d requests", n)
	}
	rule.AllowPrivate, rule.To = false, "https://lists.example/"
	z := &zone{answers: map[string][]string{"lists.example A": {"127.0.0.1"}}}
	strict := newFetcher(t, Options{Rewrites: []Rewrite{rule}, Resolver: z.resolver()})
	if _, err := get(strict, "https://ec.europa.eu/list", Validators{}); !errors.Is(err, ErrNotPublic) {
		t.Errorf("a private address that the rule does not allow: %v", err)
	}
	rule.CAs, rule.AllowPrivate, rule.To = nil, true, "https://"+address+"/"
	if _, err := get(newFetcher(t, Options{Rewrites: []Rewrite{rule}}), "https://ec.europa.eu/list", Validators{}); err == nil {
		t.Error("a certificate that nobody vouches for was accepted")
	}
	if _, err := get(newFetcher(t, Options{Rewrites: []Rewrite{rule}, CAs: opts.CAs}), "https://ec.europa.eu/list", Validators{}); err != nil {
		t.Errorf("vouched for by egress.ca_file: %v", err)
	}
}

// The operator's origin may redirect on its own host; elsewhere the list's own
// policy counts, so that it is no stepping stone to other private addresses.
func TestRewriteRedirects(t *testing.T) {
	rule := Rewrite{From: "https://ec.europa.eu/", To: "http://10.0.0.1:81/ec/", AllowPrivate: true}
	for location, want := range map[string]string{
		"/other":                      "",
		"http://10.0.0.1:81/other":    "",
		"https://lists.example/other": "",
		"http://10.0.0.1/other":       "not allowed",
		"http://lists.example/other":  "not allowed",
		"https://10.0.0.1/other":      "not public",
		"https://10.0.0.2/other":      "not public",
		"https://lists.example:81/a":  "port 443",
		"https://ec.europa.eu/other":  "", // not rewritten again
	} {
		o := &cachetest.Origin{}
		o.Chain("/ec/list", location)
		o.Set("/other", cachetest.Document{Body: []byte("list")})
		f := newFetcher(t, Options{Transport: o, Rewrites: []Rewrite{rule}})
		a, err := f.Fetch(t.Context(), Target{URL: "https://ec.europa.eu/list", Max: 4, Learned: true}, Validators{})
		if want == "" {
			if err != nil || string(a.Bytes) != "list" {
				t.Errorf("to %s: %v", location, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || len(o.Requests("")) != 1 {
			t.Errorf("to %s: %v, want %q", location, err, want)
		}
	}
}

// Whatever URL a list names, a request goes to the rule's host below its path, or
// to the host of the URL, and to no other.
func FuzzRewrite(f *testing.F) {
	for _, u := range []string{
		"https://ec.europa.eu/tools/lotl/eu-lotl.xml", "https://ec.europa.eu.evil.example/", "https://ec.europa.eu@evil.example/",
		"https://ec.europa.eu/tools/lotl/../x", "https://ec.europa.eu/tools/lotl/%2e%2e/x", "HTTPS://EC.EUROPA.EU:443/a%2Fb?c#d",
		"http://tl.nbu.gov.sk/kca/tsl/tsl.xml", "https://[::1]:443/", "https://ec.europa.eu:/", "//ec.europa.eu/", `https://ec.europa.eu\x`,
	} {
		f.Add(u)
	}
	fetcher, err := NewFetcher(Options{Rewrites: rewrites})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		h, err := fetcher.first(Target{URL: raw, Learned: true})
		if err != nil || h.policy.check(h.url) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatalf("%q was parsed once", raw)
		}
		if h.url.User != nil || h.url.Hostname() == "" {
			t.Errorf("%q: goes to %v", raw, h.url)
		}
		ruled := originOf(u) == "https://ec.europa.eu:443" || originOf(u) == "http://tl.nbu.gov.sk:80" && strings.HasPrefix(u.Path, "/kca")
		if !ruled {
			if h.url.String() != u.String() {
				t.Errorf("%q: goes to %v without a rule", raw, h.url)
			}
			return
		}
		to := originOf(h.url) + h.url.Path + "/"
		below := strings.HasPrefix(to, "https://ours.example:443/ec/") || strings.HasPrefix(to, "https://ours.example:8443/lotl/") ||
			strings.HasPrefix(to, "https://archive.example:443/") || strings.HasPrefix(to, "https://ours.example:443/sk/")
		if !below || strings.Contains(to, "/../") || h.url.RawQuery != u.RawQuery {
			t.Errorf("%q: goes to %v", raw, h.url)
		}
	})
}
