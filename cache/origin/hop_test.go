package origin

import (
	"errors"
	"strings"
	"testing"

	"github.com/edgetrust/edgetrust/cache/cachetest"
)

// Redirects are followed three times, wherever they lead, and each request says the
// same.
func TestFetchRedirects(t *testing.T) {
	chain := []string{"/a", "b", "/c?d=e", "https://other.example/d", "//lists.example/e"}
	paths := []string{"/a", "/b", "/c", "/d", "/e"}
	for n := 1; n <= MaxRedirects+1; n++ {
		o := &cachetest.Origin{}
		for i, path := range paths[:n] {
			o.Chain(path, chain[i+1])
		}
		o.Set(paths[n], cachetest.Document{Body: []byte("end")})
		a, err := get(socketless(t, o), "https://lists.example/a", Validators{ETag: `"x"`})
		if n <= MaxRedirects && (err != nil || string(a.Bytes) != "end") || n > MaxRedirects && err == nil {
			t.Errorf("%d redirects: %q %v", n, a.Bytes, err)
		}
		requests := o.Requests("")
		if len(requests) != min(n, MaxRedirects)+1 {
			t.Errorf("%d requests for %d redirects", len(requests), n)
		}
		for i, r := range requests {
			if r.Path != paths[i] || r.Header.Get("If-None-Match") != `"x"` || r.Header.Get("User-Agent") == "" || r.Header.Get("Referer") != "" {
				t.Errorf("request %d: %s %v", i, r.Path, r.Header)
			}
		}
	}
}

// A redirect is held to what the target permits: never from https to less, to no
// address that is not public in whatever spelling, and with no credentials. It is
// not asked for.
func TestFetchRedirectsAreHeldToThePolicy(t *testing.T) {
	for _, c := range []struct {
		location string
		target   Target
		want     string
	}{
		{location: "http://lists.example/b", want: "not allowed"},
		{location: "http://lists.example/b", target: Target{AllowInsecure: true}, want: "not allowed"},
		{location: "file:///etc/hostname", target: Target{AllowInsecure: true}, want: "not allowed"},
		{location: "ftp://lists.example/b", want: "not allowed"},
		{location: "https://127.0.0.1/b", want: "not public"},
		{location: "https://127.0.0.1/b", target: Target{Learned: true}, want: "not public"},
		{location: "https://[::1]/b", want: "not public"},
		{location: "//[::1]/b", want: "not public"},
		{location: "https://[::ffff:127.0.0.1]/b", want: "not public"},
		{location: "https://[::ffff:7f00:1]/b", want: "not public"},
		{location: "https://[64:ff9b::7f00:1]/b", want: "not public"},
		{location: "https://[64:ff9b:1::7f00:1]/b", want: "not public"},
		{location: "https://[2002:7f00:1::]/b", want: "not public"},
		{location: "https://[::7f00:1]/b", want: "not public"},
		{location: "https://169.254.169.254/latest/meta-data", want: "not public"},
		{location: "https://2130706433/b", want: "usual spelling"},
		{location: "https://017700000001/b", want: "usual spelling"},
		{location: "https://0x7f.0.0.1/b", want: "usual spelling"},
		{location: "https://127.1/b", want: "usual spelling"},
		{location: "https://localhost/b", want: "not public"},
		{location: "https://secret@other.example/b", want: "credentials"},
		{location: "https://other.example:8443/b", target: Target{Learned: true}, want: "port 443"},
		{location: "https://other.example:8443/b"},
		{location: "https://127.0.0.1/b", target: Target{AllowPrivate: true}},
		{location: "https://other.example/b", target: Target{Learned: true}},
		{location: "https://%zz/b", want: "cannot be parsed"},
	} {
		o := &cachetest.Origin{}
		o.Chain("/a", c.location)
		o.Set("/b", cachetest.Document{Body: []byte("end")})
		c.target.URL, c.target.Max = "https://lists.example/a", 3
		a, err := socketless(t, o).Fetch(t.Context(), c.target, Validators{})
		requests := len(o.Requests(""))
		if c.want == "" {
			if err != nil || string(a.Bytes) != "end" || requests != 2 {
				t.Errorf("to %s: %v, %d requests", c.location, err, requests)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "redirect 1: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("to %s: %v, want %q", c.location, err, c.want)
		}
		if requests != 1 {
			t.Errorf("to %s: %d requests", c.location, requests)
		}
	}
}

// In a lab an http origin may redirect to http, not to a file.
func TestFetchRedirectsInALab(t *testing.T) {
	o := &cachetest.Origin{}
	o.Chain("/a", "http://127.0.0.1:81/b")
	o.Set("/b", cachetest.Document{Body: []byte("end")})
	target := Target{URL: "http://lists.example/a", Max: 3, AllowInsecure: true}
	if a, err := socketless(t, o).Fetch(t.Context(), target, Validators{}); err != nil || string(a.Bytes) != "end" {
		t.Errorf("%q %v", a.Bytes, err)
	}
}

// What may come over http may be sent on over http or https, to public addresses and
// the ports that its target permits; and once it was https it stays so.
func TestFetchRedirectsOfPlain(t *testing.T) {
	const plain, secure = "http://lists.example/a", "https://lists.example/a"
	for _, c := range []struct {
		from    string
		through string // "": nothing lies between
		to      string
		learned bool
		want    string
	}{
		{from: plain, to: "http://other.example/b", learned: true},
		{from: plain, to: "https://other.example/b", learned: true},
		{from: plain, to: "http://other.example:80/b", learned: true},
		{from: plain, to: "http://other.example:8080/b"},
		{from: plain, to: "http://other.example:8080/b", learned: true, want: "ports 80 and 443"},
		{from: plain, to: "https://other.example:8443/b", learned: true, want: "ports 80 and 443"},
		{from: plain, to: "http://127.0.0.1/b", want: "not public"},
		{from: plain, to: "http://localhost/b", want: "not public"},
		{from: plain, to: "http://169.254.169.254/latest/meta-data", learned: true, want: "not public"},
		{from: plain, to: "http://[::ffff:8.8.8.8]/b", want: "not public"},
		{from: plain, to: "https://10.0.0.1/b", want: "not public"},
		{from: plain, to: "file:///b", want: "not allowed"},
		{from: secure, to: "https://other.example/b", learned: true},
		{from: secure, to: "http://other.example/b", want: "not allowed"},
		{from: secure, to: "http://lists.example/b", want: "not allowed"},
		{from: plain, through: "https://other.example/between", to: "http://other.example/b", want: "not allowed"},
		{from: plain, through: "https://other.example/between", to: "http://lists.example/b", want: "not allowed"},
		{from: plain, through: "https://other.example/between", to: "/b"},
		{from: plain, through: "http://other.example/between", to: "https://other.example/b"},
	} {
		o := &cachetest.Origin{}
		o.Chain("/a", c.to)
		if c.through != "" {
			o.Chain("/a", c.through)
			o.Chain("/between", c.to)
		}
		o.Set("/b", cachetest.Document{Body: []byte("end")})
		a, err := socketless(t, o).Fetch(t.Context(), Target{URL: c.from, Max: 3, Plain: true, Learned: c.learned}, Validators{})
		if c.want == "" {
			if err != nil || string(a.Bytes) != "end" {
				t.Errorf("%s %s to %s: %v", c.from, c.through, c.to, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || len(o.Requests("/b")) != 0 {
			t.Errorf("%s %s to %s: %v, want %q", c.from, c.through, c.to, err, c.want)
		}
	}
}

// A 3xx that leads nowhere is an error like any status.
func TestFetchRedirectWithoutLocation(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 305, 307, 308} {
		o := &cachetest.Origin{}
		o.Set("/a", cachetest.Document{Status: status})
		_, err := get(socketless(t, o), "https://lists.example/a", Validators{})
		var got *StatusError
		if !errors.As(err, &got) || got.Code != status {
			t.Errorf("%d: %v", status, err)
		}
	}
}
