package origin

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgetrust/edgetrust/cache/artefact"
	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// hintLab is an origin without validators whose list was fetched once.
type hintLab struct {
	*testing.T
	*cachetest.Origin
	f      *Fetcher
	target Target
	v      Validators
}

var xmlList = cachetest.Document{Body: []byte("<list/>"), NoETag: true}

func inHintLab(t *testing.T, test func(l *hintLab)) {
	synctest.Test(t, func(t *testing.T) {
		o := &cachetest.Origin{}
		o.Set("/tl/list.xml", xmlList)
		l := &hintLab{T: t, Origin: o, f: socketless(t, o), target: Target{URL: "https://lists.example/tl/list.xml", Max: 1000, SHA2: true}}
		a, err := l.f.Fetch(t.Context(), l.target, Validators{})
		if err != nil || a.Validators.SHA256 != artefact.Sum(xmlList.Body) || len(o.Requests("/tl/list.sha2")) != 0 {
			t.Fatalf("first: %+v %v", a, err)
		}
		l.v = a.Validators
		test(l)
	})
}

// look fetches again and wants the list, or the word that it is unchanged; asked is
// how many requests for the digest there were so far.
func (l *hintLab) look(what string, unchanged bool, asked int) {
	l.Helper()
	a, err := l.f.Fetch(l.Context(), l.target, l.v)
	if err != nil || a.NotModified != unchanged || !unchanged && len(a.Bytes) == 0 {
		l.Errorf("%s: %+v %v", what, a, err)
	}
	if got := len(l.Requests("/tl/list.sha2")); got != asked {
		l.Errorf("%s: the digest was asked for %d times, want %d", what, got, asked)
	}
}

// A digest of what is held saves the download, in whatever form it is written.
func TestHint(t *testing.T) {
	for _, form := range []cachetest.Form{cachetest.Raw, cachetest.Hex, cachetest.Base64} {
		inHintLab(t, func(l *hintLab) {
			l.Set("/tl/list.sha2", cachetest.SHA2(xmlList.Body, form))
			l.look(string(form), true, 1)
			l.look(string(form)+" again", true, 2)
			if n := len(l.Requests("/tl/list.xml")); n != 1 {
				l.Errorf("%s: the list was fetched %d times", form, n)
			}
			l.Set("/tl/list.sha2", cachetest.SHA2([]byte("other"), form))
			l.look(string(form)+" of other bytes", false, 3)
		})
	}
}

// A digest that is not renewed, or that lies, holds the list back for a day, no
// longer.
func TestHintLies(t *testing.T) {
	inHintLab(t, func(l *hintLab) {
		l.Set("/tl/list.sha2", cachetest.SHA2(xmlList.Body, cachetest.Hex))
		l.Set("/tl/list.xml", cachetest.Document{Body: []byte("<newer/>"), NoETag: true})
		time.Sleep(hintLife - time.Second)
		l.look("within a day", true, 1)
		time.Sleep(time.Second)
		l.look("after a day", false, 1)
	})
}

// Where no digest lies, it is not asked for until a day later.
func TestHintMissing(t *testing.T) {
	inHintLab(t, func(l *hintLab) {
		l.look("missing", false, 1)
		time.Sleep(hintLife - time.Second)
		l.v.Fetched = time.Now()
		l.look("within a day", false, 1)
		time.Sleep(time.Second)
		l.look("after a day", false, 2)
	})
}

// Whatever else becomes of the digest, the list is fetched, and the digest is asked
// for again.
func TestHintFails(t *testing.T) {
	for name, d := range map[string]cachetest.Document{
		"status 500": {Status: 500},
		"refused":    {Fault: cachetest.Refuse},
		"hangs":      {Fault: cachetest.Hang},
		"endless":    {Fault: cachetest.Endless},
		"too large":  {Body: append(bytes.Repeat([]byte(" "), maxHint), cachetest.SHA2(xmlList.Body, cachetest.Hex).Body...)},
		"empty":      {},
		"a page":     {Body: []byte("<html>")},
		"cut":        {Body: []byte(artefact.Sum(xmlList.Body).String()), Fault: cachetest.Cut},
		"elsewhere":  {Fault: cachetest.Redirect, Location: "https://127.0.0.1/list.sha2"},
	} {
		inHintLab(t, func(l *hintLab) {
			l.Set("/tl/list.sha2", d)
			start := time.Now()
			l.look(name, false, 1)
			if took := time.Since(start); took > hintTimeout {
				l.Errorf("%s: took %v", name, took)
			}
			l.look(name+" again", false, 2)
		})
	}
}

// The digest is asked for only where it is needed.
func TestHintNotAskedFor(t *testing.T) {
	for name, change := range map[string]func(l *hintLab){
		"not an XML list":     func(l *hintLab) { l.target.SHA2 = false },
		"an ETag":             func(l *hintLab) { l.v.ETag = `"x"` },
		"a date":              func(l *hintLab) { l.v.LastModified = "Thu, 01 Jan 2026 00:00:00 GMT" },
		"nothing is held":     func(l *hintLab) { l.v = Validators{} },
		"a name with a query": func(l *hintLab) { l.target.URL += "?a=b" },
	} {
		inHintLab(t, func(l *hintLab) {
			l.Set("/tl/list.sha2", cachetest.SHA2(xmlList.Body, cachetest.Hex))
			change(l)
			l.look(name, false, 0)
		})
	}
}

// The digest is taken from where the list is, by the operator's rewrite.
func TestHintIsRewritten(t *testing.T) {
	o := &cachetest.Origin{}
	o.Set("/ec/list.xml", xmlList)
	o.Set("/ec/list.sha2", cachetest.SHA2(xmlList.Body, cachetest.Hex))
	f := newFetcher(t, Options{Transport: o, Rewrites: []Rewrite{{From: "https://ec.europa.eu/", To: "https://ours.example/ec/"}}})
	target := Target{URL: "https://ec.europa.eu/list.xml", Max: 1000, SHA2: true}
	a, err := f.Fetch(t.Context(), target, Validators{})
	if err != nil {
		t.Fatal(err)
	}
	if a, err = f.Fetch(t.Context(), target, a.Validators); err != nil || !a.NotModified {
		t.Errorf("%+v %v", a, err)
	}
	for _, r := range o.Requests("") {
		if r.Host != "ours.example" {
			t.Errorf("%s was asked for %s", r.Host, r.Path)
		}
	}
}

func TestSHA2URL(t *testing.T) {
	for list, want := range map[string]string{
		"https://lists.example/eu-lotl.xml":        "https://lists.example/eu-lotl.sha2",
		"https://lists.example/TL-DE.XML":          "https://lists.example/TL-DE.sha2",
		"https://lists.example/a%20b/x.xml.XmL":    "https://lists.example/a%20b/x.xml.sha2",
		"https://lists.example:8443/$file/TSL.xml": "https://lists.example:8443/$file/TSL.sha2",
		"https://lists.example/TSL_CZ.xtsl":        "",
		"https://lists.example/xml":                "",
		"https://lists.example/TSLDK_v6xml":        "",
		"https://lists.example/list.xml/":          "",
		"https://lists.example/?list.xml":          "",
		"https://lists.example":                    "",
		"":                                         "",
		"https://%zz/list.xml":                     "",
	} {
		if got, ok := sha2URL(list); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", list, got, ok, want)
		}
	}
}

func TestParseSHA2(t *testing.T) {
	d := artefact.Sum([]byte("list"))
	b64 := base64.StdEncoding.EncodeToString(d[:])
	for _, s := range []string{string(d[:]), d.String(), strings.ToUpper(d.String()), b64, " \r\n" + d.String() + "\r\n", b64 + "\n"} {
		if got, ok := parseSHA2([]byte(s)); !ok || got != d {
			t.Errorf("%q: %v", s, ok)
		}
	}
	for _, s := range []string{
		"", " ", string(d[:31]), string(d[:]) + "\n", d.String()[:62], d.String() + "00", d.String() + " list.xml", b64[:43], b64[:42] + "B=",
		base64.StdEncoding.EncodeToString(d[:31]), base64.RawStdEncoding.EncodeToString(d[:]), strings.Repeat("z", 64), "\"" + d.String() + "\"",
	} {
		if _, ok := parseSHA2([]byte(s)); ok {
			t.Errorf("%q was read", s)
		}
	}
}

// What is read of any bytes is written in them.
func FuzzParseSHA2(f *testing.F) {
	d := artefact.Sum([]byte("list"))
	f.Add(d[:])
	f.Add([]byte(d.String() + "\n"))
	f.Add([]byte(base64.StdEncoding.EncodeToString(d[:])))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := parseSHA2(b)
		if !ok {
			return
		}
		text := strings.TrimSpace(string(b))
		inHex := strings.EqualFold(text, hex.EncodeToString(got[:]))
		inBase64 := strings.NewReplacer("\r", "", "\n", "").Replace(text) == base64.StdEncoding.EncodeToString(got[:])
		if !bytes.Equal(b, got[:]) && !inHex && !inBase64 {
			t.Errorf("%q was read as %s", b, got)
		}
	})
}
